//! What came in, what was sent of it, and what came of that.

use std::collections::BTreeMap;
use std::ops::Range;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::alert::{AlertStatus, Noise, NoiseShare};
use plimsoll_domain::ids::{AlertId, TenantId};
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_store::AlertFilter;

use super::views::AlertView;
use super::{cursor, just_after, read_cursor};
use crate::extract::{Page, Paged, PathId, Query, Scoped, Viewer};
use crate::problem::Problem;
use crate::state::ApiState;

const DEFAULT_SPAN: Span = Span::days(30);
/// Alerts whose feedback counts, the newest first.
const WEIGHED: usize = 1_000;

/// The routes of history.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HistoryQuery {
    /// `critical`, `error`, `warning` or `info`.
    severity: Option<String>,
    /// `triggered`, `acknowledged` or `resolved`; `dead`: a delivery of it died.
    state: Option<String>,
    /// Of which this receiver was told.
    receiver: Option<String>,
    component: Option<String>,
    dedup_key: Option<String>,
    /// The first instant, RFC 3339; 30 days before `to` unless given.
    from: Option<String>,
    /// The first instant after; now unless given.
    to: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct AlertHistory {
    /// Newest first.
    items: Vec<AlertView>,
    /// Ask for the next page with `cursor` set to this; null on the last page.
    next_cursor: Option<String>,
    noise: NoiseView,
}

/// What the feedback on the newest 1,000 alerts of the span that have any comes to.
#[derive(Serialize, ToSchema)]
struct NoiseView {
    routes: Vec<RouteNoise>,
    slos: Vec<SloNoise>,
}

#[derive(Serialize, ToSchema)]
struct RouteNoise {
    route: String,
    #[serde(flatten)]
    share: ShareView,
}

#[derive(Serialize, ToSchema)]
struct SloNoise {
    slo_type: String,
    #[serde(flatten)]
    share: ShareView,
}

#[derive(Serialize, ToSchema)]
struct ShareView {
    useful: u64,
    noise: u64,
    /// noise ÷ both.
    share: Option<f64>,
}

/// Read the history of alerts.
#[utoipa::path(
    get, path = "/observability/alerts/history/{tenant_id}", tag = "alerts", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), HistoryQuery, Paged),
    responses((status = 200, description = "Alerts with their deliveries and attempts", body = AlertHistory), Problem)
)]
async fn list(
    scope: Scoped<Viewer>,
    Query(query): Query<HistoryQuery>,
    page: Page,
    State(state): State<ApiState>,
) -> Result<axum::Json<AlertHistory>, Problem> {
    let filter = query.read(state.clock.now())?;
    let after = page.after.as_deref().map(read_cursor).transpose()?;
    let found = state.store.alerts(&scope.tenant, &filter, after, page.limit + 1).await?;
    let (items, next_cursor) = page.cut(found, cursor, AlertView::from).into_parts();
    let noise = noise(&state, &scope.tenant, filter.fired).await?;
    Ok(axum::Json(AlertHistory { items, next_cursor, noise }))
}

/// Read an alert.
#[utoipa::path(
    get, path = "/observability/alerts/history/{tenant_id}/{alert_id}", tag = "alerts", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("alert_id" = String, Path, description = "The alert")
    ),
    responses((status = 200, description = "The alert with its deliveries and attempts", body = AlertView), Problem)
)]
async fn read(
    scope: Scoped<Viewer>,
    PathId(id): PathId<AlertId>,
    State(state): State<ApiState>,
) -> Result<axum::Json<AlertView>, Problem> {
    let alert = state.store.alert(&scope.tenant, &id).await?.ok_or_else(|| Problem::not_found("alert"))?;
    Ok(axum::Json(alert.into()))
}

async fn noise(state: &ApiState, tenant: &TenantId, fired: Range<Timestamp>) -> Result<NoiseView, Problem> {
    let filter = AlertFilter { only_with_feedback: true, ..AlertFilter::all(fired) };
    let Noise { routes, slos } = Noise::of(&state.store.alerts(tenant, &filter, None, WEIGHED).await?);
    let of = |shares: BTreeMap<String, NoiseShare>| shares.into_iter().map(|(name, share)| (name, share.into()));
    Ok(NoiseView {
        routes: of(routes).map(|(route, share)| RouteNoise { route, share }).collect(),
        slos: of(slos).map(|(slo_type, share)| SloNoise { slo_type, share }).collect(),
    })
}

impl From<NoiseShare> for ShareView {
    fn from(share: NoiseShare) -> Self {
        Self { useful: share.useful, noise: share.noise, share: share.ratio() }
    }
}

impl HistoryQuery {
    fn read(self, now: Timestamp) -> Result<AlertFilter, Invalid> {
        let mut faults = Faults::default();
        let to = self.to.map_or(Some(just_after(now)), |text| faults.keep(text.parse(), "/to"));
        let from = match (self.from, to) {
            (Some(text), _) => faults.keep(text.parse(), "/from"),
            (None, to) => to.map(|to| to.minus(DEFAULT_SPAN)),
        };
        let is_forward = from.zip(to).is_none_or(|(from, to)| from < to);
        faults.require(is_forward, "/to", || "expected an instant after from".to_owned());
        let severity = self.severity.and_then(|text| faults.keep(text.parse(), "/severity"));
        let receiver = self.receiver.and_then(|text| faults.keep(text.parse(), "/receiver"));
        let state = self.state.and_then(|text| faults.keep(state_of(&text), "/state"));
        faults.finish()?;
        let fired = from.zip(to).map(|(from, to)| from..to).expect("both ends are there when no fault was noted");
        Ok(AlertFilter {
            severity,
            status: state.flatten(),
            receiver,
            component: self.component,
            dedup_key: self.dedup_key,
            only_dead: state == Some(None),
            ..AlertFilter::all(fired)
        })
    }
}

/// The status that is meant; `None` for those of which a delivery died.
fn state_of(text: &str) -> Result<Option<AlertStatus>, String> {
    let all = [AlertStatus::Triggered, AlertStatus::Acknowledged, AlertStatus::Resolved];
    match all.into_iter().find(|status| status.as_str() == text) {
        None if text != "dead" => Err(format!("expected triggered, acknowledged, resolved or dead, got {text:?}")),
        found => Ok(found),
    }
}
