//! How far back windows reach, and which stored hours and days lie in them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::ledger::Amount;
use crate::sample::SAMPLE_RETENTION;
use crate::slo::Window;
use crate::slo::window::last_instant;
use crate::time::{Day, Hour, Timestamp};

/// How far back from the end of a tick a window reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// A window that something is measured over.
    Window(Window),
    /// The UTC day that the tick lies in.
    Today,
}

impl Reach {
    /// The start of the window that ends (exclusively) at `end`.
    pub fn start(self, end: Timestamp) -> Timestamp {
        match self {
            Self::Window(window) => window.start(end),
            Self::Today => last_instant(end).day().start(),
        }
    }

    /// Whether the window starts at the same instant for as long as its period lasts, and then elsewhere.
    pub(super) const fn is_anchored(self) -> bool {
        match self {
            Self::Window(window) => window.is_anchored(),
            Self::Today => true,
        }
    }
}

/// The UTC day that the last instant before `end` lies in.
pub fn last_day(end: Timestamp) -> Day {
    last_instant(end).day()
}

/// The hours before this one are folded at `end`: all but the two recent ones, and every hour of days that are over, since
/// a day's figures are asked for as soon as it is.
pub fn folded_before(end: Timestamp) -> Hour {
    first_recent_hour(end).max(last_day(end).first_hour())
}

/// The first of the two hours that are reloaded each tick, for windows that end at `end`.
pub fn first_recent_hour(end: Timestamp) -> Hour {
    last_instant(end).hour().plus(-1)
}

/// Whether, at `end`, an hour's samples may have expired, so that only its rollup tells what it held.
pub fn is_only_folded(hour: Hour, end: Timestamp) -> bool {
    hour.end() <= end.minus(SAMPLE_RETENTION)
}

/// The whole hours of a window between its far edge and the recent hours; empty for short windows.
pub fn middle_of(reach: Reach, end: Timestamp) -> Range<Hour> {
    let recent = first_recent_hour(end);
    let first = reach.start(end).hour().plus(1).min(recent);
    first..recent
}

/// The rolled-up past that an account is built from: a missing hour or day holds nothing.
#[derive(Clone, Debug)]
pub struct Past<A> {
    /// What single hours hold.
    pub hours: BTreeMap<Hour, A>,
    /// What whole days hold.
    pub days: BTreeMap<Day, A>,
}

impl<A> Default for Past<A> {
    fn default() -> Self {
        Self { hours: BTreeMap::new(), days: BTreeMap::new() }
    }
}

impl<A: Amount> Past<A> {
    /// What the hours of `range` hold together.
    pub fn sum(&self, range: &Range<Hour>) -> A {
        let cover = cover(range);
        let hours = cover.hours.iter().filter_map(|hour| self.hours.get(hour));
        let days = cover.days.iter().filter_map(|day| self.days.get(day));
        let mut sum = A::default();
        hours.chain(days).for_each(|part| sum.add(part));
        sum
    }
}

/// What must be read to add up the hours of a range: whole days where they fit, single hours at both ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cover {
    /// Single hours.
    pub hours: BTreeSet<Hour>,
    /// Whole days.
    pub days: BTreeSet<Day>,
}

/// Covers `range` with as few reads as there can be.
pub fn cover(range: &Range<Hour>) -> Cover {
    let mut cover = Cover::default();
    let mut hour = range.start;
    while hour < range.end {
        let day = hour.day();
        if hour == day.first_hour() && day.plus(1).first_hour() <= range.end {
            cover.days.insert(day);
            hour = day.plus(1).first_hour();
        } else {
            cover.hours.insert(hour);
            hour = hour.plus(1);
        }
    }
    cover
}

/// Everything that is needed of the past to build an account of these windows at `end`.
pub fn past_needed(reaches: &[Reach], end: Timestamp) -> Cover {
    reaches.iter().fold(Cover::default(), |mut all, reach| {
        let part = cover(&middle_of(*reach, end));
        all.hours.extend(part.hours);
        all.days.extend(part.days);
        all
    })
}
