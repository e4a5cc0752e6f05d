//! Incidents that people open, and what they say of those that opened by themselves.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::ids::{ComponentId, IncidentId, TenantId};
use plimsoll_domain::incident::{ComponentStatus, Impact, Incident, IncidentStatus, IncidentUpdate};
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::time::Timestamp;
use plimsoll_store::StoreError;

use crate::extract::{
    Holder, IdempotencyKey, IfMatch, IncidentOf, Json, Listed, Operator, Page, Paged, Query, Viewer, escaped, etag,
    read_value,
};
use crate::problem::Problem;
use crate::routes::location;
use crate::state::ApiState;

const ATTEMPTS: usize = 3;

/// The routes of incidents.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(read, update))
}

type Told = BTreeMap<ComponentId, ComponentStatus>;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewIncident {
    /// The caller's own unless given; the root key must say.
    tenant: Option<String>,
    /// As the public reads it.
    title: String,
    /// `investigating` unless it is another of `identified`, `monitoring`, `resolved`.
    status: Option<String>,
    /// `minor` unless it is another of `none`, `major`, `critical`.
    impact: Option<String>,
    /// What is said first.
    body: String,
    /// By component: `operational`, `under_maintenance`, `unknown`, `degraded_performance`, `partial_outage` or
    /// `major_outage`.
    components: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IncidentChange {
    /// As it was unless given.
    status: Option<String>,
    /// What is said; made from the status unless given.
    body: Option<String>,
    /// Laid over what was told of the components before.
    components: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The caller's own unless given; the root key must say.
    tenant: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct IncidentView {
    #[schema(value_type = String)]
    id: IncidentId,
    #[schema(value_type = String)]
    tenant: TenantId,
    title: String,
    #[schema(value_type = String)]
    status: IncidentStatus,
    #[schema(value_type = String)]
    impact: Impact,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    resolved_at: Option<Timestamp>,
    /// Whether it opened by itself.
    automatic: bool,
    /// What the public is told of each component now.
    #[schema(value_type = BTreeMap<String, String>)]
    components: Told,
    /// The timeline, the oldest first.
    updates: Vec<UpdateView>,
    /// One more with each change.
    version: u64,
}

#[derive(Serialize, ToSchema)]
struct UpdateView {
    #[schema(value_type = String)]
    status: IncidentStatus,
    body: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `automatic`, or the name of a key.
    by: String,
    #[schema(value_type = BTreeMap<String, String>)]
    components: Told,
}

/// Open an incident.
///
/// Sent again with the same `Idempotency-Key`, it answers with the incident that is there (200).
#[utoipa::path(
    post, path = "/incidents", tag = "incidents", security(("key" = [])), request_body = NewIncident,
    params(("idempotency-key" = Option<String>, Header, description = "Names this request, 1 to 255 characters")),
    responses(
        (status = 201, description = "Opened", body = IncidentView),
        (status = 200, description = "Opened before", body = IncidentView),
        Problem
    )
)]
async fn create(
    holder: Holder<Operator>,
    State(state): State<ApiState>,
    IdempotencyKey(key): IdempotencyKey,
    Json(new): Json<NewIncident>,
) -> Result<impl IntoResponse, Problem> {
    let tenant = holder.tenant(&state, new.tenant.as_deref(), "/tenant").await?;
    let derived = key.map(|key| IncidentId::idempotent(&tenant, &key));
    let id = derived.unwrap_or_else(|| IncidentId::fresh(&*state.entropy));
    let known = known(&state, &tenant).await?;
    let incident = new.read(tenant, id, (holder.name(), state.clock.now()), &known)?;
    let is_new = state.store.open_incident_if_absent(&incident).await?;
    (state.changed)();
    let (status, incident) =
        if is_new { (StatusCode::CREATED, incident) } else { (StatusCode::OK, stored(&state, &incident.id).await?) };
    let (path, tag) = (format!("/incidents/{}", incident.id), etag(&tag_of(&incident)));
    Ok((status, location(&path), tag, axum::Json(IncidentView::from(incident))))
}

