//! Anybody's server, in the form of Standard Webhooks.

use http::StatusCode;
use serde_json::{Map, Value, json};

use plimsoll_domain::alert::Verdict;
use plimsoll_domain::secret::Secret;

use super::Message;
use crate::wire::Wire;
use crate::wire::exchange::{self, Finding, Posting};
use crate::wire::limits::{self, json_bytes};
use crate::wire::signature::sign;

/// Bytes that a body may have.
const BODY: usize = 20_000;
/// Bytes of JSON that are left of labels and of the summary where the body would be larger.
const LABELS: usize = 4_000;
const LABEL: usize = 400;
const SUMMARY: usize = 4_000;

/// Posts to the webhook, signed with each of the secrets that there is.
pub(super) async fn send(wire: &Wire, message: &Message<'_>, url: &Secret, secrets: [Option<&Secret>; 2]) -> Finding {
    match try_send(wire, message, url, secrets).await {
        Ok(finding) | Err(finding) => finding,
    }
}

async fn try_send(
    wire: &Wire,
    message: &Message<'_>,
    url: &Secret,
    secrets: [Option<&Secret>; 2],
) -> Result<Finding, Finding> {
    let mut posting = Posting::json(exchange::address(url.expose())?, &body(message));
    sign(&mut posting, message.delivery_id(), wire.clock.now(), secrets)?;
    let answer = exchange::post(&wire.http, posting, wire.patience.attempt).await?;
    let mut finding = exchange::judge(&answer, wire.clock.now());
    if answer.status == StatusCode::GONE {
        finding.verdict = Verdict::SwitchOff;
    }
    Ok(finding)
}

/// The body, from which details, then labels, then the end of the summary are left out until it is small enough.
fn body(message: &Message<'_>) -> Value {
    let mut body = whole(message);
    let is_large = |body: &Value| body.to_string().len() >= BODY;
    if is_large(&body) && !body["data"]["details"].is_null() {
        body["data"]["details"] = Value::Null;
        body["data"]["details_truncated"] = json!(true);
    }
    if is_large(&body) {
        body["data"]["labels"] = Value::Object(some_labels(message));
        body["data"]["labels_truncated"] = json!(true);
    }
    if is_large(&body) {
        body["data"]["summary"] = json!(limits::cut_by(&message.alert.content.summary, SUMMARY, json_bytes));
        body["data"]["summary_truncated"] = json!(true);
    }
    body
}

fn whole(message: &Message<'_>) -> Value {
    let (alert, content) = (message.alert, &message.alert.content);
    json!({
        "type": format!("alert.{}", message.status()),
        "timestamp": message.delivery.created_at,
        "data": {
            "tenant": alert.tenant,
            "alert_id": alert.id,
            "delivery_id": message.delivery_id(),
            "dedup_key": alert.dedup_key,
            "status": message.status(),
            "severity": message.severity().as_str(),
            "summary": content.summary,
            "source": content.source,
            "component": content.component,
            "labels": content.labels,
            "details": message.details(),
            "runbook_url": content.runbook_url,
            "fired_at": alert.fired_at,
            "test": message.is_test(),
        },
    })
}

/// As many labels as there is room for, cut to fit.
fn some_labels(message: &Message<'_>) -> Map<String, Value> {
    let mut room = LABELS;
    let mut labels = Map::new();
    for (name, value) in &message.alert.content.labels {
        let value = limits::cut_by(value, LABEL, json_bytes);
        // Besides both: four quotation marks, a colon and a comma.
        let size = limits::total(name, json_bytes) + limits::total(&value, json_bytes) + 6;
        if size > room {
            break;
        }
        room -= size;
        labels.insert(name.clone(), json!(value));
    }
    labels
}
