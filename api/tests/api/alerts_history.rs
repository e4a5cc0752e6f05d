//! What came in, page by page and by what it is, and what is said of it.

use rstest::rstest;
use serde_json::{Value, json};

use plimsoll_domain::time::Span;

use crate::alerts::{FIRE, HISTORY, action, trigger, world};
use crate::common::World;

/// The keys of the alerts that are found.
async fn keys(world: &World, admin: &str, query: &str) -> Vec<String> {
    let found = world.get(admin, &format!("{HISTORY}?{query}")).await.expect(200).body;
    let of = |alert: &Value| alert["dedup_key"].as_str().expect("a key").to_owned();
    found["items"].as_array().expect("items").iter().map(of).collect()
}

/// Four alerts, a minute apart: `a` critical, `b` of component `web`, `c` acknowledged, `d` resolved.
async fn four() -> (World, String) {
    let (world, admin) = world().await;
    let mut of_web = trigger("b", "warning");
    of_web["component"] = json!("web");
    for body in [trigger("a", "critical"), of_web, trigger("c", "info"), trigger("d", "info")] {
        world.post(&admin, FIRE, body).await.expect(202);
        world.clock.advance(Span::minutes(1));
    }
    world.post(&admin, FIRE, action("acknowledge", "c")).await.expect(202);
    world.post(&admin, FIRE, action("resolve", "d")).await.expect(202);
    (world, admin)
}

#[rstest]
#[case("", &["d", "c", "b", "a"])]
#[case("severity=critical", &["a"])]
#[case("state=triggered", &["b", "a"])]
#[case("state=acknowledged", &["c"])]
#[case("state=resolved", &["d"])]
#[case("state=dead", &[])]
#[case("receiver=pager", &["a"])]
#[case("receiver=hook", &["d", "c", "b"])]
#[case("component=web", &["b"])]
#[case("dedup_key=c", &["c"])]
#[case("from=2026-11-01T12:01:00Z&to=2026-11-01T12:03:00Z", &["c", "b"])]
#[case("to=2026-11-01T12:00:00Z", &[])]
#[case("severity=info&state=resolved&receiver=hook", &["d"])]
#[tokio::test]
async fn alerts_are_found_by_what_they_are(#[case] query: &str, #[case] expected: &[&str]) {
    let (world, admin) = four().await;
    assert_eq!(keys(&world, &admin, query).await, expected);
}

