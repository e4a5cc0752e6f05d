//! Sends events, one after the other, and says once when that does not work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use metrics::counter;
use plimsoll_domain::time::Clock;
use sentry_types::Dsn;
use sentry_types::protocol::v7::{Envelope, EnvelopeHeaders, Event};
use tokio::sync::mpsc;

use super::limits;
use crate::egress::Egress;
use crate::http_client::{HttpClient, Request};

const CLIENT: &str = concat!("plimsoll/", env!("CARGO_PKG_VERSION"));
const AUTH: HeaderName = HeaderName::from_static("x-sentry-auth");
const PATIENCE: Duration = Duration::from_secs(5);
const ANSWER_LIMIT: usize = 4 * 1024;

tokio::task_local! {
    static SENDING: ();
}

/// Whether whoever asks is at work on sending.
pub(super) fn is_sending() -> bool {
    SENDING.try_with(|()| ()).is_ok()
}

/// Has nothing be heard of what `work` logs.
pub(super) async fn while_sending<T>(work: impl Future<Output = T>) -> T {
    SENDING.scope((), work).await
}

/// Takes events from the queue.
pub(super) struct Sender {
    queue: mpsc::Receiver<Event<'static>>,
    /// The one that is being sent.
    current: Option<Event<'static>>,
    dsn: Dsn,
    clock: Arc<dyn Clock>,
    /// Made for the first error: most processes have none.
    http: Option<HttpClient>,
    /// Sentry wants none before.
    not_before: Option<Instant>,
    is_failing: bool,
}

/// What became of an event.
enum Sent {
    Taken,
    Limited,
    Failed(String),
}

impl Sender {
    pub(super) fn new(queue: mpsc::Receiver<Event<'static>>, dsn: Dsn, clock: Arc<dyn Clock>) -> Self {
        Self { queue, current: None, dsn, clock, http: None, not_before: None, is_failing: false }
    }

    pub(super) async fn send_for_ever(&mut self) {
        while self.take().await {
            self.send().await;
        }
    }

    pub(super) async fn send_what_waits(&mut self) {
        while (self.current.is_some() || !self.queue.is_empty()) && self.take().await {
            self.send().await;
        }
    }

    /// Has the next event at hand; whether there will be any.
    async fn take(&mut self) -> bool {
        if self.current.is_none() {
            self.current = self.queue.recv().await;
        }
        self.current.is_some()
    }

    /// Sends the event that is at hand, which stays there when this is dropped half way.
    async fn send(&mut self) {
        let Some(event) = self.current.clone() else { return };
        let sent = while_sending(self.try_send(event)).await;
        self.current = None;
        let result = match &sent {
            Sent::Taken => "sent",
            Sent::Limited => "dropped",
            Sent::Failed(_) => "failed",
        };
        counter!("plimsoll_own_errors_total", "result" => result).increment(1);
        match sent {
            Sent::Failed(reason) if !self.is_failing => {
                self.is_failing = true;
                tracing::warn!(
                    reason,
                    "our errors cannot be sent to the Sentry: this is said once, until it works again"
                );
            }
            Sent::Taken if self.is_failing => {
                self.is_failing = false;
                tracing::info!("our errors are sent to the Sentry again");
            }
            _ => {}
        }
    }

    async fn try_send(&mut self, event: Event<'static>) -> Sent {
        if self.not_before.is_some_and(|at| Instant::now() < at) {
            return Sent::Limited;
        }
        let request = self.request(event);
        // No tenant names this address: the operator does, and it may lie in a private network.
        let http = self.http.get_or_insert_with(|| HttpClient::keeping_connections(&Egress::anywhere()));
        let answer = match http.send(request).await {
            Ok(answer) => answer,
            Err(error) => return Sent::Failed(error.to_string()),
        };
        self.not_before = limits::pause(answer.status, &answer.headers).map(|pause| Instant::now() + pause);
        match answer.status.as_u16() {
            200..=299 => Sent::Taken,
            429 => Sent::Limited,
            status => Sent::Failed(format!("it answered {status}")),
        }
    }

    fn request(&self, event: Event<'static>) -> Request {
        let sent_at =
            std::time::UNIX_EPOCH + Duration::from_millis(u64::try_from(self.clock.now().millis()).unwrap_or_default());
        let head =
            EnvelopeHeaders::new().with_event_id(event.event_id).with_dsn(self.dsn.clone()).with_sent_at(sent_at);
        let mut envelope = Envelope::new().with_headers(head);
        envelope.add_item(event);
        let mut body = Vec::new();
        envelope.to_writer(&mut body).expect("writing to memory does not fail");
        Request {
            method: Method::POST,
            url: self.dsn.envelope_api_url(),
            headers: self.headers(),
            body: Bytes::from(body),
            follow_redirects: false,
            timeout: PATIENCE,
            body_limit: ANSWER_LIMIT,
        }
    }

    fn headers(&self) -> HeaderMap {
        let auth = self.dsn.to_auth(Some(CLIENT)).to_string();
        let mut auth = HeaderValue::try_from(auth).expect("a URL's parts are visible ASCII");
        auth.set_sensitive(true);
        let kind = HeaderValue::from_static("application/x-sentry-envelope");
        HeaderMap::from_iter([(CONTENT_TYPE, kind), (AUTH, auth)])
    }
}
