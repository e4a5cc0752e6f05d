//! The path of a tenant's own at which envelopes are taken, too.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::frontend::{Alias, FrontendApps};
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::invalid::Invalid;
use plimsoll_store::StoreError;

use super::{change, held};
use crate::extract::{Admin, IfMatch, Json, Scoped, Viewer, etag};
use crate::problem::Problem;
use crate::routes::sentry::ENVELOPE_PATH;
use crate::state::ApiState;

/// The routes of the tunnel's settings.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(read, replace))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TunnelRequest {
    /// A path of one to three segments of a-z, 0-9, - and _, such as `/c7/beacon`; none: only the path that all share.
    alias: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct TunnelView {
    /// The path of the tenant's own, which takes envelopes of its apps only.
    alias: Option<String>,
    /// The path that all tenants share.
    path: &'static str,
}

impl TunnelView {
    fn of(apps: &FrontendApps) -> Self {
        Self { alias: apps.alias.as_ref().map(Alias::to_string), path: ENVELOPE_PATH }
    }
}

/// Read where envelopes are taken.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/tunnel", tag = "apps", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "The paths; ETag names the path", body = TunnelView), Problem)
)]
async fn read(scope: Scoped<Viewer>, State(state): State<ApiState>) -> Result<impl IntoResponse, Problem> {
    let apps = held(&state, &scope.tenant).await?;
    Ok((etag(&tag_of(&apps)), axum::Json(TunnelView::of(&apps))))
}

/// Choose a path of one's own.
///
/// Lists of what to block learn the common ones. An earlier path is no longer taken.
#[utoipa::path(
    put, path = "/tenants/{tenant_id}/tunnel", tag = "apps", security(("key" = [])), request_body = TunnelRequest,
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("if-match" = Option<String>, Header, description = "The ETag that was read; 412 when it is no longer true")
    ),
    responses((status = 200, description = "Chosen", body = TunnelView), Problem)
)]
async fn replace(
    scope: Scoped<Admin>,
    if_match: IfMatch,
    State(state): State<ApiState>,
    Json(request): Json<TunnelRequest>,
) -> Result<impl IntoResponse, Problem> {
    let alias: Option<Alias> =
        request.alias.as_deref().map(str::parse).transpose().map_err(|r: String| Invalid::at("/alias", r))?;
    if let Some(alias) = &alias {
        require_free(&state, &scope.tenant, alias).await?;
    }
    let now = state.clock.now();
    let mut after = FrontendApps::none(scope.tenant.clone());
    let done = change(&state, &scope.tenant, |apps| {
        if_match.require(&tag_of(apps))?;
        after = apps.with_alias(alias.clone(), now);
        Ok(Some(after.clone()))
    });
    done.await?;
    Ok((etag(&tag_of(&after)), axum::Json(TunnelView::of(&after))))
}

/// A path is one tenant's. Of two that choose it in the same moment, it is whose choice came first.
async fn require_free(state: &ApiState, tenant: &TenantId, alias: &Alias) -> Result<(), Problem> {
    let all = state.store.frontend_apps_across_tenants().await?;
    let is_taken = all.iter().any(|apps| apps.tenant != *tenant && apps.alias.as_ref() == Some(alias));
    let taken = || StoreError::Exists { what: format!("path {alias}") };
    if is_taken { Err(taken().into()) } else { Ok(()) }
}

/// The path is part of the document of the apps, but an app that changes does not change it.
fn tag_of(apps: &FrontendApps) -> String {
    let alias = apps.alias.as_ref().map_or("", Alias::as_str);
    blake3::hash(alias.as_bytes()).to_hex()[..16].to_owned()
}
