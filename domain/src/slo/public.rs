//! What the public sees of an SLO: how its error budget went down, and what remains.

use serde::{Deserialize, Serialize};

use crate::ids::{ComponentId, SloType};
use crate::slo::{Measurement, Slo, SloStatus, Window};
use crate::time::{Interval, Span, Timestamp};

/// Most points of a series; there may be one more at each end.
const POINTS: i64 = 120;

/// One point of a burn-down.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BurndownPoint {
    /// When it was so.
    pub at: Timestamp,
    /// 1 when the budget is untouched, 0 when it is used up; `None` when nothing was known.
    pub remaining_ratio: Option<f64>,
}

/// A public SLO, on the snapshot of its tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PublicSlo {
    /// Its name.
    pub slo_type: SloType,
    /// What is promised.
    pub objective: f64,
    /// Over which window.
    pub window: Window,
    /// Which components it speaks of.
    pub components: Vec<ComponentId>,
    /// good ÷ valid, to a thousandth of a percent; `None` when there is no data.
    pub sli: Option<f64>,
    /// What remains of the budget, to a tenth of a percent.
    pub remaining_ratio: Option<f64>,
    /// In one word.
    pub status: Option<SloStatus>,
    /// How much of the window is known, to a percent.
    pub coverage: f64,
    /// How the budget went down over the window, the oldest first.
    pub series: Vec<BurndownPoint>,
}

/// How a budget went down over its window, followed from tick to tick: a point for each hundredth or so of the window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Burndown(Vec<BurndownPoint>);

impl Burndown {
    /// Goes on to a newer measurement.
    pub fn follow(&mut self, measured: &Measurement, interval: Interval) {
        let step = (measured.length.seconds() / POINTS).max(interval.seconds());
        let bucket = |at: Timestamp| (at.millis() - 1).div_euclid(step * 1_000);
        let remaining_ratio = measured.budget.map(|budget| round(budget.remaining_ratio, 1_000.0));
        let point = BurndownPoint { at: measured.at, remaining_ratio };
        if self.0.last().is_none_or(|last| bucket(last.at) < bucket(point.at)) {
            self.0.push(point);
        }
        let start = measured.window.start(measured.at).minus(Span::from_seconds(step));
        self.0.retain(|point| point.at >= start);
    }

    /// Its points, the oldest first.
    pub fn points(&self) -> &[BurndownPoint] {
        &self.0
    }
}

impl PublicSlo {
    /// What the public sees of `slo`. Figures are rounded, so that what they say changes only when somebody could see it.
    pub fn of(slo: &Slo, components: Vec<ComponentId>, measured: &Measurement, burndown: &Burndown) -> Self {
        Self {
            slo_type: slo.slo_type.clone(),
            objective: slo.objective.ratio(),
            window: slo.window,
            components,
            sli: measured.sli().map(|sli| round(sli, 100_000.0)),
            remaining_ratio: measured.budget.map(|budget| round(budget.remaining_ratio, 1_000.0)),
            status: measured.status,
            coverage: round(measured.coverage, 100.0),
            series: burndown.0.clone(),
        }
    }
}

fn round(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}
