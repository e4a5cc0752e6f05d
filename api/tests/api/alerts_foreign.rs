//! What an Alertmanager and a Prometheus send.

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rstest::rstest;
use serde_json::{Value, json};

use plimsoll_domain::time::Span;

use crate::alerts::{CONFIG, HISTORY, world};
use crate::common::{Answer, World};

const WEBHOOK: &str = "/observability/alerts/alertmanager/acme";
const ALERTS: &str = "/observability/alerts/acme/api/v2/alerts";
const STATUS: &str = "/observability/alerts/acme/api/v2/status";

fn group(alerts: &Value, truncated: u64) -> Value {
    json!({"version": "4", "groupKey": "{}:{}", "truncatedAlerts": truncated, "status": "firing", "receiver": "r",
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://am:9093",
        "notification_reason": "new", "routeLabels": {"x": "y"}, "alerts": alerts})
}

fn foreign(status: &str, fingerprint: &str, severity: &str) -> Value {
    json!({"status": status, "labels": {"alertname": "Down", "severity": severity, "job": fingerprint},
        "annotations": {"summary": format!("{fingerprint} is down")}, "startsAt": "2026-11-01T11:55:00Z",
        "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://prom/graph", "fingerprint": fingerprint, "new": [1]})
}

async fn alerts(world: &World, admin: &str) -> Vec<Value> {
    world.get(admin, HISTORY).await.expect(200).body["items"].as_array().expect("items").clone()
}

#[tokio::test]
async fn each_alert_of_a_group_is_judged_by_its_own_status() {
    let (world, admin) = world().await;
    let ingest = world.key(&admin, "acme", "ingest").await;
    let both = json!([foreign("firing", "aaaa", "page"), foreign("firing", "bbbb", "ticket")]);
    let answer = world.post(&ingest, WEBHOOK, group(&both, 0)).await.expect(202).body;
    assert_eq!((&answer["truncated"], &answer["alerts"][0]["deliveries"][0]["receiver"]), (&json!(0), &json!("pager")));
    assert_eq!(answer["alerts"][1]["dedup_key"], "bbbb");
    let mixed = json!([foreign("firing", "aaaa", "page"), foreign("resolved", "bbbb", "ticket")]);
    let answer = world.post(&ingest, WEBHOOK, group(&mixed, 3)).await.expect(202).body;
    assert_eq!((&answer["truncated"], &answer["alerts"][0]["reason"]), (&json!(3), &json!("already_open")));
    let mut found = alerts(&world, &admin).await;
    found.sort_by_key(|alert| alert["dedup_key"].to_string());
    assert_eq!((&found[0]["status"], &found[1]["status"]), (&json!("triggered"), &json!("resolved")));
    assert_eq!((&found[0]["severity"], &found[0]["source"]), (&json!("critical"), &json!("alertmanager")));
    assert_eq!(found[0]["details"]["externalURL"], "http://am:9093");
    assert_eq!(found[0]["deliveries"].as_array().map(Vec::len), Some(1), "what is said again is heard once");
    for alert in &found {
        assert_eq!(alert["events"][1]["detail"], "Alertmanager left out 3 alerts of this group");
    }
    world.post(&ingest, WEBHOOK, group(&mixed, 3)).await.expect(202);
    let again = alerts(&world, &admin).await;
    assert!(again.iter().all(|alert| alert["events"].as_array().map(Vec::len) == Some(2)), "and so is that: {again:?}");
}

#[tokio::test]
async fn another_version_is_refused_and_what_is_known_must_be_of_its_kind() {
    let (world, admin) = world().await;
    let mut other = group(&json!([]), 0);
    other["version"] = json!("5");
    assert_eq!(world.post(&admin, WEBHOOK, other).await.problem(422), ["/version"]);
    assert_eq!(world.post(&admin, WEBHOOK, json!({"version": "4"})).await.problem(422), ["/alerts"]);
    let wrong = group(&json!([{"labels": {"a": 1}}]), 0);
    assert_eq!(world.post(&admin, WEBHOOK, wrong).await.problem(422), ["/alerts/0/labels/a"]);
    world.post(&admin, WEBHOOK, group(&json!([{}]), 0)).await.expect(202);
    let large = group(&json!([{"labels": {"a": "x".repeat(9 << 20)}}]), 0);
    world.post(&admin, WEBHOOK, large).await.problem(413);
}

async fn send(world: &World, authorization: &str, (method, path): (&str, &str), body: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = if authorization.is_empty() { request } else { request.header("authorization", authorization) };
    world.send(request.body(Body::from(body.to_owned())).expect("a request")).await
}

async fn post(world: &World, key: &str, body: &Value) -> Answer {
    send(world, &format!("Bearer {key}"), ("POST", ALERTS), &body.to_string()).await
}

