//! Alerts that come in one by one, and who may do what with alerts.

use axum::body::Body;
use rstest::rstest;
use serde_json::{Value, json};

use plimsoll_domain::time::Span;

use crate::common::{Answer, World, request};

pub(crate) const CONFIG: &str = "/observability/alerts/config/acme";
pub(crate) const FIRE: &str = "/observability/alerts/fire/acme";
pub(crate) const HISTORY: &str = "/observability/alerts/history/acme";

/// Two receivers: what is critical goes to `pager`, everything else to `hook`.
pub(crate) async fn world() -> (World, String) {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let config = json!({
        "receivers": [
            {"name": "pager", "kind": "pagerduty", "routing_key": "0123456789abcdef0123456789abcdef"},
            {"name": "hook", "kind": "webhook", "url": "https://hooks.example/services/t0ken-1234"}
        ],
        "routes": [{"name": "critical", "matchers": ["severity=\"critical\""], "receivers": ["pager"]}],
        "default_receivers": ["hook"]
    });
    world.put(&admin, CONFIG, config).await.expect(200);
    (world, admin)
}

pub(crate) fn trigger(key: &str, severity: &str) -> Value {
    json!({"event_action": "trigger", "dedup_key": key, "summary": format!("{key} is down"), "severity": severity,
        "source": "ci"})
}

pub(crate) fn action(action: &str, key: &str) -> Value {
    json!({"event_action": action, "dedup_key": key})
}

async fn fire(world: &World, key: &str, body: Value) -> Value {
    world.post(key, FIRE, body).await.expect(202).body
}

#[tokio::test]
async fn an_alert_is_triggered_acknowledged_and_resolved() {
    let (world, admin) = world().await;
    let ingest = world.key(&admin, "acme", "ingest").await;
    let fired = fire(&world, &ingest, trigger("db", "critical")).await;
    let id = fired["alert_id"].as_str().expect("an id").to_owned();
    let expected = json!({"alert_id": id, "dedup_key": "db", "suppressed": false, "reason": null, "detail": null,
        "deliveries": [{"id": format!("{id}-1"), "receiver": "pager"}], "routes": ["critical"]});
    assert_eq!(fired, expected);
    world.clock.advance(Span::minutes(1));
    let acknowledged = fire(&world, &ingest, action("acknowledge", "db")).await;
    assert_eq!(acknowledged["deliveries"], json!([{"id": format!("{id}-2"), "receiver": "pager"}]));
    world.clock.advance(Span::from_seconds(1));
    fire(&world, &ingest, action("resolve", "db")).await;
    let alert = world.get(&ingest, &format!("{HISTORY}/{id}")).await.expect(200).body;
    assert_eq!((&alert["status"], &alert["dedup_key"]), (&json!("resolved"), &json!("db")));
    let kinds: Vec<_> = alert["events"].as_array().expect("events").iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["trigger", "acknowledge", "resolve"]);
    assert_eq!(alert["events"][0]["by"], "a ingest");
    assert_eq!(alert["events"][0]["deliveries"], json!([format!("{id}-1")]));
}

#[tokio::test]
async fn the_same_is_sent_once_within_the_cooldown_unless_it_gets_worse() {
    let (world, admin) = world().await;
    assert_eq!(fire(&world, &admin, trigger("db", "warning")).await["deliveries"][0]["receiver"], "hook");
    let again = fire(&world, &admin, trigger("db", "warning")).await;
    assert_eq!((&again["suppressed"], &again["reason"]), (&json!(true), &json!("cooldown")));
    let worse = fire(&world, &admin, trigger("db", "critical")).await;
    assert_eq!((&worse["suppressed"], &worse["deliveries"][0]["receiver"]), (&json!(false), &json!("pager")));
    let over = fire(&world, &admin, action("resolve", "unheard")).await;
    assert_eq!((&over["suppressed"], &over["reason"]), (&json!(false), &json!("nothing_open")));
}

