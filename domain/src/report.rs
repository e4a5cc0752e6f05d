//! A month of a tenant in figures: what a contract about availability is settled by.
//!
//! Every figure says how much of it is known. Days are UTC days, as the samples are kept; the month is the calendar's.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::component::Component;
use crate::ids::{ComponentId, IncidentId, MaintenanceId, SloType, TenantId};
use crate::incident::{Impact, Incident};
use crate::maintenance::Maintenance;
use crate::rollup::Counts;
use crate::slo::Measurement;
use crate::time::{Day, Interval, Timestamp};

/// A month of the calendar, written `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    first: NaiveDate,
}

impl Month {
    /// The month that `day` lies in.
    pub fn of(day: Day) -> Self {
        Self { first: day.date().with_day(1).expect("every month has a first day") }
    }

    /// Its year.
    pub fn year(self) -> i32 {
        self.first.year()
    }

    /// Its number, 1 to 12.
    pub fn number(self) -> u32 {
        self.first.month()
    }

    /// Its first day.
    pub fn first_day(self) -> Day {
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a date");
        Day::from_number((self.first - epoch).num_days())
    }

    /// The first day after it.
    pub fn end_day(self) -> Day {
        self.next().first_day()
    }

    /// The month after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self { first: self.first.checked_add_months(chrono::Months::new(1)).expect("a month of this era") }
    }

    /// The month before it.
    #[must_use]
    pub fn previous(self) -> Self {
        Self { first: self.first.checked_sub_months(chrono::Months::new(1)).expect("a month of this era") }
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.number())
    }
}

impl std::str::FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected a month from 1970-01 to 2199-12 such as 2026-11, got {text:?}");
        let first = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").map_err(|_| wrong())?;
        let month = Self { first };
        if text.len() == 7 && (1970..2200).contains(&first.year()) { Ok(month) } else { Err(wrong()) }
    }
}

/// A month of one component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComponentMonth {
    /// Its id.
    pub id: ComponentId,
    /// Its name.
    pub name: String,
    /// The heading it stands under.
    pub group: Option<String>,
    /// Good ÷ known samples outside maintenance, 0 to 1; `None` when none is known.
    pub uptime: Option<f64>,
    /// Known samples ÷ ticks there have been in the month: 0 to 1.
    pub coverage: f64,
    /// Minutes it was down, outside maintenance.
    pub down_minutes: f64,
    /// Minutes it was degraded, outside maintenance.
    pub degraded_minutes: f64,
    /// Minutes of samples in announced maintenance.
    pub maintenance_minutes: f64,
}

/// A month of one SLO: the last reading of the month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SloMonth {
    /// Its name.
    pub slo_type: SloType,
    /// What is promised.
    pub objective: f64,
    /// good ÷ valid over its window at the end of the month; `None` when there is no data.
    pub sli: Option<f64>,
    /// What remains of its budget, signed; `None` when there is no data.
    pub remaining_ratio: Option<f64>,
    /// When that was read.
    pub measured_at: Timestamp,
}

/// An incident of the month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentLine {
    /// Its id.
    pub id: IncidentId,
    /// Its title.
    pub title: String,
    /// How bad it was.
    pub impact: Impact,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was over; `None`: it is not.
    pub resolved_at: Option<Timestamp>,
}

/// A maintenance of the month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenanceLine {
    /// Its id.
    pub id: MaintenanceId,
    /// Its title.
    pub title: String,
    /// When it began.
    pub starts_at: Timestamp,
    /// When it was over.
    pub ends_at: Timestamp,
}

/// A month of a tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct MonthlyReport {
    /// Whose.
    pub tenant: TenantId,
    /// The tenant's name.
    pub name: String,
    /// Which month.
    pub month: Month,
    /// When it was made; before the end of the month it is not whole.
    pub made_at: Timestamp,
    /// Its components.
    pub components: Vec<ComponentMonth>,
    /// Its SLOs.
    pub slos: Vec<SloMonth>,
    /// Incidents that were open in it, oldest first.
    pub incidents: Vec<IncidentLine>,
    /// Maintenance that took place in it, oldest first.
    pub maintenances: Vec<MaintenanceLine>,
}

