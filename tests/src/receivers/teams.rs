//! A Microsoft Teams workflow webhook.

use std::ops::Deref;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::check::Check;
use super::host::{Host, Provider, Received};

const PATH: &str =
    "/workflows/0f1e2d3c/triggers/manual/paths/invoke?api-version=2016-06-01&sig=t3ams-s3cret-of-the-tests";
const LARGEST: usize = 28 * 1_024;

/// A Teams with one workflow.
pub struct Teams(Host);

struct Rules;

impl Teams {
    /// One that takes everything that is valid.
    pub async fn start() -> Self {
        Self(Host::start(Rules).await)
    }

    /// The webhook's address.
    pub fn url(&self) -> String {
        format!("{}{PATH}", self.base())
    }
}

impl Deref for Teams {
    type Target = Host;

    fn deref(&self) -> &Host {
        &self.0
    }
}

impl Provider for Rules {
    fn check(&self, request: &Received, check: &mut Check) {
        let body = &request.body;
        check.require(request.path == PATH, "path: no such workflow");
        check.require(request.bytes.len() <= LARGEST, &format!("{} bytes", request.bytes.len()));
        check.object(body, "", &["type", "attachments"], &[]);
        check.one_of(&body["type"], "/type", &["message"]);
        let count = body["attachments"].as_array().map(Vec::len);
        check.require(count == Some(1), "/attachments: expected one");
        let attachment = &body["attachments"][0];
        check.object(attachment, "/attachments/0", &["contentType", "contentUrl", "content"], &[]);
        let kind = "application/vnd.microsoft.card.adaptive";
        check.one_of(&attachment["contentType"], "/attachments/0/contentType", &[kind]);
        check.require(attachment["contentUrl"].is_null(), "/attachments/0/contentUrl: expected null");
        check_card(&attachment["content"], check);
    }

    fn accept(&self, _request: &Received) -> Response {
        StatusCode::ACCEPTED.into_response()
    }

    fn refuse(&self, faults: &[String]) -> Response {
        (StatusCode::BAD_REQUEST, faults.join("; ")).into_response()
    }
}

fn check_card(card: &Value, check: &mut Check) {
    check.object(card, "/card", &["type", "version", "body"], &["$schema", "actions"]);
    check.one_of(&card["type"], "/card/type", &["AdaptiveCard"]);
    check.one_of(&card["version"], "/card/version", &["1.4"]);
    let elements = card["body"].as_array().map_or(&[][..], Vec::as_slice);
    check.require(!elements.is_empty(), "/card/body: empty");
    for (index, element) in elements.iter().enumerate() {
        let pointer = format!("/card/body/{index}");
        match element["type"].as_str() {
            Some("TextBlock") => {
                check.object(element, &pointer, &["type", "text"], &["size", "weight", "color", "wrap"]);
                check.text(&element["text"], &pointer, 1..=LARGEST);
            }
            Some("RichTextBlock") => {
                check.object(element, &pointer, &["type", "inlines"], &[]);
                for run in element["inlines"].as_array().into_iter().flatten() {
                    check.object(run, &pointer, &["type", "text"], &["weight", "size", "color"]);
                    check.one_of(&run["type"], &pointer, &["TextRun"]);
                    check.text(&run["text"], &pointer, 1..=LARGEST);
                }
            }
            other => check.require(false, &format!("{pointer}: an element of type {other:?}")),
        }
    }
    for (index, action) in card["actions"].as_array().into_iter().flatten().enumerate() {
        let pointer = format!("/card/actions/{index}");
        check.object(action, &pointer, &["type", "title", "url"], &[]);
        check.one_of(&action["type"], &pointer, &["Action.OpenUrl"]);
        check.text(&action["title"], &pointer, 1..=100);
        check.url(&action["url"], &pointer);
    }
}