#[tokio::test]
async fn a_prometheus_is_heard_until_it_says_that_it_is_over() {
    let (world, admin) = world().await;
    let firing = |ends_at: &str| {
        json!([{"labels": {"alertname": "Down", "severity": "critical", "empty": ""}, "annotations": {"summary": "down"},
            "startsAt": "2026-11-01T11:55:00Z", "endsAt": ends_at, "generatorURL": "http://prom/graph"}])
    };
    let taken = post(&world, &admin, &firing("2026-11-01T12:04:00Z")).await.expect(200);
    assert_eq!(taken.text, "");
    world.clock.advance(Span::minutes(1));
    post(&world, &admin, &firing("2026-11-01T12:05:00Z")).await.expect(200);
    let found = alerts(&world, &admin).await;
    assert_eq!((found.len(), &found[0]["status"], &found[0]["source"]), (1, &json!("triggered"), &json!("prometheus")));
    assert_eq!(found[0]["events"].as_array().map(Vec::len), Some(1));
    assert_eq!(found[0]["labels"], json!({"alertname": "Down", "severity": "critical"}));
    let id = found[0]["alert_id"].as_str().expect("an id").parse().expect("valid");
    let stored = world.store.alert(&"acme".parse().expect("valid"), &id).await.expect("reads").expect("an alert");
    assert_eq!(stored.expires_at, Some("2026-11-01T12:05:00Z".parse().expect("valid")));
    post(&world, &admin, &firing("2026-11-01T12:01:00Z")).await.expect(200);
    assert_eq!(alerts(&world, &admin).await[0]["status"], "resolved");
}

#[tokio::test]
async fn an_alert_that_does_not_say_for_how_long_holds_for_the_configured_time() {
    let (world, admin) = world().await;
    world.put(&admin, CONFIG, json!({"resolve_timeout_seconds": 120})).await.expect(200);
    let body =
        json!([{"labels": {"alertname": "A"}}, {"labels": {"alertname": "B"}, "endsAt": "0001-01-01T00:00:00Z"}]);
    post(&world, &admin, &body).await.expect(200);
    for found in alerts(&world, &admin).await {
        let id = found["alert_id"].as_str().expect("an id").parse().expect("valid");
        let stored = world.store.alert(&"acme".parse().expect("valid"), &id).await.expect("reads").expect("an alert");
        assert_eq!(stored.expires_at, Some("2026-11-01T12:02:00Z".parse().expect("valid")));
    }
}

#[tokio::test]
async fn an_alert_that_cannot_be_taken_is_named_and_the_others_are_taken() {
    let (world, admin) = world().await;
    let body = json!([{"labels": {}}, {"labels": {"alertname": "B"}}, {"labels": {"a": "b"}, "endsAt": "soon"},
        {"labels": {"empty": ""}}, {"annotations": {}}]);
    let answer = post(&world, &admin, &body).await.expect(400);
    assert_eq!(answer.header("content-type"), "application/json");
    let words = answer.body.as_str().expect("a JSON string");
    for index in [0, 2, 3, 4] {
        assert!(words.contains(&format!("alert {index}: ")), "{words}");
    }
    assert_eq!(alerts(&world, &admin).await.len(), 1);
}

#[rstest]
#[case("", 401)]
#[case("Bearer plk_unknown", 401)]
#[case("Basic bm9uc2Vuc2U=", 401)]
#[case("Basic %%%", 401)]
#[case("Digest x", 401)]
#[tokio::test]
async fn whoever_has_no_key_is_told_so_in_words(#[case] authorization: &str, #[case] status: u16) {
    let (world, _) = world().await;
    for place in [("POST", ALERTS), ("GET", STATUS)] {
        let answer = send(&world, authorization, place, "[]").await.expect(status);
        assert!(answer.body.is_string() && answer.headers.get_all("www-authenticate").iter().count() == 2);
    }
}

#[tokio::test]
async fn a_key_may_come_as_the_password_of_basic_here_and_nowhere_else() {
    let (world, admin) = world().await;
    let viewer = world.key(&admin, "acme", "viewer").await;
    let basic = |key: &str| format!("Basic {}", STANDARD.encode(format!("anybody:{key}")));
    send(&world, &basic(&admin), ("POST", ALERTS), "[]").await.expect(200);
    let status = send(&world, &basic(&viewer), ("GET", STATUS), "").await.expect(200).body;
    assert_eq!(
        (&status["cluster"]["status"], &status["versionInfo"]["version"]),
        (&json!("disabled"), &json!("0.0.0"))
    );
    assert!(send(&world, &basic(&viewer), ("POST", ALERTS), "[]").await.expect(403).body.is_string());
    send(&world, &basic(&admin), ("GET", HISTORY), "").await.problem(401);
    let stranger = world.tenant("other").await;
    assert!(send(&world, &basic(&stranger), ("POST", ALERTS), "[]").await.expect(404).body.is_string());
}

#[tokio::test]
async fn what_is_no_list_of_alerts_is_refused_in_words() {
    let (world, admin) = world().await;
    let bearer = format!("Bearer {admin}");
    for body in ["", "{}", "nonsense", "[1]", "[{\"labels\": 1}]"] {
        assert!(send(&world, &bearer, ("POST", ALERTS), body).await.expect(400).body.is_string(), "{body}");
    }
    let large = format!("[{}]", " ".repeat(9 << 20));
    assert!(send(&world, &bearer, ("POST", ALERTS), &large).await.expect(413).body.is_string());
    let request = Request::builder().method("POST").uri(ALERTS).header("authorization", bearer);
    let request = request.header("content-type", "text/plain").body(Body::from("[]")).expect("a request");
    assert!(world.send(request).await.expect(400).body.is_string());
}

#[tokio::test]
async fn a_tenant_may_be_called_like_one_of_our_paths() {
    let world = World::new().await;
    for name in ["config", "fire", "dead", "history", "alertmanager"] {
        let key = world.tenant(name).await;
        let path = format!("/observability/alerts/{name}/api/v2/alerts");
        send(&world, &format!("Bearer {key}"), ("POST", &path), "[]").await.expect(200);
    }
}
