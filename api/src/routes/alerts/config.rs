//! Who is told of what. A tenant that never said anything tells nobody, and keeps what comes in all the same.

use axum::extract::State;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::alert::AlertConfig;
use plimsoll_domain::ids::TenantId;
use plimsoll_store::StoreError;

use super::configured;
use super::routing_body::{AlertConfigRequest, AlertConfigView, Asked};
use crate::extract::{Admin, IfMatch, Json, Scoped, Viewer, etag};
use crate::problem::Problem;
use crate::state::ApiState;

const ATTEMPTS: usize = 3;

/// The routes of the configuration of alerts.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(read, replace))
}

/// Read receivers and routes.
///
/// What is secret is masked.
#[utoipa::path(
    get, path = "/observability/alerts/config/{tenant_id}", tag = "alerts", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "Receivers and routes; ETag names the version", body = AlertConfigView), Problem)
)]
async fn read(scope: Scoped<Viewer>, State(state): State<ApiState>) -> Result<impl IntoResponse, Problem> {
    let config = configured(&state, &scope.tenant).await?;
    Ok((etag(&tag_of(&config)), axum::Json(AlertConfigView::from(config))))
}

/// Replace receivers and routes.
///
/// What is open at a receiver that is changed or removed is still closed there, as it was configured then.
#[utoipa::path(
    put, path = "/observability/alerts/config/{tenant_id}", tag = "alerts", security(("key" = [])),
    request_body = AlertConfigRequest,
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("if-match" = Option<String>, Header, description = "The ETag that was read; 412 when it is no longer true")
    ),
    responses((status = 200, description = "Replaced", body = AlertConfigView), Problem)
)]
async fn replace(
    scope: Scoped<Admin>,
    if_match: IfMatch,
    State(state): State<ApiState>,
    Json(request): Json<AlertConfigRequest>,
) -> Result<impl IntoResponse, Problem> {
    let config = put(&state, &scope.tenant, &if_match, &request.read()).await?;
    (state.alerts_changed)();
    Ok((etag(&tag_of(&config)), axum::Json(AlertConfigView::from(config))))
}

async fn put(state: &ApiState, tenant: &TenantId, if_match: &IfMatch, asked: &Asked) -> Result<AlertConfig, Problem> {
    for attempt in 1.. {
        let held = configured(state, tenant).await?;
        if_match.require(&tag_of(&held))?;
        let config = asked.after(&held)?;
        match state.store.put_alert_config(tenant, &config).await {
            Err(StoreError::Stale { .. }) if !if_match.is_given() && attempt < ATTEMPTS => {}
            done => return Ok(done.map(|()| config)?),
        }
    }
    unreachable!("the last attempt answers")
}

fn tag_of(config: &AlertConfig) -> String {
    format!("v{}", config.version)
}
