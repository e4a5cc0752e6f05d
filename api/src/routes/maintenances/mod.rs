//! Announced maintenance.

mod body;
mod views;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::ids::{MaintenanceId, TenantId};
use plimsoll_domain::maintenance::{MAX_MAINTENANCES, Maintenance};
use plimsoll_store::StoreError;

use self::body::{MaintenanceChange, NewMaintenance};
use self::views::{MaintenanceView, tag_of};
use crate::extract::{IdempotencyKey, IfMatch, Json, Listed, Operator, Page, Paged, PathId, Scoped, Viewer, etag};
use crate::problem::Problem;
use crate::routes::{by_time, components_of, location};
use crate::state::ApiState;

/// Times that a change is made anew when others were faster: the tick notes what it has told.
const ATTEMPTS: usize = 5;

/// The routes of maintenances.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(read, update, remove))
}

/// Announce maintenance.
///
/// Sent again with the same `Idempotency-Key`, it answers with the maintenance that is there (200).
#[utoipa::path(
    post, path = "/tenants/{tenant_id}/maintenances", tag = "maintenances", security(("key" = [])),
    request_body = NewMaintenance,
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("idempotency-key" = Option<String>, Header, description = "Names this request, 1 to 255 characters")
    ),
    responses(
        (status = 201, description = "Announced", body = MaintenanceView),
        (status = 200, description = "Announced before", body = MaintenanceView),
        Problem
    )
)]
async fn create(
    scope: Scoped<Operator>,
    IdempotencyKey(key): IdempotencyKey,
    State(state): State<ApiState>,
    Json(new): Json<NewMaintenance>,
) -> Result<impl IntoResponse, Problem> {
    let derived = key.as_deref().map(|key| MaintenanceId::idempotent(&scope.tenant, key));
    let made = derived.unwrap_or_else(|| MaintenanceId::fresh(&*state.entropy));
    let known = components_of(&state, &scope.tenant).await?;
    let asked = new.read((&scope.tenant, made), &known, state.clock.now())?;
    let done = store_new(&state, &asked).await;
    let held = match &done {
        Err(StoreError::Exists { .. }) if key.is_some() => state.store.maintenance(&asked.tenant, &asked.id).await?,
        _ => None,
    };
    let (status, maintenance) = match held.filter(|held| new.id.is_none() || tag_of(held) == tag_of(&asked)) {
        Some(held) => (StatusCode::OK, held),
        None => done.map(|()| (StatusCode::CREATED, asked))?,
    };
    changed(&state);
    let path = format!("/tenants/{}/maintenances/{}", maintenance.tenant, maintenance.id);
    Ok((status, location(&path), answer(&state, maintenance)))
}

/// Stores a maintenance, unless its tenant has as many as it may have; those that are over for good do not count.
async fn store_new(state: &ApiState, new: &Maintenance) -> Result<(), StoreError> {
    let held = state.store.maintenances(&new.tenant).await?;
    let now = state.clock.now();
    let counts = |held: &&Maintenance| held.ends_for_good_at().is_none_or(|end| end > now);
    let is_full = || held.iter().filter(counts).count() >= MAX_MAINTENANCES;
    if held.len() >= MAX_MAINTENANCES && is_full() && held.iter().all(|held| held.id != new.id) {
        let what = format!("the list of maintenances of tenant {}", new.tenant);
        return Err(StoreError::Limit { what, limit: MAX_MAINTENANCES });
    }
    state.store.create_maintenance(new).await
}

/// List the maintenance.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/maintenances", tag = "maintenances", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), Paged),
    responses((status = 200, description = "Soonest first start first", body = Listed<MaintenanceView>), Problem)
)]
async fn list(
    scope: Scoped<Viewer>,
    page: Page,
    State(state): State<ApiState>,
) -> Result<axum::Json<Listed<MaintenanceView>>, Problem> {
    let mut all = state.store.maintenances(&scope.tenant).await?;
    let order = |held: &Maintenance| by_time(held.starts_at, held.id.as_str());
    all.sort_by_key(order);
    let now = state.clock.now();
    Ok(axum::Json(page.of(all, order, |held| MaintenanceView::of(held, now))))
}

/// Read a maintenance.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/maintenances/{maintenance_id}", tag = "maintenances", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("maintenance_id" = String, Path, description = "The maintenance")
    ),
    responses((status = 200, description = "The maintenance; ETag names what is settled of it", body = MaintenanceView), Problem)
)]
async fn read(
    scope: Scoped<Viewer>,
    PathId(id): PathId<MaintenanceId>,
    State(state): State<ApiState>,
) -> Result<impl IntoResponse, Problem> {
    Ok(answer(&state, stored(&state, &scope.tenant, &id).await?))
}

/// Change a maintenance.
///
/// Of another schedule subscribers are told.
#[utoipa::path(
    patch, path = "/tenants/{tenant_id}/maintenances/{maintenance_id}", tag = "maintenances", security(("key" = [])),
    request_body = MaintenanceChange,
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("maintenance_id" = String, Path, description = "The maintenance"),
        ("if-match" = Option<String>, Header, description = "The ETag that was read; 412 when it is no longer true")
    ),
    responses((status = 200, description = "Changed", body = MaintenanceView), Problem)
)]
async fn update(
    scope: Scoped<Operator>,
    PathId(id): PathId<MaintenanceId>,
    if_match: IfMatch,
    State(state): State<ApiState>,
    Json(change): Json<MaintenanceChange>,
) -> Result<impl IntoResponse, Problem> {
    let known = components_of(&state, &scope.tenant).await?;
    for attempt in 1.. {
        let held = stored(&state, &scope.tenant, &id).await?;
        if_match.require(&tag_of(&held))?;
        let next = change.after(&held, &known, state.clock.now())?;
        match state.store.change_maintenance(&next).await {
            Err(StoreError::Stale { .. }) if attempt < ATTEMPTS => {}
            done => {
                done?;
                changed(&state);
                return Ok(answer(&state, next));
            }
        }
    }
    unreachable!("the last attempt answers")
}

/// Call maintenance off.
#[utoipa::path(
    delete, path = "/tenants/{tenant_id}/maintenances/{maintenance_id}", tag = "maintenances", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("maintenance_id" = String, Path, description = "The maintenance")
    ),
    responses((status = 204, description = "Called off"), Problem)
)]
async fn remove(
    scope: Scoped<Operator>,
    PathId(id): PathId<MaintenanceId>,
    State(state): State<ApiState>,
) -> Result<StatusCode, Problem> {
    let removed = state.store.remove_maintenance(&scope.tenant, &id).await?;
    changed(&state);
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(unknown()) }
}

async fn stored(state: &ApiState, tenant: &TenantId, id: &MaintenanceId) -> Result<Maintenance, Problem> {
    state.store.maintenance(tenant, id).await?.ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::not_found("maintenance")
}

/// The public sees it, and alerts may be kept back by it, or no longer.
fn changed(state: &ApiState) {
    (state.changed)();
    (state.alerts_changed)();
}

fn answer(state: &ApiState, maintenance: Maintenance) -> impl IntoResponse + use<> {
    (etag(&tag_of(&maintenance)), axum::Json(MaintenanceView::of(maintenance, state.clock.now())))
}
