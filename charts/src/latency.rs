//! How fast something answered, hour by hour: one line that half of the answers kept, and one that most of them kept.
//!
//! All its words are the caller's, in whatever language; what is drawn here are places. An hour that is missing is a gap in
//! both lines, never a line through it.

use std::fmt::Write;

use askama::Template;
use plimsoll_domain::time::{Span, Timestamp};

use crate::curve::unit;
use crate::words::clean;

/// The plot in the picture's units, as its template has them.
const LEFT: f64 = 48.0;
const RIGHT: f64 = 318.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 134.0;
/// From a line's end to its name.
const LABEL_GAP: f64 = 6.0;
/// How far apart two names stand at least.
const LABEL_HEIGHT: f64 = 12.0;
/// Lines across the plot, at most, besides the lowest.
const MOST_LEVELS: u32 = 4;
const HALF_AN_HOUR: Span = Span::minutes(30);
/// Hours this far from each other are neighbours.
const HOUR_MILLIS: i64 = 3_600_000;
/// Most hours that are drawn: the newest of them.
const MOST_HOURS: usize = 24 * 31;

/// How fast something answered over one stretch of time.
#[derive(Clone, Copy, Debug)]
pub struct Latency<'a> {
    /// What the picture is called.
    pub title: &'a str,
    /// Its figures in words, for who does not see it.
    pub described: &'a str,
    /// The left edge.
    pub from: Timestamp,
    /// The right edge; at least an hour after `from` is drawn.
    pub to: Timestamp,
    /// Hours in which something was timed, the oldest first.
    pub points: &'a [Quantiles],
    /// Instants that are marked on the lower edge, each with what is written there.
    pub marks: &'a [(Timestamp, String)],
    /// What stands at the ends of the lines: of half the answers, and of 95 % of them. A few letters each.
    pub names: [&'a str; 2],
}

/// How fast something answered in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantiles {
    /// When the hour began.
    pub at: Timestamp,
    /// Half of the answers took at most so many ms.
    pub p50_ms: u32,
    /// 95 % of the answers took at most so many ms.
    pub p95_ms: u32,
}

/// Draws the chart as an SVG element that the page around it styles: no style element, no style attribute.
pub fn latency(chart: &Latency<'_>) -> String {
    Picture::of(chart).render().expect("a template of plain values renders")
}

#[derive(Template)]
#[template(path = "latency.svg")]
struct Picture {
    title: String,
    described: String,
    levels: Vec<Level>,
    marks: Vec<Mark>,
    half: Line,
    most: Line,
    /// How far right the names stand.
    end: String,
}

struct Level {
    y: String,
    label: String,
}

struct Mark {
    x: String,
    label: String,
}

struct Line {
    path: String,
    label_y: String,
    name: String,
}

#[derive(Clone, Copy)]
struct Frame {
    from: Timestamp,
    millis: f64,
    top: f64,
}

