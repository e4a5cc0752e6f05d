//! Which connections are kept, and which are not.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::HeaderValue;
use http::header::HOST;

use crate::peer::{Server, client, echo, exchange, next, post, soon, streaming, text};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const EMPTY: &str = "HTTP/1.1 204 No Content\r\n\r\n";

#[tokio::test]
async fn a_thousand_requests_one_after_the_other_take_one_connection() {
    let ((port, connections), client) = (echo().await, client());
    for number in 0..1_000 {
        let (status, echoed) = exchange(&client, post(&format!("http://127.0.0.1:{port}/"), &number.to_string())).await;
        assert_eq!((status, echoed), (200, number.to_string()));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn many_at_once_are_served_at_once_and_kept() {
    let ((port, connections), client) = (echo().await, client());
    for _ in 0..2 {
        let large = "x".repeat(300_000);
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (client, request) = (client.clone(), post(&format!("http://127.0.0.1:{port}/"), &large));
            all.spawn(async move { exchange(&client, request).await });
        }
        assert!(soon(all.join_all()).await.iter().all(|answer| *answer == (200, large.clone())));
    }
    assert!(connections.load(Ordering::SeqCst) <= 20);
}

#[tokio::test]
async fn the_path_goes_as_it_is_and_the_host_is_that_of_the_url() {
    let (server, client) = (Server::start().await, client());
    let mut request = post(&server.url("/api/1/envelope/?sentry_key=abc"), "ping");
    request.headers_mut().insert(HOST, HeaderValue::from_static("elsewhere.example"));
    let asked = async {
        let mut peer = server.caller().await;
        let asked = peer.reads_until("ping").await;
        peer.writes(OK).await;
        asked
    };
    let ((status, answer), asked) = tokio::join!(exchange(&client, request), asked);
    assert_eq!((status, answer.as_str()), (200, "ok"));
    assert!(asked.starts_with("POST /api/1/envelope/?sentry_key=abc HTTP/1.1\r\n"), "{asked}");
    assert!(
        asked.contains(&format!("host: 127.0.0.1:{}\r\n", server.port())) && !asked.contains("elsewhere"),
        "{asked}"
    );
    assert!(asked.contains("content-length: 4\r\n"), "{asked}");
}

#[tokio::test]
async fn a_request_on_a_connection_that_was_closed_silently_is_sent_on_another() {
    for answer in [OK, EMPTY] {
        let (server, client) = (Server::start().await, client());
        let first = async {
            let mut peer = server.caller().await;
            peer.reads_until("one").await;
            peer.writes(answer).await;
            peer
        };
        let (_, peer) = tokio::join!(exchange(&client, post(&server.url("/"), "one")), first);
        drop(peer);
        // So that the runtime hears of it.
        tokio::task::yield_now().await;
        let second = async {
            let mut peer = server.caller().await;
            let asked = peer.reads_until("two").await;
            peer.writes(OK).await;
            asked
        };
        let ((status, _), asked) = tokio::join!(exchange(&client, post(&server.url("/"), "two")), second);
        assert_eq!((status, asked.contains("content-length: 3\r\n")), (200, true), "{asked}");
    }
}

#[tokio::test]
async fn an_early_answer_is_handed_on_and_its_connection_is_not_kept() {
    let (server, client) = (Server::start().await, client());
    let (chunks, request) = streaming(&server.url("/"));
    chunks.send(Ok("first".into())).await.expect("taken");
    let early = async {
        let mut peer = server.caller().await;
        peer.reads_until("first\r\n").await;
        peer.writes("HTTP/1.1 413 Content Too Large\r\ncontent-length: 5\r\n\r\nlarge").await;
        peer
    };
    let ((status, answer), mut peer) = tokio::join!(exchange(&client, request), early);
    assert_eq!((status, answer.as_str()), (413, "large"));
    peer.is_left().await;
    assert!(chunks.is_closed());
}

#[tokio::test]
async fn a_connection_that_the_server_wants_closed_is_not_kept() {
    let (server, client) = (Server::start().await, client());
    for answer in ["HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok", "HTTP/1.0 200 OK\r\n\r\nok"] {
        let closing = async {
            let mut peer = server.caller().await;
            peer.reads_until("ping").await;
            peer.writes(answer).await;
        };
        let (answered, ()) = tokio::join!(exchange(&client, post(&server.url("/"), "ping")), closing);
        assert_eq!(answered, (200, "ok".to_owned()));
    }
}

#[tokio::test]
async fn an_answer_that_is_dropped_closes_its_connection() {
    let (server, client) = (Server::start().await, client());
    let half = async {
        let mut peer = server.caller().await;
        peer.reads_until("ping").await;
        peer.writes("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
        peer
    };
    let (answer, mut peer) = tokio::join!(client.send(post(&server.url("/"), "ping")), half);
    let mut body = answer.expect("an answer").into_body();
    assert_eq!(next(&mut body).await.expect("a part"), "half");
    drop(body);
    peer.is_left().await;
}

#[tokio::test]
async fn what_has_been_idle_for_too_long_is_swept_away() {
    let (server, client) = (Server::start().await, client());
    let answering = async {
        let mut peer = server.caller().await;
        peer.reads_until("ping").await;
        peer.writes(OK).await;
        peer
    };
    let (_, mut peer) = tokio::join!(exchange(&client, post(&server.url("/"), "ping")), answering);
    client.sweep();
    let again = async {
        peer.reads_until("ping").await;
        peer.writes(OK).await;
    };
    tokio::join!(exchange(&client, post(&server.url("/"), "ping")), again);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(56)).await;
    tokio::time::resume();
    client.sweep();
    peer.is_left().await;
}

#[tokio::test]
async fn an_answer_without_a_body_gives_its_connection_back_at_once() {
    let (server, client) = (Server::start().await, client());
    let answering = async {
        let mut peer = server.caller().await;
        for _ in 0..2 {
            peer.reads_until("ping").await;
            peer.writes(EMPTY).await;
        }
    };
    let asking = async {
        let first = soon(client.send(post(&server.url("/"), "ping"))).await.expect("an answer");
        let (status, nothing) = exchange(&client, post(&server.url("/"), "ping")).await;
        assert_eq!((status, nothing.as_str(), text(first.into_body()).await.expect("empty").as_str()), (204, "", ""));
    };
    tokio::join!(asking, answering);
}
