//! A light report of one error, from apps that have no SDK: it becomes an envelope, and goes the way of all envelopes.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, USER_AGENT};
use axum::response::Response;
use axum::routing::options;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::frontend::{MAX_REPORT, Report};

use super::config::AppQuery;
use super::{From, Taken, ask, unknown_app};
use crate::extract::{Query, read_slice};
use crate::problem::Problem;
use crate::state::ApiState;
use crate::tunnel::{Encoding, Passage, Sender, WITHIN, admit};

const PATH: &str = "/observability/sentry/report";
const TIME_TO_SEND: Duration = Duration::from_secs(20);

/// The routes of reports.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(report)).route(PATH, options(ask))
}

/// What went wrong.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReportRequest {
    /// What it says, 1 to 8,192 characters.
    message: String,
    /// Its class, e.g. `TypeError`; `Error` unless given.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Where it came from, as the browser writes it; at most 32,768 characters.
    stack: Option<String>,
    /// The page.
    url: Option<String>,
    /// The version of the app; the app's own unless given.
    release: Option<String>,
    /// `fatal`, `error`, `warning`, `info` or `debug`; `error` unless given.
    level: Option<String>,
}

/// Report an error.
///
/// Any `Content-Type` is taken, so that `navigator.sendBeacon` can send it; at most 64 KiB.
#[utoipa::path(
    post, path = "/observability/sentry/report", tag = "sentry", params(AppQuery), request_body = ReportRequest,
    responses((status = 200, description = "Taken, or kept until it can be passed on", body = Taken), Problem)
)]
async fn report(
    from: From,
    Query(query): Query<AppQuery>,
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, Problem> {
    let deadline = Instant::now() + WITHIN;
    let tunnel = state.tunnel();
    let live = tunnel.apps.by_key(&query.app).await?.ok_or_else(unknown_app)?;
    plimsoll_traces::say_tenant(live.tenant.as_str());
    let (parts, body) = request.into_parts();
    if Encoding::of(&parts.headers) != Some(Encoding::Identity) {
        let detail = "Expected a report without Content-Encoding.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let told = read_slice::<ReportRequest>(&read(body).await?)?.read();
    told.validate()?;
    let event_id = state.entropy.bytes()[..16].iter().fold(String::new(), |id, byte| format!("{id}{byte:02x}"));
    let user_agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    let envelope = told.envelope(&live.app, &event_id, user_agent, state.clock.now());
    let passage = Passage::of(envelope, &tunnel.settings);
    let mut headers = parts.headers;
    headers.remove(CONTENT_TYPE);
    let sender = Sender { live, headers, peer: from.peer, event_id: Some(event_id), deadline };
    Ok(admit(tunnel, sender, passage, from.client).await)
}

async fn read(body: Body) -> Result<Bytes, Problem> {
    let late = |_| Problem::new(StatusCode::REQUEST_TIMEOUT, "The report did not arrive in time.");
    let read = tokio::time::timeout(TIME_TO_SEND, Limited::new(body, MAX_REPORT).collect()).await.map_err(late)?;
    read.map(http_body_util::Collected::to_bytes).map_err(|error| {
        if error.is::<LengthLimitError>() {
            return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("A report may have {MAX_REPORT} bytes."));
        }
        Problem::bad_request("The client sent no more.")
    })
}

impl ReportRequest {
    fn read(self) -> Report {
        let Self { message, kind, stack, url, release, level } = self;
        Report { message, kind, stack, url, release, level }
    }
}
