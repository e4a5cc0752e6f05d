//! One chart as the template wants it: texts, and places in the picture's units.

use crate::axes::{Axes, BOTTOM, RIGHT};
use crate::curve::{Curve, unit};
use crate::series::{Known, Series};
use crate::{Burndown, Phrases, words};

/// How wide a chart is, in its own units.
pub(crate) const WIDTH: u32 = 384;

/// Height of a chart without a second line under it.
const HEIGHT: u32 = 246;
/// Height of that line.
const NOTE: u32 = 18;
/// Height of the band for the marks of a line that leaves the chart.
const LOWER: u32 = 8;
/// From the lower edge to the texts under it.
const UNDER: f64 = 2.0;
/// From the dot at the line's end to its label.
const LABEL_GAP: f64 = 5.0;
/// From the zero line to a label that would lie on it.
const CLEAR_OF_ZERO: f64 = 9.0;

/// Everything a chart shows.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) height: u32,
    /// In full.
    pub(crate) title: String,
    /// As far as there is room.
    pub(crate) short_title: String,
    /// What remains, in a sentence.
    pub(crate) said: String,
    /// The figures in words, for who does not see the chart.
    pub(crate) described: String,
    pub(crate) levels: Vec<Level>,
    pub(crate) ticks: Vec<Tick>,
    pub(crate) curve: Curve,
    /// How far down the zero line lies.
    pub(crate) zero: String,
    /// The line's end; `None` when there is no line.
    pub(crate) end: Option<End>,
    /// Where the texts under the plot begin.
    pub(crate) under: String,
    pub(crate) range: String,
    /// That the line goes lower, and how many gaps there are.
    pub(crate) notes: String,
    /// What stands at the zero line.
    pub(crate) used_up: String,
    /// What stands where no line is.
    pub(crate) no_data: String,
}

/// A line across the plot.
#[derive(Clone, Debug)]
pub(crate) struct Level {
    pub(crate) y: String,
    pub(crate) label: String,
    pub(crate) is_zero: bool,
}

/// An instant on the lower edge.
#[derive(Clone, Debug)]
pub(crate) struct Tick {
    pub(crate) x: String,
    pub(crate) label: String,
}

/// The newest value.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) x: String,
    pub(crate) y: String,
    /// Whether it is on the chart, and has a dot.
    pub(crate) visible: bool,
    pub(crate) label_x: String,
    pub(crate) label_y: String,
    pub(crate) label: String,
}

impl View {
    /// What `chart` shows, in these words.
    pub(crate) fn of(chart: &Burndown<'_>, phrases: &dyn Phrases) -> Self {
        let (from, to) = Axes::edges(chart.from, chart.to);
        let series = Series::of(chart, from, to);
        let facts = series.facts.as_ref();
        let drawn = series.runs.iter().flatten().map(|known| known.ratio);
        let axes = Axes { from, to, floor: Axes::floor(drawn.fold(0.0, f64::min)) };
        let curve = Curve::of(&series, &axes);
        let goes_lower = !curve.lower.is_empty();
        let lower = if goes_lower { LOWER } else { 0 };
        let lowest = facts.filter(|_| goes_lower).map(|facts| phrases.lower(&words::percent(facts.lowest.ratio)));
        let gaps = facts.map(|facts| facts.gaps).filter(|gaps| *gaps > 0);
        let notes: Vec<_> = lowest.into_iter().chain(gaps.map(|gaps| phrases.gaps(gaps))).collect();
        let title = words::clean(chart.title);
        Self {
            height: HEIGHT + lower + if notes.is_empty() { 0 } else { NOTE },
            short_title: words::shortened(&title),
            said: words::said(facts),
            described: words::described(facts, from, to),
            levels: axes.levels().map(|level| Level::of(level, &axes, phrases)).collect(),
            ticks: axes.ticks().into_iter().map(|at| Tick { x: unit(axes.x(at)), label: phrases.tick(at) }).collect(),
            zero: unit(axes.y(0.0)),
            end: facts.map(|facts| End::of(facts.last, &axes, phrases.figure(facts.now.unwrap_or(facts.last.ratio)))),
            under: unit(BOTTOM + UNDER + f64::from(lower)),
            range: phrases.range(from, to),
            notes: notes.join(" · "),
            used_up: phrases.used_up(),
            no_data: phrases.no_data(),
            title,
            curve,
        }
    }
}

impl Level {
    fn of(ratio: f64, axes: &Axes, phrases: &dyn Phrases) -> Self {
        let label = phrases.figure(ratio);
        Self { y: unit(axes.y(ratio)), label, is_zero: ratio == 0.0 }
    }
}

impl End {
    fn of(last: Known, axes: &Axes, label: String) -> Self {
        let (x, y, zero) = (axes.x(last.at), axes.y(last.ratio), axes.y(0.0));
        let on_zero = x < RIGHT && (y - zero).abs() < CLEAR_OF_ZERO;
        Self {
            x: unit(x),
            y: unit(y),
            visible: last.ratio >= axes.floor,
            label_x: unit(x + LABEL_GAP),
            label_y: unit(if on_zero { zero - CLEAR_OF_ZERO } else { y }),
            label,
        }
    }
}
