//! A Microsoft Teams workflow webhook, with an Adaptive Card. What others wrote stands in text runs, in which no Markdown is
//! understood: a summary cannot pose as a link.

use http::StatusCode;
use serde_json::{Value, json};

use plimsoll_domain::secret::Secret;
use plimsoll_runtime::http_client::Response;

use super::Message;
use crate::wire::Wire;
use crate::wire::exchange::{self, Finding, Posting, judge_status};
use crate::wire::limits::{self, json_bytes};

/// Bytes of JSON; all of them together stay below the 28 KB that a message may have.
const SUMMARY: usize = 6_000;
const FACT: usize = 1_200;
const LABEL: usize = 400;
const LABELS: usize = 15;
const LINK: usize = 4_000;
/// How a workflow says that Teams itself has refused.
const REFUSED: &str = "Microsoft Teams endpoint returned HTTP error ";

/// Posts to the webhook.
pub(super) async fn send(wire: &Wire, message: &Message<'_>, url: &Secret) -> Finding {
    let url = match exchange::address(url.expose()) {
        Ok(url) => url,
        Err(finding) => return finding,
    };
    match exchange::post(&wire.http, Posting::json(url, &body(message)), wire.patience.attempt).await {
        Ok(answer) => judge(&answer, wire),
        Err(finding) => finding,
    }
}

/// A workflow answers 200 although Teams did not take the message: then what Teams said counts.
fn judge(answer: &Response, wire: &Wire) -> Finding {
    let now = wire.clock.now();
    let mut finding = exchange::judge(answer, now);
    if answer.status.is_success()
        && let Some(status) = refused(&String::from_utf8_lossy(&answer.body))
    {
        finding.verdict = judge_status(status, exchange::retry_after(&answer.headers, now));
        finding.status = Some(status.as_u16());
    }
    finding
}

fn refused(said: &str) -> Option<StatusCode> {
    let (_, after) = said.split_once(REFUSED)?;
    StatusCode::from_bytes(after.as_bytes().get(..3)?).ok()
}

fn body(message: &Message<'_>) -> Value {
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": elements(message),
        "actions": actions(message),
    });
    let attachment = json!({
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": null,
        "content": card,
    });
    json!({"type": "message", "attachments": [attachment]})
}

fn elements(message: &Message<'_>) -> Vec<Value> {
    let heading = json!({
        "type": "TextBlock", "text": message.heading(), "size": "Large", "weight": "Bolder", "wrap": true,
    });
    let run = |text: &str, max| json!({"type": "TextRun", "text": limits::cut_by(text, max, json_bytes)});
    let block = |runs: Vec<Value>| json!({"type": "RichTextBlock", "inlines": runs});
    let summary = limits::clean(&message.alert.content.summary);
    let mut elements = vec![heading, block(vec![run(&summary, SUMMARY)])];
    for (name, value) in message.facts() {
        let name = json!({"type": "TextRun", "text": format!("{name}: "), "weight": "Bolder"});
        elements.push(block(vec![name, run(&value, FACT)]));
    }
    let labels = message.label_lines().take(LABELS);
    elements.extend(labels.map(|line| block(vec![run(&line, LABEL)])));
    let left_out = message.alert.content.labels.len().saturating_sub(LABELS);
    if left_out > 0 {
        elements.push(block(vec![run(&format!("[… {left_out} more labels]"), LABEL)]));
    }
    elements
}

fn actions(message: &Message<'_>) -> Vec<Value> {
    let open = |title: &str, url: &str| json!({"type": "Action.OpenUrl", "title": title, "url": url});
    // A link cannot be cut.
    let runbook = message.runbook().filter(|url| url.as_str().len() <= LINK);
    let runbook = runbook.map(|url| open("Runbook", url.as_str()));
    runbook.into_iter().chain([open("Status page", &message.status_page())]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_teams_said_is_found_in_what_the_workflow_says() {
        let said =
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ..";
        assert_eq!(refused(said), Some(StatusCode::TOO_MANY_REQUESTS));
        assert_eq!(refused("1"), None);
        assert_eq!(refused("Microsoft Teams endpoint returned HTTP error 4"), None);
    }
}
