//! Alerts: who is told of them, what comes in, what became of it, and what is said of it afterwards.
//!
//! Whatever comes in, by whatever route, becomes signals and one call of [`Alerting`](plimsoll_store::alerting::Alerting):
//! so all sources are deduplicated, silenced and routed alike.

mod alertmanager;
mod config;
mod dead;
mod feedback;
mod fire;
mod foreign;
mod history;
mod kept;
mod prometheus;
mod receiver_body;
mod receivers;
mod routing_body;
mod views;

use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;

use plimsoll_domain::alert::{Alert, AlertConfig};
use plimsoll_domain::ids::{AlertId, TenantId};
use plimsoll_domain::invalid::Invalid;
use plimsoll_domain::time::Timestamp;
use plimsoll_store::StoreError;

use crate::extract::Page;
use crate::problem::Problem;
use crate::state::ApiState;

/// Times that a change is tried when others were faster.
const ATTEMPTS: usize = 20;

/// The routes of alerts.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(config::router())
        .merge(receivers::router())
        .merge(history::router())
        .merge(feedback::router())
        .merge(dead::router())
}

/// The routes that alerts come in by.
pub(super) fn intake() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().merge(fire::router()).merge(alertmanager::router()).merge(prometheus::router())
}

/// The tenant's receivers and routes, or the defaults.
async fn configured(state: &ApiState, tenant: &TenantId) -> Result<AlertConfig, Problem> {
    Ok(state.store.alert_config(tenant).await?.unwrap_or_default())
}

/// Stores what `change` makes of an alert, anew when somebody else was faster. 409 when it cannot be stored since another
/// episode of its key is not over.
async fn change(
    state: &ApiState,
    (tenant, id): (&TenantId, &AlertId),
    change: impl Fn(&Alert) -> Result<Alert, Problem> + Send + Sync,
) -> Result<Alert, Problem> {
    let mut refused = None;
    for _ in 0..ATTEMPTS {
        let held = state.store.alert(tenant, id).await?.ok_or_else(|| Problem::not_found("alert"))?;
        let next = change(&held)?;
        // Only one episode of a key may have anything left to be sent.
        if refused == Some(held.version) && !next.is_settled() {
            let detail = "A newer alert of the same dedup key is not over, or not everything of it is sent: try later.";
            return Err(Problem::new(StatusCode::CONFLICT, detail));
        }
        if state.alerting.put(next.clone()).await? {
            return Ok(next);
        }
        refused = Some(held.version);
    }
    let reason = "the alert was changed by others each time; try again".to_owned();
    Err(StoreError::Unavailable { reason }.into())
}

/// Where an alert stands in a list: newest first, then by id.
fn cursor(alert: &Alert) -> String {
    format!("{} {}", alert.fired_at.millis(), alert.id)
}

fn read_cursor(text: &str) -> Result<(Timestamp, AlertId), Invalid> {
    let parts = text.split_once(' ').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    parts.map(|(at, id)| (Timestamp::from_millis(at), id)).ok_or_else(Page::wrong_cursor)
}

/// The first instant after `now`: what happens now is not left out.
const fn just_after(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.millis() + 1)
}