/// Everything a report is made of.
#[derive(Debug)]
pub struct ReportParts {
    /// Whose.
    pub tenant: TenantId,
    /// The tenant's name.
    pub name: String,
    /// Its components with what was counted of them in the month, in the order they stand.
    pub components: Vec<(Component, Counts)>,
    /// The last measurement of each SLO in the month.
    pub measured: Vec<Measurement>,
    /// Its incidents.
    pub incidents: Vec<Incident>,
    /// Its maintenance, that which recurs included.
    pub maintenances: Vec<Maintenance>,
}

impl MonthlyReport {
    /// The report of `month` as it is known at `now`, of samples that were taken every `interval`.
    pub fn build(parts: ReportParts, month: Month, interval: Interval, now: Timestamp) -> Self {
        let ReportParts { tenant, name, components, measured, incidents, maintenances } = parts;
        let span = month.first_day().start()..month.end_day().start();
        let known_until = span.end.min(now);
        let ticks = known_until.millis_since(span.start).max(0) / (interval.seconds() * 1_000);
        let of_component = |(component, counts)| of_component(component, &counts, ticks, interval);
        let mut report = Self {
            tenant,
            name,
            month,
            made_at: now,
            components: components.into_iter().map(of_component).collect(),
            slos: measured.iter().map(of_slo).collect(),
            incidents: Vec::new(),
            maintenances: Vec::new(),
        };
        let is_inside = |incident: &&Incident| {
            let over = incident.resolved_at().is_none_or(|over| over >= span.start);
            !incident.draft && incident.started_at() < span.end && over
        };
        report.incidents = incidents.iter().filter(is_inside).map(of_incident).collect();
        report.incidents.sort_by_key(|line| (line.started_at, line.id.clone()));
        // What is still ahead has not taken place.
        let until = span.end.min(now.next_milli()).max(span.start);
        let occurred = maintenances.iter().flat_map(|held| held.occurrences(&(span.start..until)));
        report.maintenances = occurred.map(of_maintenance).collect();
        report.maintenances.sort_by_key(|line| (line.starts_at, line.id.clone()));
        report
    }

    /// Whether the month was over when it was made.
    pub fn is_whole(&self) -> bool {
        self.made_at >= self.month.end_day().start()
    }
}

fn of_component(component: Component, counts: &Counts, ticks: i64, interval: Interval) -> ComponentMonth {
    let known = counts.normal.known();
    let minutes = |samples: u64| samples as f64 * interval.seconds() as f64 / 60.0;
    let coverage = if ticks == 0 { 0.0 } else { (counts.all().known() as f64 / ticks as f64).min(1.0) };
    ComponentMonth {
        id: component.id,
        name: component.name,
        group: component.group,
        uptime: (known > 0).then(|| counts.normal.good() as f64 / known as f64),
        coverage,
        down_minutes: minutes(counts.normal.down),
        degraded_minutes: minutes(counts.normal.degraded),
        maintenance_minutes: minutes(counts.maintenance.total()),
    }
}

fn of_slo(measured: &Measurement) -> SloMonth {
    SloMonth {
        slo_type: measured.slo_type.clone(),
        objective: measured.objective.ratio(),
        sli: measured.sli(),
        remaining_ratio: measured.budget.map(|budget| budget.remaining_ratio),
        measured_at: measured.at,
    }
}

fn of_incident(incident: &Incident) -> IncidentLine {
    IncidentLine {
        id: incident.id.clone(),
        title: incident.title.clone(),
        impact: incident.impact,
        started_at: incident.started_at(),
        resolved_at: incident.resolved_at(),
    }
}

fn of_maintenance(held: Maintenance) -> MaintenanceLine {
    let ends_at = held.completed_at();
    MaintenanceLine { id: held.id, title: held.title, starts_at: held.starts_at, ends_at }
}
