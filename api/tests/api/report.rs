//! A month in figures.

use std::sync::Arc;

use axum::body::Body;
use rstest::rstest;
use serde_json::{Value, json};

use plimsoll_domain::ids::Series;
use plimsoll_domain::sample::SampleStatus;
use plimsoll_domain::time::{Span, Timestamp};

use crate::common::{Answer, NOON, World, request};

const REPORT: &str = "/tenants/acme/report";

/// A tenant of whose component an hour of October is known: 54 minutes good, 6 bad.
async fn world() -> (World, String) {
    let world = World::altered(|parts| {
        let page =
            |report: &plimsoll_domain::report::MonthlyReport, page: &plimsoll_domain::page::PageConfig, asked: &str| {
                format!("<h1>{} {} {asked}</h1>", page.title(&report.name), report.month)
            };
        parts.report_page = Some(Arc::new(page));
    });
    let world = world.await;
    let admin = world.tenant("acme").await;
    let body = json!({"id": "web", "name": "=Web", "group": "Front", "probe": {"kind": "push"}});
    world.post(&admin, "/tenants/acme/components", body).await.expect(201);
    fold(&world, "2026-10-20T10:00:00Z").await;
    (world, admin)
}

async fn fold(world: &World, start: &str) {
    let (tenant, component) = ("acme".parse().expect("slug"), "web".parse().expect("slug"));
    let start: Timestamp = start.parse().expect("an instant");
    let sample = |minute: i64| plimsoll_domain::sample::Sample {
        tick: plimsoll_domain::time::Tick::containing(
            start.plus(Span::minutes(minute)),
            plimsoll_domain::time::Interval::MINUTE,
        ),
        status: if minute < 6 { SampleStatus::Down } else { SampleStatus::Operational },
        latency_ms: None,
        maintenance: false,
    };
    let record = plimsoll_store::SeriesRecord::of_component(&tenant, &component, (0..60).map(sample).collect());
    world.store.record_samples(&[record]).await.expect("recorded");
    let unfolded =
        world.store.unfolded_hours(std::slice::from_ref(&tenant), start.hour().plus(1), 10).await.expect("a store");
    let folds: Vec<_> = unfolded
        .into_iter()
        .map(|hour| plimsoll_store::Fold {
            rollup: plimsoll_domain::rollup::Rollup::of_hour(hour.key.hour, &hour.samples),
            revision: hour.revision,
            key: hour.key,
        })
        .collect();
    assert_eq!((folds.len(), &folds[0].key.series), (1, &Series::from(&component)));
    world.store.finish_folds(&folds).await.expect("folded");
}

async fn asked(world: &World, key: &str, path: &str, accept: &str) -> Answer {
    let mut request = request("GET", key, path, Body::empty());
    request.headers_mut().insert("accept", accept.parse().expect("visible ASCII"));
    request.headers_mut().insert("accept-language", "sv".parse().expect("visible ASCII"));
    world.send(request).await
}

async fn incidents(world: &World, admin: &str) {
    let past = json!({"title": "+Down", "impact": "major", "updates": [
        {"status": "investigating", "body": "x", "at": "2026-09-30T23:00:00Z"},
        {"status": "resolved", "body": "x", "at": "2026-10-01T01:00:00Z"}]});
    world.post(admin, "/incidents", past).await.expect(201);
    world.post(admin, "/incidents", json!({"title": "Draft", "body": "x", "draft": true})).await.expect(201);
    let weekly = json!({"id": "patches", "title": "Patches, \"all\"", "components": ["web"],
        "starts_at": "2026-10-18T02:00:00Z", "ends_at": "2026-10-18T03:00:00Z", "recurrence": {"rule": "FREQ=WEEKLY"}});
    world.post(admin, "/tenants/acme/maintenances", weekly).await.expect(201);
}

