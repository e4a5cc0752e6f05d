//! Measurements of one SLO over time.

use std::ops::Range;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::ids::{SloType, TenantId};
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::slo::{Measurement, SloStatus, Step};
use plimsoll_domain::time::{Span, Timestamp};

use super::configured;
use super::views::{Count, LatencyView};
use crate::extract::{Page, Paged, PathId, Query, Scoped, Viewer};
use crate::problem::Problem;
use crate::state::ApiState;

const CHUNK: usize = 2_000;
const DEFAULT_SPAN: Span = Span::days(1);

/// The routes of history.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(read))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HistoryQuery {
    /// The first instant, RFC 3339; a day before `to` unless given.
    from: Option<String>,
    /// The first instant after; now unless given.
    to: Option<String>,
    /// One point for each step of this length, e.g. `5m`: the last of it. Steps of an hour or longer are made of the first
    /// measurement of each hour, which is what is kept for long. Every measurement unless given.
    step: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct History {
    #[schema(value_type = String)]
    tenant: TenantId,
    #[schema(value_type = String)]
    slo_type: SloType,
    /// The oldest first.
    points: Vec<Point>,
    /// Ask for the next page with `cursor` set to this; null on the last page.
    next_cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Point {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What was promised then.
    objective: f64,
    /// Over which window, e.g. `30d`, or `month Europe/Stockholm`.
    window: String,
    /// good ÷ valid; null when nothing was valid.
    sli: Option<f64>,
    #[schema(value_type = f64)]
    good: Count,
    #[schema(value_type = f64)]
    valid: Count,
    budget_remaining_ratio: Option<f64>,
    /// `ok`, `warning`, `critical` or `exhausted`.
    #[schema(value_type = Option<String>)]
    status: Option<SloStatus>,
    coverage: f64,
    /// For kind `latency`, when there is data.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<LatencyView>,
    /// What was promised before, when this is the first measurement of another promise.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_from: Option<Promised>,
}

#[derive(Serialize, ToSchema)]
struct Promised {
    objective: f64,
    /// E.g. `30d`, or `month Europe/Stockholm`.
    window: String,
}

impl From<Measurement> for Point {
    fn from(measured: Measurement) -> Self {
        Self {
            at: measured.at,
            objective: measured.objective.ratio(),
            window: measured.window.to_string(),
            sli: measured.sli(),
            good: Count::new(measured.good, measured.parts),
            valid: Count::new(measured.valid, measured.parts),
            budget_remaining_ratio: measured.budget.map(|budget| budget.remaining_ratio),
            status: measured.status,
            coverage: measured.coverage,
            latency: measured.latency.map(LatencyView::from),
            changed_from: measured
                .changed
                .map(|before| Promised { objective: before.objective.ratio(), window: before.window.to_string() }),
        }
    }
}

/// Read the history of an SLO.
#[utoipa::path(
    get, path = "/observability/slo/history/{tenant_id}/{slo_type}", tag = "slo", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("slo_type" = String, Path, description = "The SLO's name"),
        HistoryQuery, Paged
    ),
    responses((status = 200, description = "Its measurements", body = History), Problem)
)]
async fn read(
    scope: Scoped<Viewer>,
    PathId(slo): PathId<SloType>,
    Query(query): Query<HistoryQuery>,
    page: Page,
    State(state): State<ApiState>,
) -> Result<axum::Json<History>, Problem> {
    let (mut span, step) = query.read(state.clock.now())?;
    if !is_known(&state, &scope.tenant, &slo).await? {
        return Err(Problem::not_found("SLO"));
    }
    if let Some(after) = &page.after {
        let after = after.parse::<i64>().ok().and_then(|after| after.checked_add(1)).ok_or_else(Page::wrong_cursor)?;
        span.start = span.start.max(Timestamp::from_millis(after));
    }
    let least = if step.is_some_and(|step| step >= Span::hours(1)) { Step::Hour } else { Step::Tick };
    let found = thinned(&state, (&scope.tenant, &slo), span, (step, least), page.limit + 1).await?;
    let (points, next_cursor) = page.cut(found, |point| point.at.millis().to_string(), Point::from).into_parts();
    Ok(axum::Json(History { tenant: scope.tenant, slo_type: slo, points, next_cursor }))
}

impl HistoryQuery {
    fn read(&self, now: Timestamp) -> Result<(Range<Timestamp>, Option<Span>), Invalid> {
        let mut faults = Faults::default();
        let to = self.to.as_deref().map_or(Some(now), |text| faults.keep(text.parse(), "/to"));
        let from = match (self.from.as_deref(), to) {
            (Some(text), _) => faults.keep(text.parse(), "/from"),
            (None, to) => to.map(|to| to.minus(DEFAULT_SPAN)),
        };
        let step = self.step.as_deref().and_then(|text| faults.keep(text.parse::<Span>(), "/step"));
        faults.require(step.is_none_or(|step| step.seconds() > 0), "/step", || "expected at least 1s".to_owned());
        let span = from.zip(to).map(|(from, to)| from..to);
        let is_forward = span.as_ref().is_none_or(|span| span.start < span.end);
        faults.require(is_forward, "/to", || "expected an instant after from".to_owned());
        faults.finish().map(|()| (span.expect("both ends are there when no fault was noted"), step))
    }
}

async fn is_known(state: &ApiState, tenant: &TenantId, slo: &SloType) -> Result<bool, Problem> {
    if configured(state, tenant).await?.objectives.iter().any(|held| &held.slo_type == slo) {
        return Ok(true);
    }
    let until = state.clock.now().plus(state.interval.span());
    Ok(!state.store.latest_measurements(tenant, std::slice::from_ref(slo), until).await?.is_empty())
}

/// The last measurement of each step of `span`, oldest first, at most `limit`; of those that are `shortest` or longer. Read
/// in chunks, so that memory follows what is answered and not what is stored.
pub(super) async fn thinned(
    state: &ApiState,
    (tenant, slo): (&TenantId, &SloType),
    mut span: Range<Timestamp>,
    (step, shortest): (Option<Span>, Step),
    limit: usize,
) -> Result<Vec<Measurement>, Problem> {
    let bucket = |at: Timestamp| step.map_or(at.millis(), |step| at.seconds().div_euclid(step.seconds()));
    let mut kept: Vec<Measurement> = Vec::new();
    while kept.len() <= limit {
        let chunk = state.store.measurements(tenant, slo, span.clone(), shortest, CHUNK).await?;
        let is_last = chunk.len() < CHUNK;
        if let Some(newest) = chunk.last() {
            span.start = Timestamp::from_millis(newest.at.millis() + 1);
        }
        for measured in chunk {
            match kept.last_mut() {
                Some(last) if bucket(last.at) == bucket(measured.at) => {
                    // What was promised before is told in the step that it changed in.
                    let changed = last.changed.or(measured.changed);
                    *last = Measurement { changed, ..measured };
                }
                _ => kept.push(measured),
            }
        }
        if is_last {
            break;
        }
    }
    kept.truncate(limit);
    Ok(kept)
}
