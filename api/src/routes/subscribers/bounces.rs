//! Addresses that take no mail, as a mail server found out and a machine tells us.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::invalid::{Faults, check_text};

use crate::extract::{Ingest, Json, Scoped};
use crate::problem::Problem;
use crate::state::ApiState;

/// The routes of bounces.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(note))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BounceRequest {
    /// The address of mail.
    address: String,
    /// What the mail server said, in at most 500 characters.
    reason: String,
}

/// Note that an address takes no mail.
///
/// Nothing is sent there any more, until they subscribe again. The answer does not say whether anybody was subscribed.
#[utoipa::path(
    post, path = "/tenants/{tenant_id}/bounces", tag = "subscribers", security(("key" = [])),
    request_body = BounceRequest,
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 204, description = "Noted"), Problem)
)]
async fn note(
    scope: Scoped<Ingest>,
    State(state): State<ApiState>,
    Json(bounce): Json<BounceRequest>,
) -> Result<StatusCode, Problem> {
    let mut faults = Faults::default();
    check_text(&mut faults, &bounce.address, 254, "/address");
    check_text(&mut faults, &bounce.reason, 500, "/reason");
    faults.finish()?;
    state.subscribing.bounced(&scope.tenant, &bounce.address, &bounce.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
