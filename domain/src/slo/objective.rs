//! The promise itself: a ratio strictly between 0 and 1.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// The share of valid events that must be good, e.g. 0.999. Never 1: that leaves no budget to measure.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Objective(f64);

impl Objective {
    /// Three nines: the default for availability.
    pub const THREE_NINES: Self = Self(0.999);

    /// An objective of `ratio`; the error says what was expected, and guesses what was meant.
    pub fn new(ratio: f64) -> Result<Self, String> {
        if ratio.is_finite() && ratio > 0.0 && ratio < 1.0 {
            return Ok(Self(ratio));
        }
        let mut message = format!("expected a ratio above 0 and below 1, such as 0.999, got {ratio}");
        if ratio > 1.0 && ratio < 100.0 {
            let decimals = ratio.to_string().split_once('.').map_or(0, |(_, fraction)| fraction.len());
            message = format!("{message}: for {ratio} % write {:.*}", decimals + 2, ratio / 100.0);
        } else if ratio >= 1.0 {
            message = format!("{message}: an objective of 100 % leaves no error budget");
        }
        Err(message)
    }

    /// The ratio.
    pub const fn ratio(self) -> f64 {
        self.0
    }

    /// 1 − objective: the share of valid events that may be bad. It is reckoned in decimals, as people write it: 0.001
    /// of 0.999, so that one bad event of a thousand uses the budget up, and not all but a last bit of it.
    pub fn allowed(self) -> f64 {
        let (binary, decimals) = (1.0 - self.0, 1e12);
        let decimal = (binary * decimals).round() / decimals;
        if decimal > 0.0 { decimal } else { binary }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Objective {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objective_is_a_ratio_and_the_error_says_what_was_meant() {
        assert!(Objective::new(0.999).is_ok());
        let message = |ratio| Objective::new(ratio).expect_err("refused");
        assert!(message(99.9).ends_with("for 99.9 % write 0.999"), "{}", message(99.9));
        assert!(message(99.95).ends_with("write 0.9995"));
        assert!(message(1.0).contains("no error budget") && message(100.0).contains("no error budget"));
        for wrong in [0.0, -0.5, f64::NAN, f64::INFINITY] {
            assert!(Objective::new(wrong).is_err(), "{wrong}");
        }
    }
}
