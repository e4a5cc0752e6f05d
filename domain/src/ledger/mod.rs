//! The running account of one series: how many samples or events of each kind lie in each window that somebody asks for,
//! or how long they took.
//!
//! A tick must cost the same whether a window is an hour or 90 days long. So each window is kept as three parts: the far
//! edge (one hour, since the window starts in the middle of it), the whole hours between (a running sum), and
//! the two newest hours (reloaded each tick, since pushes still arrive there). When the hour turns, one hour joins the
//! sum and one leaves it. A change further back, or a jump in time, is answered by building the account anew from
//! rollups; that this gives the same figures is what the tests prove.
//!
//! Adding up 720 hours per window and tick was rejected for its cost; stored cumulative sums, because one late sample
//! would have to mend all that came after it.

mod held;
mod reach;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::rollup::Counts;
use crate::sketch::Sketch;
use crate::time::{Hour, Timestamp};

pub use held::{Latencies, Verdicts};
pub use reach::{
    Cover, Past, Reach, cover, first_recent_hour, folded_before, is_only_folded, last_day, middle_of, past_needed,
};

/// What is added up: hours join it and leave it.
pub trait Amount: Clone + Default {
    /// Adds all of `other`.
    fn add(&mut self, other: &Self);
    /// Takes away all of `other`. Whether it was there to be taken; if not, this is no longer of use.
    #[must_use]
    fn take(&mut self, other: &Self) -> bool;
}

impl Amount for Counts {
    fn add(&mut self, other: &Self) {
        *self += *other;
    }

    fn take(&mut self, other: &Self) -> bool {
        let left = self.checked_sub(*other);
        *self = left.unwrap_or_default();
        left.is_some()
    }
}

impl Amount for Sketch {
    fn add(&mut self, other: &Self) {
        self.merge(other);
    }

    fn take(&mut self, other: &Self) -> bool {
        Self::take(self, other)
    }
}

/// One hour of a series, of which a part may be asked for.
pub trait Held: Default {
    /// What it amounts to.
    type Amount: Amount;
    /// What lies in `from..to`.
    fn within(&self, hour: Hour, from: Timestamp, to: Timestamp) -> Self::Amount;
}

#[derive(Clone, Debug)]
struct Middle<A> {
    reach: Reach,
    /// Where the window started when it was last moved.
    start: Timestamp,
    hours: Range<Hour>,
    sum: A,
}

impl<A: Amount> Middle<A> {
    /// Whether at most one hour joins and at most one leaves, and a period is still the same period.
    fn can_advance(&self, end: Timestamp) -> bool {
        let next = middle_of(self.reach, end);
        let one_at_most = |from: Hour, to: Hour| (0..=1).contains(&(to.number() - from.number()));
        let same_period = !self.reach.is_anchored() || self.reach.start(end) == self.start;
        same_period && one_at_most(self.hours.start, next.start) && one_at_most(self.hours.end, next.end)
    }

    fn advance(&mut self, end: Timestamp, whole: &dyn Fn(Hour) -> A) -> bool {
        let next = middle_of(self.reach, end);
        if !(self.hours.is_empty() && next.is_empty()) {
            for hour in self.hours.end.number()..next.end.number() {
                self.sum.add(&whole(Hour::from_number(hour)));
            }
            for hour in self.hours.start.number()..next.start.number() {
                if !self.sum.take(&whole(Hour::from_number(hour))) {
                    return false;
                }
            }
        }
        (self.start, self.hours) = (self.reach.start(end), next);
        true
    }
}

/// The running account of one series.
#[derive(Clone, Debug)]
pub struct Ledger<H: Held> {
    middles: Vec<Middle<H::Amount>>,
    /// In order of their hour.
    held: Vec<(Hour, H)>,
}

