//! One stored reading of an SLO: everything the API and the page say of it at one tick.

use serde::{Deserialize, Serialize};

use crate::ids::{SloType, TenantId};
use crate::rollup::Counts;
use crate::slo::burn::{BURN_WINDOWS, BurnTerms, DEFAULT_TIERS, TierView, burn_rate};
use crate::slo::{Budget, Objective, Sli, Slo, SloStatus, TierReading};
use crate::time::{Interval, Span, Tick, Timestamp};

/// A tick or two may still be on their way when history is judged to be whole.
const HISTORY_SLACK_TICKS: u64 = 2;

/// What the components in an SLO's scope add up to over one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowTotals {
    /// All components together.
    pub counts: Counts,
    /// Samples of the component that has the most: how far back history reaches.
    pub longest: u64,
}

impl WindowTotals {
    /// Adds one component's counts.
    pub fn add(&mut self, counts: Counts) {
        self.counts += counts;
        self.longest = self.longest.max(counts.all().total());
    }
}

/// The burn rate over one window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BurnReading {
    /// Over which window.
    pub window: Span,
    /// `None` when the window holds no data.
    pub rate: Option<f64>,
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
    pub window: Span,
    /// Good events in the window.
    pub good: u64,
    /// Valid events in the window.
    pub valid: u64,
    /// The budget; `None` when there is no data.
    pub budget: Option<Budget>,
    /// Burn rates over the usual windows and the SLO's own, shortest first.
    pub burn: Vec<BurnReading>,
    /// The tiers, fastest first.
    pub tiers: Vec<TierReading>,
    /// In one word; `None` when there is no data.
    pub status: Option<SloStatus>,
    /// Known samples ÷ samples that the window has room for: 0 to 1.
    pub coverage: f64,
    /// The longest step whose first reading this is.
    #[serde(default)]
    pub step: Step,
}

impl Measurement {
    /// good ÷ valid.
    pub fn sli(&self) -> Option<f64> {
        Sli { good: self.good, valid: self.valid }.ratio()
    }

    /// The burn rate over `window`, if it was measured.
    pub fn burn_over(&self, window: Span) -> Option<f64> {
        self.burn.iter().find(|reading| reading.window == window)?.rate
    }

    /// The share of the whole budget that goes each hour at the pace of the last hour.
    pub fn budget_burned_per_hour(&self) -> Option<f64> {
        Some(self.burn_over(Span::hours(1))? / self.window.as_hours())
    }

    /// Hours until nothing remains at the pace of the last hour: 0 when nothing does, `None` when nothing burns.
    pub fn hours_to_exhaustion(&self) -> Option<f64> {
        let remaining = self.budget?.remaining_ratio.max(0.0);
        let per_hour = self.budget_burned_per_hour()?;
        (per_hour > 0.0).then(|| remaining / per_hour)
    }
}

/// Measures `slo` at `tick`. `totals` gives what the `components` components in scope add up to over a window that ends
/// with the tick; `before` is the last measurement, from which the tiers go on.
pub fn measure(
    slo: &Slo,
    subject: &Subject<'_>,
    totals: &dyn Fn(Span) -> WindowTotals,
    before: Option<&Measurement>,
) -> Measurement {
    let at = subject.tick.end(subject.interval);
    let sli = |span| Sli::availability(&totals(span).counts, slo.count_maintenance);
    let whole = sli(slo.window);
    let budget = Budget::of(whole, slo.objective);
    let tiers = step_tiers(slo, subject, totals, before);
    let heard = tiers.iter().filter(|tier| tier.firing_since.is_some()).map(|tier| tier.severity);
    let status = budget.map(|budget| SloStatus::of(budget.remaining_ratio, heard, slo.thresholds));
    Measurement {
        tenant: subject.tenant.clone(),
        slo_type: slo.slo_type.clone(),
        at,
        objective: slo.objective,
        window: slo.window,
        good: whole.good,
        valid: whole.valid,
        budget,
        burn: burn_windows(slo.window)
            .map(|window| BurnReading { window, rate: burn_rate(sli(window), slo.objective) })
            .collect(),
        tiers,
        status,
        step: match before {
            Some(same) if same.at == at => same.step,
            before => Step::of(before.map(|before| before.at), at),
        },
        coverage: coverage(totals(slo.window).counts.all().known(), slo.window, subject),
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
}

/// The windows a burn rate is given for: the usual ones and the SLO's own, without repetition, shortest first.
pub fn burn_windows(own: Span) -> impl Iterator<Item = Span> {
    let mut windows = BURN_WINDOWS.to_vec();
    if !windows.contains(&own) {
        windows.push(own);
        windows.sort_unstable();
    }
    windows.into_iter()
}

fn expected_ticks(window: Span, interval: Interval) -> u64 {
    u64::try_from(window.seconds() / interval.seconds()).unwrap_or(0)
}

fn coverage(known: u64, window: Span, subject: &Subject<'_>) -> f64 {
    let room = expected_ticks(window, subject.interval) * subject.components as u64;
    if room == 0 { 0.0 } else { (known as f64 / room as f64).min(1.0) }
}

fn step_tiers(
    slo: &Slo,
    subject: &Subject<'_>,
    totals: &dyn Fn(Span) -> WindowTotals,
    before: Option<&Measurement>,
) -> Vec<TierReading> {
    let terms =
        BurnTerms { objective: slo.objective, window: slo.window, minimum_bad_samples: slo.minimum_bad_samples };
    let mut faster_fires = false;
    let usable = DEFAULT_TIERS.iter().filter(|tier| tier.long <= slo.window);
    usable
        .map(|tier| {
            let long = totals(tier.long);
            let view = TierView {
                long: Sli::availability(&long.counts, slo.count_maintenance),
                short: Sli::availability(&totals(tier.short).counts, slo.count_maintenance),
                full_history: long.longest + HISTORY_SLACK_TICKS >= expected_ticks(tier.long, subject.interval),
            };
            let was = before.and_then(|before| before.tiers.iter().find(|held| held.long == tier.long));
            let firing_since =
                tier.step(was.and_then(|was| was.firing_since), &view, &terms, subject.tick.end(subject.interval));
            let quiet = faster_fires && firing_since.is_some();
            faster_fires |= firing_since.is_some();
            let (long, short, severity) = (tier.long, tier.short, tier.severity);
            TierReading { long, short, factor: tier.factor(slo.window), severity, firing_since, quiet }
        })
        .collect()
}
