//! The server that every receiver is: it notes what it is sent, has its provider check it, and answers by a script.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, TcpListener};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use plimsoll_domain::time::Timestamp;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::check::Check;
use crate::{now, port};

/// More than any provider takes.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// How one request is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// As the provider answers what it takes.
    Accept,
    /// With this status and a few words.
    Status(u16),
    /// With this status and these words.
    Says(u16, String),
    /// With this status and `Retry-After` in seconds.
    RetryAfter(u16, u64),
    /// As the provider answers what it takes, but so much later. It is taken at once.
    After(Duration),
    /// Never; the connection stays open.
    Hang,
    /// Not at all: the connection is closed.
    Reset,
    /// With 307 to another address.
    Redirect(String),
    /// As the provider answers what it takes, but its body never ends. It is taken.
    SlowBody,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Received {
    /// When.
    pub at: Timestamp,
    /// How.
    pub method: Method,
    /// Path and query, as they were written.
    pub path: String,
    /// With which headers.
    pub headers: HeaderMap,
    /// What was in it; null where it is no JSON.
    pub body: Value,
    /// The same, byte by byte.
    pub bytes: Bytes,
    /// Whether it was taken.
    pub accepted: bool,
}

/// What a provider does with requests.
pub(super) trait Provider: Send + Sync + 'static {
    /// What is wrong with a request.
    fn check(&self, request: &Received, check: &mut Check);

    /// The answer to one that is taken.
    fn accept(&self, request: &Received) -> Response;

    /// The answer to one that is wrong.
    fn refuse(&self, faults: &[String]) -> Response;

    /// The answer to what is no message. It is neither noted nor scripted.
    fn answer_aside(&self, _request: &Received) -> Option<Response> {
        None
    }
}

struct Shared {
    provider: Box<dyn Provider>,
    noted: Mutex<Noted>,
}

/// How a message is answered that no script speaks of.
type Standing = Box<dyn FnMut(&Received) -> Answer + Send>;

struct Noted {
    script: VecDeque<Answer>,
    standing: Standing,
    received: Vec<Received>,
    faults: Vec<String>,
}

/// A receiver's server. Dropping it stops it.
pub struct Host {
    port: u16,
    shared: Arc<Shared>,
    /// Its own runtime: when it goes, the listener and every open connection go with it.
    running: Mutex<Option<Runtime>>,
}

impl Host {
    pub(super) async fn start(provider: impl Provider) -> Self {
        let (script, received, faults) = (VecDeque::new(), Vec::new(), Vec::new());
        let noted = Mutex::new(Noted { script, standing: Box::new(|_| Answer::Accept), received, faults });
        let shared = Arc::new(Shared { provider: Box::new(provider), noted });
        let host = Self { port: port::free(), shared, running: Mutex::new(None) };
        host.start_again().await;
        host
    }

    /// Its address without a path, e.g. `http://127.0.0.1:20001`.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Answers the next messages like this, one after the other, and the others as ever.
    pub fn answer_with(&self, script: impl IntoIterator<Item = Answer>) {
        self.shared.noted().script = script.into_iter().collect();
    }

    /// Answers like this whatever no script speaks of, from now on.
    pub fn answer_always(&self, answer: Answer) {
        self.answer_by(move |_| answer.clone());
    }

    /// Answers as `choose` says whatever no script speaks of, from now on.
    pub fn answer_by(&self, choose: impl FnMut(&Received) -> Answer + Send + 'static) {
        self.shared.noted().standing = Box::new(choose);
    }

    /// Every message that came, oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.shared.noted().received.clone()
    }

    /// The messages that were taken, oldest first.
    pub fn accepted(&self) -> Vec<Received> {
        self.shared.noted().received.iter().filter(|received| received.accepted).cloned().collect()
    }

    /// Every violation of the provider's rules that came.
    pub fn faults(&self) -> Vec<String> {
        self.shared.noted().faults.clone()
    }

    /// Forgets what came.
    pub fn forget(&self) {
        let mut noted = self.shared.noted();
        noted.received.clear();
        noted.faults.clear();
    }

    /// Stops listening, and breaks every connection. What came is still known.
    pub fn stop(&self) {
        if let Some(runtime) = self.running.lock().expect("not poisoned").take() {
            runtime.shutdown_background();
        }
    }

    /// Listens again on the same port.
    pub async fn start_again(&self) {
        let port = self.port;
        let bind = async || TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok();
        let listener = crate::eventually(5, "the receiver's port is free again", bind).await;
        listener.set_nonblocking(true).expect("a listener may be nonblocking");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let router = Router::new().fallback(answer).with_state(Arc::clone(&self.shared));
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener that is nonblocking");
            axum::serve(listener, router).await
        });
        *self.running.lock().expect("not poisoned") = Some(runtime);
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().expect("not poisoned")
    }

    /// Checks a message and notes it; how it is to be answered, unless it is wrong.
    fn note(&self, mut received: Received) -> Result<(Answer, Received), Vec<String>> {
        let mut check = Check::default();
        let media =
            received.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_json = media.split(';').next() == Some("application/json");
        check.require(is_json, &format!("content-type: expected application/json, got {media:?}"));
        check.require(received.method == Method::POST, "expected POST");
        check.require(!received.body.is_null(), "expected JSON");
        self.provider.check(&received, &mut check);
        let mut noted = self.noted();
        if !check.faults.is_empty() {
            noted.faults.extend(check.faults.iter().cloned());
            noted.received.push(received);
            return Err(check.faults);
        }
        let scripted = noted.script.pop_front();
        let answer = scripted.unwrap_or_else(|| (noted.standing)(&received));
        received.accepted = match &answer {
            Answer::Accept | Answer::After(_) | Answer::SlowBody => true,
            Answer::Status(status) | Answer::Says(status, _) | Answer::RetryAfter(status, _) => {
                (200..300).contains(status)
            }
            Answer::Hang | Answer::Reset | Answer::Redirect(_) => false,
        };
        noted.received.push(received.clone());
        Ok((answer, received))
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    let (method, path, headers) = (head.method, head.uri.to_string(), head.headers);
    let received = Received { at: now(), method, path, headers, body, bytes, accepted: false };
    if let Some(aside) = shared.provider.answer_aside(&received) {
        return aside;
    }
    let (answer, received) = match shared.note(received) {
        Ok(noted) => noted,
        Err(faults) => return shared.provider.refuse(&faults),
    };
    let words = |status: u16, words: String| {
        (StatusCode::from_u16(status).expect("a script knows its statuses"), words).into_response()
    };
    match answer {
        Answer::Accept => shared.provider.accept(&received),
        Answer::After(time) => {
            tokio::time::sleep(time).await;
            shared.provider.accept(&received)
        }
        Answer::Status(status) => words(status, format!("scripted {status}")),
        Answer::Says(status, said) => words(status, said),
        Answer::RetryAfter(status, seconds) => {
            let mut response = words(status, "not so fast".to_owned());
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            response
        }
        Answer::Hang => std::future::pending().await,
        // Unwinding ends the connection's task without an answer, and without a word of a panic.
        Answer::Reset => resume_unwind(Box::new("the connection is closed")),
        Answer::Redirect(to) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response(),
        Answer::SlowBody => {
            let (mut head, _) = shared.provider.accept(&received).into_parts();
            head.headers.remove(header::CONTENT_LENGTH);
            let begun = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b" "))]);
            Response::from_parts(head, Body::from_stream(begun.chain(stream::pending())))
        }
    }
}
