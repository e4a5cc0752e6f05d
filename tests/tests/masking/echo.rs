//! A server that repeats whatever it is sent: request line, headers and body, in its own headers and body.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use tokio::runtime::Runtime;

/// The server. Dropping it stops it.
pub(crate) struct Echo {
    base: String,
    shared: Arc<Shared>,
    running: Option<Runtime>,
}

struct Shared {
    status: AtomicU16,
    came: AtomicU64,
}

impl Echo {
    /// One that answers with this status.
    pub(crate) fn start(status: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a listener may be nonblocking");
        let base = listener.local_addr().expect("it is bound").to_string();
        let shared = Arc::new(Shared { status: AtomicU16::new(status), came: AtomicU64::new(0) });
        let router = Router::new().fallback(repeat).with_state(Arc::clone(&shared));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener that is nonblocking");
            axum::serve(listener, router).await
        });
        Self { base, shared, running: Some(runtime) }
    }

    /// Its `host:port`.
    pub(crate) fn address(&self) -> &str {
        &self.base
    }

    /// Its address without a path.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.base)
    }

    /// Answers with this status from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.shared.status.store(status, Ordering::Relaxed);
    }

    /// How many requests came.
    pub(crate) fn came(&self) -> u64 {
        self.shared.came.load(Ordering::Relaxed)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_background();
        }
    }
}

async fn repeat(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    shared.came.fetch_add(1, Ordering::Relaxed);
    let status = StatusCode::from_u16(shared.status.load(Ordering::Relaxed)).expect("a test knows its statuses");
    let lines = headers.iter().map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
    // The shortest first: of long words only the beginning is kept.
    let said = format!("{method} {uri} is wrong\n{}{}", lines.collect::<String>(), String::from_utf8_lossy(&body));
    let mut answer = Response::new(Body::from(said));
    *answer.status_mut() = status;
    if let Ok(location) = HeaderValue::from_str(&uri.to_string()) {
        answer.headers_mut().insert("location", location);
    }
    answer
}
