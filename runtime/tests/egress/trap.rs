//! Servers on loopback: one that must never see a connection, and one that answers what it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::http_client::{HttpClient, HttpError, Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Longer than any exchange here takes; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// The first byte of a TLS client.
const TLS_HANDSHAKE: u8 = 0x16;

/// A listener that nobody may connect to.
pub(crate) struct Trap(TcpListener);

impl Trap {
    pub(crate) async fn set() -> Self {
        Self::set_at("127.0.0.1:0").await.expect("a free port")
    }

    /// Unless there is no such address here.
    pub(crate) async fn set_at(address: &str) -> Option<Self> {
        TcpListener::bind(address).await.ok().map(Self)
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().expect("bound").port()
    }

    /// Asserts that nobody has connected. Whoever had would be taken before the caller that comes now.
    pub(crate) async fn was_not_touched(&self) {
        let last = TcpStream::connect(self.0.local_addr().expect("bound")).await.expect("a connection");
        let (_, first) = self.0.accept().await.expect("a caller");
        assert_eq!(first, last.local_addr().expect("connected"), "somebody has connected");
    }
}

/// A server that gives one answer to every request, and counts connections.
pub(crate) struct Server {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl Server {
    /// On an address of 127.0.0.0/8, so that some can be allowed and others not.
    pub(crate) async fn answering(host: &str, answer: &str) -> Self {
        let listener = TcpListener::bind((host, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let connections = Arc::new(AtomicUsize::new(0));
        let (count, answer) = (Arc::clone(&connections), answer.to_owned());
        #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a caller");
                count.fetch_add(1, Ordering::SeqCst);
                serve(stream, &answer).await;
            }
        });
        Self { port, connections, serving }
    }

    pub(crate) async fn redirecting(host: &str, location: &str) -> Self {
        Self::answering(
            host,
            &format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"),
        )
        .await
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Answers each request on a connection; one with a body is read as far as that goes.
async fn serve(mut stream: TcpStream, answer: &str) {
    let mut asked = Vec::new();
    while let Ok(read) = stream.read_buf(&mut asked).await {
        // A TLS handshake is no request, and this server has nothing to say to it.
        if read == 0 || asked[0] == TLS_HANDSHAKE {
            break;
        }
        let text = String::from_utf8_lossy(&asked).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() < length.map_or(0, |length| length.parse().expect("a length")) {
            continue;
        }
        asked.clear();
        if stream.write_all(answer.replace("{body}", body).as_bytes()).await.is_err() {
            break;
        }
    }
}

/// An egress that is closed but for these networks.
pub(crate) fn open_to(networks: &[&str]) -> Egress {
    Egress::new(&networks.iter().map(|net| net.parse().expect("a network")).collect::<Vec<_>>())
}

pub(crate) fn request(url: &str) -> Request {
    Request {
        method: Method::POST,
        url: url.parse().unwrap_or_else(|error| panic!("{url}: {error}")),
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"ping"),
        follow_redirects: true,
        timeout: Duration::from_secs(5),
        body_limit: 1_024,
    }
}

/// Sends to `url` and follows where that leads.
pub(crate) async fn send(client: &HttpClient, url: &str) -> Result<Response, HttpError> {
    tokio::time::timeout(PATIENCE, client.send(request(url))).await.expect("the exchange ends")
}

/// Both kinds of client.
pub(crate) fn clients(egress: &Egress) -> [HttpClient; 2] {
    [HttpClient::new(egress), HttpClient::keeping_connections(egress)]
}

/// Asserts that the egress was what refused.
pub(crate) fn assert_refused(found: Result<Response, HttpError>, tried: &str) {
    let error = found.expect_err(tried);
    assert!(matches!(error, HttpError::Egress(_)), "{tried}: {error:?}");
    assert!(error.to_string().contains("PLIMSOLL_EGRESS_ALLOW") && !error.may_have_arrived(), "{tried}: {error}");
}
