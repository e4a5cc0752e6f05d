//! Opsgenie Alert API v2, which is spoken at Jira Service Management as well. An alert is known there by its alias, our
//! dedup key: what is sent twice counts up and opens nothing new.

use std::collections::BTreeSet;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use plimsoll_domain::alert::{DeliveryAction, Region, Severity};
use plimsoll_domain::secret::Secret;

use super::Message;
use super::opsgenie_request::Taken;
use crate::wire::Wire;
use crate::wire::exchange::{self, Finding, Posting};
use crate::wire::limits::{self, utf16};

const PATH: &str = "/v2/alerts";
/// Limits of the API, in characters.
const MESSAGE: usize = 130;
const ALIAS: usize = 512;
const DESCRIPTION: usize = 15_000;
const TAGS: usize = 20;
const TAG: usize = 50;
const DETAILS: usize = 8_000;
const ENTITY: usize = 512;
const SOURCE: usize = 100;
/// One detail, so that a single one does not take the room of all.
const DETAIL: usize = 1_000;
/// Room for saying how many are left out.
const REST: usize = 40;
/// What stands in a piece of a path as it is.
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The address that the API's paths follow.
pub(super) fn base(region: Region, endpoint: Option<&str>) -> String {
    let usual = match region {
        Region::Us => "https://api.opsgenie.com",
        Region::Eu => "https://api.eu.opsgenie.com",
    };
    trimmed(endpoint.unwrap_or(usual))
}

/// `endpoint` without the path that it may have been copied with.
pub(super) fn trimmed(endpoint: &str) -> String {
    let endpoint = endpoint.trim_end_matches('/');
    endpoint.strip_suffix(PATH).unwrap_or(endpoint).trim_end_matches('/').to_owned()
}

/// `text` as one piece of a path.
pub(super) fn piece(text: &str) -> String {
    utf8_percent_encode(text, &UNRESERVED).to_string()
}

/// Sends with an API key to the API at an address, and asks until the request is processed.
pub(super) async fn send(wire: &Wire, message: &Message<'_>, to: (&Secret, String)) -> Finding {
    let begun = Instant::now();
    match try_send(wire, message, to).await {
        Ok(taken) => taken.wait(wire, begun).await,
        Err(finding) => finding,
    }
}

/// What was taken, to be asked after, or what came of it otherwise.
async fn try_send(wire: &Wire, message: &Message<'_>, to: (&Secret, String)) -> Result<Taken, Finding> {
    let (api_key, base) = to;
    let (path, body) = request(message);
    let authorization = authorization(api_key)?;
    let mut posting = Posting::json(exchange::address(&format!("{base}{PATH}{path}"))?, &body);
    posting.headers.insert(AUTHORIZATION, authorization.clone());
    let answer = exchange::post(&wire.http, posting, wire.patience.attempt).await?;
    if !answer.status.is_success() {
        return Err(exchange::judge(&answer, wire.clock.now()));
    }
    let headers = HeaderMap::from_iter([(AUTHORIZATION, authorization)]);
    Ok(Taken { base, headers, answer, action: message.delivery.action })
}

fn authorization(api_key: &Secret) -> Result<HeaderValue, Finding> {
    let mut value = HeaderValue::from_str(&format!("GenieKey {}", api_key.expose()))
        .map_err(|_| Finding::dead("its API key cannot be written into a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The path after that of all alerts, and the body.
fn request(message: &Message<'_>) -> (String, Value) {
    let alias = alias(&message.alert.dedup_key);
    let (verb, note) = match message.delivery.action {
        DeliveryAction::Trigger => return (String::new(), opening(message, &alias)),
        DeliveryAction::Acknowledge => ("acknowledge", "Acknowledged in Plimsoll"),
        DeliveryAction::Resolve => ("close", "Resolved in Plimsoll"),
    };
    let test = if message.is_test() { " (a test)" } else { "" };
    let note = format!("{note}{test}: {}", message.status_page());
    let body = json!({"user": "Plimsoll", "source": "Plimsoll", "note": note});
    (format!("/{}/{verb}?identifierType=alias", piece(&alias)), body)
}

fn alias(dedup_key: &str) -> String {
    match dedup_key {
        // In a path these lead elsewhere, however they are escaped.
        "." | ".." => format!("plimsoll {dedup_key}"),
        _ => limits::key(dedup_key, ALIAS),
    }
}

fn opening(message: &Message<'_>, alias: &str) -> Value {
    let content = &message.alert.content;
    let mut body = json!({
        "message": limits::cut(&message.summary().replace('\n', " "), MESSAGE),
        "alias": alias,
        "description": limits::cut(&message.as_text(DESCRIPTION), DESCRIPTION),
        "tags": tags(message),
        "details": details(message),
        "source": limits::cut(&limits::clean(&content.source), SOURCE),
        "priority": priority(message.severity()),
        "user": "Plimsoll",
        "note": format!("{}, delivery {}", message.heading(), message.delivery_id()),
    });
    if let Some(component) = &content.component {
        body["entity"] = json!(limits::cut(component, ENTITY));
    }
    body
}

const fn priority(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "P1",
        Severity::Error => "P2",
        Severity::Warning => "P3",
        Severity::Info => "P5",
    }
}

fn tags(message: &Message<'_>) -> BTreeSet<String> {
    let mut tags = BTreeSet::from(["plimsoll".to_owned(), message.severity().to_string()]);
    tags.extend(message.is_test().then(|| "test".to_owned()));
    let labels = message.alert.content.labels.iter();
    for tag in labels.map(|(name, value)| limits::cut(&limits::clean(&format!("{name}={value}")), TAG)) {
        if tags.len() == TAGS {
            break;
        }
        tags.insert(tag);
    }
    tags
}

/// The labels and links, as far as there is room.
fn details(message: &Message<'_>) -> Map<String, Value> {
    let labels = &message.alert.content.labels;
    let mut details = Map::from_iter([("status_page".to_owned(), json!(message.status_page()))]);
    let mut room = DETAILS - REST - limits::total(&message.status_page(), utf16) - "status_page".len();
    for (index, (name, value)) in labels.iter().enumerate() {
        let value = limits::cut(value, DETAIL);
        let size = limits::total(name, utf16) + limits::total(&value, utf16);
        if size > room {
            details.insert("…".to_owned(), json!(format!("{} more labels", labels.len() - index)));
            break;
        }
        room -= size;
        details.insert(name.clone(), json!(value));
    }
    details
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_base_with_or_without_the_path_of_the_api() {
        for endpoint in ["http://x", "http://x/", "http://x/v2/alerts", "http://x/v2/alerts/"] {
            assert_eq!(trimmed(endpoint), "http://x");
        }
        assert_eq!(base(Region::Eu, None), "https://api.eu.opsgenie.com");
        assert_eq!(base(Region::Us, Some("http://x/y/")), "http://x/y");
    }

    #[test]
    fn an_alias_is_one_piece_of_a_path() {
        assert_eq!(piece("a/b?c#ä %"), "a%2Fb%3Fc%23%C3%A4%20%25");
        assert_eq!(alias(".."), "plimsoll ..");
    }
}
