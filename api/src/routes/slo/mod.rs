//! Service level objectives: what is promised, how it stands, how it went, and what would have been.

mod backtest;
mod bodies;
mod burndown;
mod config;
mod history;
mod measure;
mod openslo;
mod prometheus;
mod status;
mod views;

use std::collections::HashMap;

use utoipa_axum::router::OpenApiRouter;

use plimsoll_domain::ids::{SloType, TenantId};
use plimsoll_domain::invalid::Invalid;
use plimsoll_domain::slo::{Measurement, Slo, SloConfig};

use crate::problem::Problem;
use crate::state::ApiState;

/// The routes of SLOs.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(config::router())
        .merge(openslo::router())
        .merge(status::router())
        .merge(history::router())
        .merge(burndown::router())
        .merge(backtest::router())
}

/// The route that measurements come in by.
pub(super) fn intake() -> OpenApiRouter<ApiState> {
    measure::router()
}

/// The tenant's SLOs, or the defaults.
async fn configured(state: &ApiState, tenant: &TenantId) -> Result<SloConfig, Problem> {
    Ok(state.store.slo_config(tenant).await?.unwrap_or_default())
}

/// The newest measurement of each of `slos` that has one.
async fn latest(state: &ApiState, tenant: &TenantId, slos: &[Slo]) -> Result<HashMap<SloType, Measurement>, Problem> {
    let names: Vec<SloType> = slos.iter().map(|slo| slo.slo_type.clone()).collect();
    let until = state.clock.now().plus(state.interval.span());
    let measured = state.store.latest_measurements(tenant, &names, until).await?;
    Ok(measured.into_iter().map(|measured| (measured.slo_type.clone(), measured)).collect())
}

/// The SLOs that are asked for by name; all of them without a name.
fn wanted(config: SloConfig, name: Option<&str>) -> Result<Vec<Slo>, Invalid> {
    let Some(name) = name else { return Ok(config.objectives) };
    let known: Vec<_> = config.objectives.iter().map(|slo| slo.slo_type.to_string()).collect();
    let found: Vec<_> = config.objectives.into_iter().filter(|slo| slo.slo_type.as_str() == name).collect();
    if found.is_empty() {
        return Err(Invalid::at("/slo_type", format!("expected one of {}, got {name:?}", known.join(", "))));
    }
    Ok(found)
}
