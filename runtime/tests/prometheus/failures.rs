//! Every way in which there is no answer that can be used: told apart, in words that read alone, and without secrets.

use std::time::{Duration, Instant};

use plimsoll_domain::slo::sli::PrometheusAuth;
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::http_client::HttpClient;
use plimsoll_runtime::prometheus_query::{PrometheusClient, QueryError};

use crate::one_server::{OneServer, QUERY, SECRET, answer, ask, noon, ok};

fn status(code: u16, words: &str) -> QueryError {
    QueryError::Status { code, words: words.to_owned() }
}

fn bearer() -> PrometheusAuth {
    PrometheusAuth::Bearer(SECRET.to_owned())
}

fn basic() -> PrometheusAuth {
    PrometheusAuth::Basic { username: "tenant".to_owned(), password: SECRET.to_owned() }
}

#[tokio::test]
async fn loopback_is_refused_when_it_is_not_allowed_and_nothing_is_sent() {
    let server = OneServer::start().await;
    let guarded = PrometheusClient::new(HttpClient::new(&Egress::new(&[])));
    let literal = server.source(Some(bearer()));
    let mut named = literal.clone();
    named.url = literal.url.replace("127.0.0.1", "localhost");
    for (source, host) in [(literal, "127.0.0.1"), (named, "localhost")] {
        let error = guarded.ask(&source, QUERY, noon()).await.expect_err("refused");
        assert!(matches!(error, QueryError::Refused(_)), "{error:?}");
        let expected =
            format!("the Prometheus is not asked: {host} lies in a network that must not be reached from here");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
    assert!(!server.has_a_caller().await);
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_in_time() {
    let server = OneServer::start().await;
    let began = Instant::now();
    let (_, answer) = server.ask_in_vain("").await;
    assert_eq!(answer, Err(QueryError::TimedOut(1)));
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(900) && took < Duration::from_secs(4), "{took:?}");
    let said = QueryError::TimedOut(1).to_string();
    assert_eq!(said, "the Prometheus gave no answer in time: it has 1 s, at most 10 of them to connect");
}

#[tokio::test]
async fn an_answer_that_begins_and_never_ends_is_given_up_in_time() {
    let server = OneServer::start().await;
    let (_, answer) = server.ask_in_vain("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"status\":").await;
    assert_eq!(answer, Err(QueryError::TimedOut(1)));
}

#[tokio::test]
async fn a_closed_port_an_unknown_name_and_a_broken_exchange_are_unreachable() {
    let server = OneServer::start().await;
    let mut source = server.source(Some(bearer()));
    let (_, broken) = server.ask(None, "HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{").await;
    assert!(matches!(broken, Err(QueryError::Unreachable(_))), "{broken:?}");
    drop(server);
    let closed = ask(&source).await.expect_err("closed");
    assert!(matches!(closed, QueryError::Unreachable(_)), "{closed:?}");
    assert!(closed.to_string().starts_with("the exchange with the Prometheus failed: "), "{closed}");
    // Longer than a label may be, so that no name server is asked.
    let name = format!("{}.invalid", "x".repeat(64));
    source.url = format!("http://{name}");
    let unknown = ask(&source).await.expect_err("unknown");
    assert!(matches!(&unknown, QueryError::Unreachable(reason) if reason.contains(&name)), "{unknown:?}");
}

#[tokio::test]
async fn what_cannot_be_put_into_a_request_is_not_sent() {
    let server = OneServer::start().await;
    let two_lines = server.source(Some(PrometheusAuth::Bearer(format!("{SECRET}\nx: y"))));
    let (mut no_url, mut not_http) = (server.source(Some(bearer())), server.source(Some(bearer())));
    no_url.url = "prometheus".to_owned();
    not_http.url = "ftp://127.0.0.1".to_owned();
    for source in [two_lines, no_url, not_http] {
        let error = ask(&source).await.expect_err("unsendable");
        assert!(matches!(error, QueryError::Unsendable(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
    }
    assert!(!server.has_a_caller().await);
}

#[tokio::test]
async fn an_error_of_prometheus_is_told_in_its_own_words() {
    let server = OneServer::start().await;
    let body = r#"{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:4:\n parse error"}"#;
    for (line, code) in [("400 Bad Request", 400), ("200 OK", 200)] {
        let (_, found) = server.ask(None, &answer(line, "application/json", body)).await;
        assert_eq!(found, Err(status(code, "bad_data: invalid parameter \"query\": 1:4: parse error")));
    }
    let said = status(400, "bad_data: parse error").to_string();
    assert_eq!(said, "the Prometheus answered 400: bad_data: parse error");
}

#[tokio::test]
async fn the_words_of_a_server_are_cut_to_two_hundred_characters() {
    let server = OneServer::start().await;
    let body = format!(r#"{{"status":"error","errorType":"execution","error":"{}"}}"#, "é".repeat(5_000));
    let (_, found) = server.ask(None, &answer("422 Unprocessable Entity", "application/json", &body)).await;
    let expected = format!("execution: {}…", "é".repeat(188));
    assert_eq!(expected.chars().count(), 200);
    assert_eq!(found, Err(status(422, &expected)));
}

#[tokio::test]
async fn what_stands_in_front_of_prometheus_is_told_by_its_status() {
    let server = OneServer::start().await;
    for (line, body, expected) in [
        ("401 Unauthorized", "<html><h1>401</h1></html>", status(401, "Unauthorized")),
        ("502 Bad Gateway", "no upstream\r\n", status(502, "no upstream")),
        ("503 Service Unavailable", "", status(503, "Service Unavailable")),
        ("500 Internal Server Error", r#"{"status":"success"}"#, status(500, r#"{"status":"success"}"#)),
    ] {
        assert_eq!(server.ask(None, &answer(line, "text/plain", body)).await.1, Err(expected));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = OneServer::start().await;
    let to = format!("http://{}/elsewhere", server.address());
    for line in ["302 Found", "307 Temporary Redirect"] {
        let redirect = format!("HTTP/1.1 {line}\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
        let found = server.ask(Some(bearer()), &redirect).await.1.expect_err("a redirect");
        assert!(found.to_string().ends_with(": a redirect, which is not followed"), "{found}");
    }
    assert!(!server.has_a_caller().await);
}

#[tokio::test]
async fn what_is_not_the_json_of_an_instant_query_is_not_a_prometheus() {
    let server = OneServer::start().await;
    for body in [
        "",
        "pong",
        "<html></html>",
        "[]",
        r#"{"status":"ok"}"#,
        r#"{"status":"success"}"#,
        r#"{"status":"success","data":{"resultType":"table","result":[]}}"#,
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,2]}]}}"#,
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"two"]}]}}"#,
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{}}]}}"#,
    ] {
        let (_, found) = server.ask(None, &ok(body)).await;
        assert!(matches!(found, Err(QueryError::NotPrometheus(_))), "{body}: {found:?}");
    }
}

