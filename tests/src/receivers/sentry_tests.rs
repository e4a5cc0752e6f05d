//! The Sentry of the tests holds to the protocol: what breaks it is refused and noted.

use serde_json::json;

use super::Sentry;
use crate::frontend::{encode, envelope};
use crate::{Client, Raw};

fn good(sentry: &Sentry) -> (Vec<(String, String)>, Vec<u8>) {
    let auth = format!("Sentry sentry_version=7, sentry_client=x/1, sentry_key={}", Sentry::key(1));
    let headers = [("content-type", "text/plain"), ("x-forwarded-for", "192.0.2.1"), ("x-sentry-auth", &auth)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    (headers.to_vec(), envelope(&sentry.dsn(1), 7, &[("event", json!({"level": "error"}))]))
}

async fn post(sentry: &Sentry, path: &str, headers: &[(String, String)], body: &[u8]) -> u16 {
    let client = Client::new(&format!("http://127.0.0.1:{}", sentry.port()));
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    client.send("POST", path, &headers, Some(body.to_vec())).await.map_or(0, |answer| answer.status)
}

const PATH: &str = "/api/1/envelope/";

#[tokio::test]
async fn sentry_takes_what_is_right_in_every_encoding() {
    let sentry = Sentry::start().await;
    let (headers, body) = good(&sentry);
    assert_eq!(post(&sentry, PATH, &headers, &body).await, 200, "{:?}", sentry.faults());
    for encoding in ["gzip", "deflate", "br", "zstd"] {
        let mut headers = headers.clone();
        headers.push(("content-encoding".to_owned(), encoding.to_owned()));
        assert_eq!(post(&sentry, PATH, &headers, &encode(encoding, &body)).await, 200, "{:?}", sentry.faults());
        assert_eq!(post(&sentry, PATH, &headers, &body).await, 400, "{encoding}");
    }
    assert_eq!((sentry.accepted().len(), sentry.accepted()[0].body == body), (5, true));
}

#[tokio::test]
async fn sentry_takes_no_header_that_breaks_a_rule() {
    let sentry = Sentry::start().await;
    let (headers, body) = good(&sentry);
    for (name, value) in [
        ("cookie", "a=b"),
        ("te", "trailers"),
        ("content-type", "text/html"),
        ("x-sentry-auth", "Sentry sentry_version=7, sentry_client=x, sentry_key=other"),
        ("x-forwarded-for", "192.0.2.2"),
        ("expect", "100-continue"),
    ] {
        let mut headers = headers.clone();
        headers.push((name.to_owned(), value.to_owned()));
        assert_eq!(post(&sentry, PATH, &headers, &body).await, 400, "{name}");
    }
    for left in ["content-type", "x-sentry-auth", "x-forwarded-for"] {
        let headers: Vec<_> = headers.iter().filter(|(name, _)| name != left).cloned().collect();
        assert_eq!(post(&sentry, PATH, &headers, &body).await, 400, "without {left}");
    }
    assert_eq!(post(&sentry, "/api/2/envelope/", &headers, &body).await, 400, "another project");
    assert_eq!(post(&sentry, "/api/1/store/", &headers, &body).await, 400, "another path");
    assert!(sentry.accepted().is_empty() && sentry.faults().len() >= 11, "{:?}", sentry.faults());
}

#[tokio::test]
async fn sentry_takes_no_envelope_that_breaks_the_format() {
    let sentry = Sentry::start().await;
    let (headers, body) = good(&sentry);
    let dsn = sentry.dsn(1);
    let text = String::from_utf8(body).expect("text");
    let event = |rest: &str| format!("{}\n{rest}", text.lines().next().expect("a line"));
    for wrong in [
        "\n".to_owned(),
        "[]\n".to_owned(),
        text.replace(&dsn, &sentry.dsn(2)),
        text.replace("\"dsn\"", "\"dsm\""),
        text.replace("\"event_id\"", "\"id\""),
        event(""),
        event("{}\n{}\n"),
        event("{\"type\":\"event\",\"length\":4}\n{}\n"),
        event("{\"type\":\"event\",\"length\":1}\n{}\n"),
        event("{\"type\":\"event\",\"length\":-2}\n{}\n"),
        event("{\"type\":\"event\"}\nnot JSON\n"),
        event("{\"type\":\"event\"}\n{\"event_id\":\"00000000000000000000000000000001\"}\n"),
    ] {
        assert_eq!(post(&sentry, PATH, &headers, wrong.as_bytes()).await, 400, "{wrong}");
    }
    assert!(sentry.accepted().is_empty());
}

#[tokio::test]
async fn sentry_takes_no_request_that_could_be_read_in_two_ways() {
    let sentry = Sentry::start().await;
    let head = "POST /api/1/envelope/ HTTP/1.1\r\nhost: x\r\n";
    for rest in [
        "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "content-length: 2\r\ncontent-length: 2\r\n\r\n{}",
        "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n0\r\na: b\r\n\r\n",
        "x: a\r\n b\r\ncontent-length: 2\r\n\r\n{}",
        "content-length: +2\r\n\r\n{}",
        "\r\n",
    ] {
        let before = sentry.faults().len();
        let mut raw = Raw::connect(&format!("127.0.0.1:{}", sentry.port())).await.expect("it listens");
        assert!(raw.send(format!("{head}{rest}").as_bytes()).await);
        assert_eq!((raw.rest().await.len(), sentry.faults().len()), (0, before + 1), "{rest}");
    }
}
