//! Nothing is gathered on the way: each part goes on as it comes.

use crate::peer::{Server, client, next, post, soon, streaming, text};

#[tokio::test]
async fn the_first_part_arrives_before_the_second_is_made() {
    let (server, client) = (Server::start().await, client());
    let (chunks, request) = streaming(&server.url("/"));
    let serving = async {
        let mut peer = server.caller().await;
        peer.reads_until("\r\n\r\n").await;
        chunks.send(Ok("first".into())).await.expect("taken");
        peer.reads_until("first\r\n").await;
        chunks.send(Ok("second".into())).await.expect("taken");
        drop(chunks);
        assert!(peer.reads_until("0\r\n\r\n").await.contains("second"));
        peer.writes("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    };
    let (answer, ()) = tokio::join!(soon(client.send(request)), serving);
    assert_eq!(text(answer.expect("an answer").into_body()).await.expect("whole"), "ok");
}

#[tokio::test]
async fn the_answer_is_handed_on_part_by_part() {
    let (server, client) = (Server::start().await, client());
    let head = async {
        let mut peer = server.caller().await;
        peer.reads_until("ping").await;
        peer.writes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        peer
    };
    let (answer, mut peer) = tokio::join!(soon(client.send(post(&server.url("/"), "ping"))), head);
    let mut body = answer.expect("an answer").into_body();
    for part in ["first", "other"] {
        let chunk = format!("5\r\n{part}\r\n");
        let ((), read) = tokio::join!(peer.writes(&chunk), next(&mut body));
        assert_eq!(read.expect("a part"), part);
    }
    let ((), end) = tokio::join!(peer.writes("0\r\n\r\n"), next(&mut body));
    assert!(end.is_none());
    // And the connection serves another.
    let again = async {
        peer.reads_until("pong").await;
        peer.writes("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    };
    let (answer, ()) = tokio::join!(soon(client.send(post(&server.url("/"), "pong"))), again);
    assert_eq!(answer.expect("an answer").status(), 200);
}

#[tokio::test]
async fn a_request_goes_on_while_its_early_answer_is_read() {
    let (server, client) = (Server::start().await, client());
    let (chunks, request) = streaming(&server.url("/"));
    let head = async {
        let mut peer = server.caller().await;
        peer.reads_until("\r\n\r\n").await;
        peer.writes("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n").await;
        peer
    };
    let (answer, mut peer) = tokio::join!(soon(client.send(request)), head);
    let serving = async {
        chunks.send(Ok("later".into())).await.expect("taken");
        peer.reads_until("later\r\n").await;
        drop(chunks);
        peer.reads_until("0\r\n\r\n").await;
        peer.writes("ok").await;
    };
    let (answered, ()) = tokio::join!(text(answer.expect("an answer").into_body()), serving);
    assert_eq!(answered.expect("whole"), "ok");
}
