//! Every SLO of a tenant as it was last measured.

use std::collections::HashMap;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::ids::{SloType, TenantId};
use plimsoll_domain::slo::{Budget, BurnSeverity, Measurement, Slo, SloConfig, SloStatus, TierReading};
use plimsoll_domain::time::Timestamp;

use crate::extract::{Scoped, Viewer};
use crate::problem::Problem;
use crate::routes::slo_config::{ScopeBody, configured, kind_text};
use crate::state::ApiState;

/// The routes of the status.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(read))
}

#[derive(Serialize, ToSchema)]
struct SloStatuses {
    #[schema(value_type = String)]
    tenant: TenantId,
    objectives: Vec<SloStatusView>,
}

/// One SLO now. A figure is null when there is no data for it.
#[derive(Serialize, ToSchema)]
struct SloStatusView {
    slo_type: String,
    kind: &'static str,
    objective: f64,
    window: String,
    scope: ScopeBody,
    /// good ÷ valid.
    sli: Option<f64>,
    good: Option<u64>,
    valid: Option<u64>,
    /// Whether the SLI is at least the objective.
    compliance: Option<bool>,
    budget: Option<BudgetView>,
    /// `ok`, `warning`, `critical` or `exhausted`.
    #[schema(value_type = Option<String>)]
    status: Option<SloStatus>,
    /// Known samples ÷ samples the window has room for.
    coverage: Option<f64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    measured_at: Option<Timestamp>,
    /// The burn tiers, the fastest first.
    tiers: Vec<TierView>,
}

#[derive(Serialize, ToSchema)]
struct BudgetView {
    /// Bad events that the objective allows.
    total: f64,
    /// Bad events there were.
    consumed: f64,
    /// 1 when untouched, 0 when used up, negative when overdrawn.
    remaining_ratio: f64,
}

#[derive(Serialize, ToSchema)]
struct TierView {
    long: String,
    short: String,
    /// The burn rate above which it fires.
    factor: f64,
    /// `page` or `ticket`.
    #[schema(value_type = String)]
    severity: BurnSeverity,
    #[schema(value_type = Option<String>, format = DateTime)]
    firing_since: Option<Timestamp>,
    /// Whether a faster tier speaks for it.
    quiet: bool,
}

/// Read how every SLO stands.
#[utoipa::path(
    get, path = "/observability/slo/status/{tenant_id}", tag = "slo", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "Every SLO now", body = SloStatuses), Problem)
)]
async fn read(scope: Scoped<Viewer>, State(state): State<ApiState>) -> Result<axum::Json<SloStatuses>, Problem> {
    let config = configured(&state, &scope.tenant).await?;
    let mut latest = latest(&state, &scope.tenant, &config).await?;
    let view = |slo: Slo| {
        let measured = latest.remove(&slo.slo_type);
        SloStatusView::of(slo, measured)
    };
    let objectives = config.objectives.into_iter().map(view).collect();
    Ok(axum::Json(SloStatuses { tenant: scope.tenant, objectives }))
}

/// The newest measurement of each SLO of `config` that has one.
pub(super) async fn latest(
    state: &ApiState,
    tenant: &TenantId,
    config: &SloConfig,
) -> Result<HashMap<SloType, Measurement>, Problem> {
    let names: Vec<SloType> = config.objectives.iter().map(|slo| slo.slo_type.clone()).collect();
    let until = state.clock.now().plus(state.interval.span());
    let measured = state.store.latest_measurements(tenant, &names, until).await?;
    Ok(measured.into_iter().map(|measured| (measured.slo_type.clone(), measured)).collect())
}

impl SloStatusView {
    fn of(slo: Slo, measured: Option<Measurement>) -> Self {
        let sli = measured.as_ref().and_then(Measurement::sli);
        let at = measured.as_ref();
        Self {
            slo_type: slo.slo_type.to_string(),
            kind: kind_text(slo.kind),
            objective: slo.objective.ratio(),
            window: slo.window.to_string(),
            scope: slo.scope.into(),
            sli,
            good: at.map(|measured| measured.good),
            valid: at.map(|measured| measured.valid),
            compliance: sli.map(|sli| sli >= slo.objective.ratio()),
            budget: at.and_then(|measured| measured.budget).map(BudgetView::from),
            status: at.and_then(|measured| measured.status),
            coverage: at.map(|measured| measured.coverage),
            measured_at: at.map(|measured| measured.at),
            tiers: measured.into_iter().flat_map(|measured| measured.tiers).map(TierView::from).collect(),
        }
    }
}

impl From<Budget> for BudgetView {
    fn from(budget: Budget) -> Self {
        Self { total: budget.total, consumed: budget.consumed, remaining_ratio: budget.remaining_ratio }
    }
}

impl From<TierReading> for TierView {
    fn from(tier: TierReading) -> Self {
        Self {
            long: tier.long.to_string(),
            short: tier.short.to_string(),
            factor: tier.factor,
            severity: tier.severity,
            firing_since: tier.firing_since,
            quiet: tier.quiet,
        }
    }
}
