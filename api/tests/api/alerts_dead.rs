//! Deliveries that nobody tries any more.

use serde_json::{Value, json};

use plimsoll_domain::alert::{Lease, Outcome, Verdict};
use plimsoll_domain::time::{Clock, Span};

use crate::alerts::{FIRE, HISTORY, action, trigger, world};
use crate::common::World;

const DEAD: &str = "/observability/alerts/dead/acme";

/// Fires an alert and has what waits for `receiver` finish as `verdict`, as whoever sends does; the alert's id.
async fn fired(world: &World, admin: &str, body: Value, (receiver, verdict): (&str, Verdict)) -> String {
    let id = world.post(admin, FIRE, body).await.expect(202).body["alert_id"].as_str().expect("an id").to_owned();
    finish(world, &id, (receiver, verdict)).await;
    id
}

async fn finish(world: &World, id: &str, (receiver, verdict): (&str, Verdict)) {
    let (tenant, now) = ("acme".parse().expect("valid"), world.clock.now());
    let held = world.store.alert(&tenant, &id.parse().expect("valid")).await.expect("reads").expect("an alert");
    let lease = Lease { holder: "test".to_owned(), until: now.plus(Span::minutes(1)) };
    let mut next = held.next(now);
    let number = next.lease(&receiver.parse().expect("valid"), &lease, now).expect("something waits");
    let outcome = Outcome::new(verdict, Some(400), "invalid key");
    assert!(next.finish(number, &outcome, outcome.attempt(now, 12), (now, 0.5)));
    assert_eq!(world.store.put_alerts(&[next]).await.expect("stored"), [true]);
}

#[tokio::test]
async fn a_dead_delivery_is_listed_with_its_attempts_and_can_be_sent_again() {
    let (world, admin) = world().await;
    let id = fired(&world, &admin, trigger("db", "critical"), ("pager", Verdict::Dead)).await;
    fired(&world, &admin, trigger("web", "info"), ("hook", Verdict::Delivered)).await;
    let listed = world.get(&admin, DEAD).await.expect(200).body;
    let noon = "2026-11-01T12:00:00.000Z";
    let expected = json!({"alert_id": id, "dedup_key": "db", "summary": "db is down", "severity": "critical",
        "id": format!("{id}-1"), "receiver": "pager", "kind": "pagerduty", "action": "trigger", "state": "dead",
        "reason": "invalid key", "next_attempt_at": null, "created_at": noon,
        "attempts": [{"at": noon, "duration_ms": 12, "result": "dead", "status": 400, "words": "invalid key"}]});
    assert_eq!(listed, json!({"items": [expected], "next_cursor": null}));
    assert_eq!(world.get(&admin, &format!("{DEAD}?receiver=hook")).await.expect(200).body["items"], json!([]));
    assert_eq!(world.get(&admin, &format!("{HISTORY}?state=dead")).await.expect(200).body["items"][0]["alert_id"], id);
    let path = format!("{DEAD}/{id}-1/replay");
    let again = world.post(&admin, &path, json!({})).await.expect(202).body;
    assert_eq!((&again["state"], &again["id"]), (&json!("waiting"), &json!(format!("{id}-1"))));
    world.post(&admin, &path, json!({})).await.problem(409);
    assert_eq!(world.get(&admin, DEAD).await.expect(200).body["items"], json!([]));
    let alert = world.get(&admin, &format!("{HISTORY}/{id}")).await.expect(200).body;
    assert_eq!(alert["events"][1]["kind"], "replayed");
    for unknown in [format!("{DEAD}/{id}-9/replay"), format!("{DEAD}/alt-x-1/replay"), format!("{DEAD}/no/replay")] {
        world.post(&admin, &unknown, json!({})).await.problem(404);
    }
}

#[tokio::test]
async fn what_died_of_an_alert_is_not_sent_while_a_newer_one_of_its_key_is_open() {
    let (world, admin) = world().await;
    let id = fired(&world, &admin, trigger("db", "critical"), ("pager", Verdict::Dead)).await;
    world.post(&admin, FIRE, action("resolve", "db")).await.expect(202);
    world.clock.advance(Span::hours(1));
    let newer = world.post(&admin, FIRE, trigger("db", "critical")).await.expect(202).body;
    assert_ne!(newer["alert_id"], json!(id));
    world.post(&admin, &format!("{DEAD}/{id}-1/replay"), json!({})).await.problem(409);
    let all = world.post(&admin, &format!("{DEAD}/replay"), json!({})).await.expect(202).body;
    assert_eq!(all, json!({"replayed": 0, "left": 1}));
}

#[tokio::test]
async fn all_that_is_dead_or_what_is_dead_of_one_receiver_is_sent_again() {
    let (world, admin) = world().await;
    for key in ["a", "b", "c"] {
        fired(&world, &admin, trigger(key, "critical"), ("pager", Verdict::Dead)).await;
        fired(&world, &admin, trigger(&format!("{key}{key}"), "info"), ("hook", Verdict::Dead)).await;
    }
    let first = world.get(&admin, &format!("{DEAD}?limit=4")).await.expect(200).body;
    let next = first["next_cursor"].as_str().expect("a cursor");
    let rest = world.get(&admin, &format!("{DEAD}?limit=4&cursor={next}")).await.expect(200).body;
    let count = |page: &Value| page["items"].as_array().map(Vec::len);
    assert_eq!((count(&first), count(&rest), &rest["next_cursor"]), (Some(4), Some(2), &Value::Null));
    let path = format!("{DEAD}/replay");
    let some = world.post(&admin, &path, json!({"receiver": "pager"})).await.expect(202).body;
    assert_eq!(some, json!({"replayed": 3, "left": 0}));
    let empty = crate::common::request("POST", &admin, &path, axum::body::Body::empty());
    assert_eq!(world.send(empty).await.expect(202).body, json!({"replayed": 3, "left": 0}));
    assert_eq!(world.post(&admin, &path, json!({"receiver": "a b"})).await.problem(422), ["/receiver"]);
    assert_eq!(world.post(&admin, &path, json!({"loud": 1})).await.problem(422), ["/loud"]);
    assert_eq!(world.get(&admin, &format!("{DEAD}?receiver=a%20b")).await.problem(422), ["/receiver"]);
}
