//! The accounts of one tenant: a running account for everything its SLOs add up, and how an SLO is measured from them.
//!
//! A plan says which accounts there must be; what they need to be read from a store is asked for by series, so that an
//! hour is read once however many SLOs look at it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Range, RangeInclusive};

use crate::component::Component;
use crate::ids::{Series, TenantId};
use crate::ledger::{Cover, Held, Latencies, Ledger, Past, Reach, Verdicts, first_recent_hour, past_needed};
use crate::rollup::{Counts, Rollup};
use crate::sample::{HourSamples, SampleStatus};
use crate::sketch::{Bucket, Sketch};
use crate::slo::measurement::Subject;
use crate::slo::{Judge, Measurement, Quantiles, SliKind, Slo, Source, Window, WindowTotals, measure};
use crate::time::{Day, Hour, Interval, Tick, Timestamp};

/// A series whose latencies are kept, and whether those inside maintenance count.
type Timed = (Series, bool);

/// Which accounts there must be, and over which windows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    counts: BTreeMap<Source, BTreeSet<Reach>>,
    latencies: BTreeMap<Timed, BTreeSet<Reach>>,
}

impl Plan {
    /// What these SLOs need.
    pub fn of<'a>(slos: impl IntoIterator<Item = &'a Slo>, components: &[Component]) -> Self {
        let mut plan = Self::default();
        for slo in slos {
            let own = Reach::Window(slo.window);
            let windows = slo.burn_windows().into_iter().map(|span| Reach::Window(span.into())).chain([own]);
            let windows: BTreeSet<_> = windows.collect();
            for source in slo.sources(components) {
                if matches!(slo.kind, SliKind::Latency { .. }) {
                    let timed = (source.series.clone(), slo.count_maintenance);
                    plan.latencies.entry(timed).or_default().insert(own);
                }
                plan.counts.entry(source).or_default().extend(&windows);
            }
        }
        plan
    }

    /// Leaves out how long answers took.
    #[must_use]
    pub fn without_latencies(mut self) -> Self {
        self.latencies.clear();
        self
    }

    /// Adds what the page needs of these components.
    #[must_use]
    pub fn with_today(mut self, components: &[Component]) -> Self {
        for component in components {
            let source = Source { series: (&component.id).into(), judge: Judge::Verdict };
            self.counts.entry(source).or_default().insert(Reach::Today);
        }
        self
    }

    /// What of the rolled-up past an account of `series` is built from at `end`.
    pub fn past_needed(&self, series: &Series, end: Timestamp) -> Cover {
        let counted = self.counts.range(judged(series)).map(|(_, reaches)| reaches);
        let timed = self.latencies.range(timed(series)).map(|(_, reaches)| reaches);
        let reaches: BTreeSet<_> = counted.chain(timed).flatten().copied().collect();
        past_needed(&Vec::from_iter(reaches), end)
    }
}

/// The rolled-up past of one series; an hour or day that is missing holds nothing.
#[derive(Clone, Debug, Default)]
pub struct SeriesPast {
    /// Single hours.
    pub hours: BTreeMap<Hour, Rollup>,
    /// Whole days.
    pub days: BTreeMap<Day, Rollup>,
}

impl SeriesPast {
    fn map<A>(&self, read: impl Fn(&Rollup) -> A) -> Past<A> {
        Past {
            hours: self.hours.iter().map(|(hour, rollup)| (*hour, read(rollup))).collect(),
            days: self.days.iter().map(|(day, rollup)| (*day, read(rollup))).collect(),
        }
    }
}

/// One hour of a series as it could be read.
#[derive(Clone, Debug)]
pub enum HeldHour {
    /// In full.
    Samples(HourSamples),
    /// Folded: it is older than samples are kept.
    Folded(Rollup),
}

impl Default for HeldHour {
    fn default() -> Self {
        Self::Samples(HourSamples::default())
    }
}

impl HeldHour {
    /// What of it lies in `from..to`, judged by `judge`.
    pub fn counts(&self, hour: Hour, judge: Judge, span: &Range<Timestamp>) -> Counts {
        self.verdicts(hour, judge).within(hour, span.start, span.end)
    }

