//! Frontend apps: made, changed, and what their frontends are told.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::common::{Answer, World, request};

fn app(id: &str, project: u32) -> Value {
    json!({"id": id, "name": "Shop", "dsn": format!("https://abc@sentry.example/{project}")})
}

async fn config(world: &World, key: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().uri(format!("/observability/sentry/config?app={key}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.send(request.body(Body::empty()).expect("a request")).await
}

#[tokio::test]
async fn an_app_is_made_once_read_changed_and_removed() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let made = world.post(&admin, "/tenants/acme/apps", app("web", 1)).await.expect(201);
    assert_eq!(made.header("location"), "/tenants/acme/apps/web");
    let key = made.body["key"].as_str().expect("a key").to_owned();
    assert!(key.starts_with("pla_"), "{key}");
    assert_eq!(made.body["rate_limits"], json!({"app_per_minute": 6000, "client_per_minute": 600}));
    world.post(&admin, "/tenants/acme/apps", app("web", 2)).await.problem(409);
    let path = "/tenants/acme/apps/web";
    let tag = world.get(&admin, path).await.expect(200).header("etag").to_owned();
    assert_eq!(tag, made.header("etag"));
    let mut changed = app("web", 3);
    changed["environment"] = json!("production");
    let after = world.matching("PUT", &admin, (path, &tag), changed.clone()).await.expect(200);
    assert_eq!((&after.body["key"], &after.body["environment"]), (&json!(key), &json!("production")));
    world.matching("PUT", &admin, (path, &tag), changed).await.problem(412);
    let listed = world.get(&admin, "/tenants/acme/apps").await.expect(200);
    assert_eq!(listed.body["items"][0]["dsn"], json!("https://abc@sentry.example/3"));
    world.delete(&admin, path).await.expect(204);
    world.delete(&admin, path).await.problem(404);
    world.get(&admin, path).await.problem(404);
    config(&world, &key, &[]).await.problem(404);
}

#[tokio::test]
async fn asked_for_again_it_is_the_same_app() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let ask = async |body: Value| {
        let mut request = request("POST", &admin, "/tenants/acme/apps", Body::from(body.to_string()));
        request.headers_mut().insert("idempotency-key", "once".parse().expect("visible ASCII"));
        world.send(request).await
    };
    let body = json!({"name": "Shop", "dsn": "https://abc@sentry.example/1"});
    let (first, again) = (ask(body.clone()).await.expect(201), ask(body).await.expect(200));
    assert_eq!(first.body, again.body);
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_field() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    world.post(&admin, "/tenants/acme/apps", app("web", 1)).await.expect(201);
    let wrong = json!({"id": "UPPER", "name": " ", "dsn": "https://abc:hunter2@sentry.example/1",
        "allowed_origins": ["https://good.example", "bad"], "sample_rates": {"traces": 2.0},
        "rate_limits": {"app_per_minute": 0}, "tunnel": "//evil.example"});
    let refused = world.post(&admin, "/tenants/acme/apps", wrong).await;
    assert_eq!(
        refused.problem(422),
        [
            "/id",
            "/dsn",
            "/allowed_origins/1",
            "/name",
            "/sample_rates/traces",
            "/rate_limits/app_per_minute",
            "/tunnel"
        ]
    );
    assert!(!refused.text.contains("hunter2"), "{}", refused.text);
    let taken = world.post(&admin, "/tenants/acme/apps", app("other", 1)).await;
    assert_eq!(taken.problem(422), ["/dsn"]);
    let unknown = world.post(&admin, "/tenants/acme/apps", json!({"name": "x", "dsn": "https://a@b/1", "x": 1})).await;
    unknown.problem(422);
}

#[tokio::test]
async fn one_tenants_apps_are_nobody_elses() {
    let world = World::new().await;
    let (admin, stranger) = (world.tenant("acme").await, world.tenant("other").await);
    let viewer = world.key(&admin, "acme", "viewer").await;
    world.post(&admin, "/tenants/acme/apps", app("web", 1)).await.expect(201);
    for path in ["/tenants/acme/apps", "/tenants/acme/apps/web", "/tenants/acme/apps/web/stats", "/tenants/acme/tunnel"]
    {
        world.get(&stranger, path).await.problem(404);
        world.get(&viewer, path).await.expect(200);
    }
    world.put(&stranger, "/tenants/acme/apps/web", app("web", 2)).await.problem(404);
    world.put(&viewer, "/tenants/acme/apps/web", app("web", 2)).await.problem(403);
    world.get(&stranger, "/tenants/other/apps/web/stats").await.problem(404);
}

#[tokio::test]
async fn a_frontend_is_told_what_its_sdk_takes() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let mut body = app("web", 1);
    body["allowed_origins"] = json!(["https://shop.example"]);
    body["release"] = json!("shop@1");
    body["sample_rates"] = json!({"errors": 1.0, "traces": 0.25, "replays_on_error": 1.0});
    let key = world.post(&admin, "/tenants/acme/apps", body).await.expect(201).body["key"]
        .as_str()
        .expect("a key")
        .to_owned();
    let told = config(&world, &key, &[("origin", "https://shop.example")]).await.expect(200);
    let expected = json!({"dsn": "https://abc@sentry.example/1", "release": "shop@1", "sampleRate": 1.0,
        "tracesSampleRate": 0.25, "replaysOnErrorSampleRate": 1.0,
        "tunnel": "https://status.example/observability/sentry/envelope"});
    assert_eq!(told.body, expected);
    assert!(told.header("cache-control").starts_with("public, max-age=300"));
    assert_eq!(told.header("access-control-allow-origin"), "https://shop.example");
    assert_eq!(told.header("vary"), "origin");
    let known = config(&world, &key, &[("if-none-match", told.header("etag"))]).await.expect(304);
    assert_eq!(known.text, "");
    let stranger = config(&world, &key, &[("origin", "https://evil.example")]).await.expect(200);
    assert_eq!((stranger.header("access-control-allow-origin"), stranger.header("vary")), ("", "origin"));
    config(&world, "pla_unknown", &[]).await.problem(404);
    world.get("", "/observability/sentry/config").await.problem(400);
}

#[tokio::test]
async fn a_path_of_ones_own_is_what_frontends_are_told() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let key = world.post(&admin, "/tenants/acme/apps", app("web", 1)).await.expect(201).body["key"]
        .as_str()
        .expect("a key")
        .to_owned();
    let tunnel = async |key: &str| config(&world, key, &[]).await.expect(200).body["tunnel"].clone();
    assert_eq!(tunnel(&key).await, json!("/observability/sentry/envelope"));
    let path = "/tenants/acme/tunnel";
    let before = world.get(&admin, path).await.expect(200);
    let chosen = world.matching("PUT", &admin, (path, before.header("etag")), json!({"alias": "/c7/beacon"})).await;
    assert_eq!(chosen.expect(200).body["alias"], json!("/c7/beacon"));
    world.matching("PUT", &admin, (path, before.header("etag")), json!({"alias": "/c8"})).await.problem(412);
    assert_eq!(tunnel(&key).await, json!("/c7/beacon"));
    for wrong in ["/tenants/x", "c7", "/s/acme"] {
        assert_eq!(world.put(&admin, path, json!({"alias": wrong})).await.problem(422), ["/alias"]);
    }
    let stranger = world.tenant("other").await;
    world.put(&stranger, "/tenants/other/tunnel", json!({"alias": "/c7/beacon"})).await.problem(409);
    world.put(&admin, path, json!({})).await.expect(200);
    assert_eq!(tunnel(&key).await, json!("/observability/sentry/envelope"));
}
