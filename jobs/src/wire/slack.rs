//! What every message to a Slack incoming webhook has in common: its texts, its links, and what Slack's answer means.
//!
//! A message is cut to fit, each element for itself and all of them together: Slack refuses one that is too long as a whole,
//! 13,200 characters in practice, although each of its parts is short enough.

use serde_json::{Value, json};

use plimsoll_domain::alert::Verdict;
use plimsoll_domain::secret::Secret;
use plimsoll_runtime::http_client::Response;

use super::Wire;
use super::exchange::{self, Finding, Posting};
use super::limits::{self, escaped_for_slack};

/// Limits of Slack: a header's text, a section's.
pub(crate) const HEADER: usize = 150;
pub(crate) const SECTION: usize = 3_000;
/// A link cannot be cut; a longer one is left out.
const LINK: usize = 2_400;

/// Posts `body` to the webhook.
pub(crate) async fn send(wire: &Wire, url: &Secret, body: &Value) -> Finding {
    let url = match exchange::address(url.expose()) {
        Ok(url) => url,
        Err(finding) => return finding,
    };
    match exchange::post(&wire.http, Posting::json(url, body), wire.patience.attempt).await {
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

/// A header; its text is no mrkdwn.
pub(crate) fn header(text: &str) -> Value {
    json!({"type": "header", "text": {"type": "plain_text", "text": limits::cut(text, HEADER), "emoji": false}})
}

/// A section of mrkdwn that fits.
pub(crate) fn section(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": text}})
}

/// A link in mrkdwn. `name` holds none of Slack's characters.
pub(crate) fn link(address: &str, name: &str) -> String {
    let address = address.replace('|', "%7C").replace('<', "%3C").replace('>', "%3E").replace('&', "&amp;");
    if limits::total(&address, limits::utf16) > LINK {
        return format!("{name}: its address is too long to be shown here");
    }
    format!("<{address}|{name}>")
}

/// `text` as it is read in Slack, without anything that Slack would make a mention, a link or an escape of.
pub(crate) fn escaped(text: &str, max: usize) -> String {
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
