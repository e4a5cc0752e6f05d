//! Samples and heartbeats that are pushed.

use axum::body::Body;
use serde_json::{Value, json};

use plimsoll_domain::ids::HourKey;
use plimsoll_domain::time::{Span, Timestamp};

use crate::common::{NOON, World, request};

const PATH: &str = "/tenants/acme/samples";

async fn world() -> (World, String, String) {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let ingest = world.key(&admin, "acme", "ingest").await;
    for kind in ["push", "heartbeat", "http"] {
        world.component(&admin, "acme", kind, kind).await;
    }
    (world, admin, ingest)
}

fn sample(component: &str, at: &str, status: &str) -> Value {
    json!({"component": component, "at": at, "status": status})
}

#[tokio::test]
async fn a_sample_counts_once_however_often_it_is_pushed() {
    let (world, _, ingest) = world().await;
    let body = json!({"samples": [
        {"component": "push", "at": "2026-11-01T11:58:10Z", "status": "operational", "latency_ms": 12.4},
        sample("push", "2026-11-01T11:58:50Z", "down"),
        sample("push", "2026-11-01T13:59:30+02:00", "down"),
    ]});
    let first = world.post(&ingest, PATH, body.clone()).await.expect(200);
    assert_eq!(first.body, json!({"accepted": 2, "duplicate": 1}));
    let again = world.post(&ingest, PATH, body).await.expect(200);
    assert_eq!(again.body, json!({"accepted": 0, "duplicate": 3}));
    assert_eq!(world.post(&ingest, PATH, json!({"samples": []})).await.expect(200).body["accepted"], 0);
}

#[tokio::test]
async fn all_bad_samples_are_named_and_none_of_the_batch_is_recorded() {
    let (world, _, ingest) = world().await;
    let body = json!({"samples": [
        sample("push", NOON, "operational"),
        sample("nobody", NOON, "operational"),
        sample("push", "2026-11-01T12:01:01Z", "operational"),
        sample("push", "2026-10-31T11:59:59Z", "operational"),
        sample("push", "noon", "operational"),
        sample("push", NOON, "fine"),
        {"component": "push", "at": NOON, "status": "down", "latency_ms": 3_600_001},
        {"component": "push", "at": NOON, "status": "down", "latency_ms": -1},
        sample("http", NOON, "operational"),
    ]});
    let refused = world.post(&ingest, PATH, body).await;
    let expected = ["1/component", "2/at", "3/at", "4/at", "5/status", "6/latency_ms", "7/latency_ms", "8/component"];
    assert_eq!(refused.problem(422), expected.map(|part| format!("/samples/{part}")));
    let good = json!({"samples": [sample("push", NOON, "operational")]});
    assert_eq!(world.post(&ingest, PATH, good).await.expect(200).body["accepted"], 1);
}

#[tokio::test]
async fn a_batch_has_a_limit_and_so_has_the_list_of_its_faults() {
    let (world, _, ingest) = world().await;
    let many = |count| json!({"samples": vec![sample("nobody", NOON, "down"); count]});
    assert_eq!(world.post(&ingest, PATH, many(10_001)).await.problem(422), ["/samples"]);
    assert_eq!(world.post(&ingest, PATH, many(10_000)).await.problem(422).len(), 100);
    let unknown = json!({"samples": [{"component": "push", "at": NOON, "status": "down", "x": 1}]});
    assert_eq!(world.post(&ingest, PATH, unknown).await.problem(422), ["/samples/0/x"]);
    let missing = json!({"samples": [{"component": "push", "at": NOON}]});
    assert_eq!(world.post(&ingest, PATH, missing).await.problem(422), ["/samples/0/status"]);
    let huge = format!("{{\"samples\":[]{}}}", " ".repeat(4 << 20));
    world.send(request("POST", &ingest, PATH, Body::from(huge))).await.problem(413);
}

#[tokio::test]
async fn a_sample_inside_maintenance_is_flagged() {
    let (world, admin, ingest) = world().await;
    let maintenance = json!({"title": "Move", "components": ["push"],
        "starts_at": "2026-11-01T11:30:00Z", "ends_at": "2026-11-01T11:40:00Z"});
    world.post(&admin, "/tenants/acme/maintenances", maintenance).await.expect(201);
    let at = ["2026-11-01T11:29:59Z", "2026-11-01T11:30:00Z", "2026-11-01T11:39:59Z", "2026-11-01T11:40:00Z"];
    let body = json!({"samples": at.map(|at| sample("push", at, "down"))});
    world.post(&ingest, PATH, body).await.expect(200);
    let hour = at[0].parse::<Timestamp>().expect("valid").hour();
    let key = HourKey { tenant: "acme".parse().expect("slug"), series: "push".parse().expect("a series"), hour };
    let stored = world.store.sample_hours(std::slice::from_ref(&key)).await.expect("reads");
    let flags: Vec<bool> = stored[&key].iter().map(|sample| sample.maintenance).collect();
    assert_eq!(flags, [false, true, true, false]);
}

#[tokio::test]
async fn a_heartbeat_comes_with_or_without_a_body_or_as_a_sample() {
    let (world, admin, ingest) = world().await;
    let path = "/tenants/acme/components/heartbeat/heartbeat";
    let key = ("acme".parse().expect("slug"), "heartbeat".parse().expect("slug"));
    let newest = async || world.store.heartbeats_across_tenants().await.expect("reads")[&key];
    let mut bare = request("POST", &ingest, path, Body::empty());
    bare.headers_mut().remove("content-type");
    world.send(bare).await.expect(204);
    assert_eq!((newest().await.at.to_string().as_str(), newest().await.status.as_str()), (NOON, "operational"));
    world.clock.advance(Span::minutes(1));
    world.post(&ingest, path, json!({"status": "degraded"})).await.expect(204);
    assert_eq!(newest().await.status.as_str(), "degraded");
    let body = json!({"samples": [sample("heartbeat", "2026-11-01T12:01:30Z", "down"), sample("heartbeat", NOON, "operational")]});
    assert_eq!(world.post(&ingest, PATH, body).await.expect(200).body, json!({"accepted": 1, "duplicate": 1}));
    assert_eq!(newest().await.status.as_str(), "down");
    assert_eq!(world.post(&ingest, path, json!({"status": "fine"})).await.problem(422), ["/status"]);
    world.post(&ingest, "/tenants/acme/components/push/heartbeat", json!({})).await.problem(409);
    world.post(&ingest, "/tenants/acme/components/none/heartbeat", json!({})).await.problem(404);
    let viewer = world.key(&admin, "acme", "viewer").await;
    world.post(&viewer, path, json!({})).await.problem(403);
}
