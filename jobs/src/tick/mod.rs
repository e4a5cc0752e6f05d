//! One tick, step by step: who works on what, look, record, fold, measure, decide, tell, announce, show.

mod alerts;
mod announce;
mod ask;
mod burndowns;
mod calendar;
mod days;
mod evaluate;
mod figures;
mod incidents;
mod latencies;
mod memory;
mod probe;
mod record;
mod report;
mod show;
mod world;

use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use plimsoll_domain::time::{Clock, Tick, Timestamp};
use plimsoll_store::alerting::{Alerting, NoHandoff};
use plimsoll_store::{Result, Store};
use plimsoll_traces::{self as traces, SpanKind, SpanRef};

use crate::changes::{BURST, Changes};
use crate::{JobsSettings, JobsState};
use ask::{Answers, Asker};
use calendar::Calendar;
use figures::Figures;
use memory::Memory;
use probe::Looks;
pub use probe::Prober;
pub use report::TickReport;
use world::World;

/// Runs ticks. Holds what need not be read again each time; all of it can be lost without harm.
pub struct Ticker {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    settings: JobsSettings,
    prober: Arc<Prober>,
    asker: Arc<Asker>,
    alerting: Alerting,
    /// Has sent at once what is announced to subscribers.
    wake_notices: Arc<dyn Fn() + Send + Sync>,
    /// Hears of what people change.
    changes: Changes,
    memory: Memory,
    calendar: Calendar,
    figures: Figures,
    /// The last tick that ran to its end, and when it began.
    last: Option<(Tick, Timestamp)>,
    /// Since when ticks have run without a break: before, nobody could have reported to us.
    resumed_at: Option<Timestamp>,
    stopping: CancellationToken,
}

/// What every step of one tick works with.
pub(crate) struct Step<'a> {
    store: &'a dyn Store,
    settings: &'a JobsSettings,
    tick: Tick,
    world: World,
    report: TickReport,
}

/// A step as a span of the tick's trace.
async fn span<T>(name: &'static str, step: impl Future<Output = T>) -> T {
    traces::child(SpanKind::Internal, || (name.into(), Vec::new()), step, |_, _| {}).await
}

/// The same, of one that can fail.
async fn traced<T>(name: &'static str, step: impl Future<Output = Result<T>>) -> Result<T> {
    let conclude = |result: &Result<T>, span: &SpanRef<'_>| {
        if let Err(error) = result {
            traces::fail(span, error.to_string());
        }
    };
    traces::child(SpanKind::Internal, || (name.into(), Vec::new()), step, conclude).await
}

