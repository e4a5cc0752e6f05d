//! How each error budget goes down: its figures now, and a series for the chart.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::slo::measurement::burn_windows;
use plimsoll_domain::slo::{Measurement, Slo, SloStatus, Step};
use plimsoll_domain::time::{Span, Timestamp};

use crate::extract::{Scoped, Viewer};
use crate::problem::Problem;
use crate::routes::slo_config::configured;
use crate::routes::slo_history::thinned;
use crate::routes::slo_status::latest;
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

/// Read how the error budgets go down.
#[utoipa::path(
    get, path = "/observability/slo/burndown/{tenant_id}", tag = "slo", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "Every error budget", body = Burndowns), Problem)
)]
async fn read(scope: Scoped<Viewer>, State(state): State<ApiState>) -> Result<axum::Json<Burndowns>, Problem> {
    let config = configured(&state, &scope.tenant).await?;
    let latest = latest(&state, &scope.tenant, &config).await?;
    let mut objectives = Vec::with_capacity(config.objectives.len());
    for slo in &config.objectives {
        let series = series(&state, &scope.tenant, slo).await?;
        objectives.push(Burndown::of(slo, latest.get(&slo.slo_type), series));
    }
    Ok(axum::Json(Burndowns { objectives }))
}

async fn series(state: &ApiState, tenant: &TenantId, slo: &Slo) -> Result<Vec<SeriesPoint>, Problem> {
    let now = state.clock.now();
    let step = Span::from_seconds((slo.window.seconds() / POINTS).max(1));
    // A window cuts its first and its last step.
    let limit = usize::try_from(POINTS + 2).expect("a small number");
    let span = now.minus(slo.window)..Timestamp::from_millis(now.millis() + 1);
    let least = if slo.window > Span::days(2) { Step::Hour } else { Step::Tick };
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
        let rate = |window| measured.and_then(|measured| measured.burn_over(window));
        Self {
            slo_type: slo.slo_type.to_string(),
            objective: slo.objective.ratio(),
            sli: measured.and_then(Measurement::sli),
            budget_total: budget.map(|budget| budget.total),
            budget_consumed: budget.map(|budget| budget.consumed),
            budget_remaining_ratio: budget.map(|budget| budget.remaining_ratio),
            burn_rates: burn_windows(slo.window).map(|window| (window.to_string(), rate(window))).collect(),
            budget_burned_per_hour: measured.and_then(Measurement::budget_burned_per_hour),
            hours_to_exhaustion: measured.and_then(Measurement::hours_to_exhaustion),
            status: measured.and_then(|measured| measured.status),
            coverage: measured.map(|measured| measured.coverage),
            series,
        }
    }
}
