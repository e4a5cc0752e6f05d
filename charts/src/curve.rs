//! The line, the areas between it and the zero line, and the marks where it leaves the chart, as SVG path data.
//!
//! Where the line crosses the zero line or the lower edge, a point is put in. So each area ends exactly there and no clip
//! path is needed, whose id would have to be unique on a page that holds several charts.

use std::fmt::Write;

use crate::axes::{Axes, BOTTOM};
use crate::series::{Known, Series};

/// Two marks nearer than this are one.
const MARK_DISTANCE: f64 = 12.0;

/// Path data in the picture's units; empty when there is nothing of the kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Curve {
    /// The line where it is on the chart.
    pub(crate) line: String,
    /// The area between it and the zero line, above: what is left.
    pub(crate) left: String,
    /// The same below: what is overdrawn.
    pub(crate) over: String,
    /// A triangle under each place where the line is lower than the chart.
    pub(crate) lower: String,
}

/// A place on the line: how far right, and the ratio there.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    x: f64,
    ratio: f64,
}

impl Curve {
    /// The curve of `series` on these axes.
    pub(crate) fn of(series: &Series, axes: &Axes) -> Self {
        let mut curve = Self::default();
        for run in &series.runs {
            let run = crossed(&crossed(&places(run, axes), 0.0), axes.floor);
            for piece in run.chunk_by(|a, b| (a.ratio < axes.floor) == (b.ratio < axes.floor)) {
                if piece[0].ratio >= axes.floor {
                    line(&mut curve.line, piece, axes);
                }
            }
            area(&mut curve.left, &run, axes, |ratio| ratio.max(0.0));
            area(&mut curve.over, &run, axes, |ratio| ratio.min(0.0));
        }
        for x in marks(series, axes) {
            mark(&mut curve.lower, x);
        }
        curve
    }
}

/// A number of the picture, to a tenth of a unit.
pub(crate) fn unit(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map(ToOwned::to_owned).unwrap_or(text)
}

fn places(run: &[Known], axes: &Axes) -> Vec<Place> {
    run.iter().map(|known| Place { x: axes.x(known.at), ratio: known.ratio }).collect()
}

/// The same line with a place put in wherever it crosses `level`.
fn crossed(run: &[Place], level: f64) -> Vec<Place> {
    let mut with = Vec::with_capacity(run.len());
    for (index, place) in run.iter().enumerate() {
        if let Some(before) = index.checked_sub(1).map(|before| run[before])
            && (before.ratio < level) != (place.ratio < level)
        {
            let share = (level - before.ratio) / (place.ratio - before.ratio);
            with.push(Place { x: before.x + share * (place.x - before.x), ratio: level });
        }
        with.push(*place);
    }
    with
}

fn go(path: &mut String, command: char, x: f64, y: f64) {
    write!(path, "{command}{} {}", unit(x), unit(y)).expect("a string takes what is written");
}

fn line(path: &mut String, piece: &[Place], axes: &Axes) {
    for (index, place) in piece.iter().enumerate() {
        go(path, if index == 0 { 'M' } else { 'L' }, place.x, axes.y(place.ratio));
    }
    if let [only] = piece {
        // A line of no length with round ends is a dot.
        go(path, 'L', only.x, axes.y(only.ratio));
    }
}

/// The area between the line and the zero line on one side of it. Places on the other side are left out: the outline then
/// runs along the zero line, from crossing to crossing.
fn area(path: &mut String, run: &[Place], axes: &Axes, side: impl Fn(f64) -> f64) {
    let outline: Vec<_> = run.iter().filter(|place| side(place.ratio) != 0.0 || place.ratio == 0.0).collect();
    let [first, .., last] = outline[..] else { return };
    if outline.iter().all(|place| place.ratio == 0.0) {
        return;
    }
    go(path, 'M', first.x, axes.y(0.0));
    for place in outline {
        go(path, 'L', place.x, axes.y(side(place.ratio)));
    }
    go(path, 'L', last.x, axes.y(0.0));
    path.push('Z');
}

