//! What another promise, or other tiers, would have done: replayed tick by tick over what is stored.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::accounts::Scene;
use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{HourKey, TenantId};
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::slo::backtest::{Firing, Hours, Outcome, Replay};
use plimsoll_domain::slo::{BurnSeverity, Objective, Slo};
use plimsoll_domain::time::{Interval, Span, Tick, Timestamp};
use plimsoll_store::accounts::read_hours;

use super::bodies::{TierBody, read_tiers, read_window};
use super::{configured, wanted};
use crate::extract::{Json, Scoped, Viewer};
use crate::problem::Problem;
use crate::state::ApiState;

const DEFAULT_SPAN: Span = Span::days(30);
/// Ticks times sources times the samples that lie in an hour of each: some seconds of work.
const MOST_WORK: i64 = 50_000_000;
/// Backtests take a processor for themselves.
static ONE_AT_A_TIME: Semaphore = Semaphore::const_new(1);
/// Hours times sources: some hundred megabytes at most.
const MOST_HOURS: i64 = 200_000;
/// Ticks between which other work gets its turn.
const TURN: usize = 20;
/// Most firings that are listed; all are counted.
const MOST_FIRINGS: usize = 1_000;

/// The routes of backtests.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(backtest))
}

/// What is proposed; all else is as the SLO has it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BacktestRequest {
    /// The SLO that it is about.
    slo_type: String,
    /// A ratio above 0 and below 1, e.g. 0.999.
    objective: Option<f64>,
    /// As in the configuration, e.g. `30d`.
    window: Option<String>,
    /// Of a calendar's window.
    time_zone: Option<String>,
    /// As in the configuration.
    tiers: Option<Vec<TierBody>>,
    /// As in the configuration.
    minimum_bad_samples: Option<u32>,
    /// As in the configuration.
    count_maintenance: Option<bool>,
    /// The first instant, RFC 3339; 30 days before `to` unless given.
    from: Option<String>,
    /// The first instant after; now unless given.
    to: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct BacktestAnswer {
    slo_type: String,
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// As the SLO is configured.
    current: BacktestOutcome,
    /// As it is proposed.
    proposed: BacktestOutcome,
}

#[derive(Serialize, ToSchema)]
struct BacktestOutcome {
    objective: f64,
    window: String,
    /// How many pages would have been sent: firings of page tiers that no faster tier made quiet.
    pages: usize,
    /// How many tickets, likewise.
    tickets: usize,
    /// Every time that a tier would have fired, the oldest first; at most 1,000.
    firings: Vec<FiringView>,
    /// At `to`; null when there is no data.
    budget_remaining_ratio: Option<f64>,
    /// The least there was, and when; null when there is no data.
    lowest: Option<Lowest>,
    /// When the budget was first used up; null when it never was.
    #[schema(value_type = Option<String>, format = DateTime)]
    exhausted_at: Option<Timestamp>,
    /// Of the window that ends at `to`.
    coverage: f64,
}

#[derive(Serialize, ToSchema)]
struct Lowest {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    budget_remaining_ratio: f64,
}

#[derive(Serialize, ToSchema)]
struct FiringView {
    long: String,
    short: String,
    /// `page` or `ticket`.
    #[schema(value_type = String)]
    severity: BurnSeverity,
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// Null when it still fired at the end.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// Whether a faster tier fired when it began, so that nobody would have heard it.
    quiet: bool,
}

/// Try a promise, or tiers, on the past.
///
/// Each tick of the span is measured as it would have been. Where samples have expired, whole hours stand for them. One runs
/// at a time: 429 while another does.
#[utoipa::path(
    post, path = "/observability/slo/backtest/{tenant_id}", tag = "slo", security(("key" = [])),
    request_body = BacktestRequest,
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "What would have been sent, and when", body = BacktestAnswer), Problem)
)]
async fn backtest(
    scope: Scoped<Viewer>,
    State(state): State<ApiState>,
    Json(request): Json<BacktestRequest>,
) -> Result<axum::Json<BacktestAnswer>, Problem> {
    let Ok(_turn) = ONE_AT_A_TIME.try_acquire() else {
        let detail = "Another backtest is running: try again in some seconds.";
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail));
    };
    let current = wanted(configured(&state, &scope.tenant).await?, Some(&request.slo_type))?.remove(0);
    let components = state.store.components(&scope.tenant).await?;
    let span = request.span(state.clock.now(), state.interval)?;
    let proposed = request.propose(&current)?;
    let past = Past { tenant: &scope.tenant, components: &components, interval: state.interval, span };
    past.refuse_too_much(&[&current, &proposed])?;
    let hours = past.read(&state, &[&current, &proposed]).await?;
    let (from, to) = (past.span.0.start(), past.span.1.start());
    Ok(axum::Json(BacktestAnswer {
        slo_type: current.slo_type.to_string(),
        from,
        to,
        current: past.replay(&current, &hours).await,
        proposed: past.replay(&proposed, &hours).await,
    }))
}

impl BacktestRequest {
    /// The first tick, and the first after.
    fn span(&self, now: Timestamp, interval: Interval) -> Result<(Tick, Tick), Invalid> {
        let mut faults = Faults::default();
        let to = self.to.as_deref().map_or(Some(now), |text| faults.keep(text.parse(), "/to"));
        let from = match (self.from.as_deref(), to) {
            (Some(text), _) => faults.keep(text.parse(), "/from"),
            (None, to) => to.map(|to| to.minus(DEFAULT_SPAN)),
        };
        if let (Some(from), Some(to)) = (from, to) {
            faults.require(to <= now, "/to", || format!("expected an instant that is not after {now}, got {to}"));
            faults.require(from < to, "/from", || format!("expected an instant before to ({to}), got {from}"));
        }
        faults.finish()?;
        let (from, to) = from.zip(to).expect("both are there when no fault was noted");
        Ok((Tick::containing(from, interval), Tick::containing(to, interval)))
    }

