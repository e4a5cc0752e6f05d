//! What is written in a burn-down chart, in whatever language.

use plimsoll_domain::time::Timestamp;

use crate::{axes, words};

/// The words of a chart; all of them short.
pub trait Phrases {
    /// At the zero line.
    fn used_up(&self) -> String;
    /// Where no line is.
    fn no_data(&self) -> String;
    /// The stretch of time under the chart.
    fn range(&self, from: Timestamp, to: Timestamp) -> String;
    /// In how many stretches nothing was known: one at least.
    fn gaps(&self, count: usize) -> String;
    /// That the line goes lower than is drawn, down to this figure.
    fn lower(&self, figure: &str) -> String;
    /// At an instant on the lower edge: a date at midnight UTC, else a time.
    fn tick(&self, at: Timestamp) -> String;
    /// A ratio in at most 7 characters: `63 %`.
    fn figure(&self, ratio: f64) -> String {
        words::short_percent(ratio)
    }
}

/// The words of a chart that stands alone.
pub(crate) struct English;

impl Phrases for English {
    fn used_up(&self) -> String {
        "used up".to_owned()
    }

    fn no_data(&self) -> String {
        "No data".to_owned()
    }

    fn range(&self, from: Timestamp, to: Timestamp) -> String {
        words::range(from, to)
    }

    fn gaps(&self, count: usize) -> String {
        words::gaps(count).unwrap_or_default()
    }

    fn lower(&self, figure: &str) -> String {
        format!("▼ lower than drawn: {figure}")
    }

    fn tick(&self, at: Timestamp) -> String {
        axes::tick_label(at)
    }
}
