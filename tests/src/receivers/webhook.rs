//! Somebody's webhook that verifies as Standard Webhooks 1.0.0 says, by code that is not ours to sign with.

use std::ops::Deref;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::check::Check;
use super::host::{Host, Provider, Received};
use crate::now;

const PATH: &str = "/hooks/w3bhook-token-of-the-tests";
const LARGEST: usize = 20_000;
/// How far the time of an attempt may lie from ours, in seconds.
pub(super) const TOLERANCE: i64 = 300;

/// A webhook.
pub struct Webhook {
    host: Host,
    rules: Rules,
}

/// The secrets, each of which must have signed; unsigned without any.
#[derive(Clone)]
struct Rules(Arc<Mutex<Vec<String>>>);

impl Webhook {
    /// A secret for it.
    pub const SECRET: &'static str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    /// Another one.
    pub const OTHER_SECRET: &'static str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    /// One that expects no signature.
    pub async fn start() -> Self {
        Self::start_signed(&[]).await
    }

    /// One that expects a signature by each of `secrets`, and no other.
    pub async fn start_signed(secrets: &[&str]) -> Self {
        let rules = Rules(Arc::default());
        let webhook = Self { host: Host::start(rules.clone()).await, rules };
        webhook.expect_signatures(secrets);
        webhook
    }

    /// Expects a signature by each of `secrets`, and no other, from now on.
    pub fn expect_signatures(&self, secrets: &[&str]) {
        *self.rules.0.lock().expect("not poisoned") = secrets.iter().map(|secret| (*secret).to_owned()).collect();
    }

    /// The webhook's address.
    pub fn url(&self) -> String {
        format!("{}{PATH}", self.base())
    }
}

impl Deref for Webhook {
    type Target = Host;

    fn deref(&self) -> &Host {
        &self.host
    }
}

impl Provider for Rules {
    fn check(&self, request: &Received, check: &mut Check) {
        check.require(request.path == PATH, "path: nobody is there");
        check.require(request.bytes.len() < LARGEST, &format!("{} bytes", request.bytes.len()));
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
        check.require(!id.is_empty() && !id.contains('.'), &format!("webhook-id: {id:?}"));
        let seconds: i64 = timestamp.parse().unwrap_or_default();
        let is_near = (seconds - now().seconds()).abs() <= TOLERANCE;
        check.require(is_near, &format!("webhook-timestamp: {timestamp:?}"));
        let signatures: Vec<&str> = header("webhook-signature").split(' ').filter(|one| !one.is_empty()).collect();
        let secrets = self.0.lock().expect("not poisoned").clone();
        check.require(signatures.len() == secrets.len(), &format!("{} signatures", signatures.len()));
        for secret in &secrets {
            let is_signed = signatures.iter().any(|signature| verifies(secret, signature, request, (id, timestamp)));
            check.require(is_signed, "webhook-signature: not by one of the secrets");
        }
        check.require(request.body["data"]["delivery_id"] == id, "/data/delivery_id: not the id of the header");
        check_body(&request.body, check);
    }

    fn accept(&self, _request: &Received) -> Response {
        "taken".into_response()
    }

    fn refuse(&self, faults: &[String]) -> Response {
        (StatusCode::BAD_REQUEST, faults.join("; ")).into_response()
    }
}

/// Whether `signature` is that of the request under `secret`.
pub(super) fn verifies(secret: &str, signature: &str, request: &Received, (id, timestamp): (&str, &str)) -> bool {
    let key = secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok()).expect("a secret of a test");
    let Some(given) = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok()) else { return false };
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length will do");
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &request.bytes].concat();
    mac.update(&signed);
    // In constant time.
    mac.verify_slice(&given).is_ok()
}

fn check_body(body: &Value, check: &mut Check) {
    check.object(body, "", &["type", "timestamp", "data"], &[]);
    check.one_of(&body["type"], "/type", &["alert.triggered", "alert.acknowledged", "alert.resolved"]);
    check.instant(&body["timestamp"], "/timestamp");
    let data = &body["data"];
    let required = [
        "tenant",
        "alert_id",
        "delivery_id",
        "dedup_key",
        "status",
        "severity",
        "summary",
        "source",
        "component",
        "labels",
        "details",
        "runbook_url",
        "fired_at",
        "test",
    ];
    check.object(data, "/data", &required, &["details_truncated", "labels_truncated", "summary_truncated"]);
    for name in ["tenant", "alert_id", "delivery_id", "dedup_key", "summary", "source"] {
        check.text(&data[name], &format!("/data/{name}"), 1..=LARGEST);
    }
    for name in ["component", "runbook_url"] {
        check.require(data[name].is_null() || data[name].is_string(), &format!("/data/{name}: {}", data[name]));
    }
    let says = |status: &str| body["type"] == format!("alert.{status}");
    check.require(data["status"].as_str().is_some_and(says), "/data/status: not what the type says");
    check.one_of(&data["severity"], "/data/severity", &["critical", "error", "warning", "info"]);
    let labels = data["labels"].as_object();
    check.require(labels.is_some_and(|labels| labels.values().all(Value::is_string)), "/data/labels: expected texts");
    check.instant(&data["fired_at"], "/data/fired_at");
    check.boolean(&data["test"], "/data/test");
}
