//! One file for each resource: its routes on top, its handlers below, what they read and write beside them.

mod alerts;
mod apps;
mod components;
mod config;
mod health;
mod incidents;
mod keys;
mod maintenances;
mod metrics;
mod probe;
mod samples;
pub(crate) mod sentry;
mod silences;
mod slo;
mod tenants;

use axum::http::header::LOCATION;
use axum::http::{HeaderName, HeaderValue};
use utoipa_axum::router::OpenApiRouter;

use plimsoll_domain::time::Timestamp;

use crate::state::ApiState;

/// The routes of all resources.
pub(crate) fn all() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(tenants::router())
        .merge(keys::router())
        .merge(components::router())
        .merge(samples::router())
        .merge(maintenances::router())
        .merge(slo::router())
        .merge(alerts::router())
        .merge(silences::router())
        .merge(incidents::router())
        .merge(apps::router())
        .merge(sentry::router())
        .merge(config::router())
        .merge(probes())
}

/// The routes that watch the process.
pub(crate) fn probes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().merge(health::router()).merge(metrics::router())
}

/// The header `Location`, naming what was created.
fn location(path: &str) -> [(HeaderName, HeaderValue); 1] {
    [(LOCATION, HeaderValue::try_from(path).expect("paths of slugs are visible ASCII"))]
}

/// A sort key: by time, then by id.
fn by_time(at: Timestamp, id: &str) -> String {
    format!("{:020} {id}", at.millis())
}