#[rstest]
#[case("severity=purple", &["/severity"])]
#[case("state=lost&receiver=a%20b", &["/receiver", "/state"])]
#[case("from=yesterday&to=now", &["/to", "/from"])]
#[case("from=2026-11-01T12:00:00Z&to=2026-11-01T12:00:00Z", &["/to"])]
#[case("limit=0", &["/limit"])]
#[case("cursor=bm9uc2Vuc2U", &["/cursor"])]
#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused(#[case] query: &str, #[case] pointers: &[&str]) {
    let (world, admin) = world().await;
    assert_eq!(world.get(&admin, &format!("{HISTORY}?{query}")).await.problem(422), pointers);
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip() {
    let (world, admin) = world().await;
    for key in 0..7 {
        world.post(&admin, FIRE, trigger(&format!("k{key}"), "info")).await.expect(202);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get(&admin, &format!("{HISTORY}?limit=3{cursor}")).await.expect(200).body;
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= 3);
        seen.extend(items.iter().map(|item| item["dedup_key"].to_string()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 7);
}

#[tokio::test]
async fn an_alert_shows_all_that_it_says_and_what_is_sent_of_it() {
    let (world, admin) = world().await;
    let body = json!({"event_action": "trigger", "dedup_key": "db", "summary": "db is down", "severity": "critical",
        "source": "ci", "component": "db", "labels": {"team": "core"}, "details": {"build": 7, "by": ["a", null]},
        "runbook_url": "https://wiki.example/db"});
    let id = world.post(&admin, FIRE, body).await.expect(202).body["alert_id"].as_str().expect("an id").to_owned();
    let alert = world.get(&admin, &format!("{HISTORY}/{id}")).await.expect(200).body;
    let noon = "2026-11-01T12:00:00.000Z";
    let delivery = json!({"id": format!("{id}-1"), "receiver": "pager", "kind": "pagerduty", "action": "trigger",
        "state": "waiting", "reason": null, "next_attempt_at": noon, "created_at": noon, "attempts": []});
    let event = json!({"at": noon, "kind": "trigger", "severity": "critical", "by": "admin", "suppressed": null,
        "detail": null, "deliveries": [format!("{id}-1")]});
    let mut expected = json!({"alert_id": id, "dedup_key": "db", "status": "triggered", "summary": "db is down",
        "severity": "critical", "source": "ci", "component": "db", "labels": {"team": "core"},
        "details": {"build": 7, "by": ["a", null]}, "runbook_url": "https://wiki.example/db", "fired_at": noon,
        "updated_at": noon, "routes": ["critical"], "hold": null, "events": [event], "events_left_out": 0,
        "deliveries": [delivery], "deliveries_left_out": 0, "feedback": null});
    expected["events"][0]["by"] = alert["events"][0]["by"].clone();
    assert_eq!(alert, expected);
    world.get(&admin, &format!("{HISTORY}/alt-none")).await.problem(404);
    world.get(&admin, &format!("{HISTORY}/Not-An-Id")).await.problem(404);
}

#[tokio::test]
async fn what_is_said_of_alerts_is_counted_by_route_and_by_slo() {
    let (world, admin) = world().await;
    let operator = world.key(&admin, "acme", "operator").await;
    let mut ids = Vec::new();
    for key in ["a", "b", "c"] {
        let mut body = trigger(key, "critical");
        body["labels"] = json!({"slo_type": "availability"});
        ids.push(world.post(&admin, FIRE, body).await.expect(202).body["alert_id"].as_str().expect("an id").to_owned());
    }
    let give = |id: &str, body: Value| {
        let path = format!("{HISTORY}/{id}/feedback");
        let (world, operator) = (&world, &operator);
        async move { world.post(operator, &path, body).await }
    };
    give(&ids[0], json!({"verdict": "useful"})).await.expect(200);
    give(&ids[1], json!({"verdict": "useful"})).await.expect(200);
    let said = give(&ids[1], json!({"verdict": "noise", "comment": "A test."})).await.expect(200).body;
    assert_eq!(
        said["feedback"],
        json!({"verdict": "noise", "comment": "A test.", "at": "2026-11-01T12:00:00.000Z",
        "by": "a operator"})
    );
    let noise = world.get(&admin, HISTORY).await.expect(200).body["noise"].clone();
    assert_eq!(
        noise,
        json!({"routes": [{"route": "critical", "useful": 1, "noise": 1, "share": 0.5}],
        "slos": [{"slo_type": "availability", "useful": 1, "noise": 1, "share": 0.5}]})
    );
    assert_eq!(give(&ids[2], json!({"verdict": "meh", "comment": ""})).await.problem(422), ["/verdict", "/comment"]);
    assert_eq!(give(&ids[2], json!({"verdict": "noise", "loud": 1})).await.problem(422), ["/loud"]);
    give("alt-none", json!({"verdict": "noise"})).await.problem(404);
}

#[tokio::test]
async fn feedback_can_be_given_on_an_alert_whose_key_fires_again() {
    let (world, admin) = world().await;
    let config = json!({"receivers": []});
    world.put(&admin, crate::alerts::CONFIG, config).await.expect(200);
    let first = world.post(&admin, FIRE, trigger("a", "info")).await.expect(202).body["alert_id"].clone();
    world.post(&admin, FIRE, action("resolve", "a")).await.expect(202);
    let second = world.post(&admin, FIRE, trigger("a", "info")).await.expect(202).body["alert_id"].clone();
    assert_ne!(first, second);
    let path = format!("{HISTORY}/{}/feedback", first.as_str().expect("an id"));
    world.post(&admin, &path, json!({"verdict": "noise"})).await.expect(200);
}

#[tokio::test]
async fn whoever_speaks_at_the_same_time_is_heard() {
    let (world, admin) = world().await;
    let id = world.post(&admin, FIRE, trigger("a", "info")).await.expect(202).body["alert_id"].clone();
    let path = format!("{HISTORY}/{}/feedback", id.as_str().expect("an id"));
    let give = |verdict: &str| world.post(&admin, &path, json!({"verdict": verdict}));
    let (one, two, three) = tokio::join!(give("noise"), give("useful"), give("noise"));
    for answer in [one, two, three] {
        answer.expect(200);
    }
    let tenant = "acme".parse().expect("valid");
    let id = id.as_str().expect("an id").parse().expect("valid");
    let stored = world.store.alert(&tenant, &id).await.expect("reads").expect("an alert");
    assert_eq!(stored.version, 4);
}
