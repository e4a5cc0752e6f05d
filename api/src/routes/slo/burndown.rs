//! How each error budget goes down: its figures now, and a series for the chart.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_charts::{Look, Point, burndowns};
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::slo::measurement::measured_windows;
use plimsoll_domain::slo::{Measurement, Slo, SloStatus, Step, Window};
use plimsoll_domain::time::{Span, Timestamp};

use super::history::thinned;
use super::{configured, latest, wanted};
use crate::extract::{Query, Scoped, Viewer};
use crate::problem::Problem;
use crate::state::ApiState;

const POINTS: i64 = 200;

/// The routes of the burn-down.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(read))
}

#[derive(Serialize, ToSchema)]
struct Burndowns {
    objectives: Vec<Burndown>,
}

/// One error budget. A figure is null when there is no data for it; it is never NaN or infinite.
#[derive(Serialize, ToSchema)]
struct Burndown {
    slo_type: String,
    objective: f64,
    /// good ÷ valid.
    sli: Option<f64>,
    /// Bad events that the objective allows.
    budget_total: Option<f64>,
    /// Bad events there were.
    budget_consumed: Option<f64>,
    /// 1 when untouched, 0 when used up, negative when overdrawn.
    budget_remaining_ratio: Option<f64>,
    /// By window: 1 uses the budget up exactly at the end of the SLO's own window.
    burn_rates: BTreeMap<String, Option<f64>>,
    /// The share of the whole budget that goes each hour at the pace of the last hour.
    budget_burned_per_hour: Option<f64>,
    /// At that pace; null when nothing burns.
    hours_to_exhaustion: Option<f64>,
    /// `ok`, `warning`, `critical` or `exhausted`.
    #[schema(value_type = Option<String>)]
    status: Option<SloStatus>,
    /// Known samples ÷ samples the window has room for.
    coverage: Option<f64>,
    /// Over the SLO's window, the oldest first.
    series: Vec<SeriesPoint>,
}

#[derive(Serialize, ToSchema)]
struct SeriesPoint {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    remaining_ratio: Option<f64>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct BurndownQuery {
    /// Only this SLO.
    slo_type: Option<String>,
}

/// Read how the error budgets go down.
///
/// With `Accept: image/svg+xml`, as a chart.
#[utoipa::path(
    get, path = "/observability/slo/burndown/{tenant_id}", tag = "slo", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), BurndownQuery),
    responses(
        (status = 200, description = "Every error budget", content(
            (Burndowns = "application/json"),
            (String = "image/svg+xml")
        )),
        Problem
    )
)]
async fn read(
    scope: Scoped<Viewer>,
    Query(query): Query<BurndownQuery>,
    headers: HeaderMap,
    State(state): State<ApiState>,
) -> Result<Response, Problem> {
    let slos = wanted(configured(&state, &scope.tenant).await?, query.slo_type.as_deref())?;
    let latest = latest(&state, &scope.tenant, &slos).await?;
    let mut objectives = Vec::with_capacity(slos.len());
    for slo in &slos {
        let series = series(&state, &scope.tenant, slo).await?;
        objectives.push(Burndown::of(slo, latest.get(&slo.slo_type), series));
    }
    if !wants_svg(&headers) {
        return Ok(([(VARY, "accept")], axum::Json(Burndowns { objectives })).into_response());
    }
    let svg = chart(&slos, &objectives, state.clock.now());
    Ok(([(CONTENT_TYPE, "image/svg+xml"), (VARY, "accept")], svg).into_response())
}

/// Whether a picture is named before JSON, or alone.
fn wants_svg(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let mut kinds = accept.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds.find(|kind| matches!(*kind, "image/svg+xml" | "application/json")) == Some("image/svg+xml")
}

fn chart(slos: &[Slo], objectives: &[Burndown], now: Timestamp) -> String {
    let point = |point: &SeriesPoint| Point { at: point.at, remaining_ratio: point.remaining_ratio };
    let points: Vec<Vec<Point>> =
        objectives.iter().map(|objective| objective.series.iter().map(point).collect()).collect();
    let charts = slos.iter().zip(objectives).zip(&points).map(|((slo, objective), points)| plimsoll_charts::Burndown {
        title: slo.slo_type.as_str(),
        from: slo.window.start(now),
        to: now,
        points,
        remaining: objective.budget_remaining_ratio,
        look: Look::Standalone,
    });
    burndowns(&charts.collect::<Vec<_>>())
}

async fn series(state: &ApiState, tenant: &TenantId, slo: &Slo) -> Result<Vec<SeriesPoint>, Problem> {
    let now = state.clock.now();
    let start = slo.window.start(now);
    let length = now.millis_since(start) / 1_000;
    let step = Span::from_seconds((length / POINTS).max(1));
    // A window cuts its first and its last step.
    let limit = usize::try_from(POINTS + 2).expect("a small number");
    // The newest measurement stands at the end of the present tick.
    // What was measured at the very start of a calendar's window is of the period before.
    let after = |at: Timestamp| Timestamp::from_millis(at.millis() + 1);
    let span = after(start)..after(now.plus(state.interval.span()));
    let least = if length > Span::days(2).seconds() { Step::Hour } else { Step::Tick };
    let found = thinned(state, (tenant, &slo.slo_type), span, (Some(step), least), limit).await?;
    let point = |measured: Measurement| SeriesPoint {
        at: measured.at,
        remaining_ratio: measured.budget.map(|budget| budget.remaining_ratio),
    };
    Ok(found.into_iter().map(point).collect())
}

impl Burndown {
    fn of(slo: &Slo, measured: Option<&Measurement>, series: Vec<SeriesPoint>) -> Self {
        let budget = measured.and_then(|measured| measured.budget);
        let rate = |window: Window| measured.and_then(|measured| measured.burn_over(window));
        Self {
            slo_type: slo.slo_type.to_string(),
            objective: slo.objective.ratio(),
            sli: measured.and_then(Measurement::sli),
            budget_total: budget.map(|budget| budget.total),
            budget_consumed: budget.map(|budget| budget.consumed),
            budget_remaining_ratio: budget.map(|budget| budget.remaining_ratio),
            burn_rates: measured_windows(slo).map(|window| (window.label(), rate(window))).collect(),
            budget_burned_per_hour: measured.and_then(Measurement::budget_burned_per_hour),
            hours_to_exhaustion: measured.and_then(Measurement::hours_to_exhaustion),
            status: measured.and_then(|measured| measured.status),
            coverage: measured.map(|measured| measured.coverage),
            series,
        }
    }
}
