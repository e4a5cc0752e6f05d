//! A small town with one SLO, for cases that are worked out by hand.

use plimsoll_domain::sample::SampleStatus;
use plimsoll_domain::slo::{BurnSeverity, Measurement, Scope, Slo, Tier};
use plimsoll_domain::time::{Interval, Span, Tick, Timestamp};

use crate::busy;
use crate::raw::Pushed;
use crate::town::{Town, Verdict};

/// A town with one SLO, of the component `api` alone, at 99.9 %.
pub(crate) fn town(kind: usize, window: &str, interval: Interval) -> Town {
    let scope = Scope::Component("api".parse().expect("a slug"));
    Town::new(vec![Slo { scope, ..busy::slo(kind, window, 0.999) }], interval)
}

pub(crate) fn five_minutes() -> Interval {
    Interval::from_seconds(300).expect("an interval")
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub(crate) fn close(got: Option<f64>, want: f64) -> bool {
    got.is_some_and(|got| (got - want).abs() < 1e-6 * want.abs().max(1.0))
}

pub(crate) fn remaining(measured: &Measurement) -> Option<f64> {
    measured.budget.map(|budget| budget.remaining_ratio)
}

pub(crate) fn fires(measured: &Measurement, long: Span) -> bool {
    measured.tiers.iter().any(|tier| tier.long == long && tier.firing_since.is_some())
}

impl Town {
    /// Tells `api` to be so at each tick of `from..to`, without looking.
    pub(crate) fn tell(&mut self, from: Timestamp, to: Timestamp, status: SampleStatus) {
        let mut tick = Tick::containing(from, self.interval);
        while tick.start() < to {
            self.sample(0, tick, Verdict { status, latency_ms: None, maintenance: false });
            tick = tick.next(self.interval);
        }
    }

    /// Tells so at each tick, and looks each time.
    pub(crate) fn live(&mut self, from: Timestamp, to: Timestamp, status: SampleStatus) -> &Measurement {
        let mut tick = Tick::containing(from, self.interval);
        while tick.start() < to {
            self.sample(0, tick, Verdict { status, latency_ms: None, maintenance: false });
            self.tick(tick);
            tick = tick.next(self.interval);
        }
        self.only()
    }

    /// Looks at the tick that ends at `end`.
    pub(crate) fn look(&mut self, end: Timestamp) -> &Measurement {
        self.tick(Tick::containing(end.minus(self.interval.span()), self.interval));
        self.only()
    }

    pub(crate) fn push_counts(&mut self, at: Timestamp, good: u64, bad: u64) {
        self.push(0, at, Pushed { good, bad, maintenance: false, latencies: Vec::new() });
    }

    pub(crate) fn only(&self) -> &Measurement {
        self.measured.values().next().expect("it was looked at")
    }
}

pub(crate) fn own(long: Span, short: Span, budget_share: f64, severity: BurnSeverity) -> Tier {
    Tier { long, short, budget_share, severity }
}
