//! Every kind of SLO on a running server: pushed and measured at once, shown, kept over a kill, gone when it is gone.

use plimsoll_tests::acts::slo_status;
use plimsoll_tests::{Backing, Client, Setup, eventually};
use serde_json::{Value, json};

const CONFIG: &str = "/observability/slo/config/acme";
const MEASURE: &str = "/observability/slo/measure/acme";

fn objectives() -> Value {
    json!({"objectives": [
        {"slo_type": "jobs", "kind": "events", "objective": 0.9, "window": "30d"},
        {"slo_type": "fast", "kind": "latency", "objective": 0.5, "window": "7d", "threshold_ms": 300},
        {"slo_type": "web", "kind": "crash_free_sessions", "objective": 0.99, "window": "366d"},
    ]})
}

/// An instant some seconds before the server's present, which its own clock tells.
async fn ago(reader: &Client, seconds: i64) -> String {
    let measured = slo_status(reader, "acme", "jobs").await;
    let at: plimsoll_domain::time::Timestamp =
        measured["measured_at"].as_str().and_then(|text| text.parse().ok()).expect("it was measured");
    at.minus(plimsoll_domain::time::Span::from_seconds(seconds)).to_string()
}

fn counts(slo: &Value) -> (Option<u64>, Option<u64>) {
    (slo["good"].as_u64(), slo["valid"].as_u64())
}

async fn every_pushed_kind_is_measured_kept_and_gone(backing: Backing) {
    let mut server = Setup::on(backing).await.start().await;
    let admin = server.tenant("acme").await;
    admin.put(CONFIG, &objectives()).await.ok(200);
    admin.ask("POST", MEASURE, &[], None).await.ok(200);

    let jobs = json!({"slo_type": "jobs", "at": ago(&admin, 600).await, "good": 95, "valid": 100});
    assert_eq!(admin.post(MEASURE, &jobs).await.ok(200)["accepted"], 1);
    assert_eq!(admin.post(MEASURE, &jobs).await.ok(200)["duplicate"], 1);
    let late = json!({"slo_type": "jobs", "at": ago(&admin, 20 * 3_600).await, "good": 100, "valid": 100});
    let measured = admin.post(MEASURE, &late).await.ok(200);
    assert_eq!(counts(&measured["objectives"][0]), (Some(195), Some(200)), "{measured}");
    let fast = json!({"slo_type": "fast", "at": ago(&admin, 60).await, "latencies_ms": [100, 200, 300, 400]});
    admin.post(MEASURE, &fast).await.ok(200);
    let web = json!({"slo_type": "web", "at": ago(&admin, 5).await, "sessions": {"total": 1_000, "crashed": 4}});
    admin.post(MEASURE, &web).await.ok(200);

    // A tick measures them, too, and finds the same.
    let before = slo_status(&admin, "acme", "jobs").await["measured_at"].clone();
    let ticked = async || {
        let now = slo_status(&admin, "acme", "jobs").await;
        (now["measured_at"] != before).then_some(now)
    };
    assert_eq!(counts(&eventually(30, "a tick measures", ticked).await), (Some(195), Some(200)));
    assert_eq!(counts(&slo_status(&admin, "acme", "fast").await), (Some(3), Some(4)));

    server.kill9();
    server.start_again().await;
    let admin = admin.at(&server.url());
    for (slo, expected) in [("jobs", (195, 200)), ("fast", (3, 4)), ("web", (996, 1_000))] {
        let measured = admin.get(&format!("/observability/slo/status/acme?explain=true&slo_type={slo}")).await.ok(200);
        let (good, valid) = expected;
        assert_eq!(counts(&measured["objectives"][0]), (Some(good), Some(valid)), "{measured}");
    }
    gauges_come_and_go(&server.anybody(), &admin).await;
}

async fn gauges_come_and_go(anybody: &Client, admin: &Client) {
    let shows = async |name: &str| {
        let gauge = format!("plimsoll_slo_compliance_ratio{{tenant=\"acme\",slo_type=\"{name}\"}}");
        anybody.page("/metrics").await.text.contains(&gauge)
    };
    eventually(30, "the gauge is shown", async || shows("jobs").await.then_some(())).await;
    let fewer = json!({"objectives": [objectives()["objectives"][1]]});
    admin.put(CONFIG, &fewer).await.ok(200);
    eventually(30, "the gauge is gone", async || (!shows("jobs").await && shows("fast").await).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_pushed_kind_is_measured_kept_over_a_kill_and_gone_on_the_embedded_store() {
    every_pushed_kind_is_measured_kept_and_gone(Backing::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_pushed_kind_is_measured_kept_over_a_kill_and_gone_on_mongodb() {
    every_pushed_kind_is_measured_kept_and_gone(Backing::MongoDb).await;
}