/// List incidents.
#[utoipa::path(
    get, path = "/incidents", tag = "incidents", security(("key" = [])), params(ListQuery, Paged),
    responses((status = 200, description = "Newest start first", body = Listed<IncidentView>), Problem)
)]
async fn list(
    holder: Holder<Viewer>,
    Query(query): Query<ListQuery>,
    page: Page,
    State(state): State<ApiState>,
) -> Result<axum::Json<Listed<IncidentView>>, Problem> {
    let tenant = holder.tenant(&state, query.tenant.as_deref(), "/tenant").await?;
    let after = page.after.as_deref().map(read_cursor).transpose()?;
    let found = state.store.incidents(&tenant, after, page.limit + 1).await?;
    let key = |incident: &Incident| format!("{} {}", incident.started_at().millis(), incident.id);
    Ok(axum::Json(page.cut(found, key, IncidentView::from)))
}

/// Read an incident.
#[utoipa::path(
    get, path = "/incidents/{id}", tag = "incidents", security(("key" = [])),
    params(("id" = String, Path, description = "The incident")),
    responses((status = 200, description = "The incident; ETag names its version", body = IncidentView), Problem)
)]
async fn read(found: IncidentOf<Viewer>) -> impl IntoResponse {
    (etag(&tag_of(&found.incident)), axum::Json(IncidentView::from(found.incident)))
}

/// Add to an incident's timeline.
///
/// From then on the automation leaves it alone.
#[utoipa::path(
    patch, path = "/incidents/{id}", tag = "incidents", security(("key" = [])), request_body = IncidentChange,
    params(
        ("id" = String, Path, description = "The incident"),
        ("if-match" = Option<String>, Header, description = "The ETag that was read; 412 when it is no longer true")
    ),
    responses((status = 200, description = "Changed", body = IncidentView), Problem)
)]
async fn update(
    found: IncidentOf<Operator>,
    if_match: IfMatch,
    State(state): State<ApiState>,
    Json(change): Json<IncidentChange>,
) -> Result<impl IntoResponse, Problem> {
    let known = known(&state, &found.incident.tenant).await?;
    let mut held = found.incident;
    for attempt in 1.. {
        if_match.require(&tag_of(&held))?;
        let next = held.edited(change.after(&held, (found.holder.name(), state.clock.now()), &known)?)?;
        match state.store.change_incident(&next).await {
            Err(StoreError::Stale { .. }) if attempt < ATTEMPTS => {
                held = stored(&state, &held.id).await?;
            }
            done => {
                done?;
                held = next;
                break;
            }
        }
    }
    (state.changed)();
    Ok((etag(&tag_of(&held)), axum::Json(IncidentView::from(held))))
}

async fn stored(state: &ApiState, id: &IncidentId) -> Result<Incident, Problem> {
    state.store.incident_across_tenants(id).await?.ok_or_else(|| Problem::not_found("incident"))
}

async fn known(state: &ApiState, tenant: &TenantId) -> Result<Vec<ComponentId>, Problem> {
    Ok(state.store.components(tenant).await?.into_iter().map(|component| component.id).collect())
}

fn read_cursor(text: &str) -> Result<(Timestamp, IncidentId), Invalid> {
    let parts = text.split_once(' ').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    parts.map(|(at, id)| (Timestamp::from_millis(at), id)).ok_or_else(Page::wrong_cursor)
}

/// Counts the updates, and not the versions: that what was said of it has been passed on is no change that anybody sees.
fn tag_of(incident: &Incident) -> String {
    format!("v{}", incident.updates.len())
}

/// Reads a word that the domain knows, `known` being all of them.
fn word<T: serde::de::DeserializeOwned>(text: &str, known: &str) -> Result<T, String> {
    read_value(text.into()).map_err(|_| format!("expected {known}, got {text:?}"))
}

