//! What was said of an incident, said better.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::incident::Incident;

use super::views::IncidentView;
use super::{answer, change};
use crate::extract::{IfMatch, IncidentOf, Json, Operator, PathId, UpdateNumber};
use crate::problem::Problem;
use crate::state::ApiState;

/// The routes of updates.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(correct))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdateCorrection {
    /// In Markdown, in at most 4,000 characters.
    body: String,
}

/// Correct what was said of an incident.
///
/// Nobody is told of it again.
#[utoipa::path(
    patch, path = "/incidents/{id}/updates/{number}", tag = "incidents", security(("key" = [])),
    request_body = UpdateCorrection,
    params(
        ("id" = String, Path, description = "The incident"),
        ("number" = u32, Path, description = "The place of the update in the timeline: 0 for the oldest"),
        ("if-match" = Option<String>, Header, description = "The ETag that was read; 412 when it is no longer true")
    ),
    responses((status = 200, description = "Corrected", body = IncidentView), Problem)
)]
async fn correct(
    found: IncidentOf<Operator>,
    PathId(UpdateNumber(number)): PathId<UpdateNumber>,
    if_match: IfMatch,
    State(state): State<ApiState>,
    Json(correction): Json<UpdateCorrection>,
) -> Result<impl IntoResponse, Problem> {
    let next = |held: &Incident| {
        if number >= held.updates.len() {
            return Err(Problem::not_found("update"));
        }
        Ok(held.corrected(number, &correction.body)?)
    };
    change(&state, found.incident, &if_match, next).await.map(answer)
}
