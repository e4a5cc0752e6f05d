//! A report as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use plimsoll_domain::ids::{ComponentId, IncidentId, MaintenanceId, SloType, TenantId};
use plimsoll_domain::incident::Impact;
use plimsoll_domain::report::{ComponentMonth, IncidentLine, MaintenanceLine, MonthlyReport, SloMonth};
use plimsoll_domain::time::Timestamp;

/// A month of a tenant.
#[derive(Serialize, ToSchema)]
pub(super) struct ReportView {
    #[schema(value_type = String)]
    tenant: TenantId,
    name: String,
    /// Such as `2026-10`.
    month: String,
    #[schema(value_type = String, format = DateTime)]
    made_at: Timestamp,
    /// Whether the month was over when it was made.
    whole: bool,
    /// In the order of the page.
    components: Vec<ComponentMonthView>,
    slos: Vec<SloMonthView>,
    /// Those that were open in it, the oldest first; no drafts.
    incidents: Vec<IncidentLineView>,
    /// Each time it took place in it, the first first.
    maintenances: Vec<MaintenanceLineView>,
}

#[derive(Serialize, ToSchema)]
struct ComponentMonthView {
    #[schema(value_type = String)]
    id: ComponentId,
    name: String,
    group: Option<String>,
    /// Good ÷ known samples outside maintenance; null when none is known.
    uptime: Option<f64>,
    /// Known samples ÷ ticks there have been in the month.
    coverage: f64,
    /// Outside maintenance.
    down_minutes: f64,
    /// Outside maintenance.
    degraded_minutes: f64,
    maintenance_minutes: f64,
}

#[derive(Serialize, ToSchema)]
struct SloMonthView {
    #[schema(value_type = String)]
    slo_type: SloType,
    objective: f64,
    /// good ÷ valid over its window at the end of the month; null when there is no data.
    sli: Option<f64>,
    /// Signed; null when there is no data.
    budget_remaining_ratio: Option<f64>,
    /// When that was read.
    #[schema(value_type = String, format = DateTime)]
    measured_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
struct IncidentLineView {
    #[schema(value_type = String)]
    id: IncidentId,
    title: String,
    #[schema(value_type = String)]
    impact: Impact,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// Null: it is not over.
    #[schema(value_type = Option<String>, format = DateTime)]
    resolved_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
struct MaintenanceLineView {
    #[schema(value_type = String)]
    id: MaintenanceId,
    title: String,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

impl ReportView {
    /// `report` as it is shown.
    pub(super) fn of(report: &MonthlyReport) -> Self {
        Self {
            tenant: report.tenant.clone(),
            name: report.name.clone(),
            month: report.month.to_string(),
            made_at: report.made_at,
            whole: report.is_whole(),
            components: report.components.iter().cloned().map(ComponentMonthView::from).collect(),
            slos: report.slos.iter().cloned().map(SloMonthView::from).collect(),
            incidents: report.incidents.iter().cloned().map(IncidentLineView::from).collect(),
            maintenances: report.maintenances.iter().cloned().map(MaintenanceLineView::from).collect(),
        }
    }
}

impl From<ComponentMonth> for ComponentMonthView {
    fn from(month: ComponentMonth) -> Self {
        let ComponentMonth { id, name, group, uptime, coverage, .. } = month;
        let ComponentMonth { down_minutes, degraded_minutes, maintenance_minutes, .. } = month;
        Self { id, name, group, uptime, coverage, down_minutes, degraded_minutes, maintenance_minutes }
    }
}

impl From<SloMonth> for SloMonthView {
    fn from(month: SloMonth) -> Self {
        let SloMonth { slo_type, objective, sli, remaining_ratio, measured_at } = month;
        Self { slo_type, objective, sli, budget_remaining_ratio: remaining_ratio, measured_at }
    }
}

impl From<IncidentLine> for IncidentLineView {
    fn from(line: IncidentLine) -> Self {
        let IncidentLine { id, title, impact, started_at, resolved_at } = line;
        Self { id, title, impact, started_at, resolved_at }
    }
}

impl From<MaintenanceLine> for MaintenanceLineView {
    fn from(line: MaintenanceLine) -> Self {
        let MaintenanceLine { id, title, starts_at, ends_at } = line;
        Self { id, title, starts_at, ends_at }
    }
}
