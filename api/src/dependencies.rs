//! What the process stands on besides itself: asked for `/health/detailed`, and every few seconds for the metrics.
//!
//! `/health/detailed` needs no key. So that nobody makes us knock at the doors of others as often as they like, all who ask
//! within two seconds are told what came of one look. The store is asked each time, as it is for `/ready`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::future::join_all;
use metrics::{Gauge, gauge};
use tokio::sync::Mutex;

use plimsoll_domain::time::Clock;
use plimsoll_runtime::instruments::{Job, JobRuns};
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_store::Store;

/// How long one may take to answer.
const LIMIT: Duration = Duration::from_secs(1);
const BETWEEN_LOOKS: Duration = Duration::from_secs(15);
/// For how long whoever asks is told what was found last.
const FRESH: Duration = Duration::from_secs(2);

/// Something that the process stands on.
#[async_trait]
pub trait Dependency: Send + Sync {
    /// Its name, a label of metrics: one of a few.
    fn name(&self) -> &'static str;

    /// What kind of it is used. Everybody may see it.
    fn kind(&self) -> &'static str;

    /// Whether it answers. Need not end: it is given up after a second.
    async fn answers(&self) -> bool;
}

/// Everything that the process stands on; the store is the first. Clones are the same.
#[derive(Clone)]
pub struct Dependencies {
    all: Arc<[Arc<dyn Dependency>]>,
    /// What came of the last look at all but the store, and when that was. Held while one looks: others wait for it.
    last: Arc<Mutex<Option<Looked>>>,
}

/// When it was looked, and what came of it.
type Looked = (Instant, Vec<Found>);

/// What came of asking one of them.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) is_up: bool,
    /// How long it took to answer, or how long was waited.
    pub(crate) took: Duration,
}

impl Dependencies {
    /// The store, and these.
    pub fn new(store: &Arc<dyn Store>, others: impl IntoIterator<Item = Arc<dyn Dependency>>) -> Self {
        let store: Arc<dyn Dependency> = Arc::new(OfStore(Arc::clone(store)));
        Self { all: std::iter::once(store).chain(others).collect(), last: Arc::default() }
    }

    /// Keeps their metrics true within `life`.
    pub fn watch(&self, clock: &Arc<dyn Clock>, life: &Lifecycle) {
        let (watched, clock, stopping) = (self.clone(), Arc::clone(clock), life.stopping().clone());
        let shown: Vec<_> = watched.all.iter().map(|one| Shown::of(one.name())).collect();
        let runs = JobRuns::of(Job::Dependencies);
        life.spawn::<String>("dependencies", async move {
            loop {
                let found = tokio::select! {
                    found = watched.ask_all() => found,
                    () = stopping.cancelled() => return Ok(()),
                };
                found.iter().zip(&shown).for_each(|(found, shown)| shown.show(found));
                // Asking has not failed where one is down: that is what their own metrics tell.
                runs.went_well(clock.now());
                tokio::select! {
                    () = tokio::time::sleep(BETWEEN_LOOKS) => {}
                    () = stopping.cancelled() => return Ok(()),
                }
            }
        });
    }

    /// Asks all of them at once; those besides the store only if they were not asked within the last two seconds.
    pub(crate) async fn ask_all(&self) -> Vec<Found> {
        let (store, others) = tokio::join!(ask(self.all[0].as_ref()), self.ask_others());
        std::iter::once(store).chain(others).collect()
    }

    async fn ask_others(&self) -> Vec<Found> {
        let mut last = self.last.lock().await;
        if let Some((at, found)) = last.as_ref()
            && at.elapsed() < FRESH
        {
            return found.clone();
        }
        let found = join_all(self.all[1..].iter().map(|one| ask(one.as_ref()))).await;
        *last = Some((Instant::now(), found.clone()));
        found
    }

    /// Asks the store.
    pub(crate) async fn ask_store(&self) -> bool {
        ask(self.all[0].as_ref()).await.is_up
    }
}

async fn ask(one: &dyn Dependency) -> Found {
    let started = Instant::now();
    let is_up = tokio::time::timeout(LIMIT, one.answers()).await.unwrap_or(false);
    Found { name: one.name(), kind: one.kind(), is_up, took: started.elapsed() }
}

struct Shown {
    up: Gauge,
    latency: Gauge,
}

impl Shown {
    fn of(dependency: &'static str) -> Self {
        Self {
            up: gauge!("plimsoll_dependency_up", "dependency" => dependency),
            latency: gauge!("plimsoll_dependency_latency_seconds", "dependency" => dependency),
        }
    }

    fn show(&self, found: &Found) {
        self.up.set(f64::from(found.is_up));
        self.latency.set(found.took.as_secs_f64());
    }
}

struct OfStore(Arc<dyn Store>);

#[async_trait]
impl Dependency for OfStore {
    fn name(&self) -> &'static str {
        "store"
    }

    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    async fn answers(&self) -> bool {
        self.0.ping().await.is_ok()
    }
}
