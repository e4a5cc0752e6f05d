//! What passes envelopes of frontend apps on, put together: the way to Sentry, the counts, and what runs beside the API for
//! them.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_api::{ApiState, TunnelSettings};
use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::time::{Clock, Span};
use plimsoll_jobs::JobsSettings;
use plimsoll_jobs::relay::{self, RelayParts};
use plimsoll_runtime::config::Config;
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::instruments::{Job, JobRuns};
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_runtime::system_clock::SystemClock;
use plimsoll_runtime::upstream::Upstream;
use plimsoll_store::Store;
use plimsoll_store::tally::Tally;

/// How often apps are read anew: so late is a change that another process made known here.
const UPKEEP: Duration = Duration::from_secs(5);
/// How often what was counted is stored.
const FLUSH: Duration = Duration::from_secs(10);

/// What the API and the jobs share for frontend apps. Clones are the same.
#[derive(Clone)]
pub(crate) struct Frontends {
    pub(crate) tally: Arc<Tally>,
    pub(crate) upstream: Upstream,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Frontends {
    pub(crate) fn new(
        (store, clock, entropy): (&Arc<dyn Store>, &Arc<dyn Clock>, &dyn Entropy),
        egress: &Egress,
    ) -> Self {
        Self {
            tally: Arc::new(Tally::new(Arc::clone(store), process_name(entropy))),
            upstream: Upstream::new(egress),
            store: Arc::clone(store),
            clock: Arc::clone(clock),
        }
    }

    /// Keeps the tunnel true, from now on and until everything is asked to stop, and what was counted stored.
    pub(crate) async fn keep_up(&self, api: &ApiState, life: &Lifecycle) {
        // Whoever comes first is known already.
        api.upkeep().await;
        let (api, stopping) = (api.clone(), life.stopping().clone());
        life.spawn::<Infallible>("tunnel upkeep", async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(UPKEEP) => api.upkeep().await,
                    () = stopping.cancelled() => return Ok(()),
                }
            }
        });
        let runs = JobRuns::of(Job::Counts);
        let (tally, clock, stopping) = (Arc::clone(&self.tally), Arc::clone(&self.clock), life.stopping().clone());
        life.spawn::<Infallible>("counts", async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(FLUSH) => {}
                    () = stopping.cancelled() => return Ok(()),
                }
                if let Err(error) = runs.note(tally.flush(clock.now()).await, clock.now()) {
                    tracing::warn!(%error, "what was counted of frontend apps could not be stored: trying again");
                }
            }
        });
    }

    /// Relays envelopes that wait.
    pub(crate) fn relay(&self, settings: &JobsSettings, life: &Lifecycle) {
        let parts = RelayParts {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            upstream: self.upstream.clone(),
            tally: Arc::clone(&self.tally),
            // As long as the tick says that this process is there.
            holder: (settings.holder.clone(), Span::from_seconds(settings.interval.seconds() * 3 / 2)),
        };
        relay::run(parts, life);
    }

    /// Stores what was counted last. For when everything has stopped.
    pub(crate) async fn close(&self) {
        if let Err(error) = self.tally.flush(SystemClock.now()).await {
            tracing::warn!(%error, "what was counted of frontend apps in the last seconds is lost");
        }
    }
}

/// The bounds of the tunnel.
pub(crate) fn settings(config: &Config) -> TunnelSettings {
    let bounds = config.tunnel;
    TunnelSettings {
        public_url: config.public_url.clone(),
        max_bytes: bounds.max_bytes,
        max_decompressed_bytes: bounds.max_decompressed_bytes,
        spool_bytes: bounds.spool_bytes,
        spool_tenant_bytes: bounds.spool_tenant_bytes,
    }
}

/// A name that no other process has or will have.
pub(crate) fn process_name(entropy: &dyn Entropy) -> String {
    entropy.bytes().iter().take(8).fold(String::new(), |name, byte| format!("{name}{byte:02x}"))
}
