//! Samples and heartbeats that are pushed.
//!
//! The busiest path of the API: texts are borrowed from the body, the tenant's components are read once, and everything
//! is recorded in one call. All faults are found before anything is recorded, so a refused batch leaves nothing behind.

use std::borrow::Cow;
use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use metrics::counter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{ComponentId, TenantId};
use plimsoll_domain::invalid::{Fault, Invalid};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::probe::{Heartbeat, ProbeSpec};
use plimsoll_domain::sample::{LATEST_PUSH, Merged, Sample, SampleStatus};
use plimsoll_domain::time::{Interval, Tick, Timestamp};
use plimsoll_store::SeriesRecord;

use crate::extract::{Ingest, JsonBytes, PathId, Scoped, read_slice};
use crate::problem::Problem;
use crate::state::ApiState;

const MAX_SAMPLES: usize = 10_000;
const MAX_FAULTS: usize = 100;
const MAX_LATENCY_MS: f64 = 3_600_000.0;
const FOUR_MIB: usize = 4 << 20;
const ONE_KIB: usize = 1 << 10;

/// The routes of samples and heartbeats.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(push)).routes(routes!(beat))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SamplesRequest<'a> {
    /// At most 10,000.
    #[serde(borrow)]
    #[schema(max_items = 10000)]
    samples: Vec<PushedSample<'a>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PushedSample<'a> {
    /// A component whose probe is of kind `push` or `heartbeat`.
    #[serde(borrow)]
    #[schema(value_type = String)]
    component: Cow<'a, str>,
    /// Any instant of the tick it is for: at most one tick ahead, at most 24 h ago.
    #[serde(borrow)]
    #[schema(value_type = String, format = DateTime)]
    at: Cow<'a, str>,
    /// `operational`, `degraded`, `down` or `unknown`.
    #[serde(borrow)]
    #[schema(value_type = String)]
    status: Cow<'a, str>,
    /// How long the answer took, 0 to 3,600,000 ms.
    latency_ms: Option<f64>,
}

#[derive(Serialize, ToSchema)]
struct PushAnswer {
    /// How many were new.
    accepted: u64,
    /// How many were known already: nothing changed.
    duplicate: u64,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BeatRequest {
    /// What the component says of itself: `operational` unless it is `degraded`, `down` or `unknown`.
    status: Option<String>,
}

/// Push samples.
///
/// Nothing is recorded when one of them is refused. Pushing a sample again changes nothing.
#[utoipa::path(
    post, path = "/tenants/{tenant_id}/samples", tag = "samples", security(("key" = [])),
    request_body = SamplesRequest, params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "Recorded", body = PushAnswer), Problem)
)]
async fn push(
    scope: Scoped<Ingest>,
    State(state): State<ApiState>,
    JsonBytes(body): JsonBytes<FOUR_MIB>,
) -> Result<axum::Json<PushAnswer>, Problem> {
    let request: SamplesRequest<'_> = read_slice(&body)?;
    let count = request.samples.len();
    if count > MAX_SAMPLES {
        return Err(Invalid::at("/samples", format!("expected at most {MAX_SAMPLES} samples, got {count}")).into());
    }
    let components = state.store.components(&scope.tenant).await?;
    let maintenances = state.store.maintenances(&scope.tenant).await?;
    let rules = Rules::new(&maintenances, state.clock.now(), state.interval);
    let batch = rules.sort(&request.samples, &components)?;
    let merged = record(&state, &scope.tenant, batch).await?;
    counter!("plimsoll_samples_ingested_total", "result" => "accepted").increment(merged.accepted);
    counter!("plimsoll_samples_ingested_total", "result" => "duplicate").increment(merged.duplicate);
    Ok(axum::Json(PushAnswer { accepted: merged.accepted, duplicate: merged.duplicate }))
}