fn status_of(text: &str) -> Result<IncidentStatus, String> {
    word(text, "investigating, identified, monitoring, resolved or postmortem")
}

fn told(faults: &mut Faults, components: &BTreeMap<String, String>, known: &[ComponentId]) -> Told {
    let mut told = Told::new();
    for (id, status) in components {
        let pointer = format!("/components/{}", escaped(id));
        let component = known.iter().find(|held| held.as_str() == id);
        faults.require(component.is_some(), &pointer, || "expected a component of this tenant".to_owned());
        let all = "operational, under_maintenance, unknown, degraded_performance, partial_outage or major_outage";
        let status = faults.keep(word(status, all), &pointer);
        told.extend(component.cloned().zip(status));
    }
    told
}

impl NewIncident {
    fn read(
        self,
        tenant: TenantId,
        id: IncidentId,
        (by, at): (&str, Timestamp),
        known: &[ComponentId],
    ) -> Result<Incident, Invalid> {
        let mut faults = Faults::default();
        let status = self
            .status
            .as_deref()
            .map_or(Some(IncidentStatus::Investigating), |text| faults.keep(status_of(text), "/status"));
        let status = status.unwrap_or(IncidentStatus::Investigating);
        faults.require(status != IncidentStatus::Postmortem, "/status", || {
            "expected the incident to be resolved before its postmortem".to_owned()
        });
        let impact = self
            .impact
            .as_deref()
            .map_or(Some(Impact::Minor), |text| faults.keep(word(text, "none, minor, major or critical"), "/impact"));
        let components = told(&mut faults, &self.components.unwrap_or_default(), known);
        let first = IncidentUpdate { status, body: self.body, at, by: by.to_owned(), components };
        let incident = Incident::manual(tenant, id, &self.title, impact.unwrap_or(Impact::Minor), first);
        let incident = faults.absorb(incident, "");
        faults.finish().map(|()| incident.expect("it is there when no fault was noted"))
    }
}

impl IncidentChange {
    /// The update that follows the latest one of `held`.
    fn after(
        &self,
        held: &Incident,
        (by, at): (&str, Timestamp),
        known: &[ComponentId],
    ) -> Result<IncidentUpdate, Invalid> {
        let mut faults = Faults::default();
        let nothing = self.status.is_none() && self.body.is_none() && self.components.is_none();
        faults.require(!nothing, "", || "expected a status, a body or components".to_owned());
        let latest = held.latest();
        let status = self.status.as_deref().and_then(|text| faults.keep(status_of(text), "/status"));
        let status = status.unwrap_or(latest.status);
        let mut components = latest.components.clone();
        components.extend(told(&mut faults, self.components.as_ref().unwrap_or(&BTreeMap::new()), known));
        let body = self.body.clone().unwrap_or_else(|| match self.status {
            Some(_) => format!("Status changed to {}.", status.as_str()),
            None => "The state of the components changed.".to_owned(),
        });
        faults.finish().map(|()| IncidentUpdate { status, body, at, by: by.to_owned(), components })
    }
}

impl From<Incident> for IncidentView {
    fn from(incident: Incident) -> Self {
        Self {
            status: incident.status(),
            started_at: incident.started_at(),
            updated_at: incident.updated_at(),
            resolved_at: incident.resolved_at(),
            automatic: incident.automation.is_some(),
            components: incident.latest().components.clone(),
            id: incident.id,
            tenant: incident.tenant,
            title: incident.title,
            impact: incident.impact,
            version: incident.updates.len() as u64,
            updates: incident.updates.into_iter().map(UpdateView::from).collect(),
        }
    }
}

impl From<IncidentUpdate> for UpdateView {
    fn from(update: IncidentUpdate) -> Self {
        let IncidentUpdate { status, body, at, by, components } = update;
        Self { status, body, at, by, components }
    }
}