    /// All of it folded.
    pub fn rollup(&self, hour: Hour) -> Rollup {
        match self {
            Self::Samples(samples) => Rollup::of_hour(hour, samples),
            Self::Folded(rollup) => rollup.clone(),
        }
    }

    fn verdicts(&self, hour: Hour, judge: Judge) -> Verdicts {
        match self {
            Self::Samples(samples) => Verdicts::of(hour, samples, judge),
            Self::Folded(rollup) => Verdicts::whole(judge.counts(rollup)),
        }
    }

    fn latencies(&self, hour: Hour, count_maintenance: bool) -> Latencies {
        match self {
            Self::Samples(samples) => Latencies::of(hour, samples, count_maintenance),
            Self::Folded(rollup) => Latencies::whole(latency_of(rollup, count_maintenance)),
        }
    }
}

fn latency_of(rollup: &Rollup, count_maintenance: bool) -> Sketch {
    let mut sketch = rollup.latency.clone();
    if count_maintenance {
        sketch.merge(&rollup.maintenance_latency);
    }
    sketch
}

/// The accounts of one tenant.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    counts: BTreeMap<Source, Ledger<Verdicts>>,
    latencies: BTreeMap<Timed, Ledger<Latencies>>,
}

impl Accounts {
    /// Forgets what is not planned, or cannot move on to `end`, and names the series that have accounts to be built.
    pub fn missing(&mut self, plan: &Plan, end: Timestamp) -> BTreeSet<Series> {
        self.counts.retain(|source, ledger| {
            plan.counts.get(source).is_some_and(|reaches| ledger.can_advance(reaches.iter().copied(), end))
        });
        self.latencies.retain(|timed, ledger| {
            plan.latencies.get(timed).is_some_and(|reaches| ledger.can_advance(reaches.iter().copied(), end))
        });
        let counts = plan.counts.keys().filter(|source| !self.counts.contains_key(source)).map(|source| &source.series);
        let latencies = plan.latencies.keys().filter(|timed| !self.latencies.contains_key(timed)).map(|(of, _)| of);
        counts.chain(latencies).cloned().collect()
    }

    /// Builds the missing accounts of `series` from its past.
    pub fn build(&mut self, plan: &Plan, series: &Series, past: &SeriesPast, end: Timestamp) {
        for (source, reaches) in plan.counts.range(judged(series)) {
            if !self.counts.contains_key(source) {
                let past = past.map(|rollup| source.judge.counts(rollup));
                self.counts.insert(source.clone(), Ledger::build(reaches.iter().copied(), end, &past));
            }
        }
        for (timed, reaches) in plan.latencies.range(timed(series)) {
            if !self.latencies.contains_key(timed) {
                let past = past.map(|rollup| latency_of(rollup, timed.1));
                self.latencies.insert(timed.clone(), Ledger::build(reaches.iter().copied(), end, &past));
            }
        }
    }

    /// The hours of each series that must be put in before the accounts move on to `end`.
    pub fn hours_needed(&self, end: Timestamp) -> BTreeMap<&Series, BTreeSet<Hour>> {
        let mut needed: BTreeMap<&Series, BTreeSet<Hour>> = BTreeMap::new();
        for (source, ledger) in &self.counts {
            needed.entry(&source.series).or_default().extend(ledger.hours_needed(end));
        }
        for ((series, _), ledger) in &self.latencies {
            needed.entry(series).or_default().extend(ledger.hours_needed(end));
        }
        needed
    }

    /// Those of [`Accounts::hours_needed`] that no account holds: enough where nothing changes any more.
    pub fn hours_not_held(&self, end: Timestamp) -> Vec<(Series, Hour)> {
        let mut all = BTreeSet::new();
        for (source, ledger) in &self.counts {
            let unheld = ledger.hours_needed(end).into_iter().filter(|hour| ledger.held_hour(*hour).is_none());
            all.extend(unheld.map(|hour| (source.series.clone(), hour)));
        }
        all.into_iter().collect()
    }