    fn propose(self, current: &Slo) -> Result<Slo, Invalid> {
        let mut faults = Faults::default();
        let mut slo = current.clone();
        if let Some(ratio) = self.objective {
            slo.objective = faults.keep(Objective::new(ratio), "/objective").unwrap_or(slo.objective);
        }
        if let Some(window) = &self.window {
            let window = faults.absorb(read_window(window, self.time_zone.as_deref()), "");
            slo.window = window.unwrap_or(slo.window);
        } else {
            faults.require(self.time_zone.is_none(), "/time_zone", || "expected a window beside it".to_owned());
        }
        if let Some(tiers) = self.tiers {
            slo.tiers = faults.absorb(read_tiers(tiers), "/tiers").unwrap_or_default();
        }
        slo.minimum_bad_samples = self.minimum_bad_samples.unwrap_or(slo.minimum_bad_samples);
        slo.count_maintenance = self.count_maintenance.unwrap_or(slo.count_maintenance);
        faults.finish()?;
        slo.validate()?;
        Ok(slo)
    }
}

/// What is replayed.
struct Past<'a> {
    tenant: &'a TenantId,
    components: &'a [Component],
    interval: Interval,
    span: (Tick, Tick),
}

impl Past<'_> {
    fn first_needed(&self, slos: &[&Slo]) -> Timestamp {
        let end = self.span.0.end(self.interval);
        let starts = slos.iter().flat_map(|slo| {
            let longest = slo.burn_windows().into_iter().max().map(|longest| end.minus(longest));
            longest.into_iter().chain([slo.window.start(end)])
        });
        starts.min().unwrap_or(end)
    }

    fn refuse_too_much(&self, slos: &[&Slo]) -> Result<(), Invalid> {
        let sources = i64::try_from(slos[0].sources(self.components).len()).unwrap_or(i64::MAX).max(1);
        let ticks = (self.span.1.seconds() - self.span.0.seconds()) / self.interval.seconds();
        let hours = self.span.1.start().hour().number() - self.first_needed(slos).hour().number();
        let of_an_hour = 3_600 / self.interval.seconds();
        let (most_ticks, most_hours) = (MOST_WORK / (sources * of_an_hour), MOST_HOURS / sources);
        if ticks <= most_ticks && hours <= most_hours {
            return Ok(());
        }
        let days = (most_ticks * self.interval.seconds() / 86_400).min(most_hours / 24);
        let detail = format!("expected a later instant: {sources} sources can be replayed over some {days} days");
        Err(Invalid::at("/from", detail))
    }

    async fn read(&self, state: &ApiState, slos: &[&Slo]) -> Result<Hours, Problem> {
        let sources = slos.iter().flat_map(|slo| slo.sources(self.components));
        let series: BTreeSet<_> = sources.map(|source| source.series).collect();
        let end = self.span.1.start();
        let (first, last) = (self.first_needed(slos).hour(), end.hour());
        let mut hours = Hours::new();
        for series in series {
            let key = |hour| HourKey { tenant: self.tenant.clone(), series: series.clone(), hour };
            let keys: Vec<_> = (0..=last.number() - first.number()).map(|offset| key(first.plus(offset))).collect();
            let found = read_hours(state.store.as_ref(), &keys, state.clock.now()).await?;
            hours.entry(series).or_default().extend(found.into_iter().map(|(key, held)| (key.hour, held)));
        }
        Ok(hours)
    }

    async fn replay(&self, slo: &Slo, hours: &Hours) -> BacktestOutcome {
        let scene = |tick| Scene { tenant: self.tenant, components: self.components, tick, interval: self.interval };
        let mut replay = Replay::new(slo, &scene(self.span.0), hours);
        let ticks = plimsoll_domain::sample::ticks_between(self.span.0, self.span.1, self.interval);
        for (index, tick) in ticks.enumerate() {
            replay.step(&scene(tick));
            if index % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
        }
        BacktestOutcome::of(slo, replay.finish())
    }
}

impl BacktestOutcome {
    fn of(slo: &Slo, outcome: Outcome) -> Self {
        let heard =
            |severity| outcome.firings.iter().filter(|firing| firing.severity == severity && !firing.quiet).count();
        let last = outcome.last.as_ref();
        Self {
            objective: slo.objective.ratio(),
            window: slo.window.to_string(),
            pages: heard(BurnSeverity::Page),
            tickets: heard(BurnSeverity::Ticket),
            budget_remaining_ratio: last.and_then(|last| last.budget).map(|budget| budget.remaining_ratio),
            coverage: last.map_or(0.0, |last| last.coverage),
            lowest: outcome.lowest.map(|(at, budget_remaining_ratio)| Lowest { at, budget_remaining_ratio }),
            exhausted_at: outcome.exhausted_at,
            firings: outcome.firings.into_iter().take(MOST_FIRINGS).map(FiringView::from).collect(),
        }
    }
}

impl From<Firing> for FiringView {
    fn from(firing: Firing) -> Self {
        Self {
            long: firing.long.to_string(),
            short: firing.short.to_string(),
            severity: firing.severity,
            from: firing.from,
            to: firing.to,
            quiet: firing.quiet,
        }
    }
}
