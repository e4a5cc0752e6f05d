//! What an Alertmanager sends to a webhook, version 4.
//!
//! Each alert is judged by its own status: that of the group is `firing` while any of them is. What was resolved and what
//! fires is carried out in one call, and nothing that the group leaves out goes unnoticed.

use axum::extract::State;
use axum::http::StatusCode;
use metrics::counter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::alert::{Signal, SignalAction};
use plimsoll_domain::invalid::Invalid;

use super::fire::FiredView;
use super::foreign::{EIGHT_MIB, ForeignAlert, MOST_ALERTS};
use crate::extract::{Ingest, JsonBytes, Scoped, read_slice};
use crate::problem::Problem;
use crate::state::ApiState;

const SOURCE: &str = "alertmanager";
const VERSION: &str = "4";

/// The routes of the webhook.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(take))
}

/// What is not named here is passed over: newer Alertmanagers say more.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct WebhookBody {
    /// `4`
    version: String,
    /// How many alerts of the group are left out.
    truncated_alerts: Option<u64>,
    #[serde(rename = "externalURL")]
    external_url: Option<String>,
    alerts: Vec<ForeignAlert>,
}

#[derive(Serialize, ToSchema)]
struct WebhookAnswer {
    /// What became of each alert, in their order.
    alerts: Vec<FiredView>,
    /// How many alerts of the group were left out.
    truncated: u64,
}

/// Take what an Alertmanager sends.
///
/// For `webhook_configs`, with a key in `http_config.authorization`. Fields that are not known are passed over here.
#[utoipa::path(
    post, path = "/observability/alerts/alertmanager/{tenant_id}", tag = "alerts", security(("key" = [])),
    request_body = WebhookBody,
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 202, description = "Stored; it is being sent", body = WebhookAnswer), Problem)
)]
async fn take(
    scope: Scoped<Ingest>,
    State(state): State<ApiState>,
    JsonBytes(body): JsonBytes<EIGHT_MIB>,
) -> Result<(StatusCode, axum::Json<WebhookAnswer>), Problem> {
    let body: WebhookBody = read_slice(&body)?;
    if body.version != VERSION {
        return Err(Invalid::at("/version", format!("expected {VERSION:?}, got {:?}", body.version)).into());
    }
    if body.alerts.len() > MOST_ALERTS {
        let detail = format!("expected at most {MOST_ALERTS} alerts, got {}", body.alerts.len());
        return Err(Invalid::at("/alerts", detail).into());
    }
    let truncated = body.truncated_alerts.unwrap_or(0);
    let note = (truncated > 0).then(|| format!("Alertmanager left out {truncated} alerts of this group"));
    let external_url = body.external_url.as_deref();
    let signal = |alert: ForeignAlert| {
        let is_over = alert.status.as_deref() == Some("resolved");
        let action = if is_over { SignalAction::Resolve } else { SignalAction::Trigger };
        let (key, content) = alert.read(SOURCE, external_url);
        Signal { is_refresh: true, note: note.clone(), ..Signal::new(action, key, Some(content), scope.name()) }
    };
    let signals: Vec<Signal> = body.alerts.into_iter().map(signal).collect();
    let fired = state.alerting.fire(&scope.tenant, &signals, state.clock.now()).await?;
    if truncated > 0 {
        counter!("plimsoll_alertmanager_truncated_total").increment(truncated);
    }
    let alerts = fired.into_iter().map(FiredView::from).collect();
    Ok((StatusCode::ACCEPTED, axum::Json(WebhookAnswer { alerts, truncated })))
}
