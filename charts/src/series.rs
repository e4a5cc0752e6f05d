//! The readings of a chart made fit to draw: in order, inside the chart, finite, in runs without gaps, and few.

use plimsoll_domain::time::Timestamp;

use crate::{Burndown, Point};

/// Most readings that are drawn: more than a screen has room for.
const MOST: usize = 400;

/// A reading that says something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Known {
    /// When.
    pub(crate) at: Timestamp,
    /// Finite, at most 1.
    pub(crate) ratio: f64,
}

/// The figures that a chart is told in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Facts {
    /// The first that is known.
    pub(crate) first: Known,
    /// The least there was, the present included; the earliest of equals.
    pub(crate) lowest: Known,
    /// The last that is drawn.
    pub(crate) last: Known,
    /// What remains now.
    pub(crate) now: Option<f64>,
    /// Stretches in which nothing was known.
    pub(crate) gaps: usize,
}

/// What is drawn, and what is said of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// Readings without a gap between them; no run is empty.
    pub(crate) runs: Vec<Vec<Known>>,
    /// `None` when nothing is known at all.
    pub(crate) facts: Option<Facts>,
}

#[derive(Clone, Copy)]
struct Reading {
    at: Timestamp,
    ratio: Option<f64>,
}

impl Series {
    /// What `chart` holds between these instants.
    pub(crate) fn of(chart: &Burndown<'_>, from: Timestamp, to: Timestamp) -> Self {
        let now = chart.remaining.and_then(sound);
        let mut readings = readings(chart.points, from, to);
        if readings.iter().all(|reading| reading.ratio.is_none()) && now.is_some() {
            // Only the present is known: one dot at the end.
            readings.push(Reading { at: to, ratio: now });
        }
        Self { facts: facts(&readings, now, to), runs: runs(&readings) }
    }
}

/// A ratio that can be drawn.
fn sound(ratio: f64) -> Option<f64> {
    ratio.is_finite().then_some(ratio.min(1.0))
}

fn readings(points: &[Point], from: Timestamp, to: Timestamp) -> Vec<Reading> {
    let inside = points.iter().filter(|point| point.at >= from);
    let reading = |point: &Point| Reading { at: point.at.min(to), ratio: point.remaining_ratio.and_then(sound) };
    let mut readings: Vec<_> = inside.map(reading).collect();
    readings.sort_by_key(|reading| reading.at);
    readings
}

fn facts(readings: &[Reading], now: Option<f64>, to: Timestamp) -> Option<Facts> {
    let mut known = readings.iter().filter_map(|reading| Some(Known { at: reading.at, ratio: reading.ratio? }));
    let first = known.next()?;
    let (mut last, mut lowest) = (first, first);
    for reading in known {
        last = reading;
        if reading.ratio < lowest.ratio {
            lowest = reading;
        }
    }
    if let Some(ratio) = now.filter(|now| *now < lowest.ratio) {
        lowest = Known { at: to, ratio };
    }
    let gaps = readings.chunk_by(|a, b| a.ratio.is_some() == b.ratio.is_some());
    Some(Facts { first, lowest, last, now, gaps: gaps.filter(|stretch| stretch[0].ratio.is_none()).count() })
}

/// The kept readings, broken at every gap, the gaps between those left out included.
fn runs(readings: &[Reading]) -> Vec<Vec<Known>> {
    let mut runs: Vec<Vec<Known>> = Vec::new();
    let mut joined = false;
    for (reading, kept) in readings.iter().zip(kept(readings)) {
        match (reading.ratio, runs.last_mut()) {
            (None, _) => joined = false,
            (Some(ratio), Some(run)) if kept && joined => run.push(Known { at: reading.at, ratio }),
            (Some(ratio), _) if kept => {
                runs.push(vec![Known { at: reading.at, ratio }]);
                joined = true;
            }
            (Some(_), _) => {}
        }
    }
    runs
}

