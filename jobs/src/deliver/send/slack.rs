//! A Slack incoming webhook. A message is cut to fit, each element for itself and all of them together: Slack refuses one
//! that is too long as a whole although each of its parts is short enough.

use serde_json::{Value, json};

use plimsoll_domain::alert::Verdict;
use plimsoll_domain::secret::Secret;
use plimsoll_runtime::http_client::Response;

use super::exchange::{self, Finding, Posting};
use super::limits::{self, escaped_for_slack};
use super::{Message, Wire};

/// Limits of Slack: a section's text, one of its fields. Together with the others below, less than the 13,200 characters
/// above which messages are refused in practice.
const SECTION: usize = 3_000;
const FIELD: usize = 500;
const FALLBACK: usize = 500;
const LABELS: usize = 2_500;
/// A link cannot be cut; a longer one is left out.
const LINK: usize = 2_400;

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

/// A 200 that does not say `ok` is a refusal for good.
fn judge(answer: &Response, wire: &Wire) -> Finding {
    let mut finding = exchange::judge(answer, wire.clock.now());
    if finding.verdict == Verdict::Delivered {
        let is_ok = match serde_json::from_slice::<Value>(&answer.body) {
            Ok(said) => said["ok"] == true,
            Err(_) => answer.body.trim_ascii() == b"ok",
        };
        if !is_ok {
            finding.verdict = Verdict::Dead;
        }
    }
    finding
}

fn body(message: &Message<'_>) -> Value {
    let summary = message.alert.content.summary.as_str();
    let section = |text: String| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
    let field = |(name, value): (&str, String)| {
        let text = format!("*{name}*\n{}", escaped(&value, FIELD));
        json!({"type": "mrkdwn", "text": text})
    };
    let fields: Vec<_> = message.facts().into_iter().map(field).collect();
    let mut blocks = vec![
        json!({"type": "header", "text": {"type": "plain_text", "text": message.heading(), "emoji": false}}),
        section(escaped(summary, SECTION)),
        json!({"type": "section", "fields": fields}),
    ];
    let labels = message.label_lines().collect::<Vec<_>>().join("\n");
    if !labels.is_empty() {
        blocks.push(section(format!("*Labels*\n{}", escaped(&labels, LABELS))));
    }
    blocks.push(section(links(message)));
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

fn link(address: &str, name: &str) -> String {
    let address = address.replace('|', "%7C").replace('<', "%3C").replace('>', "%3E").replace('&', "&amp;");
    if limits::total(&address, limits::utf16) > LINK {
        return format!("{name}: its address is too long to be shown here");
    }
    format!("<{address}|{name}>")
}

/// `text` as it is read in Slack, without anything that Slack would make a mention, a link or an escape of.
fn escaped(text: &str, max: usize) -> String {
    let text = limits::cut_by(&limits::clean(text), max, escaped_for_slack);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_slack_would_understand_is_escaped_within_the_limit() {
        assert_eq!(escaped("<!channel> & co", 100), "&lt;!channel&gt; &amp; co");
        assert!(escaped(&"&".repeat(4_000), SECTION).len() <= SECTION + '…'.len_utf8() * 2);
        assert_eq!(link("https://x/?a=1&b=2|3", "Runbook"), "<https://x/?a=1&amp;b=2%7C3|Runbook>");
        assert!(link(&format!("https://x/{}", "&".repeat(900)), "Runbook").ends_with("too long to be shown here"));
    }
}
