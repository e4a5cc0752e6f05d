//! Deliveries that nobody tries any more, and how to have them tried again.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::alert::{Alert, AlertConfig, Delivery, DeliveryState, ReceiverName, Severity};
use plimsoll_domain::ids::AlertId;
use plimsoll_domain::invalid::Invalid;
use plimsoll_domain::time::Timestamp;
use plimsoll_runtime::masking::mask_text;
use plimsoll_store::AlertFilter;

use super::views::DeliveryView;
use super::{change, configured, cursor, just_after, read_cursor};
use crate::extract::{DeliveryId, JsonBytes, Operator, Page, Paged, PathId, Query, Scoped, Viewer, read_slice};
use crate::problem::Problem;
use crate::state::ApiState;

const ONE_KIB: usize = 1 << 10;
/// Most deliveries that one call has tried again.
const MAX_REPLAYED: usize = 1_000;
/// Alerts that are read at a time.
const CHUNK: usize = 200;
/// Most alerts that one call reads.
const MAX_READ: usize = 5_000;

/// The routes of dead deliveries.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(replay)).routes(routes!(replay_all))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DeadQuery {
    /// Those to this receiver.
    receiver: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct DeadLetters {
    /// Those of the newest alert first. A page holds those of `limit` alerts.
    items: Vec<DeadView>,
    /// Ask for the next page with `cursor` set to this; null on the last page.
    next_cursor: Option<String>,
}

/// A dead delivery.
#[derive(Serialize, ToSchema)]
struct DeadView {
    #[schema(value_type = String)]
    alert_id: AlertId,
    dedup_key: String,
    summary: String,
    #[schema(value_type = String)]
    severity: Severity,
    #[serde(flatten)]
    delivery: DeliveryView,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReplayRequest {
    /// Those to this receiver; all of them unless given.
    receiver: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct ReplayAnswer {
    /// How many are tried again.
    replayed: usize,
    /// How many are still dead, those included whose dedup key has a newer alert that is not over; of very many, those that
    /// were looked at.
    left: usize,
}

/// List dead deliveries.
#[utoipa::path(
    get, path = "/observability/alerts/dead/{tenant_id}", tag = "alerts", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), DeadQuery, Paged),
    responses((status = 200, description = "Dead deliveries with their attempts", body = DeadLetters), Problem)
)]
async fn list(
    scope: Scoped<Viewer>,
    Query(query): Query<DeadQuery>,
    page: Page,
    State(state): State<ApiState>,
) -> Result<axum::Json<DeadLetters>, Problem> {
    let receiver = read_receiver(query.receiver.as_deref())?;
    let after = page.after.as_deref().map(read_cursor).transpose()?;
    let filter = dead_ones(receiver.as_ref(), state.clock.now());
    let found = state.store.alerts(&scope.tenant, &filter, after, page.limit + 1).await?;
    let show = |alert: Alert| dead_of(&alert, receiver.as_ref()).map(|one| DeadView::of(&alert, one)).collect();
    let (items, next_cursor): (Vec<Vec<_>>, _) = page.cut(found, cursor, show).into_parts();
    Ok(axum::Json(DeadLetters { items: items.into_iter().flatten().collect(), next_cursor }))
}

/// Try a dead delivery again.
///
/// It goes to the receiver as it is configured now, unless something is open there under what it was.
#[utoipa::path(
    post, path = "/observability/alerts/dead/{tenant_id}/{delivery_id}/replay", tag = "alerts",
    security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("delivery_id" = String, Path, description = "The delivery")
    ),
    responses((status = 202, description = "It is tried again", body = DeliveryView), Problem)
)]
async fn replay(
    scope: Scoped<Operator>,
    PathId(id): PathId<DeliveryId>,
    State(state): State<ApiState>,
) -> Result<(StatusCode, axum::Json<DeliveryView>), Problem> {
    let config = configured(&state, &scope.tenant).await?;
    let by = (scope.name(), state.clock.now());
    let unknown = || Problem::not_found("delivery");
    let held = state.store.alert(&scope.tenant, &id.alert).await?.ok_or_else(unknown)?;
    held.delivery(id.number).ok_or_else(unknown)?;
    let next = change(&state, (&scope.tenant, &id.alert), |held| replayed(held, &[id.number], &config, by)).await?;
    let delivery = next.delivery(id.number).ok_or_else(unknown)?;
    Ok((StatusCode::ACCEPTED, axum::Json(DeliveryView::of(&next, delivery))))
}