/// Report a heartbeat.
///
/// The body may be empty.
#[utoipa::path(
    post, path = "/tenants/{tenant_id}/components/{component_id}/heartbeat", tag = "samples", security(("key" = [])),
    request_body = Option<BeatRequest>,
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("component_id" = String, Path, description = "A component whose probe is of kind heartbeat")
    ),
    responses((status = 204, description = "Noted"), Problem)
)]
async fn beat(
    scope: Scoped<Ingest>,
    PathId(id): PathId<ComponentId>,
    State(state): State<ApiState>,
    JsonBytes(body): JsonBytes<ONE_KIB>,
) -> Result<StatusCode, Problem> {
    let request = if body.is_empty() { BeatRequest::default() } else { read_slice(&body)? };
    let status = request.status.as_deref().map_or(Ok(SampleStatus::Operational), status_of);
    let status = status.map_err(|detail| Invalid::at("/status", detail))?;
    let component = state.store.component(&scope.tenant, &id).await?;
    let component = component.ok_or_else(|| Problem::not_found("component"))?;
    if !matches!(component.probe, ProbeSpec::Heartbeat(_)) {
        let detail = format!("This component has no heartbeat: its probe is of kind {}.", component.probe.kind());
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    state.store.record_heartbeat(&scope.tenant, &id, Heartbeat { at: state.clock.now(), status }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A batch that was found good, by component.
#[derive(Default)]
struct Batch {
    samples: Vec<(ComponentId, Vec<Sample>)>,
    beats: Vec<(ComponentId, Heartbeat)>,
    beat_count: u64,
}

async fn record(state: &ApiState, tenant: &TenantId, batch: Batch) -> Result<Merged, Problem> {
    let mut changed = 0;
    for (component, beat) in &batch.beats {
        changed += u64::from(state.store.record_heartbeat(tenant, component, *beat).await?);
    }
    let mut merged = Merged { accepted: changed, duplicate: batch.beat_count - changed, refused: 0 };
    if !batch.samples.is_empty() {
        let of = |(component, samples)| SeriesRecord::of_component(tenant, &component, samples);
        let samples: Vec<_> = batch.samples.into_iter().map(of).collect();
        merged.add(state.store.record_samples(&samples).await?);
    }
    Ok(merged)
}

/// What a pushed sample is held against.
struct Rules {
    now: Timestamp,
    interval: Interval,
    /// Each time of maintenance that a sample may lie in.
    maintenances: Vec<Maintenance>,
}

/// The samples of one component while they are gathered.
struct Gathered<'a> {
    component: &'a Component,
    samples: Vec<Sample>,
    beat: Option<Heartbeat>,
}

impl Rules {
    /// What recurs is followed once, and not for each sample.
    fn new(maintenances: &[Maintenance], now: Timestamp, interval: Interval) -> Self {
        let reach = now.minus(LATEST_PUSH).minus(interval.span())..now.plus(interval.span()).next_milli();
        let maintenances = maintenances.iter().flat_map(|held| held.occurrences(&reach)).collect();
        Self { now, interval, maintenances }
    }

    fn sort(&self, pushed: &[PushedSample<'_>], components: &[Component]) -> Result<Batch, Invalid> {
        let gathered = |component| Gathered { component, samples: Vec::new(), beat: None };
        let mut by_id: HashMap<&str, Gathered<'_>> =
            components.iter().map(|component| (component.id.as_str(), gathered(component))).collect();
        let mut faults = Vec::new();
        let mut beat_count = 0;
        for (index, sample) in pushed.iter().enumerate() {
            match self.take(sample, &mut by_id) {
                Ok(is_beat) => beat_count += u64::from(is_beat),
                Err((field, detail)) => faults.push(Fault { pointer: format!("/samples/{index}/{field}"), detail }),
            }
            if faults.len() == MAX_FAULTS {
                break;
            }
        }
        if !faults.is_empty() {
            return Err(Invalid(faults));
        }
        let mut batch = Batch { beat_count, ..Batch::default() };
        for Gathered { component, samples, beat } in by_id.into_values() {
            batch.beats.extend(beat.map(|beat| (component.id.clone(), beat)));
            if !samples.is_empty() {
                batch.samples.push((component.id.clone(), samples));
            }
        }
        Ok(batch)
    }

    /// Adds `pushed` to those of its component: whether it is a heartbeat, or the field that is wrong and why.
    fn take(
        &self,
        pushed: &PushedSample<'_>,
        by_id: &mut HashMap<&str, Gathered<'_>>,
    ) -> Result<bool, (&'static str, String)> {
        let unknown = || ("component", format!("expected a component of this tenant, got {:?}", pushed.component));
        let gathered = by_id.get_mut(&*pushed.component).ok_or_else(unknown)?;
        let at = self.instant(&pushed.at).map_err(|detail| ("at", detail))?;
        let status = status_of(&pushed.status).map_err(|detail| ("status", detail))?;
        let latency_ms = pushed.latency_ms.map(latency).transpose().map_err(|detail| ("latency_ms", detail))?;
        match &gathered.component.probe {
            ProbeSpec::Push => {
                let tick = Tick::containing(at, self.interval);
                let covers = |held: &Maintenance| held.covers(&gathered.component.id, tick.start());
                let maintenance = self.maintenances.iter().any(covers);
                gathered.samples.push(Sample { tick, status, latency_ms, maintenance });
                Ok(false)
            }
            ProbeSpec::Heartbeat(_) => {
                let newer = gathered.beat.is_none_or(|beat| beat.at <= at);
                gathered.beat = if newer { Some(Heartbeat { at, status }) } else { gathered.beat };
                Ok(true)
            }
            probed => {
                let detail = format!(
                    "expected a component that takes samples; this one is sampled by its {} probe",
                    probed.kind()
                );
                Err(("component", detail))
            }
        }
    }

    fn instant(&self, text: &str) -> Result<Timestamp, String> {
        let at: Timestamp = text.parse()?;
        if at > self.now.plus(self.interval.span()) {
            return Err(format!("expected an instant at most one tick ahead of {}, got {at}", self.now));
        }
        if at < self.now.minus(LATEST_PUSH) {
            return Err(format!("expected an instant at most {LATEST_PUSH} before {}, got {at}", self.now));
        }
        Ok(at)
    }
}

fn status_of(text: &str) -> Result<SampleStatus, String> {
    use SampleStatus::{Degraded, Down, Operational, Unknown};
    let known = [Operational, Degraded, Down, Unknown].into_iter().find(|status| status.as_str() == text);
    known.ok_or_else(|| format!("expected operational, degraded, down or unknown, got {text:?}"))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "its range is checked first")]
fn latency(ms: f64) -> Result<u32, String> {
    let fits = (0.0..=MAX_LATENCY_MS).contains(&ms);
    if fits { Ok(ms.round() as u32) } else { Err(format!("expected 0 to {MAX_LATENCY_MS} ms, got {ms}")) }
}
