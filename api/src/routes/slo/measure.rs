//! Measuring at once, and recording what somebody counted elsewhere.
//!
//! What is pushed is stored before anything else happens; the SLO is then measured right away, so that who pushes sees
//! what it does to the budget without waiting for the tick.

use axum::extract::State;
use metrics::counter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::accounts::{Plan, Scene};
use plimsoll_domain::component::Component;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::sample::{Events, LATEST_PUSH, MAX_INSTANTS, Merged};
use plimsoll_domain::sketch::Sketch;
use plimsoll_domain::slo::{Measurement, SliKind, Slo};
use plimsoll_domain::time::{Interval, Tick, Timestamp};
use plimsoll_store::SeriesRecord;
use plimsoll_store::accounts::{Opened, open};

use super::views::SloStatusView;
use super::{configured, latest, wanted};
use crate::extract::{Ingest, JsonBytes, Scoped, read_slice};
use crate::problem::Problem;
use crate::state::ApiState;

const ONE_MIB: usize = 1 << 20;
/// Most events that one push may tell of.
const MAX_EVENTS: u64 = 5_000_000;
/// Most latencies in one push.
const MAX_LATENCIES: usize = 10_000;
const MAX_LATENCY_MS: f64 = 3_600_000.0;

/// The routes of measuring.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(measure))
}

/// What was counted up to one instant, for one SLO: `good` and `valid`, `latencies_ms`, or `sessions`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MeasureRequest {
    /// The SLO's name.
    slo_type: String,
    /// When it was counted: at most one tick ahead, at most 24 h ago. Pushing the same instant again changes nothing.
    at: String,
    /// For kind `events` or `crash_free_sessions`: how many were as promised.
    good: Option<u64>,
    /// For kind `events` or `crash_free_sessions`: how many count at all, at most 5,000,000.
    valid: Option<u64>,
    /// For kind `latency`: at most 10,000, each 0 to 3,600,000 ms.
    latencies_ms: Option<Vec<f64>>,
    /// For kind `crash_free_sessions`.
    sessions: Option<SessionsBody>,
}

/// Sessions of a frontend app that ended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SessionsBody {
    /// All of them, at most 5,000,000.
    total: u64,
    /// Those that ended in a crash.
    crashed: u64,
}

#[derive(Serialize, ToSchema)]
struct MeasureAnswer {
    /// How many pushes were new: 0 or 1.
    accepted: u64,
    /// How many were known already: nothing changed.
    duplicate: u64,
    /// What was measured: the SLO that was pushed for, or all of them.
    objectives: Vec<SloStatusView>,
}

/// Measure now, or record what was counted.
///
/// Without a body, every SLO is measured from what is stored. With one, it is recorded, idempotent by its instant, and
/// its SLO is measured.
#[utoipa::path(
    post, path = "/observability/slo/measure/{tenant_id}", tag = "slo", security(("key" = [])),
    request_body = Option<MeasureRequest>,
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "Recorded and measured", body = MeasureAnswer), Problem)
)]
async fn measure(
    scope: Scoped<Ingest>,
    State(state): State<ApiState>,
    JsonBytes(body): JsonBytes<ONE_MIB>,
) -> Result<axum::Json<MeasureAnswer>, Problem> {
    let config = configured(&state, &scope.tenant).await?;
    let (slos, merged) = if body.iter().all(u8::is_ascii_whitespace) {
        (config.objectives, Merged::default())
    } else {
        let request: MeasureRequest = read_slice(&body)?;
        let slos = wanted(config, Some(&request.slo_type))?;
        let merged = record(&state, &scope.tenant, &slos[0], request).await?;
        (slos, merged)
    };
    let measured = Look::open(&state, &scope.tenant, &slos).await?.measure(&slos);
    state.store.put_measurements(&measured).await?;
    let views = slos.into_iter().zip(measured).map(|(slo, measured)| {
        let trouble = measured.trouble.clone();
        SloStatusView::of(slo, Some(measured), trouble)
    });
    let (accepted, duplicate) = (merged.accepted, merged.duplicate);
    Ok(axum::Json(MeasureAnswer { accepted, duplicate, objectives: views.collect() }))
}

