//! Incidents that are written down before they happen.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::ids::{ComponentId, TemplateId, TenantId};
use plimsoll_domain::incident::{Impact, IncidentStatus, IncidentTemplate, IncidentTemplates};
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_store::StoreError;

use super::body::{Told, impact_of, status_of, told};
use crate::extract::{IfMatch, Json, Operator, Scoped, Viewer, etag};
use crate::problem::Problem;
use crate::routes::components_of;
use crate::state::ApiState;

const ATTEMPTS: usize = 3;

/// The routes of incident templates.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(read, replace))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IncidentTemplatesRequest {
    /// In the order they are offered, at most 100.
    templates: Vec<IncidentTemplateBody>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IncidentTemplateBody {
    /// A slug of a-z, 0-9 and -.
    id: String,
    /// What the public reads on top.
    title: String,
    /// What is said first, in Markdown.
    body: String,
    /// `investigating` unless it is `identified` or `monitoring`.
    status: Option<String>,
    /// `minor` unless it is another of `none`, `major`, `critical`.
    impact: Option<String>,
    /// By component: `operational`, `under_maintenance`, `unknown`, `degraded_performance`, `partial_outage` or
    /// `major_outage`.
    components: Option<BTreeMap<String, String>>,
}

#[derive(Serialize, ToSchema)]
struct IncidentTemplatesView {
    templates: Vec<IncidentTemplateView>,
    /// One more with each change.
    version: u64,
}

#[derive(Serialize, ToSchema)]
struct IncidentTemplateView {
    #[schema(value_type = String)]
    id: TemplateId,
    title: String,
    body: String,
    #[schema(value_type = String)]
    status: IncidentStatus,
    #[schema(value_type = String)]
    impact: Impact,
    #[schema(value_type = BTreeMap<String, String>)]
    components: Told,
}

impl From<IncidentTemplates> for IncidentTemplatesView {
    fn from(held: IncidentTemplates) -> Self {
        let view = |template: IncidentTemplate| {
            let IncidentTemplate { id, title, body, status, impact, components } = template;
            IncidentTemplateView { id, title, body, status, impact, components }
        };
        Self { templates: held.templates.into_iter().map(view).collect(), version: held.version }
    }
}

/// Read the incident templates.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/incident-templates", tag = "incidents", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "The templates; ETag names the version", body = IncidentTemplatesView), Problem)
)]
async fn read(scope: Scoped<Viewer>, State(state): State<ApiState>) -> Result<impl IntoResponse, Problem> {
    Ok(answer(held(&state, &scope.tenant).await?))
}

/// Replace the incident templates.
#[utoipa::path(
    put, path = "/tenants/{tenant_id}/incident-templates", tag = "incidents", security(("key" = [])),
    request_body = IncidentTemplatesRequest,
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("if-match" = Option<String>, Header, description = "The ETag that was read; 412 when it is no longer true")
    ),
    responses((status = 200, description = "Replaced", body = IncidentTemplatesView), Problem)
)]
async fn replace(
    scope: Scoped<Operator>,
    if_match: IfMatch,
    State(state): State<ApiState>,
    Json(request): Json<IncidentTemplatesRequest>,
) -> Result<impl IntoResponse, Problem> {
    let known = components_of(&state, &scope.tenant).await?;
    for attempt in 1.. {
        let held = held(&state, &scope.tenant).await?;
        if_match.require(&tag_of(&held))?;
        let next = request.read(&held, &known)?;
        match state.store.put_incident_templates(&next).await {
            Err(StoreError::Stale { .. }) if attempt < ATTEMPTS => {}
            done => return Ok(done.map(|()| answer(next))?),
        }
    }
    unreachable!("the last attempt answers")
}

/// The template of this id, which stands at `/template`; none when there is no id.
pub(super) async fn named(
    state: &ApiState,
    tenant: &TenantId,
    id: Option<&str>,
) -> Result<Option<IncidentTemplate>, Problem> {
    let Some(id) = id else { return Ok(None) };
    let found = held(state, tenant).await?.find(id).cloned();
    let unknown = || Invalid::at("/template", format!("expected a template of this tenant, got {id:?}"));
    Ok(Some(found.ok_or_else(unknown)?))
}

async fn held(state: &ApiState, tenant: &TenantId) -> Result<IncidentTemplates, Problem> {
    let held = state.store.incident_templates(tenant).await?;
    Ok(held.unwrap_or_else(|| IncidentTemplates::none(tenant.clone())))
}

fn answer(templates: IncidentTemplates) -> impl IntoResponse {
    (etag(&tag_of(&templates)), axum::Json(IncidentTemplatesView::from(templates)))
}

fn tag_of(templates: &IncidentTemplates) -> String {
    format!("v{}", templates.version)
}

impl IncidentTemplatesRequest {
    /// What is asked for in the place of `held`. A component that has been removed since may stay where it stood.
    fn read(&self, held: &IncidentTemplates, known: &BTreeSet<ComponentId>) -> Result<IncidentTemplates, Invalid> {
        let mut faults = Faults::default();
        let before = held.templates.iter().flat_map(|template| template.components.keys());
        let known = before.chain(known).cloned().collect();
        let read = |(index, body): (usize, &IncidentTemplateBody)| body.read(&mut faults, index, &known);
        let templates: Vec<_> = self.templates.iter().enumerate().map(read).collect();
        // Without an id there is nothing to look over; that it is missing is noted.
        if let Some(templates) = templates.into_iter().collect() {
            let asked = IncidentTemplates { tenant: held.tenant.clone(), version: held.version + 1, templates };
            faults.absorb(asked.validate(), "");
            return faults.finish().map(|()| asked);
        }
        Err(faults.finish().expect_err("an id that cannot be read is noted"))
    }
}

impl IncidentTemplateBody {
    fn read(&self, faults: &mut Faults, index: usize, known: &BTreeSet<ComponentId>) -> Option<IncidentTemplate> {
        let prefix = format!("/templates/{index}");
        let at = |field: &str| format!("{prefix}/{field}");
        let id = faults.keep(self.id.parse(), &at("id"));
        let status = self.status.as_deref().and_then(|text| faults.keep(status_of(text), &at("status")));
        let impact = self.impact.as_deref().and_then(|text| faults.keep(impact_of(text), &at("impact")));
        let components = told(faults, self.components.as_ref(), known, &prefix);
        Some(IncidentTemplate {
            id: id?,
            title: self.title.trim().to_owned(),
            body: self.body.clone(),
            status: status.unwrap_or(IncidentStatus::Investigating),
            impact: impact.unwrap_or(Impact::Minor),
            components,
        })
    }
}
