//! The routes of the API, put together.

use axum::Router;

use crate::routes;
use crate::state::ApiState;

/// All routes of the API with their handlers, without what surrounds them: give the result, merged with whatever else
/// the listener serves, to [`layers`](crate::layers). Its fallback takes
/// envelopes at the paths that tenants chose, and finds nothing otherwise.
pub fn router(state: ApiState) -> Router {
    let (router, document) =
        crate::openapi::documented(routes::all(Some(&state)), state.extra_openapi.clone()).split_for_parts();
    router.merge(crate::openapi::router(&document)).fallback(routes::sentry::alias).with_state(state)
}

/// The OpenAPI document of the API alone, as JSON: what `GET /openapi.json` shows where nothing else is served.
pub fn openapi_json() -> String {
    let document = crate::openapi::documented(routes::all(None), None).into_openapi();
    document.to_json().expect("a document of strings serialises")
}

/// Only what watches the process: health, metrics and profiles. For a process that serves no API and must be watched all the same.
pub fn probes_router(state: ApiState) -> Router {
    let (router, _) = routes::probes().split_for_parts();
    router.with_state(state)
}
