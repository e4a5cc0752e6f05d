//! What was counted, for a scraper. Without a key, as scrapers expect: no label holds a key or a password, but labels name
//! tenants and their SLOs, and figures tell how each of them fares. Whoever may not know that must not reach it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::Problem;
use crate::state::ApiState;

const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The routes of metrics. A thousand tenants are megabytes of text that hardly differs from line to line: the least effort
/// makes a twentieth of it.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    let compressed = CompressionLayer::new().quality(CompressionLevel::Fastest);
    OpenApiRouter::new().routes(routes!(read)).layer(compressed)
}

/// Read the metrics.
#[utoipa::path(
    get, path = "/metrics", tag = "health",
    responses(
        (status = 200, description = "Prometheus text; compressed where `Accept-Encoding` takes gzip",
         body = String, content_type = "text/plain"),
        Problem
    )
)]
async fn read(State(state): State<ApiState>) -> Result<impl IntoResponse, Problem> {
    let Some(render) = state.metrics_text.clone() else {
        let detail = "Nothing is counted here: PLIMSOLL_METRICS_ENABLED is false.";
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    };
    // It takes milliseconds of nothing but work: others are answered meanwhile.
    let text = tokio::task::spawn_blocking(move || render()).await.map_err(|error| {
        let detail = "The metrics could not be read. The log has the details.";
        Problem::failure(StatusCode::INTERNAL_SERVER_ERROR, detail, error.to_string())
    })?;
    Ok(([(CONTENT_TYPE, PROMETHEUS_TEXT)], text))
}
