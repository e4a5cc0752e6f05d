//! What a tenant must not promise: each is refused, with a pointer to the field.

use rstest::rstest;

use plimsoll_domain::slo::sli::{PrometheusAuth, PrometheusQuery, PrometheusSource};
use plimsoll_domain::slo::{BurnSeverity, SliKind, Slo, SloConfig, Thresholds, Tier, Window, config::MAX_SLOS};
use plimsoll_domain::time::Span;

use crate::busy::slo;

/// The pointers of what is refused when the second of two SLOs is as `change` leaves it.
fn refused(number: usize, change: impl FnOnce(&mut Slo)) -> Vec<String> {
    let mut wrong = slo(number, "30d", 0.999);
    change(&mut wrong);
    let first = Slo { slo_type: "first".parse().expect("a name"), ..slo(0, "30d", 0.999) };
    let config = SloConfig { version: 0, objectives: vec![first, wrong] };
    config.validate().map_or_else(|invalid| invalid.0.into_iter().map(|fault| fault.pointer).collect(), |()| Vec::new())
}

#[rstest]
#[case::negative(-1.0, false)]
#[case::nothing(0.0, false)]
#[case::not_a_number(f64::NAN, false)]
#[case::endless(f64::INFINITY, false)]
#[case::longer_than_an_hour(3_600_000.1, false)]
#[case::an_hour(3_600_000.0, true)]
#[case::very_short(0.001, true)]
fn a_threshold_is_a_time(#[case] threshold_ms: f64, #[case] fits: bool) {
    let faults = refused(1, |slo| slo.kind = SliKind::Latency { threshold_ms });
    assert_eq!(faults, if fits { vec![] } else { vec!["/objectives/1/threshold_ms"] });
}

#[rstest]
#[case::too_short("59m", false)]
#[case::too_long("367d", false)]
#[case::not_in_minutes("3661s", false)]
#[case::ninety_seconds("90s", false)]
#[case::none("0s", false)]
#[case::an_hour("1h", true)]
#[case::a_leap_year("366d", true)]
#[case::in_minutes("61m", true)]
#[case::of_a_calendar("week Asia/Kolkata", true)]
fn a_window_has_an_hour_to_366_days(#[case] window: &str, #[case] fits: bool) {
    let faults = refused(0, |slo| slo.window = window.parse().expect("a window"));
    assert_eq!(faults, if fits { vec![] } else { vec!["/objectives/1/window"] });
}

#[rstest]
#[case::not_known("fortnight")]
#[case::of_no_place("month Europe/Atlantis")]
#[case::below_nothing("-30d")]
#[case::not_whole("1.5d")]
#[case::without_a_unit("30")]
#[case::empty("")]
fn a_window_must_be_known(#[case] window: &str) {
    let message = window.parse::<Window>().expect_err("refused");
    assert!(message.contains("expected") && message.contains("got"), "{message}");
}

fn tier(long: &str, short: &str, budget_share: f64) -> Tier {
    let span = |text: &str| text.parse().expect("a span");
    Tier { long: span(long), short: span(short), budget_share, severity: BurnSeverity::Page }
}

