//! Opsgenie takes a request at once and does it later: what is made of what becomes of it.

use plimsoll_domain::alert::{DeliveryAction, Outcome, Verdict};
use plimsoll_tests::receivers::{Opsgenie, Processing};

use crate::world::{alert, content, impatient_senders, opsgenie, retry, send, senders, trigger_by};

async fn told(host: &Opsgenie, action: DeliveryAction) -> Outcome {
    send(&senders(None), &alert(content(), "checkout/5xx"), action, &opsgenie(host)).await
}

#[tokio::test]
async fn a_request_is_delivered_once_it_is_processed() {
    let host = Opsgenie::start().await;
    host.process(Processing::After(3));
    let outcome = told(&host, DeliveryAction::Trigger).await;
    assert_eq!((outcome.verdict, outcome.words.as_str()), (Verdict::Delivered, "Created alert"));
    assert_eq!(host.open().get("checkout/5xx"), Some(&1));
    told(&host, DeliveryAction::Trigger).await;
    assert_eq!(host.open().get("checkout/5xx"), Some(&2), "the same alert counts up");
    assert_eq!(told(&host, DeliveryAction::Acknowledge).await.words, "Acknowledged alert");
    assert_eq!(told(&host, DeliveryAction::Resolve).await.words, "Closed alert");
    assert!(host.open().is_empty());
}

#[tokio::test]
async fn a_request_that_is_not_processed_in_time_is_tried_again() {
    let host = Opsgenie::start().await;
    host.process(Processing::Never);
    let outcome = trigger_by(&impatient_senders(None), &opsgenie(&host)).await;
    assert_eq!(outcome.verdict, retry(true), "{outcome:?}");
}

#[tokio::test]
async fn a_request_that_fails_is_dead_with_the_words_of_the_provider() {
    let host = Opsgenie::start().await;
    host.process(Processing::Fails("Alert is not created: the integration is turned off".to_owned()));
    for action in [DeliveryAction::Trigger, DeliveryAction::Resolve] {
        let outcome = told(&host, action).await;
        assert_eq!(outcome.verdict, Verdict::Dead);
        assert!(outcome.words.contains("turned off"), "{outcome:?}");
    }
}

#[tokio::test]
async fn closing_what_does_not_exist_is_no_failure() {
    let host = Opsgenie::start().await;
    for action in [DeliveryAction::Acknowledge, DeliveryAction::Resolve] {
        let outcome = told(&host, action).await;
        assert_eq!(outcome.verdict, Verdict::Delivered, "{outcome:?}");
        assert!(outcome.words.contains("nothing is open there"), "{outcome:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_after_is_delivered_and_what_is_not_answered_is_tried_again() {
    let host = Opsgenie::start().await;
    host.process(Processing::Hidden);
    let outcome = trigger_by(&impatient_senders(None), &opsgenie(&host)).await;
    assert_eq!((outcome.verdict, outcome.status), (Verdict::Delivered, Some(202)));
    assert!(outcome.words.contains("could not be confirmed"), "{outcome:?}");
    host.process(Processing::Broken);
    let outcome = trigger_by(&impatient_senders(None), &opsgenie(&host)).await;
    let again = Verdict::Retry { after: None, may_have_arrived: true };
    assert_eq!((outcome.verdict, outcome.status), (again, Some(202)), "{outcome:?}");
    host.name_no_requests();
    let outcome = told(&host, DeliveryAction::Trigger).await;
    assert_eq!(outcome.verdict, Verdict::Delivered);
    assert!(outcome.words.contains("names no request"), "{outcome:?}");
}
