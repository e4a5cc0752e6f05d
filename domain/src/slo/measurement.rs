//! One stored reading of an SLO: everything the API and the page say of it at one tick.

use serde::{Deserialize, Serialize};

use crate::ids::{SloType, TenantId};
use crate::rollup::Counts;
use crate::sketch::Sketch;
use crate::slo::burn::{BurnTerms, TierView, burn_rate};
use crate::slo::{Budget, Objective, Sli, Slo, SloStatus, TierReading, Window};
use crate::time::{Interval, Span, Tick, Timestamp};

/// A tick or two may still be on their way when history is judged to be whole.
const HISTORY_SLACK_TICKS: u64 = 2;

/// What the sources of an SLO add up to over one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowTotals {
    /// Samples of all components in scope.
    pub samples: Counts,
    /// Samples of the component that has the most: how far back history reaches.
    pub longest: u64,
    /// The SLO's own events.
    pub events: Counts,
}

impl WindowTotals {
    /// Adds one component's counts.
    pub fn add_component(&mut self, counts: Counts) {
        self.samples += counts;
        self.longest = self.longest.max(counts.all().total());
    }

    /// Adds the SLO's own events.
    pub fn add_events(&mut self, counts: Counts) {
        self.events += counts;
    }

    /// Adds the counts of any of an SLO's sources.
    pub fn add(&mut self, is_component: bool, counts: Counts) {
        if is_component { self.add_component(counts) } else { self.add_events(counts) }
    }

    fn sli(&self, slo: &Slo) -> Sli {
        Sli::of(&(self.samples + self.events), slo.count_maintenance)
    }
}

/// The burn rate over one window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BurnReading {
    /// Over which window.
    pub window: Window,
    /// `None` when the window holds no data.
    pub rate: Option<f64>,
}

/// How long answers took over a window, in milliseconds, each within 1 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// The median.
    pub p50: f64,
    /// Of twenty, one took longer.
    pub p95: f64,
    /// Of a hundred, one took longer.
    pub p99: f64,
}

impl Quantiles {
    /// The quantiles of a sketch; `None` when it holds nothing.
    pub fn of(sketch: &Sketch) -> Option<Self> {
        let at = |q| sketch.quantile(q);
        Some(Self { p50: at(0.5)?, p95: at(0.95)?, p99: at(0.99)? })
    }
}

/// What was promised before it was changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    /// Which share of events.
    pub objective: Objective,
    /// Over which window.
    pub window: Window,
}

/// The longest step of history whose first reading a measurement is: what decides how long it is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// None longer than a tick.
    #[default]
    Tick,
    /// It is the first of its hour.
    Hour,
    /// It is the first of its UTC day.
    Day,
}

impl Step {
    /// The step of a measurement at `at` when the one before it was at `before`.
    pub fn of(before: Option<Timestamp>, at: Timestamp) -> Self {
        match before {
            Some(before) if before.hour() >= at.hour() => Self::Tick,
            Some(before) if before.day() >= at.day() => Self::Hour,
            _ => Self::Day,
        }
    }
}

/// One stored reading of an SLO. Its identity is (tenant, `slo_type`, tick).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Whose.
    pub tenant: TenantId,
    /// Of which SLO.
    pub slo_type: SloType,
    /// The end of the tick it was taken at: the windows end here.
    pub at: Timestamp,
    /// What was promised at that time.
    pub objective: Objective,
    /// Over which window.
    pub window: Window,
    /// How long the whole window is, what is still to come of a calendar's period included.
    pub length: Span,
    /// Good events in the window, in parts.
    pub good: u64,
    /// Valid events in the window, in parts.
    pub valid: u64,
    /// How many parts make one event.
    #[serde(default = "one")]
    pub parts: u64,
    /// The budget; `None` when there is no data.
    pub budget: Option<Budget>,
    /// Burn rates over the usual windows and the SLO's own, shortest first.
    pub burn: Vec<BurnReading>,
    /// The tiers, fastest first.
    pub tiers: Vec<TierReading>,
    /// In one word; `None` when there is no data.
    pub status: Option<SloStatus>,
    /// Known ÷ room in the part of the window that has passed, 0 to 1: samples ÷ ticks, or hours with events ÷ hours.
    pub coverage: f64,
    /// How long answers took, for an SLO of latency that has data.
    #[serde(default)]
    pub latency: Option<Quantiles>,
    /// Why nothing new is known, where events are asked for and the last question got no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// What was promised before, when this is the first reading of another promise.
    #[serde(default)]
    pub changed: Option<Promise>,
    /// The longest step whose first reading this is.
    #[serde(default)]
    pub step: Step,
}

