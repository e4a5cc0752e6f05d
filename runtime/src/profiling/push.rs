//! Pushes profiles to a Pyroscope, all along.
//!
//! A push that fails is not repeated: the next window comes in seconds, and a profile with a gap is still true.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use metrics::counter;
use percent_encoding::percent_decode_str;
use plimsoll_domain::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::heap;
use super::profile::{Profile, ProfileError};
use super::profiler::{Profiler, Window};
use crate::egress::Egress;
use crate::http_client::{HttpClient, HttpError, Request};
use crate::lifecycle::Lifecycle;

/// How long a pushed profile is.
const EVERY: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(10);
const ANSWER_LIMIT: usize = 4 * 1024;
const BOUNDARY: &str = "plimsoll-profile-7d1f0c52a94e";

/// Where profiles are pushed, and what they are called there.
#[derive(Clone, Debug)]
pub struct PushSettings {
    /// `PLIMSOLL_PYROSCOPE_URL`: may hold a user and a password.
    pub url: SecretString,
    /// Names and values by which profiles are told apart, such as `version`.
    pub labels: Vec<(&'static str, String)>,
}

/// A Pyroscope that takes profiles.
struct Pyroscope {
    http: HttpClient,
    url: Url,
    headers: HeaderMap,
    name: String,
    is_failing: bool,
}

/// Why a profile was not pushed. The words hold no secret.
#[derive(Debug, thiserror::Error)]
enum PushError {
    #[error(transparent)]
    NoProfile(#[from] ProfileError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("it answered {0}")]
    Status(u16),
}

/// Pushes profiles of processor time and of memory until `life` is asked to stop. An address that is no URL was refused when
/// the configuration was read.
pub fn push_from_now_on(profiler: &Profiler, settings: &PushSettings, life: &Lifecycle) {
    let Some(mut pyroscope) = Pyroscope::new(settings) else { return };
    let (profiler, stopping) = (profiler.clone(), life.stopping().clone());
    life.spawn::<std::convert::Infallible>("profiles", async move {
        let mut last = None;
        loop {
            // The last window is sent while the next is open.
            let turn = async { tokio::join!(profiler.window(EVERY), pyroscope.push(last.take())).0 };
            last = tokio::select! {
                window = turn => Some(window),
                () = stopping.cancelled() => return Ok(()),
            };
            if let Some(Err(_)) = last {
                tokio::select! {
                    () = tokio::time::sleep(EVERY) => {}
                    () = stopping.cancelled() => return Ok(()),
                }
            }
        }
    });
}

impl Pyroscope {
    fn new(settings: &PushSettings) -> Option<Self> {
        let mut url = Url::parse(settings.url.expose_secret()).ok()?;
        let headers = headers(&url);
        // These fail for URLs without a host only.
        let _bare = (url.set_username(""), url.set_password(None));
        url.path_segments_mut().ok()?.pop_if_empty().push("ingest");
        // No tenant names this address: the operator does, and it may lie in a private network.
        let http = HttpClient::keeping_connections(&Egress::anywhere());
        let labels: Vec<String> =
            settings.labels.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect();
        Some(Self { http, url, headers, name: format!("plimsoll{{{}}}", labels.join(",")), is_failing: false })
    }

    async fn push(&mut self, window: Option<Result<Window, ProfileError>>) {
        let Some(window) = window else { return };
        let pushed = self.try_push(window).await;
        counter!("plimsoll_profile_pushes_total", "result" => if pushed.is_ok() { "sent" } else { "failed" })
            .increment(1);
        match pushed {
            Err(error) if !self.is_failing => {
                self.is_failing = true;
                tracing::warn!(%error, "profiles cannot be pushed to the Pyroscope: this is said once, until it works again");
            }
            Ok(()) if self.is_failing => {
                self.is_failing = false;
                tracing::info!("profiles are pushed to the Pyroscope again");
            }
            _ => {}
        }
    }

    async fn try_push(&self, window: Result<Window, ProfileError>) -> Result<(), PushError> {
        let Window { from, until, cpu } = window?;
        self.send(&cpu, from, until).await?;
        match heap::profile().await {
            // Somebody switched that off, and it is no failure.
            Err(ProfileError::NoHeap) => Ok(()),
            heap => self.send(&heap?, from, until).await,
        }
    }

    async fn send(&self, profile: &Profile, from: Timestamp, until: Timestamp) -> Result<(), PushError> {
        let mut url = self.url.clone();
        // A window of less than a second lasts one for a server that counts in seconds.
        let until = until.seconds().max(from.seconds() + 1);
        let (from, until) = (from.seconds().to_string(), until.to_string());
        let query = [("name", self.name.as_str()), ("from", &from), ("until", &until), ("format", "pprof")];
        url.query_pairs_mut().extend_pairs(query);
        let answer = self.http.send(Request {
            method: Method::POST,
            url,
            headers: self.headers.clone(),
            body: form(&profile.pprof()),
            follow_redirects: false,
            timeout: PATIENCE,
            body_limit: ANSWER_LIMIT,
        });
        let status = answer.await?.status;
        if status.is_success() { Ok(()) } else { Err(PushError::Status(status.as_u16())) }
    }
}

fn headers(url: &Url) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    headers.insert(CONTENT_TYPE, HeaderValue::try_from(kind).expect("visible ASCII"));
    if !url.username().is_empty() || url.password().is_some() {
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy();
        let shown = format!("{}:{}", decoded(url.username()), decoded(url.password().unwrap_or_default()));
        let mut shown =
            HeaderValue::try_from(format!("Basic {}", STANDARD.encode(shown))).expect("base64 is visible ASCII");
        shown.set_sensitive(true);
        headers.insert(AUTHORIZATION, shown);
    }
    headers
}

/// A form with one file, `profile`.
fn form(profile: &[u8]) -> Bytes {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"profile\"; filename=\"profile.pprof\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    [head.as_bytes(), profile, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat().into()
}

/// A label's value without what would end it.
fn plain(value: &str) -> String {
    value.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.:/+".contains(c) { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_into_what_is_shown_and_what_is_secret() {
        let labels = vec![("version", "1.2.3".to_owned()), ("roles", "api,jobs".to_owned())];
        let url = SecretString::from("https://us%40er:czNj@pyroscope.example.com/base/");
        let pyroscope = Pyroscope::new(&PushSettings { url, labels }).expect("a URL");
        assert_eq!(pyroscope.url.as_str(), "https://pyroscope.example.com/base/ingest");
        assert_eq!(pyroscope.name, "plimsoll{version=1.2.3,roles=api-jobs}");
        let shown = &pyroscope.headers[AUTHORIZATION];
        assert_eq!(shown.to_str().ok(), Some(format!("Basic {}", STANDARD.encode("us@er:czNj")).as_str()));
        assert!(shown.is_sensitive());
        let without = PushSettings { url: SecretString::from("http://10.0.0.1:4040"), labels: Vec::new() };
        let without = Pyroscope::new(&without).expect("a URL");
        assert_eq!((without.url.as_str(), without.headers.len()), ("http://10.0.0.1:4040/ingest", 1));
    }
}