#[tokio::test]
async fn a_dry_run_says_who_would_get_it_and_stores_nothing() {
    let (world, admin) = world().await;
    let rehearsed = world.post(&admin, &format!("{FIRE}?dry_run=true"), trigger("db", "info")).await.expect(200).body;
    assert_eq!(rehearsed["deliveries"], json!([{"id": null, "receiver": "hook"}]));
    assert_eq!((&rehearsed["dry_run"], &rehearsed["routes"]), (&json!(true), &json!(["default"])));
    let path = rehearsed["path"].as_array().expect("a path");
    assert!(path[0].as_str().is_some_and(|step| step.contains("severity=\"critical\" does not hold")), "{path:?}");
    assert_eq!(world.get(&admin, HISTORY).await.expect(200).body["items"], json!([]));
    assert_eq!(world.post(&admin, &format!("{FIRE}?dry_run=maybe"), trigger("db", "info")).await.status.as_u16(), 400);
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_heard_once() {
    let (world, admin) = world().await;
    let send = async |key: &str| -> Answer {
        let mut request = request("POST", &admin, FIRE, Body::from(trigger("db", "critical").to_string()));
        request.headers_mut().insert("idempotency-key", key.parse().expect("a header"));
        world.send(request).await.expect(202)
    };
    let first = send("one").await.body;
    let again = send("one").await.body;
    assert_eq!((&again["suppressed"], &again["deliveries"]), (&json!(false), &first["deliveries"]));
    assert_eq!(send("two").await.body["reason"], "cooldown");
    let alert = world.get(&admin, HISTORY).await.expect(200).body["items"][0].clone();
    assert_eq!(alert["events"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_key_that_is_not_given_is_made_of_what_is_said() {
    let (world, admin) = world().await;
    let said = |labels: Value, component: Option<&str>| {
        json!({"event_action": "trigger", "summary": "down", "severity": "info", "source": "ci", "labels": labels,
            "component": component})
    };
    let key = async |body: Value| fire(&world, &admin, body).await["dedup_key"].as_str().expect("a key").to_owned();
    let one = key(said(json!({"a": "b"}), None)).await;
    assert!(one.starts_with("pl-") && one.len() == 35, "{one}");
    assert_eq!(one, key(said(json!({"a": "b"}), None)).await);
    for other in [said(json!({"a": "c"}), None), said(json!({"a": "b"}), Some("")), said(json!({}), Some("ab"))] {
        let answer = world.post(&admin, FIRE, other).await;
        assert!(answer.status.as_u16() == 422 || answer.body["dedup_key"] != one, "{}", answer.text);
    }
}

#[rstest]
#[case(json!({}), &["/event_action"])]
#[case(json!({"event_action": "shout"}), &["/event_action"])]
#[case(json!({"event_action": "trigger"}), &["/summary", "/severity", "/source"])]
#[case(json!({"event_action": "resolve"}), &["/dedup_key"])]
#[case(json!({"event_action": "acknowledge", "summary": "x"}), &["/dedup_key"])]
#[case(json!({"event_action": "resolve", "dedup_key": " "}), &["/dedup_key"])]
#[case(json!({"event_action": "resolve", "dedup_key": "a\nb"}), &["/dedup_key"])]
#[case(json!({"event_action": "resolve", "dedup_key": "x".repeat(256)}), &["/dedup_key"])]
#[case(json!({"event_action": "resolve", "dedup_key": "x", "severity": "bad"}), &["/severity"])]
#[case(json!({"event_action": "trigger", "summary": "", "severity": "purple", "source": ""}),
    &["/severity", "/summary", "/source"])]
#[case(json!({"event_action": "trigger", "summary": "x", "severity": "info", "source": "x", "runbook_url": "ftp://x",
    "component": "", "labels": {"": "x"}}), &["/component", "/labels/", "/runbook_url"])]
#[case(json!({"event_action": "trigger", "summary": "x", "severity": "info", "source": "x", "labels": {"a": 1}}),
    &["/labels/a"])]
#[case(json!({"event_action": "trigger", "summary": "x", "severity": "info", "source": "x", "details": [1]}),
    &["/details"])]
#[case(json!({"event_action": "trigger", "summary": "x", "severity": "info", "source": "x", "loud": true}), &["/loud"])]
#[case(json!([]), &[""])]
#[tokio::test]
async fn what_cannot_be_taken_is_named(#[case] body: Value, #[case] pointers: &[&str]) {
    let (world, admin) = world().await;
    assert_eq!(world.post(&admin, FIRE, body).await.problem(422), pointers);
}

/// Each route with a body that it takes, and the least role that may use it.
const ROUTES: [(&str, &str, &str); 19] = [
    ("GET", "/observability/alerts/config/acme", "viewer"),
    ("PUT", "/observability/alerts/config/acme", "admin"),
    ("GET", "/observability/alerts/config/acme/receivers", "viewer"),
    ("POST", "/observability/alerts/config/acme/receivers/hook/test", "operator"),
    ("POST", "/observability/alerts/config/acme/receivers/hook/enable", "operator"),
    ("POST", "/observability/alerts/fire/acme", "ingest"),
    ("GET", "/observability/alerts/history/acme", "viewer"),
    ("GET", "/observability/alerts/history/acme/alt-1", "viewer"),
    ("POST", "/observability/alerts/history/acme/alt-1/feedback", "operator"),
    ("GET", "/observability/alerts/dead/acme", "viewer"),
    ("POST", "/observability/alerts/dead/acme/replay", "operator"),
    ("POST", "/observability/alerts/dead/acme/alt-1-1/replay", "operator"),
    ("POST", "/observability/alerts/alertmanager/acme", "ingest"),
    ("POST", "/observability/alerts/acme/api/v2/alerts", "ingest"),
    ("GET", "/observability/alerts/acme/api/v2/status", "viewer"),
    ("POST", "/tenants/acme/silences", "operator"),
    ("GET", "/tenants/acme/silences", "viewer"),
    ("GET", "/tenants/acme/silences/sil-1", "viewer"),
    ("DELETE", "/tenants/acme/silences/sil-1", "operator"),
];

#[tokio::test]
async fn what_is_somebody_elses_is_not_there_on_any_route() {
    let (world, _) = world().await;
    let stranger = world.tenant("other").await;
    for (method, path, _) in ROUTES {
        let answer = world.send(request(method, &stranger, path, Body::from("{}"))).await;
        assert_eq!(answer.status.as_u16(), 404, "{method} {path}: {}", answer.text);
        assert!(answer.text.contains("There is no such tenant."), "{method} {path}: {}", answer.text);
    }
}

#[tokio::test]
async fn each_route_needs_its_role() {
    let (world, admin) = world().await;
    for (method, path, least) in ROUTES {
        for role in ["viewer", "ingest", "operator"] {
            let key = world.key(&admin, "acme", role).await;
            let may = least == "viewer" || least == role;
            if may && path.ends_with("/test") {
                continue;
            }
            let answer = world.send(request(method, &key, path, Body::from("{}"))).await;
            assert_eq!(answer.status.as_u16() == 403, !may, "{method} {path} by {role}: {}", answer.text);
        }
    }
}
