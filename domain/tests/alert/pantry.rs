//! What the tests are made of: contents, receivers, and configurations that are valid.

use std::collections::BTreeMap;

use plimsoll_domain::alert::{AlertConfig, Content, Receiver, ReceiverName, Route, Router, Severity, Target};
use plimsoll_domain::secret::Secret;
use plimsoll_domain::time::{Span, Timestamp};

/// A Monday, 08:00 UTC.
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_793_606_400);
/// Who can be told. The mail takes no acknowledgements.
pub(crate) const NAMES: [&str; 3] = ["pager", "chat", "mail"];

pub(crate) fn name(text: &str) -> ReceiverName {
    text.parse().expect("a name")
}

pub(crate) fn content(severity: Severity, team: &str) -> Content {
    Content {
        summary: "it is down".to_owned(),
        severity,
        source: "ci".to_owned(),
        component: Some("api".to_owned()),
        labels: BTreeMap::from([("team".to_owned(), team.to_owned())]),
        details: None,
        runbook_url: None,
    }
}

/// The receiver of this name, under its `key`th key.
pub(crate) fn receiver(text: &str, key: u8) -> Receiver {
    let target = match text {
        "pager" => Target::Pagerduty { routing_key: Secret::new(format!("{key:032}")), endpoint: None },
        "chat" => Target::Slack { url: Secret::new(format!("https://hooks.example/{key}")) },
        _ => Target::Email { to: vec![format!("who{key}@example.com")] },
    };
    Receiver { name: name(text), target }
}

pub(crate) fn route(matcher: &str, receivers: &[&str]) -> Route {
    Route {
        matchers: vec![matcher.parse().expect("a matcher")],
        receivers: receivers.iter().map(|text| name(text)).collect(),
        ..Route::default()
    }
}

/// Of the team `core` the pager is told and then the chat, of the team `shop` the chat, of everything else the pager.
pub(crate) fn config(cooldown: i64, repeat_after: Option<i64>) -> AlertConfig {
    let core = Route { goes_on: true, ..route("team=core", &["pager"]) };
    AlertConfig {
        receivers: NAMES.map(|text| receiver(text, 0)).to_vec(),
        router: Router {
            routes: vec![core, route("team=~\"core|shop\"", &["chat"]), route("team=web", &["mail"])],
            default_receivers: vec![name("pager")],
            ..Router::default()
        },
        cooldown: Span::from_seconds(cooldown),
        repeat_after: repeat_after.map(Span::from_seconds),
        ..AlertConfig::default()
    }
}
