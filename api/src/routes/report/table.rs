//! A report as one table, a row for each thing that it tells of: what a spreadsheet opens.
//!
//! One table with the columns of all, since a file of several is read by nothing.

use plimsoll_domain::report::{ComponentMonth, IncidentLine, MaintenanceLine, MonthlyReport, SloMonth};
use plimsoll_domain::time::Timestamp;

use crate::routes::spreadsheet::{self, text};

const COLUMNS: [&str; 15] = [
    "kind",
    "id",
    "name",
    "group",
    "uptime",
    "coverage",
    "down_minutes",
    "degraded_minutes",
    "maintenance_minutes",
    "objective",
    "sli",
    "budget_remaining_ratio",
    "impact",
    "starts_at",
    "ends_at",
];

type Row = [String; COLUMNS.len()];

/// The report as CSV (RFC 4180).
pub(super) fn written(report: &MonthlyReport) -> Vec<u8> {
    let rows = report.components.iter().map(of_component);
    let rows = rows.chain(report.slos.iter().map(of_slo));
    let rows = rows.chain(report.incidents.iter().map(of_incident));
    let rows = rows.chain(report.maintenances.iter().map(of_maintenance));
    spreadsheet::written(&COLUMNS, rows)
}

fn row<const N: usize>(kind: &str, cells: [(&str, String); N]) -> Row {
    let mut row = Row::default();
    kind.clone_into(&mut row[0]);
    for (column, cell) in cells {
        let at = COLUMNS.iter().position(|held| *held == column).expect("every cell has a column");
        row[at] = cell;
    }
    row
}

fn of_component(component: &ComponentMonth) -> Row {
    let cells = [
        ("id", text(component.id.as_str())),
        ("name", text(&component.name)),
        ("group", component.group.as_deref().map(text).unwrap_or_default()),
        ("uptime", ratio(component.uptime)),
        ("coverage", ratio(Some(component.coverage))),
        ("down_minutes", component.down_minutes.to_string()),
        ("degraded_minutes", component.degraded_minutes.to_string()),
        ("maintenance_minutes", component.maintenance_minutes.to_string()),
    ];
    row("component", cells)
}

fn of_slo(slo: &SloMonth) -> Row {
    let cells = [
        ("id", text(slo.slo_type.as_str())),
        ("objective", slo.objective.to_string()),
        ("sli", ratio(slo.sli)),
        ("budget_remaining_ratio", ratio(slo.remaining_ratio)),
        ("ends_at", slo.measured_at.to_string()),
    ];
    row("slo", cells)
}

fn of_incident(incident: &IncidentLine) -> Row {
    let cells = [
        ("id", text(incident.id.as_str())),
        ("name", text(&incident.title)),
        ("impact", text(incident.impact.as_str())),
        ("starts_at", incident.started_at.to_string()),
        ("ends_at", incident.resolved_at.as_ref().map(Timestamp::to_string).unwrap_or_default()),
    ];
    row("incident", cells)
}

fn of_maintenance(maintenance: &MaintenanceLine) -> Row {
    let cells = [
        ("id", text(maintenance.id.as_str())),
        ("name", text(&maintenance.title)),
        ("starts_at", maintenance.starts_at.to_string()),
        ("ends_at", maintenance.ends_at.to_string()),
    ];
    row("maintenance", cells)
}

/// A ratio to six decimals, rounded down: a shortfall never reads as whole. Empty when it is not known.
fn ratio(ratio: Option<f64>) -> String {
    ratio.map(|ratio| ((ratio * 1e6 + 1e-6).floor() / 1e6).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_rounded_down_and_empty_when_it_is_not_known() {
        assert_eq!([ratio(Some(-0.25)), ratio(Some(0.999_999_9)), ratio(None)], ["-0.25", "0.999999", ""]);
    }
}