    /// Puts in one hour of a series, in place of what was held of it.
    pub fn put(&mut self, series: &Series, hour: Hour, held: &HeldHour) {
        for (source, ledger) in self.counts.range_mut(judged(series)) {
            ledger.put(hour, held.verdicts(hour, source.judge));
        }
        for ((_, count_maintenance), ledger) in self.latencies.range_mut(timed(series)) {
            ledger.put(hour, held.latencies(hour, *count_maintenance));
        }
    }

    /// Takes note that an hour was changed: where it has joined a sum, the account is forgotten.
    pub fn note_change(&mut self, series: &Series, hour: Hour, samples: &HourSamples) {
        self.counts.retain(|source, ledger| source.series != *series || ledger.is_recent(hour));
        self.latencies.retain(|(of, _), ledger| of != series || ledger.is_recent(hour));
        self.put(series, hour, &HeldHour::Samples(samples.clone()));
    }

    /// Moves all accounts on to `end`. Whether all could; those that could not are forgotten.
    #[must_use]
    pub fn advance(&mut self, end: Timestamp) -> bool {
        let count = self.counts.len() + self.latencies.len();
        self.counts.retain(|_, ledger| ledger.advance(end));
        self.latencies.retain(|_, ledger| ledger.advance(end));
        count == self.counts.len() + self.latencies.len()
    }

    /// What a component's samples amount to on the UTC day that `end` closes.
    pub fn today(&self, series: &Series, end: Timestamp) -> Option<Counts> {
        self.verdicts(series)?.totals(Reach::Today, end)
    }

    /// The newest known verdict of a component at or after `oldest`; `unknown` when there is none.
    pub fn latest(&self, series: &Series, oldest: Timestamp, end: Timestamp) -> SampleStatus {
        let recent = first_recent_hour(end);
        let newest = self.verdicts(series).and_then(|ledger| {
            [recent.plus(1), recent].into_iter().find_map(|hour| ledger.held_hour(hour)?.newest_known(hour, oldest))
        });
        newest.unwrap_or(SampleStatus::Unknown)
    }

    fn verdicts(&self, series: &Series) -> Option<&Ledger<Verdicts>> {
        self.counts.get(&Source { series: series.clone(), judge: Judge::Verdict })
    }

    /// Measures `slo` at the tick that the accounts were moved on to.
    pub fn measure(&self, slo: &Slo, scene: &Scene<'_>, before: Option<&Measurement>) -> Measurement {
        let end = scene.tick.end(scene.interval);
        let sources = slo.sources(scene.components);
        let ledgers: Vec<_> = sources
            .iter()
            .filter_map(|source| Some((source.series.component().is_some(), self.counts.get(source)?)))
            .collect();
        let totals = |window: Window| {
            let mut totals = WindowTotals::default();
            for (is_component, ledger) in &ledgers {
                totals.add(*is_component, ledger.totals(Reach::Window(window), end).unwrap_or_default());
            }
            totals
        };
        let subject = Subject {
            tenant: scene.tenant,
            tick: scene.tick,
            interval: scene.interval,
            components: ledgers.iter().filter(|(is_component, _)| *is_component).count(),
            latency: self.quantiles(slo, &sources, end),
        };
        measure(slo, &subject, &totals, before)
    }

    fn quantiles(&self, slo: &Slo, sources: &[Source], end: Timestamp) -> Option<Quantiles> {
        let mut all = Sketch::default();
        for source in sources.iter().filter(|_| matches!(slo.kind, SliKind::Latency { .. })) {
            let ledger = self.latencies.get(&(source.series.clone(), slo.count_maintenance))?;
            all.merge(&ledger.totals(Reach::Window(slo.window), end)?);
        }
        Quantiles::of(&all)
    }
}

/// All sources of one series.
fn judged(series: &Series) -> RangeInclusive<Source> {
    let source = |judge| Source { series: series.clone(), judge };
    source(Judge::Verdict)..=source(Judge::Latency(Bucket::HIGHEST))
}

fn timed(series: &Series) -> RangeInclusive<Timed> {
    (series.clone(), false)..=(series.clone(), true)
}

/// Where and when an SLO is measured.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// All of the tenant's components.
    pub components: &'a [Component],
    /// At which tick.
    pub tick: Tick,
    /// How long a tick is.
    pub interval: Interval,
}
