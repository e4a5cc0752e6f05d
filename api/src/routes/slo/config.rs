//! What a tenant promises. A tenant that never said anything promises the defaults.

use axum::extract::State;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::slo::{Slo, SloConfig};
use plimsoll_store::StoreError;

use super::bodies::{SloConfigRequest, SloConfigView};
use super::configured;
use super::prometheus::keep_secrets;
use crate::extract::{Admin, IfMatch, Json, Scoped, Viewer, etag};
use crate::problem::Problem;
use crate::state::ApiState;

const ATTEMPTS: usize = 3;

/// The routes of the SLO configuration.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(read, replace))
}

/// Read the SLOs.
#[utoipa::path(
    get, path = "/observability/slo/config/{tenant_id}", tag = "slo", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "The SLOs, or the defaults; ETag names the version", body = SloConfigView), Problem)
)]
async fn read(scope: Scoped<Viewer>, State(state): State<ApiState>) -> Result<impl IntoResponse, Problem> {
    let config = configured(&state, &scope.tenant).await?;
    Ok((etag(&tag_of(&config)), axum::Json(SloConfigView::from(config))))
}

/// Replace the SLOs.
///
/// What was measured before is kept, and the first measurement of another promise says what was promised before.
#[utoipa::path(
    put, path = "/observability/slo/config/{tenant_id}", tag = "slo", security(("key" = [])),
    request_body = SloConfigRequest,
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("if-match" = Option<String>, Header, description = "The ETag that was read; 412 when it is no longer true")
    ),
    responses((status = 200, description = "Replaced", body = SloConfigView), Problem)
)]
async fn replace(
    scope: Scoped<Admin>,
    if_match: IfMatch,
    State(state): State<ApiState>,
    Json(request): Json<SloConfigRequest>,
) -> Result<impl IntoResponse, Problem> {
    let components = state.store.components(&scope.tenant).await?;
    let config = put(&state, &scope.tenant, &if_match, request.read(&components)?).await?;
    Ok((etag(&tag_of(&config)), axum::Json(SloConfigView::from(config))))
}

/// Stores these SLOs in place of those of the version that `if_match` names, with stored secrets where masks stand.
pub(super) async fn put(
    state: &ApiState,
    tenant: &TenantId,
    if_match: &IfMatch,
    objectives: Vec<Slo>,
) -> Result<SloConfig, Problem> {
    for attempt in 1.. {
        let held = configured(state, tenant).await?;
        if_match.require(&tag_of(&held))?;
        let mut config = SloConfig { version: held.version + 1, objectives: objectives.clone() };
        keep_secrets(&mut config.objectives, &held.objectives)?;
        match state.store.put_slo_config(tenant, &config).await {
            Err(StoreError::Stale { .. }) if !if_match.is_given() && attempt < ATTEMPTS => {}
            done => return Ok(done.map(|()| config)?),
        }
    }
    unreachable!("the last attempt answers")
}

/// What the `ETag` of a configuration is made of.
pub(super) fn tag_of(config: &SloConfig) -> String {
    format!("v{}", config.version)
}
