//! Creations that are asked for again, and how many of a thing there may be.

use axum::body::Body;
use serde_json::{Value, json};

use plimsoll_domain::component::{Component, MAX_COMPONENTS};
use plimsoll_domain::maintenance::{MAX_MAINTENANCES, Maintenance};
use plimsoll_domain::probe::ProbeSpec;
use plimsoll_domain::time::{Clock, Span};

use crate::common::{Answer, World, request};

const COMPONENTS: &str = "/tenants/acme/components";
const MAINTENANCES: &str = "/tenants/acme/maintenances";

async fn world() -> (World, String) {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    (world, admin)
}

async fn post(world: &World, admin: &str, path: &str, (key, body): (&str, &Value)) -> Answer {
    let mut request = request("POST", admin, path, Body::from(body.to_string()));
    request.headers_mut().insert("idempotency-key", key.parse().expect("a header"));
    world.send(request).await
}

fn component() -> Value {
    json!({"name": "Web", "probe": {"kind": "push"}})
}

fn maintenance() -> Value {
    json!({"title": "Move", "components": ["web"],
        "starts_at": "2026-11-02T11:00:00Z", "ends_at": "2026-11-02T13:00:00Z"})
}

#[tokio::test]
async fn asking_again_with_the_same_key_creates_nothing_new() {
    let (world, admin) = world().await;
    world.component(&admin, "acme", "web", "push").await;
    for (path, body, before) in [(COMPONENTS, component(), 1), (MAINTENANCES, maintenance(), 0)] {
        let first = post(&world, &admin, path, ("k-1", &body)).await.expect(201);
        world.clock.advance(Span::minutes(1));
        let again = post(&world, &admin, path, ("k-1", &body)).await.expect(200);
        assert_eq!((&first.body, first.header("location")), (&again.body, again.header("location")));
        post(&world, &admin, path, ("k-2", &body)).await.expect(201);
        let held = world.get(&admin, path).await.expect(200);
        assert_eq!(held.body["items"].as_array().map(Vec::len), Some(before + 2), "{path}");
        post(&world, &admin, path, ("", &body)).await.problem(400);
        post(&world, &admin, path, (&"k".repeat(256), &body)).await.problem(400);
    }
    let other = world.tenant("other").await;
    post(&world, &other, "/tenants/other/components", ("k-1", &component())).await.expect(201);
}

#[tokio::test]
async fn a_chosen_id_and_a_key_answer_with_what_is_equal_and_refuse_what_is_not() {
    let (world, admin) = world().await;
    world.component(&admin, "acme", "web", "push").await;
    let cases = [(COMPONENTS, component(), "name"), (MAINTENANCES, maintenance(), "title")];
    for (path, mut body, field) in cases {
        body["id"] = json!("mine");
        let first = post(&world, &admin, path, ("k-1", &body)).await.expect(201);
        world.clock.advance(Span::minutes(1));
        let again = post(&world, &admin, path, ("k-1", &body)).await.expect(200);
        assert_eq!(first.body, again.body);
        world.post(&admin, path, body.clone()).await.problem(409);
        body[field] = json!("Something else");
        post(&world, &admin, path, ("k-1", &body)).await.problem(409);
    }
}

#[tokio::test]
async fn a_tenant_has_at_most_500_components() {
    let (world, admin) = world().await;
    let kept = post(&world, &admin, COMPONENTS, ("k-1", &component())).await.expect(201);
    for number in 1..MAX_COMPONENTS {
        let component = Component {
            tenant: "acme".parse().expect("slug"),
            id: format!("c-{number}").parse().expect("slug"),
            name: "One of many".to_owned(),
            group: None,
            description: None,
            probe: ProbeSpec::Push,
            created_at: world.clock.now(),
            probe_since: None,
        };
        world.store.create_component(&component).await.expect("stored");
    }
    let refused = world.post(&admin, COMPONENTS, component()).await;
    refused.problem(409);
    assert!(refused.text.contains("at most 500"), "{}", refused.text);
    assert_eq!(post(&world, &admin, COMPONENTS, ("k-1", &component())).await.expect(200).body, kept.body);
    world.delete(&admin, "/tenants/acme/components/c-1").await.expect(204);
    world.post(&admin, COMPONENTS, component()).await.expect(201);
}

#[tokio::test]
async fn a_tenant_has_at_most_500_maintenances() {
    let (world, admin) = world().await;
    world.component(&admin, "acme", "web", "push").await;
    let kept = post(&world, &admin, MAINTENANCES, ("k-1", &maintenance())).await.expect(201);
    for number in 1..MAX_MAINTENANCES {
        let id = format!("m-{number}").parse().expect("slug");
        let span = world.clock.now()..world.clock.now().plus(Span::hours(1));
        let components = vec!["web".parse().expect("slug")];
        let maintenance = Maintenance::once("acme".parse().expect("slug"), id, "One of many", components, span);
        world.store.create_maintenance(&maintenance).await.expect("stored");
    }
    let refused = world.post(&admin, MAINTENANCES, maintenance()).await;
    refused.problem(409);
    assert!(refused.text.contains("at most 500"), "{}", refused.text);
    assert_eq!(post(&world, &admin, MAINTENANCES, ("k-1", &maintenance())).await.expect(200).body, kept.body);
}
