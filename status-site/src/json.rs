//! The page as JSON, for anyone, from anywhere: the same snapshot, without what is not public (who wrote an update).

use std::collections::BTreeMap;

use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::incident::{AUTOMATIC, ComponentStatus, Impact, Incident, IncidentStatus, IncidentUpdate};
use plimsoll_domain::maintenance::{Maintenance, MaintenanceStatus};
use plimsoll_domain::page::{ComponentFigure, DayFigure, StatusSnapshot};
use plimsoll_domain::time::{Day, Timestamp};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

/// How old an answer is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Age {
    /// Seconds since it was true.
    pub(crate) seconds: i64,
    /// Whether something newer is overdue, or `as_of` is ahead of the clock.
    pub(crate) stale: bool,
}

/// What the public sees of a tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicStatus {
    /// The tenant's slug.
    tenant: String,
    /// The tenant's name.
    name: String,
    /// The worst of it: `operational`, `under_maintenance`, `unknown`, `degraded_performance`, `partial_outage` or `major_outage`.
    #[schema(value_type = String, example = "operational")]
    overall: ComponentStatus,
    /// When this was true; null before the first tick.
    #[schema(value_type = Option<String>, format = DateTime)]
    as_of: Option<Timestamp>,
    /// Seconds from `as_of` to when this answer was made, 0 when `as_of` is ahead of it; null before the first tick.
    age_seconds: Option<i64>,
    /// Whether something newer is overdue, or `as_of` is ahead of the clock: this is the last known state, and how things
    /// are now is not known.
    stale: bool,
    /// The components, by group and name.
    components: Vec<PublicComponent>,
    /// Open incidents and those of the past 14 days, newest first.
    incidents: Vec<PublicIncident>,
    /// Announced maintenance that is not over, soonest first.
    maintenances: Vec<PublicMaintenance>,
}

/// Incidents of a tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicIncidents {
    /// The tenant's slug.
    tenant: String,
    /// When this was true; null before the first tick.
    #[schema(value_type = Option<String>, format = DateTime)]
    as_of: Option<Timestamp>,
    /// Seconds from `as_of` to when this answer was made, 0 when `as_of` is ahead of it; null before the first tick.
    age_seconds: Option<i64>,
    /// Whether something newer is overdue, or `as_of` is ahead of the clock.
    stale: bool,
    /// Open incidents and those of the past 14 days, newest first.
    incidents: Vec<PublicIncident>,
}

/// One component. Ratios are 0 to 1; null where nothing is known.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicComponent {
    #[schema(value_type = String)]
    id: ComponentId,
    name: String,
    group: Option<String>,
    description: Option<String>,
    #[schema(value_type = String, example = "operational")]
    status: ComponentStatus,
    /// Since when it is so, as far as is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    uptime_30d: Option<f64>,
    uptime_90d: Option<f64>,
    /// Share of the samples of 30 days that is known.
    coverage_30d: f64,
    /// Share of the samples of 90 days that is known.
    coverage_90d: f64,
    /// 90 days, oldest first.
    days: Vec<PublicDay>,
}

/// One component's day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicDay {
    #[schema(value_type = String, format = Date)]
    date: Day,
    #[schema(value_type = String, example = "operational")]
    status: ComponentStatus,
    uptime: Option<f64>,
    coverage: f64,
}

/// One incident.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicIncident {
    id: String,
    title: String,
    /// `investigating`, `identified`, `monitoring`, `resolved` or `postmortem`.
    #[schema(value_type = String, example = "investigating")]
    status: IncidentStatus,
    /// `none`, `minor`, `major` or `critical`.
    #[schema(value_type = String, example = "major")]
    impact: Impact,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    resolved_at: Option<Timestamp>,
    /// By component id: what the newest update says of it.
    #[schema(value_type = BTreeMap<String, String>)]
    components: BTreeMap<ComponentId, ComponentStatus>,
    /// The timeline, oldest first.
    updates: Vec<PublicUpdate>,
}

/// One entry of a timeline.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicUpdate {
    #[schema(value_type = String, example = "investigating")]
    status: IncidentStatus,
    /// Markdown, as it was written.
    body: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `automatic` or `operator`.
    by: &'static str,
    #[schema(value_type = BTreeMap<String, String>)]
    components: BTreeMap<ComponentId, ComponentStatus>,
}

/// One announced maintenance.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicMaintenance {
    id: String,
    title: String,
    /// What is done and what it means for whom; Markdown.
    body: Option<String>,
    /// `scheduled`, `in_progress` or `verifying`, as of `as_of`.
    #[schema(value_type = String, example = "scheduled")]
    status: MaintenanceStatus,
    #[schema(value_type = Vec<String>)]
    components: Vec<ComponentId>,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// When the work ends.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// When it is over: until then it is looked over.
    #[schema(value_type = String, format = DateTime)]
    completed_at: Timestamp,
}

