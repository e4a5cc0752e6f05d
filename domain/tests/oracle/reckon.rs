//! The figures of an SLO, worked out from what is raw by other words than the code under test uses, and held against a
//! measurement.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::SloType;
use plimsoll_domain::slo::sli::PrometheusQuery;
use plimsoll_domain::slo::{
    BurnSeverity, CalendarUnit, Measurement, Promise, SliKind, Slo, SloStatus, Step, Tier, Window,
};
use plimsoll_domain::time::{Interval, Span, Timestamp};

use crate::calendar;
use crate::raw::{Raw, Seen};

const HOUR_MS: i64 = 3_600_000;
/// The windows over which burn rates are always given, in seconds.
const USUAL: [i64; 7] = [300, 1_800, 3_600, 7_200, 21_600, 86_400, 259_200];

/// What is known of one SLO at one instant.
struct View<'a> {
    slo: &'a Slo,
    interval: Interval,
    end: i64,
    windows: BTreeMap<Window, Seen>,
}

/// What must be remembered of each SLO from one measurement to the next.
#[derive(Debug, Default)]
pub(crate) struct Reckoner {
    /// Since when each tier fires, by its long window.
    firing: BTreeMap<SloType, BTreeMap<Span, i64>>,
    /// When it was measured last, and what was promised then.
    last: BTreeMap<SloType, (i64, Promise)>,
}

impl Reckoner {
    /// Holds `measured` against what is raw.
    pub(crate) fn check(
        &mut self,
        raw: &Raw,
        components: &[Component],
        interval: Interval,
        told: (&Slo, &Measurement),
    ) {
        let (slo, measured) = told;
        let end = measured.at.millis();
        let look = |window| (window, raw.look(slo, components, calendar::start(window, end)..end));
        let view = View { slo, interval, end, windows: windows_of(slo).into_iter().map(look).collect() };
        view.check_counts(measured);
        view.check_budget(measured);
        view.check_burn(measured);
        self.check_tiers(&view, measured);
        view.check_status(measured);
        view.check_latency(measured);
        self.check_history(slo, measured);
        check_finite(measured);
    }

    /// A change of what is promised is noted once and kept for ever; else the first of a day and of an hour are kept for
    /// longer than the others.
    fn check_history(&mut self, slo: &Slo, measured: &Measurement) {
        let (at, promise) = (measured.at.millis(), Promise { objective: slo.objective, window: slo.window });
        let last = self.last.insert(slo.slo_type.clone(), (at, promise));
        if last.is_some_and(|(last, _)| last == at) {
            return;
        }
        let changed = last.map(|(_, before)| before).filter(|before| *before != promise);
        let is_first_of = |length: i64| last.is_none_or(|(last, _)| last.div_euclid(length) < at.div_euclid(length));
        let step = match (changed, is_first_of(24 * HOUR_MS), is_first_of(HOUR_MS)) {
            (Some(_), ..) | (None, true, _) => Step::Day,
            (None, false, true) => Step::Hour,
            (None, false, false) => Step::Tick,
        };
        assert_eq!((measured.changed, measured.step), (changed, step), "{:?} at {}", slo, measured.at);
    }

    fn check_tiers(&mut self, view: &View<'_>, measured: &Measurement) {
        let fired = self.firing.remove(&view.slo.slo_type).unwrap_or_default();
        let mut firing = BTreeMap::new();
        for tier in view.usable_tiers() {
            let since = view.fires(tier, fired.get(&tier.long).copied());
            since.map(|since| firing.insert(tier.long, since));
        }
        let mut readings = measured.tiers.iter();
        for tier in view.usable_tiers() {
            let reading = readings.next().expect("a reading for each tier that fits");
            assert_eq!((reading.long, reading.short, reading.severity), (tier.long, tier.short, tier.severity));
            assert!((reading.factor - view.factor(tier)).abs() <= 1e-12 * view.factor(tier));
            let since = reading.firing_since.map(Timestamp::millis);
            assert_eq!(since, firing.get(&tier.long).copied(), "{} of {:?} at {}", tier.long, view.slo, measured.at);
            let faster = firing.keys().any(|long| *long < tier.long);
            assert_eq!(reading.quiet, since.is_some() && faster, "whether {} is quiet", tier.long);
        }
        assert_eq!(readings.next(), None, "a tier that does not fit");
        self.firing.insert(view.slo.slo_type.clone(), firing);
    }
}

fn windows_of(slo: &Slo) -> BTreeSet<Window> {
    let usual = USUAL.into_iter().map(Span::from_seconds);
    let tiers = slo.tiers.iter().flat_map(|tier| [tier.long, tier.short]);
    usual.chain(tiers).map(Window::Rolling).chain([slo.window]).collect()
}

