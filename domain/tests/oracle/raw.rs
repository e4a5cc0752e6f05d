//! What the oracle keeps: every sample and every event as it was told, and nothing that was made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{ComponentId, SloType};
use plimsoll_domain::sample::{Sample, SampleStatus};
use plimsoll_domain::sketch::Bucket;
use plimsoll_domain::slo::{Scope, SliKind, Slo};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// How far above its threshold a sample's latency may lie and still be within: the width of a bucket.
const TOLERANCE: f64 = 1.0203;

/// Events as they were pushed.
#[derive(Clone, Debug)]
pub(crate) struct Pushed {
    pub(crate) good: u64,
    pub(crate) bad: u64,
    pub(crate) maintenance: bool,
    pub(crate) latencies: Vec<f64>,
}

/// Every raw sample by the second of its tick, and every raw event by the millisecond of its instant.
#[derive(Debug, Default)]
pub(crate) struct Raw {
    samples: BTreeMap<ComponentId, BTreeMap<i64, Sample>>,
    events: BTreeMap<SloType, BTreeMap<i64, Pushed>>,
}

/// What lies in one window, as one SLO sees it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) good: u64,
    pub(crate) bad: u64,
    /// Samples with a verdict, of all components, maintenance or not.
    pub(crate) known_samples: u64,
    /// Samples of any kind, of the component that has the most.
    pub(crate) most_samples: u64,
    pub(crate) components: u64,
    /// Hours in which events were pushed.
    pub(crate) event_hours: BTreeSet<i64>,
    /// Instants of events that were not empty.
    pub(crate) told_at: BTreeSet<i64>,
    /// How long it took, in order.
    pub(crate) latencies: Vec<f64>,
}

impl Raw {
    /// The first verdict on a tick stands, but for `unknown`, which gives way.
    pub(crate) fn sample(&mut self, component: &ComponentId, sample: Sample) {
        let ticks = self.samples.entry(component.clone()).or_default();
        let held = ticks.entry(sample.tick.seconds()).or_insert(sample);
        if held.status == SampleStatus::Unknown && sample.status != SampleStatus::Unknown {
            *held = sample;
        }
    }

    /// The first events of an instant stand.
    pub(crate) fn push(&mut self, slo: &SloType, at_ms: i64, pushed: Pushed) {
        self.events.entry(slo.clone()).or_default().entry(at_ms).or_insert(pushed);
    }

    /// How many samples of a component there are of each status on the UTC day of the last instant before `end`, outside
    /// maintenance and inside.
    pub(crate) fn day(&self, component: &ComponentId, end: i64) -> BTreeMap<(bool, &'static str), u64> {
        let first = (end - 1).div_euclid(DAY_MS) * DAY_MS / 1_000;
        let mut day = BTreeMap::new();
        for (_, sample) in self.samples.get(component).into_iter().flat_map(|ticks| ticks.range(first..end / 1_000)) {
            *day.entry((sample.maintenance, sample.status.as_str())).or_default() += 1;
        }
        day
    }

    /// The newest verdict on a component from `oldest` (milliseconds) on, up to the end of the hour that is under way at
    /// `end`: what is told a little ahead of time counts for the present.
    pub(crate) fn latest(&self, component: &ComponentId, oldest: i64, end: i64) -> SampleStatus {
        let hour_end = ((end - 1).div_euclid(HOUR_MS) + 1) * HOUR_MS;
        let ticks = self.samples.get(component).into_iter().flat_map(|ticks| ticks.range(..hour_end / 1_000));
        let mut known = ticks.filter(|(second, sample)| **second * 1_000 >= oldest && sample.status.is_known());
        known.next_back().map_or(SampleStatus::Unknown, |(_, sample)| sample.status)
    }

