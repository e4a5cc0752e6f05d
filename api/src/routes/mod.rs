//! One file for each resource: its routes on top, its handlers below, what they read and write beside them.

mod alerts;
mod apps;
mod attempt;
mod audit;
mod components;
mod config;
mod debug;
mod groups;
mod health;
mod incidents;
mod keys;
mod maintenances;
mod metrics;
mod negotiated;
mod page;
mod probe;
mod report;
mod samples;
pub(crate) mod sentry;
mod silences;
mod slo;
mod spreadsheet;
mod subscribers;
mod tenants;

use std::collections::BTreeSet;

use axum::http::header::LOCATION;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::from_fn_with_state;
use utoipa_axum::router::OpenApiRouter;

use plimsoll_domain::ids::{ComponentId, TenantId};
use plimsoll_domain::invalid::Faults;
use plimsoll_domain::time::Timestamp;

use crate::audit::keep;
use crate::problem::Problem;
use crate::state::ApiState;

/// The routes of all resources. Those by which people change something leave entries in the audit log; whoever puts a
/// route here decides to which it belongs. Without a state they are only there to be described.
pub(crate) fn all(state: Option<&ApiState>) -> OpenApiRouter<ApiState> {
    let by_people = match state {
        Some(state) => by_people().layer(from_fn_with_state(state.clone(), keep)),
        None => by_people(),
    };
    by_people.merge(by_machines()).merge(only_read()).merge(probes())
}

fn by_people() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(tenants::router())
        .merge(keys::router())
        .merge(components::router())
        .merge(maintenances::router())
        .merge(slo::router())
        .merge(alerts::router())
        .merge(silences::router())
        .merge(incidents::router())
        .merge(page::router())
        .merge(subscribers::router())
        .merge(apps::router())
}

/// What machines push, and what the public may ask.
fn by_machines() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(samples::router())
        .merge(slo::intake())
        .merge(alerts::intake())
        .merge(subscribers::intake())
        .merge(sentry::router())
}

fn only_read() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().merge(groups::router()).merge(report::router()).merge(audit::router()).merge(config::router())
}

/// The routes that watch the process.
pub(crate) fn probes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().merge(health::router()).merge(metrics::router()).merge(debug::router())
}

/// The header `Location`, naming what was created.
fn location(path: &str) -> [(HeaderName, HeaderValue); 1] {
    [(LOCATION, HeaderValue::try_from(path).expect("paths of slugs are visible ASCII"))]
}

/// A sort key: by time, then by id.
fn by_time(at: Timestamp, id: &str) -> String {
    format!("{:020} {id}", at.millis())
}

/// The ids of the tenant's components.
async fn components_of(state: &ApiState, tenant: &TenantId) -> Result<BTreeSet<ComponentId>, Problem> {
    Ok(state.store.components(tenant).await?.into_iter().map(|component| component.id).collect())
}

/// Those of a list of ids, which stands at `pointer`, that are `known`; the others are noted as faults.
fn members(faults: &mut Faults, ids: &[String], pointer: &str, known: &BTreeSet<ComponentId>) -> Vec<ComponentId> {
    let mut found = Vec::with_capacity(ids.len());
    for (index, text) in ids.iter().enumerate() {
        let id = text.parse().ok().filter(|id| known.contains(id));
        let id = id.ok_or_else(|| format!("expected a component of this tenant, got {text:?}"));
        found.extend(faults.keep(id, &format!("{pointer}/{index}")));
    }
    found
}
