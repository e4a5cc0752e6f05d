//! A webhook that notes when each alert arrives first, whoever sends it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::ListenerExt;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};

/// The receiver.
pub(super) struct Receiver {
    url: String,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    alerts: Mutex<HashMap<String, Instant>>,
    expected: Mutex<HashMap<String, oneshot::Sender<Instant>>>,
    news: Notify,
}

/// A notification: ours has one alert, Alertmanager's a list of them.
#[derive(Deserialize)]
struct Notification {
    #[serde(default)]
    alerts: Vec<Labelled>,
    data: Option<Labelled>,
}

#[derive(Deserialize)]
struct Labelled {
    labels: HashMap<String, String>,
}

impl Receiver {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let seen = Arc::<Seen>::default();
        let router = Router::new().route("/hook", post(note)).layer(DefaultBodyLimit::disable());
        let router = router.with_state(Arc::clone(&seen));
        let listener = listener.tap_io(|stream| {
            // Failing to set it only costs time.
            let _set = stream.set_nodelay(true);
        });
        #[expect(clippy::disallowed_methods, reason = "it lives as long as the bench")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, seen })
    }

    pub(super) fn url(&self) -> String {
        self.url.clone()
    }

    /// When this alert arrives.
    pub(super) fn expect(&self, uid: &str) -> oneshot::Receiver<Instant> {
        let (tell, arrival) = oneshot::channel();
        self.seen.expected.lock().unwrap_or_else(PoisonError::into_inner).insert(uid.to_owned(), tell);
        arrival
    }

    /// How many alerts have arrived.
    pub(super) fn arrived(&self) -> usize {
        self.seen.alerts.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits until so many alerts have arrived, or none for `quiet`: when the last one did.
    pub(super) async fn until(&self, expected: usize, quiet: Duration) -> Instant {
        while self.arrived() < expected {
            if tokio::time::timeout(quiet, self.seen.news.notified()).await.is_err() {
                break;
            }
        }
        let alerts = self.seen.alerts.lock().unwrap_or_else(PoisonError::into_inner);
        alerts.values().max().copied().unwrap_or_else(Instant::now)
    }
}

async fn note(State(seen): State<Arc<Seen>>, body: Bytes) -> StatusCode {
    let now = Instant::now();
    let Ok(notification) = serde_json::from_slice::<Notification>(&body) else { return StatusCode::BAD_REQUEST };
    for alert in notification.alerts.into_iter().chain(notification.data) {
        let Some(uid) = alert.labels.get("uid") else { continue };
        seen.alerts.lock().unwrap_or_else(PoisonError::into_inner).entry(uid.clone()).or_insert(now);
        if let Some(tell) = seen.expected.lock().unwrap_or_else(PoisonError::into_inner).remove(uid) {
            // Whoever waited may have given up.
            let _told = tell.send(now);
        }
    }
    seen.news.notify_one();
    StatusCode::OK
}

/// The URL of one that takes connections and never answers.
pub(super) async fn hanging() -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("a port")?;
    let url = format!("http://{}/", listener.local_addr()?);
    #[expect(clippy::disallowed_methods, reason = "it lives as long as the bench")]
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    Ok(url)
}
