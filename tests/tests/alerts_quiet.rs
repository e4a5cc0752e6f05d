//! What keeps alerts back, and what must come through all the same: silences, maintenance, the cooldown, dry runs, and the
//! walls between tenants.

use std::time::Duration;

use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_tests::acts::push_component;
use plimsoll_tests::alerts::{Desk, deliveries, events, pagerduty, taken, text, trigger, until_taken, webhook, with};
use plimsoll_tests::receivers::{PagerDuty, Webhook};
use plimsoll_tests::{Client, Server, Setup, eventually, now};
use serde_json::{Value, json};

/// A server, whoever looks after the alerts of `acme`, and the one receiver that is told of them.
async fn start() -> (Server, Desk, Webhook) {
    let server = Setup::embedded().start().await;
    let desk = Desk::new(&server.tenant("acme").await, "acme");
    let hook = Webhook::start().await;
    desk.tell(&[webhook("hook", &hook)]).await;
    (server, desk, hook)
}

fn from(source: &str, key: &str) -> Value {
    with(trigger(key), &json!({"source": source}))
}

/// When `hook` has taken the first message of `key`.
fn came(hook: &Webhook, key: &str) -> Timestamp {
    let found = hook.accepted().into_iter().find(|one| one.body["data"]["dedup_key"] == key);
    found.unwrap_or_else(|| panic!("{key} never came")).at
}