/// Why there is no answer (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicProblem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
}

impl PublicProblem {
    /// The body of a problem of this status.
    pub(crate) fn text(status: axum::http::StatusCode, detail: &'static str) -> String {
        let title = status.canonical_reason().unwrap_or("Error");
        text(&Self { kind: "about:blank", title, status: status.as_u16(), detail })
    }
}

#[derive(OpenApi)]
#[openapi(paths(crate::routes::status_json, crate::routes::incidents_json), components(schemas(PublicProblem)))]
struct Described;

/// What this crate serves as JSON, to be merged into the one OpenAPI document.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    Described::openapi()
}

/// `value` as JSON.
pub(crate) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these values have string keys and finite numbers")
}

/// The whole snapshot.
pub(crate) fn status(snapshot: &StatusSnapshot, age: Age) -> PublicStatus {
    PublicStatus {
        tenant: snapshot.tenant.to_string(),
        name: snapshot.name.clone(),
        overall: snapshot.overall,
        as_of: Some(snapshot.as_of),
        age_seconds: Some(age.seconds),
        stale: age.stale,
        components: snapshot.components.iter().map(component).collect(),
        incidents: snapshot.incidents.iter().map(incident).collect(),
        maintenances: maintenances(snapshot),
    }
}

/// The incidents of a snapshot.
pub(crate) fn incidents(snapshot: &StatusSnapshot, age: Age) -> PublicIncidents {
    PublicIncidents {
        tenant: snapshot.tenant.to_string(),
        as_of: Some(snapshot.as_of),
        age_seconds: Some(age.seconds),
        stale: age.stale,
        incidents: snapshot.incidents.iter().map(incident).collect(),
    }
}

/// The status of a tenant without any snapshot.
pub(crate) fn status_of_nothing(slug: &str, name: &str) -> PublicStatus {
    PublicStatus {
        tenant: slug.to_owned(),
        name: name.to_owned(),
        overall: ComponentStatus::Unknown,
        as_of: None,
        age_seconds: None,
        stale: false,
        components: Vec::new(),
        incidents: Vec::new(),
        maintenances: Vec::new(),
    }
}

/// The incidents of a tenant without any snapshot.
pub(crate) fn incidents_of_nothing(slug: &str, _name: &str) -> PublicIncidents {
    PublicIncidents { tenant: slug.to_owned(), as_of: None, age_seconds: None, stale: false, incidents: Vec::new() }
}

fn component(of: &ComponentFigure) -> PublicComponent {
    let day =
        |day: &DayFigure| PublicDay { date: day.date, status: day.status, uptime: day.uptime, coverage: day.coverage };
    PublicComponent {
        id: of.id.clone(),
        name: of.name.clone(),
        group: of.group.clone(),
        description: of.description.clone(),
        status: of.status,
        since: of.since,
        uptime_30d: of.last_30_days.ratio,
        uptime_90d: of.last_90_days.ratio,
        coverage_30d: of.last_30_days.coverage,
        coverage_90d: of.last_90_days.coverage,
        days: of.days.iter().map(day).collect(),
    }
}

fn incident(of: &Incident) -> PublicIncident {
    let updates = of.updates.iter().map(|update| PublicUpdate {
        status: update.status,
        body: update.body.clone(),
        at: update.at,
        by: author(update),
        components: update.components.clone(),
    });
    PublicIncident {
        id: of.id.to_string(),
        title: of.title.clone(),
        status: of.status(),
        impact: of.impact,
        started_at: of.started_at(),
        updated_at: of.updated_at(),
        resolved_at: of.resolved_at(),
        components: of.latest().components.clone(),
        updates: updates.collect(),
    }
}

/// Who wrote it is not public; whether a person did is.
fn author(update: &IncidentUpdate) -> &'static str {
    if update.by == AUTOMATIC { AUTOMATIC } else { "operator" }
}

fn maintenances(snapshot: &StatusSnapshot) -> Vec<PublicMaintenance> {
    let one = |of: &Maintenance| PublicMaintenance {
        id: of.id.to_string(),
        title: of.title.clone(),
        body: of.body.clone(),
        status: of.status(snapshot.as_of),
        components: of.components.clone(),
        starts_at: of.starts_at,
        ends_at: of.ends_at,
        completed_at: of.completed_at(),
    };
    snapshot.maintenances.iter().map(one).collect()
}
