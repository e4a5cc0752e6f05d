//! Silences: what nobody wants to hear of for a while.

use std::sync::atomic::Ordering;

use axum::body::Body;
use rstest::rstest;
use serde_json::{Value, json};

use plimsoll_domain::time::Span;

use crate::alerts::{FIRE, trigger, world};
use crate::common::{Answer, World, request};

const SILENCES: &str = "/tenants/acme/silences";

fn quiet() -> Value {
    json!({"matchers": ["source=\"ci\""], "ends_at": "2026-11-01T13:00:00Z", "comment": "We know."})
}

async fn ids(world: &World, admin: &str, query: &str) -> Vec<String> {
    let listed = world.get(admin, &format!("{SILENCES}{query}")).await.expect(200).body;
    let of = |silence: &Value| silence["id"].as_str().expect("an id").to_owned();
    listed["items"].as_array().expect("items").iter().map(of).collect()
}

#[tokio::test]
async fn what_is_silenced_is_kept_back_and_says_by_what() {
    let (world, admin) = world().await;
    let operator = world.key(&admin, "acme", "operator").await;
    let before = world.told.load(Ordering::Relaxed);
    let made = world.post(&operator, SILENCES, quiet()).await.expect(201);
    assert_eq!(world.told.load(Ordering::Relaxed), before + 1);
    let id = made.body["id"].as_str().expect("an id").to_owned();
    let expected = json!({"id": id, "matchers": ["source=\"ci\""], "starts_at": "2026-11-01T12:00:00.000Z",
        "ends_at": "2026-11-01T13:00:00.000Z", "until_resolved": false, "comment": "We know.", "by": "a operator",
        "status": "active"});
    assert_eq!(made.body, expected);
    assert_eq!(world.get(&admin, made.header("location")).await.expect(200).body, expected);
    let fired = world.post(&admin, FIRE, trigger("db", "critical")).await.expect(202).body;
    assert_eq!((&fired["reason"], &fired["detail"]), (&json!("silence"), &json!(id)));
    world.clock.advance(Span::minutes(1));
    assert_eq!(world.delete(&operator, made.header("location")).await.status.as_u16(), 204);
    assert_eq!(world.delete(&operator, made.header("location")).await.status.as_u16(), 204);
    assert!(world.told.load(Ordering::Relaxed) >= before + 2);
    let ended = world.get(&admin, made.header("location")).await.expect(200).body;
    assert_eq!((&ended["status"], &ended["ends_at"]), (&json!("expired"), &json!("2026-11-01T12:01:00.000Z")));
    world.delete(&operator, &format!("{SILENCES}/sil-none")).await.problem(404);
    world.get(&operator, &format!("{SILENCES}/sil-none")).await.problem(404);
}

#[tokio::test]
async fn those_that_are_over_are_listed_when_they_are_asked_for() {
    let (world, admin) = world().await;
    for (id, starts_at, ends_at) in [("old", "10:00", "11:00"), ("now", "11:30", "13:00"), ("soon", "12:30", "13:00")] {
        let mut body = quiet();
        body["id"] = json!(id);
        body["starts_at"] = json!(format!("2026-11-01T{starts_at}:00Z"));
        body["ends_at"] = json!(format!("2026-11-01T{ends_at}:00Z"));
        world.post(&admin, SILENCES, body).await.expect(201);
    }
    assert_eq!(ids(&world, &admin, "").await, ["soon", "now"]);
    assert_eq!(ids(&world, &admin, "?all=true").await, ["soon", "now", "old"]);
    let page = world.get(&admin, &format!("{SILENCES}?all=true&limit=2")).await.expect(200).body;
    let next = page["next_cursor"].as_str().expect("a cursor");
    assert_eq!(ids(&world, &admin, &format!("?all=true&cursor={next}")).await, ["old"]);
    assert_eq!(page["items"][0]["status"], "pending");
    // One that is ended before it starts never comes into force.
    assert_eq!(world.delete(&admin, &format!("{SILENCES}/soon")).await.status.as_u16(), 204);
    assert_eq!(ids(&world, &admin, "").await, ["now"]);
    let soon = world.get(&admin, &format!("{SILENCES}/soon")).await.expect(200).body;
    assert_eq!(soon["status"], "expired");
}

#[tokio::test]
async fn asking_again_with_the_same_key_silences_once() {
    let (world, admin) = world().await;
    let post = async |key: &str, body: &Value| -> Answer {
        let mut request = request("POST", &admin, SILENCES, Body::from(body.to_string()));
        request.headers_mut().insert("idempotency-key", key.parse().expect("a header"));
        world.send(request).await
    };
    let made = post("one", &quiet()).await.expect(201).body;
    world.clock.advance(Span::minutes(1));
    assert_eq!(post("one", &quiet()).await.expect(200).body, made);
    post("two", &quiet()).await.expect(201);
    let mut named = quiet();
    named["id"] = json!("named");
    post("three", &named).await.expect(201);
    post("three", &named).await.expect(200);
    world.post(&admin, SILENCES, named.clone()).await.problem(409);
    named["comment"] = json!("Another.");
    post("three", &named).await.problem(409);
}

#[rstest]
#[case(json!({}), &["/matchers"])]
#[case(json!({"matchers": ["a=b"]}), &["/comment"])]
#[case(json!({"matchers": [], "comment": ""}), &["/matchers", "/comment", "/ends_at"])]
#[case(json!({"matchers": ["a=b", "nonsense"], "comment": "x", "until_resolved": true}), &["/matchers/1"])]
#[case(json!({"id": "A B", "matchers": ["a=b"], "comment": "x", "until_resolved": true}), &["/id"])]
#[case(json!({"matchers": ["a=b"], "comment": "x", "starts_at": "soon", "ends_at": "late"}), &["/starts_at", "/ends_at"])]
#[case(json!({"matchers": ["a=b"], "comment": "x", "ends_at": "2026-11-01T11:00:00Z"}), &["/ends_at"])]
#[case(json!({"matchers": ["a=b"], "comment": "x", "ends_at": "2028-11-01T11:00:00Z"}), &["/ends_at"])]
#[case(json!({"matchers": ["a=b"], "comment": "x", "until_resolved": true, "loud": 1}), &["/loud"])]
#[tokio::test]
async fn a_silence_that_makes_no_sense_is_refused(#[case] body: Value, #[case] pointers: &[&str]) {
    let (world, admin) = world().await;
    assert_eq!(world.post(&admin, SILENCES, body).await.problem(422), pointers);
}
