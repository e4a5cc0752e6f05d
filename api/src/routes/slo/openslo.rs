//! The same SLOs as OpenSLO documents, for those who keep theirs as files.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::slo::SloConfig;

use super::config::{put, tag_of};
use super::configured;
use super::prometheus::masked;
use crate::extract::{Admin, IfMatch, Scoped, Viewer, etag};
use crate::problem::Problem;
use crate::state::ApiState;

const YAML: &str = "application/yaml";

/// The routes of OpenSLO.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(read, replace))
}

/// Read the SLOs as OpenSLO v1.
///
/// What OpenSLO has no words for stands in annotations.
#[utoipa::path(
    get, path = "/observability/slo/openslo/{tenant_id}", tag = "slo", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "YAML documents; ETag names the version", body = String, content_type = "application/yaml"),
        Problem
    )
)]
async fn read(scope: Scoped<Viewer>, State(state): State<ApiState>) -> Result<impl IntoResponse, Problem> {
    let config = configured(&state, &scope.tenant).await?;
    Ok(answer(&scope.tenant, config))
}

/// Replace the SLOs by OpenSLO v1 documents.
#[utoipa::path(
    put, path = "/observability/slo/openslo/{tenant_id}", tag = "slo", security(("key" = [])),
    request_body(content = String, content_type = "application/yaml"),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("if-match" = Option<String>, Header, description = "The ETag that was read; 412 when it is no longer true")
    ),
    responses(
        (status = 200, description = "Replaced", body = String, content_type = "application/yaml"),
        Problem
    )
)]
async fn replace(
    scope: Scoped<Admin>,
    if_match: IfMatch,
    State(state): State<ApiState>,
    body: Bytes,
) -> Result<impl IntoResponse, Problem> {
    let text = std::str::from_utf8(&body)
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "Expected YAML in UTF-8.".to_owned()))?;
    let components = state.store.components(&scope.tenant).await?;
    let objectives = plimsoll_openslo::read(text, &components)?;
    let config = put(&state, &scope.tenant, &if_match, objectives).await?;
    Ok(answer(&scope.tenant, config))
}

fn answer(tenant: &TenantId, config: SloConfig) -> impl IntoResponse + use<> {
    let tag = etag(&tag_of(&config));
    let shown = SloConfig { objectives: masked(config.objectives), ..config };
    (tag, [(CONTENT_TYPE, YAML)], plimsoll_openslo::write(&shown, tenant))
}
