//! The receivers hold to their providers' rules: what breaks one is refused as the provider would, and noted.

use axum::http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::{Host, Opsgenie, PagerDuty, Slack, Teams, Webhook};
use crate::Client;

/// Posts `good` to `path`, and then each time with one place changed: the first is taken, and the others are faults there.
async fn is_strict(host: &Host, path: &str, good: &Value, changes: &[(&str, Value)]) {
    let key = format!("GenieKey {}", Opsgenie::API_KEY);
    let client = Client::new(&host.base());
    let post = async |body: &Value| {
        let headers: &[_] = &[(AUTHORIZATION.as_str(), key.as_str())];
        client.try_ask("POST", path, headers, Some(body.to_string())).await.expect("an answer").status
    };
    assert!((200..300).contains(&post(good).await), "{good}: {:?}", host.faults());
    for (pointer, value) in changes {
        let mut bad = good.clone();
        if value.is_null() {
            let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
            let parent = bad.pointer_mut(parent).and_then(Value::as_object_mut);
            parent.and_then(|parent| parent.remove(name)).expect("it is there");
        } else {
            *bad.pointer_mut(pointer).expect("it is there") = value.clone();
        }
        host.forget();
        assert_eq!(post(&bad).await, 400, "{pointer}: {value}");
        assert!(!host.faults().is_empty() && host.accepted().is_empty(), "{pointer}");
    }
}

#[tokio::test]
async fn pagerduty_takes_no_event_that_breaks_a_rule() {
    let payload = json!({"summary": "s", "source": "x", "severity": "error", "timestamp": "2026-11-01T12:00:00Z"});
    let (routing_key, action) = (PagerDuty::ROUTING_KEY, "trigger");
    let good = json!({"routing_key": routing_key, "event_action": action, "dedup_key": "k", "payload": payload});
    let changes = [
        ("/routing_key", json!("short")),
        ("/event_action", json!("close")),
        ("/dedup_key", json!("k".repeat(256))),
        ("/dedup_key", Value::Null),
        ("/payload", Value::Null),
        ("/payload/summary", json!("é".repeat(1_025))),
        ("/payload/severity", json!("fatal")),
        ("/payload/timestamp", json!("yesterday")),
        ("/payload/source", json!("")),
    ];
    let pagerduty = PagerDuty::start().await;
    is_strict(&pagerduty, "/v2/enqueue", &good, &changes).await;
}

#[tokio::test]
async fn opsgenie_takes_no_alert_that_breaks_a_rule() {
    let good = json!({
        "message": "m", "alias": "a", "tags": ["t"], "details": {"k": "v"}, "priority": "P1", "description": "d",
    });
    let changes = [
        ("/message", json!("m".repeat(131))),
        ("/alias", json!("a".repeat(513))),
        ("/tags", json!(["t".repeat(51)])),
        ("/tags", json!(vec!["t"; 21])),
        ("/details", json!({"k": 1})),
        ("/details", json!({"k": "v".repeat(8_000)})),
        ("/priority", json!("P0")),
        ("/description", json!("d".repeat(15_001))),
    ];
    let opsgenie = Opsgenie::start().await;
    is_strict(&opsgenie, "/v2/alerts", &good, &changes).await;
}

#[tokio::test]
async fn slack_takes_no_message_that_breaks_a_rule() {
    let slack = Slack::start().await;
    let text = |text: &str| json!({"type": "mrkdwn", "text": text});
    let section = json!({"type": "section", "text": text("a &amp; <https://x.example/|b>")});
    let good = json!({"text": "t", "blocks": [section.clone()]});
    let changes = [
        ("/text", Value::Null),
        ("/text", json!("<!channel>")),
        ("/blocks/0/text", text("a & b")),
        ("/blocks/0/text", text("a > b")),
        ("/blocks/0/text", text(&"x".repeat(3_001))),
        ("/blocks", json!(vec![section; 51])),
        ("/blocks/0", json!({"type": "header", "text": {"type": "plain_text", "text": "x".repeat(151)}})),
        ("/blocks", json!(vec![json!({"type": "section", "text": text(&"x".repeat(2_900))}); 5])),
    ];
    is_strict(&slack, slack.url().trim_start_matches(&slack.base()), &good, &changes).await;
}

#[tokio::test]
async fn teams_takes_no_card_that_breaks_a_rule() {
    let teams = Teams::start().await;
    let card = json!({"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "text": "x"}]});
    let kind = "application/vnd.microsoft.card.adaptive";
    let good = json!({"type": "message", "attachments": [{"contentType": kind, "contentUrl": null, "content": card}]});
    let changes = [
        ("/type", json!("card")),
        ("/attachments", json!([])),
        ("/attachments/0/content/version", json!("1.6")),
        ("/attachments/0/content/body/0/text", json!("x".repeat(29_000))),
        ("/attachments/0/content/body/0/type", json!("Markdown")),
    ];
    is_strict(&teams, teams.url().trim_start_matches(&teams.base()), &good, &changes).await;
}

#[tokio::test]
async fn a_webhook_takes_nothing_unsigned_or_old() {
    let webhook = Webhook::start().await;
    let client = Client::new(&webhook.base());
    let url = webhook.url();
    let path = url.trim_start_matches(&webhook.base());
    for headers in [&[][..], &[("webhook-id", "a"), ("webhook-timestamp", "1614265330")][..]] {
        let answer = client.try_ask("POST", path, headers, Some("{}".to_owned())).await.expect("an answer");
        assert_eq!(answer.status, 400);
    }
    assert!(webhook.faults().iter().any(|fault| fault.contains("webhook-timestamp")), "{:?}", webhook.faults());
}
