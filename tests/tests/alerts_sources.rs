//! What Plimsoll itself notices comes in as alerts like those of everybody else, and ends with its reason.

use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_tests::acts::{http_component, until_status};
use plimsoll_tests::alerts::{Desk, events, pagerduty, taken, text, told, trigger, until_taken};
use plimsoll_tests::receivers::PagerDuty;
use plimsoll_tests::{Backing, Client, INTERVAL, Mode, Server, Setup, Target, TlsTarget, eventually, now};
use serde_json::{Value, json};

const COMPONENTS: &str = "/tenants/acme/components";
const MEASURE: &str = "/observability/slo/measure/acme";

async fn start(setup: Setup) -> (Server, Desk, PagerDuty) {
    let server = setup.start().await;
    let desk = Desk::new(&server.tenant("acme").await, "acme");
    let pd = PagerDuty::start().await;
    desk.tell(&[pagerduty("pd", &pd)]).await;
    (server, desk, pd)
}

/// The key that the receiver is told of by `source`, and what it is told.
async fn heard(pd: &PagerDuty, source: &str) -> (String, Value) {
    let of = |source: &str| pd.accepted().into_iter().find(|one| one.body["payload"]["source"] == source);
    let found = eventually(60, &format!("an alert of {source} arrives"), async || of(source)).await;
    (told(&found).1, found.body["payload"].clone())
}

