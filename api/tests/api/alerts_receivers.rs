//! How receivers do, and what a test of one says.

use serde_json::json;

use plimsoll_domain::alert::receiver::SwitchedOff;
use plimsoll_domain::alert::{Lease, Outcome, ReceiverName, ReceiverState, Verdict};
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::time::{Clock, Span};
use plimsoll_store::AlertFilter;

use crate::alerts::{CONFIG, HISTORY, world};
use crate::common::World;

fn acme() -> TenantId {
    "acme".parse().expect("valid")
}

#[tokio::test]
async fn a_receiver_that_was_switched_off_is_shown_and_enabled_again() {
    let (world, admin) = world().await;
    let config = world.store.alert_config(&acme()).await.expect("reads").expect("configured");
    let hook: ReceiverName = "hook".parse().expect("valid");
    let place = config.receiver(&hook).expect("configured").target.place();
    let off = SwitchedOff { at: world.clock.now(), reason: "410 Gone".to_owned(), place };
    let state = ReceiverState {
        failed_at: Some(world.clock.now()),
        failure: Some("410 Gone".to_owned()),
        failures_in_a_row: 3,
        switched_off: Some(off),
        ..ReceiverState::unknown(acme(), hook)
    };
    world.store.put_receiver_states(&[state]).await.expect("stored");
    let listed = world.get(&admin, &format!("{CONFIG}/receivers")).await.expect(200).body;
    let noon = "2026-11-01T12:00:00.000Z";
    let nothing = json!({"delivered_at": null, "failed_at": null, "failure": null, "failures_in_a_row": 0,
        "switched_off": null});
    let mut bad = json!({"delivered_at": null, "failed_at": noon, "failure": "410 Gone", "failures_in_a_row": 3,
        "switched_off": {"at": noon, "reason": "410 Gone"}});
    let expected = json!({"items": [{"name": "hook", "kind": "webhook", "health": bad},
        {"name": "pager", "kind": "pagerduty", "health": nothing}], "next_cursor": null});
    assert_eq!(listed, expected);
    let enabled = world.post(&admin, &format!("{CONFIG}/receivers/hook/enable"), json!({})).await.expect(200).body;
    bad["switched_off"] = json!(null);
    assert_eq!(enabled["health"], bad);
    let listed = world.get(&admin, &format!("{CONFIG}/receivers")).await.expect(200).body;
    assert_eq!(listed["items"][0]["health"], bad);
    world.post(&admin, &format!("{CONFIG}/receivers/pager/enable"), json!({})).await.expect(200);
    world.post(&admin, &format!("{CONFIG}/receivers/none/enable"), json!({})).await.problem(404);
}

/// Sends whatever waits for `hook`, as the sender does, until `count` deliveries are finished.
async fn deliver(world: &World, count: usize, verdict: Verdict) {
    let hook: ReceiverName = "hook".parse().expect("valid");
    let now = world.clock.now();
    let lease = Lease { holder: "test".to_owned(), until: now.plus(Span::minutes(1)) };
    let mut sent = 0;
    while sent < count {
        let ready = world.store.ready_alerts(&acme(), &hook, now, 1).await.expect("reads");
        let Some(held) = ready.into_iter().next() else {
            tokio::task::yield_now().await;
            continue;
        };
        let mut next = held.next(now);
        let number = next.lease(&hook, &lease, now).expect("something is ready");
        let outcome = Outcome::new(verdict, None, "said");
        assert!(next.finish(number, &outcome, outcome.attempt(now, 1), (now, 0.5)));
        // Its end may be stored in between: then it is looked at anew.
        sent += usize::from(world.store.put_alerts(&[next]).await.expect("stored") == [true]);
    }
}

#[tokio::test]
async fn a_test_is_an_alert_and_its_end_and_says_what_came_of_both() {
    let (world, admin) = world().await;
    let silence = json!({"matchers": ["severity=\"info\""], "until_resolved": true, "comment": "Quiet."});
    world.post(&admin, "/tenants/acme/silences", silence).await.expect(201);
    let path = format!("{CONFIG}/receivers/hook/test");
    let (answer, ()) = tokio::join!(world.post(&admin, &path, json!({})), deliver(&world, 2, Verdict::Delivered));
    let answer = answer.expect(200).body;
    assert_eq!(answer["delivered"], true);
    let told = answer["deliveries"].as_array().expect("deliveries");
    assert_eq!((&told[0]["action"], &told[1]["action"]), (&json!("trigger"), &json!("resolve")));
    assert_eq!(told[0]["attempts"][0]["words"], "said");
    let alert = world.get(&admin, &format!("{HISTORY}/{}", answer["alert_id"].as_str().expect("an id"))).await;
    let alert = alert.expect(200).body;
    assert_eq!((&alert["labels"], &alert["severity"]), (&json!({"test": "true"}), &json!("info")));
    assert_eq!(alert["source"], "plimsoll-test");
    assert!(alert["summary"].as_str().is_some_and(|text| text.starts_with("Test of receiver hook, asked for by ")));
    let (answer, ()) = tokio::join!(world.post(&admin, &path, json!({})), deliver(&world, 1, Verdict::Dead));
    assert_eq!(answer.expect(200).body["delivered"], false);
    world.post(&admin, &format!("{CONFIG}/receivers/none/test"), json!({})).await.problem(404);
}

#[tokio::test]
async fn a_test_that_is_not_finished_in_time_is_still_being_tried() {
    let (world, admin) = world().await;
    // In its ten seconds of real time: with a clock that runs ahead, whatever else has a limit would meet it while the store's
    // own thread works.
    world.post(&admin, &format!("{CONFIG}/receivers/pager/test"), json!({})).await.expect(202);
    let now = world.clock.now();
    let filter = AlertFilter::all(now..now.plus(Span::minutes(1)));
    let alerts = world.store.alerts(&acme(), &filter, None, 10).await.expect("reads");
    assert_eq!((alerts.len(), alerts[0].deliveries.len()), (1, 2));
}
