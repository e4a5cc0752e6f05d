//! What a Prometheus sends to an Alertmanager: a tenant can be named as one, under `path_prefix`.
//!
//! An alert that fires is sent again and again, and is over when it is not: each says until when it holds.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::alert::config::DEFAULT_RESOLVE_TIMEOUT;
use plimsoll_domain::alert::{Signal, SignalAction};
use plimsoll_domain::time::{Span, Timestamp};

use super::configured;
use super::foreign::{EIGHT_MIB, ForeignAlert, MOST_ALERTS};
use crate::extract::{Foreign, ForeignScope, Ingest, JsonBytes, Viewer, Words};
use crate::problem::Problem;
use crate::state::ApiState;

const SOURCE: &str = "prometheus";
/// How Go writes an instant that is not given.
const ZERO: &str = "0001-01-01T00:00:00Z";

/// The routes of Alertmanager's API.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(take)).routes(routes!(status))
}

/// As an Alertmanager answers that runs alone.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StatusView {
    cluster: ClusterView,
    version_info: VersionView,
    config: ConfigView,
    /// The present instant: since when it runs is not told.
    #[schema(value_type = String, format = DateTime)]
    uptime: Timestamp,
}

#[derive(Serialize, ToSchema)]
struct ClusterView {
    /// `disabled`
    status: &'static str,
    peers: Vec<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VersionView {
    version: &'static str,
    revision: &'static str,
    branch: &'static str,
    build_user: &'static str,
    build_date: &'static str,
    go_version: &'static str,
}

#[derive(Serialize, ToSchema)]
struct ConfigView {
    /// Empty: the configuration is at `/observability/alerts/config/{tenant_id}`.
    original: &'static str,
}

/// Take what a Prometheus sends.
///
/// For `alertmanagers` with `path_prefix: /observability/alerts/{tenant_id}`; the key is the token, or the password of Basic.
/// Alerts that cannot be taken are named (400), and the others are taken all the same. Errors are JSON strings.
#[utoipa::path(
    post, path = "/observability/alerts/{tenant_id}/api/v2/alerts", tag = "alerts",
    security(("key" = []), ("basic" = [])), request_body = Vec<ForeignAlert>,
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "Stored; it is being sent"), Words)
)]
async fn take(
    ForeignScope(scope): ForeignScope<Ingest>,
    State(state): State<ApiState>,
    Foreign(JsonBytes(body)): Foreign<JsonBytes<EIGHT_MIB>>,
) -> Result<StatusCode, Words> {
    let alerts: Vec<ForeignAlert> = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request(format!("The body is not a list of alerts: {error}.")))?;
    if alerts.len() > MOST_ALERTS {
        let detail = format!("Expected at most {MOST_ALERTS} alerts, got {}.", alerts.len());
        return Err(Problem::bad_request(detail).into());
    }
    let needs_timeout = alerts.iter().any(|alert| given(alert.ends_at.as_deref()).is_none());
    let timeout =
        if needs_timeout { configured(&state, &scope.tenant).await?.resolve_timeout } else { DEFAULT_RESOLVE_TIMEOUT };
    let now = state.clock.now();
    let (mut signals, mut wrong) = (Vec::with_capacity(alerts.len()), Vec::new());
    for (index, alert) in alerts.into_iter().enumerate() {
        match signal(alert, scope.name(), (now, timeout)) {
            Ok(signal) => signals.push(signal),
            Err(detail) => wrong.push(format!("alert {index}: {detail}")),
        }
    }
    state.alerting.fire(&scope.tenant, &signals, now).await?;
    if wrong.is_empty() { Ok(StatusCode::OK) } else { Err(Problem::bad_request(wrong.join("; ")).into()) }
}

/// Read the status of a tenant as that of an Alertmanager.
///
/// Errors are JSON strings.
#[utoipa::path(
    get, path = "/observability/alerts/{tenant_id}/api/v2/status", tag = "alerts",
    security(("key" = []), ("basic" = [])),
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "As an Alertmanager answers", body = StatusView), Words)
)]
async fn status(_: ForeignScope<Viewer>, State(state): State<ApiState>) -> axum::Json<StatusView> {
    let version_info = VersionView {
        version: state.facts.version,
        revision: "",
        branch: "",
        build_user: "",
        build_date: "",
        go_version: "",
    };
    let cluster = ClusterView { status: "disabled", peers: Vec::new() };
    axum::Json(StatusView { cluster, version_info, config: ConfigView { original: "" }, uptime: state.clock.now() })
}

fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty() && *text != ZERO)
}

/// What `alert` says at `now`; it holds for `timeout` when it does not say for how long.
fn signal(mut alert: ForeignAlert, by: &str, (now, timeout): (Timestamp, Span)) -> Result<Signal, String> {
    if !alert.has_labels() {
        return Err("expected at least one label".to_owned());
    }
    let ends_at: Option<Timestamp> = given(alert.ends_at.as_deref()).map(str::parse).transpose()?;
    let ends_at = ends_at.unwrap_or_else(|| now.plus(timeout));
    let (key, content) = alert.read(SOURCE, None);
    if ends_at <= now {
        let resolve = Signal::new(SignalAction::Resolve, key, Some(content), by);
        return Ok(Signal { is_refresh: true, ..resolve });
    }
    let signal = Signal::new(SignalAction::Trigger, key, Some(content), by);
    Ok(Signal { is_refresh: true, expires_at: Some(ends_at), ..signal })
}