#[rstest]
#[case::long_exceeds_the_window(tier("31d", "1h", 0.1), &["/long"])]
#[case::long_is_not_in_minutes(tier("3601s", "5m", 0.1), &["/long"])]
#[case::long_is_nothing(tier("0s", "0s", 0.1), &["/long", "/short"])]
#[case::short_is_as_long(tier("1h", "1h", 0.1), &["/short"])]
#[case::short_is_longer(tier("1h", "2h", 0.1), &["/short"])]
#[case::short_is_not_in_minutes(tier("1h", "90s", 0.1), &["/short"])]
#[case::short_is_nothing(tier("1h", "0s", 0.1), &["/short"])]
#[case::no_share(tier("1h", "5m", 0.0), &["/budget_share"])]
#[case::a_negative_share(tier("1h", "5m", -0.1), &["/budget_share"])]
#[case::more_than_all(tier("1h", "5m", 1.5), &["/budget_share"])]
#[case::not_a_number(tier("1h", "5m", f64::NAN), &["/budget_share"])]
#[case::endless(tier("1h", "5m", f64::INFINITY), &["/budget_share"])]
#[case::everything(tier("31d", "31d", 2.0), &["/long", "/short", "/budget_share"])]
#[case::as_long_as_the_window(tier("30d", "1m", 1.0), &[])]
fn a_tier_fits_into_its_window(#[case] wrong: Tier, #[case] fields: &[&str]) {
    let faults = refused(0, |slo| slo.tiers = vec![tier("2h", "5m", 0.1), wrong]);
    assert_eq!(faults, fields.iter().map(|field| format!("/objectives/1/tiers/1{field}")).collect::<Vec<_>>());
}

#[test]
fn a_tier_fits_into_the_shortest_month() {
    let month = |long: &str| {
        refused(0, |slo| {
            slo.window = "month UTC".parse().expect("a window");
            slo.tiers = vec![tier(long, "5m", 0.1)];
        })
    };
    assert_eq!(month("27d"), Vec::<String>::new());
    assert_eq!(month("28d"), ["/objectives/1/tiers/0/long"]);
}

#[test]
fn tiers_are_few_and_each_long_window_is_there_once() {
    let tiers = |count: i64| (1..=count).map(|hours| Tier { long: Span::hours(hours), ..tier("1h", "5m", 0.1) });
    assert_eq!(refused(0, |slo| slo.tiers = tiers(8).collect()), Vec::<String>::new());
    assert_eq!(refused(0, |slo| slo.tiers = tiers(9).collect()), ["/objectives/1/tiers"]);
    assert_eq!(refused(0, |slo| slo.tiers = tiers(2).chain(tiers(1)).collect()), ["/objectives/1/tiers"]);
    assert_eq!(refused(0, |slo| slo.tiers = Vec::new()), Vec::<String>::new(), "nothing need fire");
}

#[rstest]
#[case::none(0, false)]
#[case::one(1, true)]
#[case::too_many(10_001, false)]
fn a_tier_needs_some_bad_samples(#[case] minimum: u32, #[case] fits: bool) {
    let faults = refused(0, |slo| slo.minimum_bad_samples = minimum);
    assert_eq!(faults, if fits { vec![] } else { vec!["/objectives/1/minimum_bad_samples"] });
}

#[rstest]
#[case::warning_above_one(1.1, 0.1, &["/warning"])]
#[case::warning_is_not_a_number(f64::NAN, 0.1, &["/warning", "/critical"])]
#[case::critical_below_nothing(0.3, -0.1, &["/critical"])]
#[case::critical_above_warning(0.3, 0.4, &["/critical"])]
#[case::critical_is_not_a_number(0.3, f64::NAN, &["/critical"])]
#[case::both_alike(0.3, 0.3, &[])]
fn thresholds_of_the_status_are_shares_in_order(#[case] warning: f64, #[case] critical: f64, #[case] fields: &[&str]) {
    let faults = refused(0, |slo| slo.thresholds = Thresholds { warning, critical });
    assert_eq!(faults, fields.iter().map(|field| format!("/objectives/1/thresholds{field}")).collect::<Vec<_>>());
}

fn source() -> PrometheusSource {
    let query = PrometheusQuery::Counts { good: "sum(good)".to_owned(), valid: "sum(valid)".to_owned() };
    PrometheusSource { url: "https://prometheus.test/path".to_owned(), query, auth: None, timeout_seconds: 10 }
}

fn with_url(url: &str) -> PrometheusSource {
    PrometheusSource { url: url.to_owned(), ..source() }
}

fn with_timeout(timeout_seconds: u32) -> PrometheusSource {
    PrometheusSource { timeout_seconds, ..source() }
}

