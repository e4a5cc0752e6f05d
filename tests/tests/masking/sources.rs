//! Secrets of what is looked at and asked: probes, Prometheus sources, apps in browsers; and what becomes of them when they cannot
//! be opened.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plimsoll_tests::frontend::Frontend;
use plimsoll_tests::receivers::{Reply, Sentry};
use plimsoll_tests::{eventually, port};
use serde_json::{Value, json};

use crate::secrets::Secrets;
use crate::world::World;

fn probe(secrets: &Secrets, id: &str, base: &str) -> Value {
    let core = |what: &str| secrets.core(&format!("{what} of {id}"));
    let headers = json!({"Authorization": format!("Basic {}", STANDARD.encode(format!("user:{}", core("a password")))),
        "x-api-key": core("a key in a header") + "\"tail", "x-odd": core("a header's value") + "-tail"});
    json!({"id": id, "name": id, "probe": {"kind": "http", "url": format!("{base}/health"), "headers": headers}})
}

fn slo(secrets: &Secrets, name: &str, base: &str, is_basic: bool) -> Value {
    let core = secrets.core(&format!("the credentials of {name}"));
    let mut source = json!({"url": base, "ratio": "up"});
    if is_basic {
        source["basic"] = json!({"username": "reader", "password": format!("{core}\"/tail")});
    } else {
        source["bearer"] = format!("{core}-tail").into();
    }
    json!({"slo_type": name, "kind": "prometheus", "objective": 0.5, "window": "1h", "prometheus": source})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_look_with_is_said_nowhere() {
    let mut world = World::start().await;
    let (base, away) = (world.echo.url(), format!("http://127.0.0.1:{}", port::free()));
    for (id, base) in [("echo", &base), ("away", &away)] {
        world.admin.post("/tenants/acme/components", &probe(&world.secrets, id, base)).await.ok(201);
    }
    let objectives = [
        slo(&world.secrets, "basic", &base, true),
        slo(&world.secrets, "bearer", &base, false),
        slo(&world.secrets, "gone", &away, true),
    ];
    world.admin.put("/observability/slo/config/acme", &json!({"objectives": objectives})).await.ok(200);
    let core = |what: &str| world.secrets.core(what);
    for (path, body) in [
        (
            "/tenants/acme/components",
            json!({"id": "x", "name": "x", "probe": {"kind": "http", "url": format!("http://u:{}@127.0.0.1/", core("a user of a probe"))}}),
        ),
        (
            "/tenants/acme/components",
            json!({"id": "y", "name": "y", "probe": {"kind": "http", "url": "http://127.0.0.1/", "headers": {"authorization": [core("a list for a header")]}}}),
        ),
        (
            "/tenants/acme/components",
            json!({"id": "y", "name": "y", "probe": {"kind": "http", "url": "http://127.0.0.1/", "headers": {"authorization": format!("{}\n", core("a header with a line"))}}}),
        ),
    ] {
        let answer = world.ask(&world.admin, ("POST", path), Some(&body)).await;
        assert!((400..500).contains(&answer.status), "{}", answer.text);
    }
    for source in [
        json!({"url": format!("http://u:{}@127.0.0.1/", core("a user of a source")), "ratio": "up"}),
        json!({"url": "http://127.0.0.1/", "ratio": "up", "bearer": {"x": core("an object for a bearer")}}),
        json!({"url": "http://127.0.0.1/", "ratio": "up", "bearer": core("two ways"), "basic": {"username": "x", "password": core("and another")}}),
    ] {
        let wrong =
            json!({"slo_type": "x", "kind": "prometheus", "objective": 0.5, "window": "1h", "prometheus": source});
        let answer = world
            .ask(&world.admin, ("PUT", "/observability/slo/config/acme"), Some(&json!({"objectives": [wrong]})))
            .await;
        assert!((400..500).contains(&answer.status), "{}", answer.text);
    }
    let before = world.echo.came();
    eventually(60, "everything was tried", async || (world.echo.came() > before + 8).then_some(())).await;
    // What was sealed cannot be opened any more: that is an error, and told.
    assert!(world.server.stop().await.success());
    world.server.configure("PLIMSOLL_SECRET_KEY", Some(&STANDARD.encode([9; 32])));
    world.server.start_again().await;
    assert_eq!(world.ask(&world.admin, ("GET", "/observability/slo/config/acme"), None).await.status, 500);
    world.until_an_error_is_sent().await;
    world.opens_nothing = true;
    world.ends_without_a_word().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_is_known_by_is_said_nowhere_else() {
    let (world, upstream) = (World::start().await, Sentry::start().await);
    let mut apps = Vec::new();
    for (number, id) in [(1, "shop"), (2, "blog")] {
        world.secrets.note(id, &Sentry::key(number));
        let app = Frontend::new((&world.admin, "acme", id), &upstream, number, &json!({})).await;
        world.secrets.note(&format!("the key of {id}"), &app.key);
        apps.push(app);
    }
    for reply in [Reply::Accept, Reply::Hang] {
        upstream.answer_always(reply);
        for (number, app) in (1_u64..).zip(&apps) {
            app.send(app.numbered(number), &[]).await;
            app.send(app.numbered(number), &[("x-sentry-auth", &format!("Sentry sentry_key={}", app.key))]).await;
        }
    }
    upstream.stop();
    for app in &apps {
        app.send(app.numbered(3), &[]).await;
        let path = format!("/api/1/envelope/?sentry_key={}", app.key);
        world.ask(&world.server.anybody(), ("POST", &path), None).await;
        world.ask(&world.server.anybody(), ("POST", &format!("/{}/envelope", app.key)), None).await;
        world
            .ask(&world.server.anybody(), ("GET", &format!("/observability/sentry/config?key={}", app.key)), None)
            .await;
    }
    let wrong = json!({"id": "x", "name": "x", "dsn": format!("http://k:{}@127.0.0.1/1", world.secrets.core("a DSN's secret"))});
    world.ask(&world.admin, ("POST", "/tenants/acme/apps"), Some(&wrong)).await;
    world.ends_without_a_word().await;
}
