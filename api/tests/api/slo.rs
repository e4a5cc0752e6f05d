//! SLOs: what is promised, how it stands, how it went.

use serde_json::{Value, json};

use plimsoll_domain::slo::measurement::BurnReading;
use plimsoll_domain::slo::{Budget, Measurement, Objective, Sli, SloStatus, Step};
use plimsoll_domain::time::{Span, Timestamp};

use crate::common::{NOON, World};

const CONFIG: &str = "/observability/slo/config/acme";

fn slo(slo_type: &str) -> Value {
    json!({"slo_type": slo_type, "kind": "availability", "objective": 0.99, "window": "30d"})
}

fn measured(at: &str, good: u64, valid: u64) -> Measurement {
    let objective = Objective::THREE_NINES;
    let at: Timestamp = at.parse().expect("an instant");
    Measurement {
        tenant: "acme".parse().expect("slug"),
        slo_type: "availability".parse().expect("a name"),
        at,
        objective,
        window: Span::days(30).into(),
        length: Span::days(30),
        good,
        valid,
        parts: 1,
        budget: Budget::of(Sli { good, valid }, objective),
        burn: vec![BurnReading { window: Span::hours(1).into(), rate: Some(7.2) }],
        tiers: Vec::new(),
        status: Some(SloStatus::Ok),
        coverage: 0.5,
        latency: None,
        trouble: None,
        changed: None,
        step: Step::of(Some(at.minus(Span::minutes(1))), at),
    }
}

#[tokio::test]
async fn a_tenant_that_never_said_anything_promises_the_defaults() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let read = world.get(&admin, CONFIG).await.expect(200);
    assert_eq!(read.header("etag"), "\"v0\"");
    let held = &read.body["objectives"][0];
    assert_eq!(
        (&held["slo_type"], &held["objective"], &held["window"]),
        (&json!("availability"), &json!(0.999), &json!("30d"))
    );
    assert_eq!(held["scope"], "all");
    let promises = |index: usize| {
        let held = &read.body["objectives"][index];
        ["slo_type", "objective", "threshold_ms", "window"].map(|field| held[field].clone())
    };
    assert_eq!(promises(1), [json!("latency_p95"), json!(0.95), json!(300.0), json!("30d")]);
    assert_eq!(promises(2), [json!("latency_p99"), json!(0.99), json!(800.0), json!("30d")]);
    assert_eq!(read.body["objectives"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn a_config_of_every_kind_reads_back_and_can_be_written_back() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let with = |name: &str, kind: &str, more: Value| {
        let mut slo = json!({"slo_type": name, "kind": kind, "objective": 0.99, "window": "7d"});
        slo.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        slo
    };
    let tiers = json!([{"long": "2h", "short": "10m", "budget_share": 0.05, "severity": "page"}]);
    let basic = json!({"username": "plimsoll", "password": "a long password 1234"});
    let server = json!({"url": "https://prometheus.example", "good": "g", "valid": "v", "basic": basic});
    let ratio = json!({"url": "https://prometheus.example", "ratio": "r", "bearer": "a long token 5678"});
    let objectives = json!([
        with("availability", "availability", json!({"window": "month", "time_zone": "Europe/Stockholm"})),
        with("latency", "latency", json!({"threshold_ms": 250, "tiers": tiers, "public": true})),
        with("events", "events", json!({"window": "366d"})),
        with("counts", "prometheus", json!({"prometheus": server})),
        with("ratio", "prometheus", json!({"prometheus": ratio})),
        with("sessions", "crash_free_sessions", json!({"window": "quarter"})),
    ]);
    let put = world.put(&admin, CONFIG, json!({"objectives": objectives})).await.expect(200);
    let held = &put.body["objectives"];
    assert_eq!((&held[0]["window"], &held[0]["time_zone"]), (&json!("month"), &json!("Europe/Stockholm")));
    assert_eq!((&held[1]["tiers"], &held[1]["public"]), (&tiers, &json!(true)));
    assert_eq!(held[3]["prometheus"]["basic"]["password"], "••••1234");
    assert_eq!(held[4]["prometheus"]["bearer"], "••••5678");
    assert_eq!((&held[5]["window"], &held[5]["time_zone"]), (&json!("quarter"), &json!("UTC")));
    let back = world.put(&admin, CONFIG, json!({"objectives": held})).await.expect(200);
    assert_eq!(&back.body["objectives"], held);
    let tenant = "acme".parse().expect("slug");
    let stored = world.store.slo_config(&tenant).await.expect("reads").expect("configured");
    let text = serde_json::to_string(&stored).expect("serialises");
    assert!(text.contains("a long password 1234") && text.contains("a long token 5678"), "the mask keeps the secret");

    let mut elsewhere = held.clone();
    elsewhere[4]["prometheus"]["url"] = json!("https://prometheus.evil.example");
    let refused = world.put(&admin, CONFIG, json!({"objectives": elsewhere})).await;
    assert_eq!(refused.problem(422), ["/objectives/4/prometheus/bearer"]);
    let mut renamed = held.clone();
    renamed[4]["slo_type"] = json!("another");
    renamed[3]["prometheus"]["basic"] = Value::Null;
    renamed[3]["prometheus"]["bearer"] = json!("••••1234");
    let refused = world.put(&admin, CONFIG, json!({"objectives": renamed})).await;
    assert_eq!(refused.problem(422), ["/objectives/3/prometheus/bearer", "/objectives/4/prometheus/bearer"]);
}

#[tokio::test]
async fn a_config_is_replaced_by_version_and_a_stale_one_is_412() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    world.component(&admin, "acme", "web", "push").await;
    let mut scoped = slo("web");
    scoped["scope"] = json!({"component": "web"});
    scoped["thresholds"] = json!({"warning": 0.5, "critical": 0.2});
    let body = json!({"objectives": [slo("all"), scoped]});
    let put = world.matching("PUT", &admin, (CONFIG, "\"v0\""), body.clone()).await.expect(200);
    assert_eq!((put.header("etag"), &put.body["version"]), ("\"v1\"", &json!(1)));
    assert_eq!(put.body["objectives"][1]["scope"], json!({"component": "web"}));
    world.matching("PUT", &admin, (CONFIG, "\"v0\""), body.clone()).await.problem(412);
    assert_eq!(world.put(&admin, CONFIG, body).await.expect(200).header("etag"), "\"v2\"");
    let read = world.get(&admin, CONFIG).await.expect(200);
    assert_eq!((read.header("etag"), &read.body["objectives"][1]["thresholds"]["warning"]), ("\"v2\"", &json!(0.5)));
}

