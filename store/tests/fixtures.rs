//! Documents as past versions wrote them, and as every later version must read them. A fixture is never changed: a new
//! version of a shape gets a folder of its own. Nothing is released yet, and so version 1 is still what is written now:
//! where a shape has changed, its fixture was written anew by hand, from what `to_json` makes of the expected value.
//!
//! Packed forms have no files: the bytes that each of their versions must keep stand in their own tests, in
//! `document::hour` and `document::rollup`.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;

use plimsoll_domain::component::Component;
use plimsoll_domain::incident::{Automation, ComponentStatus, Impact, Incident, IncidentStatus, IncidentUpdate};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::{ComponentFigure, DayFigure, StatusSnapshot, Uptime};
use plimsoll_domain::probe::{HttpProbe, JsonEquals, ProbeSpec};
use plimsoll_domain::slo::measurement::BurnReading;
use plimsoll_domain::slo::sli::{PrometheusAuth, PrometheusQuery, PrometheusSource};
use plimsoll_domain::slo::{
    Budget, BurnSeverity, Measurement, Objective, Promise, Quantiles, Scope, SliKind, Slo, SloConfig, SloStatus, Step,
    Thresholds, Tier, TierReading,
};
use plimsoll_domain::tenant::{ApiKey, Role, Tenant};
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_store::StoreError;
use plimsoll_store::document::{Stored, from_bson, from_json, to_bson, to_json};

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// Asserts that the fixture reads as `expected`, and that `expected` reads back as it is written now.
fn reads<T: Stored + PartialEq + Debug>(fixture: &str, expected: &T) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture);
    let text = std::fs::read_to_string(path).expect("a fixture");
    assert_eq!(&from_json::<T>(&text).expect("reads"), expected);
    assert_eq!(&from_json::<T>(&to_json(expected).expect("is storable")).expect("reads back"), expected);
    assert_eq!(&from_bson::<T>(to_bson(expected).expect("is storable")).expect("reads back"), expected);
}

