//! Where an instant and a ratio lie in the picture, and what is written beside the two axes.

use std::iter;

use plimsoll_domain::time::{Span, Timestamp};

/// The plot in the picture's units.
pub(crate) const LEFT: f64 = 60.0;
/// Its right edge; beyond it is room for the label of the newest value.
pub(crate) const RIGHT: f64 = 320.0;
/// Its upper edge: 100 %.
pub(crate) const TOP: f64 = 52.0;
/// Its lower edge.
pub(crate) const BOTTOM: f64 = 202.0;

/// The lowest ratio there is room for.
const DEEPEST: f64 = -1.0;
/// The chart ends at a multiple of this below zero.
const DEPTH_STEP: f64 = 0.25;

/// The shortest stretch that is drawn, so that a window that has just begun does not fill the picture.
const SHORTEST: Span = Span::hours(1);
/// The years 0 to 9999 in milliseconds: what is measured lies in them, and no sum of them overflows.
const INSTANTS: (i64, i64) = (-62_167_219_200_000, 253_402_300_799_999);

const MOST_TICKS: i64 = 5;
/// Distances of ticks in minutes. None is more than 5/3 of the one before or its double, which is why the first that
/// gives at most five ticks gives at least three.
const MINUTES: [i64; 20] = [
    15,
    20,
    30,
    60,
    2 * 60,
    3 * 60,
    6 * 60,
    12 * 60,
    DAY,
    2 * DAY,
    3 * DAY,
    5 * DAY,
    7 * DAY,
    14 * DAY,
    21 * DAY,
    30 * DAY,
    60 * DAY,
    90 * DAY,
    180 * DAY,
    360 * DAY,
];
const DAY: i64 = 24 * 60;
const MINUTE_MILLIS: i64 = 60_000;

/// The two axes of a chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Axes {
    /// The left edge.
    pub(crate) from: Timestamp,
    /// The right edge: at least an hour later.
    pub(crate) to: Timestamp,
    /// The ratio at the lower edge: 0, or as far below as is needed and there is room for.
    pub(crate) floor: f64,
}

impl Axes {
    /// The edges in time for a chart that is asked for over this stretch.
    pub(crate) fn edges(from: Timestamp, to: Timestamp) -> (Timestamp, Timestamp) {
        let within = |at: Timestamp| Timestamp::from_millis(at.millis().clamp(INSTANTS.0, INSTANTS.1));
        let from = within(from);
        (from, within(to).max(from.plus(SHORTEST)))
    }

    /// The lower edge for a chart whose least ratio is `lowest`.
    pub(crate) fn floor(lowest: f64) -> f64 {
        // Not `clamp(…).floor()` alone: it would answer -0 for 0.
        if lowest < 0.0 { ((lowest / DEPTH_STEP).floor() * DEPTH_STEP).max(DEEPEST) } else { 0.0 }
    }

