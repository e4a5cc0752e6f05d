//! Anybody's server, in the form of Standard Webhooks 1.0.0: a stable id, the time of the attempt, and a signature over
//! both and the body. While a secret is being replaced, the old and the new one both sign.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use plimsoll_domain::alert::Verdict;
use plimsoll_domain::alert::receiver::webhook_key;
use plimsoll_domain::secret::Secret;

use super::exchange::{self, Finding, Posting};
use super::limits::{self, json_bytes};
use super::{Message, Wire};

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
    let (id, timestamp) = (message.delivery_id(), wire.clock.now().seconds().to_string());
    let signature = signatures(&id, &timestamp, &posting.body, secrets)?;
    for (name, value) in [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature)] {
        if !value.is_empty() {
            posting.headers.insert(name, HeaderValue::from_str(&value).expect("letters, digits and signs"));
        }
    }
    let answer = exchange::post(&wire.http, posting, wire.patience.attempt).await?;
    let mut finding = exchange::judge(&answer, wire.clock.now());
    if answer.status == StatusCode::GONE {
        finding.verdict = Verdict::SwitchOff;
    }
    Ok(finding)
}

/// One signature for each secret, with a space between them; empty without secrets.
fn signatures(id: &str, timestamp: &str, body: &Bytes, secrets: [Option<&Secret>; 2]) -> Result<String, Finding> {
    let sign = |secret: &Secret| {
        let key =
            webhook_key(secret.expose()).map_err(|reason| Finding::dead(format!("its secret is none: {reason}")))?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length will do");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    };
    let signed: Result<Vec<_>, _> = secrets.into_iter().flatten().map(sign).collect();
    Ok(signed?.join(" "))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_reference_implementation() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", Bytes::from_static(br#"{"test": 2432232314}"#));
        let signed = signatures(id, "1614265330", &body, [Some(&secret), None]).expect("signs");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(signatures(id, "0", &body, [Some(&Secret::new("whsec_short")), None]).is_err());
    }
}