impl Frame {
    fn x(&self, at: Timestamp) -> f64 {
        let share = at.millis_since(self.from) as f64 / self.millis;
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    fn y(&self, ms: u32) -> f64 {
        BOTTOM - (f64::from(ms) / self.top).clamp(0.0, 1.0) * (BOTTOM - TOP)
    }
}

impl Picture {
    fn of(chart: &Latency<'_>) -> Self {
        let points = inside(chart);
        let (step, top) = scale(points.iter().map(|point| point.p95_ms.max(point.p50_ms)).max().unwrap_or(0));
        let millis = chart.to.millis_since(chart.from).max(HOUR_MILLIS) as f64;
        let frame = Frame { from: chart.from, millis, top: f64::from(top) };
        let level = |at: u32| Level { y: unit(frame.y(at)), label: label(at, step) };
        let mark = |(at, label): &(Timestamp, String)| Mark { x: unit(frame.x(*at)), label: clean(label) };
        let last = points.last();
        let [half_y, most_y] = apart(last.map_or([BOTTOM; 2], |last| [frame.y(last.p50_ms), frame.y(last.p95_ms)]));
        let line = |value: fn(&Quantiles) -> u32, y: f64, name: &str| Line {
            path: path(&points, &frame, value),
            label_y: unit(y),
            name: if last.is_some() { clean(name) } else { String::new() },
        };
        Self {
            title: clean(chart.title),
            described: clean(chart.described),
            levels: (0..=top / step).map(|number| level(number * step)).collect(),
            marks: chart.marks.iter().filter(|(at, _)| (chart.from..=chart.to).contains(at)).map(mark).collect(),
            half: line(|point| point.p50_ms, half_y, chart.names[0]),
            most: line(|point| point.p95_ms, most_y, chart.names[1]),
            end: unit(last.map_or(LEFT, |last| frame.x(last.at.plus(HALF_AN_HOUR))) + LABEL_GAP),
        }
    }
}

/// The points of the stretch, in order.
fn inside(chart: &Latency<'_>) -> Vec<Quantiles> {
    let mut points: Vec<_> =
        chart.points.iter().filter(|point| (chart.from..chart.to).contains(&point.at)).copied().collect();
    points.sort_by_key(|point| point.at);
    points.split_off(points.len().saturating_sub(MOST_HOURS))
}

/// The distance of two lines across, and the highest of them: round figures, and few.
fn scale(most: u32) -> (u32, u32) {
    let round = (0..9).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u32.pow(power)));
    let fits = |step: &u32| most.div_ceil(*step).max(1) <= MOST_LEVELS;
    // What takes longer than this was never timed: probes give up long before.
    let step = round.filter(|step| *step >= 5).find(fits).unwrap_or(500_000_000);
    (step, (most.div_ceil(step).clamp(1, MOST_LEVELS)) * step)
}

fn label(ms: u32, step: u32) -> String {
    if step >= 1_000 { format!("{} s", ms / 1_000) } else { format!("{ms} ms") }
}

/// The same places, far enough from each other for what is written there.
fn apart([half, most]: [f64; 2]) -> [f64; 2] {
    let lacking = (LABEL_HEIGHT - (half - most)).max(0.0) / 2.0;
    let [half, most] = [half + lacking, most - lacking];
    let below = (half - BOTTOM).max(0.0);
    let above = (TOP - most).max(0.0);
    [half - below + above, most - below + above]
}

fn path(points: &[Quantiles], frame: &Frame, value: fn(&Quantiles) -> u32) -> String {
    let mut path = String::new();
    for run in points.chunk_by(|a, b| b.at.millis_since(a.at) <= HOUR_MILLIS) {
        let mut go = |command: char, point: &Quantiles| {
            let (x, y) = (frame.x(point.at.plus(HALF_AN_HOUR)), frame.y(value(point)));
            write!(path, "{command}{} {}", unit(x), unit(y)).expect("a string takes what is written");
        };
        for (index, point) in run.iter().enumerate() {
            go(if index == 0 { 'M' } else { 'L' }, point);
        }
        if let [only] = run {
            // A line of no length with round ends is a dot.
            go('L', only);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_across_stand_at_few_round_figures() {
        let scales = [0, 3, 84, 240, 1_390, 2_100, 30_000, u32::MAX].map(scale);
        let want = [
            (5, 5),
            (5, 5),
            (50, 100),
            (100, 300),
            (500, 1_500),
            (1_000, 3_000),
            (10_000, 30_000),
            (500_000_000, 2_000_000_000),
        ];
        assert_eq!(scales, want);
        assert_eq!((label(1_500, 500), label(3_000, 1_000)), ("1500 ms".to_owned(), "3 s".to_owned()));
    }

    #[test]
    fn names_of_lines_never_lie_on_each_other_or_outside() {
        let mut half = TOP;
        while half <= BOTTOM {
            let [below, above] = apart([half, half]);
            assert!(below - above >= LABEL_HEIGHT - 1e-9 && above >= TOP - 1e-9 && below <= BOTTOM + 1e-9, "{half}");
            half += 1.0;
        }
    }
}