    /// Everything in `window` (milliseconds, the end not in it) that `slo` looks at.
    pub(crate) fn look(&self, slo: &Slo, components: &[Component], window: Range<i64>) -> Seen {
        let mut seen = Seen::default();
        if matches!(slo.kind, SliKind::Availability | SliKind::Latency { .. }) {
            for component in components.iter().filter(|component| is_meant(&slo.scope, component)) {
                self.look_at_samples(slo, &component.id, &window, &mut seen);
            }
        }
        if slo.kind != SliKind::Availability {
            self.look_at_events(slo, window, &mut seen);
        }
        seen.latencies.sort_by(f64::total_cmp);
        seen
    }

    fn look_at_samples(&self, slo: &Slo, component: &ComponentId, window: &Range<i64>, seen: &mut Seen) {
        seen.components += 1;
        let Some(ticks) = self.samples.get(component) else { return };
        // The end is a full second: windows end with a tick.
        let from = window.start.div_euclid(1_000);
        let inside = ticks.range(from..window.end / 1_000).filter(|(second, _)| **second * 1_000 >= window.start);
        let (mut samples, mut exact) = (0, Exact::default());
        for (_, sample) in inside {
            samples += 1;
            let counts = slo.count_maintenance || !sample.maintenance;
            let verdict = verdict(&slo.kind, sample);
            seen.known_samples += u64::from(verdict.is_some());
            if let Some(is_good) = verdict.filter(|_| counts) {
                *(if is_good { &mut seen.good } else { &mut seen.bad }) += 1;
                exact.note(&slo.kind, sample, is_good);
            }
            if counts && is_good_news(sample) {
                seen.latencies.extend(sample.latency_ms.map(f64::from));
            }
        }
        exact.assert_within_tolerance();
        seen.most_samples = seen.most_samples.max(samples);
    }

    fn look_at_events(&self, slo: &Slo, window: Range<i64>, seen: &mut Seen) {
        let Some(events) = self.events.get(&slo.slo_type) else { return };
        for (at, pushed) in events.range(window) {
            seen.event_hours.insert(at.div_euclid(HOUR_MS));
            if pushed.good + pushed.bad > 0 {
                seen.told_at.insert(*at);
            }
            if slo.count_maintenance || !pushed.maintenance {
                seen.good += pushed.good;
                seen.bad += pushed.bad;
                seen.latencies.extend(&pushed.latencies);
            }
        }
    }
}

fn is_meant(scope: &Scope, component: &Component) -> bool {
    match scope {
        Scope::All => true,
        Scope::Group(group) => component.group.as_deref() == Some(group),
        Scope::Component(id) => component.id == *id,
    }
}

fn is_good_news(sample: &Sample) -> bool {
    sample.status == SampleStatus::Operational || sample.status == SampleStatus::Degraded
}

/// Whether a sample is good; `None` for neither good nor bad.
fn verdict(kind: &SliKind, sample: &Sample) -> Option<bool> {
    match kind {
        SliKind::Latency { threshold_ms } if is_good_news(sample) => {
            sample.latency_ms.map(|latency| Bucket::of(latency.into()) <= Bucket::of(*threshold_ms))
        }
        SliKind::Latency { .. } => None,
        _ => (sample.status != SampleStatus::Unknown).then(|| sample.status != SampleStatus::Down),
    }
}

/// The samples within a threshold of latency, exactly, beside those that were taken to be.
#[derive(Default)]
struct Exact {
    taken: u64,
    at_or_under: u64,
    not_far_above: u64,
}

impl Exact {
    fn note(&mut self, kind: &SliKind, sample: &Sample, is_good: bool) {
        let (SliKind::Latency { threshold_ms }, Some(latency)) = (kind, sample.latency_ms.map(f64::from)) else {
            return;
        };
        self.taken += u64::from(is_good);
        self.at_or_under += u64::from(latency <= *threshold_ms);
        self.not_far_above += u64::from(latency <= *threshold_ms * TOLERANCE);
    }

    fn assert_within_tolerance(&self) {
        let Self { taken, at_or_under, not_far_above } = self;
        assert!((at_or_under..=not_far_above).contains(&taken), "{at_or_under} <= {taken} <= {not_far_above}");
    }
}
