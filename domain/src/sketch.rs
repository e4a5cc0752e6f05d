//! Latencies of an hour, a day or a window, as a mergeable sketch with 1 % relative error.
//!
//! A `DDSketch` (Masson, Rim, Lee, VLDB 2019) keeps its error whatever is merged with whatever, in any order, which a
//! percentile of percentiles does not. The mapping from a latency to its bucket is the `sketches-ddsketch` crate's; the
//! buckets are kept here, since a running window must also take away the hour that leaves it, which that crate cannot,
//! and since a few dozen buckets in use need not be kept as a row of two thousand.

use std::sync::LazyLock;

use sketches_ddsketch::Config;

/// The bucket of everything too short to tell from nothing.
const ZERO: i16 = i16::MIN;
/// A latency in milliseconds below this is nothing.
const SHORTEST_MS: f64 = 0.001;

static MAPPING: LazyLock<Config> = LazyLock::new(Config::defaults);

/// Which bucket a latency in milliseconds belongs to. Latencies of one bucket differ by at most 2 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(i16);

impl Bucket {
    /// No latency lies above this one.
    pub const HIGHEST: Self = Self(i16::MAX);

    /// The bucket of `latency_ms`.
    pub fn of(latency_ms: f64) -> Self {
        if latency_ms < SHORTEST_MS {
            return Self(ZERO);
        }
        Self(i16::try_from(MAPPING.key(latency_ms)).unwrap_or(i16::MAX))
    }

    /// The latency in milliseconds that stands for all of its bucket, within 1 %.
    fn value(self) -> f64 {
        if self.0 == ZERO { 0.0 } else { MAPPING.value(self.0.into()) }
    }
}

/// A distribution of latencies in milliseconds: how many lie in each bucket, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch(Vec<(Bucket, u32)>);

impl Sketch {
    /// A sketch of these latencies in milliseconds.
    pub fn of(latencies_ms: impl IntoIterator<Item = f64>) -> Self {
        let mut sketch = Self::default();
        latencies_ms.into_iter().for_each(|latency| sketch.add(latency));
        sketch
    }

    /// Adds one latency in milliseconds.
    pub fn add(&mut self, latency_ms: f64) {
        self.put(Bucket::of(latency_ms), 1);
    }

    /// Adds `count` latencies of one bucket. A bucket holds at most 2^32 − 1.
    pub fn put(&mut self, bucket: Bucket, count: u32) {
        match self.0.binary_search_by_key(&bucket, |(held, _)| *held) {
            Ok(at) => self.0[at].1 = self.0[at].1.saturating_add(count),
            Err(at) => self.0.insert(at, (bucket, count)),
        }
    }

    /// Adds all that `other` holds.
    pub fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(bucket, count)| self.put(*bucket, *count));
    }

    /// Takes away all that `other` holds. Whether it was there to be taken; if not, this is no longer of use.
    #[must_use]
    pub fn take(&mut self, other: &Self) -> bool {
        for (bucket, count) in &other.0 {
            let held = self.0.binary_search_by_key(bucket, |(held, _)| *held);
            let Some(left) = held.ok().and_then(|at| self.0[at].1.checked_sub(*count).map(|left| (at, left))) else {
                return false;
            };
            self.0[left.0].1 = left.1;
        }
        self.0.retain(|(_, count)| *count > 0);
        true
    }

    /// How many latencies it holds.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// How many of them are at or under a threshold, or too close above it for the sketch to tell: in its bucket.
    pub fn within(&self, threshold: Bucket) -> u64 {
        self.0.iter().take_while(|(bucket, _)| *bucket <= threshold).map(|(_, count)| u64::from(*count)).sum()
    }

    /// The latency in milliseconds below which the share `q` (0 to 1) lies, within 1 %; `None` when it holds nothing.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let last = self.count().checked_sub(1)?;
        let rank = q * last as f64;
        let mut below = 0.0;
        let found = self.0.iter().find(|(_, count)| {
            below += f64::from(*count);
            below > rank
        });
        found.or(self.0.last()).map(|(bucket, _)| bucket.value())
    }

    /// Its buckets and how many lie in each, in order of latency.
    pub fn buckets(&self) -> impl Iterator<Item = (i16, u32)> {
        self.0.iter().map(|(bucket, count)| (bucket.0, *count))
    }

    /// Puts [`Self::buckets`] together again.
    pub fn from_buckets(buckets: impl IntoIterator<Item = (i16, u32)>) -> Self {
        let mut sketch = Self::default();
        buckets.into_iter().for_each(|(bucket, count)| sketch.put(Bucket(bucket), count));
        sketch
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exact(sorted: &[u32], q: f64) -> f64 {
        let rank = q * (sorted.len() - 1) as f64;
        let below = sorted.iter().zip(0u32..).take_while(|(_, at)| f64::from(*at) <= rank);
        below.last().map(|(value, _)| f64::from(*value)).expect("there are values")
    }

    fn sketch_of(values: &[u32]) -> Sketch {
        Sketch::of(values.iter().copied().map(f64::from))
    }

    proptest! {
        #[test]
        fn merged_sketches_keep_quantiles_within_one_percent(
            left in prop::collection::vec(1u32..60_000, 1..300),
            right in prop::collection::vec(0u32..60_000, 0..300),
        ) {
            let mut merged = sketch_of(&left);
            merged.merge(&sketch_of(&right));
            let mut all = [left, right].concat();
            all.sort_unstable();
            prop_assert_eq!(merged.count(), all.len() as u64);
            for q in [0.5, 0.95, 0.99] {
                let (got, want) = (merged.quantile(q).expect("has values"), exact(&all, q));
                prop_assert!((got - want).abs() <= want * 0.0101, "p{q}: {got} is not {want}");
            }
        }

        #[test]
        fn what_was_added_can_be_taken_away(
            left in prop::collection::vec(0u32..60_000, 0..200),
            right in prop::collection::vec(0u32..60_000, 1..200),
        ) {
            let (before, other) = (sketch_of(&left), sketch_of(&right));
            let mut sketch = before.clone();
            sketch.merge(&other);
            prop_assert!(sketch.take(&other));
            prop_assert_eq!(&sketch, &before);
            prop_assert!(!Sketch::default().take(&other));
            prop_assert_eq!(Sketch::from_buckets(other.buckets()), other);
        }

        #[test]
        fn a_threshold_parts_what_the_sketch_can_tell_from_it(
            values in prop::collection::vec(0u32..5_000, 0..200),
            threshold in 1u32..5_000,
        ) {
            let within = sketch_of(&values).within(Bucket::of(threshold.into()));
            let at_most = |limit: f64| values.iter().filter(|value| f64::from(**value) <= limit).count() as u64;
            prop_assert!(within >= at_most(threshold.into()));
            prop_assert!(within <= at_most(f64::from(threshold) * 1.0203));
        }
    }

    #[test]
    fn an_empty_sketch_has_no_quantile() {
        assert_eq!(Sketch::default().quantile(0.95), None);
        assert_eq!(Sketch::of([0.0]).quantile(0.5), Some(0.0));
    }
}
