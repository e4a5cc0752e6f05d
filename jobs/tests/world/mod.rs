//! A small world for ticks: a real embedded store in a folder of its own, a clock that stands still until it is told, and
//! a ticker that is driven, never waited for.

#![expect(dead_code, reason = "each suite uses its own part of the world")]

mod subscribers;
pub(crate) mod target;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use plimsoll_domain::component::Component;
use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::{ComponentId, HourKey, TenantId};
use plimsoll_domain::incident::Incident;
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::probe::ProbeSpec;
use plimsoll_domain::sample::{HourSamples, Sample, SampleStatus};
use plimsoll_domain::slo::Measurement;
use plimsoll_domain::tenant::{ApiKey, Role, Tenant};
use plimsoll_domain::time::{Clock, Interval, Span, Tick, Timestamp};
use plimsoll_jobs::{JobsSettings, JobsState, TickReport, Ticker};
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::instruments::TenantGauges;
use plimsoll_store::faulty::Faulty;
use plimsoll_store::{Components, Incidents, Measurements, PublicReads, Samples, SeriesRecord, Store, Tenants};
use tokio_util::sync::CancellationToken;

/// Noon of an ordinary day.
const NOON: &str = "2026-11-01T12:00:00Z";

pub(crate) struct SetClock(AtomicI64);

impl SetClock {
    pub(crate) fn set(&self, at: Timestamp) {
        self.0.store(at.millis(), Ordering::Release);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Acquire))
    }
}

struct Counting;

impl Entropy for Counting {
    fn bytes(&self) -> [u8; 32] {
        [5; 32]
    }
}

pub(crate) struct World {
    pub(crate) store: Arc<Faulty>,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) interval: Interval,
    pub(crate) tick: Tick,
    pub(crate) tenant: TenantId,
    /// Hears of changes.
    pub(crate) state: JobsState,
    ticker: Ticker,
    settings: JobsSettings,
    _folder: tempfile::TempDir,
}

impl World {
    /// A tenant `acme` without components, at noon, in ticks of a minute.
    pub(crate) async fn new() -> Self {
        Self::with(Interval::MINUTE, Vec::new()).await
    }

    /// The same, in other ticks, and with addresses that tell whether we are cut off.
    pub(crate) async fn with(interval: Interval, references: Vec<String>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(Faulty::embedded(folder.path()).await.expect("opens"));
        let noon: Timestamp = NOON.parse().expect("an instant");
        let clock = Arc::new(SetClock(AtomicI64::new(noon.millis())));
        let tenant: TenantId = "acme".parse().expect("slug");
        let (key, _) = ApiKey::generate("admin", Role::Admin, noon, &Counting).expect("valid");
        let acme = Tenant::new(tenant.clone(), "Acme", key, noon).expect("valid");
        store.create_tenant(&acme).await.expect("stored");
        let tick = Tick::containing(noon, interval);
        let settings = settings(interval, references);
        let state = JobsState::default();
        let ticker = ticker(&store, &clock, &settings).hearing(&state);
        Self { store, clock, interval, tick, tenant, state, ticker, settings, _folder: folder }
    }

    /// Adds a component that was created at noon.
    pub(crate) async fn add(&self, id: &str, probe: ProbeSpec) -> ComponentId {
        self.add_at(id, probe, NOON.parse().expect("an instant")).await
    }

    /// Adds a component that was created then.
    pub(crate) async fn add_at(&self, id: &str, probe: ProbeSpec, created_at: Timestamp) -> ComponentId {
        let component = Component {
            tenant: self.tenant.clone(),
            id: id.parse().expect("slug"),
            name: id.to_uppercase(),
            group: None,
            description: None,
            probe,
            created_at,
            probe_since: None,
        };
        self.store.create_component(&component).await.expect("stored");
        component.id
    }

    /// Pushes a sample for the tick that is over next, as the API does.
    pub(crate) async fn push(&self, component: &ComponentId, status: SampleStatus) {
        self.push_at(component, self.tick, status).await;
    }

