//! A month in figures.

use plimsoll_domain::incident::IncidentStatus;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::recurrence::Recurrence;
use plimsoll_domain::report::{Month, MonthlyReport, ReportParts};
use plimsoll_domain::rollup::Counts;
use plimsoll_domain::time::{Interval, Timestamp};

use crate::pantry::{component, id, incident, tenant, update};

fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn november() -> Month {
    "2026-11".parse().expect("a month")
}

fn parts(counts: Counts) -> ReportParts {
    ReportParts {
        tenant: tenant(),
        name: "Acme".to_owned(),
        components: vec![(component("API", None), counts)],
        measured: Vec::new(),
        incidents: Vec::new(),
        maintenances: Vec::new(),
    }
}

#[test]
fn a_month_is_one_of_the_calendar() {
    assert_eq!(november().to_string(), "2026-11");
    assert_eq!(
        (november().next().to_string(), november().previous().to_string()),
        ("2026-12".into(), "2026-10".into())
    );
    assert_eq!("2026-12".parse::<Month>().expect("a month").next().to_string(), "2027-01");
    assert_eq!(november().end_day().number() - november().first_day().number(), 30);
    assert_eq!(Month::of(instant("2026-11-30T23:59:59Z").day()), november());
    for wrong in ["", "2026", "2026-13", "2026-1", "2026-11-01", "1969-12", "november"] {
        assert!(wrong.parse::<Month>().is_err(), "{wrong}");
    }
}

#[test]
fn what_is_not_known_is_not_good_and_minutes_are_counted() {
    let mut counts = Counts::default();
    (counts.normal.operational, counts.normal.down, counts.normal.degraded) = (21_500, 90, 10);
    counts.maintenance.operational = 60;
    let now = instant("2026-12-02T00:00:00Z");
    let report = MonthlyReport::build(parts(counts), november(), Interval::MINUTE, now);
    let api = &report.components[0];
    assert!(report.is_whole());
    assert_eq!(api.uptime.map(|ratio| (ratio * 1e6).floor()), Some(995_833.0));
    assert!((api.coverage - 21_660.0 / 43_200.0).abs() < 1e-9, "half of the month nobody looked");
    assert_eq!((api.down_minutes, api.degraded_minutes, api.maintenance_minutes), (90.0, 10.0, 60.0));
    let empty = MonthlyReport::build(parts(Counts::default()), november(), Interval::MINUTE, now);
    assert_eq!((empty.components[0].uptime, empty.components[0].coverage), (None, 0.0));
}

#[test]
fn a_month_that_is_not_over_is_held_against_what_there_was_of_it() {
    let mut counts = Counts::default();
    counts.normal.operational = 1_440;
    let report = MonthlyReport::build(parts(counts), november(), Interval::MINUTE, instant("2026-11-02T00:00:00Z"));
    assert!(!report.is_whole());
    assert!((report.components[0].coverage - 1.0).abs() < 1e-9);
}

#[test]
fn incidents_and_maintenance_that_reach_into_the_month_are_listed() {
    let mut parts = parts(Counts::default());
    let begins = |text: &str, status| {
        let mut one = update(status, 0, &[]);
        one.at = instant(text);
        one
    };
    let of = |name: &str, draft, from: &str, to: &str| {
        let updates = vec![begins(from, IncidentStatus::Investigating), begins(to, IncidentStatus::Resolved)];
        incident(name, draft, updates)
    };
    parts.incidents = vec![
        of("before", false, "2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z"),
        of("into", false, "2026-10-31T23:00:00Z", "2026-11-01T01:00:00Z"),
        of("inside", false, "2026-11-10T00:00:00Z", "2026-11-10T01:00:00Z"),
        of("draft", true, "2026-11-11T00:00:00Z", "2026-11-11T01:00:00Z"),
    ];
    let span = instant("2026-11-01T02:00:00Z")..instant("2026-11-01T03:00:00Z");
    parts.maintenances = vec![Maintenance {
        recurrence: Some(Recurrence::new("FREQ=WEEKLY", chrono_tz::UTC)),
        ..Maintenance::once(tenant(), "m".parse().expect("a slug"), "Patches", vec![id("api")], span)
    }];
    let report = MonthlyReport::build(parts, november(), Interval::MINUTE, instant("2026-12-02T00:00:00Z"));
    let titles: Vec<_> = report.incidents.iter().map(|line| line.title.as_str()).collect();
    assert_eq!((titles, report.maintenances.len()), (vec!["into", "inside"], 5));
}

#[test]
fn what_is_still_ahead_has_not_taken_place() {
    let mut parts = parts(Counts::default());
    let span = instant("2026-11-20T02:00:00Z")..instant("2026-11-20T03:00:00Z");
    parts.maintenances = vec![Maintenance::once(tenant(), "m".parse().expect("a slug"), "Move", vec![id("api")], span)];
    let report = MonthlyReport::build(parts, november(), Interval::MINUTE, instant("2026-11-19T00:00:00Z"));
    assert!(report.maintenances.is_empty());
}