const fn one() -> u64 {
    1
}

impl Measurement {
    /// good ÷ valid.
    pub fn sli(&self) -> Option<f64> {
        Sli { good: self.good, valid: self.valid }.ratio()
    }

    /// The burn rate over `window`, if it was measured.
    pub fn burn_over(&self, window: Window) -> Option<f64> {
        self.burn.iter().find(|reading| reading.window == window)?.rate
    }

    /// The share of the whole budget that goes each hour at the pace of the last hour.
    pub fn budget_burned_per_hour(&self) -> Option<f64> {
        Some(self.burn_over(Span::hours(1).into())? / self.length.as_hours())
    }

    /// Hours until nothing remains at the pace of the last hour: 0 when nothing does, `None` when nothing burns.
    pub fn hours_to_exhaustion(&self) -> Option<f64> {
        let remaining = self.budget?.remaining_ratio.max(0.0);
        let per_hour = self.budget_burned_per_hour()?;
        (per_hour > 0.0).then(|| remaining / per_hour)
    }
}

/// Whose SLO is measured, and when.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// At which tick.
    pub tick: Tick,
    /// How long a tick is.
    pub interval: Interval,
    /// How many components are in scope.
    pub components: usize,
    /// How long answers took over the SLO's window, where that is kept.
    pub latency: Option<Quantiles>,
}

impl Subject<'_> {
    fn at(&self) -> Timestamp {
        self.tick.end(self.interval)
    }

    fn ticks_in(&self, window: Window) -> u64 {
        let millis = self.at().millis_since(window.start(self.at()));
        u64::try_from(millis / (self.interval.seconds() * 1_000)).unwrap_or(0)
    }

    /// Hours that the window touches.
    fn hours_in(&self, window: Window) -> u64 {
        let last = Timestamp::from_millis(self.at().millis() - 1).hour();
        u64::try_from(last.number() - window.start(self.at()).hour().number() + 1).unwrap_or(0)
    }

    fn coverage(&self, totals: &WindowTotals, window: Window) -> f64 {
        let share = |known: u64, room: u64| if room == 0 { 0.0 } else { (known as f64 / room as f64).min(1.0) };
        let of_samples = share(totals.samples.all().known(), self.ticks_in(window) * self.components as u64);
        of_samples.max(share(totals.events.event_hours, self.hours_in(window)))
    }
}

/// Measures `slo` at a tick. `totals` gives what its sources add up to over a window that ends with the tick; `before`
/// is the last measurement, from which the tiers go on.
pub fn measure(
    slo: &Slo,
    subject: &Subject<'_>,
    totals: &dyn Fn(Window) -> WindowTotals,
    before: Option<&Measurement>,
) -> Measurement {
    let at = subject.at();
    let (own, length) = (totals(slo.window), slo.window.length(at));
    let whole = own.sli(slo);
    let budget = Budget::of(whole, slo.objective).map(|budget| budget.in_events(slo.kind.parts()));
    let tiers = step_tiers(slo, subject, totals, before);
    let heard = tiers.iter().filter(|tier| tier.firing_since.is_some()).map(|tier| tier.severity);
    let status = budget.map(|budget| SloStatus::of(budget.remaining_ratio, heard, slo.thresholds));
    let burn = |window| burn_rate(totals(window).sli(slo), slo.objective);
    let (changed, step) = since(before, slo, at);
    Measurement {
        tenant: subject.tenant.clone(),
        slo_type: slo.slo_type.clone(),
        at,
        objective: slo.objective,
        window: slo.window,
        length,
        good: whole.good,
        valid: whole.valid,
        parts: slo.kind.parts(),
        budget,
        burn: measured_windows(slo).map(|window| BurnReading { window, rate: burn(window) }).collect(),
        tiers,
        status,
        coverage: subject.coverage(&own, slo.window),
        latency: subject.latency,
        trouble: None,
        changed,
        step,
    }
}

