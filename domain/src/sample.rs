//! Samples: the verdict on one component for one tick, and the hour they are kept in.
//!
//! A sample's identity is (tenant, component, tick). An hour of samples is one document, the smallest thing that is
//! written atomically: merging the same sample again changes nothing, whoever does it and however often.

use serde::{Deserialize, Serialize};

use crate::rollup::Counts;
use crate::time::{Hour, Interval, Span, Tick, Timestamp};

/// How long samples are kept.
pub const SAMPLE_RETENTION: Span = Span::days(90);
/// How late a pushed sample may come: older ones are refused, since hours close.
pub const LATEST_PUSH: Span = Span::hours(24);

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

/// How many samples of a batch were new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Recorded now.
    pub accepted: u64,
    /// Already known: nothing changed.
    pub duplicate: u64,
}

impl Merged {
    /// Adds the figures of another part of the batch.
    pub fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.duplicate += other.duplicate;
    }
}

/// The samples of one component in one hour, in order of their tick; at most one for each tick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HourSamples(Vec<Sample>);

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
        if self.0.last().is_none_or(|last| last.tick < sample.tick) {
            self.0.push(sample);
            return true;
        }
        match self.0.binary_search_by_key(&sample.tick, |held| held.tick) {
            Ok(at) if self.0[at].status.is_known() || !sample.status.is_known() => false,
            Ok(at) => {
                self.0[at] = sample;
                true
            }
            Err(at) => {
                self.0.insert(at, sample);
                true
            }
        }
    }

    /// All samples, in order of their tick.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Sample> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Counts those whose tick starts in `from..to`.
    pub fn counts(&self, from: Timestamp, to: Timestamp) -> Counts {
        let first = self.0.partition_point(|sample| sample.tick.start() < from);
        let end = self.0.partition_point(|sample| sample.tick.start() < to);
        self.0[first.min(end)..end].iter().fold(Counts::default(), |counts, sample| counts + Counts::of(sample))
    }

    /// The newest sample, known or not.
    pub fn last(&self) -> Option<&Sample> {
        self.0.last()
    }
}

/// The ticks of `hour` in order, from `from` (inclusive) to `to` (exclusive).
pub fn ticks_between(from: Tick, to: Tick, interval: Interval) -> impl Iterator<Item = Tick> {
    std::iter::successors(Some(from), move |tick| Some(tick.next(interval))).take_while(move |tick| *tick < to)
}

/// Parts samples by the hour of their tick, keeping their order.
pub fn by_hour(samples: &[Sample]) -> Vec<(Hour, Vec<Sample>)> {
    let mut hours: std::collections::BTreeMap<Hour, Vec<Sample>> = std::collections::BTreeMap::new();
    for sample in samples {
        hours.entry(sample.tick.hour()).or_default().push(*sample);
    }
    hours.into_iter().collect()
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
            prop_assert_eq!(twice.merge(samples.iter().copied()), Merged { accepted: 0, duplicate: samples.len() as u64 });
            prop_assert_eq!(&twice, &once);
            prop_assert_eq!(first.accepted + first.duplicate, samples.len() as u64);
            prop_assert!(once.iter().zip(once.iter().skip(1)).all(|(a, b)| a.tick < b.tick));
        }
    }
}
