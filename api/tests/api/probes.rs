//! How components are looked at: what is refused, where secrets may go, since when it is done in this way.

use axum::body::Body;
use serde_json::{Value, json};

use plimsoll_domain::component::Component;
use plimsoll_domain::time::Span;

use crate::common::{ROOT, World, request};

const PATH: &str = "/tenants/acme/components";
const WEB: &str = "/tenants/acme/components/web";

async fn world() -> (World, String) {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    (world, admin)
}

async fn stored(world: &World) -> Component {
    let (tenant, id) = ("acme".parse().expect("slug"), "web".parse().expect("slug"));
    world.store.component(&tenant, &id).await.expect("reads").expect("is there")
}

fn with_secret(secret: &str, url: &str) -> Value {
    json!({"id": "web", "name": "Web", "probe": {"kind": "http", "url": url, "headers": {"Authorization": secret}}})
}

#[tokio::test]
async fn a_masked_secret_is_not_sent_to_where_the_url_leads_now() {
    let (world, admin) = world().await;
    let secret = "Bearer hunter2-hunter2";
    world.post(&admin, PATH, with_secret(secret, "https://a.example/health")).await.expect(201);
    for same in ["https://a.example/other?x=1", "https://a.example:443/"] {
        world.put(&admin, WEB, with_secret("••••ter2", same)).await.expect(200);
        assert!(serde_json::to_string(&stored(&world).await).expect("serialises").contains(secret), "{same}");
    }
    for other in ["https://evil.example/", "http://a.example/", "https://a.example:8443/", "https://a.example.evil/"] {
        let refused = world.put(&admin, WEB, with_secret("••••ter2", other)).await;
        assert_eq!(refused.problem(422), ["/probe/headers/Authorization"], "{other}");
        assert!(refused.text.contains("expected the value itself, since the URL leads elsewhere now"));
    }
    let unreadable = world.put(&admin, WEB, with_secret("••••ter2", "a.example")).await;
    assert_eq!(unreadable.problem(422), ["/probe/headers/Authorization", "/probe/url"]);
    world.put(&admin, WEB, with_secret("Bearer another-secret", "https://evil.example/")).await.expect(200);
}

#[tokio::test]
async fn a_component_is_looked_at_anew_since_its_kind_of_probe_changed() {
    let (world, admin) = world().await;
    world.component(&admin, "acme", "web", "push").await;
    let created = stored(&world).await;
    assert_eq!(created.probe_since, None);
    let heartbeat = |seconds: u32| json!({"name": "Web", "probe": {"kind": "heartbeat", "every_seconds": seconds}});
    let turned = {
        world.clock.advance(Span::hours(1));
        world.put(&admin, WEB, heartbeat(60)).await.expect(200);
        stored(&world).await
    };
    assert_eq!(turned.probe_since, Some(created.created_at.plus(Span::hours(1))));
    world.clock.advance(Span::hours(1));
    world.put(&admin, WEB, heartbeat(90)).await.expect(200);
    let kept = stored(&world).await;
    assert_eq!((kept.probe_since, kept.created_at), (turned.probe_since, created.created_at));
}

#[tokio::test]
async fn a_probe_that_no_store_could_hold_is_refused_where_it_is_wrong() {
    let (world, admin) = world().await;
    let refused = async |fields: &str| {
        let probe = format!(r#"{{"name":"Web","probe":{{"kind":"http","url":"https://a.example/",{fields}}}}}"#);
        let answer = world.send(request("POST", &admin, PATH, Body::from(probe))).await;
        answer.problem(422).join(" ")
    };
    let value = |value: &str| format!(r#""json_equals":{{"pointer":"/x","value":{value}}}"#);
    let nested = format!("{}1{}", "[".repeat(120), "]".repeat(120));
    for wrong in [&nested, "[[1]]", "18446744073709551615", r#"{"a\u0000b":1}"#, r#""a\u0000b""#] {
        assert_eq!(refused(&value(wrong)).await, "/probe/json_equals/value", "{wrong}");
    }
    let redirected = r#""follow_redirects":true,"headers":{"x-key":"k"}"#;
    assert_eq!(refused(redirected).await, "/probe/follow_redirects");
    let many = vec!["200"; 51].join(",");
    assert_eq!(refused(&format!(r#""expected_status":[{many}]"#)).await, "/probe/expected_status");
    assert_eq!(refused(&format!(r#""body_contains":"{}""#, "x".repeat(1_001))).await, "/probe/body_contains");
    let long =
        json!({"name": "Web", "probe": {"kind": "http", "url": format!("https://a.example/{}", "x".repeat(2_048))}});
    assert_eq!(world.post(&admin, PATH, long).await.problem(422), ["/probe/url"]);
}

#[tokio::test]
async fn a_body_of_any_depth_is_refused_and_breaks_nothing() {
    let (world, admin) = world().await;
    world.component(&admin, "acme", "beat", "heartbeat").await;
    let paths = [
        ("POST", "/tenants"),
        ("POST", "/tenants/acme/keys"),
        ("POST", PATH),
        ("PUT", "/tenants/acme/components/beat"),
        ("POST", "/tenants/acme/components/beat/heartbeat"),
        ("POST", "/tenants/acme/samples"),
        ("POST", "/tenants/acme/maintenances"),
        ("POST", "/incidents"),
        ("PUT", "/tenants/acme/page"),
        ("POST", "/tenants/acme/page/hosts"),
        ("POST", "/tenants/acme/page/links"),
        ("PUT", "/tenants/acme/incident-templates"),
        ("POST", "/tenants/acme/subscribers"),
        ("POST", "/tenants/acme/bounces"),
        ("PUT", "/observability/slo/config/acme"),
    ];
    for (method, path) in paths {
        let key = if path == "/tenants" { ROOT } else { &admin };
        for depth in [3, 100, 124, 125, 126, 127, 128, 129, 150] {
            for body in deep(depth) {
                let answer = world.send(request(method, key, path, Body::from(body))).await;
                assert!(matches!(answer.status.as_u16(), 400 | 422), "{method} {path} {depth}: {}", answer.text);
            }
        }
    }
}

fn deep(depth: usize) -> [String; 5] {
    let (starts, ends) = ("[".repeat(depth), "]".repeat(depth));
    let value = format!(r#"{{"kind":"http","url":"http://a/","json_equals":{{"pointer":"","value":{starts}{ends}}}}}"#);
    [
        starts.clone(),
        format!("{starts}{ends}"),
        format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth)),
        format!(r#"{{"name":"x","probe":{value}}}"#),
        format!(r#"{{"samples":{starts}{ends},"objectives":{starts}{ends},"status":{starts}{ends}}}"#),
    ]
}