impl<H: Held> Ledger<H> {
    /// An account of windows that end at `end`, from the rolled-up past. The edges and the recent hours are put in next:
    /// see [`Ledger::hours_needed`].
    pub fn build(reaches: impl IntoIterator<Item = Reach>, end: Timestamp, past: &Past<H::Amount>) -> Self {
        let middle = |reach: Reach| {
            let hours = middle_of(reach, end);
            Middle { reach, start: reach.start(end), sum: past.sum(&hours), hours }
        };
        Self { middles: reaches.into_iter().map(middle).collect(), held: Vec::new() }
    }

    /// Whether `hour` is not yet part of any running sum, so that it may still be put in anew.
    pub fn is_recent(&self, hour: Hour) -> bool {
        self.middles.iter().all(|middle| hour >= middle.hours.end)
    }

    /// Whether the account can move on to `end` by itself: no more than one hour on, and in the same periods. Otherwise
    /// it must be built anew.
    pub fn can_advance(&self, reaches: impl IntoIterator<Item = Reach>, end: Timestamp) -> bool {
        let same_windows = self.middles.iter().map(|middle| middle.reach).eq(reaches);
        same_windows && self.middles.iter().all(|middle| middle.can_advance(end))
    }

    /// The hours that must be put in before [`Ledger::advance`] to `end`: the two recent ones, always, and far edges
    /// that are new.
    pub fn hours_needed(&self, end: Timestamp) -> BTreeSet<Hour> {
        let recent = first_recent_hour(end);
        let edges = self.middles.iter().map(|middle| middle.reach.start(end).hour());
        let new_edges = edges.filter(|hour| *hour < recent && self.held_hour(*hour).is_none());
        new_edges.chain([recent, recent.plus(1)]).collect()
    }

    /// What is held of an hour: of the recent ones, and of those at the far edges.
    pub fn held_hour(&self, hour: Hour) -> Option<&H> {
        let at = self.held.binary_search_by_key(&hour, |(held, _)| *held).ok()?;
        Some(&self.held[at].1)
    }

    /// Puts in one hour, in place of what was held of it.
    pub fn put(&mut self, hour: Hour, value: H) {
        match self.held.binary_search_by_key(&hour, |(held, _)| *held) {
            Ok(at) => self.held[at].1 = value,
            Err(at) => self.held.insert(at, (hour, value)),
        }
    }

    /// Moves all windows on so that they end at `end`, and forgets hours that no window touches any more. Whether it
    /// could: an hour that leaves with more than it joined with was changed in between, and the account must be built
    /// anew.
    #[must_use]
    pub fn advance(&mut self, end: Timestamp) -> bool {
        let mut middles = std::mem::take(&mut self.middles);
        let whole = |hour: Hour| {
            self.held_hour(hour).map(|held| held.within(hour, hour.start(), hour.end())).unwrap_or_default()
        };
        let advanced = middles.iter_mut().all(|middle| middle.advance(end, &whole));
        self.middles = middles;
        let recent = first_recent_hour(end);
        let edges: BTreeSet<Hour> = self.middles.iter().map(|middle| middle.reach.start(end).hour()).collect();
        self.held.retain(|(hour, _)| *hour >= recent || edges.contains(hour));
        self.held.shrink_to_fit();
        advanced
    }

    /// What lies in the window `reach` that ends at `end`, the instant last advanced to; `None` for a window that the
    /// account does not keep.
    pub fn totals(&self, reach: Reach, end: Timestamp) -> Option<H::Amount> {
        let middle = self.middles.iter().find(|middle| middle.reach == reach)?;
        let (start, recent) = (reach.start(end), first_recent_hour(end));
        let mut sum = middle.sum.clone();
        let mut add = |hour: Hour| {
            if let Some(held) = self.held_hour(hour) {
                sum.add(&held.within(hour, start, end));
            }
        };
        let edge = start.hour();
        if edge < recent {
            add(edge);
        }
        add(recent);
        add(recent.plus(1));
        Some(sum)
    }
}
