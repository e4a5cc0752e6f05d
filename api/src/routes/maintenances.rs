//! Announced maintenance.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::ids::{ComponentId, MaintenanceId, TenantId};
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::maintenance::{MAX_MAINTENANCES, Maintenance, MaintenanceStatus};
use plimsoll_domain::time::Timestamp;
use plimsoll_store::StoreError;

use crate::extract::{IdempotencyKey, Json, Listed, Operator, Page, Paged, PathId, Scoped, Viewer};
use crate::problem::Problem;
use crate::routes::{by_time, location};
use crate::state::ApiState;

/// The routes of maintenances.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(remove))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMaintenance {
    /// A slug of a-z, 0-9 and -; made when it is not given.
    id: Option<String>,
    /// As the public reads it.
    title: String,
    /// Ids of the components that are worked on, 1 to 100.
    components: Vec<String>,
    #[schema(format = DateTime)]
    starts_at: String,
    /// After `starts_at`, by at most 31 days.
    #[schema(format = DateTime)]
    ends_at: String,
}

#[derive(Serialize, ToSchema)]
struct MaintenanceView {
    #[schema(value_type = String)]
    id: MaintenanceId,
    title: String,
    #[schema(value_type = Vec<String>)]
    components: Vec<ComponentId>,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// `scheduled`, `in_progress` or `completed`, by the clock.
    #[schema(value_type = String)]
    status: MaintenanceStatus,
}

impl MaintenanceView {
    fn of(maintenance: Maintenance, now: Timestamp) -> Self {
        Self {
            status: maintenance.status(now),
            id: maintenance.id,
            title: maintenance.title,
            components: maintenance.components,
            starts_at: maintenance.starts_at,
            ends_at: maintenance.ends_at,
        }
    }
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
    let known = state.store.components(&scope.tenant).await?.into_iter().map(|component| component.id).collect();
    let asked = new.read(&scope.tenant, made, &known)?;
    let done = store_new(&state, &asked).await;
    let held = match &done {
        Err(StoreError::Exists { .. }) if key.is_some() => stored(&state, &asked).await?,
        _ => None,
    };
    let (status, maintenance) = match held.filter(|held| new.id.is_none() || *held == asked) {
        Some(held) => (StatusCode::OK, held),
        None => done.map(|()| (StatusCode::CREATED, asked))?,
    };
    (state.changed)();
    (state.alerts_changed)();
    let path = format!("/tenants/{}/maintenances/{}", maintenance.tenant, maintenance.id);
    let view = MaintenanceView::of(maintenance, state.clock.now());
    Ok((status, location(&path), axum::Json(view)))
}

/// Stores a maintenance, unless its tenant has as many as it may have.
async fn store_new(state: &ApiState, new: &Maintenance) -> Result<(), StoreError> {
    let held = state.store.maintenances(&new.tenant).await?;
    if held.len() >= MAX_MAINTENANCES && held.iter().all(|held| held.id != new.id) {
        let what = format!("the list of maintenances of tenant {}", new.tenant);
        return Err(StoreError::Limit { what, limit: MAX_MAINTENANCES });
    }
    state.store.create_maintenance(new).await
}

/// What is stored under the id of `asked`.
async fn stored(state: &ApiState, asked: &Maintenance) -> Result<Option<Maintenance>, StoreError> {
    Ok(state.store.maintenances(&asked.tenant).await?.into_iter().find(|held| held.id == asked.id))
}

impl NewMaintenance {
    /// The maintenance that is asked for; its id is `made` unless it is given.
    fn read(
        &self,
        tenant: &TenantId,
        made: MaintenanceId,
        known: &BTreeSet<ComponentId>,
    ) -> Result<Maintenance, Invalid> {
        let mut faults = Faults::default();
        let given = self.id.as_deref().and_then(|id| faults.keep(id.parse(), "/id"));
        let starts_at = faults.keep(self.starts_at.parse(), "/starts_at");
        let ends_at = faults.keep(self.ends_at.parse(), "/ends_at");
        let mut components = Vec::with_capacity(self.components.len());
        for (index, text) in self.components.iter().enumerate() {
            let found = text.parse().ok().filter(|id| known.contains(id));
            let found = found.ok_or_else(|| format!("expected a component of this tenant, got {text:?}"));
            components.extend(faults.keep(found, &format!("/components/{index}")));
        }
        // Stand-ins where a fault is noted already, so that the rest is looked over too.
        let (starts_at, ends_at) =
            starts_at.zip(ends_at).unwrap_or((Timestamp::from_millis(0), Timestamp::from_millis(1)));
        let maintenance = Maintenance {
            tenant: tenant.clone(),
            id: given.unwrap_or(made),
            title: self.title.trim().to_owned(),
            components,
            starts_at,
            ends_at,
        };
        faults.absorb(maintenance.validate(), "");
        faults.finish().map(|()| maintenance)
    }
}

/// List the maintenance.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/maintenances", tag = "maintenances", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), Paged),
    responses((status = 200, description = "Soonest start first", body = Listed<MaintenanceView>), Problem)
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
    (state.changed)();
    (state.alerts_changed)();
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("maintenance")) }
}
