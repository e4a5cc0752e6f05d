//! Runs a tick at each boundary of the wall clock, without drift, until asked to stop; then finishes the one in hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::time::{Clock, Interval, Span, Tick, Timestamp};
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::instruments::{Job, JobRuns, TenantGauges};
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_store::Store;
use plimsoll_store::alerting::Alerting;
use plimsoll_traces::{self as traces, Context, FutureExt, SpanKind};

use crate::changes::{Changes, listen};
use crate::retention;
use crate::tick::Ticker;

/// What the jobs need to know.
#[derive(Clone, Debug)]
pub struct JobsSettings {
    /// Length of a tick.
    pub interval: Interval,
    /// How long a component must stay well before its incident is resolved.
    pub settle: Span,
    /// Names this instance among those that share the work.
    pub holder: String,
    /// What probes may reach.
    pub egress: Egress,
    /// What the probes of `own_tenant` may reach: Plimsoll itself, too.
    pub own_egress: Egress,
    /// The tenant that watches Plimsoll itself.
    pub own_tenant: TenantId,
    /// Addresses that tell whether we are cut off ourselves.
    pub reference_addresses: Vec<String>,
    /// Where the figures of tenants are shown.
    pub gauges: TenantGauges,
}

/// How the jobs are doing, for the health of the process. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct JobsState(Arc<State>);

#[derive(Debug, Default)]
struct State {
    last_tick: AtomicI64,
    /// How often it was said that something changed.
    changes: watch::Sender<u64>,
}

impl JobsState {
    /// When a tick last ran to its end; `None` before the first.
    pub fn last_tick(&self) -> Option<Timestamp> {
        let millis = self.0.last_tick.load(Ordering::Acquire);
        (millis != 0).then(|| Timestamp::from_millis(millis))
    }

    /// Tells the jobs that somebody changed what the public sees: it is shown without waiting for the next tick.
    pub fn wake(&self) {
        self.0.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(crate) fn changes(&self) -> Changes {
        Changes::of(&self.0.changes)
    }

    fn note(&self, at: Timestamp) {
        self.0.last_tick.store(at.millis(), Ordering::Release);
    }
}

/// Starts the jobs within `life`, telling of alerts by `alerting` and having subscribers told by `wake_notices`; `state`
/// tells how they are doing from then on.
pub fn run(
    (store, clock): (&Arc<dyn Store>, &Arc<dyn Clock>),
    settings: JobsSettings,
    (alerting, wake_notices): (Alerting, Arc<dyn Fn() + Send + Sync>),
    state: JobsState,
    life: &Lifecycle,
) {
    let interval = settings.interval;
    metrics::gauge!("plimsoll_tick_interval_seconds").set(interval.seconds() as f64);
    let ticker = Ticker::new(Arc::clone(store), Arc::clone(clock), settings, life.stopping().clone());
    let ticker = ticker.telling(alerting).announcing(wake_notices).hearing(&state);
    listen(store, &state, life);
    life.spawn::<String>("tick", {
        let (clock, life) = (Arc::clone(clock), life.clone());
        async move {
            tick_until_stopped(ticker, clock.as_ref(), interval, &life, &state).await;
            Ok(())
        }
    });
    life.spawn::<String>("retention", {
        let (store, clock, stopping) = (Arc::clone(store), Arc::clone(clock), life.stopping().clone());
        async move {
            retention::clear_until_stopped(store.as_ref(), clock.as_ref(), &stopping).await;
            Ok(())
        }
    });
}

async fn tick_until_stopped(
    mut ticker: Ticker,
    clock: &dyn Clock,
    interval: Interval,
    life: &Lifecycle,
    state: &JobsState,
) {
    let (runs, failures) = (JobRuns::of(Job::Tick), metrics::counter!("plimsoll_tick_failures_total"));
    let mut last = None;
    loop {
        let now = clock.now();
        let tick = Tick::containing(now, interval);
        if last == Some(tick) {
            let wait = u64::try_from(tick.end(interval).millis_since(now)).unwrap_or(0);
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(wait)) => {}
                () = ticker.changed() => ticker.show_change().await,
                () = life.stopping().cancelled() => break,
            }
            continue;
        }
        last = Some(tick);
        let trace = traces::begin(&Context::new(), SpanKind::Internal, || ("tick".into(), Vec::new()));
        let ran = ticker.run(tick).with_context(trace.clone()).await;
        let _traced = trace.attach();
        match runs.note(ran, clock.now()) {
            Ok(report) => {
                state.note(clock.now());
                report.announce();
            }
            Err(error) => {
                failures.increment(1);
                tracing::error!(error = %error, "the tick failed: the next one mends what it left");
                traces::fail_current("the tick failed");
            }
        }
        if life.stopping().is_cancelled() {
            break;
        }
    }
    ticker.leave().await;
}
