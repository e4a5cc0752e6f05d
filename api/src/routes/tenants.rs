//! Tenants: created by the platform owner, each with its first key.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::invalid::Invalid;
use plimsoll_domain::tenant::{ApiKey, Role, Tenant};
use plimsoll_domain::time::Timestamp;

use crate::extract::{Json, Listed, Page, Paged, Root, Scoped, Viewer};
use crate::problem::Problem;
use crate::routes::location;
use crate::state::ApiState;

/// The routes of tenants.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(read))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTenant {
    /// A slug of a-z, 0-9 and -, which also names its page.
    id: String,
    /// As the public reads it.
    name: String,
}

#[derive(Serialize, ToSchema)]
struct CreatedTenant {
    #[schema(value_type = String)]
    id: TenantId,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// A key of role admin. It is shown here and never again.
    admin_key: String,
}

#[derive(Serialize, ToSchema)]
struct TenantView {
    #[schema(value_type = String)]
    id: TenantId,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Tenant> for TenantView {
    fn from(tenant: Tenant) -> Self {
        Self { id: tenant.id, name: tenant.name, created_at: tenant.created_at }
    }
}

/// Create a tenant.
///
/// Only for the platform owner.
#[utoipa::path(
    post, path = "/tenants", tag = "tenants", security(("key" = [])), request_body = NewTenant,
    responses((status = 201, description = "Created", body = CreatedTenant), Problem)
)]
async fn create(
    _: Root,
    State(state): State<ApiState>,
    Json(new): Json<NewTenant>,
) -> Result<impl IntoResponse, Problem> {
    let now = state.clock.now();
    let id: TenantId = new.id.parse().map_err(|detail: String| Invalid::at("/id", detail))?;
    let (key, admin_key) = ApiKey::generate("admin", Role::Admin, now, &*state.entropy)?;
    let tenant = Tenant::new(id, &new.name, key, now)?;
    state.store.create_tenant(&tenant).await?;
    let path = format!("/tenants/{}", tenant.id);
    let TenantView { id, name, created_at } = tenant.into();
    Ok((StatusCode::CREATED, location(&path), axum::Json(CreatedTenant { id, name, created_at, admin_key })))
}

/// List the tenants.
///
/// Only for the platform owner.
#[utoipa::path(
    get, path = "/tenants", tag = "tenants", security(("key" = [])), params(Paged),
    responses((status = 200, description = "Tenants by id", body = Listed<TenantView>), Problem)
)]
async fn list(_: Root, page: Page, State(state): State<ApiState>) -> Result<axum::Json<Listed<TenantView>>, Problem> {
    let tenants = state.store.tenants_across_all().await?;
    Ok(axum::Json(page.of(tenants, |tenant| tenant.id.to_string(), TenantView::from)))
}

/// Read a tenant.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}", tag = "tenants", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "The tenant", body = TenantView), Problem)
)]
async fn read(scope: Scoped<Viewer>, State(state): State<ApiState>) -> Result<axum::Json<TenantView>, Problem> {
    let tenant = state.store.tenant(&scope.tenant).await?.ok_or_else(|| Problem::not_found("tenant"))?;
    Ok(axum::Json(tenant.into()))
}
