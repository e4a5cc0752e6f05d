//! Which connections are made, which are kept, and what is said of those that fail.

use std::time::Duration;

use http::Method;
use plimsoll_runtime::http_client::{HttpClient, HttpError};

use crate::trap::{Server, Trap, open_to, request, send};

const ECHO: &str = "HTTP/1.1 202 Accepted\r\nretry-after: 7\r\ncontent-length: 4\r\n\r\n{body}";

#[tokio::test]
async fn a_probe_connects_each_time_and_a_delivery_does_not() {
    let egress = open_to(&["127.0.0.0/8"]);
    for (client, expected) in [(HttpClient::new(&egress), 3), (HttpClient::keeping_connections(&egress), 1)] {
        let server = Server::answering("127.0.0.1", ECHO).await;
        for _ in 0..3 {
            let answer = send(&client, &format!("http://127.0.0.1:{}/", server.port)).await.expect("an answer");
            assert_eq!((answer.status.as_u16(), &answer.headers["retry-after"]), (202, &"7".parse().expect("a value")));
            assert_eq!((answer.body, answer.certificate_expires_at), ("ping".into(), None));
        }
        assert_eq!(server.connections(), expected);
    }
}

#[tokio::test]
async fn a_request_without_a_body_says_nothing_of_one() {
    let server = Server::answering("127.0.0.1", ECHO.replace('4', "0").replace("{body}", "").as_str()).await;
    let client = HttpClient::new(&open_to(&["127.0.0.0/8"]));
    let mut empty = request(&format!("http://127.0.0.1:{}/", server.port));
    (empty.method, empty.body) = (Method::GET, Vec::new().into());
    assert_eq!(client.send(empty).await.expect("an answer").body, "");
}

#[tokio::test]
async fn a_closed_port_is_told_apart_from_an_exchange_that_broke() {
    let client = HttpClient::keeping_connections(&open_to(&["127.0.0.0/8"]));
    let trap = Trap::set().await;
    let closed = trap.port();
    drop(trap);
    let error = send(&client, &format!("http://127.0.0.1:{closed}/")).await.expect_err("closed");
    assert!(matches!(error, HttpError::NotConnected(_)) && !error.may_have_arrived(), "{error:?}");
    let broken = Server::answering("127.0.0.1", "nonsense\r\n\r\n").await;
    let error = send(&client, &format!("http://127.0.0.1:{}/", broken.port)).await.expect_err("broken");
    assert!(matches!(error, HttpError::Failed(_)) && error.may_have_arrived(), "{error:?}");
    // TLS is not agreed upon with a server that has none: the request was never sent.
    let error = send(&client, &format!("https://127.0.0.1:{}/", broken.port)).await.expect_err("no TLS");
    assert!(matches!(error, HttpError::NotConnected(_)) && !error.may_have_arrived(), "{error:?}");
}

#[tokio::test]
async fn a_server_that_stays_silent_may_have_taken_the_request() {
    let silent = Server::answering("127.0.0.1", "").await;
    let client = HttpClient::keeping_connections(&open_to(&["127.0.0.0/8"]));
    let mut asked = request(&format!("http://127.0.0.1:{}/", silent.port));
    asked.timeout = Duration::from_millis(100);
    let error = client.send(asked).await.expect_err("silent");
    assert!(matches!(error, HttpError::Timeout(100)) && error.may_have_arrived(), "{error:?}");
}
