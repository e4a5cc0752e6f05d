//! Samples, the verdict on one component for one tick; events, counted elsewhere and pushed for an SLO; and the hour that
//! both are kept in.
//!
//! A sample's identity is (tenant, component, tick), that of events (tenant, SLO, instant). An hour is one document, the
//! smallest thing that is written atomically: merging the same again changes nothing, whoever does it and however often.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::rollup::{Counts, Tally};
use crate::sketch::Sketch;
use crate::time::{Hour, Interval, Span, Tick, Timestamp};

/// How long samples are kept.
pub const SAMPLE_RETENTION: Span = Span::days(90);
/// How late a pushed sample may come: older ones are refused, since hours close.
pub const LATEST_PUSH: Span = Span::hours(24);

/// Most instants of one hour that events of one SLO are told of: one each second.
pub const MAX_INSTANTS: usize = 3_600;

/// The verdict on one component for one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleStatus {
    /// It answered as it should.
    Operational,
    /// It answered, but slowly or in part.
    Degraded,
    /// It did not answer as it should.
    Down,
    /// Nobody looked, or nobody could: neither good nor bad.
    Unknown,
}

impl SampleStatus {
    /// Whether it is good news.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Operational | Self::Degraded)
    }

    /// The status as it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operational => "operational",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }

    /// Whether somebody looked and could tell.
    pub const fn is_known(self) -> bool {
        !matches!(self, Self::Unknown)
    }
}

/// One sample, without whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// For which tick.
    pub tick: Tick,
    /// The verdict.
    pub status: SampleStatus,
    /// How long the answer took, in ms.
    pub latency_ms: Option<u32>,
    /// Whether the component was in announced maintenance.
    pub maintenance: bool,
}

/// Events that somebody counted up to one instant, for one SLO.
#[derive(Clone, Debug, PartialEq)]
pub struct Events {
    /// The instant they were counted at, and what they are known by.
    pub at: Timestamp,
    /// How many were as promised.
    pub good: u64,
    /// How many were not.
    pub bad: u64,
    /// Whether everything in the SLO's scope was in announced maintenance.
    pub maintenance: bool,
    /// How long they took, where that was told.
    pub latency: Sketch,
}

impl Events {
    fn counts(&self) -> Counts {
        let tally = Tally { operational: self.good, down: self.bad, ..Tally::default() };
        let none = Tally::default();
        let (normal, maintenance) = if self.maintenance { (none, tally) } else { (tally, none) };
        Counts { normal, maintenance, event_hours: 0 }
    }
}

/// What is to be recorded of one series in one hour.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Portion {
    /// Samples, in any order.
    pub samples: Vec<Sample>,
    /// Events, in any order.
    pub events: Vec<Events>,
}

/// How many samples or events of a batch were new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Recorded now.
    pub accepted: u64,
    /// Already known: nothing changed.
    pub duplicate: u64,
    /// Of an hour that is full: nothing changed.
    pub refused: u64,
}

impl Merged {
    /// Adds the figures of another part of the batch.
    pub fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.duplicate += other.duplicate;
        self.refused += other.refused;
    }
}

/// What is kept of one series in one hour: samples in order of their tick, at most one for each, and events in order of
/// their instant, likewise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HourSamples {
    samples: Vec<Sample>,
    events: Vec<Events>,
}

impl HourSamples {
    /// Merges `samples`, all of one hour. The first known verdict on a tick stands; `unknown` gives way to a known one,
    /// so that a late push is not lost to the note that it was missing.
    pub fn merge(&mut self, samples: impl IntoIterator<Item = Sample>) -> Merged {
        let mut merged = Merged::default();
        for sample in samples {
            if self.put(sample) { merged.accepted += 1 } else { merged.duplicate += 1 }
        }
        merged
    }

    fn put(&mut self, sample: Sample) -> bool {
        if self.samples.last().is_none_or(|last| last.tick < sample.tick) {
            self.samples.push(sample);
            return true;
        }
        match self.samples.binary_search_by_key(&sample.tick, |held| held.tick) {
            Ok(at) if self.samples[at].status.is_known() || !sample.status.is_known() => false,
            Ok(at) => {
                self.samples[at] = sample;
                true
            }
            Err(at) => {
                self.samples.insert(at, sample);
                true
            }
        }
    }

    /// Merges events, all of one hour: the first that were told of an instant stand. There are at most
    /// [`MAX_INSTANTS`], since an hour is read and written as a whole.
    pub fn merge_events(&mut self, events: impl IntoIterator<Item = Events>) -> Merged {
        let mut merged = Merged::default();
        for event in events {
            match self.events.binary_search_by_key(&event.at, |held| held.at) {
                Ok(_) => merged.duplicate += 1,
                Err(_) if self.events.len() >= MAX_INSTANTS => merged.refused += 1,
                Err(at) => {
                    self.events.insert(at, event);
                    merged.accepted += 1;
                }
            }
        }
        merged
    }