/// Try all dead deliveries again.
///
/// At most 1,000 with one call: ask again while any are left. The body may be empty.
#[utoipa::path(
    post, path = "/observability/alerts/dead/{tenant_id}/replay", tag = "alerts", security(("key" = [])),
    request_body = Option<ReplayRequest>,
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 202, description = "They are tried again", body = ReplayAnswer), Problem)
)]
async fn replay_all(
    scope: Scoped<Operator>,
    State(state): State<ApiState>,
    JsonBytes(body): JsonBytes<ONE_KIB>,
) -> Result<(StatusCode, axum::Json<ReplayAnswer>), Problem> {
    let request: ReplayRequest = if body.is_empty() { ReplayRequest::default() } else { read_slice(&body)? };
    let receiver = read_receiver(request.receiver.as_deref())?;
    let config = configured(&state, &scope.tenant).await?;
    let now = state.clock.now();
    let filter = dead_ones(receiver.as_ref(), now);
    let (mut answer, mut after, mut read) = (ReplayAnswer { replayed: 0, left: 0 }, None, 0);
    while read < MAX_READ {
        let found = state.store.alerts(&scope.tenant, &filter, after, CHUNK).await?;
        for alert in &found {
            let mut numbers: Vec<u32> = dead_of(alert, receiver.as_ref()).map(|one| one.number).collect();
            answer.left += numbers.len();
            numbers.truncate(MAX_REPLAYED - answer.replayed);
            let count = replay_some(&state, alert, &numbers, (&config, scope.name(), now)).await?;
            answer.replayed += count;
            answer.left -= count;
        }
        read += found.len();
        after = found.last().filter(|_| found.len() == CHUNK).map(|last| (last.fired_at, last.id.clone()));
        if after.is_none() {
            break;
        }
    }
    Ok((StatusCode::ACCEPTED, axum::Json(answer)))
}

/// How many of these deliveries of `alert` are tried again: none when somebody else was at it, or may be.
async fn replay_some(
    state: &ApiState,
    alert: &Alert,
    numbers: &[u32],
    (config, by, now): (&AlertConfig, &str, Timestamp),
) -> Result<usize, Problem> {
    if numbers.is_empty() {
        return Ok(0);
    }
    let next = replayed(alert, numbers, config, (by, now))?;
    Ok(if state.alerting.put(next).await? { numbers.len() } else { 0 })
}

/// `held` with these deliveries to be tried again; 409 when one of them is not dead.
fn replayed(
    held: &Alert,
    numbers: &[u32],
    config: &AlertConfig,
    (by, now): (&str, Timestamp),
) -> Result<Alert, Problem> {
    let mut next = held.next(now);
    for number in numbers {
        let current = held.delivery(*number).and_then(|delivery| config.receiver(&delivery.receiver));
        let done = next.replay(*number, current, by, now);
        done.ok_or_else(|| Problem::new(StatusCode::CONFLICT, "This delivery is not dead."))?;
    }
    Ok(next)
}

fn read_receiver(text: Option<&str>) -> Result<Option<ReceiverName>, Invalid> {
    text.map(str::parse).transpose().map_err(|detail: String| Invalid::at("/receiver", detail))
}

fn dead_ones(receiver: Option<&ReceiverName>, now: Timestamp) -> AlertFilter {
    let fired = Timestamp::from_millis(0)..just_after(now);
    AlertFilter { receiver: receiver.cloned(), only_dead: true, ..AlertFilter::all(fired) }
}

fn dead_of<'a>(alert: &'a Alert, receiver: Option<&'a ReceiverName>) -> impl Iterator<Item = &'a Delivery> {
    let is_dead = |one: &&Delivery| matches!(one.state, DeliveryState::Dead { .. });
    let is_meant = move |one: &&Delivery| receiver.is_none_or(|receiver| one.receiver == *receiver);
    alert.deliveries.iter().filter(is_dead).filter(is_meant)
}

impl DeadView {
    fn of(alert: &Alert, delivery: &Delivery) -> Self {
        Self {
            alert_id: alert.id.clone(),
            dedup_key: alert.dedup_key.clone(),
            summary: mask_text(&alert.content.summary).into_owned(),
            severity: alert.content.severity,
            delivery: DeliveryView::of(alert, delivery),
        }
    }
}
