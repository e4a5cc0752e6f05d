//! The running configuration, without anything secret.

use axum::extract::State;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Holder, Viewer};
use crate::problem::Problem;
use crate::state::ApiState;

/// The routes of the configuration.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(read))
}

/// Read the running configuration.
#[utoipa::path(
    get, path = "/observability/config", tag = "config", security(("key" = [])),
    responses((status = 200, description = "Every key that is not secret", body = Object), Problem)
)]
async fn read(_: Holder<Viewer>, State(state): State<ApiState>) -> axum::Json<Value> {
    axum::Json(state.facts.running_config.clone())
}
