//! What no snapshot holds: months gone by, older incidents, all maintenance, logos. Read from the store when somebody asks,
//! held for 15 s, and held on while the store is silent.
//!
//! What is held is bounded by its bytes, and so is what is asked of the store: once at a time for the same thing, and not
//! again within a second of a failure.

use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use plimsoll_domain::ids::{IncidentId, TenantId};
use plimsoll_domain::incident::Incident;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::report::Month;
use plimsoll_domain::time::Timestamp;
use plimsoll_words::Locale;
use tokio::sync::{Mutex, Semaphore};

use crate::respond::Rendered;
use crate::scene::Place;
use crate::shelf::Shelf;

const DEADLINE: Duration = Duration::from_secs(2);
const HOLDS_MILLIS: i64 = 15_000;
const RESTS_MILLIS: i64 = 1_000;
/// Reads of the store at once, for everybody.
const MAX_READS: usize = 8;
const MEBIBYTE: usize = 1_024 * 1_024;
/// What a key and its place weigh, at a guess.
const EMPTY: usize = 512;

/// Everything that is held of the past.
pub(crate) struct Past {
    /// Incidents by the month they began in; `None`: the newest.
    pub(crate) months: Remembered<(TenantId, Option<Month>), Vec<Incident>>,
    /// Whether there is anything before a month.
    pub(crate) older: Remembered<(TenantId, Month), bool>,
    /// Single incidents.
    pub(crate) incidents: Remembered<(TenantId, IncidentId), Option<Incident>>,
    /// All maintenance.
    pub(crate) maintenances: Remembered<TenantId, Vec<Maintenance>>,
    /// Logos by their fingerprint, ready to be sent.
    pub(crate) logos: Remembered<(TenantId, String), Option<Rendered>>,
    /// Pages that were made of it, each with what it was made of.
    pages: Shelf<PageKey, (Stamp, Arc<Rendered>)>,
    reads: Semaphore,
}

/// Which page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PageKey {
    /// Where it stands.
    pub(crate) place: Place,
    /// In which language.
    pub(crate) locale: Locale,
    /// What it is, below that place.
    pub(crate) part: String,
}

/// When what a page shows was known: of the snapshot, and of what was read.
pub(crate) type Stamp = (Timestamp, Option<Timestamp>);

/// What was read, and when.
#[derive(Debug)]
pub(crate) struct Read<V> {
    /// When.
    pub(crate) at: Timestamp,
    /// What.
    pub(crate) value: V,
}

/// Things of one kind that were read.
pub(crate) struct Remembered<K, V> {
    shelf: Shelf<K, Arc<Slot<V>>>,
    weigh: fn(&V) -> usize,
    holds_millis: fn(&V) -> i64,
}

struct Slot<V> {
    turn: Mutex<()>,
    asked_at: AtomicI64,
    read: ArcSwapOption<Read<V>>,
}

impl Past {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        let of_one = |incident: &Option<Incident>| incident.as_ref().map_or(0, weight);
        // A logo never changes under its name; that there is none may.
        let of_logo = |logo: &Option<Rendered>| if logo.is_some() { i64::MAX } else { HOLDS_MILLIS };
        Self {
            months: Remembered::new(32 * MEBIBYTE, |all| all.iter().map(weight).sum(), |_| HOLDS_MILLIS),
            older: Remembered::new(MEBIBYTE, |_| 0, |_| HOLDS_MILLIS),
            incidents: Remembered::new(8 * MEBIBYTE, of_one, |_| HOLDS_MILLIS),
            maintenances: Remembered::new(16 * MEBIBYTE, |all| all.len() * 4_096, |_| HOLDS_MILLIS),
            logos: Remembered::new(32 * MEBIBYTE, |logo| logo.as_ref().map_or(0, Rendered::weight), of_logo),
            pages: Shelf::new(32 * MEBIBYTE),
            reads: Semaphore::new(MAX_READS),
        }
    }

    /// What `of` holds of `key`, read anew when that is due; what was held before, when nothing can be read; `None` when
    /// nothing was either.
    pub(crate) async fn read<K: Hash + Eq + Clone, V>(
        &self,
        of: &Remembered<K, V>,
        key: K,
        now: impl Fn() -> Timestamp,
        read: impl Future<Output = plimsoll_store::Result<V>>,
    ) -> Option<Arc<Read<V>>> {
        let slot = of.slot(&key);
        if let Some(held) = slot.read.load_full().filter(|held| of.is_good(held, now())) {
            return Some(held);
        }
        let _turn = slot.turn.lock().await;
        let held = slot.read.load_full();
        let has_rested = (now().millis() - slot.asked_at.load(Ordering::Relaxed)).abs() >= RESTS_MILLIS;
        if held.as_ref().is_some_and(|held| of.is_good(held, now())) || !has_rested {
            return held;
        }
        let reading = async {
            let _seat = self.reads.acquire().await;
            read.await
        };
        let answer = tokio::time::timeout(DEADLINE, reading).await;
        slot.asked_at.store(now().millis(), Ordering::Relaxed);
        let Ok(Ok(value)) = answer else { return held };
        let weight = EMPTY + (of.weigh)(&value);
        let read = Arc::new(Read { at: now(), value });
        slot.read.store(Some(Arc::clone(&read)));
        of.shelf.put(key, Arc::clone(&slot), weight);
        Some(read)
    }

    /// The page of this key, made anew when what it shows is another.
    pub(crate) fn page(&self, key: PageKey, stamp: Stamp, make: impl FnOnce() -> Rendered) -> Arc<Rendered> {
        if let Some((_, page)) = self.pages.get(&key).filter(|(held, _)| *held == stamp) {
            return page;
        }
        let page = Arc::new(make());
        self.pages.put(key, (stamp, Arc::clone(&page)), EMPTY + page.weight());
        page
    }
}

impl<K: Hash + Eq + Clone, V> Remembered<K, V> {
    fn new(most: usize, weigh: fn(&V) -> usize, holds_millis: fn(&V) -> i64) -> Self {
        Self { shelf: Shelf::new(most), weigh, holds_millis }
    }

    fn slot(&self, key: &K) -> Arc<Slot<V>> {
        self.shelf.get(key).unwrap_or_else(|| {
            let asked_at = AtomicI64::new(i64::MIN / 2);
            let slot = Arc::new(Slot { turn: Mutex::default(), asked_at, read: ArcSwapOption::empty() });
            self.shelf.put(key.clone(), Arc::clone(&slot), EMPTY);
            slot
        })
    }

    fn is_good(&self, held: &Read<V>, now: Timestamp) -> bool {
        now.millis_since(held.at).abs() < (self.holds_millis)(&held.value)
    }
}

fn weight(incident: &Incident) -> usize {
    let updates = incident.updates.iter().map(|update| 256 + update.body.len() + 64 * update.components.len());
    512 + incident.title.len() + updates.sum::<usize>()
}