async fn record(state: &ApiState, tenant: &TenantId, slo: &Slo, request: MeasureRequest) -> Result<Merged, Problem> {
    let mut events = request.read(slo, state.clock.now(), state.interval)?;
    let components = state.store.components(tenant).await?;
    let maintenances = state.store.maintenances(tenant).await?;
    events.maintenance = slo.is_maintained(&components, &maintenances, events.at);
    let merged = state.store.record_samples(&[SeriesRecord::of_slo(tenant, &slo.slo_type, vec![events])]).await?;
    if merged.refused > 0 {
        let detail =
            format!("expected at most {MAX_INSTANTS} pushes for one SLO and hour: push less often, and more at a time");
        return Err(Invalid::at("/at", detail).into());
    }
    counter!("plimsoll_pushes_total", "result" => "accepted").increment(merged.accepted);
    counter!("plimsoll_pushes_total", "result" => "duplicate").increment(merged.duplicate);
    Ok(merged)
}

impl MeasureRequest {
    fn read(self, slo: &Slo, now: Timestamp, interval: Interval) -> Result<Events, Invalid> {
        let mut faults = Faults::default();
        let at = faults.keep(instant(&self.at, now, interval), "/at");
        let counted = match &slo.kind {
            SliKind::Latency { threshold_ms } => {
                self.only(&["latencies_ms"], slo, &mut faults);
                faults.absorb(read_latencies(self.latencies_ms.as_deref(), *threshold_ms), "/latencies_ms")
            }
            SliKind::CrashFreeSessions if self.sessions.is_some() => {
                self.only(&["sessions"], slo, &mut faults);
                faults.absorb(self.sessions.as_ref().map(SessionsBody::read).transpose(), "/sessions").flatten()
            }
            SliKind::Events | SliKind::CrashFreeSessions => {
                self.only(&["good", "valid"], slo, &mut faults);
                faults.absorb(read_counts(self.good, self.valid), "")
            }
            SliKind::Availability | SliKind::Prometheus(_) => {
                let detail = format!(
                    "expected an SLO of kind events, latency or crash_free_sessions; this one is of kind {}, which takes no pushes",
                    slo.kind.as_str()
                );
                faults.keep(Err(detail), "/slo_type")
            }
        };
        faults.finish()?;
        let known = "every part is there when no fault was noted";
        let (good, bad, latency) = counted.expect(known);
        Ok(Events { at: at.expect(known), good, bad, maintenance: false, latency })
    }

    /// Notes fields that were given for an SLO of another kind.
    fn only(&self, wanted: &[&str], slo: &Slo, faults: &mut Faults) {
        let given = [
            ("good", self.good.is_some()),
            ("valid", self.valid.is_some()),
            ("latencies_ms", self.latencies_ms.is_some()),
            ("sessions", self.sessions.is_some()),
        ];
        for (field, _) in given.iter().filter(|(field, is_given)| *is_given && !wanted.contains(field)) {
            let detail = || format!("expected {} for an SLO of kind {}", wanted.join(" and "), slo.kind.as_str());
            faults.require(false, &format!("/{field}"), detail);
        }
    }
}

type Counted = (u64, u64, Sketch);

fn instant(text: &str, now: Timestamp, interval: Interval) -> Result<Timestamp, String> {
    let at: Timestamp = text.parse()?;
    if at > now.plus(interval.span()) {
        return Err(format!("expected an instant at most one tick ahead of {now}, got {at}"));
    }
    if at < now.minus(LATEST_PUSH) {
        return Err(format!("expected an instant at most {LATEST_PUSH} before {now}, got {at}"));
    }
    Ok(at)
}

