//! The tunnel: at the path that all share, and at those that tenants chose.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{ALLOW, ORIGIN};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::options;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ENVELOPE_PATH, From, Taken};
use crate::edge::RouteName;
use crate::problem::Problem;
use crate::state::ApiState;
use crate::tunnel::{Entrance, enter, preflight, preflight_permits};

/// How aliases are called in metrics and logs: a path that a tenant chose is not one of a closed set.
const ALIAS: RouteName = RouteName("tunnel alias");

/// The routes of the tunnel.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(shared)).route(ENVELOPE_PATH, options(ask))
}

/// Pass an envelope on to Sentry.
///
/// The DSN in its first line must be one of an app here. The answer is Sentry's, with its `Retry-After` and
/// `X-Sentry-Rate-Limits`; while Sentry is away, the envelope is kept and 200 is answered.
#[utoipa::path(
    post, path = "/observability/sentry/envelope", tag = "sentry",
    request_body(content = String, content_type = "application/x-sentry-envelope"),
    responses((status = 200, description = "Taken, or kept until it can be passed on", body = Taken), Problem)
)]
async fn shared(from: From, State(state): State<ApiState>, request: Request) -> Response {
    enter(state.tunnel(), Entrance::Shared, request, (from.client, from.peer)).await
}

async fn ask(State(state): State<ApiState>, request: Request) -> Response {
    answer_preflight(&state, Entrance::Shared, &request)
}

/// What no route takes: an envelope at a path that a tenant chose, or nothing.
pub(crate) async fn alias(State(state): State<ApiState>, request: Request) -> Response {
    let apps = &state.tunnel().apps;
    if !apps.is_alias(request.uri().path()) {
        // Until the apps have been read, nobody can say that this is no path of theirs.
        if apps.is_loaded() || request.method() != Method::POST {
            return StatusCode::NOT_FOUND.into_response();
        }
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "The apps are not known yet: try again.").into_response();
    }
    let path = request.uri().path().to_owned();
    let entrance = Entrance::Alias(&path);
    let mut response = match *request.method() {
        Method::POST => {
            let (mut parts, body) = request.into_parts();
            match From::from_request_parts(&mut parts, &state).await {
                Ok(from) => {
                    let request = Request::from_parts(parts, body);
                    enter(state.tunnel(), entrance, request, (from.client, from.peer)).await
                }
                Err(problem) => problem.into_response(),
            }
        }
        Method::OPTIONS => answer_preflight(&state, entrance, &request),
        _ => {
            let allowed = [(ALLOW, HeaderValue::from_static("POST, OPTIONS"))];
            (allowed, Problem::of_bare(StatusCode::METHOD_NOT_ALLOWED)).into_response()
        }
    };
    response.extensions_mut().insert(ALIAS);
    response
}

fn answer_preflight(state: &ApiState, entrance: Entrance<'_>, request: &Request) -> Response {
    let is_permitted = preflight_permits(state.tunnel(), entrance, request.headers());
    preflight(request.headers().get(ORIGIN), is_permitted)
}
