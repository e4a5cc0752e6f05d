//! API keys of a tenant. A key is shown when it is made and never again.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::ids::{KeyId, TenantId};
use plimsoll_domain::invalid::Invalid;
use plimsoll_domain::tenant::{ApiKey, Role, Tenant};
use plimsoll_domain::time::Timestamp;

use crate::extract::{Admin, Json, Listed, Page, Paged, PathId, Scoped};
use crate::problem::Problem;
use crate::routes::{by_time, location};
use crate::state::ApiState;

/// The routes of keys.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(remove))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewKey {
    /// What people call it; it stands in timelines as the author.
    name: String,
    /// `admin`, `operator`, `ingest` or `viewer`.
    role: String,
}

#[derive(Serialize, ToSchema)]
struct KeyView {
    #[schema(value_type = String)]
    id: KeyId,
    name: String,
    #[schema(value_type = String)]
    role: Role,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
struct CreatedKey {
    #[serde(flatten)]
    view: KeyView,
    /// The key itself. It is shown here and never again.
    key: String,
}

impl From<ApiKey> for KeyView {
    fn from(key: ApiKey) -> Self {
        Self { id: key.id, name: key.name, role: key.role, created_at: key.created_at }
    }
}

/// Make a key.
#[utoipa::path(
    post, path = "/tenants/{tenant_id}/keys", tag = "keys", security(("key" = [])), request_body = NewKey,
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 201, description = "Made", body = CreatedKey), Problem)
)]
async fn create(
    scope: Scoped<Admin>,
    State(state): State<ApiState>,
    Json(new): Json<NewKey>,
) -> Result<impl IntoResponse, Problem> {
    let role: Role = new.role.parse().map_err(|detail: String| Invalid::at("/role", detail))?;
    let (kept, key) = ApiKey::generate(&new.name, role, state.clock.now(), &*state.entropy)?;
    state.store.add_key(&scope.tenant, &kept).await?;
    let path = format!("/tenants/{}/keys/{}", scope.tenant, kept.id);
    Ok((StatusCode::CREATED, location(&path), axum::Json(CreatedKey { view: kept.into(), key })))
}

/// List the keys.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/keys", tag = "keys", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), Paged),
    responses((status = 200, description = "Keys, the oldest first, without the keys themselves", body = Listed<KeyView>), Problem)
)]
async fn list(
    scope: Scoped<Admin>,
    page: Page,
    State(state): State<ApiState>,
) -> Result<axum::Json<Listed<KeyView>>, Problem> {
    let mut keys = tenant(&state, &scope.tenant).await?.keys;
    let order = |key: &ApiKey| by_time(key.created_at, key.id.as_str());
    keys.sort_by_key(order);
    Ok(axum::Json(page.of(keys, order, KeyView::from)))
}

/// Revoke a key.
///
/// The last key of role admin stays: without one nobody could make another.
#[utoipa::path(
    delete, path = "/tenants/{tenant_id}/keys/{key_id}", tag = "keys", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), ("key_id" = String, Path, description = "The key")),
    responses((status = 204, description = "Revoked"), Problem)
)]
async fn remove(
    scope: Scoped<Admin>,
    PathId(id): PathId<KeyId>,
    State(state): State<ApiState>,
) -> Result<StatusCode, Problem> {
    let keys = tenant(&state, &scope.tenant).await?.keys;
    let key = keys.iter().find(|key| key.id == id).ok_or_else(|| Problem::not_found("key"))?;
    let admins = keys.iter().filter(|key| key.role == Role::Admin).count();
    if key.role == Role::Admin && admins == 1 {
        return Err(Problem::new(StatusCode::CONFLICT, "This is the last key of role admin: make another first."));
    }
    let removed = state.store.remove_key(&scope.tenant, &id).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("key")) }
}

async fn tenant(state: &ApiState, id: &TenantId) -> Result<Tenant, Problem> {
    state.store.tenant(id).await?.ok_or_else(|| Problem::not_found("tenant"))
}
