//! Counts what passes of frontend apps, in memory, and stores the sums every few seconds.
//!
//! A write for each envelope would cost more than passing it on. What a killed process counted in its last seconds is
//! not in the sums; the envelopes themselves went where they should. Sums are stored under a name of this process'
//! own, so storing them again changes nothing; sessions become events of the SLOs of their kind, each portion under one
//! instant until it is stored.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_domain::frontend::{AppCounts, Counted, Counts, SessionCounts, SessionDebt};
use plimsoll_domain::ids::{AppId, TenantId};
use plimsoll_domain::sample::Events;
use plimsoll_domain::sketch::Sketch;
use plimsoll_domain::slo::SliKind;
use plimsoll_domain::time::{Day, Timestamp};

use crate::{Result, SeriesRecord, Store, StoreError};

/// Portions of sessions that are remembered while they cannot be stored.
const MOST_WAITING: usize = 10_000;

/// What this process counted.
pub struct Tally {
    store: Arc<dyn Store>,
    source: String,
    apps: Mutex<HashMap<(TenantId, AppId), Arc<AppTally>>>,
    sessions: tokio::sync::Mutex<Sessions>,
}

/// What this process counted of one app.
#[derive(Debug, Default)]
pub struct AppTally(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    /// The sums of each day, and those of them that are stored.
    days: BTreeMap<Day, (Counts, Counts)>,
    /// What was not yet made into events.
    sessions: SessionCounts,
}

#[derive(Debug, Default)]
struct Sessions {
    debts: HashMap<TenantId, SessionDebt>,
    waiting: VecDeque<(TenantId, Events)>,
    last: Option<Timestamp>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing is done while it is held that could leave it half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AppTally {
    /// Adds what was counted at `now`.
    pub fn add(&self, counts: &Counts, now: Timestamp) {
        let mut held = held(&self.0);
        held.sessions.add(counts.sessions());
        held.days.entry(now.day()).or_default().0.add(counts);
    }

    /// Counts one more at `now`.
    pub fn count(&self, what: Counted, now: Timestamp) {
        held(&self.0).days.entry(now.day()).or_default().0.count(what, 1);
    }

    /// What was counted on these days, as far as it is still held.
    fn counted(&self, days: Range<Day>) -> BTreeMap<Day, Counts> {
        held(&self.0).days.range(days).map(|(day, (counted, _))| (*day, *counted)).collect()
    }
}

impl Tally {
    /// Counts for `store` under the name `source`, which no other process has or will have.
    pub fn new(store: Arc<dyn Store>, source: String) -> Self {
        Self { store, source, apps: Mutex::default(), sessions: tokio::sync::Mutex::default() }
    }

    /// Where what passes of this app is counted.
    pub fn of(&self, tenant: &TenantId, app: &AppId) -> Arc<AppTally> {
        let mut apps = held(&self.apps);
        Arc::clone(apps.entry((tenant.clone(), app.clone())).or_default())
    }

    /// The counts of an app by day, those included that this process has not stored yet.
    pub async fn read(&self, tenant: &TenantId, app: &AppId, days: Range<Day>) -> Result<BTreeMap<Day, Counts>> {
        let mut sums: BTreeMap<Day, Counts> = BTreeMap::new();
        let stored = self.store.app_counts(tenant, app, days.clone()).await?;
        let ours = held(&self.apps).get(&(tenant.clone(), app.clone())).cloned();
        let ours = ours.map(|ours| ours.counted(days)).unwrap_or_default();
        // What this process knows of a day is newer than what it stored of it.
        for counts in stored.iter().filter(|counts| counts.source != self.source || !ours.contains_key(&counts.day)) {
            sums.entry(counts.day).or_default().add(&counts.counts);
        }
        for (day, counts) in ours {
            sums.entry(day).or_default().add(&counts);
        }
        Ok(sums)
    }

    /// Stores what was counted since the last time. After an error what was not stored is stored by the next call.
    pub async fn flush(&self, now: Timestamp) -> Result<()> {
        let apps: Vec<_> = held(&self.apps).iter().map(|(id, app)| (id.clone(), Arc::clone(app))).collect();
        let sessions = self.flush_sessions(&apps, now);
        let (counts, sessions) = futures_util::future::join(self.flush_counts(&apps, now), sessions).await;
        counts.and(sessions)
    }

