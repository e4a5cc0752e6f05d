//! Pushing what was counted elsewhere, measuring at once, explaining, trying on the past.

use serde_json::{Value, json};

use plimsoll_domain::time::Span;

use crate::common::{NOON, World, request};

const CONFIG: &str = "/observability/slo/config/acme";
const MEASURE: &str = "/observability/slo/measure/acme";
const STATUS: &str = "/observability/slo/status/acme";

async fn world_with(objectives: Value) -> (World, String) {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    world.put(&admin, CONFIG, json!({"objectives": objectives})).await.expect(200);
    (world, admin)
}

fn events(name: &str, objective: f64) -> Value {
    json!({"slo_type": name, "kind": "events", "objective": objective, "window": "30d"})
}

fn figures(answer: &Value) -> [Value; 4] {
    let held = &answer["objectives"][0];
    [held["good"].clone(), held["valid"].clone(), held["budget"]["remaining_ratio"].clone(), held["status"].clone()]
}

#[tokio::test]
async fn what_is_pushed_is_measured_at_once_and_again_changes_nothing() {
    let (world, admin) = world_with(json!([events("jobs", 0.5)])).await;
    let push = json!({"slo_type": "jobs", "at": "2026-11-01T11:59:30.250Z", "good": 3, "valid": 4});
    let first = world.post(&admin, MEASURE, push.clone()).await.expect(200);
    assert_eq!((&first.body["accepted"], &first.body["duplicate"]), (&json!(1), &json!(0)));
    assert_eq!(figures(&first.body), [json!(3), json!(4), json!(0.5), json!("ok")]);
    let mut other = push;
    other["good"] = json!(0);
    let again = world.post(&admin, MEASURE, other).await.expect(200);
    assert_eq!((&again.body["accepted"], &again.body["duplicate"]), (&json!(0), &json!(1)));
    assert_eq!(figures(&again.body), figures(&first.body));
    let status = world.get(&admin, STATUS).await.expect(200);
    assert_eq!(figures(&status.body), figures(&first.body));
}

#[tokio::test]
async fn late_events_mend_the_figures() {
    let (world, admin) = world_with(json!([events("jobs", 0.9)])).await;
    let push = |at: &str, good: u64| json!({"slo_type": "jobs", "at": at, "good": good, "valid": 100});
    world.post(&admin, MEASURE, push("2026-11-01T11:00:00Z", 100)).await.expect(200);
    let late = world.post(&admin, MEASURE, push("2026-10-31T12:00:00Z", 60)).await.expect(200);
    assert_eq!(figures(&late.body)[..2], [json!(160), json!(200)]);
    let later = world.post(&admin, MEASURE, push("2026-10-31T13:00:01Z", 40)).await.expect(200);
    assert_eq!(figures(&later.body)[..2], [json!(200), json!(300)]);
    world.post(&admin, MEASURE, push("2026-10-31T11:59:59Z", 1)).await.problem(422);
}

#[tokio::test]
async fn latencies_are_judged_by_the_threshold_and_their_quantiles_shown() {
    let slo = json!({"slo_type": "p95", "kind": "latency", "objective": 0.9, "window": "1d", "threshold_ms": 300});
    let (world, admin) = world_with(json!([slo])).await;
    let latencies: Vec<f64> = (1..=100).map(|number| f64::from(number) * 10.0).collect();
    let push = json!({"slo_type": "p95", "at": NOON, "latencies_ms": latencies});
    let pushed = world.post(&admin, MEASURE, push).await.expect(200);
    assert_eq!(figures(&pushed.body)[..2], [json!(30), json!(100)], "300 ms itself is within");
    let latency = &pushed.body["objectives"][0]["latency"];
    for (name, exact) in [("p50_ms", 500.0), ("p95_ms", 950.0), ("p99_ms", 990.0)] {
        let got = latency[name].as_f64().expect("a number");
        assert!((got - exact).abs() <= exact * 0.0101, "{name} is {got}");
    }
    world.clock.advance(Span::minutes(2));
    let history = world.get(&admin, "/observability/slo/history/acme/p95").await.expect(200);
    assert_eq!(history.body["points"][0]["latency"], *latency);
    let near = json!({"slo_type": "p95", "at": "2026-11-01T11:58:00Z", "latencies_ms": [300.0, 300.5, 301]});
    let pushed = world.post(&admin, MEASURE, near).await.expect(200);
    assert_eq!(figures(&pushed.body)[..2], [json!(31), json!(103)], "what is pushed is judged exactly");
}

