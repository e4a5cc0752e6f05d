//! Any configuration that the domain calls valid.

use std::collections::BTreeSet;

use proptest::prelude::*;

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{ComponentId, SloType, TenantId};
use plimsoll_domain::probe::ProbeSpec;
use plimsoll_domain::slo::burn::DEFAULT_TIERS;
use plimsoll_domain::slo::sli::{PrometheusAuth, PrometheusQuery, PrometheusSource};
use plimsoll_domain::slo::window::{LONGEST_WINDOW, SHORTEST_WINDOW};
use plimsoll_domain::slo::{
    BurnSeverity, CalendarUnit, Objective, Scope, SliKind, Slo, SloConfig, Thresholds, Tier, Window,
};
use plimsoll_domain::time::{Span, Timestamp};

const ZONES: [&str; 6] =
    ["UTC", "Europe/Stockholm", "America/Argentina/Buenos_Aires", "Asia/Kolkata", "Etc/GMT+5", "GB"];

pub(crate) fn any_tenant() -> impl Strategy<Value = TenantId> {
    "[a-z0-9-]{1,63}".prop_map(|text| text.parse().expect("a valid id"))
}

/// Up to `most` SLOs of different names.
pub(crate) fn any_config(most: usize) -> impl Strategy<Value = SloConfig> {
    (any::<u32>(), prop::collection::vec(any_slo(), 0..=most)).prop_map(|(version, mut objectives)| {
        let mut names = BTreeSet::new();
        objectives.retain(|slo| names.insert(slo.slo_type.clone()));
        SloConfig { version: version.into(), objectives }
    })
}

/// The components that the SLOs of `config` speak of.
pub(crate) fn components_of(config: &SloConfig) -> Vec<Component> {
    let scopes = config.objectives.iter().map(|slo| &slo.scope);
    let ids = scopes.filter_map(|scope| if let Scope::Component(id) = scope { Some(id) } else { None });
    ids.map(component).collect()
}

pub(crate) fn component(id: &ComponentId) -> Component {
    Component {
        tenant: "acme".parse().expect("a valid id"),
        id: id.clone(),
        name: id.to_string(),
        group: None,
        description: None,
        probe: ProbeSpec::Push,
        created_at: Timestamp::from_seconds(0),
        probe_since: None,
    }
}

fn any_slo() -> impl Strategy<Value = Slo> {
    let parts = (any_name(), any_kind(), any_objective(), any_scope(), any_thresholds(), any_window_and_tiers());
    (parts, any::<bool>(), 1u32..=10_000, any::<bool>()).prop_map(|(parts, count_maintenance, minimum, public)| {
        let (slo_type, kind, objective, scope, thresholds, (window, tiers)) = parts;
        let minimum_bad_samples = minimum;
        Slo {
            scope,
            count_maintenance,
            minimum_bad_samples,
            thresholds,
            tiers,
            public,
            window,
            ..Slo::new(slo_type, kind, objective)
        }
    })
}

/// Now and then names that look alike once `_` is `-`.
fn any_name() -> impl Strategy<Value = SloType> {
    prop_oneof!["[a-z0-9_-]{1,63}", "[a_-]{1,3}", "[a_-]{63}", Just("1e3".to_owned()), Just("null".to_owned())]
        .prop_map(|text| text.parse().expect("a valid name"))
}

fn any_kind() -> impl Strategy<Value = SliKind> {
    prop_oneof![
        Just(SliKind::Availability),
        Just(SliKind::Events),
        Just(SliKind::CrashFreeSessions),
        any_milliseconds().prop_map(|threshold_ms| SliKind::Latency { threshold_ms }),
        any_prometheus().prop_map(SliKind::Prometheus),
    ]
}

fn any_milliseconds() -> impl Strategy<Value = f64> {
    prop_oneof![Just(300.0), Just(0.1 + 0.2), Just(5e-324), 1e-9..3_600_000.0, 1.0..1_000.0]
}

fn any_prometheus() -> impl Strategy<Value = PrometheusSource> {
    let query = prop_oneof![
        (any_text(), any_text()).prop_map(|(good, valid)| PrometheusQuery::Counts { good, valid }),
        any_text().prop_map(PrometheusQuery::Ratio),
        Just(PrometheusQuery::Ratio("sum(rate(x[{{.window}}]))".to_owned())),
    ];
    let auth = prop::option::of(prop_oneof![
        (any_text(), any_text())
            .prop_map(|(username, password)| PrometheusAuth::Basic { username: username.replace(':', "."), password }),
        any_text().prop_map(PrometheusAuth::Bearer),
        Just(PrometheusAuth::Bearer("••••cret".to_owned())),
    ]);
    let url = prop_oneof![Just("http://prometheus:9090".to_owned()), "https://[a-z]{1,9}\\.example(/[a-z~%20é]{1,9})?"];
    (url, query, auth, 1u32..=30).prop_map(|(url, query, auth, timeout_seconds)| PrometheusSource {
        url,
        query,
        auth,
        timeout_seconds,
    })
}