#[track_caller]
fn kept_back(fired: &Value, reason: &str, detail: &str) {
    let detail = if detail.is_empty() { Value::Null } else { json!(detail) };
    let told = (&fired["suppressed"], &fired["reason"], &fired["detail"], &fired["deliveries"]);
    assert_eq!(told, (&json!(true), &json!(reason), &detail, &json!([])), "{fired}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_silence_kept_back_is_sent_when_it_ends_if_it_is_still_wrong() {
    let (_server, desk, hook) = start().await;
    desk.fire(&from("deploy", "open before")).await;
    until_taken(10, &hook, "open before", &["trigger"]).await;
    let end = now().plus(Span::from_seconds(5));
    let silence =
        json!({"id": "work", "matchers": ["source=\"deploy\""], "ends_at": end.to_string(), "comment": "work"});
    desk.client.post("/tenants/acme/silences", &silence).await.ok(201);
    let held = desk.fire(&from("deploy", "held")).await;
    kept_back(&held, "silence", "work");
    kept_back(&desk.fire(&from("deploy", "over by then")).await, "silence", "work");
    desk.say("resolve", "over by then").await;
    let shown = desk.alert(&held["alert_id"]).await["hold"].clone();
    assert_eq!((&shown["reason"], &shown["detail"], &shown["until"]), (&json!("silence"), &json!("work"), &json!(end)));
    // Others are heard, and so is the end of what was told before.
    desk.fence("of somebody else").await;
    desk.say("resolve", "open before").await;
    until_taken(10, &hook, "open before", &["trigger", "resolve"]).await;
    assert!(taken(&hook, "held").is_empty() && now() < end, "nothing of it is sent before it ends");

    until_taken(20, &hook, "held", &["trigger"]).await;
    assert!(came(&hook, "held") >= end);
    assert_eq!(events(&desk.alert(&held["alert_id"]).await), ["trigger", "released"]);
    desk.fence("afterwards").await;
    assert!(taken(&hook, "over by then").is_empty(), "what is over is not told of any more");
    let kept = desk.of_key("over%20by%20then").await;
    assert_eq!((&kept["status"], deliveries(&kept).len()), (&json!("resolved"), 0), "{kept}");
    assert!(hook.faults().is_empty(), "{:?}", hook.faults());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_until_resolved_ends_with_what_it_silences() {
    let (_server, desk, hook) = start().await;
    let silence =
        json!({"id": "known", "matchers": ["team=~\"db|core\""], "until_resolved": true, "comment": "known trouble"});
    desk.client.post("/tenants/acme/silences", &silence).await.ok(201);
    let of = |team: &str, key: &str| with(trigger(key), &json!({"labels": {"team": team}}));
    kept_back(&desk.fire(&of("db", "one")).await, "silence", "known");
    kept_back(&desk.fire(&of("core", "two")).await, "silence", "known");
    let status = async || text(&desk.client.get("/tenants/acme/silences/known").await.ok(200)["status"]);
    // It is held against what is open once a second.
    tokio::time::sleep(Duration::from_secs(3)).await;
    desk.say("resolve", "one").await;
    desk.fire(&of("web", "three")).await;
    until_taken(10, &hook, "three", &["trigger"]).await;
    assert_eq!(status().await, "active", "something that it silences is still open");
    desk.say("resolve", "two").await;
    eventually(10, "the silence is over", async || (status().await == "expired").then_some(())).await;
    desk.fire(&of("db", "one")).await;
    until_taken(10, &hook, "one", &["trigger"]).await;
    assert!(taken(&hook, "two").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_component_in_maintenance_is_told_afterwards() {
    let (_server, desk, hook) = start().await;
    for id in ["api", "web"] {
        desk.client.post("/tenants/acme/components", &push_component(id)).await.ok(201);
    }
    let (begin, end) = (now().minus(Span::from_seconds(60)), now().plus(Span::from_seconds(5)));
    let work = json!({"id": "move", "title": "We move", "components": ["api"], "starts_at": begin.to_string(),
        "ends_at": end.to_string()});
    desk.client.post("/tenants/acme/maintenances", &work).await.ok(201);
    let of = |component: &str, key: &str| with(trigger(key), &json!({"component": component, "severity": "critical"}));
    kept_back(&desk.fire(&of("api", "moved")).await, "maintenance", "move");
    desk.fire(&of("web", "not moved")).await;
    until_taken(10, &hook, "not moved", &["trigger"]).await;
    until_taken(20, &hook, "moved", &["trigger"]).await;
    assert!(came(&hook, "moved") >= end && came(&hook, "not moved") < end);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cooldown_holds_back_the_same_but_never_the_worse_nor_the_end() {
    let (_server, desk, hook) = start().await;
    let pd = PagerDuty::start().await;
    let receivers = [webhook("hook", &hook), pagerduty("pd", &pd)];
    desk.configure(&json!({"receivers": receivers, "cooldown_seconds": 6})).await;
    let of = |severity: &str| with(trigger("disk"), &json!({"severity": severity}));
    let first = now();
    desk.fire(&of("warning")).await;
    kept_back(&desk.fire(&of("warning")).await, "cooldown", "");
    assert_eq!(desk.fire(&of("critical")).await["suppressed"], false, "the worse is told");
    kept_back(&desk.fire(&of("warning")).await, "cooldown", "");
    until_taken(5, &hook, "disk", &["trigger", "trigger"]).await;
    let severities: Vec<_> = hook.accepted().iter().map(|one| text(&one.body["data"]["severity"])).collect();
    assert_eq!(severities, ["warning", "critical"]);
    desk.say("resolve", "disk").await;
    until_taken(5, &hook, "disk", &["trigger", "trigger", "resolve"]).await;
    until_taken(5, &pd, "disk", &["trigger", "trigger", "resolve"]).await;
    assert!(now() < first.plus(Span::from_seconds(5)), "all of that is within the cooldown");

    // It comes back within the cooldown: that is told when it has passed, unless it is over again by then.
    let back = desk.fire(&of("critical")).await;
    kept_back(&back, "cooldown", "");
    until_taken(20, &hook, "disk", &["trigger", "trigger", "resolve", "trigger"]).await;
    let last = hook.accepted().last().expect("some").at;
    assert!(last.millis_since(hook.accepted()[1].at) >= 5_900, "{last}");
    assert!(hook.faults().is_empty() && pd.faults().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_works_on_is_not_told_again() {
    let (_server, desk, hook) = start().await;
    desk.fence("taken").await;
    desk.say("acknowledge", "taken").await;
    let again = desk.trigger("taken").await;
    assert_eq!((&again["suppressed"], &again["reason"]), (&json!(true), &json!("acknowledged")), "{again}");
    desk.fence("fence").await;
    assert_eq!(taken(&hook, "taken"), ["trigger", "acknowledge"]);
    let nothing = desk.say("resolve", "never heard of").await;
    assert_eq!((&nothing["suppressed"], &nothing["reason"]), (&json!(false), &json!("nothing_open")), "{nothing}");
    assert!(taken(&hook, "never heard of").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_who_would_be_told_and_leaves_no_trace() {
    let (_server, desk, hook) = start().await;
    let pd = PagerDuty::start().await;
    let receivers = [webhook("hook", &hook), pagerduty("pd", &pd)];
    let route = json!({"name": "pages", "matchers": ["severity=\"critical\""], "receivers": ["pd"], "continue": true});
    let config = json!({"receivers": receivers, "routes": [route], "default_receivers": ["hook"]});
    desk.configure(&config).await;
    let signal = with(trigger("dry"), &json!({"severity": "critical"}));
    let path = format!("{}?dry_run=true", desk.path("fire"));
    let would = desk.client.post(&path, &signal).await.ok(200);
    assert_eq!(would["deliveries"], json!([{"id": null, "receiver": "pd"}]), "{would}");
    assert!(would["dry_run"] == true && would["routes"] == json!(["pages"]), "{would}");
    assert!(would["path"].as_array().is_some_and(|path| !path.is_empty()), "{would}");
    desk.fence("fence").await;
    assert!(desk.history().await.iter().all(|alert| alert["dedup_key"] == "fence"));
    assert!(pd.received().is_empty() && taken(&hook, "dry").is_empty());
    // And it was no lie.
    desk.fire(&signal).await;
    until_taken(10, &pd, "dry", &["trigger"]).await;
    desk.fence("another fence").await;
    assert!(taken(&hook, "dry").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_tenant_hears_or_sees_anything_of_another() {
    let (server, acme, hook) = start().await;
    let stranger: Client = server.tenant("other").await;
    let other = Desk::new(&stranger, "other");
    let hook_of_other = Webhook::start().await;
    other.tell(&[webhook("hook", &hook_of_other)]).await;
    let fired = acme.trigger("same key").await;
    other.fence("same key").await;
    acme.until_delivered(&fired).await;
    acme.say("resolve", "same key").await;
    until_taken(10, &hook, "same key", &["trigger", "resolve"]).await;
    other.fence("fence").await;
    assert_eq!(taken(&hook_of_other, "same key"), ["trigger"]);
    assert!(hook.received().iter().all(|one| one.body["data"]["tenant"] == "acme"));
    assert!(hook_of_other.received().iter().all(|one| one.body["data"]["tenant"] == "other"));

    let id = text(&fired["alert_id"]);
    let of_stranger = Desk::new(&stranger, "acme");
    for path in [of_stranger.path("history"), of_stranger.path("config"), of_stranger.path("dead")] {
        assert_eq!(stranger.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(stranger.get(&other.path(&format!("history/{id}"))).await.status, 404);
    assert_eq!(stranger.post(&of_stranger.path("fire"), &trigger("x")).await.status, 404);
    assert_eq!(stranger.post(&of_stranger.path("config/receivers/hook/test"), &json!({})).await.status, 404);
    assert!(other.history().await.iter().all(|alert| alert["alert_id"] != id));
}