/// Waits for two more ticks.
async fn two_ticks() {
    tokio::time::sleep(std::time::Duration::from_secs(2 * INTERVAL.seconds().unsigned_abs())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_an_alert_until_it_is_resolved() {
    let (server, desk, pd) = start(Setup::embedded()).await;
    let mut target = Target::start().await;
    desk.client.post(COMPONENTS, &http_component("web", "Web shop", &target.url("/"))).await.ok(201);
    until_status(&server.anybody(), "acme", "web", "operational").await;
    assert!(pd.received().is_empty(), "nothing is wrong");
    target.switch(Mode::Failing).await;
    let (key, payload) = heard(&pd, "incident").await;
    assert_eq!((&payload["summary"], &payload["severity"]), (&json!("Web shop is down"), &json!("critical")));
    assert_eq!(payload["component"], "web", "{payload}");
    let incidents = desk.client.get("/incidents").await.ok(200);
    let id = text(&incidents["items"][0]["id"]);
    assert_eq!(
        (key.as_str(), &payload["custom_details"]["labels"]["incident_id"]),
        (&*format!("incident/{id}"), &json!(id))
    );
    two_ticks().await;
    assert_eq!(taken(&pd, &key), ["trigger"], "as long as it goes on, it is told once");
    target.switch(Mode::Healthy).await;
    until_taken(60, &pd, &key, &["trigger", "resolve"]).await;

    // And one that a person opens.
    let body =
        json!({"title": "We look into mails", "status": "investigating", "impact": "minor", "body": "Mails are slow."});
    let made = desk.client.post("/incidents", &body).await.ok(201);
    let id = text(&made["id"]);
    let key = format!("incident/{id}");
    until_taken(30, &pd, &key, &["trigger"]).await;
    desk.client
        .patch(&format!("/incidents/{id}"), &json!({"status": "resolved", "body": "They are not."}))
        .await
        .ok(200);
    until_taken(30, &pd, &key, &["trigger", "resolve"]).await;
    assert!(pd.open().is_empty() && pd.faults().is_empty(), "{:?} {:?}", pd.open(), pd.faults());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_heartbeat_is_one_alert_until_it_beats() {
    let (server, desk, pd) = start(Setup::embedded()).await;
    let component = json!({"id": "worker", "name": "Worker", "probe": {"kind": "heartbeat", "every_seconds": 6}});
    desk.client.post(COMPONENTS, &component).await.ok(201);
    let (key, payload) = heard(&pd, "heartbeat").await;
    assert_eq!((key.as_str(), &payload["severity"]), ("heartbeat/worker", &json!("critical")), "{payload}");
    until_status(&server.anybody(), "acme", "worker", "major_outage").await;
    two_ticks().await;
    let beating = async || {
        desk.client.ask("POST", "/tenants/acme/components/worker/heartbeat", &[], None).await.ok(204);
        (taken(&pd, &key) == ["trigger", "resolve"]).then_some(())
    };
    eventually(60, "it beats, and all is well", beating).await;
    assert_eq!(
        (pd.received().len(), pd.faults().len()),
        (2, 0),
        "its incident is not told of besides: {:?}",
        pd.received()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_burns_is_a_critical_alert_until_it_no_longer_does() {
    let (_server, desk, pd) = start(Setup::embedded()).await;
    let tiers = json!([
        {"long": "3m", "short": "1m", "budget_share": 0.002, "severity": "page"},
        {"long": "6m", "short": "2m", "budget_share": 0.002, "severity": "ticket"},
    ]);
    let slo = json!({"slo_type": "jobs", "kind": "events", "objective": 0.9, "window": "1d", "tiers": tiers});
    desk.client.put("/observability/slo/config/acme", &json!({"objectives": [slo]})).await.ok(200);
    let push = async |seconds: i64, good: u64, valid: u64| {
        let at: Timestamp = now().minus(Span::from_seconds(seconds));
        let counts = json!({"slo_type": "jobs", "at": at.to_string(), "good": good, "valid": valid});
        assert_eq!(desk.client.post(MEASURE, &counts).await.ok(200)["accepted"], 1);
    };
    push(1_200, 1_000, 1_000).await;
    desk.fence("fence").await;
    two_ticks().await;
    assert_eq!(pd.received().len(), 1, "nothing burns yet");
    push(5, 50, 100).await;
    let (key, payload) = heard(&pd, "slo").await;
    assert!(key.starts_with("slo/jobs/"), "{key}");
    assert_eq!(payload["severity"], "critical", "{payload}");
    let labels = &payload["custom_details"]["labels"];
    assert_eq!((&labels["slo_type"], &labels["long"]), (&json!("jobs"), &json!("3m")), "{payload}");
    two_ticks().await;
    assert_eq!(taken(&pd, &key), ["trigger"]);
    let of_slo = pd.accepted().iter().filter(|one| one.body["payload"]["source"] == "slo").count();
    assert_eq!(of_slo, 1, "the slower tier is quiet while this one fires");
    push(1, 100_000, 100_000).await;
    until_taken(60, &pd, &key, &["trigger", "resolve"]).await;
    assert!(pd.faults().is_empty(), "{:?}", pd.faults());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_about_to_expire_is_a_warning_and_an_emergency_at_last() {
    let day = |days: i64| now().plus(Span::days(days));
    let target = TlsTarget::start(day(40));
    let authority = target.ca_file();
    let setup = Setup::embedded().with("SSL_CERT_FILE", authority.to_str().expect("a readable path"));
    let (server, desk, pd) = start(setup).await;
    let component = json!({"id": "shop", "name": "Shop", "probe": {"kind": "http", "url": target.url()}});
    desk.client.post(COMPONENTS, &component).await.ok(201);
    until_status(&server.anybody(), "acme", "shop", "operational").await;
    two_ticks().await;
    assert!(pd.received().is_empty(), "40 days are enough");
    target.renew(day(10));
    let (key, payload) = heard(&pd, "certificate").await;
    assert_eq!((key.as_str(), &payload["severity"]), ("certificate/shop", &json!("warning")), "{payload}");
    let summary = text(&payload["summary"]);
    assert!(summary.contains("Shop expires in 9 days") && summary.contains(&day(10).format("%Y-%m-%d")), "{summary}");
    target.renew(day(2));
    until_taken(30, &pd, &key, &["trigger", "trigger"]).await;
    assert_eq!(pd.received()[1].body["payload"]["severity"], "critical");
    target.renew(day(90));
    until_taken(30, &pd, &key, &["trigger", "trigger", "resolve"]).await;
    assert_eq!(events(&desk.of_key("certificate/shop").await), ["trigger", "trigger", "resolve"]);
    assert!(pd.faults().is_empty(), "{:?}", pd.faults());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_on_one_store_send_nothing_twice() {
    // Both must open what either of them seals.
    let setup =
        Setup::on(Backing::MongoDb).await.with("PLIMSOLL_SECRET_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
    let second = setup.clone();
    let ((first, desk, pd), second) = tokio::join!(start(setup), second.start());
    desk.configure(&json!({"receivers": [pagerduty("pd", &pd)], "cooldown_seconds": 300})).await;
    let mut target = Target::start().await;
    desk.client.post(COMPONENTS, &http_component("web", "Web", &target.url("/"))).await.ok(201);
    until_status(&first.anybody(), "acme", "web", "operational").await;
    target.switch(Mode::Failing).await;
    let (incident, _) = heard(&pd, "incident").await;
    target.switch(Mode::Healthy).await;

    let clients: [Client; 2] = [desk.client.clone(), desk.client.at(&second.url())];
    let keys: Vec<String> = (0..24).map(|number| format!("both-{number}")).collect();
    for key in &keys {
        // Both are told the same at the same time, as by somebody who makes sure; then both are told that it is over.
        let (path, signal) = (desk.path("fire"), trigger(key));
        let say = async |client: &Client| client.post(&path, &signal).await.ok(202)["alert_id"].clone();
        let (one, other) = tokio::join!(say(&clients[0]), say(&clients[1]));
        assert_eq!(one, other);
    }
    for (number, key) in keys.iter().enumerate() {
        let resolve = json!({"event_action": "resolve", "dedup_key": key});
        clients[number % 2].post(&desk.path("fire"), &resolve).await.ok(202);
    }
    until_taken(60, &pd, &incident, &["trigger", "resolve"]).await;
    for key in &keys {
        let over = async || taken(&pd, key).iter().any(|one| one == "resolve").then_some(());
        eventually(60, &format!("the end of {key} is told"), over).await;
    }
    desk.fence("fence").await;
    for key in &keys {
        assert_eq!(taken(&pd, key), ["trigger", "resolve"], "{key}");
    }
    assert_eq!(taken(&pd, &incident), ["trigger", "resolve"]);
    assert_eq!((pd.received().len(), pd.faults()), (2 * keys.len() + 3, Vec::new()));
}
