//! An SLO in one word.

use serde::{Deserialize, Serialize};

use crate::invalid::{Faults, Invalid};
use crate::slo::BurnSeverity;

/// How an SLO stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SloStatus {
    /// Enough budget, nothing fires.
    Ok,
    /// A ticket tier fires, or less than the warning share of the budget remains.
    Warning,
    /// A page tier fires, or less than the critical share of the budget remains.
    Critical,
    /// No budget remains.
    Exhausted,
}

impl SloStatus {
    /// The status as it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Exhausted => "exhausted",
        }
    }

    /// The status of an SLO with the share `remaining` of its budget left, given the tiers that fire.
    pub fn of(remaining: f64, firing: impl IntoIterator<Item = BurnSeverity>, thresholds: Thresholds) -> Self {
        let by_budget = if remaining <= 0.0 {
            Self::Exhausted
        } else if remaining < thresholds.critical {
            Self::Critical
        } else if remaining < thresholds.warning {
            Self::Warning
        } else {
            Self::Ok
        };
        let by_burn = firing.into_iter().map(|severity| match severity {
            BurnSeverity::Page => Self::Critical,
            BurnSeverity::Ticket => Self::Warning,
        });
        by_burn.fold(by_budget, Ord::max)
    }
}

/// The shares of the budget below which the status turns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Below this share remaining: `warning`.
    pub warning: f64,
    /// Below this share remaining: `critical`.
    pub critical: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { warning: 0.25, critical: 0.10 }
    }
}

impl Thresholds {
    /// Refuses shares outside 0 to 1, and a critical one above the warning one.
    pub fn validate(self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        let share = |value: f64| (0.0..=1.0).contains(&value);
        faults
            .require(share(self.warning), "/warning", || format!("expected a share from 0 to 1, got {}", self.warning));
        faults.require(share(self.critical) && self.critical <= self.warning, "/critical", || {
            format!("expected a share from 0 to warning ({}), got {}", self.warning, self.critical)
        });
        faults.finish()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::untouched(1.0, None, SloStatus::Ok)]
    #[case::at_the_warning_share(0.25, None, SloStatus::Ok)]
    #[case::below_it(0.249, None, SloStatus::Warning)]
    #[case::below_the_critical_share(0.099, None, SloStatus::Critical)]
    #[case::used_up(0.0, None, SloStatus::Exhausted)]
    #[case::a_ticket_fires(0.9, Some(BurnSeverity::Ticket), SloStatus::Warning)]
    #[case::a_page_fires(0.9, Some(BurnSeverity::Page), SloStatus::Critical)]
    #[case::used_up_and_a_page_fires(-3.0, Some(BurnSeverity::Page), SloStatus::Exhausted)]
    fn the_worse_of_budget_and_burn_decides(
        #[case] remaining: f64,
        #[case] firing: Option<BurnSeverity>,
        #[case] expected: SloStatus,
    ) {
        assert_eq!(SloStatus::of(remaining, firing, Thresholds::default()), expected);
    }
}
