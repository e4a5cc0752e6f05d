//! What an SLO would have done in the past: the same accounts, moved over the same hours, tick by tick, as the live
//! ones were. Nothing is estimated: what would have fired is found out by letting it fire.

use std::collections::BTreeMap;

use crate::accounts::{Accounts, HeldHour, Plan, Scene, SeriesPast};
use crate::ids::Series;
use crate::slo::{BurnSeverity, Measurement, Slo};
use crate::time::{Hour, Span, Timestamp};

/// One time that a tier would have fired.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Firing {
    /// The tier's long window.
    pub long: Span,
    /// The tier's short window.
    pub short: Span,
    /// What it asks for.
    pub severity: BurnSeverity,
    /// When it would have fired.
    pub from: Timestamp,
    /// When it would have been over; `None` when it still was on at the end.
    pub to: Option<Timestamp>,
    /// Whether a faster tier fired when it began, so that nobody would have heard it.
    pub quiet: bool,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Every time that a tier would have fired, in order.
    pub firings: Vec<Firing>,
    /// The last measurement.
    pub last: Option<Measurement>,
    /// The least of the budget that ever remained, and when.
    pub lowest: Option<(Timestamp, f64)>,
    /// When the budget was first used up.
    pub exhausted_at: Option<Timestamp>,
}

/// Everything that is kept of the series, hour by hour: in full where samples are still kept.
pub type Hours = BTreeMap<Series, BTreeMap<Hour, HeldHour>>;

/// A replay of one SLO, to be moved on tick by tick.
#[derive(Debug)]
pub struct Replay<'a> {
    slo: &'a Slo,
    hours: &'a Hours,
    pasts: BTreeMap<Series, SeriesPast>,
    plan: Plan,
    accounts: Accounts,
    last: Option<Measurement>,
    outcome: Outcome,
}

impl<'a> Replay<'a> {
    /// A replay of `slo` over `hours`.
    pub fn new(slo: &'a Slo, scene: &Scene<'_>, hours: &'a Hours) -> Self {
        let past = |hours: &BTreeMap<Hour, HeldHour>| {
            let mut past = SeriesPast::default();
            for (hour, held) in hours {
                let rollup = held.rollup(*hour);
                past.days.entry(hour.day()).or_default().merge(&rollup);
                past.hours.insert(*hour, rollup);
            }
            past
        };
        let pasts = hours.iter().map(|(series, hours)| (series.clone(), past(hours))).collect();
        let plan = Plan::of([slo], scene.components).without_latencies();
        Self { slo, hours, pasts, plan, accounts: Accounts::default(), last: None, outcome: Outcome::default() }
    }

    /// Moves on to the tick of `scene`; what is measured there.
    pub fn step(&mut self, scene: &Scene<'_>) -> &Measurement {
        let end = scene.tick.end(scene.interval);
        self.advance(end);
        let measured = self.accounts.measure(self.slo, scene, self.last.as_ref());
        self.note(&measured);
        self.last.insert(measured)
    }

    fn advance(&mut self, end: Timestamp) {
        let none = SeriesPast::default();
        for series in self.accounts.missing(&self.plan, end) {
            let past = self.pasts.get(&series).unwrap_or(&none);
            self.accounts.build(&self.plan, &series, past, end);
        }
        let needed: Vec<_> = self.accounts.hours_not_held(end);
        for (series, hour) in needed {
            let held = self.hours.get(&series).and_then(|hours| hours.get(&hour)).cloned().unwrap_or_default();
            self.accounts.put(&series, hour, &held);
        }
        // Nothing changes in the past, so that what leaves a window is what joined it.
        let _all = self.accounts.advance(end);
    }

    fn note(&mut self, measured: &Measurement) {
        for tier in &measured.tiers {
            let was = self.last.as_ref().and_then(|last| last.tiers.iter().find(|held| held.long == tier.long));
            match (was.and_then(|was| was.firing_since), tier.firing_since) {
                (None, Some(from)) => self.outcome.firings.push(Firing {
                    long: tier.long,
                    short: tier.short,
                    severity: tier.severity,
                    from,
                    to: None,
                    quiet: tier.quiet,
                }),
                (Some(_), None) => {
                    if let Some(open) = self.outcome.firings.iter_mut().rev().find(|held| held.long == tier.long) {
                        open.to = Some(measured.at);
                    }
                }
                _ => {}
            }
        }
        let Some(remaining) = measured.budget.map(|budget| budget.remaining_ratio) else { return };
        if self.outcome.lowest.is_none_or(|(_, lowest)| remaining < lowest) {
            self.outcome.lowest = Some((measured.at, remaining));
        }
        if remaining <= 0.0 {
            self.outcome.exhausted_at.get_or_insert(measured.at);
        }
    }

    /// What came of it.
    pub fn finish(self) -> Outcome {
        Outcome { last: self.last, ..self.outcome }
    }
}
