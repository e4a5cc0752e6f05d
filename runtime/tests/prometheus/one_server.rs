//! A server on loopback that takes one request at a time, shows exactly what came in, and answers what it is told.
//! Written on the bare socket, so that nothing between corrects either side.

use std::time::Duration;

use plimsoll_domain::slo::sli::{PrometheusAuth, PrometheusQuery, PrometheusSource};
use plimsoll_domain::time::Timestamp;
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::http_client::HttpClient;
use plimsoll_runtime::prometheus_query::{PrometheusClient, QueryError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::form_urlencoded;

/// With everything that a form must escape.
pub(crate) const QUERY: &str = "sum(increase(http_requests_total{code!~\"5..\", path=\"/a b&c=d+e%\u{e9}\"}[60s]))";
/// What no error may show.
pub(crate) const SECRET: &str = "s3cr3t-t0k3n";
/// Longer than any exchange here takes; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a server was asked.
pub(crate) struct Asked {
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Asked {
    /// All values of a header.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let of_name = self.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        of_name.map(|(_, value)| value.as_str()).collect()
    }

    /// The fields of the form, in order.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

pub(crate) struct OneServer {
    listener: TcpListener,
    prefix: std::sync::Mutex<String>,
}

impl OneServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self { listener, prefix: std::sync::Mutex::default() }
    }

    /// The same server, asked under a path.
    pub(crate) fn at(&self, prefix: &str) -> &Self {
        prefix.clone_into(&mut self.prefix.lock().expect("not poisoned"));
        self
    }

    /// Its `host:port`.
    pub(crate) fn address(&self) -> String {
        self.listener.local_addr().expect("bound").to_string()
    }

    pub(crate) fn source(&self, auth: Option<PrometheusAuth>) -> PrometheusSource {
        let url = format!("http://{}{}", self.address(), self.prefix.lock().expect("not poisoned"));
        PrometheusSource { url, query: PrometheusQuery::Ratio(QUERY.to_owned()), auth, timeout_seconds: 1 }
    }

    /// Asks once, and answers with the bytes of `answer`.
    pub(crate) async fn ask(
        &self,
        auth: Option<PrometheusAuth>,
        answer: &str,
    ) -> (Asked, Result<Option<f64>, QueryError>) {
        let source = self.source(auth);
        let both = async { tokio::join!(self.serve(answer, After::Close), ask(&source)) };
        tokio::time::timeout(PATIENCE, both).await.expect("the exchange ends")
    }

    /// Asks once, and never answers more than the bytes of `beginning`.
    pub(crate) async fn ask_in_vain(&self, beginning: &str) -> (Asked, Result<Option<f64>, QueryError>) {
        let source = self.source(None);
        let both = async { tokio::join!(self.serve(beginning, After::Hang), ask(&source)) };
        tokio::time::timeout(PATIENCE, both).await.expect("the exchange ends")
    }

    /// Whether somebody has connected and was not served: whoever has is taken before a caller that comes now.
    pub(crate) async fn has_a_caller(&self) -> bool {
        let last = TcpStream::connect(self.address()).await.expect("a connection");
        let (_, first) = self.listener.accept().await.expect("a caller");
        first != last.local_addr().expect("connected")
    }

    async fn serve(&self, answer: &str, after: After) -> Asked {
        let (mut stream, _) = self.listener.accept().await.expect("a caller");
        let asked = read_request(&mut stream).await;
        // A caller that has read enough hangs up in the middle of a long answer.
        let _written = stream.write_all(answer.as_bytes()).await;
        if matches!(after, After::Hang) {
            let _until_the_caller_hangs_up = stream.read(&mut [0]).await;
        }
        asked
    }
}

enum After {
    Close,
    Hang,
}

/// A client that may speak to loopback.
pub(crate) fn client() -> PrometheusClient {
    PrometheusClient::new(HttpClient::new(&Egress::new(&["127.0.0.0/8".parse().expect("a network")])))
}

/// What `source` says at a quarter of a second after noon.
pub(crate) async fn ask(source: &PrometheusSource) -> Result<Option<f64>, QueryError> {
    client().ask(source, QUERY, noon()).await
}

pub(crate) fn noon() -> Timestamp {
    "2026-11-01T12:00:00.250Z".parse().expect("an instant")
}

/// An answer of 200 with this JSON.
pub(crate) fn ok(body: &str) -> String {
    answer("200 OK", "application/json", body)
}

/// An answer with this status line and body.
pub(crate) fn answer(status: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}")
}

async fn read_request(stream: &mut TcpStream) -> Asked {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("the rest of the head"));
    }
    let head = String::from_utf8(head).expect("a head of text");
    let mut lines = head.trim_end().split("\r\n").map(str::to_owned);
    let line = lines.next().expect("a request line");
    let split = |line: String| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let headers: Vec<(String, String)> = lines.map(|line| split(line).expect("a header")).collect();
    let mut asked = Asked { line, headers, body: Vec::new() };
    let length = asked.header("content-length").concat().parse().expect("one length");
    asked.body = vec![0; length];
    stream.read_exact(&mut asked.body).await.expect("the whole body");
    asked
}
