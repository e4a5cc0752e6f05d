//! Servers on loopback: one that a test speaks for, line by line, and a real one. And what is sent to them.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::upstream::{AnswerBody, BoxError, OutgoingBody, Upstream, UpstreamError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Longer than any exchange here takes; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that the test speaks for.
pub(crate) struct Server(TcpListener);

/// One connection to it.
pub(crate) struct Peer(TcpStream);

impl Server {
    pub(crate) async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.expect("a free port"))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port())
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().expect("bound").port()
    }

    pub(crate) async fn caller(&self) -> Peer {
        Peer(soon(self.0.accept()).await.expect("a caller").0)
    }
}

impl Peer {
    /// Everything up to and with `end`.
    pub(crate) async fn reads_until(&mut self, end: &str) -> String {
        let mut read = Vec::new();
        while !read.ends_with(end.as_bytes()) {
            let byte = soon(self.0.read_u8()).await;
            read.push(byte.unwrap_or_else(|error| panic!("{error} after {}", String::from_utf8_lossy(&read))));
        }
        String::from_utf8(read).expect("text")
    }

    pub(crate) async fn writes(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("written");
    }

    /// Asserts that the client hangs up, whatever it says before.
    pub(crate) async fn is_left(&mut self) {
        let mut rest = Vec::new();
        // A reset is as good an end as any.
        let _ended = soon(self.0.read_to_end(&mut rest)).await;
    }
}

/// A real server that echoes bodies, and counts connections.
pub(crate) async fn echo() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    background(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a caller");
            count.fetch_add(1, Ordering::SeqCst);
            background(serve(stream));
        }
    });
    (port, connections)
}

/// Echoes bodies on one connection.
pub(crate) async fn serve<S>(stream: S)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(|request: Request<Incoming>| async {
        let echoed = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Ok::<_, Infallible>(Response::new(Full::new(echoed)))
    });
    // The client hangs up as it likes.
    let _ended = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

#[expect(clippy::disallowed_methods, reason = "it ends with the test")]
pub(crate) fn background(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it comes to an end")
}

/// A client for loopback.
pub(crate) fn client() -> Upstream {
    Upstream::new(&open_to(&["127.0.0.0/8"]))
}

/// An egress that is closed but for these networks.
pub(crate) fn open_to(networks: &[&str]) -> Egress {
    Egress::new(&networks.iter().map(|net| net.parse().expect("a network")).collect::<Vec<_>>())
}

/// A request with `text` in it.
pub(crate) fn post(url: &str, text: &str) -> Request<OutgoingBody> {
    let body = Full::new(Bytes::copy_from_slice(text.as_bytes())).map_err(BoxError::from).boxed_unsync();
    Request::post(url).body(body).expect("a request")
}

/// A request whose body comes by a channel.
pub(crate) fn streaming(url: &str) -> (mpsc::Sender<Result<Bytes, BoxError>>, Request<OutgoingBody>) {
    let (sender, chunks) = mpsc::channel(1);
    (sender, Request::post(url).body(Chunks(chunks).boxed_unsync()).expect("a request"))
}

/// Sends `request` and reads the whole answer.
pub(crate) async fn exchange(client: &Upstream, request: Request<OutgoingBody>) -> (u16, String) {
    let answer = soon(client.send(request)).await.expect("an answer");
    (answer.status().as_u16(), text(answer.into_body()).await.expect("a whole answer"))
}

pub(crate) async fn text(body: AnswerBody) -> Result<String, UpstreamError> {
    Ok(String::from_utf8(soon(body.collect()).await?.to_bytes().to_vec()).expect("text"))
}

/// The next part of an answer.
pub(crate) async fn next(body: &mut AnswerBody) -> Option<Bytes> {
    soon(body.frame()).await.map(|frame| frame.expect("a frame").into_data().expect("data"))
}

struct Chunks(mpsc::Receiver<Result<Bytes, BoxError>>);

impl Body for Chunks {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.0.poll_recv(cx).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }
}
