//! Whatever an alert says, every receiver takes what is made of it.

use std::collections::BTreeMap;

use plimsoll_domain::alert::{Alert, Content, Severity, Verdict};
use plimsoll_jobs::deliver::send::Senders;
use plimsoll_runtime::mailer::Mailer;
use plimsoll_tests::receivers::{Smtp, SmtpSetup};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;

use crate::mail::{mailer, target};
use crate::world::{ACTIONS, Peer, alert, send, senders};

/// What escapes, counts or encodes badly.
const SPECIAL: &str = "&<>|*_`\"'\\\n\t\0\u{7f}\u{85}\u{2028}\u{202e}\u{feff}é🦀👩‍🚀[](){}@#:;,.%~/ \u{10ffff}";

/// A text of 1 to `most` characters, often of that many, that is not blank.
fn text(most: usize) -> impl Strategy<Value = String> {
    let chars = prop_oneof![2 => any::<char>(), 2 => select(SPECIAL.chars().collect::<Vec<_>>()), 1 => any::<u8>().prop_map(char::from)];
    let length = prop_oneof![1 => 1..=20usize, 1 => 1..=most, 1 => Just(most)];
    (vec(chars, 1..30), length)
        .prop_map(|(pattern, length)| pattern.iter().cycle().take(length).collect::<String>())
        .prop_filter("blank", |text| !text.trim().is_empty())
}

fn labels() -> impl Strategy<Value = BTreeMap<String, String>> {
    let few = btree_map(text(20), text(60), 0..6);
    let many = btree_map(text(128), text(4_000), 0..=64);
    prop_oneof![2 => few, 1 => many]
}

fn details() -> impl Strategy<Value = Option<String>> {
    let object = |text: String| serde_json::json!({"what": text, "more": [1, null, {"x": "y"}]}).to_string();
    prop_oneof![Just(None), text(30_000).prop_map(move |text| Some(object(text))), text(9).prop_map(Some)]
}

fn runbook() -> impl Strategy<Value = Option<String>> {
    let url = text(500).prop_map(|text| Some(format!("https://wiki.example.com/{text}")));
    prop_oneof![
        Just(None),
        url.prop_filter("no URL", |url| url::Url::parse(url.as_deref().unwrap_or_default()).is_ok())
    ]
}

prop_compose! {
    fn content()(
        summary in text(4_000),
        severity in select(Severity::ALL.to_vec()),
        source in text(255),
        component in prop::option::of(text(255)),
        mut labels in labels(),
        is_test in any::<bool>(),
        details in details(),
        runbook_url in runbook(),
    ) -> Content {
        if is_test {
            labels.insert("test".to_owned(), "true".to_owned());
        }
        Content { summary, severity, source, component, labels, details, runbook_url }
    }
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![text(255), Just(".".to_owned()), Just("..".to_owned())]
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::with_cases(cases) }
}

async fn all_are_taken(senders: &Senders, alert: &Alert, peer: &Peer) -> Result<(), TestCaseError> {
    peer.host.forget();
    for action in ACTIONS {
        let outcome = send(senders, alert, action, &peer.target).await;
        prop_assert_eq!(outcome.verdict, Verdict::Delivered, "{} {:?}: {:?}", peer.target.kind(), action, outcome);
    }
    prop_assert_eq!(peer.host.faults(), Vec::<String>::new(), "{}", peer.target.kind());
    Ok(())
}

#[test]
fn every_message_is_within_the_limits_of_its_receiver() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (peers, senders) = (runtime.block_on(Peer::all()), senders(None));
    proptest!(config(40), |(content in content(), key in key())| {
        let alert = alert(content, &key);
        for peer in &peers {
            runtime.block_on(all_are_taken(&senders, &alert, peer))?;
        }
    });
}

#[test]
fn every_mail_is_one() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server: Smtp = runtime.block_on(SmtpSetup::default().start());
    let mailer: Mailer = mailer(&server);
    let senders = senders(Some(mailer));
    proptest!(config(20), |(content in content(), key in key())| {
        let alert = alert(content, &key);
        for action in ACTIONS {
            let outcome = runtime.block_on(send(&senders, &alert, action, &target()));
            prop_assert_eq!(outcome.verdict, Verdict::Delivered, "{:?}: {:?} {:?}", action, outcome, server.faults());
        }
        prop_assert_eq!(server.faults(), Vec::<String>::new());
    });
}
