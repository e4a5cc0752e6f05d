//! What is said of an exchange that fails, and whether the request may have arrived.

use std::io;

use plimsoll_runtime::upstream::{Upstream, UpstreamError};
use tokio::net::TcpListener;

use crate::peer::{Server, client, open_to, post, soon, streaming, text};

#[tokio::test]
async fn what_must_not_be_spoken_to_is_not() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let client = Upstream::new(&open_to(&[]));
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "[::ffff:127.0.0.1]", "127.1", "2130706433"] {
        for scheme in ["http", "https"] {
            let request = post(&format!("{scheme}://{host}:{port}/s3cr3t"), "ping");
            let error = soon(client.send(request)).await.err().expect("refused");
            assert!(matches!(error, UpstreamError::Egress(_)) && !error.may_have_arrived(), "{host}: {error:?}");
            assert!(!error.to_string().contains("s3cr3t"), "{error}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_connected_to_was_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let closed = format!("http://user:s3cr3t@127.0.0.1:{}/s3cr3t", listener.local_addr().expect("bound").port());
    drop(listener);
    for url in [closed.as_str(), "http://nobody.invalid/s3cr3t", "/s3cr3t", "ftp://127.0.0.1/s3cr3t"] {
        let error = soon(client().send(post(url, "ping"))).await.err().expect("not connected");
        assert!(matches!(error, UpstreamError::NotConnected(_)) && !error.may_have_arrived(), "{url}: {error:?}");
        assert!(!error.to_string().contains("s3cr3t"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_takes_three_seconds_at_most() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("https://127.0.0.1:{}/", silent.local_addr().expect("bound").port());
    let began = tokio::time::Instant::now();
    let error = client().send(post(&url, "ping")).await.err().expect("no TLS");
    assert!(matches!(error, UpstreamError::ConnectTimeout(3_000)) && !error.may_have_arrived(), "{error:?}");
    assert_eq!(began.elapsed().as_secs(), 3);
}

#[tokio::test]
async fn the_reason_of_a_body_that_fails_comes_out_as_it_was() {
    let (server, client) = (Server::start().await, client());
    let (chunks, request) = streaming(&server.url("/"));
    let failing = async {
        let mut peer = server.caller().await;
        peer.reads_until("\r\n\r\n").await;
        chunks.send(Ok("first".into())).await.expect("taken");
        peer.reads_until("first\r\n").await;
        chunks.send(Err(Box::new(io::Error::other("too long")))).await.expect("taken");
        peer.is_left().await;
    };
    let (answer, ()) = tokio::join!(soon(client.send(request)), failing);
    let Err(UpstreamError::Body(reason)) = answer else { panic!("{:?}", answer.err()) };
    assert_eq!(reason.downcast::<io::Error>().expect("what was sent").to_string(), "too long");
}

#[tokio::test]
async fn so_it_does_while_the_answer_is_read() {
    let (server, client) = (Server::start().await, client());
    let (chunks, request) = streaming(&server.url("/"));
    let head = async {
        let mut peer = server.caller().await;
        peer.reads_until("\r\n\r\n").await;
        peer.writes("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n").await;
        peer
    };
    let (answer, _peer) = tokio::join!(soon(client.send(request)), head);
    let failing = chunks.send(Err("gone".into()));
    let (read, sent) = tokio::join!(text(answer.expect("an answer").into_body()), failing);
    sent.expect("taken");
    assert!(matches!(&read, Err(UpstreamError::Body(reason)) if reason.to_string() == "gone"), "{read:?}");
}

#[tokio::test]
async fn an_exchange_that_broke_may_have_arrived() {
    for answer in ["", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"] {
        let (server, client) = (Server::start().await, client());
        let breaking = async {
            let mut peer = server.caller().await;
            peer.reads_until("ping").await;
            peer.writes(answer).await;
        };
        let asking = async { text(client.send(post(&server.url("/s3cr3t"), "ping")).await?.into_body()).await };
        let (read, ()) = tokio::join!(soon(asking), breaking);
        let error = read.expect_err("broken");
        assert!(matches!(error, UpstreamError::Failed(_)) && error.may_have_arrived(), "{answer}: {error:?}");
        assert!(!error.to_string().contains("s3cr3t"), "{error}");
    }
}