#[tokio::test]
async fn all_faults_of_a_config_are_named_at_once() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let with = |field: &str, value: Value| {
        let mut slo = slo("a");
        slo[field] = value;
        slo
    };
    let latency = json!({"slo_type": "b", "kind": "latency", "objective": 0.95, "window": "30d", "threshold_ms": -5});
    let prometheus = json!({"url": "ftp://x", "good": "g", "basic": {"username": "u", "password": "p"}, "bearer": "b"});
    let asked =
        json!({"slo_type": "c", "kind": "prometheus", "objective": 0.9, "window": "1d", "prometheus": prometheus});
    let tiers = json!([{"long": "1h", "short": "2h", "budget_share": 2.0, "severity": "page"}]);
    let body = json!({"objectives": [
        with("slo_type", json!("Å")),
        with("objective", json!(99.9)),
        with("window", json!("367d")),
        latency,
        with("scope", json!({"component": "none"})),
        with("minimum_bad_samples", json!(0)),
        with("window", json!("long")),
        with("threshold_ms", json!(1)),
        with("kind", json!("uptime")),
        asked,
        with("tiers", tiers),
        with("time_zone", json!("UTC")),
        json!({"slo_type": "d", "kind": "events", "objective": 1.0, "window": "month", "time_zone": "Mars/Olympus"}),
    ]});
    let refused = world.put(&admin, CONFIG, body).await;
    let expected = [
        "0/slo_type",
        "1/objective",
        "4/scope/component",
        "6/window",
        "7/threshold_ms",
        "8/kind",
        "9/prometheus/valid",
        "9/prometheus/bearer",
        "11/time_zone",
        "12/objective",
        "12/time_zone",
        "2/window",
        "3/threshold_ms",
        "5/minimum_bad_samples",
        "5/slo_type",
        "10/tiers/0/short",
        "10/tiers/0/budget_share",
        "10/slo_type",
    ];
    assert_eq!(refused.problem(422), expected.map(|part| format!("/objectives/{part}")));
    let unknown = json!({"objectives": [with("colour", json!("red"))]});
    assert_eq!(world.put(&admin, CONFIG, unknown).await.problem(422), ["/objectives/0/colour"]);
    let scope = json!({"objectives": [with("scope", json!({"planet": "earth"}))]});
    assert_eq!(world.put(&admin, CONFIG, scope).await.problem(422), ["/objectives/0/scope"]);
}

