//! The running account of one component: how many samples of each verdict lie in each window that somebody asks for.
//!
//! A tick must cost the same whether a window is an hour or 90 days long. So each window is kept as three parts: the far
//! edge (one hour of samples, since the window starts in the middle of it), the whole hours between (a running sum), and
//! the two newest hours (reloaded each tick, since pushes still arrive there). When the hour turns, one hour joins the
//! sum and one leaves it. A change further back, or a jump in time, is answered by building the account anew from
//! rollups; that this gives the same figures is what the tests prove.
//!
//! Adding up 720 hours per window and tick was rejected for its cost; stored cumulative sums, because one late sample
//! would have to mend all that came after it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::rollup::Counts;
use crate::sample::{HourSamples, Sample, SampleStatus};
use crate::time::{Day, Hour, Span, Tick, Timestamp};

/// How far back from the end of a tick a window reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// A rolling window of this length.
    Last(Span),
    /// The UTC day that the tick lies in.
    Today,
}

impl Reach {
    /// The start of the window that ends (exclusively) at `end`.
    pub fn start(self, end: Timestamp) -> Timestamp {
        match self {
            Self::Last(span) => end.minus(span),
            Self::Today => last_instant(end).day().start(),
        }
    }
}

fn last_instant(end: Timestamp) -> Timestamp {
    Timestamp::from_millis(end.millis() - 1)
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

/// The whole hours of a window between its far edge and the recent hours; empty for short windows.
pub fn middle_of(reach: Reach, end: Timestamp) -> Range<Hour> {
    let recent = first_recent_hour(end);
    let first = reach.start(end).hour().plus(1).min(recent);
    first..recent
}

/// The verdicts of one hour, without latencies: four bytes each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts(Box<[(u16, SampleStatus, bool)]>);

impl Verdicts {
    /// The verdicts of `samples`, all of `hour`.
    pub fn of(hour: Hour, samples: &HourSamples) -> Self {
        let offset =
            |sample: &Sample| u16::try_from(sample.tick.seconds() - hour.start().seconds()).unwrap_or(u16::MAX);
        Self(samples.iter().map(|sample| (offset(sample), sample.status, sample.maintenance)).collect())
    }

    fn counts(&self, hour: Hour, from: Timestamp, to: Timestamp) -> Counts {
        let offset = |at: Timestamp| (at.millis() - hour.start().millis() + 999).div_euclid(1_000);
        let (from, to) = (offset(from), offset(to));
        let inside = self.0.iter().filter(|(at, ..)| (from..to).contains(&i64::from(*at)));
        inside.map(|(at, status, maintenance)| Counts::of(&restore(*at, *status, *maintenance))).sum()
    }
}

fn restore(offset: u16, status: SampleStatus, maintenance: bool) -> Sample {
    Sample { tick: Tick::from_seconds(offset.into()), status, latency_ms: None, maintenance }
}

#[derive(Clone, Debug)]
struct Middle {
    reach: Reach,
    /// Where the window started when it was last moved.
    start: Timestamp,
    hours: Range<Hour>,
    sum: Counts,
}

impl Middle {
    /// Whether at most one hour joins and at most one leaves, and a day is still the same day.
    fn can_advance(&self, end: Timestamp) -> bool {
        let next = middle_of(self.reach, end);
        let one_at_most = |from: Hour, to: Hour| (0..=1).contains(&(to.number() - from.number()));
        let same_day = self.reach != Reach::Today || self.reach.start(end) == self.start;
        same_day && one_at_most(self.hours.start, next.start) && one_at_most(self.hours.end, next.end)
    }

    fn advance(&mut self, end: Timestamp, whole: &dyn Fn(Hour) -> Counts) -> bool {
        let next = middle_of(self.reach, end);
        if !(self.hours.is_empty() && next.is_empty()) {
            for hour in self.hours.end.number()..next.end.number() {
                self.sum += whole(Hour::from_number(hour));
            }
            for hour in self.hours.start.number()..next.start.number() {
                let Some(less) = self.sum.checked_sub(whole(Hour::from_number(hour))) else { return false };
                self.sum = less;
            }
        }
        (self.start, self.hours) = (self.reach.start(end), next);
        true
    }
}

/// The running account of one component.
#[derive(Clone, Debug)]
pub struct Ledger {
    middles: Vec<Middle>,
    held: BTreeMap<Hour, Verdicts>,
}

/// The rolled-up past that an account is built from: a missing hour or day holds no samples.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Counts of single hours.
    pub hours: BTreeMap<Hour, Counts>,
    /// Counts of whole days.
    pub days: BTreeMap<Day, Counts>,
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

impl Past {
    fn sum(&self, range: &Range<Hour>) -> Counts {
        let cover = cover(range);
        let hours = cover.hours.iter().filter_map(|hour| self.hours.get(hour));
        let days = cover.days.iter().filter_map(|day| self.days.get(day));
        hours.chain(days).copied().sum()
    }
}

impl Ledger {
    /// Everything that [`Ledger::build`] needs of the past for these windows at `end`.
    pub fn past_needed(reaches: &[Reach], end: Timestamp) -> Cover {
        reaches.iter().fold(Cover::default(), |mut all, reach| {
            let part = cover(&middle_of(*reach, end));
            all.hours.extend(part.hours);
            all.days.extend(part.days);
            all
        })
    }

    /// An account of windows that end at `end`, from the rolled-up past. The edges and the recent hours are put in next:
    /// see [`Ledger::hours_needed`].
    pub fn build(reaches: &[Reach], end: Timestamp, past: &Past) -> Self {
        let middle = |reach: &Reach| {
            let hours = middle_of(*reach, end);
            Middle { reach: *reach, start: reach.start(end), sum: past.sum(&hours), hours }
        };
        Self { middles: reaches.iter().map(middle).collect(), held: BTreeMap::new() }
    }

    /// Whether `hour` is not yet part of any running sum, so that its verdicts may still be put in anew.
    pub fn is_recent(&self, hour: Hour) -> bool {
        self.middles.iter().all(|middle| hour >= middle.hours.end)
    }

    /// Whether the account can move on to `end` by itself: no more than one hour on, and on the same day. Otherwise it
    /// must be built anew.
    pub fn can_advance(&self, reaches: &[Reach], end: Timestamp) -> bool {
        let same_windows = self.middles.iter().map(|middle| middle.reach).eq(reaches.iter().copied());
        same_windows && self.middles.iter().all(|middle| middle.can_advance(end))
    }

    /// The hours whose samples must be put in before [`Ledger::advance`] to `end`: the two recent ones, always, and far
    /// edges that are new.
    pub fn hours_needed(&self, end: Timestamp) -> BTreeSet<Hour> {
        let recent = first_recent_hour(end);
        let edges = self.middles.iter().map(|middle| middle.reach.start(end).hour());
        let new_edges = edges.filter(|hour| *hour < recent && !self.held.contains_key(hour));
        new_edges.chain([recent, recent.plus(1)]).collect()
    }

    /// Puts in the verdicts of one hour, in place of what was held.
    pub fn put(&mut self, hour: Hour, verdicts: Verdicts) {
        self.held.insert(hour, verdicts);
    }

    /// Moves all windows on so that they end at `end`, and forgets hours that no window touches any more. Whether it
    /// could: an hour that leaves with more samples than it joined with was changed in between, and the account must be
    /// built anew.
    #[must_use]
    pub fn advance(&mut self, end: Timestamp) -> bool {
        let held = &self.held;
        let whole = |hour: Hour| held.get(&hour).map(|v| v.counts(hour, hour.start(), hour.end())).unwrap_or_default();
        if !self.middles.iter_mut().all(|middle| middle.advance(end, &whole)) {
            return false;
        }
        let recent = first_recent_hour(end);
        let edges: BTreeSet<Hour> = self.middles.iter().map(|middle| middle.reach.start(end).hour()).collect();
        self.held.retain(|hour, _| *hour >= recent || edges.contains(hour));
        true
    }

    /// What lies in the window `reach` that ends at `end`, the instant last advanced to; `None` for a window that the
    /// account does not keep.
    pub fn totals(&self, reach: Reach, end: Timestamp) -> Option<Counts> {
        let middle = self.middles.iter().find(|middle| middle.reach == reach)?;
        let (start, recent) = (reach.start(end), first_recent_hour(end));
        let part = |hour: Hour| self.held.get(&hour).map(|v| v.counts(hour, start, end)).unwrap_or_default();
        let edge = start.hour();
        let far = if edge < recent { part(edge) } else { Counts::default() };
        Some(far + middle.sum + part(recent) + part(recent.plus(1)))
    }
}
