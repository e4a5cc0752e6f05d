//! Latencies of an hour or a day, as a mergeable sketch with 1 % relative error.
//!
//! A `DDSketch` (Masson, Rim, Lee, VLDB 2019) keeps its error whatever is merged with whatever, in any order, which a
//! percentile of percentiles does not. Kept as the sketch's own published binary form, so that any reader of it can.

use sketches_ddsketch::{Config, DDSketch};

/// A distribution of latencies in milliseconds.
#[derive(Clone)]
pub struct Sketch(DDSketch);

impl Default for Sketch {
    fn default() -> Self {
        Self(DDSketch::new(Config::defaults()))
    }
}

impl std::fmt::Debug for Sketch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sketch({} values, p50 {:?} ms)", self.count(), self.quantile(0.5))
    }
}

impl PartialEq for Sketch {
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

impl Sketch {
    /// Adds one latency in milliseconds.
    pub fn add(&mut self, latency_ms: u32) {
        self.0.add(f64::from(latency_ms));
    }

    /// Adds all that `other` holds.
    pub fn merge(&mut self, other: &Self) {
        self.0.merge(&other.0).expect("every sketch here has the default configuration");
    }

    /// How many latencies it holds.
    pub fn count(&self) -> usize {
        self.0.count()
    }

    /// The latency in milliseconds below which the share `q` (0 to 1) lies, within 1 %; `None` when it holds nothing.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.0.quantile(q).ok().flatten()
    }

    /// The sketch in `DDSketch`'s own binary form; empty when it holds nothing.
    pub fn to_bytes(&self) -> Vec<u8> {
        if self.count() == 0 { Vec::new() } else { self.0.to_java_bytes() }
    }

    /// Reads [`Self::to_bytes`] back; the error says why it cannot be read.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        DDSketch::from_java_bytes(bytes).map(Self).map_err(|error| format!("not a latency sketch: {error:?}"))
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

    proptest! {
        #[test]
        fn merged_sketches_keep_quantiles_within_one_percent(
            left in prop::collection::vec(1u32..60_000, 1..300),
            right in prop::collection::vec(1u32..60_000, 0..300),
        ) {
            let sketch_of = |values: &[u32]| {
                let mut sketch = Sketch::default();
                for value in values {
                    sketch.add(*value);
                }
                sketch
            };
            let mut merged = sketch_of(&left);
            merged.merge(&Sketch::from_bytes(&sketch_of(&right).to_bytes()).expect("reads back"));
            let mut all = [left, right].concat();
            all.sort_unstable();
            prop_assert_eq!(merged.count(), all.len());
            for q in [0.5, 0.95, 0.99] {
                let (got, want) = (merged.quantile(q).expect("has values"), exact(&all, q));
                prop_assert!((got - want).abs() <= want * 0.011, "p{q}: {got} is not {want}");
            }
        }
    }

    #[test]
    fn an_empty_sketch_has_no_quantile() {
        assert_eq!(Sketch::default().quantile(0.95), None);
        assert!(Sketch::from_bytes(b"junk").is_err());
    }
}