#[test]
fn a_tenant_of_version_1_reads() {
    let key = |id: &str, name: &str, role, hash: &str, created_at| ApiKey {
        id: id.parse().expect("an id"),
        name: name.to_owned(),
        role,
        hash: format!("{hash}f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
        created_at: at(created_at),
    };
    let expected = Tenant {
        id: "acme".parse().expect("an id"),
        name: "Acme & Söner".to_owned(),
        created_at: at("2026-11-01T12:00:00.250Z"),
        keys: vec![
            key("key-0102030405060708090a", "admin", Role::Admin, "af1349b9", "2026-11-01T12:00:00.250Z"),
            key("ci", "Continuous integration", Role::Ingest, "00000000", "2026-11-02T00:00:00Z"),
        ],
    };
    reads("v1/tenant.json", &expected);
}

#[test]
fn a_component_of_version_1_reads() {
    let probe = HttpProbe {
        url: "https://example.com/health".to_owned(),
        method: "GET".to_owned(),
        headers: BTreeMap::from([("accept".to_owned(), "application/json".to_owned())]),
        expected_status: vec![200, 204],
        body_contains: None,
        json_equals: Some(JsonEquals { pointer: "/status".to_owned(), value: "ok".into() }),
        follow_redirects: true,
        timeout_ms: 5_000,
        degraded_above_ms: Some(800),
    };
    let expected = Component {
        tenant: "acme".parse().expect("an id"),
        id: "api".parse().expect("an id"),
        name: "API".to_owned(),
        group: Some("Core".to_owned()),
        description: Some("Answers every request.".to_owned()),
        probe: ProbeSpec::Http(probe),
        created_at: at("2026-11-01T12:00:00Z"),
        probe_since: None,
    };
    reads("v1/component.json", &expected);
}

fn prometheus(query: PrometheusQuery, auth: PrometheusAuth) -> SliKind {
    let url = "https://prometheus.example.com/acme".to_owned();
    SliKind::Prometheus(PrometheusSource { url, query, auth: Some(auth), timeout_seconds: 5 })
}

#[test]
fn an_slo_configuration_of_version_1_reads() {
    let slo = |name: &str, kind| Slo::new(name.parse().expect("an id"), kind, Objective::THREE_NINES);
    let tier =
        Tier { long: Span::hours(2), short: Span::minutes(10), budget_share: 0.25, severity: BurnSeverity::Ticket };
    let counts = PrometheusQuery::Counts { good: "sum(good)".to_owned(), valid: "sum(valid)".to_owned() };
    let basic = PrometheusAuth::Basic { username: "ann".to_owned(), password: "s3cret".to_owned() };
    let bearer = PrometheusAuth::Bearer("t0ken".to_owned());
    let objectives = vec![
        Slo {
            thresholds: Thresholds { warning: 0.5, critical: 0.2 },
            public: true,
            ..slo("availability", SliKind::Availability)
        },
        Slo {
            objective: Objective::new(0.995).expect("a ratio"),
            window: "month Europe/Stockholm".parse().expect("a window"),
            scope: Scope::Group("Core".to_owned()),
            count_maintenance: true,
            minimum_bad_samples: 5,
            tiers: vec![tier],
            ..slo("latency_core", SliKind::Latency { threshold_ms: 250.5 })
        },
        Slo {
            window: Span::days(7).into(),
            scope: Scope::Component("api".parse().expect("an id")),
            tiers: Vec::new(),
            ..slo("checkout", SliKind::Events)
        },
        slo("counted", prometheus(counts, basic)),
        slo("ratio", prometheus(PrometheusQuery::Ratio("good / valid".to_owned()), bearer)),
        slo("sessions", SliKind::CrashFreeSessions),
    ];
    reads("v1/slo_config.json", &SloConfig { version: 3, objectives });
}

#[test]
fn a_measurement_of_version_1_reads() {
    let tier = TierReading {
        long: Span::hours(1),
        short: Span::minutes(5),
        factor: 14.5,
        severity: BurnSeverity::Page,
        firing_since: Some(at("2026-11-21T00:58:00Z")),
        quiet: false,
    };
    let window = "month Europe/Stockholm".parse().expect("a window");
    let expected = Measurement {
        tenant: "acme".parse().expect("an id"),
        slo_type: "latency_p95".parse().expect("an id"),
        at: at("2026-11-21T01:00:00Z"),
        objective: Objective::THREE_NINES,
        window,
        length: Span::days(30),
        good: 4_319_000,
        valid: 4_320_000,
        parts: 100,
        budget: Some(Budget { total: 43.2, consumed: 10.0, remaining_ratio: 0.75 }),
        burn: vec![
            BurnReading { window: Span::minutes(5).into(), rate: None },
            BurnReading { window: Span::hours(1).into(), rate: Some(16.5) },
            BurnReading { window, rate: Some(0.25) },
        ],
        tiers: vec![tier],
        status: Some(SloStatus::Critical),
        coverage: 0.5,
        latency: Some(Quantiles { p50: 12.5, p95: 250.0, p99: 800.0 }),
        trouble: Some("It has no answer.".to_owned()),
        changed: Some(Promise { objective: Objective::new(0.99).expect("a ratio"), window: Span::days(30).into() }),
        step: Step::Day,
    };
    reads("v1/measurement.json", &expected);
}

#[test]
fn an_incident_of_version_1_reads() {
    let first = IncidentUpdate {
        status: IncidentStatus::Investigating,
        body: "API does not answer as it should. We are looking into it.".to_owned(),
        at: at("2026-11-21T01:00:00Z"),
        by: "automatic".to_owned(),
        components: BTreeMap::from([("api".parse().expect("an id"), ComponentStatus::MajorOutage)]),
    };
    let last = IncidentUpdate {
        status: IncidentStatus::Resolved,
        body: "A disk was full.".to_owned(),
        at: at("2026-11-21T01:30:00.500Z"),
        by: "Alice".to_owned(),
        components: BTreeMap::new(),
    };
    let expected = Incident {
        tenant: "acme".parse().expect("an id"),
        id: "inc-0102030405060708090a".parse().expect("an id"),
        title: "API is down".to_owned(),
        impact: Impact::Major,
        automation: Some(Automation { component: "api".parse().expect("an id"), stopped: true }),
        updates: vec![first, last],
        version: 2,
        dispatched: 1,
    };
    reads("v1/incident.json", &expected);
}

#[test]
fn a_maintenance_of_version_1_reads() {
    let expected = Maintenance {
        tenant: "acme".parse().expect("an id"),
        id: "mnt-0102030405060708090a".parse().expect("an id"),
        title: "New disks".to_owned(),
        components: vec!["api".parse().expect("an id"), "web".parse().expect("an id")],
        starts_at: at("2026-12-01T02:00:00Z"),
        ends_at: at("2026-12-01T04:00:00Z"),
    };
    reads("v1/maintenance.json", &expected);
}

#[test]
fn a_snapshot_of_version_1_reads() {
    let as_of = at("2026-11-21T01:00:00Z");
    let status = ComponentStatus::DegradedPerformance;
    let figure = ComponentFigure {
        id: "api".parse().expect("an id"),
        name: "API".to_owned(),
        group: None,
        description: Some("Answers.".to_owned()),
        status: ComponentStatus::UnderMaintenance,
        last_30_days: Uptime { ratio: Some(0.9995), coverage: 1.0 },
        last_90_days: Uptime { ratio: None, coverage: 0.0 },
        days: vec![DayFigure { date: as_of.day(), status, uptime: Some(0.75), coverage: 0.5 }],
    };
    let expected = StatusSnapshot {
        tenant: "acme".parse().expect("an id"),
        name: "Acme".to_owned(),
        as_of,
        interval_seconds: 60,
        overall: ComponentStatus::PartialOutage,
        components: vec![figure],
        incidents: Vec::new(),
        maintenances: Vec::new(),
        slos: Vec::new(),
    };
    reads("v1/status_snapshot.json", &expected);
}

#[test]
fn a_document_of_a_newer_version_is_refused() {
    let error = from_json::<Tenant>(r#"{"v": 99, "body": {"anything": "else"}}"#).expect_err("refused");
    assert_eq!(error.to_string(), "a stored tenant cannot be read: it has version 99, and this program knows 1 to 1");
    for text in [r#"{"v": 0, "body": {}}"#, r#"{"body": {}}"#, r#"{"v": 1, "body": {}}"#, "", "{"] {
        let error = from_json::<Tenant>(text).expect_err("refused");
        assert!(matches!(error, StoreError::Unreadable { what: "tenant", .. }), "{text}: {error}");
    }
}
