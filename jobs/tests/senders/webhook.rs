//! Standard Webhooks: ids, signatures and size.

use plimsoll_domain::alert::{DeliveryAction, Verdict};
use plimsoll_domain::ids::AlertId;
use plimsoll_tests::receivers::{Answer, Webhook};

use crate::world::{alert, content, impatient_senders, send, senders, trigger, webhook};

#[tokio::test]
async fn both_secrets_sign_while_one_replaces_the_other_and_none_signs_without() {
    let host = Webhook::start().await;
    let (new, old) = (Webhook::SECRET, Webhook::OTHER_SECRET);
    for (secret, previous, expected) in [
        (None, None, &[][..]),
        (Some(new), None, &[new][..]),
        (Some(new), Some(old), &[new, old][..]),
        // Each of them verifies for whoever knows only that one.
        (Some(old), Some(new), &[new, old][..]),
    ] {
        host.expect_signatures(expected);
        assert_eq!(trigger(&webhook(&host, secret, previous)).await.verdict, Verdict::Delivered);
    }
    assert_eq!(host.faults(), Vec::<String>::new());
    host.expect_signatures(&[old]);
    assert_eq!(trigger(&webhook(&host, Some(new), None)).await.verdict, Verdict::Dead, "the wrong secret");
}

#[tokio::test]
async fn a_delivery_keeps_its_id_over_every_attempt() {
    let host = Webhook::start().await;
    host.answer_with([Answer::Status(500), Answer::Hang]);
    let (senders, alert) = (impatient_senders(None), alert(content(), "key"));
    for _ in 0..3 {
        send(&senders, &alert, DeliveryAction::Trigger, &webhook(&host, None, None)).await;
    }
    send(&senders, &alert, DeliveryAction::Resolve, &webhook(&host, None, None)).await;
    let ids: Vec<_> = host.received().iter().map(|one| one.headers["webhook-id"].clone()).collect();
    let id: &AlertId = &alert.id;
    assert_eq!(ids[..3], [(); 3].map(|()| format!("{id}-1")));
    assert_eq!(ids[3], format!("{id}-3"));
}

#[tokio::test]
async fn details_go_first_when_a_body_is_too_large_then_labels() {
    let host = Webhook::start().await;
    let target = webhook(&host, None, None);
    let mut large = content();
    large.details = Some(serde_json::json!({"log": "x".repeat(30_000)}).to_string());
    send(&senders(None), &alert(large.clone(), "key"), DeliveryAction::Trigger, &target).await;
    large.labels = (0..64).map(|number| (format!("label{number:02}"), "y".repeat(2_000))).collect();
    send(&senders(None), &alert(large, "key"), DeliveryAction::Trigger, &target).await;
    assert_eq!(host.faults(), Vec::<String>::new());
    let received = host.received();
    let (first, second) = (&received[0].body["data"], &received[1].body["data"]);
    assert!(first["details"].is_null() && first["details_truncated"] == true, "{first}");
    assert_eq!((first["labels"]["team"].as_str(), first.get("labels_truncated")), (Some("shop"), None));
    assert_eq!(second["labels_truncated"], true);
    let label = second["labels"]["label00"].as_str().expect("the first label is there");
    assert!(label.ends_with("more characters]"), "{label}");
}

#[tokio::test]
async fn a_body_says_what_happened() {
    let host = Webhook::start().await;
    let alert = alert(content(), "checkout/5xx");
    send(&senders(None), &alert, DeliveryAction::Resolve, &webhook(&host, None, None)).await;
    let body = &host.received()[0].body;
    assert_eq!(body["type"], "alert.resolved");
    assert_eq!(body["data"]["dedup_key"], "checkout/5xx");
    assert_eq!(body["data"]["details"]["hosts"][1], "b");
    assert_eq!(body["data"]["test"], false);
}