fn counting(good: &str, valid: &str) -> PrometheusSource {
    let query = PrometheusQuery::Counts { good: good.to_owned(), valid: valid.to_owned() };
    PrometheusSource { query, ..source() }
}

fn dividing(ratio: &str) -> PrometheusSource {
    PrometheusSource { query: PrometheusQuery::Ratio(ratio.to_owned()), ..source() }
}

fn as_user(username: &str, password: &str) -> PrometheusSource {
    let auth = PrometheusAuth::Basic { username: username.to_owned(), password: password.to_owned() };
    PrometheusSource { auth: Some(auth), ..source() }
}

fn bearing(token: &str) -> PrometheusSource {
    PrometheusSource { auth: Some(PrometheusAuth::Bearer(token.to_owned())), ..source() }
}

#[rstest]
#[case::as_it_should_be(source(), &[])]
#[case::with_a_user(with_url("http://me@prometheus.test"), &["/url"])]
#[case::with_a_password(with_url("http://:secret@prometheus.test"), &["/url"])]
#[case::of_another_scheme(with_url("ftp://prometheus.test"), &["/url"])]
#[case::with_a_query(with_url("http://prometheus.test?a=b"), &["/url"])]
#[case::with_a_fragment(with_url("http://prometheus.test#a"), &["/url"])]
#[case::no_url(with_url("prometheus.test"), &["/url"])]
#[case::an_empty_url(with_url(""), &["/url"])]
#[case::two_empty_queries(counting("", " "), &["/good", "/valid"])]
#[case::an_empty_ratio(dividing(""), &["/ratio"])]
#[case::a_query_too_long(dividing(&"a".repeat(4_001)), &["/ratio"])]
#[case::a_query_of_some_lines(dividing("a /\nb"), &[])]
#[case::a_query_with_a_bell(dividing("a\u{7}"), &["/ratio"])]
#[case::no_user_and_no_password(as_user("", ""), &["/basic/username", "/basic/password"])]
#[case::a_colon_in_the_user(as_user("a:b", "c"), &["/basic/username"])]
#[case::no_token(bearing(""), &["/bearer"])]
#[case::no_time(with_timeout(0), &["/timeout_seconds"])]
#[case::too_much_time(with_timeout(31), &["/timeout_seconds"])]
#[case::the_most_time(with_timeout(30), &[])]
fn a_prometheus_is_asked_properly(#[case] source: PrometheusSource, #[case] fields: &[&str]) {
    let faults = refused(3, |slo| slo.kind = SliKind::Prometheus(source));
    assert_eq!(faults, fields.iter().map(|field| format!("/objectives/1/prometheus{field}")).collect::<Vec<_>>());
}

#[test]
fn each_slo_is_there_once_and_there_are_not_too_many() {
    assert_eq!(refused(0, |slo| slo.slo_type = "first".parse().expect("a name")), ["/objectives/1/slo_type"]);
    let of = |count: usize| SloConfig { version: 0, objectives: (0..count).map(|one| slo(one, "1h", 0.9)).collect() };
    assert_eq!(of(MAX_SLOS).validate(), Ok(()));
    let faults = of(MAX_SLOS + 1).validate().expect_err("too many").0;
    assert_eq!(faults.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>(), ["/objectives"]);
}

#[test]
fn every_fault_is_told_at_once_and_says_what_was_expected() {
    let wrong = Slo {
        kind: SliKind::Latency { threshold_ms: -1.0 },
        window: "90s".parse().expect("a window"),
        minimum_bad_samples: 0,
        thresholds: Thresholds { warning: 2.0, critical: 3.0 },
        tiers: vec![tier("1h", "1h", 0.0)],
        ..slo(1, "30d", 0.9)
    };
    let faults = SloConfig { version: 0, objectives: vec![wrong] }.validate().expect_err("much is wrong").0;
    assert_eq!(faults.len(), 8, "{faults:?}");
    assert!(faults.iter().all(|fault| fault.detail.starts_with("expected") && fault.detail.contains("got")));
}