impl Ticker {
    /// Runs ticks against `store`; when `stopping` is cancelled, looks that have not ended are given up.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        settings: JobsSettings,
        stopping: CancellationToken,
    ) -> Self {
        let prober = Arc::new(Prober::new(&settings, Arc::clone(&clock)));
        let asker = Arc::new(Asker::new(&settings));
        let alerting = Alerting::new(Arc::clone(&store), Arc::new(NoHandoff));
        Self {
            alerting,
            store,
            clock,
            prober,
            asker,
            wake_notices: Arc::new(|| {}),
            changes: JobsState::default().changes(),
            memory: Memory::default(),
            calendar: Calendar::default(),
            figures: Figures::new(),
            last: None,
            resumed_at: None,
            settings,
            stopping,
        }
    }

    /// The same, with alerts that are sent at once by whom `alerting` hands them to.
    #[must_use]
    pub fn telling(mut self, alerting: Alerting) -> Self {
        self.alerting = alerting;
        self
    }

    /// The same, with subscribers that are told at once: `wake` has sent what is stored for them.
    #[must_use]
    pub fn announcing(mut self, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        self.wake_notices = wake;
        self
    }

    /// The same, showing at once what people say to `state` that they have changed.
    #[must_use]
    pub fn hearing(mut self, state: &JobsState) -> Self {
        self.changes = state.changes();
        self
    }

    /// Runs one tick to its end. An error is one of the store as a whole; whatever was stored before stays, and the next
    /// tick goes on from there, and from nothing else.
    pub async fn run(&mut self, tick: Tick) -> Result<TickReport> {
        let ran = self.run_through(tick).await;
        if ran.is_err() {
            (self.memory, self.last, self.resumed_at) = (Memory::default(), None, None);
        }
        ran
    }

    /// Shows again what the last tick found, with what people have changed since: incidents, maintenance, components; and
    /// has subscribers told of it. How far the ticks have come stays as it is.
    pub async fn show_again(&mut self) -> Result<()> {
        let Some((tick, began)) = self.last else { return Ok(()) };
        let now = self.clock.now();
        let mut world = World::load(self.store.as_ref(), &self.settings, &mut self.calendar, now).await?;
        world.now = began;
        let report = TickReport::begin(tick, began, &world);
        let mut step = Step { store: self.store.as_ref(), settings: &self.settings, tick, world, report };
        announce::announce(&mut step, self.wake_notices.as_ref(), now).await?;
        show::show(&mut self.memory, &step).await
    }

    /// Waits until people have changed something, and a moment for more of it.
    pub(crate) async fn changed(&mut self) {
        self.changes.burst().await;
    }

    /// Shows what they have changed, if that can be.
    pub(crate) async fn show_change(&mut self) {
        if let Err(error) = self.show_again().await {
            tracing::warn!(error = %error, "a change could not be shown at once: the next tick shows it");
        }
    }

    /// Reads what a tick needs, looks and asks; and reads again what people may have changed while something was waited for.
    async fn find(&mut self, tick: Tick, started: Timestamp) -> Result<(World, Looks, Answers)> {
        let loading = World::load(self.store.as_ref(), &self.settings, &mut self.calendar, started);
        let mut world = traced("load", loading).await?;
        let began = Instant::now();
        let (looks, mut answers) = self.look_and_ask(&world, tick, started).await;
        // What is changed within a shorter time is gathered still, and shown as soon as the tick has ended.
        if began.elapsed() >= BURST {
            let refreshing = world.refresh(self.store.as_ref(), self.settings.interval, &mut self.calendar);
            for changed in traced("load again", refreshing).await? {
                answers.remove(&changed);
            }
        }
        Ok((world, looks, answers))
    }

    /// What does not answer is waited for, for most of a tick at worst. What people change meanwhile is shown meanwhile.
    async fn look_and_ask(&mut self, world: &World, tick: Tick, started: Timestamp) -> (Looks, Answers) {
        let resumed_at = *self.resumed_at.get_or_insert(started);
        let (prober, asker, stopping) = (Arc::clone(&self.prober), Arc::clone(&self.asker), self.stopping.clone());
        let over = CancellationToken::new();
        let looking = async {
            let found = tokio::join!(
                span("probe", prober.look_at_all(world, resumed_at, &stopping)),
                span("query Prometheus", asker.ask_all(world, tick, &stopping))
            );
            over.cancel();
            found
        };
        let showing = async {
            while over.run_until_cancelled(self.changed()).await.is_some() {
                self.show_change().await;
            }
        };
        tokio::join!(looking, showing).0
    }

    async fn run_through(&mut self, tick: Tick) -> Result<TickReport> {
        // What is found is true of this tick, even where its end has come before it began to be run.
        let last_of_tick = Timestamp::from_millis(tick.end(self.settings.interval).millis() - 1);
        let started = self.clock.now().min(last_of_tick).max(tick.start());
        let (world, looks, answers) = self.find(tick, started).await?;
        let report = TickReport::begin(tick, started, &world);
        let mut step = Step { store: self.store.as_ref(), settings: &self.settings, tick, world, report };
        step.report.note_looks(&looks);
        self.figures.looked(&looks, &step);
        traced("record samples", record::record(&mut step, &looks)).await?;
        traced("record answers", ask::record(&step, &answers)).await?;
        traced("fold", self.memory.fold(&step)).await?;
        traced("advance windows", self.memory.advance(&step)).await?;
        traced("evaluate SLOs", evaluate::evaluate(&mut self.memory, &step, &answers)).await?;
        traced("follow burn-downs", burndowns::follow(&mut self.memory, &step)).await?;
        traced("decide incidents", incidents::decide(&self.memory, &mut step, &looks, self.clock.now())).await?;
        let telling = (&self.alerting, self.clock.now());
        traced("fire alerts", alerts::tell(&self.memory, &mut step, &looks, telling)).await?;
        let announcing = announce::announce(&mut step, self.wake_notices.as_ref(), self.clock.now());
        traced("announce", announcing).await?;
        traced("show", show::show(&mut self.memory, &step)).await?;
        self.last = Some((tick, started));
        step.report.end(self.clock.now());
        self.figures.ended(&step, &self.memory);
        Ok(step.report)
    }

    /// Tells the other instances that this one is gone.
    pub async fn leave(&self) {
        if let Err(error) = self.store.release_lease(&self.settings.holder).await {
            tracing::warn!(error = %error, "could not give up the lease: it ends by itself");
        }
    }
}
