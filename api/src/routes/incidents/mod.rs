//! Incidents that people open, and what they say of those that opened by themselves.

mod body;
mod templates;
mod updates;
mod views;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::ids::IncidentId;
use plimsoll_domain::incident::Incident;
use plimsoll_domain::invalid::Invalid;
use plimsoll_domain::time::Timestamp;
use plimsoll_store::StoreError;

use self::body::{IncidentChange, NewIncident};
use self::views::IncidentView;
use crate::extract::{
    Holder, IdempotencyKey, IfMatch, IncidentOf, Json, Listed, Operator, Page, Paged, Query, Viewer, etag,
};
use crate::problem::Problem;
use crate::routes::{components_of, location};
use crate::state::ApiState;

const ATTEMPTS: usize = 3;

/// The routes of incidents.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(read, update))
        .merge(updates::router())
        .merge(templates::router())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The caller's own unless given; the root key must say.
    tenant: Option<String>,
}

/// Open an incident.
///
/// With `updates` instead of a status and a body, it is written down after it was over, and nobody is told of it. Sent again
/// with the same `Idempotency-Key`, it answers with the incident that is there (200).
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
    let known = components_of(&state, &tenant).await?;
    let template = templates::named(&state, &tenant, new.template.as_deref()).await?;
    let incident = new.read((tenant, id), (holder.name(), state.clock.now()), (&known, template.as_ref()))?;
    let is_new = state.store.open_incident_if_absent(&incident).await?;
    (state.changed)();
    let (status, incident) =
        if is_new { (StatusCode::CREATED, incident) } else { (StatusCode::OK, stored(&state, &incident.id).await?) };
    let path = format!("/incidents/{}", incident.id);
    let view = IncidentView::from(incident);
    Ok((status, location(&path), etag(&view.tag()), axum::Json(view)))
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
    responses((status = 200, description = "The incident; ETag names its state", body = IncidentView), Problem)
)]
async fn read(found: IncidentOf<Viewer>) -> impl IntoResponse {
    answer(found.incident)
}

/// Add to an incident's timeline, call it something else, or publish it.
///
/// From then on the automation leaves it alone, unless it is only published.
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
    Json(asked): Json<IncidentChange>,
) -> Result<impl IntoResponse, Problem> {
    let known = components_of(&state, &found.incident.tenant).await?;
    let by = found.holder.name().to_owned();
    let next = |held: &Incident| Ok(asked.after(held, (&by, state.clock.now()), &known)?);
    change(&state, found.incident, &if_match, next).await.map(answer)
}

fn answer(incident: Incident) -> impl IntoResponse {
    let view = IncidentView::from(incident);
    (etag(&view.tag()), axum::Json(view))
}

/// Stores what `next` makes of `held`, made anew when somebody else was faster.
async fn change(
    state: &ApiState,
    mut held: Incident,
    if_match: &IfMatch,
    next: impl Fn(&Incident) -> Result<Incident, Problem> + Send + Sync,
) -> Result<Incident, Problem> {
    for attempt in 1.. {
        if_match.require(&IncidentView::from(held.clone()).tag())?;
        let changed = next(&held)?;
        match state.store.change_incident(&changed).await {
            Err(StoreError::Stale { .. }) if attempt < ATTEMPTS => held = stored(state, &held.id).await?,
            done => {
                done?;
                (state.changed)();
                return Ok(changed);
            }
        }
    }
    unreachable!("the last attempt answers")
}

async fn stored(state: &ApiState, id: &IncidentId) -> Result<Incident, Problem> {
    state.store.incident_across_tenants(id).await?.ok_or_else(|| Problem::not_found("incident"))
}

fn read_cursor(text: &str) -> Result<(Timestamp, IncidentId), Invalid> {
    let parts = text.split_once(' ').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    parts.map(|(at, id)| (Timestamp::from_millis(at), id)).ok_or_else(Page::wrong_cursor)
}
