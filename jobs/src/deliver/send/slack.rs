//! What Slack is told of an alert.

use serde_json::{Value, json};

use plimsoll_domain::secret::Secret;

use super::Message;
use crate::wire::Wire;
use crate::wire::exchange::Finding;
use crate::wire::slack::{self, SECTION, escaped, header, link, section};

/// Limits of the rest: together with a section, less than the whole of a message may have.
const FIELD: usize = 500;
const FALLBACK: usize = 500;
const LABELS: usize = 2_500;

/// Posts to the webhook.
pub(super) async fn send(wire: &Wire, message: &Message<'_>, url: &Secret) -> Finding {
    slack::send(wire, url, &body(message)).await
}

fn body(message: &Message<'_>) -> Value {
    let summary = message.alert.content.summary.as_str();
    let field = |(name, value): (&str, String)| {
        let text = format!("*{name}*\n{}", escaped(&value, FIELD));
        json!({"type": "mrkdwn", "text": text})
    };
    let fields: Vec<_> = message.facts().into_iter().map(field).collect();
    let mut blocks = vec![
        header(&message.heading()),
        section(&escaped(summary, SECTION)),
        json!({"type": "section", "fields": fields}),
    ];
    let labels = message.label_lines().collect::<Vec<_>>().join("\n");
    if !labels.is_empty() {
        blocks.push(section(&format!("*Labels*\n{}", escaped(&labels, LABELS))));
    }
    blocks.push(section(&links(message)));
    let fallback = format!("[{}] {summary}", message.heading());
    json!({"text": escaped(&fallback, FALLBACK), "blocks": blocks})
}

fn links(message: &Message<'_>) -> String {
    let page = link(&message.status_page(), "Status page");
    match message.runbook() {
        Some(runbook) => format!("{} · {page}", link(runbook.as_str(), "Runbook")),
        None => page,
    }
}
