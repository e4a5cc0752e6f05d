//! A web server that serves the files of a folder and does nothing else, on a free port of loopback.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::runtime::Runtime;

use crate::port;

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct StaticFiles {
    port: u16,
    running: Option<Runtime>,
}

impl StaticFiles {
    /// A port for one, so that its address is known before its files are.
    pub fn port() -> u16 {
        port::free()
    }

    /// Serves `folder` below `base`, e.g. `/status`, on `port`.
    pub fn start(port: u16, base: &str, folder: &Path) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free");
        listener.set_nonblocking(true).expect("a listener may be nonblocking");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let state = Arc::new((base.to_owned(), folder.to_owned()));
        let router = Router::new().fallback(file).with_state(state);
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener that is nonblocking");
            axum::serve(listener, router).await
        });
        Self { port, running: Some(runtime) }
    }

    /// Its address, e.g. `http://127.0.0.1:20001`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for StaticFiles {
    fn drop(&mut self) {
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_background();
        }
    }
}

async fn file(State(state): State<Arc<(String, PathBuf)>>, uri: Uri) -> Response {
    let (base, folder) = &*state;
    let Some(part) = uri.path().strip_prefix(base.as_str()) else { return StatusCode::NOT_FOUND.into_response() };
    let mut path = folder.join(part.trim_start_matches('/'));
    if path.is_dir() {
        path = path.join("index.html");
    }
    let kind = match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some(_) | None => "application/octet-stream",
    };
    match std::fs::read(&path) {
        Ok(bytes) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
