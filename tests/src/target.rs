//! A real service on loopback for probes to look at, which can be made to fail in the ways services fail.

use std::collections::HashMap;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use tokio::runtime::Runtime;

use crate::port;

/// How long a slow answer takes.
const SLOW: Duration = Duration::from_millis(400);

/// How a target behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Answers 200 at once.
    Healthy,
    /// Answers 500.
    Failing,
    /// Answers 200 after 400 ms.
    Slow,
    /// Does not listen.
    Refused,
}

#[derive(Debug)]
struct Shared {
    mode: Mode,
    hits: HashMap<String, u64>,
}

/// A service that answers every path, and counts who asks for what.
#[derive(Debug)]
pub struct Target {
    port: u16,
    shared: Arc<Mutex<Shared>>,
    /// Its own runtime: when it goes, the listener and every open connection go with it.
    running: Option<Runtime>,
}

impl Target {
    /// A healthy one.
    pub async fn start() -> Self {
        let shared = Arc::new(Mutex::new(Shared { mode: Mode::Healthy, hits: HashMap::new() }));
        let mut target = Self { port: port::free(), shared, running: None };
        target.listen().await;
        target
    }

    /// Where `path` is found, e.g. `http://127.0.0.1:20001/shop` for `/shop`.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Its `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// How many requests came for `path`.
    pub fn hits(&self, path: &str) -> u64 {
        self.shared.lock().expect("not poisoned").hits.get(path).copied().unwrap_or(0)
    }

    /// Behaves like `mode` from now on.
    pub async fn switch(&mut self, mode: Mode) {
        self.shared.lock().expect("not poisoned").mode = mode;
        match mode {
            Mode::Refused => self.leave(),
            _ if self.running.is_none() => self.listen().await,
            _ => {}
        }
    }

    fn leave(&mut self) {
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_background();
        }
    }

    async fn listen(&mut self) {
        let port = self.port;
        let bind = async || TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok();
        let listener = crate::eventually(5, "the target's port is free again", bind).await;
        listener.set_nonblocking(true).expect("a listener may be nonblocking");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let router = Router::new().fallback(answer).with_state(Arc::clone(&self.shared));
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener that is nonblocking");
            axum::serve(listener, router).await
        });
        self.running = Some(runtime);
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.leave();
    }
}

async fn answer(State(shared): State<Arc<Mutex<Shared>>>, uri: Uri) -> StatusCode {
    let mode = {
        let mut shared = shared.lock().expect("not poisoned");
        *shared.hits.entry(uri.path().to_owned()).or_default() += 1;
        shared.mode
    };
    match mode {
        Mode::Failing => StatusCode::INTERNAL_SERVER_ERROR,
        Mode::Slow => {
            tokio::time::sleep(SLOW).await;
            StatusCode::OK
        }
        Mode::Healthy | Mode::Refused => StatusCode::OK,
    }
}
