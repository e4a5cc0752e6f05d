//! A Slack incoming webhook.

use std::ops::Deref;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::check::{Check, units};
use super::host::{Host, Provider, Received};

const PATH: &str = "/services/T00000000/B00000000/s1ack-s3cret-of-the-tests";
/// Above this, a message is refused as a whole.
const LARGEST: usize = 13_200;

/// A Slack with one webhook.
pub struct Slack(Host);

struct Rules;

impl Slack {
    /// One that takes everything that is valid.
    pub async fn start() -> Self {
        Self(Host::start(Rules).await)
    }

    /// The webhook's address.
    pub fn url(&self) -> String {
        format!("{}{PATH}", self.base())
    }
}

impl Deref for Slack {
    type Target = Host;

    fn deref(&self) -> &Host {
        &self.0
    }
}

impl Provider for Rules {
    fn check(&self, request: &Received, check: &mut Check) {
        let body = &request.body;
        check.require(request.path == PATH, "path: no_service");
        let optional = ["attachments", "unfurl_links", "unfurl_media", "thread_ts"];
        check.object(body, "", &["text", "blocks"], &optional);
        check.text(&body["text"], "/text", 1..=40_000);
        check_mrkdwn(&body["text"], "/text", check);
        let blocks = body["blocks"].as_array().map_or(&[][..], Vec::as_slice);
        check.require((1..=50).contains(&blocks.len()), &format!("/blocks: {} of them", blocks.len()));
        for (index, block) in blocks.iter().enumerate() {
            check_block(block, &format!("/blocks/{index}"), check);
        }
        let total = texts(body);
        check.require(total <= LARGEST, &format!("msg_blocks_too_long: {total} characters"));
    }

    fn accept(&self, _request: &Received) -> Response {
        "ok".into_response()
    }

    fn refuse(&self, faults: &[String]) -> Response {
        (StatusCode::BAD_REQUEST, format!("invalid_blocks: {}", faults.join("; "))).into_response()
    }
}

fn check_block(block: &Value, pointer: &str, check: &mut Check) {
    match block["type"].as_str() {
        Some("header") => {
            check.object(block, pointer, &["type", "text"], &["block_id"]);
            let (text, pointer) = (&block["text"], format!("{pointer}/text"));
            check.object(text, &pointer, &["type", "text"], &["emoji"]);
            check.one_of(&text["type"], &pointer, &["plain_text"]);
            check.text(&text["text"], &pointer, 1..=150);
        }
        Some("section") => {
            check.object(block, pointer, &["type"], &["text", "fields", "block_id"]);
            let is_filled = block.get("text").is_some() || block.get("fields").is_some();
            check.require(is_filled, &format!("{pointer}: expected text or fields"));
            if let Some(text) = block.get("text") {
                check_text(text, &format!("{pointer}/text"), 3_000, check);
            }
            let fields = block["fields"].as_array().map_or(&[][..], Vec::as_slice);
            check.require(fields.len() <= 10, &format!("{pointer}/fields: {} of them", fields.len()));
            for (index, field) in fields.iter().enumerate() {
                check_text(field, &format!("{pointer}/fields/{index}"), 2_000, check);
            }
        }
        other => check.require(false, &format!("{pointer}: a block of type {other:?}")),
    }
}

fn check_text(text: &Value, pointer: &str, most: usize, check: &mut Check) {
    check.object(text, pointer, &["type", "text"], &["verbatim"]);
    check.one_of(&text["type"], pointer, &["mrkdwn", "plain_text"]);
    check.text(&text["text"], pointer, 1..=most);
    check_mrkdwn(&text["text"], pointer, check);
}

/// `<` and `>` stand around links only, and `&` before an escape only.
fn check_mrkdwn(value: &Value, pointer: &str, check: &mut Check) {
    let text = value.as_str().unwrap_or_default();
    for after in text.split('&').skip(1) {
        let is_escape = ["amp;", "lt;", "gt;"].iter().any(|escape| after.starts_with(escape));
        check.require(is_escape, &format!("{pointer}: & stands alone"));
    }
    let mut parts = text.split('<');
    let outside = parts.next().unwrap_or_default();
    check.require(!outside.contains('>'), &format!("{pointer}: > stands alone"));
    for part in parts {
        let (inside, outside) = part.split_once('>').unwrap_or(("", ">"));
        let is_link = inside.split_once('|').is_some_and(|(url, name)| {
            url.starts_with("http") && reqwest::Url::parse(url).is_ok() && !name.is_empty() && !name.contains('|')
        });
        check.require(is_link && !outside.contains('>'), &format!("{pointer}: < or > stands alone"));
    }
    let is_clean = !text.chars().any(|c| c.is_control() && c != '\n');
    check.require(is_clean, &format!("{pointer}: control characters"));
}

/// The length of all texts in it together.
fn texts(value: &Value) -> usize {
    match value {
        Value::Object(fields) => {
            let own = fields.get("text").and_then(Value::as_str).map_or(0, units);
            own + fields.values().map(texts).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(texts).sum(),
        _ => 0,
    }
}
