//! How receivers do, and whether they can be reached at all.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::alert::content::TEST_SOURCE;
use plimsoll_domain::alert::delivery::Delivery;
use plimsoll_domain::alert::{
    Alert, Content, DeliveryState, Receiver, ReceiverName, ReceiverState, Severity, Signal, SignalAction,
};
use plimsoll_domain::ids::{AlertId, TenantId};
use plimsoll_domain::time::Timestamp;

use super::configured;
use super::views::DeliveryView;
use crate::extract::{Listed, Operator, Page, Paged, PathId, Scoped, Viewer};
use crate::problem::Problem;
use crate::state::ApiState;

/// How often a test is looked at, and how long in between.
const LOOKS: usize = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// The routes of receivers.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(test)).routes(routes!(enable))
}

#[derive(Serialize, ToSchema)]
struct ReceiverView {
    #[schema(value_type = String)]
    name: ReceiverName,
    kind: &'static str,
    health: HealthView,
}

/// How a receiver does, as far as is known.
#[derive(Serialize, ToSchema)]
struct HealthView {
    /// When it last took something.
    #[schema(value_type = Option<String>, format = DateTime)]
    delivered_at: Option<Timestamp>,
    /// When it last took something not.
    #[schema(value_type = Option<String>, format = DateTime)]
    failed_at: Option<Timestamp>,
    /// What was said then.
    failure: Option<String>,
    /// Failures since it last took something.
    failures_in_a_row: u32,
    /// Why nothing is sent to it any more, if so.
    switched_off: Option<OffView>,
}

#[derive(Serialize, ToSchema)]
struct OffView {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    reason: String,
}

#[derive(Serialize, ToSchema)]
struct TestAnswer {
    #[schema(value_type = String)]
    alert_id: AlertId,
    /// Whether the receiver took both the alert and its end.
    delivered: bool,
    deliveries: Vec<DeliveryView>,
}

/// List receivers with their health.
#[utoipa::path(
    get, path = "/observability/alerts/config/{tenant_id}/receivers", tag = "alerts", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), Paged),
    responses((status = 200, description = "By name", body = Listed<ReceiverView>), Problem)
)]
async fn list(
    scope: Scoped<Viewer>,
    page: Page,
    State(state): State<ApiState>,
) -> Result<axum::Json<Listed<ReceiverView>>, Problem> {
    let mut receivers = configured(&state, &scope.tenant).await?.receivers;
    receivers.sort_by(|one, other| one.name.cmp(&other.name));
    let states = state.store.receiver_states(&scope.tenant).await?;
    let show = |receiver: Receiver| {
        let known = states.iter().find(|known| known.receiver == receiver.name);
        ReceiverView::of(&receiver, known)
    };
    Ok(axum::Json(page.of(receivers, |receiver| receiver.name.to_string(), show)))
}

/// Test a receiver.
///
/// Sends it an alert of severity `info` with the label `test`, and the end of it, whatever the routes and silences say, and
/// waits up to 10 s for what comes of it.
#[utoipa::path(
    post, path = "/observability/alerts/config/{tenant_id}/receivers/{name}/test", tag = "alerts",
    security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), ("name" = String, Path, description = "The receiver")),
    responses(
        (status = 200, description = "What came of it", body = TestAnswer),
        (status = 202, description = "It is still being tried", body = TestAnswer),
        Problem
    )
)]
async fn test(
    scope: Scoped<Operator>,
    PathId(name): PathId<ReceiverName>,
    State(state): State<ApiState>,
) -> Result<(StatusCode, axum::Json<TestAnswer>), Problem> {
    configured_as(&state, &scope.tenant, &name).await?;
    let signals = test_signals(&state, &name, scope.name());
    let fired = state.alerting.fire(&scope.tenant, &signals, state.clock.now()).await?;
    let alert_id = &fired.first().expect("one for each signal").alert;
    let mut looks = 0;
    let alert = loop {
        let alert = state.store.alert(&scope.tenant, alert_id).await?.ok_or_else(|| Problem::not_found("alert"))?;
        looks += 1;
        if alert.deliveries.iter().all(Delivery::is_finished) || looks > LOOKS {
            break alert;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    };
    let is_finished = alert.deliveries.iter().all(Delivery::is_finished);
    let status = if is_finished { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, axum::Json(alert.into())))
}

/// Send to a receiver again that was switched off.
#[utoipa::path(
    post, path = "/observability/alerts/config/{tenant_id}/receivers/{name}/enable", tag = "alerts",
    security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), ("name" = String, Path, description = "The receiver")),
    responses((status = 200, description = "The receiver", body = ReceiverView), Problem)
)]
async fn enable(
    scope: Scoped<Operator>,
    PathId(name): PathId<ReceiverName>,
    State(state): State<ApiState>,
) -> Result<axum::Json<ReceiverView>, Problem> {
    let receiver = configured_as(&state, &scope.tenant, &name).await?;
    let states = state.store.receiver_states(&scope.tenant).await?;
    let known = states.into_iter().find(|known| known.receiver == name);
    let known = known.map(|known| ReceiverState { switched_off: None, ..known });
    if let Some(known) = &known {
        state.store.put_receiver_states(std::slice::from_ref(known)).await?;
        (state.alerts_changed)();
    }
    Ok(axum::Json(ReceiverView::of(&receiver, known.as_ref())))
}

/// The receiver of this name, as it is configured.
async fn configured_as(state: &ApiState, tenant: &TenantId, name: &ReceiverName) -> Result<Receiver, Problem> {
    let config = configured(state, tenant).await?;
    config.receiver(name).cloned().ok_or_else(|| Problem::not_found("receiver"))
}

/// An alert that nobody has to do anything about, and its end.
fn test_signals(state: &ApiState, name: &ReceiverName, by: &str) -> [Signal; 2] {
    let hex = state.entropy.bytes()[..16].iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let summary = format!("Test of receiver {name}, asked for by {by}. Nothing is wrong.");
    let labels = [("test".to_owned(), "true".to_owned())].into();
    let content = Content { labels, ..Content::of(&summary, Severity::Info, TEST_SOURCE) };
    [(SignalAction::Trigger, Some(content)), (SignalAction::Resolve, None)].map(|(action, content)| Signal {
        only_to: Some(name.to_string()),
        ..Signal::new(action, format!("test-{hex}"), content, by)
    })
}

impl ReceiverView {
    fn of(receiver: &Receiver, known: Option<&ReceiverState>) -> Self {
        let off = known.and_then(|known| known.off(&receiver.target));
        Self {
            name: receiver.name.clone(),
            kind: receiver.target.kind(),
            health: HealthView {
                delivered_at: known.and_then(|known| known.delivered_at),
                failed_at: known.and_then(|known| known.failed_at),
                failure: known.and_then(|known| known.failure.clone()),
                failures_in_a_row: known.map_or(0, |known| known.failures_in_a_row),
                switched_off: off.map(|off| OffView { at: off.at, reason: off.reason.clone() }),
            },
        }
    }
}

impl From<Alert> for TestAnswer {
    fn from(alert: Alert) -> Self {
        let is_delivered = |one: &Delivery| matches!(one.state, DeliveryState::Delivered { .. });
        Self {
            delivered: !alert.deliveries.is_empty() && alert.deliveries.iter().all(is_delivered),
            deliveries: DeliveryView::all(&alert),
            alert_id: alert.id,
        }
    }
}
