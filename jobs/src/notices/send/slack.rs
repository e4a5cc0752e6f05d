//! A Slack incoming webhook. Slack must not look at the links: what looks at one must not be who confirms or leaves.

use serde_json::{Value, json};

use plimsoll_domain::alert::Verdict;
use plimsoll_domain::secret::Secret;
use plimsoll_domain::subscriber::StopReason;
use plimsoll_words::{Words, markdown};

use super::super::letter::{Letter, Says};
use super::Tells;
use crate::wire::Wire;
use crate::wire::exchange::Finding;
use crate::wire::slack::{self, SECTION, escaped, header, link, section};

/// Together less than the whole of a message may have, with a section of text and one of links.
const AFFECTED: usize = 2_000;
const FALLBACK: usize = 500;

/// What Slack says of a webhook that nothing will ever be taken by again (docs.slack.dev, incoming webhooks).
const GONE: [&str; 10] = [
    "action_prohibited",
    "channel_is_archived",
    "channel_not_found",
    "invalid_token",
    "no_active_hooks",
    "no_service",
    "no_service_id",
    "no_team",
    "team_disabled",
    "user_not_found",
];

/// Posts to the webhook.
pub(super) async fn send(wire: &Wire, letter: &Letter, url: &Secret) -> (Finding, Tells) {
    let found = slack::send(wire, url, &body(letter)).await;
    let is_gone = found.verdict == Verdict::Dead && GONE.contains(&error_in(&found.words).as_str());
    (found, if is_gone { Tells::Gone(StopReason::Refused) } else { Tells::Nothing })
}

/// Slack's word for what is wrong, in plain text or in JSON.
fn error_in(words: &str) -> String {
    let named = serde_json::from_str::<Value>(words).ok();
    let named = named.as_ref().and_then(|said| said["error"].as_str());
    named.unwrap_or(words).trim().to_owned()
}

fn body(letter: &Letter) -> Value {
    let words = letter.words();
    let (title, standing) = letter.heading(&words);
    let mut blocks = vec![header(&title)];
    if matches!(letter.says, Says::Confirm) {
        let [asked, otherwise] = letter.asks(&words).map(|text| escaped(&text, SECTION));
        let button = link(&letter.confirm_url(), &name(&words, "mail-confirm"));
        blocks.extend([section(&asked), section(&button), section(&otherwise)]);
    } else {
        let facts = standing.map(|standing| format!("*{}*", escaped(&standing, FALLBACK))).into_iter();
        let facts: Vec<_> = facts.chain(letter.when(&words).map(|when| escaped(&when, FALLBACK))).collect();
        blocks.push(section(&facts.join("\n")));
        let text = letter.body().map(markdown::text).filter(|text| !text.trim().is_empty());
        blocks.extend(text.map(|text| section(&escaped(&text, SECTION))));
        let affected = letter.affected(&words).join("\n");
        if !affected.is_empty() {
            let affected = escaped(&affected, AFFECTED);
            blocks.push(section(&format!("*{}*\n{affected}", name(&words, "mail-affected"))));
        }
        blocks.push(section(&links(letter, &words)));
    }
    let fallback = escaped(&letter.subject(&words), FALLBACK);
    json!({"text": fallback, "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
}

fn links(letter: &Letter, words: &Words) -> String {
    let read_on = link(&letter.read_on_url(), &name(words, "mail-open-page"));
    let leave = link(&letter.unsubscribe_url(), &name(words, "mail-unsubscribe"));
    format!("{read_on} · {leave}")
}

fn name(words: &Words, key: &str) -> String {
    escaped(&words.say(key), FALLBACK).replace('|', "/")
}
