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
        window: Span::days(30),
        good,
        valid,
        budget: Budget::of(Sli { good, valid }, objective),
        burn: vec![BurnReading { window: Span::hours(1), rate: Some(7.2) }],
        tiers: Vec::new(),
        status: Some(SloStatus::Ok),
        coverage: 0.5,
        step: Step::of(Some(at.minus(Span::minutes(1))), at),
    }
}

#[tokio::test]
async fn a_tenant_that_never_said_anything_promises_the_default() {
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
    let latency = json!({"slo_type": "b", "kind": "latency", "objective": 0.95, "window": "30d", "threshold_ms": 300});
    let body = json!({"objectives": [
        with("slo_type", json!("Å")),
        with("objective", json!(99.9)),
        with("window", json!("91d")),
        latency,
        with("scope", json!({"component": "none"})),
        with("minimum_bad_samples", json!(0)),
        with("window", json!("long")),
        with("threshold_ms", json!(1)),
    ]});
    let refused = world.put(&admin, CONFIG, body).await;
    let expected = [
        "0/slo_type",
        "1/objective",
        "3/kind",
        "4/scope/component",
        "6/window",
        "7/threshold_ms",
        "2/window",
        "5/minimum_bad_samples",
        "5/slo_type",
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
