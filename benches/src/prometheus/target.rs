//! What the server scrapes: the counters of the history, going on by the clock.

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use plimsoll_domain::time::Clock;
use plimsoll_runtime::system_clock::SystemClock;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::history::History;

/// Serves on loopback until it is dropped.
pub(crate) struct Target {
    pub(crate) address: String,
    _serving: JoinSet<std::io::Result<()>>,
}

impl Target {
    pub(crate) async fn start(history: History) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        let history = Arc::new(history);
        let answer = async move || ([(CONTENT_TYPE, "text/plain; version=0.0.4")], history.exposed(SystemClock.now()));
        let router = Router::new().route("/metrics", get(answer));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, _serving: serving })
    }
}
