//! Histories: what happens to a tenant, and the SLOs it has meanwhile, by chance.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use plimsoll_domain::sample::SampleStatus;
use plimsoll_domain::slo::burn::DEFAULT_TIERS;
use plimsoll_domain::slo::sli::{PrometheusQuery, PrometheusSource};
use plimsoll_domain::slo::{BurnSeverity, Objective, Scope, SliKind, Slo, Thresholds, Tier, Window};
use plimsoll_domain::time::Span;

use crate::raw::Pushed;
use crate::town::{COMPONENTS, Verdict};

/// Time zones with daylight saving, half-hour offsets, and days without a midnight.
pub(crate) const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Stockholm",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "America/Asuncion",
    "Africa/Cairo",
];

/// Some ticks in a row that went alike.
#[derive(Clone, Debug)]
pub(crate) struct Stretch {
    pub(crate) ticks: usize,
    /// What each component is told to be; `None`: nothing is told.
    pub(crate) verdicts: [Option<Verdict>; COMPONENTS.len()],
    pub(crate) told: Vec<Told>,
    /// How many ticks pass between two that are moved on to within it.
    pub(crate) stride: usize,
    /// What happens before it.
    pub(crate) before: Before,
    /// From here on, so many components are there.
    pub(crate) components: Option<usize>,
    /// From here on, the SLOs are these.
    pub(crate) configured: Option<Vec<Slo>>,
}

/// What happens to the process that moves the accounts on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Before {
    Nothing,
    /// Nobody looks for so long, and whether that is noted afterwards as `unknown`.
    Away(Span, bool),
    /// It is another process from here on.
    Restart,
    /// Its clock is put back.
    ClockBack(Span),
}

/// Something that is told besides, at one tick.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) when: Index,
    /// How long it happened before the end of the tick in which it is told; negative for what is still ahead.
    pub(crate) back_ms: i64,
    /// Whether it is stored between the folding of hours and the moving on of accounts.
    pub(crate) races: bool,
    pub(crate) what: What,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    Sample(usize, Verdict),
    /// Events for one of the SLOs that take any.
    Events(Index, Pushed),
}

pub(crate) fn any_verdict() -> impl Strategy<Value = Verdict> {
    let status = select(vec![
        SampleStatus::Operational,
        SampleStatus::Operational,
        SampleStatus::Degraded,
        SampleStatus::Down,
        SampleStatus::Unknown,
    ]);
    let latency_ms = prop_oneof![Just(None), (280u32..320).prop_map(Some), (0u32..60_000).prop_map(Some)];
    (status, latency_ms, prop::bool::weighted(0.2)).prop_map(|(status, latency_ms, maintenance)| Verdict {
        status,
        latency_ms,
        maintenance,
    })
}

fn any_pushed() -> impl Strategy<Value = Pushed> {
    let count = || prop_oneof![Just(0u64), 0u64..5, 0u64..5_000_000];
    let latency = prop_oneof![Just(0.0), 0.0..0.01, 250.0..350.0, 0.0..3_600_000.0];
    (count(), count(), prop::bool::weighted(0.2), prop::collection::vec(latency, 0..6))
        .prop_map(|(good, bad, maintenance, latencies)| Pushed { good, bad, maintenance, latencies })
}

fn any_told() -> impl Strategy<Value = Told> {
    let what = prop_oneof![
        2 => (0..COMPONENTS.len(), any_verdict()).prop_map(|(component, verdict)| What::Sample(component, verdict)),
        3 => (any::<Index>(), any_pushed()).prop_map(|(slo, pushed)| What::Events(slo, pushed)),
    ];
    let back_ms = prop_oneof![
        4 => 0i64..600_000,
        1 => -60_000i64..0,
        1 => (0i64..24).prop_map(|hours| hours * 3_600_000),
        2 => 0i64..86_400_000,
    ];
    let races = prop::bool::weighted(0.15);
    (any::<Index>(), back_ms, races, what).prop_map(|(when, back_ms, races, what)| Told { when, back_ms, races, what })
}

