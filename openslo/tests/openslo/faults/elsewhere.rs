//! What is measured elsewhere, in calendars, and in lists of objects, each with one thing wrong.

use rstest::rstest;

use super::{CLINIC, QUEUE, assert_fault, faults};

#[rstest]
#[case::no_total(
    "total:\n          metricSource:\n            metricSourceRef: somewhere-else\n            type: Datadog\n            spec:\n              query: sum:bookings{*}.as_count()\n              rollup: {seconds: 60}\n",
    "counter: true\n",
    "/0/spec/indicator/spec/ratioMetric/total",
    "all events"
)]
#[case::a_unit_that_starts_elsewhere(
    "2022-10-01",
    "2022-09-01",
    "/0/spec/timeWindow/0/calendar/startTime",
    "the first of January, April"
)]
#[case::a_period_that_starts_at_noon("00:00:00", "12:00:00", "/0/spec/timeWindow/0/calendar/startTime", "at 00:00:00")]
#[case::a_month_that_starts_late(
    "1Q\n    calendar:\n      startTime: 2022-10-01",
    "1M\n    calendar:\n      startTime: 2022-10-02",
    "/0/spec/timeWindow/0/calendar/startTime",
    "the first of a month"
)]
#[case::a_week_from_saturday("1Q", "1w", "/0/spec/timeWindow/0/calendar/startTime", "a Monday at 00:00:00")]
#[case::no_such_day("2022-10-01", "2022-13-01", "/0/spec/timeWindow/0/calendar/startTime", "expected a time such as")]
#[case::no_start(
    "      startTime: 2022-10-01 00:00:00\n",
    "",
    "/0/spec/timeWindow/0/calendar/startTime",
    "got nothing"
)]
#[case::an_unknown_zone("Europe/Stockholm", "Europe/Atlantis", "/0/spec/timeWindow/0/calendar/timeZone", "IANA")]
#[case::a_year("1Q", "1Y", "/0/spec/timeWindow/0/duration", "a quarter (1Q)")]
#[case::no_operator("  - op: lt\n    value", "  - value", "/1/spec/objectives/0/op", "lte or lt")]
#[case::an_operator_from_above("op: lt", "op: gt", "/1/spec/objectives/0/op", "at or under its threshold")]
#[case::an_unknown_operator("op: lt", "op: below", "/1/spec/objectives/0/op", "lte, lt, gte or gt")]
#[case::no_value("    value: 500\n", "", "/1/spec/objectives/0/value", "a number")]
#[case::a_negative_value("value: 500", "value: -1", "/1/spec/objectives/0/value", "milliseconds above 0")]
#[case::two_of_a_name("name: search-time\nspec", "name: bookings\nspec", "/1/metadata/name", "\"bookings\" again")]
#[case::a_spec_that_is_a_text(
    "            spec:\n              query: sum:bookings.failed{*}.as_count()",
    "            spec: x",
    "/0/spec/indicator/spec/ratioMetric/bad/metricSource/spec",
    "expected a mapping"
)]
#[case::an_indicator_without_metadata(
    "    metadata:\n      name: search-time\n",
    "",
    "/1/spec/indicator/metadata",
    "a mapping with a name"
)]
fn a_fault_of_the_calendar_or_of_what_is_pushed(
    #[case] from: &str,
    #[case] to: &str,
    #[case] pointer: &str,
    #[case] detail: &str,
) {
    assert_fault(CLINIC, from, to, (pointer, detail));
}

#[rstest]
#[case::no_such_type(
    "rawType: failure",
    "rawType: bad",
    "/0/2/spec/indicator/spec/ratioMetric/rawType",
    "success or failure"
)]
#[case::no_raw_type(
    "          rawType: failure\n",
    "",
    "/0/2/spec/indicator/spec/ratioMetric/rawType",
    "success or failure"
)]
#[case::a_window_too_short("90m", "59m", "/0/2/spec/timeWindow/0/duration", "expected 1h to 366d")]
#[case::two_connections("    - url", "    - {}\n    - url", "/0/0/spec/connectionDetails", "exactly one mapping")]
#[case::two_sources_of_a_name(
    "- apiVersion: openslo/v1\n  kind: SLO",
    "- apiVersion: openslo/v1\n  kind: DataSource\n  metadata: {name: prom}\n  spec: {type: X, connectionDetails: {a: 1}}\n- apiVersion: openslo/v1\n  kind: SLO",
    "/0/1/metadata/name",
    "\"prom\" again"
)]
fn a_fault_in_a_list_of_objects_is_told_by_its_place_in_the_list(
    #[case] from: &str,
    #[case] to: &str,
    #[case] pointer: &str,
    #[case] detail: &str,
) {
    let found = faults(QUEUE, from, to);
    assert_eq!(found[0].0, pointer, "{found:?}");
    assert!(found[0].1.contains(detail), "{found:?}");
}

#[test]
fn a_ratio_that_nobody_can_be_asked_for_is_refused() {
    let to = "metricSource:\n              type: Datadog\n              spec: {query: x}\n";
    let from = "metricSource:\n              metricSourceRef: prom\n              spec:\n                query: rate(failed[{{.window}}]) / rate(all[{{.window}}])\n";
    assert_fault(QUEUE, from, to, ("/0/2/spec/indicator/spec/ratioMetric/raw", "of a Prometheus only"));
}
