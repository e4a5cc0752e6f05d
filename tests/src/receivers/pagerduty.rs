//! PagerDuty's Events API v2.

use std::collections::BTreeSet;
use std::ops::Deref;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::check::Check;
use super::host::{Host, Provider, Received};

const LARGEST: usize = 512_000;

/// A PagerDuty. Its address is an endpoint without a path.
pub struct PagerDuty(Host);

struct Rules;

impl PagerDuty {
    /// The routing key of its one service.
    pub const ROUTING_KEY: &'static str = "0123456789abcdefABCDEF0123456789";

    /// One that takes everything that is valid.
    pub async fn start() -> Self {
        Self(Host::start(Rules).await)
    }

    /// What to configure as endpoint.
    pub fn endpoint(&self) -> String {
        self.base()
    }

    /// The dedup keys of what is open there, by what was taken so far.
    pub fn open(&self) -> BTreeSet<String> {
        let mut open = BTreeSet::new();
        for received in self.accepted() {
            let key = received.body["dedup_key"].as_str().unwrap_or_default().to_owned();
            match received.body["event_action"].as_str() {
                Some("trigger") => open.insert(key),
                Some("resolve") => open.remove(&key),
                _ => false,
            };
        }
        open
    }
}

impl Deref for PagerDuty {
    type Target = Host;

    fn deref(&self) -> &Host {
        &self.0
    }
}

impl Provider for Rules {
    fn check(&self, request: &Received, check: &mut Check) {
        let body = &request.body;
        check.require(request.path == "/v2/enqueue", &format!("path: {}", request.path));
        check.require(request.bytes.len() <= LARGEST, &format!("{} bytes", request.bytes.len()));
        let optional = ["payload", "images", "links", "client", "client_url"];
        check.object(body, "", &["routing_key", "event_action", "dedup_key"], &optional);
        check.require(body["routing_key"] == PagerDuty::ROUTING_KEY, "/routing_key: not of a service here");
        check.one_of(&body["event_action"], "/event_action", &["trigger", "acknowledge", "resolve"]);
        check.text(&body["dedup_key"], "/dedup_key", 1..=255);
        if body["event_action"] == "trigger" {
            check_payload(&body["payload"], check);
        }
        check.optional_text(body, "client", "", 1..=255);
        if let Some(url) = body.get("client_url") {
            check.url(url, "/client_url");
        }
        for (index, link) in body["links"].as_array().into_iter().flatten().enumerate() {
            let pointer = format!("/links/{index}");
            check.object(link, &pointer, &["href"], &["text"]);
            check.url(&link["href"], &format!("{pointer}/href"));
        }
    }

    fn accept(&self, request: &Received) -> Response {
        let key = &request.body["dedup_key"];
        let said = json!({"status": "success", "message": "Event processed", "dedup_key": key});
        (StatusCode::ACCEPTED, Json(said)).into_response()
    }

    fn refuse(&self, faults: &[String]) -> Response {
        let said = json!({"status": "invalid event", "message": "Event object is invalid", "errors": faults});
        (StatusCode::BAD_REQUEST, Json(said)).into_response()
    }
}

fn check_payload(payload: &Value, check: &mut Check) {
    let optional = ["timestamp", "component", "group", "class", "custom_details"];
    check.object(payload, "/payload", &["summary", "source", "severity"], &optional);
    check.text(&payload["summary"], "/payload/summary", 1..=1_024);
    check.text(&payload["source"], "/payload/source", 1..=1_024);
    check.one_of(&payload["severity"], "/payload/severity", &["critical", "error", "warning", "info"]);
    for name in ["component", "group", "class"] {
        check.optional_text(payload, name, "/payload", 1..=1_024);
    }
    if let Some(timestamp) = payload.get("timestamp") {
        check.instant(timestamp, "/payload/timestamp");
    }
    let details = payload.get("custom_details");
    check.require(details.is_none_or(Value::is_object), "/payload/custom_details: expected an object");
}
