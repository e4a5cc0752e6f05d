//! Public SLOs of a component: what is promised, what remains of the error budget, and how it went down.

use plimsoll_charts::{Burndown, Look, Phrases, Point, burndown_in};
use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::slo::public::PublicSlo;
use plimsoll_domain::time::Timestamp;
use plimsoll_words::Words;

use super::tone;
use crate::scene::Scene;

/// One SLO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SloSection {
    /// Its name.
    pub(crate) name: String,
    /// `99.9 % over 30 days`.
    pub(crate) promise: String,
    /// `99.87 %`; `None` when there is no data.
    pub(crate) measured: Option<String>,
    /// What remains of the error budget.
    pub(crate) remaining: String,
    /// How it stands.
    pub(crate) status: String,
    /// The class of how it stands.
    pub(crate) tone: &'static str,
    /// How much of the window is known.
    pub(crate) known: String,
    /// That it counts others, too.
    pub(crate) shared: Option<String>,
    /// An SVG element without any style of its own; what people wrote in it is escaped.
    pub(crate) chart: String,
}

impl SloSection {
    /// The public SLOs that `component` is part of, in the order of the snapshot.
    pub(crate) fn of_component(component: &ComponentId, scene: &Scene<'_>) -> Vec<Self> {
        let its = scene.snapshot.slos.iter().filter(|slo| slo.components.contains(component));
        its.map(|slo| section(slo, scene)).collect()
    }
}

fn section(slo: &PublicSlo, scene: &Scene<'_>) -> SloSection {
    let words = &scene.words;
    SloSection {
        name: slo.slo_type.to_string(),
        promise: format!("{} {}", words.promised(slo.objective), words.window(slo.window)),
        measured: slo.sli.map(|ratio| words.percent(ratio)),
        remaining: words.remaining(slo.remaining_ratio),
        status: words.slo_status(slo.status),
        tone: tone::of_slo(slo.status),
        known: words.known(slo.coverage),
        shared: shared(slo.components.len(), words),
        chart: chart(slo, scene),
    }
}

fn shared(components: usize, words: &Words) -> Option<String> {
    (components > 1).then(|| words.say_with("slo-shared", &[("count", components.into())]))
}

fn chart(slo: &PublicSlo, scene: &Scene<'_>) -> String {
    let (words, to) = (&scene.words, scene.snapshot.as_of);
    let from = slo.window.start(to);
    // What was measured at the very start of a period of the calendar is the end of the one before.
    let inside = slo.series.iter().filter(|point| point.at > from);
    let points: Vec<_> = inside.map(|point| Point { at: point.at, remaining_ratio: point.remaining_ratio }).collect();
    let drawn = Burndown {
        title: &words.say("burndown-chart"),
        from,
        to,
        points: &points,
        remaining: slo.remaining_ratio,
        look: Look::Inline,
    };
    burndown_in(&drawn, &described(slo, &points, (from, to), words), &InWords(*words))
}

fn described(slo: &PublicSlo, points: &[Point], (from, to): (Timestamp, Timestamp), words: &Words) -> String {
    let (from, to) = (words.moment(from).text, words.moment(to).text);
    let known: Vec<_> = points.iter().filter_map(|point| point.remaining_ratio).chain(slo.remaining_ratio).collect();
    let lowest = words.remaining(known.iter().copied().reduce(f64::min));
    let remaining = words.remaining(slo.remaining_ratio);
    let gaps = points.chunk_by(|a, b| a.remaining_ratio.is_some() == b.remaining_ratio.is_some());
    let gaps = gaps.filter(|stretch| stretch[0].remaining_ratio.is_none()).count();
    let args = [
        ("from", (&from).into()),
        ("to", (&to).into()),
        ("remaining", (&remaining).into()),
        ("lowest", (&lowest).into()),
        ("gaps", gaps.into()),
    ];
    words.say_with(if known.is_empty() { "burndown-nothing" } else { "burndown-described" }, &args)
}

/// What is written in a chart.
struct InWords(Words);

impl Phrases for InWords {
    fn used_up(&self) -> String {
        self.0.say("burndown-used-up")
    }

    fn no_data(&self) -> String {
        self.0.say("burndown-no-data")
    }