/// Which readings are drawn: all of them if they are few, else the first, the last and the least of each bucket, so that
/// no low is lost.
fn kept(readings: &[Reading]) -> Vec<bool> {
    if readings.len() <= MOST {
        return vec![true; readings.len()];
    }
    let mut kept = vec![false; readings.len()];
    let bucket = readings.len().div_ceil(MOST - 2);
    let known: Vec<(usize, f64)> =
        readings.iter().enumerate().filter_map(|(index, reading)| Some((index, reading.ratio?))).collect();
    for bucket in known.chunk_by(|a, b| a.0 / bucket == b.0 / bucket) {
        let least = bucket.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((index, _)) = least {
            kept[*index] = true;
        }
    }
    for (index, _) in known.first().into_iter().chain(known.last()) {
        kept[*index] = true;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Look;

    fn series(ratios: &[Option<f64>], remaining: Option<f64>) -> Series {
        let at = |second: usize| Timestamp::from_seconds(i64::try_from(second).expect("small"));
        let point = |(index, ratio): (usize, &Option<f64>)| Point { at: at(index), remaining_ratio: *ratio };
        let points: Vec<_> = ratios.iter().enumerate().map(point).collect();
        let (from, to) = (at(0), at(ratios.len()));
        Series::of(&Burndown { title: "", from, to, points: &points, remaining, look: Look::Inline }, from, to)
    }

    fn ratios(series: &Series) -> Vec<Vec<f64>> {
        series.runs.iter().map(|run| run.iter().map(|known| known.ratio).collect()).collect()
    }

    #[test]
    fn a_reading_of_nothing_breaks_the_line_and_counts_as_a_gap() {
        let series = series(&[None, Some(1.0), Some(0.9), None, None, Some(0.8), Some(f64::NAN)], Some(0.8));
        assert_eq!(ratios(&series), [vec![1.0, 0.9], vec![0.8]]);
        assert_eq!(series.facts.expect("known").gaps, 3);
    }

    #[test]
    fn the_figures_are_the_first_the_lowest_and_the_last() {
        let facts = series(&[Some(1.0), Some(0.2), Some(0.6), None], None).facts.expect("known");
        assert_eq!((facts.first.ratio, facts.lowest.ratio, facts.last.ratio, facts.now), (1.0, 0.2, 0.6, None));
        let facts = series(&[Some(1.0)], Some(-0.5)).facts.expect("known");
        assert_eq!((facts.lowest.ratio, facts.now), (-0.5, Some(-0.5)));
    }

    #[test]
    fn the_present_alone_is_one_dot_and_nothing_at_all_has_no_figures() {
        assert_eq!(ratios(&series(&[None, None], Some(0.4))), [vec![0.4]]);
        assert_eq!(series(&[None, None], None), Series { runs: Vec::new(), facts: None });
        assert_eq!(series(&[], Some(f64::INFINITY)).facts, None);
    }

    #[test]
    fn readings_are_put_in_order_and_into_the_chart() {
        let at = Timestamp::from_seconds;
        let point = |second, ratio| Point { at: at(second), remaining_ratio: Some(ratio) };
        let points = [point(50, 0.5), point(9, 0.9), point(20, 7.0), point(500, 0.1)];
        let chart =
            Burndown { title: "", from: at(10), to: at(60), points: &points, remaining: None, look: Look::Inline };
        let runs = Series::of(&chart, at(10), at(60)).runs;
        let known = |second, ratio| Known { at: at(second), ratio };
        assert_eq!(runs, [vec![known(20, 1.0), known(50, 0.5), known(60, 0.1)]]);
    }

    #[test]
    fn many_readings_are_thinned_and_every_bucket_keeps_its_low() {
        let mut ratios = vec![Some(0.9); 10_000];
        ratios[0] = Some(1.0);
        ratios[5_003] = Some(-3.0);
        ratios[9_999] = Some(0.95);
        let series = series(&ratios, None);
        let run = &series.runs[0];
        assert!(series.runs.len() == 1 && run.len() > 300 && run.len() <= MOST, "{}", run.len());
        assert!(run.iter().any(|known| known.ratio < -2.9));
        assert_eq!((run[0].ratio, run[run.len() - 1].ratio), (1.0, 0.95));
    }

    #[test]
    fn thinning_never_draws_a_line_through_a_gap() {
        let mut ratios = vec![Some(0.9); 10_000];
        ratios[5_000] = None;
        ratios[7_001..7_100].fill(None);
        let series = series(&ratios, None);
        assert_eq!((series.runs.len(), series.facts.expect("known").gaps), (3, 2));
    }
}