#[tokio::test]
async fn events_inside_maintenance_of_all_that_is_meant_do_not_count() {
    let of_web = |name: &str, counts: bool| {
        let mut slo = events(name, 0.9);
        slo["scope"] = json!({"component": "web"});
        slo["count_maintenance"] = json!(counts);
        slo
    };
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    world.component(&admin, "acme", "web", "push").await;
    world.component(&admin, "acme", "api", "push").await;
    let objectives = json!({"objectives": [of_web("out", false), of_web("in", true), events("all", 0.9)]});
    world.put(&admin, CONFIG, objectives).await.expect(200);
    let announced = json!({"title": "New disks", "components": ["web"],
        "starts_at": "2026-11-01T11:59:00Z", "ends_at": "2026-11-01T13:00:00Z"});
    world.post(&admin, "/tenants/acme/maintenances", announced).await.expect(201);
    for (name, counted) in [("out", 0), ("in", 10), ("all", 10)] {
        let push = json!({"slo_type": name, "at": NOON, "good": 9, "valid": 10});
        let pushed = world.post(&admin, MEASURE, push).await.expect(200);
        assert_eq!(figures(&pushed.body)[1], json!(counted), "{name}");
    }
}

#[tokio::test]
async fn sessions_that_did_not_crash_are_good() {
    let slo = json!({"slo_type": "web", "kind": "crash_free_sessions", "objective": 0.99, "window": "7d"});
    let (world, admin) = world_with(json!([slo])).await;
    let push = json!({"slo_type": "web", "at": NOON, "sessions": {"total": 1000, "crashed": 5}});
    let pushed = world.post(&admin, MEASURE, push).await.expect(200);
    assert_eq!(figures(&pushed.body), [json!(995), json!(1000), json!(0.5), json!("ok")].map(near(&pushed.body)));
    let wrong = json!({"slo_type": "web", "at": NOON, "sessions": {"total": 1, "crashed": 2}});
    assert_eq!(world.post(&admin, MEASURE, wrong).await.problem(422), ["/sessions/crashed"]);
}

/// Ratios are compared as they are answered: 1 − 0.005 ÷ 0.01 is not exactly a half.
fn near(answer: &Value) -> impl FnMut(Value) -> Value {
    let ratio = answer["objectives"][0]["budget"]["remaining_ratio"].clone();
    move |expected| match (expected.as_f64(), ratio.as_f64()) {
        (Some(expected), Some(got)) if expected < 1.0 && (expected - got).abs() < 1e-9 => ratio.clone(),
        _ => expected,
    }
}

