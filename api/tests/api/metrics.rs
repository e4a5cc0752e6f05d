//! The metrics as they are answered, and what the process stands on.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use plimsoll_api::{Dependencies, Dependency};
use serde_json::json;
use tower::ServiceExt;

use crate::common::{World, request};

const TEXT: &str = "# TYPE plimsoll_up gauge\nplimsoll_up 1\n";

#[tokio::test]
async fn the_metrics_are_compressed_for_whoever_takes_that() {
    let world = World::altered(|parts| parts.metrics_text = Some(Arc::new(|| TEXT.repeat(1_000)))).await;
    let mut asked = request("GET", "", "/metrics", Body::empty());
    asked.headers_mut().insert("accept-encoding", "gzip".parse().expect("visible ASCII"));
    let answer = world.app.clone().oneshot(asked).await.expect("infallible");
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let packed = to_bytes(answer.into_body(), usize::MAX).await.expect("a body in memory");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).expect("gzip");
    assert!(text == TEXT.repeat(1_000) && packed.len() * 20 < text.len(), "{}", packed.len());
    let plain = world.get("", "/metrics").await.expect(200);
    assert!(plain.text == text && plain.header("content-encoding").is_empty());
}

#[tokio::test]
async fn without_metrics_it_is_said_why() {
    let world = World::altered(|parts| parts.metrics_text = None).await;
    let mut asked = request("GET", "", "/metrics", Body::empty());
    asked.headers_mut().insert("accept-encoding", "gzip".parse().expect("visible ASCII"));
    let answer = world.send(asked).await;
    answer.problem(404);
    assert!(answer.text.contains("PLIMSOLL_METRICS_ENABLED") && answer.header("content-encoding").is_empty());
}

/// One that says no, or nothing at all.
struct Mute {
    hangs: bool,
}

#[async_trait]
impl Dependency for Mute {
    fn name(&self) -> &'static str {
        if self.hangs { "otlp" } else { "smtp" }
    }

    fn kind(&self) -> &'static str {
        self.name()
    }

    async fn answers(&self) -> bool {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        false
    }
}

/// One that counts how often it is asked.
#[derive(Default)]
struct Patient(AtomicU64);

#[async_trait]
impl Dependency for Patient {
    fn name(&self) -> &'static str {
        "smtp"
    }

    fn kind(&self) -> &'static str {
        "smtp"
    }

    async fn answers(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed);
        true
    }
}

#[tokio::test]
async fn whoever_asks_for_health_over_and_over_makes_no_connections_by_that() {
    let patient = Arc::new(Patient::default());
    let world = World::altered(|parts| {
        parts.dependencies = Dependencies::new(&parts.store, [Arc::<Patient>::clone(&patient) as Arc<dyn Dependency>]);
    })
    .await;
    let began = Instant::now();
    let asking = (0..20).map(|_| world.get("", "/health/detailed"));
    for answer in futures_util::future::join_all(asking).await {
        assert_eq!(answer.expect(200).body["dependencies"][1]["status"], "up");
    }
    let looks = patient.0.load(Ordering::Relaxed);
    assert!(looks <= 1 + began.elapsed().as_secs() / 2, "{looks} looks");
}

#[tokio::test]
async fn what_does_not_answer_is_down_and_holds_nobody_up() {
    let world = World::altered(|parts| {
        let others = [true, false].map(|hangs| Arc::new(Mute { hangs }) as Arc<dyn Dependency>);
        parts.dependencies = Dependencies::new(&parts.store, others);
    })
    .await;
    let health = world.get("", "/health/detailed").await.expect(200).body;
    let told = health["dependencies"].as_array().expect("a list").iter();
    let told: Vec<_> = told.map(|one| (&one["name"], &one["status"], one["latency_ms"].is_null())).collect();
    let expected = [("store", "up", false), ("otlp", "down", true), ("smtp", "down", true)];
    assert!(
        told.iter()
            .zip(expected)
            .all(|(told, known)| (told.0, told.1, told.2) == (&json!(known.0), &json!(known.1), known.2)),
        "{health}"
    );
    assert_eq!((&health["status"], &health["store"]["status"]), (&json!("degraded"), &json!("up")));
    world.readiness.set_started();
    world.get("", "/ready").await.expect(200);
}
