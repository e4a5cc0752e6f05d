//! What goes wrong, and what is made of it.

use std::time::Duration;

use futures_util::future::join_all;
use plimsoll_domain::alert::{DeliveryAction, Target, Verdict};
use plimsoll_domain::secret::Secret;
use plimsoll_domain::time::Span;
use plimsoll_jobs::deliver::send::{Patience, Senders};
use plimsoll_tests::receivers::{Answer, Host, Slack, Teams};

use crate::world::{Peer, alert, content, impatient_senders, retry, send, senders, trigger, trigger_by};

/// Every kind makes `expected` of `answer`.
async fn expect(answer: Answer, expected: Verdict, status: Option<u16>) {
    expect_by(&senders(None), answer, expected, status).await;
}

/// The same by certain senders.
async fn expect_by(senders: &Senders, answer: Answer, expected: Verdict, status: Option<u16>) {
    let one = |peer: Peer| {
        peer.host.answer_with([answer.clone()]);
        async move {
            let outcome = trigger_by(senders, &peer.target).await;
            assert_eq!((outcome.verdict, outcome.status), (expected, status), "{}: {outcome:?}", peer.target.kind());
            assert!(!outcome.words.is_empty(), "{}", peer.target.kind());
            assert_eq!(peer.host.faults(), Vec::<String>::new(), "{}", peer.target.kind());
            assert_eq!(peer.host.received().len(), 1, "{} was asked again", peer.target.kind());
        }
    };
    join_all(Peer::all().await.into_iter().map(one)).await;
}

#[tokio::test]
async fn too_many_requests_are_tried_again_when_the_receiver_asks_for_it() {
    let after = Some(Span::from_seconds(120));
    expect(Answer::RetryAfter(429, 120), Verdict::Retry { after, may_have_arrived: false }, Some(429)).await;
    expect(Answer::RetryAfter(503, 120), Verdict::Retry { after, may_have_arrived: false }, Some(503)).await;
}

#[tokio::test]
async fn a_failing_server_is_tried_again() {
    expect(Answer::Status(500), retry(false), Some(500)).await;
    expect(Answer::Status(408), retry(false), Some(408)).await;
}

#[tokio::test]
async fn a_refusal_is_for_good() {
    expect(Answer::Status(400), Verdict::Dead, Some(400)).await;
    expect(Answer::Status(404), Verdict::Dead, Some(404)).await;
}

#[tokio::test]
async fn no_answer_may_have_arrived() {
    let senders = impatient_senders(None);
    expect_by(&senders, Answer::Hang, retry(true), None).await;
    expect_by(&senders, Answer::SlowBody, retry(true), None).await;
}

#[tokio::test]
async fn a_broken_exchange_may_have_arrived() {
    expect(Answer::Reset, retry(true), None).await;
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let elsewhere = Slack::start().await;
    expect(Answer::Redirect(elsewhere.url()), retry(false), Some(307)).await;
    assert!(elsewhere.received().is_empty());
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_switched_off_and_another_kind_is_not() {
    for peer in Peer::all().await {
        peer.host.answer_with([Answer::Status(410)]);
        let verdict = trigger(&peer.target).await.verdict;
        let expected = if peer.target.kind() == "webhook" { Verdict::SwitchOff } else { Verdict::Dead };
        assert_eq!(verdict, expected, "{}", peer.target.kind());
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_has_arrived_and_later_it_does() {
    for peer in Peer::all().await {
        let host: &Host = &peer.host;
        host.stop();
        let outcome = trigger(&peer.target).await;
        assert_eq!(outcome.verdict, retry(false), "{}: {outcome:?}", peer.target.kind());
        host.start_again().await;
        assert_eq!(trigger(&peer.target).await.verdict, Verdict::Delivered);
    }
}

#[tokio::test]
async fn an_address_that_must_not_be_reached_is_dead_and_a_name_that_is_none_is_tried_again() {
    let slack = |url: &str| Target::Slack { url: Secret::new(url) };
    let alert = alert(content(), "key");
    let outcome = send(&senders(None), &alert, DeliveryAction::Trigger, &slack("http://10.0.0.1/x")).await;
    assert_eq!(outcome.verdict, Verdict::Dead);
    assert!(outcome.words.contains("PLIMSOLL_EGRESS_ALLOW"), "{}", outcome.words);
    let outcome = send(&senders(None), &alert, DeliveryAction::Trigger, &slack("http://nobody.invalid/x")).await;
    assert_eq!(outcome.verdict, retry(false), "{outcome:?}");
}

#[tokio::test]
async fn slack_says_ok_or_it_has_refused() {
    let slack = Peer::slack().await;
    let says = |words: &str| Answer::Says(200, words.to_owned());
    for (words, expected) in [
        ("ok", Verdict::Delivered),
        ("ok\n", Verdict::Delivered),
        (r#"{"ok": true, "ts": "1.2"}"#, Verdict::Delivered),
        (r#"{"ok": false, "error": "channel_is_archived"}"#, Verdict::Dead),
        ("no_service", Verdict::Dead),
        ("", Verdict::Dead),
    ] {
        slack.host.answer_with([says(words)]);
        let outcome = trigger(&slack.target).await;
        assert_eq!(outcome.verdict, expected, "{words}: {outcome:?}");
    }
}

#[tokio::test]
async fn what_teams_said_to_the_workflow_counts() {
    let teams = Teams::start().await;
    let target = Target::Teams { url: Secret::new(teams.url()) };
    for (status, expected) in [(429, retry(false)), (502, retry(false)), (403, Verdict::Dead)] {
        let words = format!(
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {status}"
        );
        teams.answer_with([Answer::Says(200, words)]);
        let outcome = trigger(&target).await;
        assert_eq!((outcome.verdict, outcome.status), (expected, Some(status)), "{outcome:?}");
    }
    teams.answer_with([Answer::Says(200, "1".to_owned())]);
    assert_eq!(trigger(&target).await.verdict, Verdict::Delivered);
}

#[test]
fn nobody_is_waited_for_longer_than_promised() {
    let patience = Patience::default();
    assert_eq!((patience.attempt, patience.asking), (Duration::from_secs(15), Duration::from_secs(25)));
}
