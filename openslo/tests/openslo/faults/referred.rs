//! The shop's documents, which refer to each other, each with one thing wrong.

use rstest::rstest;

use super::{SHOP, assert_fault};

#[rstest]
#[case::no_version("apiVersion: openslo/v1\nkind: SLO", "kind: SLO", "/0/apiVersion", "expected openslo/v1")]
#[case::another_version("openslo/v1", "openslo/v1alpha", "/0/apiVersion", "got \"openslo/v1alpha\"")]
#[case::an_unknown_kind("kind: SLO", "kind: Slo", "/0/kind", "expected one of DataSource, SLO")]
#[case::no_spec("spec: {}", "", "/6/spec", "expected a mapping, got nothing")]
#[case::a_spec_that_is_a_list("spec: {}", "spec: []\nstatus: {}", "/6/status", "expected one of apiVersion")]
#[case::no_name("  name: checkout\nspec", "  displayName: x\nspec", "/6/metadata/name", "expected a name")]
#[case::an_empty_name("name: checkout\nspec", "name: ''\nspec", "/6/metadata/name", "empty")]
#[case::a_name_that_is_a_number(
    "name: checkout\nspec",
    "name: 7\nspec",
    "/6/metadata/name",
    "expected a text, got 7 (unquoted)"
)]
#[case::a_name_that_is_no_slug("name: checkout-success", "name: Checkout", "/0/metadata/name", "characters of a-z")]
#[case::an_unknown_metadata_field("displayName: Checkouts", "title: Checkouts", "/0/metadata/title", "one of name")]
#[case::a_label_of_numbers("[payments, web]", "[1]", "/0/metadata/labels/team", "a list of texts")]
#[case::a_label_of_a_number("tier: \"1\"", "tier: 1", "/0/metadata/labels/tier", "expected a text")]
#[case::an_unknown_annotation_of_ours(
    "shop.example/dashboard",
    "plimsoll.dev/dashboard",
    "/0/metadata/annotations/plimsoll.dev~1dashboard",
    "plimsoll.dev/kind"
)]
#[case::an_annotation_where_none_belongs(
    "kind: Service\nmetadata:",
    "kind: Service\nmetadata:\n  annotations: {plimsoll.dev/kind: events}",
    "/6/metadata/annotations/plimsoll.dev~1kind",
    "expected none"
)]
#[case::no_service("  service: checkout\n", "", "/0/spec/service", "the name of a service")]
#[case::an_unknown_spec_field(
    "  service: checkout",
    "  service: checkout\n  owner: me",
    "/0/spec/owner",
    "one of description"
)]
#[case::no_indicator(
    "  indicatorRef: checkout-responses\n",
    "",
    "/0/spec/indicator",
    "expected an indicator or an indicatorRef"
)]
#[case::an_indicator_of_another_file(
    "Ref: checkout-responses",
    "Ref: elsewhere",
    "/0/spec/indicatorRef",
    "the name of an SLI in this file, got \"elsewhere\""
)]
#[case::two_indicators(
    "  indicatorRef: c",
    "  indicator: {}\n  indicatorRef: c",
    "/0/spec/indicatorRef",
    "no indicatorRef beside"
)]
#[case::two_windows(
    "  - duration: 4w",
    "  - duration: 1w\n  - duration: 4w",
    "/0/spec/timeWindow",
    "exactly one window, got 2"
)]
#[case::no_duration("  - duration: 4w\n    isRolling", "  - isRolling", "/0/spec/timeWindow/0/duration", "got nothing")]
#[case::a_rolling_month("4w", "1M", "/0/spec/timeWindow/0/duration", "longer or shorter by the calendar")]
#[case::seconds("4w", "30s", "/0/spec/timeWindow/0/duration", "one of m, h, d, w")]
#[case::a_window_too_long("4w", "53w", "/0/spec/timeWindow/0/duration", "expected 1h to 366d")]
#[case::neither_rolling_nor_calendar(
    "isRolling: true",
    "isRolling: false",
    "/0/spec/timeWindow/0/calendar",
    "expected a calendar"
)]
#[case::rolling_with_a_calendar(
    "isRolling: true",
    "isRolling: true\n    calendar: {}",
    "/0/spec/timeWindow/0/calendar",
    "expected no calendar"
)]
#[case::time_slices("Occurrences", "Timeslices", "/0/spec/budgetingMethod", "events are counted")]
#[case::ratio_time_slices("Occurrences", "RatioTimeslices", "/0/spec/budgetingMethod", "expected Occurrences")]
#[case::no_method(
    "  budgetingMethod: Occurrences\n",
    "",
    "/0/spec/budgetingMethod",
    "expected Occurrences, got nothing"
)]
#[case::two_objectives(
    "  - displayName: Good enough",
    "  - target: 0.9\n  - displayName: x",
    "/0/spec/objectives",
    "exactly one objective (an SLO for each"
)]
#[case::no_objectives(
    "  - displayName: Good enough\n    targetPercent: 99.9\n",
    "",
    "/0/spec/objectives",
    "expected a list of one"
)]
#[case::a_composite("displayName: Good enough", "indicatorRef: x", "/0/spec/objectives/0/indicatorRef", "composite")]
#[case::a_weight("displayName: Good enough", "compositeWeight: 2", "/0/spec/objectives/0/compositeWeight", "composite")]
#[case::a_slice(
    "displayName: Good enough",
    "timeSliceWindow: 1m",
    "/0/spec/objectives/0/timeSliceWindow",
    "no time slices"
)]
#[case::an_operator_with_a_ratio("displayName: Good enough", "op: gt", "/0/spec/objectives/0/op", "expected none")]
#[case::a_value_with_a_ratio("displayName: Good enough", "value: 1", "/0/spec/objectives/0/value", "expected none")]
#[case::no_target(
    "Good enough\n    targetPercent: 99.9",
    "x",
    "/0/spec/objectives/0/target",
    "such as 0.999, got nothing"
)]
#[case::two_targets(
    "targetPercent: 99.9",
    "targetPercent: 99.9\n    target: 0.999",
    "/0/spec/objectives/0/targetPercent",
    "beside a target"
)]
#[case::a_target_of_zero("targetPercent: 99.9", "target: 0", "/0/spec/objectives/0/target", "above 0 and below 1")]
#[case::a_target_of_one("targetPercent: 99.9", "target: 1.0", "/0/spec/objectives/0/target", "no error budget")]
#[case::a_target_in_percent("targetPercent: 99.9", "target: 99.9", "/0/spec/objectives/0/target", "write 0.999")]
#[case::a_target_in_quotes(
    "targetPercent: 99.9",
    "target: \"0.999\"",
    "/0/spec/objectives/0/target",
    "expected a number, got a text"
)]
#[case::all_of_a_hundred(
    "targetPercent: 99.9",
    "targetPercent: 100",
    "/0/spec/objectives/0/targetPercent",
    "below 100"
)]
#[case::a_policy_of_another_file(
    "Ref: checkout-burns",
    "Ref: elsewhere",
    "/0/spec/alertPolicies/0/alertPolicyRef",
    "the name of an AlertPolicy in this file"
)]
#[case::a_policy_that_is_a_number(
    "- alertPolicyRef: checkout-burns",
    "- 7",
    "/0/spec/alertPolicies/0",
    "expected a mapping"
)]
#[case::the_same_policy_twice(
    "- alertPolicyRef: checkout-burns",
    "- alertPolicyRef: checkout-burns\n  - checkout-burns",
    "/0/spec/alertPolicies",
    "each long window once"
)]
#[case::an_inline_policy_of_another_kind(
    "- kind: AlertPolicy",
    "- kind: Policy",
    "/0/spec/alertPolicies/1/kind",
    "expected AlertPolicy"
)]
#[case::a_policy_that_is_silent(
    "alertWhenBreaching: true\n  alertWhenResolved",
    "alertWhenBreaching: false\n  alertWhenResolved",
    "/2/spec/alertWhenBreaching",
    "expected true"
)]
#[case::alerts_without_data(
    "alertWhenResolved: false",
    "alertWhenNoData: true",
    "/2/spec/alertWhenNoData",
    "expected false"
)]
#[case::a_switch_that_is_a_word(
    "alertWhenResolved: false",
    "alertWhenResolved: off",
    "/2/spec/alertWhenResolved",
    "expected true or false"
)]
#[case::two_conditions(
    "- conditionRef: burning",
    "- conditionRef: burning\n  - conditionRef: burning",
    "/2/spec/conditions",
    "exactly one condition"
)]
#[case::a_condition_of_another_file(
    "Ref: burning",
    "Ref: elsewhere",
    "/2/spec/conditions/0/conditionRef",
    "the name of an AlertCondition"
)]
#[case::an_unknown_severity("severity: critical", "severity: purple", "/3/spec/severity", "expected page or ticket")]
#[case::another_kind_of_condition("kind: burnrate", "kind: budget", "/3/spec/condition/kind", "expected burnrate")]
#[case::a_condition_that_is_slow("op: gt\n", "op: lte\n", "/3/spec/condition/op", "expected gt or gte")]
#[case::no_threshold("    threshold: 13.44\n", "", "/3/spec/condition/threshold", "a number")]
#[case::a_threshold_of_nothing("threshold: 13.44", "threshold: 0", "/3/spec/condition/threshold", "above 0")]
#[case::more_than_the_budget(
    "threshold: 13.44",
    "threshold: 700",
    "/3/spec/condition/threshold",
    "expected at most 672"
)]
#[case::a_long_window_of_a_month(
    "lookbackWindow: 1h",
    "lookbackWindow: 1M",
    "/3/spec/condition/lookbackWindow",
    "calendar"
)]
#[case::a_long_window_longer_than_all(
    "lookbackWindow: 1h",
    "lookbackWindow: 5w",
    "/3/spec/condition/lookbackWindow",
    "at most the SLO's window"
)]
#[case::a_short_window_longer_than_the_long(
    "alertAfter: 5m",
    "alertAfter: 1h",
    "/3/spec/condition/alertAfter",
    "less than the long window"
)]
#[case::two_metrics(
    "  ratioMetric:",
    "  thresholdMetric: {}\n  ratioMetric:",
    "/1/spec/ratioMetric",
    "beside a thresholdMetric"
)]
#[case::good_and_bad("    good:\n", "    bad: {}\n    good:\n", "/1/spec/ratioMetric/bad", "no bad beside good")]
#[case::bad_of_a_prometheus("    good:\n", "    bad:\n", "/1/spec/ratioMetric/bad", "cannot be taken off")]
#[case::a_raw_type_without_raw("counter: true", "rawType: success", "/1/spec/ratioMetric/rawType", "without raw")]
#[case::a_counter_that_is_none(
    "sum(http_requests_total{job=\"checkout\"})",
    "a / b",
    "/1/spec/ratioMetric/total/metricSource/spec/query",
    "expected a counter"
)]
#[case::an_unknown_source(
    "metricSourceRef: metrics\n        spec",
    "metricSourceRef: elsewhere\n        spec",
    "/1/spec/ratioMetric/good/metricSource/metricSourceRef",
    "or a type beside it"
)]
#[case::a_prometheus_without_url(
    "metricSourceRef: metrics\n        type",
    "type",
    "/1/spec/ratioMetric/total/metricSource/metricSourceRef",
    "says the URL"
)]
#[case::another_type(
    "type: prometheus",
    "type: Datadog",
    "/1/spec/ratioMetric/total/metricSource/type",
    "the type of the DataSource"
)]
#[case::no_source(
    "metricSourceRef: metrics\n        spec",
    "spec",
    "/1/spec/ratioMetric/good/metricSource/type",
    "expected a type"
)]
#[case::no_query(
    "query: sum(http_requests_total{job=\"checkout\"})",
    "",
    "/1/spec/ratioMetric/total/metricSource/spec",
    "expected a mapping, got nothing"
)]
#[case::an_unknown_query_field(
    "query: sum(",
    "step: 5m\n          query: sum(",
    "/1/spec/ratioMetric/good/metricSource/spec/step",
    "expected one of query"
)]
#[case::no_connection(
    "    url: https://prometheus.shop.example\n",
    "",
    "/4/spec/connectionDetails",
    "expected a mapping"
)]
#[case::a_secret(
    "    url:",
    "    password: x\n    url:",
    "/4/spec/connectionDetails/password",
    "plimsoll.dev/prometheus-auth"
)]
#[case::no_url(
    "https://prometheus",
    "ftp://prometheus",
    "/4/spec/connectionDetails/url",
    "the http:// or https:// URL"
)]
#[case::a_source_without_type("type: Prometheus\n", "\n", "/4/spec/type", "such as Prometheus")]
fn a_fault_is_told_by_its_place(#[case] from: &str, #[case] to: &str, #[case] pointer: &str, #[case] detail: &str) {
    assert_fault(SHOP, from, to, (pointer, detail));
}