    /// Pushes a sample for `tick`.
    pub(crate) async fn push_at(&self, component: &ComponentId, tick: Tick, status: SampleStatus) {
        let sample = Sample { tick, status, latency_ms: Some(20), maintenance: false };
        let record = SeriesRecord::of_component(&self.tenant, component, vec![sample]);
        self.store.record_samples(&[record]).await.expect("recorded");
    }

    /// The present instant.
    pub(crate) fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Goes on to the next tick and runs it.
    pub(crate) async fn tick(&mut self) -> plimsoll_store::Result<TickReport> {
        self.skip(1);
        self.run_again().await
    }

    /// Lets `ticks` pass in which nobody runs anything.
    pub(crate) fn skip(&mut self, ticks: i64) {
        self.tick = Tick::from_seconds(self.tick.seconds() + ticks * self.interval.seconds());
        self.clock.set(self.tick.start());
    }

    /// Runs the present tick, whether or not it ran before.
    pub(crate) async fn run_again(&mut self) -> plimsoll_store::Result<TickReport> {
        self.ticker.run(self.tick).await
    }

    /// Shows what was changed since the last tick.
    pub(crate) async fn show_again(&mut self) {
        self.ticker.show_again().await.expect("shows");
    }

    /// What a new process finds: the store, and nothing else.
    pub(crate) fn restart(&mut self) {
        self.lend_ticker();
    }

    /// The ticker, for a tick beside which something else is done; a new process takes its place.
    pub(crate) fn lend_ticker(&mut self) -> Ticker {
        let new = ticker(&self.store, &self.clock, &self.settings).hearing(&self.state);
        std::mem::replace(&mut self.ticker, new)
    }

    /// Another process on the same store.
    pub(crate) fn second(&self) -> Ticker {
        ticker(&self.store, &self.clock, &JobsSettings { holder: "there".to_owned(), ..self.settings.clone() })
    }

    pub(crate) async fn samples(&self, component: &ComponentId) -> Vec<Sample> {
        let (first, last) = (NOON.parse::<Timestamp>().expect("an instant").hour(), self.tick.hour());
        let keys: Vec<HourKey> = (first.number()..=last.number())
            .map(|hour| HourKey {
                tenant: self.tenant.clone(),
                series: component.into(),
                hour: plimsoll_domain::time::Hour::from_number(hour),
            })
            .collect();
        let hours = self.store.sample_hours(&keys).await.expect("read");
        keys.iter().filter_map(|key| hours.get(key)).flat_map(HourSamples::iter).copied().collect()
    }

    pub(crate) async fn measured(&self) -> Measurement {
        let slo = "availability".parse().expect("a name");
        let ever = Timestamp::from_seconds(1 << 33);
        let mut latest = self.store.latest_measurements(&self.tenant, &[slo], ever).await.expect("read");
        latest.pop().expect("measured")
    }

    pub(crate) async fn incidents(&self) -> Vec<Incident> {
        self.store.incidents(&self.tenant, None, 100).await.expect("read")
    }

    pub(crate) fn gauges(&self) -> String {
        let mut text = String::new();
        self.settings.gauges.render_onto(&mut text);
        text
    }

    pub(crate) async fn page(&self) -> StatusSnapshot {
        self.store.snapshot(&self.tenant).await.expect("read").expect("shown")
    }
}

fn settings(interval: Interval, reference_addresses: Vec<String>) -> JobsSettings {
    let egress = Egress::new(&["127.0.0.0/8".parse().expect("a network")]);
    JobsSettings {
        interval,
        settle: Span::minutes(5),
        holder: "here".to_owned(),
        own_egress: egress.clone(),
        egress,
        own_tenant: TenantId::plimsoll(),
        reference_addresses,
        gauges: TenantGauges::default(),
    }
}

fn ticker(store: &Arc<Faulty>, clock: &Arc<SetClock>, settings: &JobsSettings) -> Ticker {
    let store: Arc<dyn Store> = Arc::clone(store) as Arc<dyn Store>;
    Ticker::new(store, Arc::clone(clock) as Arc<dyn Clock>, settings.clone(), CancellationToken::new())
}