#[tokio::test]
async fn a_month_is_told_with_what_is_known_of_it() {
    let (world, admin) = world().await;
    incidents(&world, &admin).await;
    let report = world.get(&admin, &format!("{REPORT}?month=2026-10")).await.expect(200).body;
    assert_eq!(
        (&report["month"], &report["whole"], &report["name"]),
        (&json!("2026-10"), &json!(true), &json!("Tenant acme"))
    );
    let ticks = 31.0 * 1_440.0;
    let web = &report["components"][0];
    assert_eq!((&web["uptime"], &web["coverage"]), (&json!(0.9), &json!(60.0 / ticks)));
    assert_eq!((&web["down_minutes"], &web["maintenance_minutes"]), (&json!(6.0), &json!(0.0)));
    assert_eq!(report["incidents"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["incidents"][0]["resolved_at"], "2026-10-01T01:00:00.000Z");
    let starts: Vec<_> =
        report["maintenances"].as_array().expect("a list").iter().map(|held| &held["starts_at"]).collect();
    assert_eq!(starts, ["2026-10-18T02:00:00.000Z", "2026-10-25T02:00:00.000Z"]);
    let present = world.get(&admin, REPORT).await.expect(200).body;
    assert_eq!((&present["month"], &present["whole"]), (&json!("2026-11"), &json!(false)));
    assert_eq!((&present["components"][0]["uptime"], &present["made_at"]), (&json!(null), &json!(NOON)));
}

#[tokio::test]
async fn an_slo_is_told_as_it_was_last_read_in_the_month() {
    let (world, admin) = world().await;
    let objectives = json!({"objectives": [{"slo_type": "jobs", "kind": "events", "objective": 0.9, "window": "30d"}]});
    world.put(&admin, "/observability/slo/config/acme", objectives).await.expect(200);
    let push = json!({"slo_type": "jobs", "at": NOON, "good": 80, "valid": 100});
    world.post(&admin, "/observability/slo/measure/acme", push).await.expect(200);
    let slos = world.get(&admin, REPORT).await.expect(200).body["slos"].clone();
    assert_eq!(
        (&slos[0]["slo_type"], &slos[0]["objective"], &slos[0]["sli"]),
        (&json!("jobs"), &json!(0.9), &json!(0.8))
    );
    assert!(slos[0]["budget_remaining_ratio"].as_f64().is_some_and(|ratio| ratio < 0.0), "{slos}");
    let before = world.get(&admin, &format!("{REPORT}?month=2026-10")).await.expect(200).body;
    assert_eq!(before["slos"], json!([]), "it was not read in October");
    let table = world.get(&admin, &format!("{REPORT}?format=csv")).await.expect(200).text;
    assert!(table.contains("\r\nslo,jobs,,,,,,,,0.9,0.8,-"), "{table}");
}

#[tokio::test]
async fn a_table_holds_all_of_it_and_no_formula() {
    let (world, admin) = world().await;
    incidents(&world, &admin).await;
    let answer = world.get(&admin, &format!("{REPORT}?month=2026-10&format=csv")).await.expect(200);
    assert!(answer.header("content-type").starts_with("text/csv; charset=utf-8"));
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"acme-2026-10.csv\"");
    let lines: Vec<_> = answer.text.split("\r\n").collect();
    assert!(lines[0].starts_with("kind,id,name,group,uptime,"), "{}", answer.text);
    assert_eq!(lines[1], "component,web,'=Web,Front,0.9,0.001344,6,0,0,,,,,,");
    let incident = lines.iter().find(|line| line.starts_with("incident,")).expect("an incident");
    assert!(
        incident.contains(",'+Down,,")
            && incident.ends_with(",major,2026-09-30T23:00:00.000Z,2026-10-01T01:00:00.000Z")
    );
    assert!(answer.text.contains("\"Patches, \"\"all\"\"\""), "{}", answer.text);
    assert!(lines.last().is_some_and(|last| last.is_empty()));
}

#[tokio::test]
async fn a_page_comes_from_whoever_makes_pages_and_runs_nothing() {
    let (world, admin) = world().await;
    let answer = world.get(&admin, &format!("{REPORT}?month=2026-10&format=html")).await.expect(200);
    assert_eq!(answer.text, "<h1>Tenant acme 2026-10 </h1>");
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let browser = asked(&world, &admin, REPORT, "text/html,*/*;q=0.8").await.expect(200);
    assert_eq!(browser.text, "<h1>Tenant acme 2026-11 sv</h1>");
    let table = asked(&world, &admin, REPORT, "text/csv").await.expect(200);
    assert!(table.text.starts_with("kind,"));
    let json = asked(&world, &admin, &format!("{REPORT}?format=json"), "text/html").await.expect(200);
    assert_eq!((&json.body["month"], json.header("vary")), (&json!("2026-11"), "accept"));
    let bare = World::new().await;
    let admin = bare.tenant("acme").await;
    bare.get(&admin, &format!("{REPORT}?format=html")).await.problem(406);
    bare.get(&admin, REPORT).await.expect(200);
}

#[rstest]
#[case("month=2026-12", "/month")]
#[case("month=2026-13", "/month")]
#[case("month=october", "/month")]
#[case("month=", "/month")]
#[case("format=pdf", "/format")]
#[tokio::test]
async fn what_cannot_be_told_is_refused(#[case] query: &str, #[case] pointer: &str) {
    let (world, admin) = world().await;
    assert_eq!(world.get(&admin, &format!("{REPORT}?{query}")).await.problem(422), [pointer]);
}

#[tokio::test]
async fn a_report_is_its_tenants_own() {
    let (world, admin) = world().await;
    let (stranger, viewer) = (world.tenant("other").await, world.key(&admin, "acme", "viewer").await);
    world.get(&stranger, REPORT).await.problem(404);
    let own: Value = world.get(&viewer, REPORT).await.expect(200).body;
    assert_eq!(own["tenant"], "acme");
}