    fn range(&self, from: Timestamp, to: Timestamp) -> String {
        let (from, to) = (self.0.moment(from).text, self.0.moment(to).text);
        self.0.say_with("burndown-range", &[("from", (&from).into()), ("to", (&to).into())])
    }

    fn gaps(&self, count: usize) -> String {
        self.0.say_with("burndown-gaps", &[("count", count.into())])
    }

    fn lower(&self, figure: &str) -> String {
        format!("▼ {}", self.0.say_with("burndown-lower", &[("figure", figure.into())]))
    }

    fn tick(&self, at: Timestamp) -> String {
        if at == at.day().start() { self.0.short_day(at.day()) } else { at.format("%H:%M") }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::page::StatusSnapshot;

    use super::*;
    use crate::samples;
    use crate::view::stage::Stage;

    fn of(component: &str, snapshot: StatusSnapshot) -> Vec<SloSection> {
        let stage = Stage::english(snapshot);
        let mut sections = SloSection::of_component(&component.parse().expect("a slug"), &stage.scene());
        for slo in &mut sections {
            let texts = [&mut slo.promise, &mut slo.remaining, &mut slo.known, &mut slo.chart];
            for text in texts.into_iter().chain(slo.measured.as_mut()) {
                *text = text.replace('\u{a0}', " ");
            }
        }
        sections
    }

    fn sections(component: &str) -> Vec<SloSection> {
        of(component, samples::busy())
    }

    #[test]
    fn a_component_has_the_slos_that_speak_of_it() {
        let names = |component: &str| sections(component).into_iter().map(|slo| slo.name).collect::<Vec<_>>();
        assert_eq!(names("api"), ["availability", "latency_p95"]);
        assert_eq!(names("web"), ["latency_p95"]);
        assert!(names("mail").is_empty());
    }

    #[test]
    fn an_overdrawn_budget_is_told_with_its_promise_and_its_figures() {
        let slo = sections("api").remove(0);
        assert_eq!(slo.promise, "99.9 % over the present month (Europe/Stockholm)");
        assert_eq!((slo.status.as_str(), slo.tone), ("Error budget used up", "down"));
        assert_eq!((slo.remaining.as_str(), slo.known.as_str()), ("Used up, overdrawn by 41.3 %", "99 % known"));
        assert_eq!((slo.measured.as_deref(), slo.shared), (Some("99.85 %"), None));
    }

    #[test]
    fn an_slo_of_several_components_says_so_and_one_without_data_is_not_known() {
        let slo = sections("web").remove(0);
        assert_eq!(slo.promise, "95 % over 30 days");
        assert_eq!(slo.shared.as_deref(), Some("It counts 2 components together, this one among them."));
        let mut snapshot = samples::busy();
        let slo = &mut snapshot.slos[0];
        (slo.sli, slo.remaining_ratio, slo.status, slo.coverage) = (None, None, None, 0.0);
        slo.series.clear();
        let slo = of("api", snapshot).remove(0);
        assert_eq!((slo.status.as_str(), slo.remaining.as_str(), slo.measured), ("Not known", "Not known", None));
        assert!(slo.known == "nothing known" && slo.chart.contains("No data"));
    }

    #[test]
    fn a_chart_speaks_the_language_of_its_page() {
        let stage = Stage::swedish(samples::busy());
        let slo = SloSection::of_component(&"api".parse().expect("a slug"), &stage.scene()).remove(0);
        assert!(slo.chart.contains("förbrukad") && slo.chart.contains("nov 2026"), "{}", slo.chart);
        assert!(!slo.chart.contains("used up") && !slo.chart.contains("Error budget"), "{}", slo.chart);
    }

    #[test]
    fn the_end_of_the_last_period_is_not_drawn_as_the_start_of_this() {
        let mut snapshot = samples::busy();
        let slo = &mut snapshot.slos[0];
        slo.series.truncate(1);
        slo.series[0].at = slo.window.start(snapshot.as_of);
        slo.series[0].remaining_ratio = Some(-0.9);
        slo.remaining_ratio = Some(1.0);
        let slo = of("api", snapshot).remove(0);
        assert!(slo.chart.contains("100 %") && !slo.chart.contains("overdrawn"));
    }
}