/// What `check_text` lets pass: something, without control characters but newlines.
fn any_text() -> impl Strategy<Value = String> {
    let like_yaml = "[-:#&*!|>'\"%@`{}\\[\\], \n~0-9a-c\\\\]{1,30}";
    let anything =
        prop::collection::vec(any::<char>().prop_filter("no control", |c| !c.is_control() || *c == '\n'), 1..40)
            .prop_map(String::from_iter);
    let scalars =
        prop::sample::select(vec!["yes", "null", "~", "1", "0x1F", "1e3", ".nan", "2024-01-01", "<<", "=", "---"]);
    let odd = prop::collection::vec(
        prop::sample::select(vec!['\u{feff}', '\u{2028}', '\u{a0}', '\u{fffe}', ' ', '\n', 'a']),
        1..9,
    )
    .prop_map(String::from_iter);
    let long = "[a-z ]{200}";
    prop_oneof![like_yaml, anything, scalars.prop_map(str::to_owned), odd, long]
        .prop_filter("something", |text| !text.trim().is_empty())
}

fn any_objective() -> impl Strategy<Value = Objective> {
    let ratio = prop_oneof![
        prop::sample::select(vec![0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 1.0 - f64::EPSILON / 2.0, f64::MIN_POSITIVE]),
        0.0..1.0,
        (0u64..0x3ff0_0000_0000_0000).prop_map(f64::from_bits),
    ];
    ratio.prop_filter_map("between 0 and 1", |ratio| Objective::new(ratio).ok())
}

/// A group's name is any text at all.
fn any_scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        Just(Scope::All),
        any_text().prop_map(Scope::Group),
        any::<String>().prop_map(Scope::Group),
        "[\\x00-\\x7f]{2000}".prop_map(Scope::Group),
        "[a-z0-9-]{1,63}".prop_map(|id| Scope::Component(id.parse().expect("a valid id"))),
    ]
}

fn any_thresholds() -> impl Strategy<Value = Thresholds> {
    let share = || prop_oneof![Just(0.0), Just(1.0), Just(0.25), 0.0..=1.0];
    (share(), share())
        .prop_map(|(one, other)| Thresholds { warning: f64::max(one, other), critical: f64::min(one, other) })
}

fn any_window() -> impl Strategy<Value = Window> {
    let minutes = (SHORTEST_WINDOW.seconds() / 60)..=(LONGEST_WINDOW.seconds() / 60);
    let unit = prop::sample::select(vec![CalendarUnit::Week, CalendarUnit::Month, CalendarUnit::Quarter]);
    let zone = prop::sample::select(ZONES.to_vec());
    prop_oneof![
        minutes.prop_map(|minutes| Window::Rolling(Span::minutes(minutes))),
        prop::sample::select(vec![1i64, 7, 28, 30, 90, 366]).prop_map(|days| Window::Rolling(Span::days(days))),
        (unit, zone).prop_map(|(unit, zone)| Window::Calendar(unit, zone.parse().expect("a zone"))),
    ]
}

fn any_window_and_tiers() -> impl Strategy<Value = (Window, Vec<Tier>)> {
    any_window().prop_flat_map(|window| {
        let usable = DEFAULT_TIERS.into_iter().filter(|tier| tier.long <= window.shortest()).collect();
        let own = prop::collection::vec(any_tier(window.shortest()), 0..=8).prop_map(|mut tiers| {
            let mut longs = BTreeSet::new();
            tiers.retain(|tier| longs.insert(tier.long));
            tiers
        });
        (Just(window), prop_oneof![Just(DEFAULT_TIERS.to_vec()), Just(usable), own])
    })
}

fn any_tier(longest: Span) -> impl Strategy<Value = Tier> {
    let share = prop_oneof![Just(0.02), Just(1.0), Just(0.1 + 0.2), 1e-300..1.0, Just(f64::MIN_POSITIVE)];
    let severity = prop::sample::select(vec![BurnSeverity::Page, BurnSeverity::Ticket]);
    (2..=longest.seconds() / 60, any::<prop::sample::Index>(), share, severity).prop_map(
        |(long, short, budget_share, severity)| {
            let parts = usize::try_from(long - 1).expect("a year has fewer minutes");
            let short = i64::try_from(short.index(parts)).expect("a year has fewer minutes") + 1;
            Tier { long: Span::minutes(long), short: Span::minutes(short), budget_share, severity }
        },
    )
}