/// What changed since the measurement before, and how long this one is kept: a change is never forgotten.
fn since(before: Option<&Measurement>, slo: &Slo, at: Timestamp) -> (Option<Promise>, Step) {
    let now = Promise { objective: slo.objective, window: slo.window };
    let Some(before) = before else { return (None, Step::Day) };
    let last = Promise { objective: before.objective, window: before.window };
    // Within one tick, what was promised before it counts, and not what was thought better of since.
    let (was, step) = if before.at == at {
        (before.changed.unwrap_or(last), before.step)
    } else {
        (last, Step::of(Some(before.at), at))
    };
    if was == now { (None, step) } else { (Some(was), Step::Day) }
}

/// The windows a burn rate is given for: the usual ones and those of its tiers, the shortest first, and the SLO's own.
pub fn measured_windows(slo: &Slo) -> impl Iterator<Item = Window> {
    let mut windows: Vec<Window> = slo.burn_windows().into_iter().map(Window::Rolling).collect();
    if !windows.contains(&slo.window) {
        windows.push(slo.window);
        windows.sort_by_key(|window| window.shortest());
    }
    windows.into_iter()
}

fn step_tiers(
    slo: &Slo,
    subject: &Subject<'_>,
    totals: &dyn Fn(Window) -> WindowTotals,
    before: Option<&Measurement>,
) -> Vec<TierReading> {
    let length = slo.window.length(subject.at());
    let minimum_bad = u64::from(slo.minimum_bad_samples) * slo.kind.parts();
    let terms = BurnTerms { objective: slo.objective, window: length, minimum_bad };
    let furthest = furthest(slo, subject.at());
    let history = (furthest, totals(furthest));
    let step = |tier: &crate::slo::Tier| {
        let long = totals(tier.long.into());
        let view = TierView {
            long: long.sli(slo),
            short: totals(tier.short.into()).sli(slo),
            full_history: is_full(subject, tier.long.into(), &long, &history),
        };
        let was = before.and_then(|before| before.tiers.iter().find(|held| held.long == tier.long));
        let firing_since = tier.step(was.and_then(|was| was.firing_since), &view, &terms, subject.at());
        let (long, short, severity) = (tier.long, tier.short, tier.severity);
        TierReading { long, short, factor: tier.factor(length), severity, firing_since, quiet: false }
    };
    let mut tiers: Vec<_> = slo.usable_tiers().map(step).collect();
    let fastest = tiers.iter().filter(|tier| tier.firing_since.is_some()).map(|tier| tier.long).min();
    for tier in &mut tiers {
        tier.quiet = tier.firing_since.is_some() && fastest.is_some_and(|fastest| fastest < tier.long);
    }
    tiers
}

/// The window that reaches back the furthest of those that are measured: the SLO's own, but for a calendar's period that
/// has just begun.
fn furthest(slo: &Slo, at: Timestamp) -> Window {
    let longest = slo.burn_windows().into_iter().next_back().map(Window::Rolling);
    longest.filter(|longest| longest.start(at) < slo.window.start(at)).unwrap_or(slo.window)
}

/// Whether history reaches back over all of a long window: samples for each tick of it, or events from before it. Where
/// nothing further back is measured, events in each of its hours will do.
fn is_full(subject: &Subject<'_>, window: Window, long: &WindowTotals, history: &(Window, WindowTotals)) -> bool {
    if long.longest > 0 && long.longest + HISTORY_SLACK_TICKS >= subject.ticks_in(window) {
        return true;
    }
    let (furthest, all) = history;
    if furthest.start(subject.at()) < window.start(subject.at()) {
        let known = |totals: &WindowTotals| totals.events.all().known();
        return known(all) > known(long);
    }
    long.events.event_hours > 0 && long.events.event_hours >= subject.hours_in(window)
}
