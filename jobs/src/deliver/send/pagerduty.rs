//! PagerDuty Events API v2. An acknowledgement or a resolve names what it closes by routing key and dedup key, and nothing
//! else of it is read there.

use serde_json::{Map, Value, json};

use plimsoll_domain::alert::DeliveryAction;
use plimsoll_domain::secret::Secret;

use super::Message;
use crate::wire::exchange::{self, Finding, Posting};
use crate::wire::{Wire, limits};

const ENQUEUE: &str = "https://events.pagerduty.com/v2/enqueue";
const PATH: &str = "/v2/enqueue";
/// Limits of the API: characters, and bytes of a whole event.
const SUMMARY: usize = 1_024;
const DEDUP_KEY: usize = 255;
const EVENT: usize = 512_000;
/// The API names no limit for these; they say in short what the summary says in full.
const NAME: usize = 255;

/// Sends an event with a routing key to an address other than the usual one, if one is given.
pub(super) async fn send(wire: &Wire, message: &Message<'_>, to: (&Secret, Option<&str>)) -> Finding {
    let (routing_key, endpoint) = to;
    let url = match exchange::address(endpoint.unwrap_or(ENQUEUE)) {
        Ok(url) => with_path(url),
        Err(finding) => return finding,
    };
    let posting = Posting::json(url, &event(message, routing_key.expose()));
    match exchange::post(&wire.http, posting, wire.patience.attempt).await {
        Ok(answer) => exchange::judge(&answer, wire.clock.now()),
        Err(finding) => finding,
    }
}

/// An address without a path is that of a whole installation.
fn with_path(mut url: url::Url) -> url::Url {
    if url.path() == "/" {
        url.set_path(PATH);
    }
    url
}

fn event(message: &Message<'_>, routing_key: &str) -> Value {
    let action = message.delivery.action;
    let mut event = json!({
        "routing_key": routing_key,
        "event_action": action.as_str(),
        "dedup_key": limits::key(&message.alert.dedup_key, DEDUP_KEY),
    });
    if action != DeliveryAction::Trigger {
        return event;
    }
    event["payload"] = payload(message);
    event["client"] = json!("Plimsoll");
    event["client_url"] = json!(message.status_page());
    if let Some(runbook) = message.runbook() {
        event["links"] = json!([{"href": runbook.as_str(), "text": "Runbook"}]);
    }
    if event.to_string().len() > EVENT {
        let note = format!("left out: with them, this would be larger than the {EVENT} bytes that an event may have");
        event["payload"]["custom_details"] = json!({"custom_details": note, "test": message.is_test()});
    }
    event
}

fn payload(message: &Message<'_>) -> Value {
    let content = &message.alert.content;
    let mut payload = Map::from_iter([
        ("summary".to_owned(), json!(limits::cut(&message.summary(), SUMMARY))),
        ("source".to_owned(), json!(limits::cut(&content.source, NAME))),
        ("severity".to_owned(), json!(message.severity().as_str())),
        ("timestamp".to_owned(), json!(message.alert.fired_at)),
        ("custom_details".to_owned(), custom_details(message)),
    ]);
    let label = |name: &str| content.labels.get(name).map(String::as_str).filter(|value| !value.is_empty());
    for (name, value) in
        [("component", content.component.as_deref()), ("class", label("class")), ("group", label("group"))]
    {
        if let Some(value) = value {
            payload.insert(name.to_owned(), json!(limits::cut(value, NAME)));
        }
    }
    Value::Object(payload)
}

fn custom_details(message: &Message<'_>) -> Value {
    let mut details = json!({"labels": message.alert.content.labels, "test": message.is_test()});
    if let Some(given) = message.details() {
        details["details"] = given;
    }
    details
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_path_gets_the_usual_one() {
        let path = |text: &str| with_path(text.parse().expect("a URL")).to_string();
        assert_eq!(path("http://127.0.0.1:9"), "http://127.0.0.1:9/v2/enqueue");
        assert_eq!(path("http://127.0.0.1:9/"), "http://127.0.0.1:9/v2/enqueue");
        assert_eq!(path("https://proxy.example.com/pd?x=1"), "https://proxy.example.com/pd?x=1");
    }
}
