//! Documents that came from elsewhere, each with what we make of it.

use plimsoll_domain::slo::burn::DEFAULT_TIERS;
use plimsoll_domain::slo::sli::{PrometheusQuery, PrometheusSource};
use plimsoll_domain::slo::{BurnSeverity, Objective, SliKind, Slo, Tier, Window};
use plimsoll_domain::time::Span;
use plimsoll_openslo::read;

fn slo(name: &str, kind: SliKind, objective: f64, window: &str) -> Slo {
    let objective = Objective::new(objective).expect("a valid objective");
    let window = window.parse().expect("a valid window");
    Slo { window, ..Slo::new(name.parse().expect("a valid name"), kind, objective) }
}

fn prometheus(url: &str, query: PrometheusQuery) -> SliKind {
    SliKind::Prometheus(PrometheusSource { url: url.to_owned(), query, auth: None, timeout_seconds: 10 })
}

#[test]
fn what_is_referred_to_by_name_is_found_wherever_it_stands() {
    let query = PrometheusQuery::Counts {
        good: r#"sum(increase(http_requests_total{job="checkout",code!~"5.."}[$interval]))"#.to_owned(),
        valid: r#"sum(increase(http_requests_total{job="checkout"}[$interval]))"#.to_owned(),
    };
    let kind = prometheus("https://prometheus.shop.example", query);
    let mut slos = read(include_str!("foreign/shop.yaml"), &[]).expect("valid");
    let tiers = std::mem::replace(&mut slos[0].tiers, DEFAULT_TIERS.to_vec());
    assert_eq!(slos, [slo("checkout-success", kind, 0.999, "28d")]);
    let windows: Vec<_> = tiers.iter().map(|tier| (tier.long, tier.short, tier.severity)).collect();
    let page = (Span::hours(1), Span::minutes(5), BurnSeverity::Page);
    assert_eq!(windows, [page, (Span::days(1), Span::hours(2), BurnSeverity::Ticket)]);
    for (tier, share) in tiers.iter().zip([0.02, 0.1]) {
        assert!((tier.budget_share - share).abs() < 1e-12, "{tier:?}");
    }
}

#[test]
fn what_others_count_is_pushed() {
    let slos = read(include_str!("foreign/clinic.yaml"), &[]).expect("valid");
    let bookings = slo("bookings", SliKind::Events, 0.995, "quarter Europe/Stockholm");
    let search = slo("search-time", SliKind::Latency { threshold_ms: 500.0 }, 0.99, "30d");
    assert_eq!(slos, [bookings, search]);
}

#[test]
fn a_value_of_a_prometheus_is_good_or_bad_each_tick_and_a_share_of_failures_is_turned_round() {
    let ratio = |query: &str| prometheus("http://prometheus:9090", PrometheusQuery::Ratio(query.to_owned()));
    let lag = ratio("(sum(queue_lag) # of all partitions\n) <= bool 100");
    let deliveries = ratio("1 - (rate(failed[$interval]) / rate(all[$interval]))");
    let slos = read(include_str!("foreign/queue.yaml"), &[]).expect("valid");
    assert_eq!(slos, [slo("queue-is-short", lag, 0.9, "week UTC"), slo("deliveries", deliveries, 0.95, "90m")]);
}

/// The clinic's search time, with its `lt` and its value replaced.
fn with_percent(percent: &str) -> Objective {
    let yaml = include_str!("foreign/clinic.yaml").replace("target: 0.99\n", &format!("targetPercent: {percent}\n"));
    read(&yaml, &[]).expect("valid")[1].objective
}

#[test]
fn a_percentage_is_the_ratio_that_was_meant() {
    for (percent, ratio) in [("99.9", 0.999), ("99.95", 0.9995), ("57", 0.57), ("1e-3", 1e-5)] {
        assert_eq!(with_percent(percent), Objective::new(ratio).expect("a valid objective"), "{percent}");
    }
}

#[test]
fn policies_may_be_named_by_a_plain_text() {
    let yaml = include_str!("foreign/shop.yaml").replace("- alertPolicyRef: checkout-burns", "- checkout-burns");
    assert_eq!(read(&yaml, &[]).expect("valid")[0].tiers.len(), 2);
}

#[test]
fn a_short_window_that_nobody_says_is_a_twelfth() {
    let yaml = include_str!("foreign/shop.yaml").replace("    alertAfter: 5m\n", "").replace("4w", "3d");
    let tiers = &read(&yaml, &[]).expect("valid")[0].tiers;
    let expected = Tier { long: Span::hours(1), short: Span::minutes(5), ..tiers[0] };
    assert_eq!(tiers[0], expected);
    assert!((tiers[0].factor(Span::days(3)) - 13.44).abs() < 1e-9, "the threshold is the factor again");
    assert_eq!(read(&yaml, &[]).expect("valid")[0].window, Window::Rolling(Span::days(3)));
}
