//! What surrounds every request, and what probes and scrapers ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use serde_json::json;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::common::{ROOT, World, request};

#[tokio::test]
async fn every_answer_carries_the_id_of_its_request() {
    let world = World::new().await;
    let (one, two) = (world.get("", "/health").await, world.get("", "/health").await);
    assert!(!one.header("x-request-id").is_empty());
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
    for (given, is_kept) in [("abc-1.2_3", true), ("a b", false), (&"a".repeat(65), false), ("<x>", false)] {
        let mut request = request("GET", "", "/nowhere", Body::empty());
        request.headers_mut().insert("x-request-id", given.parse().expect("a header"));
        let answer = world.send(request).await;
        answer.problem(404);
        assert_eq!(answer.header("x-request-id") == given, is_kept, "{given}");
    }
}

#[tokio::test]
async fn what_axum_itself_refuses_is_a_problem_too() {
    let world = World::new().await;
    world.get("", "/nowhere").await.problem(404);
    let wrong_method = world.delete(ROOT, "/tenants").await;
    wrong_method.problem(405);
    assert!(wrong_method.header("allow").contains("POST"), "{}", wrong_method.header("allow"));
    let post = |body: &str| world.send(request("POST", ROOT, "/tenants", Body::from(body.to_owned())));
    post("{\"id\":").await.problem(400);
    post("").await.problem(400);
    post("{\"id\":\"a\",\"name\":\"A\"} and more").await.problem(400);
    assert_eq!(post("{\"id\":\"a\",\"name\":\"A\",\"plan\":\"gold\"}").await.problem(422), ["/plan"]);
    assert_eq!(post("{\"id\":\"a\"}").await.problem(422), ["/name"]);
    assert_eq!(post("[]").await.problem(422).len(), 1);
    post(&" ".repeat((1 << 20) + 1)).await.problem(413);
    let mut text = request("POST", ROOT, "/tenants", Body::from("{}"));
    text.headers_mut().insert("content-type", "text/plain".parse().expect("a header"));
    world.send(text).await.problem(415);
}

#[expect(clippy::panic, reason = "that is the test")]
async fn trip() -> &'static str {
    panic!("tripped over secret-thing")
}

/// Counts errors that are logged.
struct Errors(Arc<AtomicU64>);

impl Subscriber for Errors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_panic_is_no_second_error_besides_the_one_that_its_hook_logs() {
    let errors = Arc::new(AtomicU64::new(0));
    let world = World::with(None, |app: Router| app.route("/trip", get(trip))).await;
    let _heard = tracing::subscriber::set_default(Errors(Arc::clone(&errors)));
    world.get("", "/trip").await.problem(500);
    assert_eq!(errors.load(Ordering::Relaxed), 0);
    tracing::error!("heard");
    assert_eq!(errors.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_panic_is_a_problem_and_the_next_request_is_answered() {
    let world = World::with(None, |app: Router| app.route("/trip", get(trip))).await;
    let answer = world.get("", "/trip").await;
    answer.problem(500);
    assert!(!answer.text.contains("secret-thing"));
    world.get("", "/health").await.expect(200);
}

#[tokio::test]
async fn a_response_with_a_body_of_its_own_is_left_alone() {
    async fn page() -> impl axum::response::IntoResponse {
        (axum::http::StatusCode::NOT_FOUND, axum::response::Html("<p>Nothing here</p>"))
    }
    let world = World::with(None, |app: Router| app.fallback(page)).await;
    let answer = world.get("", "/nowhere").await.expect(404);
    assert_eq!(answer.text, "<p>Nothing here</p>");
}

#[tokio::test]
async fn a_process_is_ready_between_its_start_and_its_stop() {
    let world = World::new().await;
    world.get("", "/health").await.expect(200);
    world.get("", "/startup").await.problem(503);
    assert_eq!(world.get("", "/ready").await.header("retry-after"), "5");
    world.readiness.set_started();
    world.get("", "/startup").await.expect(200);
    world.get("", "/ready").await.expect(200);
    world.readiness.set_draining();
    world.get("", "/ready").await.problem(503);
    world.get("", "/health").await.expect(200);
}

#[tokio::test]
async fn detailed_health_names_every_dependency_and_job() {
    let world = World::new().await;
    let health = world.get("", "/health/detailed").await.expect(200);
    assert_eq!(health.body.pointer("/store/status"), Some(&json!("up")));
    assert_eq!((&health.body["status"], &health.body["dependencies"][0]["name"]), (&json!("ok"), &json!("store")));
    assert_eq!(
        health.body["jobs"],
        json!([{"name": "tick", "last_run_at": "2026-11-01T11:59:30.000Z", "lag_seconds": 30.0}])
    );
}

#[tokio::test]
async fn the_running_configuration_needs_a_key_and_the_metrics_none() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    world.get("", "/observability/config").await.problem(401);
    for key in [ROOT, &admin] {
        assert_eq!(world.get(key, "/observability/config").await.expect(200).body, json!({"store": "embedded"}));
    }
    let metrics = world.get("", "/metrics").await.expect(200);
    assert_eq!(
        (metrics.text.as_str(), metrics.header("content-type").split(';').next()),
        ("plimsoll_up 1\n", Some("text/plain"))
    );
}