    async fn flush_counts(&self, apps: &[((TenantId, AppId), Arc<AppTally>)], now: Timestamp) -> Result<()> {
        let mut changed = Vec::new();
        for ((tenant, app), tally) in apps {
            for (day, (counts, stored)) in &held(&tally.0).days {
                if counts != stored {
                    let (tenant, app, source) = (tenant.clone(), app.clone(), self.source.clone());
                    changed.push((tally, AppCounts { tenant, app, day: *day, source, counts: *counts }));
                }
            }
        }
        let all: Vec<AppCounts> = changed.iter().map(|(_, counts)| counts.clone()).collect();
        if !all.is_empty() {
            self.store.put_app_counts(&all).await?;
        }
        for (tally, AppCounts { day, counts, .. }) in changed {
            held(&tally.0).days.entry(day).or_default().1 = counts;
        }
        for (_, tally) in apps {
            // A day that is over is added to for a moment longer; what is added after it was forgotten would replace it.
            held(&tally.0).days.retain(|day, (counted, stored)| *day >= now.day().plus(-1) || counted != stored);
        }
        Ok(())
    }

    async fn flush_sessions(&self, apps: &[((TenantId, AppId), Arc<AppTally>)], now: Timestamp) -> Result<()> {
        let mut state = self.sessions.lock().await;
        let mut told: HashMap<&TenantId, SessionCounts> = HashMap::new();
        for ((tenant, _), tally) in apps {
            told.entry(tenant).or_default().add(std::mem::take(&mut held(&tally.0).sessions));
        }
        let at = self.own_instant(now).max(state.last.map_or(Timestamp::from_millis(0), Timestamp::next_milli));
        state.last = Some(at);
        for (tenant, told) in told {
            let (good, bad) = state.debts.entry(tenant.clone()).or_default().settle(told);
            if good + bad > 0 && state.waiting.len() < MOST_WAITING {
                let events = Events { at, good, bad, maintenance: false, latency: Sketch::default() };
                state.waiting.push_back((tenant.clone(), events));
            }
        }
        // One tenant's trouble is not the others'.
        let mut failed = Ok(());
        for _ in 0..state.waiting.len() {
            let Some((tenant, events)) = state.waiting.pop_front() else { break };
            match self.record(&tenant, &events).await {
                Ok(()) => {}
                Err(error @ (StoreError::Unreadable { .. } | StoreError::Unstorable { .. })) => {
                    tracing::warn!(tenant_id = %tenant, %error, "sessions of frontend apps cannot be recorded");
                }
                Err(error) => {
                    state.waiting.push_back((tenant, events));
                    failed = Err(error);
                    break;
                }
            }
        }
        failed
    }

    /// Records events for every SLO of the tenant that counts sessions.
    async fn record(&self, tenant: &TenantId, events: &Events) -> Result<()> {
        let Some(config) = self.store.slo_config(tenant).await? else { return Ok(()) };
        let slos: Vec<_> =
            config.objectives.iter().filter(|slo| matches!(slo.kind, SliKind::CrashFreeSessions)).collect();
        if slos.is_empty() {
            return Ok(());
        }
        let components = self.store.components(tenant).await?;
        let maintenances = self.store.maintenances(tenant).await?;
        let records: Vec<_> = slos
            .into_iter()
            .map(|slo| {
                let maintenance = slo.is_maintained(&components, &maintenances, events.at);
                SeriesRecord::of_slo(tenant, &slo.slo_type, vec![Events { maintenance, ..events.clone() }])
            })
            .collect();
        self.store.record_samples(&records).await.map(drop)
    }

    /// An instant in the second of `now` that other processes are unlikely to record at: the instant is the identity of
    /// what is recorded.
    fn own_instant(&self, now: Timestamp) -> Timestamp {
        let own = self.source.bytes().fold(7_i64, |sum, byte| (sum * 31 + i64::from(byte)) % 1_000);
        let millis = now.millis();
        Timestamp::from_millis(millis - millis.rem_euclid(1_000) - 1_000 + own)
    }
}
