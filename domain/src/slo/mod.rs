//! Service level objectives: what is promised, how much of the error budget is left, how fast it goes.
//!
//! Everything is computed from counts of good and valid events over windows, so that anyone can add it up again.

pub mod backtest;
pub mod budget;
pub mod burn;
pub mod config;
pub mod explain;
pub mod measurement;
pub mod objective;
pub mod public;
pub mod sli;
pub mod status;
pub mod window;

pub use budget::Budget;
pub use burn::{BurnSeverity, Tier, TierReading};
pub use config::{Scope, Slo, SloConfig};
pub use measurement::{Measurement, Promise, Quantiles, Step, WindowTotals, measure};
pub use objective::Objective;
pub use sli::{Judge, SliKind, Source};
pub use status::{SloStatus, Thresholds};
pub use window::{CalendarUnit, Window, Zone};

use crate::rollup::Counts;

/// Good and valid events of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sli {
    /// Events that were as promised.
    pub good: u64,
    /// Events that count at all.
    pub valid: u64,
}

impl Sli {
    /// Operational and degraded are good, down is bad; unknown is neither. Maintenance counts only when the SLO says so.
    pub fn of(counts: &Counts, count_maintenance: bool) -> Self {
        let tally = if count_maintenance { counts.all() } else { counts.normal };
        Self { good: tally.good(), valid: tally.known() }
    }

    /// Events that were not as promised.
    pub const fn bad(self) -> u64 {
        self.valid - self.good
    }

    /// good ÷ valid; `None` when nothing is valid.
    pub fn ratio(self) -> Option<f64> {
        (self.valid > 0).then(|| self.good as f64 / self.valid as f64)
    }

    /// bad ÷ valid; `None` when nothing is valid.
    pub fn bad_fraction(self) -> Option<f64> {
        (self.valid > 0).then(|| self.bad() as f64 / self.valid as f64)
    }
}
