//! What each kind is told of each action.

use plimsoll_domain::alert::{DeliveryAction, Verdict};

use crate::world::{ACTIONS, PUBLIC_URL, Peer, alert, content, send, senders, test_content};

#[tokio::test]
async fn every_kind_takes_every_action() {
    let (senders, alert) = (senders(None), alert(content(), "checkout/5xx?a#b %"));
    for peer in Peer::all().await {
        for action in ACTIONS {
            let outcome = send(&senders, &alert, action, &peer.target).await;
            assert_eq!(outcome.verdict, Verdict::Delivered, "{} {action:?}: {outcome:?}", peer.target.kind());
            assert!(outcome.status.is_some_and(|status| (200..300).contains(&status)), "{outcome:?}");
        }
        assert_eq!(peer.host.faults(), Vec::<String>::new(), "{}", peer.target.kind());
        assert_eq!(peer.host.accepted().len(), 3, "{}", peer.target.kind());
    }
}

#[tokio::test]
async fn a_test_says_that_it_is_one_and_nothing_else_does() {
    let senders = senders(None);
    for peer in Peer::all().await {
        for (content, says_test) in [(test_content(), true), (content(), false)] {
            let outcome = send(&senders, &alert(content, "key"), DeliveryAction::Trigger, &peer.target).await;
            assert_eq!(outcome.verdict, Verdict::Delivered, "{outcome:?}");
            let body = peer.host.received().pop().expect("it came").body.to_string();
            let said = ["TEST", r#""test":true"#].iter().any(|words| body.contains(words));
            assert_eq!(said, says_test, "{}: {body}", peer.target.kind());
        }
    }
}

#[tokio::test]
async fn pagerduty_is_told_everything_of_a_trigger_and_only_the_keys_of_a_resolve() {
    let (peer, alert) = (Peer::pagerduty().await, alert(content(), "checkout/5xx"));
    for action in [DeliveryAction::Trigger, DeliveryAction::Resolve] {
        send(&senders(None), &alert, action, &peer.target).await;
    }
    let received = peer.host.received();
    let (trigger, resolve) = (&received[0].body, &received[1].body);
    assert_eq!(trigger["payload"]["summary"], alert.content.summary);
    assert_eq!(trigger["payload"]["severity"], "critical");
    assert_eq!(trigger["payload"]["component"], "checkout");
    assert_eq!(trigger["payload"]["class"], "5xx");
    assert_eq!(trigger["payload"]["custom_details"]["details"]["rate"], 0.12);
    assert_eq!(trigger["payload"]["custom_details"]["labels"]["team"], "shop");
    assert_eq!(trigger["client_url"], format!("{PUBLIC_URL}/s/acme"));
    assert_eq!(trigger["links"][0]["href"], "https://wiki.example.com/checkout?a=1&b=2");
    assert_eq!(trigger["dedup_key"], resolve["dedup_key"]);
    assert!(resolve.get("payload").is_none(), "{resolve}");
}

#[tokio::test]
async fn an_event_that_is_too_large_is_sent_without_its_details_and_says_so() {
    let (peer, mut content) = (Peer::pagerduty().await, content());
    content.labels = (0..64).map(|number| (format!("label{number}"), "å".repeat(4_000))).collect();
    let outcome = send(&senders(None), &alert(content, "key"), DeliveryAction::Trigger, &peer.target).await;
    assert_eq!((outcome.verdict, peer.host.faults()), (Verdict::Delivered, Vec::new()), "{outcome:?}");
    let details = peer.host.received()[0].body["payload"]["custom_details"].to_string();
    assert!(details.contains("left out"), "{details}");
}

#[tokio::test]
async fn chats_are_told_in_words_what_happened_and_where_to_look() {
    for peer in [Peer::slack().await, Peer::teams().await] {
        let alert = alert(content(), "checkout/5xx");
        for (action, word) in ACTIONS.into_iter().zip(["triggered", "acknowledged", "resolved"]) {
            send(&senders(None), &alert, action, &peer.target).await;
            let body = peer.host.received().pop().expect("it came").body.to_string();
            for words in
                ["CRITICAL", word, "Checkout fails", "prometheus", "checkout", "team = shop", "/s/acme", "wiki"]
            {
                assert!(body.contains(words), "{} {action:?} {words}: {body}", peer.target.kind());
            }
        }
    }
}