    /// Merges all of a portion of this hour.
    pub fn merge_portion(&mut self, portion: &Portion) -> Merged {
        let mut merged = self.merge(portion.samples.iter().copied());
        merged.add(self.merge_events(portion.events.iter().cloned()));
        merged
    }

    /// All events, in order of their instant.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Events> {
        self.events.iter()
    }

    /// All samples, in order of their tick.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Sample> {
        self.samples.iter()
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty() && self.events.is_empty()
    }

    fn samples_between(&self, from: Timestamp, to: Timestamp) -> &[Sample] {
        let first = self.samples.partition_point(|sample| sample.tick.start() < from);
        let end = self.samples.partition_point(|sample| sample.tick.start() < to);
        &self.samples[first.min(end)..end]
    }

    fn events_between(&self, from: Timestamp, to: Timestamp) -> &[Events] {
        let first = self.events.partition_point(|events| events.at < from);
        let end = self.events.partition_point(|events| events.at < to);
        &self.events[first.min(end)..end]
    }

    /// Counts samples whose tick starts in `from..to`, and events of an instant in it.
    pub fn counts(&self, from: Timestamp, to: Timestamp) -> Counts {
        let samples = self.samples_between(from, to).iter().map(Counts::of);
        let events = self.events_between(from, to);
        let known = Counts { event_hours: u64::from(!events.is_empty()), ..Counts::default() };
        samples.chain(events.iter().map(Events::counts)).sum::<Counts>() + known
    }

    /// How long good samples and all events in `from..to` took, of those that are wanted by whether they lie inside
    /// maintenance.
    pub fn latencies(&self, from: Timestamp, to: Timestamp, wanted: impl Fn(bool) -> bool) -> Sketch {
        let samples = self.samples_between(from, to).iter();
        let good = samples.filter(|sample| sample.status.is_good() && wanted(sample.maintenance));
        let mut sketch = Sketch::of(good.filter_map(|sample| sample.latency_ms).map(f64::from));
        let events = self.events_between(from, to).iter().filter(|events| wanted(events.maintenance));
        events.for_each(|events| sketch.merge(&events.latency));
        sketch
    }

    /// The newest sample, known or not.
    pub fn last(&self) -> Option<&Sample> {
        self.samples.last()
    }
}

/// The ticks of `hour` in order, from `from` (inclusive) to `to` (exclusive).
pub fn ticks_between(from: Tick, to: Tick, interval: Interval) -> impl Iterator<Item = Tick> {
    std::iter::successors(Some(from), move |tick| Some(tick.next(interval))).take_while(move |tick| *tick < to)
}

/// Parts samples and events by the hour they belong to, keeping their order.
pub fn by_hour(samples: &[Sample], events: &[Events]) -> BTreeMap<Hour, Portion> {
    let mut hours: BTreeMap<Hour, Portion> = BTreeMap::new();
    for sample in samples {
        hours.entry(sample.tick.hour()).or_default().samples.push(*sample);
    }
    for events in events {
        hours.entry(events.at.hour()).or_default().events.push(events.clone());
    }
    hours
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample(second: i64, status: SampleStatus) -> Sample {
        Sample { tick: Tick::from_seconds(second), status, latency_ms: None, maintenance: false }
    }

    fn any_status() -> impl Strategy<Value = SampleStatus> {
        prop::sample::select(vec![
            SampleStatus::Operational,
            SampleStatus::Degraded,
            SampleStatus::Down,
            SampleStatus::Unknown,
        ])
    }

    #[test]
    fn the_first_known_verdict_stands() {
        let mut hour = HourSamples::default();
        assert_eq!(hour.merge([sample(60, SampleStatus::Unknown)]).accepted, 1);
        assert_eq!(hour.merge([sample(60, SampleStatus::Down)]).accepted, 1);
        assert_eq!(hour.merge([sample(60, SampleStatus::Operational)]).duplicate, 1);
        assert_eq!(hour.merge([sample(60, SampleStatus::Unknown)]).duplicate, 1);
        assert_eq!(hour.last().map(|sample| sample.status), Some(SampleStatus::Down));
    }

    proptest! {
        #[test]
        fn merging_again_changes_nothing(samples in prop::collection::vec((0i64..60, any_status()), 0..200)) {
            let samples: Vec<_> = samples.into_iter().map(|(minute, status)| sample(minute * 60, status)).collect();
            let mut once = HourSamples::default();
            let first = once.merge(samples.iter().copied());
            let mut twice = once.clone();
            prop_assert_eq!(twice.merge(samples.iter().copied()), Merged { duplicate: samples.len() as u64, ..Merged::default() });
            prop_assert_eq!(&twice, &once);
            prop_assert_eq!(first.accepted + first.duplicate, samples.len() as u64);
            prop_assert!(once.iter().zip(once.iter().skip(1)).all(|(a, b)| a.tick < b.tick));
        }
    }
}
