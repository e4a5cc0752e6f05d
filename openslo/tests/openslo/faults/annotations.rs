//! Our own annotations, each with one thing wrong.

use rstest::rstest;

use plimsoll_domain::slo::sli::{PrometheusAuth, PrometheusQuery, PrometheusSource};
use plimsoll_domain::slo::{Objective, Scope, SliKind, Slo, SloConfig, Tier};
use plimsoll_domain::time::Span;
use plimsoll_openslo::{read, write};

use super::assert_fault;
use crate::strategies::component;

/// One SLO with everything that we say in annotations.
fn ours() -> String {
    let source = PrometheusSource {
        url: "http://prometheus:9090".to_owned(),
        query: PrometheusQuery::Counts { good: "good".to_owned(), valid: "valid".to_owned() },
        auth: Some(PrometheusAuth::Basic { username: "acme".to_owned(), password: "••••cret".to_owned() }),
        timeout_seconds: 20,
    };
    let name = "api_success".parse().expect("a valid name");
    let mut slo = Slo::new(name, SliKind::Prometheus(source), Objective::THREE_NINES);
    slo.scope = Scope::Component("api".parse().expect("a valid id"));
    slo.tiers = vec![Tier { long: Span::hours(2), short: Span::minutes(7), ..slo.tiers[0] }];
    let yaml = write(&SloConfig { version: 1, objectives: vec![slo.clone()] }, &"acme".parse().expect("a valid id"));
    let components = [component(&"api".parse().expect("a valid id"))];
    assert_eq!(read(&yaml, &components), Ok(vec![slo]));
    yaml.replace("component:api", "group:api")
}

#[rstest]
#[case::kind("kind: prometheus", "kind: uptime", "5/kind", "expected one of availability, latency")]
#[case::a_kind_that_does_not_fit(
    "kind: prometheus",
    "kind: events",
    "5/kind",
    "expected prometheus, as the indicator has it"
)]
#[case::slo_type("slo-type: api_success", "slo-type: API", "5/slo-type", "characters of a-z")]
#[case::scope("scope: group:api", "scope: some", "5/scope", "expected all, group:")]
#[case::no_such_component(
    "scope: group:api",
    "scope: component:web",
    "5/scope",
    "a component of this tenant, got \"web\""
)]
#[case::no_component_at_all("scope: group:api", "scope: component:A_", "5/scope", "characters of a-z")]
#[case::count_maintenance(
    "count-maintenance: \"false\"",
    "count-maintenance: \"no\"",
    "5/count-maintenance",
    "true or false"
)]
#[case::a_boolean_for_a_text(
    "count-maintenance: \"false\"",
    "count-maintenance: false",
    "5/count-maintenance",
    "expected a text, got false (unquoted)"
)]
#[case::minimum_bad_samples(
    "minimum-bad-samples: \"2\"",
    "minimum-bad-samples: \"0\"",
    "5/minimum-bad-samples",
    "expected 1 to 10000, got 0"
)]
#[case::warning("warning-below: \"0.25\"", "warning-below: \"25\"", "5/warning-below", "a share from 0 to 1")]
#[case::critical("critical-below: \"0.1\"", "critical-below: \"0.3\"", "5/critical-below", "from 0 to warning (0.25)")]
#[case::not_a_number("critical-below: \"0.1\"", "critical-below: NaN", "5/critical-below", "got NaN")]
#[case::tiers("tiers: own", "tiers: mine", "5/tiers", "default or own")]
#[case::public("public: \"false\"", "public: hidden", "5/public", "true or false")]
#[case::timeout(
    "timeout-seconds: \"20\"",
    "timeout-seconds: \"31\"",
    "5/prometheus-timeout-seconds",
    "expected 1 to 30, got 31"
)]
#[case::auth("basic", "digest", "5/prometheus-auth", "expected {\"basic\"")]
#[case::auth_without_a_user(r#"\"acme\""#, r#"\"\""#, "5/prometheus-auth", "username: expected 1 to 2000")]
#[case::short_window("short-window: 7m", "short-window: 2h", "3/short-window", "less than the long window")]
#[case::no_short_window("short-window: 7m", "short-window: short", "3/short-window", "such as 30d")]
#[case::budget_share("budget-share: \"0.02\"", "budget-share: little", "3/budget-share", "a share of the budget")]
fn a_fault_in_an_annotation_is_told_by_its_name(
    #[case] from: &str,
    #[case] to: &str,
    #[case] place: &str,
    #[case] detail: &str,
) {
    let (document, name) = place.split_once('/').expect("both");
    assert_fault(&ours(), from, to, (&format!("/{document}/metadata/annotations/plimsoll.dev~1{name}"), detail));
}

#[test]
fn an_empty_query_is_told_by_its_place() {
    let query = "/5/spec/indicator/spec/ratioMetric/total/metricSource/spec/query";
    assert_fault(&ours(), "query: valid", "query: ' '", (query, "expected 1 to 4000 characters"));
}
