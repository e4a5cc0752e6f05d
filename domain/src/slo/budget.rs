//! The error budget: how many bad events the objective allows, and how much of that is used.

use serde::{Deserialize, Serialize};

use crate::slo::{Objective, Sli};

/// The error budget of a window that holds data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Bad events the objective allows among the valid ones: (1 − objective) × valid.
    pub total: f64,
    /// Bad events there were.
    pub consumed: f64,
    /// 1 − consumed ÷ total: 1 when untouched, 0 when used up, negative when overdrawn. Finite.
    pub remaining_ratio: f64,
}

impl Budget {
    /// The budget of `sli` under `objective`; `None` when nothing is valid.
    pub fn of(sli: Sli, objective: Objective) -> Option<Self> {
        let bad_fraction = sli.bad_fraction()?;
        Some(Self {
            total: objective.allowed() * sli.valid as f64,
            consumed: sli.bad() as f64,
            remaining_ratio: 1.0 - bad_fraction / objective.allowed(),
        })
    }

    /// The same budget in whole events, where it was reckoned in parts of them.
    #[must_use]
    pub fn in_events(self, parts: u64) -> Self {
        let parts = parts as f64;
        Self { total: self.total / parts, consumed: self.consumed / parts, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64) -> bool {
        (got - want).abs() < 1e-9
    }

    #[test]
    fn one_bad_minute_of_thirty_days_uses_a_forty_third_of_three_nines() {
        let sli = Sli { good: 43_199, valid: 43_200 };
        let budget = Budget::of(sli, Objective::THREE_NINES).expect("there is data");
        assert!(close(budget.total, 43.2) && close(budget.consumed, 1.0));
        assert!(close(budget.remaining_ratio, 1.0 - 1.0 / 43.2));
    }

    #[test]
    fn a_budget_that_is_used_up_to_the_last_event_is_used_up() {
        for (objective, good, valid) in [(0.999, 999, 1_000), (0.7, 7, 10), (0.9, 90, 100), (0.9995, 9_995, 10_000)] {
            let objective = Objective::new(objective).expect("valid");
            let budget = Budget::of(Sli { good, valid }, objective).expect("there is data");
            assert!(budget.remaining_ratio <= 0.0 && close(budget.remaining_ratio, 0.0), "{objective}: {budget:?}");
        }
    }

    #[test]
    fn an_overdrawn_budget_is_negative_and_no_data_is_no_budget() {
        let budget = Budget::of(Sli { good: 1, valid: 2 }, Objective::THREE_NINES).expect("there is data");
        assert!(close(budget.remaining_ratio, -499.0));
        assert_eq!(Budget::of(Sli::default(), Objective::THREE_NINES), None);
    }
}