    /// How far right an instant lies.
    pub(crate) fn x(&self, at: Timestamp) -> f64 {
        let share = at.millis_since(self.from) as f64 / self.to.millis_since(self.from) as f64;
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    /// How far down a ratio lies; what is off the chart lies on its edge.
    pub(crate) fn y(&self, ratio: f64) -> f64 {
        let share = (1.0 - ratio.clamp(self.floor, 1.0)) / (1.0 - self.floor);
        TOP + share * (BOTTOM - TOP)
    }

    /// The ratios that a line is drawn at, the highest first.
    pub(crate) fn levels(&self) -> impl Iterator<Item = f64> {
        [1.0, 0.5, 0.0, -0.5, -1.0].into_iter().filter(|level| *level >= self.floor)
    }

    /// Three to five instants at round times of UTC, the earliest first. Days are counted back from the right edge.
    pub(crate) fn ticks(&self) -> Vec<Timestamp> {
        let anchor = self.to.day().start();
        let double = |step: &i64| step.checked_mul(2);
        let longer = iter::successors(MINUTES.last().and_then(double), double);
        let steps = MINUTES.into_iter().chain(longer).map(|minutes| minutes * MINUTE_MILLIS);
        let between = |step: i64| {
            let first = -(anchor.millis_since(self.from).div_euclid(step));
            (step, first, self.to.millis_since(anchor).div_euclid(step))
        };
        let fits = |(_, first, last): &(i64, i64, i64)| last - first < MOST_TICKS;
        let (step, first, last) = steps.map(between).find(fits).expect("a step as long as the chart fits");
        (first..=last).map(|number| Timestamp::from_millis(anchor.millis() + number * step)).collect()
    }
}

/// What is written at a tick: the date at midnight, else the time of day.
pub(crate) fn tick_label(at: Timestamp) -> String {
    at.format(if at == at.day().start() { "%-d %b" } else { "%H:%M" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes(from: &str, to: &str) -> Axes {
        let at = |text: &str| text.parse().expect("an instant");
        let (from, to) = Axes::edges(at(from), at(to));
        Axes { from, to, floor: 0.0 }
    }

    fn labels(from: &str, to: &str) -> Vec<String> {
        axes(from, to).ticks().into_iter().map(tick_label).collect()
    }

    #[test]
    fn days_are_written_over_days_and_hours_over_hours() {
        assert_eq!(
            labels("2026-10-22T12:03:00Z", "2026-11-21T12:03:00Z"),
            ["24 Oct", "31 Oct", "7 Nov", "14 Nov", "21 Nov"]
        );
        assert_eq!(labels("2026-11-19T12:03:00Z", "2026-11-21T12:03:00Z"), ["20 Nov", "12:00", "21 Nov", "12:00"]);
        assert_eq!(labels("2026-11-21T11:03:00Z", "2026-11-21T12:03:00Z"), ["11:15", "11:30", "11:45", "12:00"]);
    }

    #[test]
    fn every_length_of_time_has_three_to_five_ticks_inside_it() {
        let from = Timestamp::from_seconds(1_794_312_345);
        let mut hours = 1;
        while hours < 40 * 366 * 24 {
            let to = from.plus(Span::hours(hours)).plus(Span::minutes(hours % 60));
            let ticks = Axes { from, to, floor: 0.0 }.ticks();
            assert!((3..=5).contains(&ticks.len()), "{hours} hours have {} ticks", ticks.len());
            assert!(ticks[0] >= from && ticks[ticks.len() - 1] <= to);
            hours += 1 + hours / 50;
        }
    }

    #[test]
    fn a_stretch_that_is_no_stretch_is_drawn_as_an_hour() {
        for (from, to) in
            [("2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z"), ("2026-11-21T12:00:00Z", "2026-11-01T00:00:00Z")]
        {
            let axes = axes(from, to);
            assert_eq!(axes.to, axes.from.plus(SHORTEST));
            assert_eq!(axes.ticks().len(), 5);
        }
        let (from, to) = Axes::edges(Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
        assert!((3..=5).contains(&Axes { from, to, floor: 0.0 }.ticks().len()));
    }

    #[test]
    fn the_chart_reaches_as_far_below_zero_as_is_needed_and_there_is_room_for() {
        let floors = [1.0, 0.0, -0.001, -0.3, -1.0, -499.0, f64::MIN].map(|lowest| Axes::floor(lowest).to_string());
        assert_eq!(floors, ["0", "0", "-0.25", "-0.5", "-1", "-1", "-1"]);
    }

    #[test]
    fn ratios_and_instants_lie_inside_the_plot() {
        let axes = Axes { floor: -1.0, ..axes("2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z") };
        let down = [1.0, 0.0, -1.0, -1e300].map(|ratio| axes.y(ratio).to_string());
        assert_eq!(down, [TOP, f64::midpoint(TOP, BOTTOM), BOTTOM, BOTTOM].map(|y| y.to_string()));
        let right = [axes.from, axes.to, Timestamp::from_millis(0)].map(|at| axes.x(at).to_string());
        assert_eq!(right, [LEFT, RIGHT, LEFT].map(|x| x.to_string()));
    }
}