#[tokio::test]
async fn an_unmeasured_slo_has_no_figures_and_a_measured_one_has_all() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let status = world.get(&admin, "/observability/slo/status/acme").await.expect(200);
    let held = &status.body["objectives"][0];
    for figure in ["sli", "good", "valid", "compliance", "budget", "status", "coverage", "measured_at"] {
        assert_eq!(held[figure], Value::Null, "{figure}");
    }
    let burndown = world.get(&admin, "/observability/slo/burndown/acme").await.expect(200);
    let held = &burndown.body["objectives"][0];
    assert_eq!((&held["sli"], &held["series"], &held["burn_rates"]["5m"]), (&Value::Null, &json!([]), &Value::Null));

    world.store.put_measurements(&[measured(NOON, 999, 1_000)]).await.expect("stored");
    let status = world.get(&admin, "/observability/slo/status/acme").await.expect(200);
    let held = &status.body["objectives"][0];
    assert_eq!((&held["sli"], &held["compliance"], &held["status"]), (&json!(0.999), &json!(true), &json!("ok")));
    assert_eq!((&held["measured_at"], &held["budget"]["consumed"]), (&json!(NOON), &json!(1.0)));
    let burndown = world.get(&admin, "/observability/slo/burndown/acme").await.expect(200);
    let held = burndown.body["objectives"][0].as_object().expect("an object");
    let mut names: Vec<_> = held.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "budget_burned_per_hour",
            "budget_consumed",
            "budget_remaining_ratio",
            "budget_total",
            "burn_rates",
            "coverage",
            "hours_to_exhaustion",
            "objective",
            "series",
            "sli",
            "slo_type",
            "status",
        ]
    );
    let windows: Vec<_> = held["burn_rates"].as_object().expect("a map").keys().map(String::as_str).collect();
    assert_eq!(windows, ["1d", "1h", "2h", "30d", "30m", "3d", "5m", "6h"]);
    assert_eq!((&held["burn_rates"]["1h"], &held["budget_burned_per_hour"]), (&json!(7.2), &json!(0.01)));
    assert_eq!(held["series"][0]["at"], NOON);
}

#[tokio::test]
async fn history_is_thinned_to_steps_and_paged() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let noon: Timestamp = NOON.parse().expect("an instant");
    let minutes: Vec<Measurement> =
        (1..=180).map(|ago| measured(&noon.minus(Span::minutes(ago)).to_string(), 1_000 - 1, 1_000)).collect();
    world.store.put_measurements(&minutes).await.expect("stored");
    let path = "/observability/slo/history/acme/availability";
    let hourly = world.get(&admin, &format!("{path}?step=1h")).await.expect(200);
    let at: Vec<_> =
        hourly.body["points"].as_array().expect("points").iter().map(|point| point["at"].clone()).collect();
    assert_eq!(at, ["2026-11-01T09:00:00.000Z", "2026-11-01T10:00:00.000Z", "2026-11-01T11:00:00.000Z"]);
    let (mut seen, mut query) = (0, format!("{path}?from=2026-11-01T09:00:00Z&to={NOON}&limit=100"));
    loop {
        let page = world.get(&admin, &query).await.expect(200);
        seen += page.body["points"].as_array().map_or(0, Vec::len);
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        query = format!("{path}?from=2026-11-01T09:00:00Z&to={NOON}&limit=100&cursor={cursor}");
    }
    assert_eq!(seen, 180);
    world.get(&admin, "/observability/slo/history/acme/unheard-of").await.problem(404);
    let wrong = world.get(&admin, &format!("{path}?from=then&to=now&step=0s")).await;
    assert_eq!(wrong.problem(422), ["/to", "/from", "/step"]);
    let backwards = world.get(&admin, &format!("{path}?from={NOON}&to=2026-11-01T09:00:00Z")).await;
    assert_eq!(backwards.problem(422), ["/to"]);
}