pub(crate) fn any_stretch() -> impl Strategy<Value = Stretch> {
    let verdicts = prop::array::uniform3(prop::option::weighted(0.85, any_verdict()));
    let hours = prop_oneof![2 => 1i64..4, 1 => 4i64..60, 1 => 60i64..200];
    let before = prop_oneof![
        16 => Just(Before::Nothing),
        3 => (hours, any::<bool>()).prop_map(|(hours, noted)| Before::Away(Span::hours(hours), noted)),
        1 => Just(Before::Restart),
        1 => (1i64..20_000).prop_map(|seconds| Before::ClockBack(Span::from_seconds(seconds))),
    ];
    let components = prop::option::weighted(0.1, 1..=COMPONENTS.len());
    let stride = prop_oneof![4 => Just(1usize), 1 => 2usize..40];
    let configured = prop::option::weighted(0.15, any_slos());
    (1usize..60, verdicts, prop::collection::vec(any_told(), 0..6), stride, (before, components), configured).prop_map(
        |(ticks, verdicts, told, stride, (before, components), configured)| Stretch {
            ticks,
            verdicts,
            told,
            stride,
            before,
            components,
            configured,
        },
    )
}

fn any_window() -> impl Strategy<Value = Window> {
    let rolling = select(vec![
        60i64,
        61,
        95,
        125,
        150,
        180,
        215,
        360,
        1_445,
        7 * 1_440,
        30 * 1_440,
        90 * 1_440,
        100 * 1_440,
        366 * 1_440,
    ]);
    let calendar = (select(vec!["week", "month", "quarter"]), select(ZONES.to_vec()));
    prop_oneof![
        rolling.prop_map(|minutes| Window::Rolling(Span::minutes(minutes))),
        calendar.prop_map(|(unit, zone)| format!("{unit} {zone}").parse().expect("a window")),
    ]
}

/// Own tiers that fit into `window`, in any order.
fn any_tiers(window: Window) -> impl Strategy<Value = Vec<Tier>> {
    let tier = (select(vec![7i64, 45, 60, 90, 300, 720, 2_880]), 1i64..400, 0.001..=1.0, any::<bool>());
    prop::collection::vec(tier, 0..4).prop_map(move |parts| {
        let mut tiers: Vec<Tier> = Vec::new();
        for (long, short, budget_share, pages) in parts {
            let (long, short) = (Span::minutes(long), Span::minutes(1 + short % (long - 1)));
            let severity = if pages { BurnSeverity::Page } else { BurnSeverity::Ticket };
            if long <= window.shortest() && tiers.iter().all(|tier| tier.long != long) {
                tiers.push(Tier { long, short, budget_share, severity });
            }
        }
        tiers
    })
}

/// The kinds of SLO there are; an SLO stays of its kind.
pub(crate) fn kind(number: usize, threshold_ms: f64) -> SliKind {
    let query = |query| {
        let url = "http://prometheus.test".to_owned();
        SliKind::Prometheus(PrometheusSource { url, query, auth: None, timeout_seconds: 10 })
    };
    match number {
        0 => SliKind::Availability,
        1 => SliKind::Latency { threshold_ms },
        2 => SliKind::Events,
        3 => query(PrometheusQuery::Counts { good: "good".to_owned(), valid: "valid".to_owned() }),
        4 => query(PrometheusQuery::Ratio("ratio".to_owned())),
        _ => SliKind::CrashFreeSessions,
    }
}

fn any_slo(number: usize) -> impl Strategy<Value = Slo> {
    let scope = select(vec![
        Scope::All,
        Scope::Group("core".to_owned()),
        Scope::Group("none".to_owned()),
        Scope::Component("mail".parse().expect("a slug")),
    ]);
    let terms = (select(vec![0.1, 0.9, 0.99, 0.999]), scope, any::<bool>(), select(vec![0.5, 299.0, 300.0, 4_000.0]));
    let tiers = any_window().prop_flat_map(|window| {
        let tiers = prop_oneof![Just(DEFAULT_TIERS.to_vec()), any_tiers(window)];
        (Just(window), tiers)
    });
    (terms, tiers, 1u32..4).prop_map(
        move |((objective, scope, count_maintenance, threshold_ms), (window, tiers), minimum)| {
            let name = format!("slo_{number}").parse().expect("a name");
            let objective = Objective::new(objective).expect("an objective");
            Slo {
                window,
                scope,
                count_maintenance,
                minimum_bad_samples: minimum,
                thresholds: Thresholds { warning: 0.5, critical: 0.2 },
                tiers,
                ..Slo::new(name, kind(number, threshold_ms), objective)
            }
        },
    )
}

/// One to four of the six SLOs.
pub(crate) fn any_slos() -> impl Strategy<Value = Vec<Slo>> {
    prop::sample::subsequence((0usize..6).collect::<Vec<_>>(), 1..=4)
        .prop_flat_map(|numbers| numbers.into_iter().map(any_slo).collect::<Vec<_>>())
}
