//! Incidents that people open and speak of.

use axum::body::Body;
use serde_json::json;

use plimsoll_domain::time::Span;

use crate::common::{ROOT, World, request};

async fn world() -> (World, String, String) {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    world.component(&admin, "acme", "web", "push").await;
    let operator = world.key(&admin, "acme", "operator").await;
    (world, admin, operator)
}

#[tokio::test]
async fn an_incident_is_opened_spoken_of_and_resolved() {
    let (world, _, operator) = world().await;
    let body = json!({"tenant": "acme", "title": "Web is down", "status": "investigating", "impact": "major",
        "body": "We look.", "components": {"web": "major_outage"}});
    let made = world.post(&operator, "/incidents", body).await.expect(201);
    let path = made.header("location").to_owned();
    let opened = made.header("etag").to_owned();
    assert_eq!((&made.body["status"], &made.body["updates"][0]["by"]), (&json!("investigating"), &json!("a operator")));
    world.clock.advance(Span::minutes(1));
    let body = json!({"status": "resolved", "components": {"web": "operational"}});
    let changed = world.patch(&operator, &path, body).await.expect(200);
    assert_ne!(changed.header("etag"), opened);
    assert_eq!(changed.body["updates"][1]["body"], "Status changed to resolved.");
    assert_eq!(changed.body["resolved_at"], "2026-11-01T12:01:00.000Z");
    let said = world.patch(&operator, &path, json!({"body": "All is well."})).await.expect(200);
    assert_eq!((&said.body["status"], &said.body["components"]["web"]), (&json!("resolved"), &json!("operational")));
    let read = world.get(&operator, &path).await.expect(200);
    assert_eq!((&read.body, read.header("etag")), (&said.body, said.header("etag")));
    world.matching("PATCH", &operator, (&path, &opened), json!({"body": "Late."})).await.problem(412);
    let tag = read.header("etag");
    world.matching("PATCH", &operator, (&path, tag), json!({"body": "In time."})).await.expect(200);
}

#[tokio::test]
async fn asking_again_with_the_same_idempotency_key_opens_nothing_new() {
    let (world, _, operator) = world().await;
    let send = || {
        let body = json!({"title": "Once", "body": "Only once."}).to_string();
        let mut request = request("POST", &operator, "/incidents", Body::from(body));
        request.headers_mut().insert("idempotency-key", "k-1".parse().expect("a header"));
        world.send(request)
    };
    let first = send().await.expect(201);
    let again = send().await.expect(200);
    assert_eq!(first.body, again.body);
    assert_eq!(world.get(&operator, "/incidents").await.expect(200).body["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_incident_of_another_tenant_does_not_exist() {
    let (world, admin, operator) = world().await;
    let made = world.post(&operator, "/incidents", json!({"title": "Ours", "body": "Ours."})).await.expect(201);
    let path = made.header("location");
    let stranger = world.tenant("other").await;
    world.get(&stranger, path).await.problem(404);
    world.patch(&stranger, path, json!({"body": "x"})).await.problem(404);
    world.get(&stranger, "/incidents?tenant=acme").await.problem(404);
    world.post(&stranger, "/incidents", json!({"tenant": "acme", "title": "x", "body": "x"})).await.problem(404);
    let viewer = world.key(&admin, "acme", "viewer").await;
    world.get(&viewer, path).await.expect(200);
    world.patch(&viewer, path, json!({"body": "x"})).await.problem(403);
    world.get(ROOT, path).await.expect(200);
    assert_eq!(world.get(ROOT, "/incidents").await.problem(422), ["/tenant"]);
    world.get(ROOT, "/incidents?tenant=acme").await.expect(200);
    assert_eq!(world.post(ROOT, "/incidents", json!({"title": "x", "body": "x"})).await.problem(422), ["/tenant"]);
}

#[tokio::test]
async fn all_faults_of_an_incident_are_named_at_once() {
    let (world, _, operator) = world().await;
    let body = json!({"title": "", "body": "", "status": "odd", "impact": "odd",
        "components": {"web": "odd", "none": "operational"}});
    let refused = world.post(&operator, "/incidents", body).await;
    assert_eq!(refused.problem(422), ["/status", "/components/none", "/components/web", "/impact", "/title", "/body"]);
    let early = json!({"title": "x", "body": "x", "status": "postmortem"});
    assert_eq!(world.post(&operator, "/incidents", early).await.problem(422), ["/status"]);
    let made = world.post(&operator, "/incidents", json!({"title": "x", "body": "x"})).await.expect(201);
    let path = made.header("location");
    assert_eq!(world.patch(&operator, path, json!({"name": "y"})).await.problem(422), ["/name"]);
    assert_eq!(world.patch(&operator, path, json!({})).await.problem(422), [""]);
    assert_eq!(world.patch(&operator, path, json!({"status": "postmortem"})).await.problem(422), ["/status"]);
}

#[tokio::test]
async fn incidents_come_newest_first_and_page_by_page() {
    let (world, _, operator) = world().await;
    for title in ["one", "two", "three"] {
        world.post(&operator, "/incidents", json!({"title": title, "body": "x"})).await.expect(201);
        world.clock.advance(Span::minutes(1));
    }
    let first = world.get(&operator, "/incidents?limit=2").await.expect(200);
    assert_eq!((&first.body["items"][0]["title"], &first.body["items"][1]["title"]), (&json!("three"), &json!("two")));
    let cursor = first.body["next_cursor"].as_str().expect("another page");
    let second = world.get(&operator, &format!("/incidents?limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!((&second.body["items"][0]["title"], &second.body["next_cursor"]), (&json!("one"), &json!(null)));
    assert_eq!(world.get(&operator, "/incidents?cursor=eA").await.problem(422), ["/cursor"]);
}

#[tokio::test]
async fn an_incident_takes_so_much_text_and_can_be_resolved_even_when_it_is_full() {
    let (world, _, operator) = world().await;
    let long = |length| json!({"title": "x", "body": "x".repeat(length)});
    assert_eq!(world.post(&operator, "/incidents", long(4_001)).await.problem(422), ["/body"]);
    let made = world.post(&operator, "/incidents", long(4_000)).await.expect(201);
    let path = made.header("location");
    let said = json!({"body": "y".repeat(4_001)});
    assert_eq!(world.patch(&operator, path, said).await.problem(422), ["/body"]);
    for _ in 1..200 {
        world.patch(&operator, path, json!({"body": "Still at it."})).await.expect(200);
    }
    let full = world.patch(&operator, path, json!({"body": "One more."})).await;
    assert_eq!(full.problem(422), ["/body"]);
    assert!(full.text.contains("at most 200 updates"), "{}", full.text);
    world.patch(&operator, path, json!({"status": "resolved"})).await.expect(200);
}
