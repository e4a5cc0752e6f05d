//! Public SLOs of a component: what is promised, what remains of the error budget, and how it went down.

use plimsoll_charts::{Burndown, Look, Point, burndown};
use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::slo::public::PublicSlo;

use super::words;

/// What the chart is called: the name of its SLO stands above it.
const CHART: &str = "How the error budget went down";

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
    pub(crate) status: &'static str,
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
    pub(crate) fn of_component(component: &ComponentId, snapshot: &StatusSnapshot) -> Vec<Self> {
        let its = snapshot.slos.iter().filter(|slo| slo.components.contains(component));
        its.map(|slo| section(slo, snapshot)).collect()
    }
}

fn section(slo: &PublicSlo, snapshot: &StatusSnapshot) -> SloSection {
    let (status, tone) = words::slo_status(slo.status);
    SloSection {
        name: slo.slo_type.to_string(),
        promise: format!("{} {}", words::promised(slo.objective), words::window(slo.window)),
        measured: slo.sli.map(words::percent),
        remaining: words::remaining(slo.remaining_ratio),
        status,
        tone,
        known: words::known(slo.coverage),
        shared: shared(slo.components.len()),
        chart: chart(slo, snapshot),
    }
}

fn shared(components: usize) -> Option<String> {
    (components > 1)
        .then(|| format!("It counts {} together, this one among them.", words::count(components, "component")))
}

fn chart(slo: &PublicSlo, snapshot: &StatusSnapshot) -> String {
    let from = slo.window.start(snapshot.as_of);
    // What was measured at the very start of a period of the calendar is the end of the one before.
    let inside = slo.series.iter().filter(|point| point.at > from);
    let points: Vec<_> = inside.map(|point| Point { at: point.at, remaining_ratio: point.remaining_ratio }).collect();
    burndown(&Burndown {
        title: CHART,
        from,
        to: snapshot.as_of,
        points: &points,
        remaining: slo.remaining_ratio,
        look: Look::Inline,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn sections(component: &str) -> Vec<SloSection> {
        SloSection::of_component(&component.parse().expect("a slug"), &samples::busy())
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
        assert_eq!((slo.status, slo.tone), ("Error budget used up", "down"));
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
        let slo = SloSection::of_component(&"api".parse().expect("a slug"), &snapshot).remove(0);
        assert_eq!((slo.status, slo.remaining.as_str(), slo.measured), ("Not known", "Not known", None));
        assert!(slo.known == "nothing known" && slo.chart.contains("No data"));
    }

    #[test]
    fn the_end_of_the_last_period_is_not_drawn_as_the_start_of_this() {
        let mut snapshot = samples::busy();
        let slo = &mut snapshot.slos[0];
        slo.series.truncate(1);
        slo.series[0].at = slo.window.start(snapshot.as_of);
        slo.series[0].remaining_ratio = Some(-0.9);
        slo.remaining_ratio = Some(1.0);
        let slo = SloSection::of_component(&"api".parse().expect("a slug"), &snapshot).remove(0);
        assert!(slo.chart.contains("100 %") && !slo.chart.contains("overdrawn"));
    }
}
