//! What becomes of envelopes while Sentry is away.

use serde_json::json;

use plimsoll_domain::ids::{AppId, TenantId};

use crate::common::World;
use crate::ingest::Ingest;
use crate::tunnel::{PATH, envelope, post};

/// What waits of the app `web` of `acme`.
async fn waiting(world: &World) -> Vec<plimsoll_domain::frontend::SpooledEnvelope> {
    let (tenant, app): (TenantId, AppId) = ("acme".parse().expect("a slug"), "web".parse().expect("a slug"));
    world.store.spooled_envelopes(&tenant, &app, None, (1_000, u64::MAX)).await.expect("reads")
}

#[tokio::test]
async fn an_envelope_that_sentry_cannot_take_is_put_aside_whole() {
    let (world, ingest) = (World::new().await, Ingest::start().await);
    let admin = world.tenant("acme").await;
    ingest.app(&world, (&admin, "acme"), json!({})).await;
    let body = envelope(&ingest.dsn(1), "error");
    ingest.answer(503, &[]);
    let headers = [("user-agent", "Shop/1"), ("cookie", "secret"), ("x-of-the-app", "1")];
    let answer = post(&world, PATH, body.clone(), &headers).await.expect(200);
    assert_eq!(answer.body["id"], json!("9ec79c33ec9942ab8353589fcb2e04dc"));
    let held = waiting(&world).await.remove(0);
    assert_eq!(held.body, body);
    let headers =
        [("user-agent", "Shop/1"), ("x-forwarded-for", "192.0.2.7"), ("content-type", "application/x-sentry-envelope")];
    let mut expected: Vec<_> = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let mut kept = held.headers.clone();
    kept.sort();
    expected.sort();
    assert_eq!(kept, expected);
    let stats = world.get(&admin, "/tenants/acme/apps/web/stats").await.expect(200).body;
    assert_eq!((&stats["totals"]["envelopes_spooled"], &stats["totals"]["events_error"]), (&json!(1), &json!(1)));
    assert_eq!((&stats["spool"]["envelopes"], &stats["spool"]["bytes"]), (&json!(1), &json!(held.size())));
    assert!(stats["upstream"]["last_failure"].as_str().expect("words").contains("503"));
    // One bad answer is not the end: the next is tried.
    post(&world, PATH, body, &[]).await.expect(200);
    assert_eq!((ingest.got().len(), waiting(&world).await.len()), (2, 1));
}

#[tokio::test]
async fn nobody_waits_for_a_sentry_that_is_away() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    // A port that nobody listens at.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let dsn = format!("http://abc@{nobody}/1");
    let app = json!({"id": "web", "name": "Web", "dsn": dsn});
    world.post(&admin, "/tenants/acme/apps", app).await.expect(201);
    for number in 1..=3 {
        post(&world, PATH, envelope(&dsn, "error"), &[]).await.expect(200);
        assert_eq!(waiting(&world).await.len(), number);
    }
    let stats = world.get(&admin, "/tenants/acme/apps/web/stats").await.expect(200).body;
    assert_eq!(stats["upstream"]["status"], json!("away"));
}

#[tokio::test]
async fn there_is_room_for_so_much_and_what_does_not_fit_is_not_said_to_be_taken() {
    let (world, ingest) = (World::new().await, Ingest::start().await);
    let admin = world.tenant("acme").await;
    ingest.app(&world, (&admin, "acme"), json!({})).await;
    let mut body = envelope(&ingest.dsn(1), "error");
    body.extend_from_slice(b"{\"type\":\"attachment\",\"length\":10000}\n");
    body.extend(vec![0; 10_000]);
    let mut statuses = Vec::new();
    for _ in 0..5 {
        (0..4).for_each(|_| ingest.answer(502, &[]));
        let answer = post(&world, PATH, body.clone(), &[]).await;
        statuses.push(answer.status.as_u16());
        if answer.status == 503 {
            assert!(!answer.header("retry-after").is_empty());
        }
    }
    assert_eq!(statuses, [200, 200, 200, 503, 503]);
    assert_eq!(waiting(&world).await.len(), 3);
}

#[tokio::test]
async fn an_address_that_must_not_be_reached_is_not_waited_for() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let dsn = "http://abc@127.0.0.2:1/1";
    world.post(&admin, "/tenants/acme/apps", json!({"id": "web", "name": "Web", "dsn": dsn})).await.expect(201);
    post(&world, PATH, envelope(dsn, "error"), &[]).await.problem(502);
    assert!(waiting(&world).await.is_empty());
}

#[tokio::test]
async fn a_store_that_is_away_is_said_and_what_was_known_goes_on() {
    let (world, ingest) = (World::new().await, Ingest::start().await);
    let admin = world.tenant("acme").await;
    ingest.app(&world, (&admin, "acme"), json!({})).await;
    world.store.close().await;
    let body = envelope(&ingest.dsn(1), "error");
    post(&world, PATH, body.clone(), &[]).await.expect(200);
    ingest.answer(500, &[]);
    post(&world, PATH, body, &[]).await.problem(503);
}