fn read_counts(good: Option<u64>, valid: Option<u64>) -> Result<Counted, Invalid> {
    let mut faults = Faults::default();
    let missing = || "expected a value: this field is required".to_owned();
    let good = faults.keep(good.ok_or_else(missing), "/good");
    let valid = faults.keep(valid.ok_or_else(missing), "/valid");
    if let (Some(good), Some(valid)) = (good, valid) {
        faults.require(valid <= MAX_EVENTS, "/valid", || {
            format!("expected at most {MAX_EVENTS} events in one push, got {valid}: push more often")
        });
        faults.require(good <= valid, "/good", || format!("expected at most valid ({valid}), got {good}"));
    }
    faults.finish()?;
    let (good, valid) = good.zip(valid).expect("both are there when no fault was noted");
    Ok((good, valid - good, Sketch::default()))
}

/// Each is judged exactly; the sketch is for the quantiles.
fn read_latencies(latencies: Option<&[f64]>, threshold_ms: f64) -> Result<Counted, Invalid> {
    let latencies = latencies.ok_or_else(|| Invalid::at("", "expected a value: this field is required"))?;
    let mut faults = Faults::default();
    let count = latencies.len();
    faults.require((1..=MAX_LATENCIES).contains(&count), "", || {
        format!("expected 1 to {MAX_LATENCIES} latencies in one push, got {count}")
    });
    let wrong = latencies.iter().take(MAX_LATENCIES).enumerate();
    for (index, latency) in wrong.filter(|(_, latency)| !(0.0..=MAX_LATENCY_MS).contains(*latency)).take(100) {
        faults.require(false, &format!("/{index}"), || format!("expected 0 to {MAX_LATENCY_MS} ms, got {latency}"));
    }
    faults.finish()?;
    let good = latencies.iter().filter(|latency| **latency <= threshold_ms).count() as u64;
    Ok((good, count as u64 - good, Sketch::of(latencies.iter().copied())))
}

impl SessionsBody {
    fn read(&self) -> Result<Counted, Invalid> {
        let Self { total, crashed } = *self;
        let mut faults = Faults::default();
        faults.require(total <= MAX_EVENTS, "/total", || {
            format!("expected at most {MAX_EVENTS} sessions in one push, got {total}: push more often")
        });
        faults.require(crashed <= total, "/crashed", || format!("expected at most total ({total}), got {crashed}"));
        faults.finish()?;
        Ok((total - crashed, crashed, Sketch::default()))
    }
}

/// A tenant's accounts, opened for the tick that lies around the present.
pub(super) struct Look {
    pub(super) opened: Opened,
    pub(super) components: Vec<Component>,
    tenant: TenantId,
    tick: Tick,
    interval: Interval,
    before: std::collections::HashMap<plimsoll_domain::ids::SloType, Measurement>,
}

impl Look {
    /// Opens what these SLOs need.
    pub(super) async fn open(state: &ApiState, tenant: &TenantId, slos: &[Slo]) -> Result<Self, Problem> {
        let components = state.store.components(tenant).await?;
        let interval = state.interval;
        let tick = Tick::containing(state.clock.now(), interval);
        let plan = Plan::of(slos, &components);
        let opened = open(state.store.as_ref(), tenant, &plan, tick.end(interval)).await?;
        let before = latest(state, tenant, slos).await?;
        Ok(Self { opened, components, tenant: tenant.clone(), tick, interval, before })
    }

    /// The instant that the windows end at.
    pub(super) fn end(&self) -> Timestamp {
        self.tick.end(self.interval)
    }

    /// Measures each of the SLOs it was opened for.
    pub(super) fn measure(&self, slos: &[Slo]) -> Vec<Measurement> {
        let scene =
            Scene { tenant: &self.tenant, components: &self.components, tick: self.tick, interval: self.interval };
        let measure = |slo: &Slo| {
            let before = self.before.get(&slo.slo_type);
            let trouble = before.and_then(|before| before.trouble.clone());
            Measurement { trouble, ..self.opened.accounts.measure(slo, &scene, before) }
        };
        slos.iter().map(measure).collect()
    }
}