impl View<'_> {
    fn seen(&self, window: impl Into<Window>) -> &Seen {
        &self.windows[&window.into()]
    }

    fn burn(&self, window: impl Into<Window>) -> Option<f64> {
        let Seen { good, bad, .. } = *self.seen(window);
        (good + bad > 0).then(|| bad as f64 / (good + bad) as f64 / allowed(self.slo))
    }

    /// One event of a Prometheus is a hundred parts, or a million when only the ratio is known.
    fn parts(&self) -> u64 {
        let SliKind::Prometheus(source) = &self.slo.kind else { return 1 };
        if matches!(source.query, PrometheusQuery::Ratio(_)) { 1_000_000 } else { 100 }
    }

    fn check_counts(&self, measured: &Measurement) {
        let own = self.seen(self.slo.window);
        let what = || format!("{:?} at {}", self.slo, measured.at);
        assert_eq!((measured.good, measured.valid), (own.good, own.good + own.bad), "{}", what());
        assert_eq!(measured.parts, self.parts());
        assert_eq!(measured.length.seconds() * 1_000, calendar::length(self.slo.window, self.end), "{}", what());
        assert_eq!((measured.objective, measured.window), (self.slo.objective, self.slo.window));
        let start = calendar::start(self.slo.window, self.end);
        let ticks = (self.end - start).div_euclid(self.interval.seconds() * 1_000).unsigned_abs();
        let hours = (start.div_euclid(HOUR_MS)..=(self.end - 1).div_euclid(HOUR_MS)).count() as u64;
        let share = |known: u64, room: u64| if room > 0 { known as f64 / room as f64 } else { 0.0 };
        let of_samples = share(own.known_samples, ticks * own.components);
        let coverage = of_samples.max(share(own.event_hours.len() as u64, hours)).min(1.0);
        assert!((measured.coverage - coverage).abs() < f64::EPSILON, "{} is not {coverage}", measured.coverage);
    }

    fn check_budget(&self, measured: &Measurement) {
        let own = self.seen(self.slo.window);
        assert_eq!(measured.budget.is_some(), own.good + own.bad > 0);
        let Some(budget) = measured.budget else { return };
        let (bad, valid, parts) = (own.bad as f64, (own.good + own.bad) as f64, self.parts() as f64);
        let allowed = allowed(self.slo);
        assert_close(budget.total, valid / parts * allowed);
        assert_close(budget.consumed, bad / parts);
        assert_close(budget.remaining_ratio - 1.0, -bad / (valid * allowed));
        assert_eq!(measured.sli(), Some(own.good as f64 / valid));
    }

    fn check_burn(&self, measured: &Measurement) {
        let told: BTreeSet<Window> = measured.burn.iter().map(|reading| reading.window).collect();
        assert_eq!(told, self.windows.keys().copied().collect());
        assert_eq!(told.len(), measured.burn.len(), "each window once");
        for reading in &measured.burn {
            let rate = self.burn(reading.window);
            assert_eq!(reading.rate, rate, "{} of {:?} at {}", reading.window, self.slo, measured.at);
        }
        let hour = self.burn(Span::hours(1));
        let per_hour = hour.map(|rate| rate * HOUR_MS as f64 / calendar::length(self.slo.window, self.end) as f64);
        assert_eq!(measured.budget_burned_per_hour().is_some(), per_hour.is_some());
        measured.budget_burned_per_hour().zip(per_hour).into_iter().for_each(|(got, want)| assert_close(got, want));
        let left = measured.budget.map(|budget| budget.remaining_ratio.max(0.0));
        let hours = left.zip(per_hour.filter(|rate| *rate > 0.0)).map(|(left, rate)| left / rate);
        assert_eq!(measured.hours_to_exhaustion().is_some(), hours.is_some());
        measured.hours_to_exhaustion().zip(hours).into_iter().for_each(|(got, want)| assert_close(got, want));
    }

    /// Tiers whose long window fits into the shortest that the SLO's window ever is, the clocks put forward included.
    fn usable_tiers(&self) -> impl Iterator<Item = &Tier> {
        let shortest = match self.slo.window {
            Window::Rolling(span) => span,
            Window::Calendar(CalendarUnit::Week, _) => Span::hours(7 * 24 - 3),
            Window::Calendar(CalendarUnit::Month, _) => Span::hours(28 * 24 - 3),
            Window::Calendar(CalendarUnit::Quarter, _) => Span::hours(90 * 24 - 3),
        };
        self.slo.tiers.iter().filter(move |tier| tier.long <= shortest)
    }

    fn factor(&self, tier: &Tier) -> f64 {
        let length = calendar::length(self.slo.window, self.end) / 1_000;
        tier.budget_share * length as f64 / tier.long.seconds() as f64
    }

    /// Since when `tier` fires, given since when it did.
    fn fires(&self, tier: &Tier, since: Option<i64>) -> Option<i64> {
        let (Some(long), Some(short)) = (self.burn(tier.long), self.burn(tier.short)) else { return since };
        let goes_on = long > self.factor(tier);
        let begins = goes_on && short > self.factor(tier) && self.is_history_full(tier.long) && self.is_enough(tier);
        match since {
            Some(since) => goes_on.then_some(since),
            None => begins.then_some(self.end),
        }
    }

    fn is_enough(&self, tier: &Tier) -> bool {
        self.seen(tier.long).bad >= u64::from(self.slo.minimum_bad_samples) * self.parts()
    }

    /// A sample for each tick of the long window but two, or something told before it. Where no window reaches further
    /// back, something told in each of its hours.
    fn is_history_full(&self, long: Span) -> bool {
        let (seen, start) = (self.seen(long), calendar::start(long.into(), self.end));
        let ticks = (long.seconds() / self.interval.seconds()).unsigned_abs();
        let sampled = seen.most_samples > 0 && seen.most_samples + 2 >= ticks;
        let earlier = self.windows.iter().filter(|(window, _)| calendar::start(**window, self.end) < start);
        let mut told_before =
            earlier.map(|(_, seen)| seen.told_at.first().is_some_and(|first| *first < start)).peekable();
        let mut hours = start.div_euclid(HOUR_MS)..=(self.end - 1).div_euclid(HOUR_MS);
        let is_told = match told_before.peek() {
            Some(_) => told_before.any(|told| told),
            None => hours.all(|hour| seen.event_hours.contains(&hour)),
        };
        sampled || is_told
    }

    fn check_status(&self, measured: &Measurement) {
        let own = self.seen(self.slo.window);
        let fires = |wanted: BurnSeverity| {
            measured.tiers.iter().any(|tier| tier.firing_since.is_some() && tier.severity == wanted)
        };
        let remaining = measured.budget.map(|budget| budget.remaining_ratio);
        let below = |share: f64| remaining.is_some_and(|remaining| remaining < share);
        let status = if own.good + own.bad == 0 {
            None
        } else if remaining.is_some_and(|remaining| remaining <= 0.0) {
            Some(SloStatus::Exhausted)
        } else if fires(BurnSeverity::Page) || below(self.slo.thresholds.critical) {
            Some(SloStatus::Critical)
        } else if fires(BurnSeverity::Ticket) || below(self.slo.thresholds.warning) {
            Some(SloStatus::Warning)
        } else {
            Some(SloStatus::Ok)
        };
        assert_eq!(measured.status, status, "{:?} at {}", self.slo, measured.at);
    }

    fn check_latency(&self, measured: &Measurement) {
        let took = &self.seen(self.slo.window).latencies;
        let is_kept = matches!(self.slo.kind, SliKind::Latency { .. }) && !took.is_empty();
        assert_eq!(measured.latency.is_some(), is_kept, "{:?} at {}", self.slo, measured.at);
        let Some(quantiles) = measured.latency else { return };
        for (got, share) in [(quantiles.p50, 0.5), (quantiles.p95, 0.95), (quantiles.p99, 0.99)] {
            let below = took.iter().zip(0u32..).take_while(|(_, at)| f64::from(*at) <= share * (took.len() - 1) as f64);
            let want = *below.last().expect("there are some").0;
            assert!((got - want).abs() <= want * 0.0101 + 0.001, "p{share} is {want}, not {got}");
        }
    }
}

fn assert_close(got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-9 * want.abs().max(1.0), "{got} is not {want}");
}

fn check_finite(measured: &Measurement) {
    let budget = measured.budget.map(|budget| [budget.total, budget.consumed, budget.remaining_ratio]);
    let quantiles = measured.latency.map(|latency| [latency.p50, latency.p95, latency.p99]);
    let derived = [measured.sli(), measured.budget_burned_per_hour(), measured.hours_to_exhaustion()];
    let figures = budget.into_iter().chain(quantiles).flatten();
    let rates = measured.burn.iter().filter_map(|reading| reading.rate);
    let factors = measured.tiers.iter().map(|tier| tier.factor);
    let mut all = figures.chain(rates).chain(factors).chain(derived.into_iter().flatten()).chain([measured.coverage]);
    assert!(all.all(f64::is_finite), "{measured:?}");
}

/// The share that may be bad, as it is written: the decimal next to what binary numbers make of it.
fn allowed(slo: &Slo) -> f64 {
    format!("{:.12}", 1.0 - slo.objective.ratio()).parse().expect("a number")
}