#[tokio::test]
async fn no_more_than_a_mebibyte_is_read() {
    let server = OneServer::start().await;
    let of_length = |length: usize| {
        let (head, tail) = (r#"{"status":"success","filler":""#, r#"","data":{"resultType":"vector","result":[]}}"#);
        ok(&format!("{head}{}{tail}", "x".repeat(length - head.len() - tail.len())))
    };
    assert_eq!(server.ask(None, &of_length(1024 * 1024)).await.1, Ok(None));
    for length in [1024 * 1024 + 1, 20_000_000] {
        assert_eq!(server.ask(None, &of_length(length)).await.1, Err(QueryError::TooLong), "{length}");
    }
    let page = answer("500 Internal Server Error", "text/plain", &"x".repeat(2_000_000));
    let found = server.ask(None, &page).await.1;
    assert!(matches!(found, Err(QueryError::Status { code: 500, .. })), "{found:?}");
}

#[tokio::test]
async fn a_server_that_repeats_what_it_was_shown_makes_no_error_hold_it() {
    let server = OneServer::start().await;
    let shown = "dGVuYW50OnMzY3IzdC10MGszbg==";
    let echo = format!("rejected: {SECRET}; Authorization: Bearer {SECRET}, Authorization: Basic {shown}!");
    let json = format!(r#"{{"status":"error","errorType":"{SECRET}","error":"{echo}"}}"#);
    let odd = format!(r#"{{"status":"success","data":{{"resultType":"{SECRET}","result":"{shown}"}}}}"#);
    let number = format!(r#"{{"status":"success","data":{{"resultType":"scalar","result":[1,"{SECRET}"]}}}}"#);
    for auth in [bearer(), basic()] {
        for (line, body) in [
            ("401 Unauthorized", &echo),
            ("400 Bad Request", &json),
            ("200 OK", &json),
            ("200 OK", &odd),
            ("200 OK", &number),
        ] {
            let (asked, found) = server.ask(Some(auth.clone()), &answer(line, "text/plain", body)).await;
            assert_eq!(asked.header("authorization").len(), 1);
            let error = found.expect_err("an error");
            let told = format!("{error} {error:?}");
            assert!(!told.contains(SECRET) && !told.contains(shown), "{told}");
        }
    }
}