#[tokio::test]
async fn a_bad_push_names_its_field_and_changes_nothing() {
    let latency = json!({"slo_type": "p95", "kind": "latency", "objective": 0.9, "window": "1d", "threshold_ms": 300});
    let availability = json!({"slo_type": "up", "kind": "availability", "objective": 0.9, "window": "1d"});
    let (world, admin) = world_with(json!([events("jobs", 0.9), latency, availability])).await;
    let of = |slo: &str, more: Value| {
        let mut push = json!({"slo_type": slo, "at": NOON});
        push.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        push
    };
    let many: Vec<u32> = (0..10_001).collect();
    for (push, pointers) in [
        (of("none", json!({"good": 1, "valid": 1})), vec!["/slo_type"]),
        (of("up", json!({"good": 1, "valid": 1})), vec!["/slo_type"]),
        (of("jobs", json!({"good": 2, "valid": 1})), vec!["/good"]),
        (of("jobs", json!({"good": -2, "valid": 1})), vec!["/good"]),
        (of("jobs", json!({"good": 1.5, "valid": 2})), vec!["/good"]),
        (of("jobs", json!({"good": 1})), vec!["/valid"]),
        (of("jobs", json!({"good": 1, "valid": 10_000_000})), vec!["/valid"]),
        (of("jobs", json!({"latencies_ms": [1]})), vec!["/latencies_ms", "/good", "/valid"]),
        (of("jobs", json!({"at": "2026-11-01T12:02:00Z", "good": 1, "valid": 1})), vec!["/at"]),
        (of("jobs", json!({"at": "2026-10-31T11:00:00Z", "good": 1, "valid": 1})), vec!["/at"]),
        (of("jobs", json!({"at": "noon", "good": 1, "valid": 1})), vec!["/at"]),
        (of("p95", json!({"latencies_ms": [1, -1, 4e6]})), vec!["/latencies_ms/1", "/latencies_ms/2"]),
        (of("p95", json!({"latencies_ms": []})), vec!["/latencies_ms"]),
        (of("p95", json!({"latencies_ms": many})), vec!["/latencies_ms"]),
        (of("p95", json!({"latencies_ms": ["fast"]})), vec!["/latencies_ms/0"]),
        (json!({"slo_type": "jobs", "good": 1, "valid": 1}), vec!["/at"]),
        (of("jobs", json!({"good": 1, "valid": 1, "colour": "red"})), vec!["/colour"]),
    ] {
        assert_eq!(world.post(&admin, MEASURE, push.clone()).await.problem(422), pointers, "{push}");
    }
    for (number, field) in [("NaN", "latencies_ms"), ("-Infinity", "latencies_ms"), ("Infinity", "latencies_ms")] {
        let text = format!(r#"{{"slo_type": "p95", "at": "{NOON}", "{field}": [1, {number}]}}"#);
        let refused = world.send(request("POST", &admin, MEASURE, text.into())).await;
        assert_eq!(refused.problem(422), [format!("/{field}/1")], "{number}");
    }
    let huge = format!(r#"{{"slo_type": "p95", "at": "{NOON}", "latencies_ms": [1e999]}}"#);
    assert_eq!(world.send(request("POST", &admin, MEASURE, huge.into())).await.problem(422), ["/latencies_ms/0"]);
    let list = format!(r#" ["jobs", "{NOON}", 1, 1, null, null]"#);
    assert_eq!(world.send(request("POST", &admin, MEASURE, list.into())).await.problem(422), [""]);
    let nan = format!(r#"{{"slo_type": "jobs", "at": "{NOON}", "good": NaN, "valid": 1}}"#);
    assert_eq!(world.send(request("POST", &admin, MEASURE, nan.into())).await.problem(422), ["/good"]);
    let measured = world.send(request("POST", &admin, MEASURE, String::new().into())).await.expect(200);
    assert!(
        measured.body["objectives"].as_array().expect("all").iter().all(|held| held["valid"] == 0),
        "{measured}",
        measured = measured.text
    );
}

#[tokio::test]
async fn an_hour_takes_so_many_pushes_and_no_more() {
    let (world, admin) = world_with(json!([events("jobs", 0.9)])).await;
    let (tenant, slo) = ("acme".parse().expect("slug"), "jobs".parse().expect("a name"));
    let start: plimsoll_domain::time::Timestamp = "2026-11-01T11:00:00Z".parse().expect("an instant");
    let pushed = |second: i64| plimsoll_domain::sample::Events {
        at: start.plus(Span::from_seconds(second)),
        good: 1,
        bad: 0,
        maintenance: false,
        latency: plimsoll_domain::sketch::Sketch::default(),
    };
    let full = (0..3_600).map(pushed).collect();
    let record = plimsoll_store::SeriesRecord::of_slo(&tenant, &slo, full);
    assert_eq!(world.store.record_samples(&[record]).await.expect("recorded").accepted, 3_600);
    let push = |at: &str| json!({"slo_type": "jobs", "at": at, "good": 1, "valid": 1});
    let refused = world.post(&admin, MEASURE, push("2026-11-01T11:30:00.500Z")).await;
    assert_eq!(refused.problem(422), ["/at"]);
    let known = world.post(&admin, MEASURE, push("2026-11-01T11:30:00Z")).await.expect(200);
    assert_eq!((&known.body["duplicate"], &figures(&known.body)[1]), (&json!(1), &json!(3_600)));
    world.post(&admin, MEASURE, push(NOON)).await.expect(200);
}

#[tokio::test]
async fn who_may_only_read_may_not_push_and_nobody_pushes_for_another() {
    let (world, admin) = world_with(json!([events("jobs", 0.9)])).await;
    let viewer = world.key(&admin, "acme", "viewer").await;
    let ingest = world.key(&admin, "acme", "ingest").await;
    let push = json!({"slo_type": "jobs", "at": NOON, "good": 1, "valid": 1});
    world.post(&viewer, MEASURE, push.clone()).await.problem(403);
    world.post(&ingest, MEASURE, push.clone()).await.expect(200);
    let other = world.tenant("other").await;
    world.post(&other, MEASURE, push).await.problem(404);
    for path in ["status/acme", "burndown/acme", "openslo/acme", "history/acme/jobs"] {
        world.get(&other, &format!("/observability/slo/{path}")).await.problem(404);
    }
    world.post(&other, "/observability/slo/backtest/acme", json!({"slo_type": "jobs"})).await.problem(404);
}

#[tokio::test]
async fn the_buckets_of_a_figure_add_up_to_it() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    world.component(&admin, "acme", "web", "push").await;
    let sample = |minutes: i64, status: &str| {
        let at = NOON.parse::<plimsoll_domain::time::Timestamp>().expect("an instant").minus(Span::minutes(minutes));
        json!({"component": "web", "at": at.to_string(), "status": status, "latency_ms": minutes})
    };
    let statuses = ["operational", "down", "unknown", "degraded"];
    let samples: Vec<_> =
        (0..600).map(|minutes| sample(minutes, statuses[usize::try_from(minutes / 7 % 4).expect("small")])).collect();
    world.post(&admin, "/tenants/acme/samples", json!({"samples": samples})).await.expect(200);
    for name in ["availability", "latency_p95", "latency_p99"] {
        let explained = world.get(&admin, &format!("{STATUS}?explain=true&slo_type={name}")).await.expect(200);
        let held = &explained.body["objectives"][0];
        let buckets = held["explain"].as_array().expect("buckets");
        let sum = |field: &str| buckets.iter().map(|bucket| bucket[field].as_u64().expect("whole")).sum::<u64>();
        assert_eq!((json!(sum("good")), json!(sum("valid"))), (held["good"].clone(), held["valid"].clone()), "{name}");
        assert!(sum("valid") > 0);
        let mut ends = buckets.windows(2).map(|pair| (pair[0]["to"].clone(), pair[1]["from"].clone()));
        assert!(ends.all(|(end, next)| end == next), "there is no gap between buckets");
    }
    let all = world.get(&admin, STATUS).await.expect(200);
    assert_eq!(all.body["objectives"].as_array().map(Vec::len), Some(3));
    assert_eq!(world.get(&admin, &format!("{STATUS}?slo_type=none")).await.problem(422), ["/slo_type"]);
}

#[tokio::test]
async fn a_changed_promise_is_noted_in_the_history() {
    let (world, admin) = world_with(json!([events("jobs", 0.9)])).await;
    let push = |at: &str| json!({"slo_type": "jobs", "at": at, "good": 9, "valid": 10});
    world.post(&admin, MEASURE, push(NOON)).await.expect(200);
    world.put(&admin, CONFIG, json!({"objectives": [events("jobs", 0.8)]})).await.expect(200);
    world.clock.advance(Span::minutes(1));
    world.post(&admin, MEASURE, push("2026-11-01T12:01:00Z")).await.expect(200);
    world.clock.advance(Span::minutes(1));
    world.post(&admin, MEASURE, push("2026-11-01T12:02:00Z")).await.expect(200);
    world.clock.advance(Span::minutes(2));
    let history = world.get(&admin, "/observability/slo/history/acme/jobs").await.expect(200);
    let points = history.body["points"].as_array().expect("points");
    let noted: Vec<_> =
        points.iter().map(|point| (point["objective"].clone(), point["changed_from"].clone())).collect();
    let before = json!({"objective": 0.9, "window": "30d"});
    assert_eq!(noted, [(json!(0.9), Value::Null), (json!(0.8), before), (json!(0.8), Value::Null)]);
}

#[tokio::test]
async fn a_backtest_says_which_pages_would_have_been_sent_and_when() {
    let (world, admin) = world_with(json!([events("jobs", 0.99)])).await;
    // A day of calm, with half an hour of trouble in it.
    let at = |minutes: i64| {
        NOON.parse::<plimsoll_domain::time::Timestamp>().expect("an instant").minus(Span::minutes(minutes))
    };
    let tenant = "acme".parse().expect("slug");
    let events = (1..=1_400).map(|minutes| plimsoll_domain::sample::Events {
        at: at(minutes),
        good: if (600..630).contains(&minutes) { 50 } else { 100 },
        bad: if (600..630).contains(&minutes) { 50 } else { 0 },
        maintenance: false,
        latency: plimsoll_domain::sketch::Sketch::default(),
    });
    let record = plimsoll_store::SeriesRecord::of_slo(&tenant, &"jobs".parse().expect("a name"), events.collect());
    world.store.record_samples(&[record]).await.expect("recorded");
    let path = "/observability/slo/backtest/acme";
    let body = json!({
        "slo_type": "jobs",
        "objective": 0.4,
        "from": at(1_000).to_string(),
        "tiers": [{"long": "1h", "short": "5m", "budget_share": 0.02, "severity": "page"}],
    });
    let tested = world.post(&admin, path, body).await.expect(200).body;
    assert_eq!((&tested["current"]["pages"], &tested["proposed"]["pages"]), (&json!(1), &json!(0)), "{tested}");
    // 14.4 × 1 % of an hour's 6,000 events is 864: 50 bad ones a minute are more than that after 18 minutes.
    let page = &tested["current"]["firings"][0];
    assert_eq!((&page["long"], &page["severity"]), (&json!("1h"), &json!("page")));
    assert_eq!(page["from"], json!(at(630 - 18).plus(Span::minutes(1)).to_string()), "{tested}");
    assert!(tested["proposed"]["lowest"]["budget_remaining_ratio"].as_f64().expect("a figure") > 0.9);
    for (wrong, pointer) in [
        (json!({"slo_type": "none"}), "/slo_type"),
        (json!({"slo_type": "jobs", "objective": 99.9}), "/objective"),
        (json!({"slo_type": "jobs", "window": "5m"}), "/window"),
        (json!({"slo_type": "jobs", "from": NOON}), "/from"),
        (json!({"slo_type": "jobs", "to": "2027-01-01T00:00:00Z"}), "/to"),
        (json!({"slo_type": "jobs", "from": "2001-01-01T00:00:00Z"}), "/from"),
        (
            json!({"slo_type": "jobs", "tiers": [{"long": "1h", "short": "5m", "budget_share": 0.1, "severity": "shout"}]}),
            "/tiers/0/severity",
        ),
    ] {
        assert_eq!(world.post(&admin, path, wrong.clone()).await.problem(422), [pointer], "{wrong}");
    }
}

#[tokio::test]
async fn slos_go_out_and_come_in_as_openslo() {
    let slo = json!({"slo_type": "latency_p95", "kind": "latency", "objective": 0.95, "window": "month",
        "time_zone": "Europe/Stockholm", "threshold_ms": 300, "public": true});
    let server = json!({"url": "https://prometheus.example", "ratio": "r", "bearer": "a long token 5678"});
    let asked =
        json!({"slo_type": "asked", "kind": "prometheus", "objective": 0.9, "window": "1d", "prometheus": server});
    let (world, admin) = world_with(json!([slo, events("jobs", 0.9), asked])).await;
    let path = "/observability/slo/openslo/acme";
    let before = world.get(&admin, CONFIG).await.expect(200).body["objectives"].clone();
    let read = world.get(&admin, path).await.expect(200);
    assert_eq!((read.header("content-type"), read.header("etag")), ("application/yaml", "\"v1\""));
    assert!(read.text.contains("apiVersion: openslo/v1") && !read.text.contains("a long token"), "{}", read.text);
    let put = world.send(request("PUT", &admin, path, read.text.clone().into())).await.expect(200);
    assert_eq!(put.header("etag"), "\"v2\"");
    assert_eq!(world.get(&admin, CONFIG).await.expect(200).body["objectives"], before);
    let viewer = world.key(&admin, "acme", "viewer").await;
    world.send(request("PUT", &viewer, path, read.text.into())).await.problem(403);
    world.send(request("PUT", &admin, path, "kind: [".into())).await.problem(422);
    let mut stale = request("PUT", &admin, path, "{}".into());
    stale.headers_mut().insert("if-match", "\"v1\"".parse().expect("visible ASCII"));
    let refused = world.send(stale).await;
    assert!([412, 422].contains(&refused.status.as_u16()), "{}", refused.text);
}

#[tokio::test]
async fn a_burndown_may_be_a_picture() {
    let (world, admin) = world_with(json!([events("jobs", 0.9)])).await;
    world.post(&admin, MEASURE, json!({"slo_type": "jobs", "at": NOON, "good": 95, "valid": 100})).await.expect(200);
    let mut asked = request("GET", &admin, "/observability/slo/burndown/acme", axum::body::Body::empty());
    asked.headers_mut().insert("accept", "image/svg+xml".parse().expect("visible ASCII"));
    let picture = world.send(asked).await.expect(200);
    assert_eq!(picture.header("content-type"), "image/svg+xml");
    assert!(picture.text.starts_with("<svg") && picture.text.contains("jobs"), "{}", picture.text);
    let plain = world.get(&admin, "/observability/slo/burndown/acme?slo_type=jobs").await.expect(200);
    assert_eq!(plain.header("content-type"), "application/json");
    assert_eq!(plain.body["objectives"][0]["series"].as_array().map(Vec::len), Some(1));
}