/// How far right the marks stand: at the lowest place of each stretch below the chart, and at the line's end.
fn marks(series: &Series, axes: &Axes) -> Vec<f64> {
    let mut marks: Vec<f64> = Vec::new();
    for run in &series.runs {
        for stretch in run.chunk_by(|a, b| (a.ratio < axes.floor) == (b.ratio < axes.floor)) {
            let lowest =
                stretch.iter().filter(|known| known.ratio < axes.floor).min_by(|a, b| a.ratio.total_cmp(&b.ratio));
            let free = |x: &f64| marks.last().is_none_or(|last| x - last >= MARK_DISTANCE);
            marks.extend(lowest.map(|known| axes.x(known.at)).filter(free));
        }
    }
    if let Some(end) = series.facts.map(|facts| facts.last).filter(|last| last.ratio < axes.floor) {
        let end = axes.x(end.at);
        marks.retain(|x| end - x >= MARK_DISTANCE);
        marks.push(end);
    }
    marks
}

fn mark(path: &mut String, x: f64) {
    go(path, 'M', x - 4.0, BOTTOM + 2.0);
    go(path, 'L', x + 4.0, BOTTOM + 2.0);
    go(path, 'L', x, BOTTOM + 9.0);
    path.push('Z');
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::time::{Span, Timestamp};

    use super::*;
    use crate::axes::{LEFT, RIGHT, TOP};
    use crate::{Burndown, Look, Point};

    /// The curve of ratios an hour apart, the first at the left edge and the last at the right one.
    fn curve(ratios: &[Option<f64>]) -> Curve {
        let at = |index: usize| Timestamp::from_seconds(0).plus(Span::hours(i64::try_from(index).expect("small")));
        let points = ratios.iter().enumerate().map(|(index, ratio)| Point { at: at(index), remaining_ratio: *ratio });
        let points: Vec<_> = points.collect();
        let (from, to) = Axes::edges(at(0), at(ratios.len() - 1));
        let chart = Burndown { title: "", from, to, points: &points, remaining: None, look: Look::Inline };
        let series = Series::of(&chart, from, to);
        let lowest = series.facts.map_or(0.0, |facts| facts.lowest.ratio);
        Curve::of(&series, &Axes { from, to, floor: Axes::floor(lowest) })
    }

    #[test]
    fn a_line_above_zero_has_one_area_down_to_the_lower_edge() {
        let curve = curve(&[Some(1.0), Some(0.5)]);
        assert_eq!(curve.line, format!("M{LEFT} {TOP}L{RIGHT} 127"));
        assert_eq!(curve.left, format!("M{LEFT} {BOTTOM}L{LEFT} {TOP}L{RIGHT} 127L{RIGHT} {BOTTOM}Z"));
        assert_eq!((curve.over.as_str(), curve.lower.as_str()), ("", ""));
    }

    #[test]
    fn a_gap_breaks_the_line_and_the_area_and_a_lone_reading_is_a_dot() {
        let curve = curve(&[Some(1.0), Some(1.0), None, Some(0.5), None, Some(0.5), Some(0.5)]);
        assert_eq!(curve.line.matches('M').count(), 3);
        assert!(curve.line.contains("M190 127L190 127M"), "{}", curve.line);
        assert_eq!(curve.left.matches('Z').count(), 2);
    }

    #[test]
    fn the_areas_meet_where_the_line_crosses_zero() {
        let curve = curve(&[Some(0.5), Some(-0.5)]);
        assert_eq!(curve.left, "M60 152L60 102L190 152L190 152Z");
        assert_eq!(curve.over, "M190 152L190 152L320 202L320 152Z");
    }

    #[test]
    fn a_line_that_leaves_the_chart_stops_at_its_edge_and_is_marked_there() {
        let curve = curve(&[Some(1.0), Some(-3.0), Some(1.0)]);
        assert_eq!(curve.line, "M60 52L92.5 127L125 202M255 202L287.5 127L320 52");
        assert_eq!(curve.lower, "M186 204L194 204L190 211Z");
    }

    #[test]
    fn marks_near_each_other_are_one_and_the_end_has_its_own() {
        let swing: Vec<_> = (0..200).map(|index| Some(if index % 2 == 0 { 0.5 } else { -9.0 })).collect();
        let curve = curve(&swing);
        assert!((10..=22).contains(&curve.lower.matches('Z').count()), "{}", curve.lower);
        assert!(curve.lower.ends_with(&format!("L{RIGHT} 211Z")));
    }
}
