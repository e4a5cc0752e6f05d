//! What a frontend gives to `Sentry.init`.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, ORIGIN, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::options;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ENVELOPE_PATH, ask, unknown_app};
use crate::extract::{Query, etag};
use crate::problem::Problem;
use crate::state::ApiState;
use crate::tunnel::{LiveApp, allow, page_may_read};

const PATH: &str = "/observability/sentry/config";
/// A change is everywhere in five minutes; while we are away, what was read serves for a day.
const CACHED: HeaderValue =
    HeaderValue::from_static("public, max-age=300, stale-while-revalidate=3600, stale-if-error=86400");

/// The routes of the configuration.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(read)).route(PATH, options(ask))
}

/// Which app.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AppQuery {
    /// Its key, `pla_…`.
    pub(super) app: String,
}

/// Options of `Sentry.init`, named as it names them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SentryConfig {
    dsn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traces_sample_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replays_session_sample_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replays_on_error_sample_rate: Option<f64>,
    /// Where the SDK sends to: a path when only pages of our own origin may, else a URL.
    tunnel: String,
}

/// Read what `Sentry.init` takes.
#[utoipa::path(
    get, path = "/observability/sentry/config", tag = "sentry", params(AppQuery),
    responses((status = 200, description = "Options of Sentry.init", body = SentryConfig), Problem)
)]
async fn read(
    Query(query): Query<AppQuery>,
    headers: HeaderMap,
    State(state): State<ApiState>,
) -> Result<Response, Problem> {
    let live = state.tunnel().apps.by_key(&query.app).await?.ok_or_else(unknown_app)?;
    let config = SentryConfig::of(&live, &state.tunnel().settings.public_url);
    let body = serde_json::to_vec(&config).expect("strings and numbers serialise");
    let tag = etag(&blake3::hash(&body).to_hex()[..16]);
    let is_known = headers.get(IF_NONE_MATCH).is_some_and(|known| names(known, &tag[0].1));
    let mut response =
        if is_known { StatusCode::NOT_MODIFIED.into_response() } else { axum::Json(config).into_response() };
    let answer = response.headers_mut();
    answer.insert(CACHE_CONTROL, CACHED);
    answer.insert(ETAG, tag[0].1.clone());
    match headers.get(ORIGIN).filter(|_| page_may_read(state.tunnel(), &live, &headers)) {
        Some(origin) => allow(&mut response, origin),
        None => drop(response.headers_mut().insert(VARY, HeaderValue::from_static("origin"))),
    }
    Ok(response)
}

/// Whether `If-None-Match` names `tag`.
fn names(known: &HeaderValue, tag: &HeaderValue) -> bool {
    let (known, tag) = (known.to_str().unwrap_or_default(), tag.to_str().unwrap_or_default());
    known.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

impl SentryConfig {
    fn of(live: &LiveApp, public_url: &str) -> Self {
        let app = &live.app;
        let path = live.alias.as_ref().map_or(ENVELOPE_PATH, plimsoll_domain::frontend::Alias::as_str);
        let made = || if app.allowed_origins.is_empty() { path.to_owned() } else { format!("{public_url}{path}") };
        Self {
            dsn: app.dsn.as_str().to_owned(),
            environment: app.environment.clone(),
            release: app.release.clone(),
            sample_rate: app.sample_rates.errors,
            traces_sample_rate: app.sample_rates.traces,
            replays_session_sample_rate: app.sample_rates.replays_session,
            replays_on_error_sample_rate: app.sample_rates.replays_on_error,
            tunnel: app.tunnel.clone().unwrap_or_else(made),
        }
    }
}
