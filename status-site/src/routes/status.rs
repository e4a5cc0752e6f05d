//! `/public/status`: the page as JSON.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::{RETRY_SECONDS, Served, machine};
use crate::entering::Entered;
use crate::json::{PublicIncidents, PublicProblem, PublicStatus};
use crate::respond::{Kind, Rendered};
use crate::site::Missing;

pub(super) fn routes() -> Router<Arc<Served>> {
    Router::new()
        .route("/public/status", get(status_json).options(machine::preflight))
        .route("/public/status/incidents", get(incidents_json).options(machine::preflight))
}

/// Whose status.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhoseStatus {
    /// The tenant's slug; the tenant of the page at `/` when it is left out.
    tenant: Option<String>,
    /// The token of a link to a private page.
    #[serde(rename = "access")]
    #[expect(dead_code, reason = "it is read off the query where all tokens are; here it is described")]
    access: Option<String>,
}

type Whose = Result<Query<WhoseStatus>, QueryRejection>;

/// The status page as JSON: components with 90 days, incidents with their timeline, announced maintenance.
#[utoipa::path(get, path = "/public/status", tag = "public", params(WhoseStatus), responses(
    (status = 200, description = "The last known state", body = PublicStatus),
    (status = 304, description = "Nothing but the age changed"),
    (status = 400, description = "The query cannot be read", body = PublicProblem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such tenant, or its page is private", body = PublicProblem, content_type = "application/problem+json"),
    (status = 503, description = "Nothing is known, and the store does not answer", body = PublicProblem, content_type = "application/problem+json"),
))]
pub(crate) async fn status_json(State(served): State<Arc<Served>>, whose: Whose, request: Request) -> Response {
    let request = request.into_parts().0;
    match found_for(&served, whose, &request).await {
        Ok(entered) => {
            let json = entered.view.status_json(served.site.now());
            json.1.answer_to(entered.entry.audience(), &request.headers)
        }
        Err(problem) => *problem,
    }
}

/// Open incidents and those of the past 14 days, each with its timeline.
#[utoipa::path(get, path = "/public/status/incidents", tag = "public", params(WhoseStatus), responses(
    (status = 200, description = "The last known state", body = PublicIncidents),
    (status = 304, description = "Nothing but the age changed"),
    (status = 400, description = "The query cannot be read", body = PublicProblem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such tenant, or its page is private", body = PublicProblem, content_type = "application/problem+json"),
    (status = 503, description = "Nothing is known, and the store does not answer", body = PublicProblem, content_type = "application/problem+json"),
))]
pub(crate) async fn incidents_json(State(served): State<Arc<Served>>, whose: Whose, request: Request) -> Response {
    let request = request.into_parts().0;
    match found_for(&served, whose, &request).await {
        Ok(entered) => {
            let json = entered.view.incidents_json(served.site.now());
            json.1.answer_to(entered.entry.audience(), &request.headers)
        }
        Err(problem) => *problem,
    }
}

async fn found_for(served: &Served, whose: Whose, request: &Parts) -> Result<Entered, Box<Response>> {
    served.views.json.increment(1);
    let Ok(Query(whose)) = whose else {
        let detail = "expected at most one tenant, as in ?tenant=acme";
        return Err(Box::new(problem(StatusCode::BAD_REQUEST, detail)));
    };
    let slug = whose.tenant.as_deref().unwrap_or(served.site.default_slug());
    served.site.enter(slug, request).await.map_err(|missing| Box::new(missing_problem(missing)))
}

/// What JSON says of a page that is not there, for whoever asked.
pub(super) fn missing_problem(missing: Missing) -> Response {
    match missing {
        Missing::Nowhere => problem(StatusCode::NOT_FOUND, "there is no such tenant"),
        Missing::Unavailable => {
            let detail = "nothing is known of this tenant, and the store does not answer";
            let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, detail);
            response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
            response
        }
    }
}

pub(super) fn problem(status: StatusCode, detail: &'static str) -> Response {
    let body = PublicProblem::text(status, detail);
    Rendered::new(Kind::Problem, status, body, None).answer(&HeaderMap::new())
}
