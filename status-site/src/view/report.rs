//! A month in figures, as its page tells it.

use plimsoll_domain::report::{ComponentMonth, IncidentLine, MaintenanceLine, MonthlyReport, SloMonth};
use plimsoll_words::{Moment, Words};

use super::tone;

/// A month of one component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ComponentLine {
    /// Its name, after that of its group.
    pub(crate) name: String,
    /// `99.98 %`; `None` when nothing is known.
    pub(crate) uptime: Option<String>,
    /// How long it was down.
    pub(crate) down: String,
    /// How long it was degraded.
    pub(crate) degraded: String,
    /// How long it was under maintenance.
    pub(crate) maintenance: String,
    /// How much of the month is known.
    pub(crate) known: String,
}

/// A month of one SLO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SloLine {
    /// Its name.
    pub(crate) name: String,
    /// What is promised.
    pub(crate) promised: String,
    /// What was measured; `None` when there is no data.
    pub(crate) measured: Option<String>,
    /// What remains of its budget.
    pub(crate) remaining: String,
    /// When that was read.
    pub(crate) at: Moment,
}

/// Something that took time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimedLine {
    /// Its title.
    pub(crate) title: String,
    /// How bad it was: words, and the class for them.
    pub(crate) impact: Option<(String, &'static str)>,
    /// When it began.
    pub(crate) from: Moment,
    /// When it was over; `None`: it is not.
    pub(crate) to: Option<Moment>,
    /// How long it took.
    pub(crate) lasted: Option<String>,
}

/// A month in figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportView {
    /// `November 2026`.
    pub(crate) month: String,
    /// When it was made.
    pub(crate) made: Moment,
    /// Whether the month was over then.
    pub(crate) is_whole: bool,
    /// Its components.
    pub(crate) components: Vec<ComponentLine>,
    /// Its SLOs.
    pub(crate) slos: Vec<SloLine>,
    /// Incidents that were open in it.
    pub(crate) incidents: Vec<TimedLine>,
    /// Maintenance that took place in it.
    pub(crate) maintenances: Vec<TimedLine>,
}

impl ReportView {
    /// What the page of `report` tells.
    pub(crate) fn of(report: &MonthlyReport, words: &Words) -> Self {
        Self {
            month: words.month(report.month.year(), report.month.number()),
            made: words.moment(report.made_at),
            is_whole: report.is_whole(),
            components: report.components.iter().map(|one| component(one, words)).collect(),
            slos: report.slos.iter().map(|one| slo(one, words)).collect(),
            incidents: report.incidents.iter().map(|one| incident(one, words)).collect(),
            maintenances: report.maintenances.iter().map(|one| maintenance(one, words)).collect(),
        }
    }
}

fn component(one: &ComponentMonth, words: &Words) -> ComponentLine {
    let group = one.group.as_ref().map(|group| format!("{group} · ")).unwrap_or_default();
    ComponentLine {
        name: format!("{group}{}", one.name),
        uptime: one.uptime.map(|ratio| words.percent(ratio)),
        down: span(one.down_minutes, words),
        degraded: span(one.degraded_minutes, words),
        maintenance: span(one.maintenance_minutes, words),
        known: words.known(one.coverage),
    }
}

/// Minutes, with what is broken off rounded up: what was down for a moment was down.
fn span(minutes: f64, words: &Words) -> String {
    if minutes <= 0.0 {
        return words.say("report-none");
    }
    #[expect(clippy::cast_possible_truncation, reason = "a month has 44,640 minutes")]
    let whole = minutes.min(1e9).ceil() as i64;
    words.duration(if minutes < 1.0 { 0 } else { whole })
}

fn slo(one: &SloMonth, words: &Words) -> SloLine {
    SloLine {
        name: one.slo_type.to_string(),
        promised: words.promised(one.objective),
        measured: one.sli.map(|ratio| words.percent(ratio)),
        remaining: words.remaining(one.remaining_ratio),
        at: words.moment(one.measured_at),
    }
}

fn incident(one: &IncidentLine, words: &Words) -> TimedLine {
    let minutes = one.resolved_at.map(|over| over.millis_since(one.started_at) / 60_000);
    TimedLine {
        title: one.title.clone(),
        impact: Some((words.impact(one.impact), tone::of_impact(one.impact))),
        from: words.moment(one.started_at),
        to: one.resolved_at.map(|over| words.moment(over)),
        lasted: minutes.map(|minutes| words.duration(minutes)),
    }
}

fn maintenance(one: &MaintenanceLine, words: &Words) -> TimedLine {
    TimedLine {
        title: one.title.clone(),
        impact: None,
        from: words.moment(one.starts_at),
        to: Some(words.moment(one.ends_at)),
        lasted: Some(words.duration(one.ends_at.millis_since(one.starts_at) / 60_000)),
    }
}
