//! Incidents that open by themselves, as the tenant wants it.

use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_tests::acts::{http_component, until_status};
use plimsoll_tests::{Mode, Setup, Target, eventually, now};
use serde_json::{Value, json};

use crate::timeline::{start, until_said};

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_waits_for_somebody_and_off_opens_nothing() {
    let (server, admin, visitor) = start(Setup::embedded()).await;
    let other = server.tenant("other").await;
    let mut target = Target::start().await;
    for (client, tenant, mode) in [(&admin, "acme", "draft"), (&other, "other", "off")] {
        client.put(&format!("/tenants/{tenant}/page"), &json!({"auto_incident": mode})).await.ok(200);
        let shop = http_component("shop", "Shop", &target.url("/"));
        client.post(&format!("/tenants/{tenant}/components"), &shop).await.ok(201);
    }
    until_status(&server.anybody(), "acme", "shop", "operational").await;
    target.switch(Mode::Failing).await;
    let drafted = async || Some(admin.get("/incidents").await.ok(200)["items"][0].clone()).filter(Value::is_object);
    let draft = eventually(60, "a draft is there", drafted).await;
    assert_eq!((&draft["draft"], &draft["automatic"]), (&json!(true), &json!(true)), "{draft}");
    until_status(&server.anybody(), "acme", "shop", "major_outage").await;
    until_status(&server.anybody(), "other", "shop", "major_outage").await;
    let path = format!("/incidents/{}", draft["id"].as_str().expect("an id"));
    assert_eq!(visitor.get(&path).await.status, 404);
    for part in ["", "/incidents", "/components/shop", "/feed.atom", "/api/v2/summary.json"] {
        let id = path.trim_start_matches("/incidents/");
        assert!(!visitor.get(part).await.text.contains(id), "{part}");
    }
    assert_eq!(other.get("/incidents").await.ok(200)["items"], json!([]));
    admin.patch(&path, &json!({"publish": true})).await.ok(200);
    until_said(&visitor, &path, "Shop is down").await;
    // Publishing it is not yet taking it over: it ends by itself.
    target.switch(Mode::Healthy).await;
    let over = async || (admin.get(&path).await.ok(200)["status"] == "resolved").then_some(());
    eventually(60, "it is resolved by itself", over).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_says_stops_the_automation() {
    let (server, admin, _visitor) = start(Setup::embedded()).await;
    let mut target = Target::start().await;
    admin.post("/tenants/acme/components", &http_component("shop", "Shop", &target.url("/"))).await.ok(201);
    until_status(&server.anybody(), "acme", "shop", "operational").await;
    target.switch(Mode::Failing).await;
    let opened = async || Some(admin.get("/incidents").await.ok(200)["items"][0].clone()).filter(Value::is_object);
    let incident = eventually(60, "an incident is there", opened).await;
    let path = format!("/incidents/{}", incident["id"].as_str().expect("an id"));
    admin.patch(&path, &json!({"body": "It is the *power*."})).await.ok(200);
    target.switch(Mode::Healthy).await;
    let looks = target.hits("/") + 4;
    eventually(60, "it was looked at four more times", async || (target.hits("/") >= looks).then_some(())).await;
    let held = admin.get(&path).await.ok(200);
    assert_eq!(
        (&held["status"], held["updates"].as_array().map(Vec::len)),
        (&json!("investigating"), Some(2)),
        "{held}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_budget_that_burns_is_an_incident_until_it_no_longer_does() {
    let (_server, admin, visitor) = start(Setup::embedded()).await;
    let tiers = json!([{"long": "3m", "short": "1m", "budget_share": 0.002, "severity": "page"}]);
    let slo = |name: &str, public: bool| {
        json!({"slo_type": name, "kind": "events", "objective": 0.9,
        "window": "1d", "tiers": tiers, "public": public})
    };
    let config = json!({"objectives": [slo("jobs", true), slo("inner", false)]});
    admin.put("/observability/slo/config/acme", &config).await.ok(200);
    let push = async |slo: &str, seconds: i64, good: u64, valid: u64| {
        let at: Timestamp = now().minus(Span::from_seconds(seconds));
        let counts = json!({"slo_type": slo, "at": at.to_string(), "good": good, "valid": valid});
        assert_eq!(admin.post("/observability/slo/measure/acme", &counts).await.ok(200)["accepted"], 1);
    };
    for slo in ["jobs", "inner"] {
        push(slo, 1_200, 1_000, 1_000).await;
        push(slo, 5, 50, 100).await;
    }
    let opened = async || Some(admin.get("/incidents").await.ok(200)["items"][0].clone()).filter(Value::is_object);
    let incident = eventually(60, "an incident is there", opened).await;
    assert!(incident["title"].as_str().is_some_and(|title| title.contains("jobs")), "{incident}");
    let path = format!("/incidents/{}", incident["id"].as_str().expect("an id"));
    until_said(&visitor, &path, "jobs").await;
    push("jobs", 1, 100_000, 100_000).await;
    let over = async || Some(admin.get(&path).await.ok(200)).filter(|held| held["status"] == "resolved");
    let held = eventually(90, "it is over", over).await;
    let said: Vec<_> = held["updates"].as_array().expect("updates").iter().map(|one| one["status"].clone()).collect();
    assert_eq!(said, [json!("investigating"), json!("monitoring"), json!("resolved")]);
    let all = admin.get("/incidents").await.ok(200);
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1), "what is not public opens nothing: {all}");
}
