//! What all checks share: the configuration, the way to the running server, and the clocks that were seen on the way.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::DATE;
use http::{HeaderMap, Method};
use secrecy::SecretString;
use url::{Host, Url};

use plimsoll_domain::time::{Clock, Timestamp};
use plimsoll_runtime::config::Config;
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::http_client::{HttpClient, HttpError, Request, Response};
use plimsoll_runtime::system_clock::SystemClock;
use plimsoll_store::inspect::Inspection;

use crate::client::{Client, ClientError};

/// For one request.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of the answers only the status, the headers and a few words matter.
const ANSWER: usize = 64 * 1_024;

/// Whom the doctor looks at.
pub(super) struct Patient<'a> {
    pub(super) config: &'a Config,
    /// The running server.
    pub(super) client: Client,
    /// Whether somebody said where it runs.
    pub(super) server_was_named: bool,
    pub(super) has_key: bool,
    /// What was seen of the store.
    pub(super) inspection: Option<Inspection>,
    /// The operator's own addresses are spoken to wherever they lie.
    http: HttpClient,
    clocks: Mutex<Vec<Reading>>,
}

/// What another clock said.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// Whose clock.
    pub(super) whose: String,
    /// By how many milliseconds it is ahead of ours.
    pub(super) ahead: i64,
    /// By how much that may be wrong.
    pub(super) error: i64,
    /// Whether it may be the clock of this machine.
    pub(super) may_be_ours: bool,
}

impl<'a> Patient<'a> {
    pub(super) fn new(
        config: &'a Config,
        server: Option<&Url>,
        key: Option<&SecretString>,
    ) -> Result<Self, ClientError> {
        let own = format!("http://{}", crate::compose::reachable(config.http_addr));
        let own: Url = own.parse().expect("an address makes a URL");
        let everywhere = ["0.0.0.0/0", "::/0"].map(|network| network.parse().expect("a network"));
        Ok(Self {
            config,
            client: Client::new(server.unwrap_or(&own), key)?,
            server_was_named: server.is_some(),
            has_key: key.is_some(),
            inspection: None,
            http: HttpClient::new(&Egress::new(&everywhere)),
            clocks: Mutex::default(),
        })
    }

    /// What is answered at `url`; its clock is noted.
    pub(super) async fn get(&self, url: &Url) -> Result<Response, HttpError> {
        let request = Request {
            method: Method::GET,
            url: url.clone(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            follow_redirects: false,
            timeout: PATIENCE,
            body_limit: ANSWER,
        };
        let asked_at = SystemClock.now();
        let response = self.http.send(request).await?;
        let date = response.headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
        let date = date.and_then(|date| date.duration_since(std::time::UNIX_EPOCH).ok());
        if let Some(date) = date.and_then(|date| i64::try_from(date.as_secs()).ok()) {
            // It was cut off to a second.
            let date = Timestamp::from_millis(date * 1_000 + 500);
            let whose = url.host_str().unwrap_or_default().to_owned();
            self.note_clock(whose, date, asked_at, (500, is_loopback(url)));
        }
        Ok(response)
    }

    /// Notes what another clock said between `asked_at` and now, by how much it may be wrong itself, and whether it may be
    /// ours.
    pub(super) fn note_clock(
        &self,
        whose: String,
        said: Timestamp,
        asked_at: Timestamp,
        (own_error, may_be_ours): (i64, bool),
    ) {
        let half = SystemClock.now().millis_since(asked_at).max(0) / 2;
        let ahead = said.millis_since(asked_at) - half;
        let reading = Reading { whose, ahead, error: own_error + half, may_be_ours };
        self.clocks.lock().unwrap_or_else(PoisonError::into_inner).push(reading);
    }

    pub(super) fn clocks(&self) -> Vec<Reading> {
        self.clocks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Whether `url` leads to this machine, as far as its host tells.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
