//! Burn rates and the tiers that fire on them (the multi-window, multi-burn-rate method of the SRE workbook, chapter 5).

use serde::{Deserialize, Serialize};

use crate::invalid::{Faults, Invalid};
use crate::slo::window::Window;
use crate::slo::{Objective, Sli};
use crate::time::{Span, Timestamp};

/// The windows over which every SLO's burn rate is shown, beside its own.
pub const BURN_WINDOWS: [Span; 7] =
    [Span::minutes(5), Span::minutes(30), Span::hours(1), Span::hours(2), Span::hours(6), Span::days(1), Span::days(3)];

/// What a firing tier asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BurnSeverity {
    /// Wake somebody.
    Page,
    /// Look at it in working hours.
    Ticket,
}

impl BurnSeverity {
    /// The severity as it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }
}

/// A pair of windows and the share of the budget whose loss in the long one is too much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tier {
    /// The window whose loss matters.
    pub long: Span,
    /// The window that tells whether it is still going on.
    pub short: Span,
    /// The share of the whole budget, e.g. 0.02.
    pub budget_share: f64,
    /// What it asks for.
    pub severity: BurnSeverity,
}

/// The default tiers, the fastest first.
pub const DEFAULT_TIERS: [Tier; 4] = [
    Tier { long: Span::hours(1), short: Span::minutes(5), budget_share: 0.02, severity: BurnSeverity::Page },
    Tier { long: Span::hours(6), short: Span::minutes(30), budget_share: 0.05, severity: BurnSeverity::Page },
    Tier { long: Span::days(1), short: Span::hours(2), budget_share: 0.10, severity: BurnSeverity::Ticket },
    Tier { long: Span::days(3), short: Span::hours(6), budget_share: 0.10, severity: BurnSeverity::Ticket },
];

impl Tier {
    /// The burn rate above which it fires: budget share × window ÷ long window.
    pub fn factor(&self, window: Span) -> f64 {
        self.budget_share * window.seconds() as f64 / self.long.seconds() as f64
    }

    pub(super) fn validate(&self, window: Window) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        let whole = |span: Span| span.seconds() > 0 && span.seconds() % 60 == 0;
        faults.require(whole(self.long) && self.long <= window.shortest(), "/long", || {
            format!("expected whole minutes, at most the SLO's window ({window}), got {}", self.long)
        });
        faults.require(whole(self.short) && self.short < self.long, "/short", || {
            format!("expected whole minutes, less than the long window ({}), got {}", self.long, self.short)
        });
        faults.require(self.budget_share > 0.0 && self.budget_share <= 1.0, "/budget_share", || {
            format!("expected a share above 0 and at most 1, got {}", self.budget_share)
        });
        faults.finish()
    }
}

/// How fast the budget goes: 1 uses it up exactly at the end of the window. `None` when nothing is valid.
pub fn burn_rate(sli: Sli, objective: Objective) -> Option<f64> {
    Some(sli.bad_fraction()? / objective.allowed())
}

/// What a tier sees at one tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TierView {
    /// Events of the long window.
    pub long: Sli,
    /// Events of the short window.
    pub short: Sli,
    /// Whether samples reach back over the whole long window.
    pub full_history: bool,
}

/// A tier's state after one tick.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TierReading {
    /// Its long window.
    pub long: Span,
    /// Its short window.
    pub short: Span,
    /// The burn rate above which it fires.
    pub factor: f64,
    /// What it asks for.
    pub severity: BurnSeverity,
    /// Since when it fires; `None` when it does not.
    pub firing_since: Option<Timestamp>,
    /// Whether it fires while a faster tier does, and so should not be heard.
    pub quiet: bool,
}

impl Tier {
    /// The state after `view`, given that it fired since `firing_since` before. Fires when both windows burn too fast,
    /// resolves when the long one no longer does, and stays as it was when either window holds no data.
    pub fn step(
        &self,
        firing_since: Option<Timestamp>,
        view: &TierView,
        terms: &BurnTerms,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let (Some(long), Some(short)) = (burn_rate(view.long, terms.objective), burn_rate(view.short, terms.objective))
        else {
            return firing_since;
        };
        let factor = self.factor(terms.window);
        if firing_since.is_some() {
            return firing_since.filter(|_| long > factor);
        }
        let enough = view.full_history && view.long.bad() >= terms.minimum_bad;
        (enough && long > factor && short > factor).then_some(at)
    }
}

/// The parts of an SLO that its tiers need.
#[derive(Clone, Copy, Debug)]
pub struct BurnTerms {
    /// What is promised.
    pub objective: Objective,
    /// How long its whole window is.
    pub window: Span,
    /// Bad events that the long window must hold before a tier fires.
    pub minimum_bad: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: BurnTerms = BurnTerms { objective: Objective::THREE_NINES, window: Span::days(30), minimum_bad: 2 };

    fn view(long: (u64, u64), short: (u64, u64)) -> TierView {
        let sli = |(bad, valid): (u64, u64)| Sli { good: valid - bad, valid };
        TierView { long: sli(long), short: sli(short), full_history: true }
    }

    #[test]
    fn the_default_factors_of_thirty_days_are_those_of_the_workbook() {
        let factors: Vec<_> = DEFAULT_TIERS.iter().map(|tier| tier.factor(Span::days(30))).collect();
        for (got, want) in factors.iter().zip([14.4, 6.0, 3.0, 1.0]) {
            assert!((got - want).abs() < 1e-9, "{got} is not {want}");
        }
    }

    #[test]
    fn one_bad_minute_burns_fast_but_wakes_nobody() {
        let at = Timestamp::from_seconds(0);
        let rate = burn_rate(Sli { good: 59, valid: 60 }, Objective::THREE_NINES).expect("there is data");
        assert!(rate > 14.4);
        assert_eq!(DEFAULT_TIERS[0].step(None, &view((1, 60), (1, 5)), &TERMS, at), None);
        assert_eq!(DEFAULT_TIERS[0].step(None, &view((2, 60), (2, 5)), &TERMS, at), Some(at));
    }

    #[test]
    fn both_windows_fire_the_long_one_resolves_and_missing_data_freezes() {
        let (before, at) = (Timestamp::from_seconds(0), Timestamp::from_seconds(60));
        let step = |since, view: TierView| DEFAULT_TIERS[0].step(since, &view, &TERMS, at);
        assert_eq!(step(None, view((3, 60), (0, 5))), None, "the short window is calm");
        assert_eq!(step(Some(before), view((3, 60), (0, 5))), Some(before), "the long window still burns");
        assert_eq!(step(Some(before), view((0, 60), (0, 5))), None, "the long window is calm");
        assert_eq!(step(Some(before), view((0, 55), (0, 0))), Some(before), "nothing is known of the short window");
        let young = TierView { full_history: false, ..view((3, 60), (3, 5)) };
        assert_eq!(step(None, young), None, "history is too short");
    }
}
