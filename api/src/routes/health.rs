//! What probes ask. These need no key, and tell nothing that needs one.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::time::Timestamp;

use crate::problem::Problem;
use crate::state::ApiState;

const PING_LIMIT: Duration = Duration::from_secs(1);

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
    name: &'static str,
    /// What kind of it is used.
    kind: &'static str,
    /// `up` or `down`.
    status: &'static str,
    /// How long it took to answer; null when it did not.
    latency_ms: Option<f64>,
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
    if ping(&state).await.is_none() {
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

/// Every dependency and job.
#[utoipa::path(
    get, path = "/health/detailed", tag = "health",
    responses((status = 200, description = "Also when a dependency is down", body = DetailedHealth), Problem)
)]
async fn detailed(State(state): State<ApiState>) -> axum::Json<DetailedHealth> {
    let answered = ping(&state).await;
    let store = Dependency {
        name: "store",
        kind: state.store.kind(),
        status: if answered.is_some() { "up" } else { "down" },
        latency_ms: answered.map(|took| (took.as_secs_f64() * 1e6).round() / 1e3),
    };
    axum::Json(DetailedHealth {
        status: if answered.is_some() { "ok" } else { "degraded" },
        version: state.facts.version,
        roles: state.facts.roles.clone(),
        dependencies: vec![store.clone()],
        store,
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

/// How long the store took to answer; `None` when it did not, or not in time.
async fn ping(state: &ApiState) -> Option<Duration> {
    let started = Instant::now();
    tokio::time::timeout(PING_LIMIT, state.store.ping()).await.ok()?.ok()?;
    Some(started.elapsed())
}
