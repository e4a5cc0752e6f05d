//! What probes ask. These need no key, and tell nothing that needs one.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::time::Timestamp;

use crate::dependencies::Found;
use crate::problem::Problem;
use crate::state::ApiState;

/// The routes of health.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(ready))
        .routes(routes!(startup))
        .routes(routes!(detailed))
}

#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
}

#[derive(Serialize, ToSchema)]
struct DetailedHealth {
    /// `ok`, or `degraded` when a dependency is down.
    status: &'static str,
    version: &'static str,
    /// The roles that run in this process.
    roles: Vec<String>,
    /// The store; also the first of the dependencies.
    store: Dependency,
    dependencies: Vec<Dependency>,
    /// The jobs of this process.
    jobs: Vec<JobView>,
}

#[derive(Clone, Serialize, ToSchema)]
struct Dependency {
    /// `store`; `smtp` and `otlp` where they are configured.
    name: &'static str,
    /// What kind of it is used.
    kind: &'static str,
    /// `up` or `down`.
    status: &'static str,
    /// How long it took to answer; null when it did not.
    latency_ms: Option<f64>,
}

impl From<&Found> for Dependency {
    fn from(found: &Found) -> Self {
        Self {
            name: found.name,
            kind: found.kind,
            status: if found.is_up { "up" } else { "down" },
            latency_ms: found.is_up.then(|| (found.took.as_secs_f64() * 1e6).round() / 1e3),
        }
    }
}

#[derive(Serialize, ToSchema)]
struct JobView {
    name: &'static str,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_run_at: Option<Timestamp>,
    /// Seconds since then.
    lag_seconds: Option<f64>,
}

const OK: axum::Json<Health> = axum::Json(Health { status: "ok" });

/// Whether the process is up.
#[utoipa::path(
    get, path = "/health", tag = "health",
    responses((status = 200, description = "It is", body = Health), Problem)
)]
async fn health() -> axum::Json<Health> {
    OK
}

/// Whether the process may take traffic.
#[utoipa::path(
    get, path = "/ready", tag = "health",
    responses((status = 200, description = "It may", body = Health), Problem)
)]
async fn ready(State(state): State<ApiState>) -> Result<axum::Json<Health>, Problem> {
    let unready = |detail| Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
    if !state.readiness.is_started() {
        return unready("Start-up has not finished.");
    }
    if state.readiness.is_draining() {
        return unready("The process is stopping.");
    }
    if !state.dependencies.ask_store().await {
        return unready("The store does not answer.");
    }
    Ok(OK)
}

/// Whether start-up has finished.
#[utoipa::path(
    get, path = "/startup", tag = "health",
    responses((status = 200, description = "It has", body = Health), Problem)
)]
async fn startup(State(state): State<ApiState>) -> Result<axum::Json<Health>, Problem> {
    let started = state.readiness.is_started();
    let unready = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Start-up has not finished.");
    started.then_some(OK).ok_or_else(unready)
}

/// Every dependency and job. Dependencies other than the store are looked at every two seconds at most.
#[utoipa::path(
    get, path = "/health/detailed", tag = "health",
    responses((status = 200, description = "Also when a dependency is down", body = DetailedHealth), Problem)
)]
async fn detailed(State(state): State<ApiState>) -> axum::Json<DetailedHealth> {
    let found = state.dependencies.ask_all().await;
    let dependencies: Vec<_> = found.iter().map(Dependency::from).collect();
    axum::Json(DetailedHealth {
        status: if found.iter().all(|one| one.is_up) { "ok" } else { "degraded" },
        version: state.facts.version,
        roles: state.facts.roles.clone(),
        store: dependencies[0].clone(),
        dependencies,
        jobs: jobs(&state),
    })
}

fn jobs(state: &ApiState) -> Vec<JobView> {
    let now = state.clock.now();
    let lag = |at: Timestamp| now.millis_since(at).max(0) as f64 / 1e3;
    let rows = state.jobs.rows().into_iter();
    rows.map(|row| JobView { name: row.name, last_run_at: row.last_run_at, lag_seconds: row.last_run_at.map(lag) })
        .collect()
}
