//! How fast a component answered in the last two days: figures, and a chart of the hours.

use plimsoll_charts::{Latency, Quantiles, latency};
use plimsoll_domain::page::{ComponentFigure, LATENCY_HOURS, LatencyPoint};
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_words::{Moment, Words};

use super::local;
use crate::scene::Scene;

/// What is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LatencyView {
    /// The newest hour: when it began.
    pub(crate) hour: Moment,
    /// How long half of its answers took at most.
    pub(crate) half: String,
    /// How long 95 % of its answers took at most.
    pub(crate) most: String,
    /// The hour in which 95 % took longest: when it began, and how long.
    pub(crate) slowest: (Moment, String),
    /// An SVG element without any style of its own; what people wrote in it is escaped.
    pub(crate) chart: String,
}

impl LatencyView {
    /// What is told of `component`; `None` when nothing was timed.
    pub(crate) fn of(component: &ComponentFigure, scene: &Scene<'_>) -> Option<Self> {
        let words = &scene.words;
        let to = scene.snapshot.as_of.hour().start();
        let from = to.minus(Span::hours(i64::try_from(LATENCY_HOURS).expect("48 fits")));
        let points: Vec<_> = component.latency.iter().filter(|point| (from..to).contains(&point.at)).copied().collect();
        let newest = points.last()?;
        let slowest = points.iter().max_by_key(|point| point.p95_ms)?;
        let near = |at| words.moment_near(at, scene.snapshot.as_of);
        Some(Self {
            hour: near(newest.at),
            half: time(newest.p50_ms, words),
            most: time(newest.p95_ms, words),
            slowest: (near(slowest.at), time(slowest.p95_ms, words)),
            chart: chart(&points, (from, to), words),
        })
    }
}

fn chart(points: &[LatencyPoint], (from, to): (Timestamp, Timestamp), words: &Words) -> String {
    let hours: Vec<_> =
        points.iter().map(|point| Quantiles { at: point.at, p50_ms: point.p50_ms, p95_ms: point.p95_ms }).collect();
    let marks = local::marks(from, to, words);
    let names = [words.say("latency-half-name"), words.say("latency-most-name")];
    latency(&Latency {
        title: &words.say("latency-chart"),
        described: &described(points, (from, to), words),
        from,
        to,
        points: &hours,
        marks: &marks,
        names: [&names[0], &names[1]],
    })
}

fn described(points: &[LatencyPoint], (from, to): (Timestamp, Timestamp), words: &Words) -> String {
    let range = |value: fn(&LatencyPoint) -> u32| {
        let (least, most) = (points.iter().map(value).min(), points.iter().map(value).max());
        (time(least.unwrap_or(0), words), time(most.unwrap_or(0), words))
    };
    let (half, most) = (range(|point| point.p50_ms), range(|point| point.p95_ms));
    let (from, to) = (words.moment(from).text, words.moment(to).text);
    let silent = LATENCY_HOURS.saturating_sub(points.len());
    let args = [
        ("from", (&from).into()),
        ("to", (&to).into()),
        ("half-least", (&half.0).into()),
        ("half-most", (&half.1).into()),
        ("least", (&most.0).into()),
        ("most", (&most.1).into()),
        ("silent", silent.into()),
    ];
    words.say_with("latency-described", &args)
}

/// `240 ms`, `1.4 s`; what is cut off is rounded up.
fn time(ms: u32, words: &Words) -> String {
    if ms < 1_000 {
        return format!("{ms}\u{a0}ms");
    }
    let tenths = ms.div_ceil(100);
    let tenth = match tenths % 10 {
        0 => String::new(),
        tenth => format!("{}{tenth}", words.say("decimal-separator")),
    };
    format!("{}{tenth}\u{a0}s", tenths / 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use crate::view::stage::{Stage, swedish};

    #[test]
    fn the_newest_and_the_slowest_hour_are_told() {
        let stage = Stage::english(samples::busy());
        let api = stage.snapshot.components.iter().find(|one| one.id.as_str() == "api").expect("a sample");
        let told = LatencyView::of(api, &stage.scene()).expect("hours");
        assert_eq!((told.half.as_str(), told.most.as_str()), ("91\u{a0}ms", "252\u{a0}ms"));
        assert_eq!(told.slowest.1, "1.2\u{a0}s");
        assert_eq!((told.hour.text.as_str(), told.slowest.0.text.as_str()), ("11:00 UTC", "20 Nov 2026, 19:00 UTC"));
        assert!(told.chart.contains("3 hours without data") && told.chart.contains("<path class=\"lt-most\""));
    }

    #[test]
    fn what_was_never_timed_has_no_chart() {
        let stage = Stage::english(samples::quiet());
        assert_eq!(LatencyView::of(&stage.snapshot.components[0], &stage.scene()), None);
    }

    #[test]
    fn a_time_is_short_and_never_said_to_be_shorter_than_it_was() {
        let said = [0, 999, 1_000, 1_001, 1_450, 12_000].map(|ms| time(ms, &swedish()).replace('\u{a0}', " "));
        assert_eq!(said, ["0 ms", "999 ms", "1 s", "1,1 s", "1,5 s", "12 s"]);
    }
}
