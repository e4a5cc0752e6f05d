//! How an app does: what was counted of it by day, what waits, and how its Sentry answers.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::frontend::{COUNTS_RETENTION, Counted, Counts, SpoolUsage};
use plimsoll_domain::ids::AppId;
use plimsoll_domain::time::{Day, Span, Timestamp};

use super::{held, unknown};
use crate::extract::{PathId, Query, Scoped, Viewer};
use crate::problem::Problem;
use crate::state::ApiState;

const DEFAULT_DAYS: i64 = 14;

/// The routes of statistics.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(read))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct StatsQuery {
    /// How many days, today included, 1 to 400; 14 unless given.
    days: Option<i64>,
}

#[derive(Serialize, ToSchema)]
struct AppStats {
    #[schema(value_type = String)]
    app: AppId,
    /// Each day of UTC, the oldest first.
    days: Vec<AppDay>,
    /// All of these days together, by name.
    totals: BTreeMap<&'static str, u64>,
    spool: SpoolView,
    upstream: UpstreamView,
}

#[derive(Serialize, ToSchema)]
struct AppDay {
    #[schema(value_type = String, format = Date)]
    date: Day,
    /// Events by level (`events_error`), other items by kind, sessions, envelopes by what became of them, bytes.
    counts: BTreeMap<&'static str, u64>,
}

/// Envelopes that wait for Sentry.
#[derive(Serialize, ToSchema)]
struct SpoolView {
    envelopes: u64,
    bytes: u64,
    /// When the oldest came.
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest_at: Option<Timestamp>,
}

/// How the app's Sentry does, as the process that answers saw it.
#[derive(Serialize, ToSchema)]
struct UpstreamView {
    /// `up`, `away`, or `unknown` when nothing was sent yet.
    status: &'static str,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_success_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_failure_at: Option<Timestamp>,
    /// In words.
    last_failure: Option<String>,
}

/// Read how a frontend app does.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/apps/{app_id}/stats", tag = "apps", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("app_id" = String, Path, description = "The app"),
        StatsQuery
    ),
    responses((status = 200, description = "What was counted", body = AppStats), Problem)
)]
async fn read(
    scope: Scoped<Viewer>,
    PathId(id): PathId<AppId>,
    Query(query): Query<StatsQuery>,
    State(state): State<ApiState>,
) -> Result<axum::Json<AppStats>, Problem> {
    let most = COUNTS_RETENTION.seconds() / Span::days(1).seconds();
    let days = query.days.unwrap_or(DEFAULT_DAYS);
    if !(1..=most).contains(&days) {
        return Err(Problem::bad_request(format!("Expected days to be 1 to {most}, got {days}.")));
    }
    held(&state, &scope.tenant).await?.app(&id).ok_or_else(unknown)?;
    let today = state.clock.now().day();
    let span = today.plus(1 - days)..today.plus(1);
    let counted = state.tally.read(&scope.tenant, &id, span).await?;
    let mut totals = Counts::default();
    for counts in counted.values() {
        totals.add(counts);
    }
    let day = |ago: i64| {
        let date = today.plus(-ago);
        AppDay { date, counts: named(&counted.get(&date).copied().unwrap_or_default()) }
    };
    let usage = state.store.spool_usage_across_tenants().await?;
    let spool = usage.get(&(scope.tenant.clone(), id.clone())).copied().unwrap_or_default();
    let upstream = UpstreamView::of(&state, &scope, &id);
    let days = (0..days).rev().map(day).collect();
    Ok(axum::Json(AppStats { app: id, days, totals: named(&totals), spool: spool.into(), upstream }))
}

fn named(counts: &Counts) -> BTreeMap<&'static str, u64> {
    Counted::ALL.iter().map(|what| (what.as_str(), counts.of(*what))).collect()
}

impl From<SpoolUsage> for SpoolView {
    fn from(usage: SpoolUsage) -> Self {
        Self { envelopes: usage.envelopes, bytes: usage.bytes, oldest_at: usage.oldest }
    }
}

impl UpstreamView {
    fn of(state: &ApiState, scope: &Scoped<Viewer>, id: &AppId) -> Self {
        let live = state.tunnel().apps.by_id(&scope.tenant, id);
        let known = live.map(|live| live.health.known()).unwrap_or_default();
        let status = match known.is_away {
            Some(true) => "away",
            Some(false) => "up",
            None => "unknown",
        };
        let (last_failure_at, last_failure) = known.last_failure.unzip();
        Self { status, last_success_at: known.last_success, last_failure_at, last_failure }
    }
}
