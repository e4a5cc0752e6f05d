//! Webhooks of subscribers to a page, each at a path of its own: the secret is known when the subscription is confirmed, so
//! that signatures are held against it afterwards, by code that is not ours to sign with.

use std::ops::Deref;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::check::Check;
use super::host::{Host, Provider, Received};
use super::webhook::{TOLERANCE, verifies};
use crate::now;

const LARGEST: usize = 20_000;
const KINDS: [&str; 8] = [
    "subscription.confirm",
    "incident.created",
    "incident.updated",
    "incident.resolved",
    "maintenance.scheduled",
    "maintenance.reminder",
    "maintenance.started",
    "maintenance.completed",
];

/// A server with as many webhooks as there are names.
pub struct SubscriberHook(Host);

struct Rules;

impl SubscriberHook {
    /// One that takes everything that is valid.
    pub async fn start() -> Self {
        Self(Host::start(Rules).await)
    }

    /// The address of the webhook `name`.
    pub fn url(&self, name: &str) -> String {
        format!("{}/hooks/{name}", self.base())
    }

    /// What the webhook `name` was sent and has taken, oldest first.
    pub fn taken_by(&self, name: &str) -> Vec<Received> {
        let path = format!("/hooks/{name}");
        self.accepted().into_iter().filter(|one| one.path == path).collect()
    }

    /// Panics unless `received` is signed, once, with `secret`, as Standard Webhooks 1.0.0 says.
    #[track_caller]
    pub fn verify(secret: &str, received: &Received) {
        let header = |name: &str| received.headers[name].to_str().expect("visible ASCII");
        let signature = header("webhook-signature");
        let named = (header("webhook-id"), header("webhook-timestamp"));
        assert!(verifies(secret, signature, received, named), "{signature:?} is not by the secret");
    }
}

impl Deref for SubscriberHook {
    type Target = Host;

    fn deref(&self) -> &Host {
        &self.0
    }
}

impl Provider for Rules {
    fn check(&self, request: &Received, check: &mut Check) {
        check.require(request.path.starts_with("/hooks/"), "path: nobody is there");
        check.require(request.bytes.len() < LARGEST, &format!("{} bytes", request.bytes.len()));
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (id, timestamp, signature) =
            (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        check.require(!id.is_empty() && !id.contains('.'), &format!("webhook-id: {id:?}"));
        let seconds: i64 = timestamp.parse().unwrap_or_default();
        let is_near = (seconds - now().seconds()).abs() <= TOLERANCE;
        check.require(is_near, &format!("webhook-timestamp: {timestamp:?}"));
        let is_one = signature.starts_with("v1,") && !signature.contains(' ');
        check.require(is_one, &format!("webhook-signature: {signature:?}"));
        check_body(&request.body, check);
    }

    fn accept(&self, _request: &Received) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }

    fn refuse(&self, faults: &[String]) -> Response {
        (StatusCode::BAD_REQUEST, faults.join("; ")).into_response()
    }
}

fn check_body(body: &Value, check: &mut Check) {
    check.object(body, "", &["type", "timestamp", "data"], &[]);
    check.one_of(&body["type"], "/type", &KINDS);
    check.instant(&body["timestamp"], "/timestamp");
    let (data, kind) = (&body["data"], body["type"].as_str().unwrap_or_default());
    let what = match kind.split_once('.').map(|(what, _)| what) {
        Some("subscription") => "confirm_url",
        Some(what) => what,
        None => return,
    };
    check.object(data, "/data", &["page", "unsubscribe_url", what], &[]);
    check.object(&data["page"], "/data/page", &["id", "name", "url"], &[]);
    check.url(&data["page"]["url"], "/data/page/url");
    check.url(&data["unsubscribe_url"], "/data/unsubscribe_url");
    match what {
        "confirm_url" => check.url(&data[what], "/data/confirm_url"),
        "incident" => check_incident(&data[what], check),
        _ => check_maintenance(&data[what], check),
    }
}

fn check_incident(incident: &Value, check: &mut Check) {
    let at = "/data/incident";
    let fields = ["id", "name", "status", "impact", "url", "started_at", "resolved_at", "components", "update"];
    check.object(incident, at, &fields, &[]);
    check.text(&incident["name"], "/data/incident/name", 1..=200);
    check.one_of(&incident["impact"], "/data/incident/impact", &["none", "minor", "major", "critical"]);
    check.url(&incident["url"], "/data/incident/url");
    check.instant(&incident["started_at"], "/data/incident/started_at");
    let update = &incident["update"];
    check.object(update, "/data/incident/update", &["status", "body", "at"], &[]);
    check.require(update["status"] == incident["status"], "/data/incident/update/status: another one");
    check.instant(&update["at"], "/data/incident/update/at");
    for component in incident["components"].as_array().map_or(&[][..], Vec::as_slice) {
        check.object(component, "/data/incident/components", &["id", "name", "status"], &[]);
    }
}

fn check_maintenance(time: &Value, check: &mut Check) {
    let at = "/data/maintenance";
    let fields = ["id", "name", "status", "body", "url", "starts_at", "ends_at", "completed_at", "components"];
    check.object(time, at, &fields, &[]);
    check.one_of(&time["status"], "/data/maintenance/status", &["scheduled", "in_progress", "completed"]);
    for name in ["starts_at", "ends_at", "completed_at"] {
        check.instant(&time[name], &format!("{at}/{name}"));
    }
}
