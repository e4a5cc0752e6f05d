//! Envelopes that were put aside while Sentry was away are passed on, in the order they came, once it is back.
//!
//! Each app has a lane of its own, and the lanes go side by side: one that gets no answer, or a slow one, holds up nobody.
//! An envelope is removed after Sentry has taken it, several in one write; a process that is killed in between sends those
//! again, and Sentry knows an event by its id.

mod lane;
mod send;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use metrics::{Gauge, gauge};
use tokio_util::sync::CancellationToken;

use plimsoll_domain::frontend::SpoolUsage;
use plimsoll_domain::ids::{AppId, TenantId};
use plimsoll_domain::time::{Clock, Span, Timestamp};
use plimsoll_runtime::instruments::{Job, JobRuns};
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_runtime::upstream::Upstream;
use plimsoll_store::tally::Tally;
use plimsoll_store::{Result, Store};

use self::lane::Lane;
use crate::share;

/// How often it is looked at what waits, while there is nothing to do.
const EVERY: Duration = Duration::from_secs(1);
/// Lanes that send at once, and those of one tenant among them.
const AT_ONCE: usize = 32;
const OF_ONE_TENANT: usize = 4;

/// What relaying stands on.
pub struct RelayParts {
    /// Where envelopes wait.
    pub store: Arc<dyn Store>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// By which they are passed on.
    pub upstream: Upstream,
    /// Where what became of them is counted.
    pub tally: Arc<Tally>,
    /// Names this process among those that share the work, and for how long it says that it is there.
    pub holder: (String, Span),
}

/// Relays what waits, until `life` is asked to stop.
pub fn run(parts: RelayParts, life: &Lifecycle) {
    let stopping = life.stopping().clone();
    life.spawn::<Infallible>("spool relay", async move {
        let (clock, runs) = (Arc::clone(&parts.clock), JobRuns::of(Job::Relay));
        let mut relay = Relay::new(parts, stopping.clone());
        while !stopping.is_cancelled() {
            let is_busy = runs.note(relay.turn().await, clock.now()).unwrap_or_else(|error| {
                tracing::warn!(%error, "envelopes that wait could not be read: trying again");
                false
            });
            if !is_busy {
                tokio::select! {
                    () = tokio::time::sleep(EVERY) => {}
                    () = stopping.cancelled() => {}
                }
            }
        }
        relay.finish().await;
        Ok(())
    });
}

type Whose = (TenantId, AppId);

/// Relays what waits.
pub struct Relay {
    parts: Arc<RelayParts>,
    /// Those that are not sending.
    lanes: HashMap<Whose, Lane>,
    sending: FuturesUnordered<BoxFuture<'static, (Whose, Lane)>>,
    /// How many of each tenant are sending.
    of_tenants: HashMap<TenantId, usize>,
    stopping: CancellationToken,
    envelopes: Gauge,
    bytes: Gauge,
    oldest: Gauge,
}

impl Relay {
    /// Nothing is relayed before the first [`turn`](Self::turn).
    pub fn new(parts: RelayParts, stopping: CancellationToken) -> Self {
        Self {
            parts: Arc::new(parts),
            lanes: HashMap::new(),
            sending: FuturesUnordered::new(),
            of_tenants: HashMap::new(),
            stopping,
            envelopes: gauge!("plimsoll_spool_envelopes"),
            bytes: gauge!("plimsoll_spool_bytes"),
            oldest: gauge!("plimsoll_spool_oldest_seconds"),
        }
    }

    /// Begins a portion of each lane that is neither resting nor sending, and waits a second at most for those that send.
    /// Whether any got on.
    pub async fn turn(&mut self) -> Result<bool> {
        let usage = self.parts.store.spool_usage_across_tenants().await?;
        let now = self.parts.clock.now();
        self.show(&usage, now);
        self.lanes.retain(|whose, lane| lane.is_sending() || usage.contains_key(whose));
        if !usage.is_empty() {
            self.begin(usage, now).await?;
        }
        let mut got_on = false;
        let until = tokio::time::Instant::now() + EVERY;
        while let Ok(Some((whose, lane))) = tokio::time::timeout_at(until, self.sending.next()).await {
            got_on |= lane.got_on();
            self.put_back(whose, lane);
        }
        Ok(got_on)
    }

    /// Waits for those that send, which stop where they are.
    async fn finish(&mut self) {
        while self.sending.next().await.is_some() {}
    }

    async fn begin(&mut self, usage: HashMap<Whose, SpoolUsage>, now: Timestamp) -> Result<()> {
        let (holder, lease) = &self.parts.holder;
        let alive = self.parts.store.renew_lease(holder, now.plus(*lease), now).await?;
        let mut ready: Vec<Whose> = usage
            .into_keys()
            .filter(|(tenant, _)| share::owns(holder, &alive, tenant))
            .filter(|whose| self.lanes.get(whose).is_none_or(|lane| lane.is_ready(now)))
            .collect();
        // Whoever waited longest for its turn goes first.
        ready.sort_by_key(|whose| self.lanes.get(whose).and_then(Lane::last_turn));
        for whose in ready {
            let of_tenant = self.of_tenants.entry(whose.0.clone()).or_default();
            if self.sending.len() >= AT_ONCE || *of_tenant >= OF_ONE_TENANT {
                continue;
            }
            *of_tenant += 1;
            // One that is sending is not among the lanes, and must not be begun twice.
            let mut lane = self.lanes.insert(whose.clone(), Lane::sending()).unwrap_or_default();
            let (parts, stopping) = (Arc::clone(&self.parts), self.stopping.clone());
            self.sending.push(Box::pin(async move {
                lane.turn(&parts, &whose, &stopping).await;
                (whose, lane)
            }));
        }
        Ok(())
    }

    fn put_back(&mut self, whose: Whose, lane: Lane) {
        if let Some(of_tenant) = self.of_tenants.get_mut(&whose.0) {
            *of_tenant -= 1;
            if *of_tenant == 0 {
                self.of_tenants.remove(&whose.0);
            }
        }
        self.lanes.insert(whose, lane);
    }

    fn show(&self, usage: &HashMap<Whose, SpoolUsage>, now: Timestamp) {
        let oldest = usage.values().filter_map(|used| used.oldest).min();
        self.envelopes.set(usage.values().map(|used| used.envelopes).sum::<u64>() as f64);
        self.bytes.set(usage.values().map(|used| used.bytes).sum::<u64>() as f64);
        self.oldest.set(oldest.map_or(0.0, |oldest| now.millis_since(oldest).max(0) as f64 / 1e3));
    }
}
