//! The loop with real sockets, on a clock that jumps where it is waited for.

use std::sync::atomic::AtomicUsize;

use axum::Router;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// Longer than anything here takes on the real clock.
const PATIENCE: Duration = Duration::from_secs(10);
const ASK: &str = "GET / HTTP/1.1\r\nhost: here\r\n\r\n";

struct Served {
    address: SocketAddr,
    life: Lifecycle,
    drained: Arc<AtomicUsize>,
}

/// Answers `/` with who asks, `/slow` once `slow` is notified, and `/length` with how much was sent.
async fn served(seats: usize, slow: &Arc<Notify>) -> Served {
    let (life, drained, slow) = (Lifecycle::new(), Arc::new(AtomicUsize::new(0)), Arc::clone(slow));
    let router = Router::new()
        .route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }))
        .route("/slow", get(move || async move { slow.notified().await }))
        .route("/length", post(|body: String| async move { body.len().to_string() }));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let count = Arc::clone(&drained);
    serve_up_to(seats, listener, router, &life, move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    Served { address, life, drained }
}

async fn connect(served: &Served) -> TcpStream {
    TcpStream::connect(served.address).await.expect("a connection")
}

/// Asks, and reads the answer as far as `end`.
async fn ask(stream: &mut TcpStream, request: &str, end: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).contains(end) {
        let more = soon(stream.read_buf(&mut read)).await.expect("an answer");
        assert_ne!(more, 0, "{}", String::from_utf8_lossy(&read));
    }
    String::from_utf8(read).expect("text")
}

/// Asks who it is, and reads the whole answer.
async fn greet(stream: &mut TcpStream) {
    let own = stream.local_addr().expect("connected").to_string();
    assert!(ask(stream, ASK, &own).await.starts_with("HTTP/1.1 200 OK"));
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it comes to an end")
}

async fn is_closed(stream: &mut TcpStream) {
    // A reset is as good an end as any.
    assert_eq!(stream.read_to_end(&mut Vec::new()).await.unwrap_or_default(), 0);
}

#[tokio::test]
async fn requests_are_answered_one_after_the_other_and_know_their_peer() {
    let served = served(8, &Arc::default()).await;
    let mut stream = connect(&served).await;
    for _ in 0..3 {
        greet(&mut stream).await;
    }
    let large = "x".repeat(1_000_000);
    let request = format!("POST /length HTTP/1.1\r\nhost: here\r\ncontent-length: {}\r\n\r\n{large}", large.len());
    ask(&mut stream, &request, "\r\n\r\n1000000").await;
}

#[tokio::test]
async fn http_2_is_spoken_with_whoever_begins_with_it() {
    let served = served(8, &Arc::default()).await;
    let mut stream = connect(&served).await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.expect("sent");
    let mut frame = [0; 9];
    soon(stream.read_exact(&mut frame)).await.expect("a frame");
    assert_eq!(frame[3], 4, "the first frame has the settings");
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_hand_and_closes_what_is_idle() {
    let slow = Arc::new(Notify::new());
    let served = served(8, &slow).await;
    let [mut idle, mut silent, mut busy] = [connect(&served).await, connect(&served).await, connect(&served).await];
    greet(&mut idle).await;
    busy.write_all(ASK.replace("/ ", "/slow ").as_bytes()).await.expect("sent");
    greet(&mut idle).await;
    served.life.stop();
    soon(is_closed(&mut idle)).await;
    soon(is_closed(&mut silent)).await;
    assert_eq!(served.drained.load(Ordering::SeqCst), 1);
    assert!(TcpStream::connect(served.address).await.is_err(), "nobody else is let in");
    slow.notify_one();
    assert!(ask(&mut busy, "", "\r\n\r\n").await.starts_with("HTTP/1.1 200 OK"));
    assert!(served.life.run_until_stopped(PATIENCE).await);
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_dropped() {
    let served = served(8, &Arc::default()).await;
    let [mut stuck, mut other] = [connect(&served).await, connect(&served).await];
    stuck.write_all(ASK.replace("/ ", "/slow ").as_bytes()).await.expect("sent");
    greet(&mut other).await;
    served.life.stop();
    assert!(!soon(served.life.run_until_stopped(Duration::from_millis(10))).await);
    soon(is_closed(&mut stuck)).await;
}

#[tokio::test]
async fn whoever_finds_no_seat_waits_until_somebody_leaves() {
    let served = served(1, &Arc::default()).await;
    let mut first = connect(&served).await;
    greet(&mut first).await;
    let mut second = connect(&served).await;
    second.write_all(ASK.as_bytes()).await.expect("sent");
    // The first is answered once more, and the second is not.
    greet(&mut first).await;
    assert_eq!(second.try_read(&mut [0]).expect_err("no answer").kind(), io::ErrorKind::WouldBlock);
    drop(first);
    ask(&mut second, "", "\r\n\r\n").await;
}

#[tokio::test]
async fn whoever_says_nothing_or_half_of_it_is_left_after_a_minute() {
    for begin in ["", "PRI * HT", "GET / HT", ASK] {
        let served = served(8, &Arc::default()).await;
        let mut stream = connect(&served).await;
        if begin == ASK {
            greet(&mut stream).await;
        } else {
            stream.write_all(begin.as_bytes()).await.expect("sent");
        }
        // Another is answered after that, so the server has seen what the first has sent.
        greet(&mut connect(&served).await).await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(55)).await;
        let nothing = stream.try_read(&mut [0]).expect_err("nothing is said");
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock, "{begin}");
        tokio::time::advance(Duration::from_secs(6)).await;
        let _ended = stream.read_to_end(&mut Vec::new()).await;
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_costs_little() {
    let life = Lifecycle::new();
    let (door, bell, seats) = (AtomicU8::new(OPEN), Notify::new(), Arc::new(Semaphore::new(1)));
    let server =
        Arc::new(Server { builder: builder(&life), routes: Router::new(), door, bell, open: Open { seats, of: 1 } });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let stream = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("a connection");
    let peer = stream.peer_addr().expect("connected");
    let seat = Arc::clone(&server.open.seats).acquire_owned().await.expect("a seat");
    let bytes = size_of_val(&server.attend(stream, peer, seat));
    assert!(bytes <= 4_096, "{bytes} bytes");
}
