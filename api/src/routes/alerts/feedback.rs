//! Whether an alert was worth it, as whoever it woke says.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::alert::{Alert, Feedback, Usefulness};
use plimsoll_domain::ids::AlertId;
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::time::Timestamp;

use super::change;
use super::views::AlertView;
use crate::extract::{Json, Operator, PathId, Scoped};
use crate::problem::Problem;
use crate::state::ApiState;

/// The routes of feedback.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(give))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FeedbackRequest {
    /// `useful` or `noise`.
    verdict: String,
    /// Why, in at most 1,000 characters.
    comment: Option<String>,
}

/// Say whether an alert was worth it.
///
/// What was said of it before is replaced.
#[utoipa::path(
    post, path = "/observability/alerts/history/{tenant_id}/{alert_id}/feedback", tag = "alerts",
    security(("key" = [])), request_body = FeedbackRequest,
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("alert_id" = String, Path, description = "The alert")
    ),
    responses((status = 200, description = "The alert", body = AlertView), Problem)
)]
async fn give(
    scope: Scoped<Operator>,
    PathId(id): PathId<AlertId>,
    State(state): State<ApiState>,
    Json(request): Json<FeedbackRequest>,
) -> Result<axum::Json<AlertView>, Problem> {
    let now = state.clock.now();
    let feedback = request.read(scope.name(), now)?;
    let said = |held: &Alert| Ok(Alert { feedback: Some(feedback.clone()), ..held.next(now) });
    Ok(axum::Json(change(&state, (&scope.tenant, &id), said).await?.into()))
}

impl FeedbackRequest {
    fn read(self, by: &str, at: Timestamp) -> Result<Feedback, Invalid> {
        let mut faults = Faults::default();
        let verdict = match self.verdict.as_str() {
            "useful" => Some(Usefulness::Useful),
            "noise" => Some(Usefulness::Noise),
            other => faults.keep(Err(format!("expected useful or noise, got {other:?}")), "/verdict"),
        };
        let feedback =
            Feedback { verdict: verdict.unwrap_or(Usefulness::Useful), comment: self.comment, at, by: by.to_owned() };
        faults.absorb(feedback.validate(), "");
        faults.finish().map(|()| feedback)
    }
}
