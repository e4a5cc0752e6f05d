//! Asks servers on loopback that answer as a Prometheus does, and as one does not: what is sent, to the letter, and what
//! is made of each answer.

mod failures;
mod one_server;

use plimsoll_domain::slo::sli::PrometheusAuth;
use plimsoll_runtime::prometheus_query::QueryError;

use crate::one_server::{Asked, OneServer, QUERY, SECRET, ok};

fn vector(samples: &str) -> String {
    ok(&format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{samples}]}}}}"#))
}

fn sample(value: &str) -> String {
    format!(r#"{{"metric":{{"job":"shop"}},"value":[1793534400,"{value}"]}}"#)
}

#[tokio::test]
async fn the_query_its_instant_and_its_patience_are_posted_as_a_form() {
    let server = OneServer::start().await;
    let (asked, answer) = server.ask(None, &vector(&sample("41.5"))).await;
    assert_eq!(answer, Ok(Some(41.5)));
    assert_eq!(asked.line, "POST /api/v1/query HTTP/1.1");
    assert_eq!(asked.header("host"), [server.address()]);
    assert_eq!(asked.header("content-type"), ["application/x-www-form-urlencoded"]);
    assert_eq!(asked.header("authorization"), Vec::<&str>::new());
    let expected = [("query", QUERY), ("time", "2026-11-01T12:00:00.250Z"), ("timeout", "1s")];
    assert_eq!(asked.form(), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn a_prefix_of_the_url_is_kept_with_or_without_a_slash() {
    let server = OneServer::start().await;
    for prefix in ["/tenants/a", "/tenants/a/"] {
        let (asked, answer) = server.at(prefix).ask(None, &vector(&sample("1"))).await;
        assert_eq!((asked.line.as_str(), answer), ("POST /tenants/a/api/v1/query HTTP/1.1", Ok(Some(1.0))));
    }
}

#[tokio::test]
async fn credentials_are_shown_as_basic_or_as_bearer() {
    let server = OneServer::start().await;
    let basic = PrometheusAuth::Basic { username: "tenant".to_owned(), password: SECRET.to_owned() };
    let bearer = PrometheusAuth::Bearer(SECRET.to_owned());
    for (auth, header) in [(basic, "Basic dGVuYW50OnMzY3IzdC10MGszbg=="), (bearer, "Bearer s3cr3t-t0k3n")] {
        let (asked, answer): (Asked, _) = server.ask(Some(auth), &vector(&sample("1"))).await;
        assert_eq!((asked.header("authorization"), answer), (vec![header], Ok(Some(1.0))));
    }
}

#[tokio::test]
async fn one_sample_and_a_scalar_are_their_value() {
    let server = OneServer::start().await;
    for (text, value) in [("0", 0.0), ("-3", -3.0), ("1.5e+06", 1_500_000.0), ("0.9995", 0.9995)] {
        assert_eq!(server.ask(None, &vector(&sample(text))).await.1, Ok(Some(value)), "{text}");
    }
    let scalar =
        ok(r#"{"data":{"result":[1793534400.25,"7"],"resultType":"scalar"},"status":"success","warnings":["x"]}"#);
    assert_eq!(server.ask(None, &scalar).await.1, Ok(Some(7.0)));
}

#[tokio::test]
async fn an_empty_vector_and_nan_are_no_data() {
    let server = OneServer::start().await;
    assert_eq!(server.ask(None, &vector("")).await.1, Ok(None));
    assert_eq!(server.ask(None, &vector(&sample("NaN"))).await.1, Ok(None));
}

#[tokio::test]
async fn infinity_is_no_number() {
    let server = OneServer::start().await;
    for infinity in ["+Inf", "-Inf"] {
        assert_eq!(server.ask(None, &vector(&sample(infinity))).await.1, Err(QueryError::NotFinite), "{infinity}");
    }
}

#[tokio::test]
async fn of_several_series_none_is_picked() {
    let server = OneServer::start().await;
    let three = [sample("1"), sample("NaN"), sample("1")].join(",");
    let (_, answer) = server.ask(None, &vector(&three)).await;
    assert_eq!(answer, Err(QueryError::SeveralSeries(3)));
    let said = answer.expect_err("several").to_string();
    assert_eq!(said, "the query gives 3 series, expected one: aggregate them, for example with sum()");
}

#[tokio::test]
async fn what_is_never_one_number_is_named() {
    let server = OneServer::start().await;
    let data = |data: &str| ok(&format!(r#"{{"status":"success","data":{data}}}"#));
    let histogram = r#"{"metric":{},"histogram":[1,{"count":"1","sum":"1"}]}"#;
    for (answer, named) in [
        (data(r#"{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"]]}]}"#), "a range vector"),
        (data(r#"{"resultType":"string","result":[1,"words"]}"#), "a string"),
        (vector(histogram), "a native histogram"),
    ] {
        assert_eq!(server.ask(None, &answer).await.1, Err(QueryError::NotANumber(named)));
    }
}
