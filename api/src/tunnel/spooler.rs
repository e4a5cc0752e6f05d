//! Puts envelopes aside while Sentry is away, as long as there is room.
//!
//! How much waits is read from the store at most once a second and added to by what is put aside here meanwhile, so the
//! bound is kept by each process; several may exceed it by what the others put aside in a second. Counters in the store
//! were rejected: they drift from what they count whenever a process is killed between the two.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use plimsoll_domain::frontend::SpooledEnvelope;
use plimsoll_domain::ids::{SpoolId, TenantId};
use plimsoll_domain::time::Timestamp;
use plimsoll_store::{Store, StoreError};

use super::live::LiveApp;

const READ_EVERY: Duration = Duration::from_secs(1);

/// Why an envelope was not put aside.
#[derive(Debug, thiserror::Error)]
pub(super) enum SpoolError {
    /// There is no room.
    #[error("no more envelopes can be put aside")]
    Full,
    /// The store took too long.
    #[error("the store did not answer in time")]
    Slow,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Puts envelopes aside.
pub(super) struct Spooler {
    store: Arc<dyn Store>,
    most: u64,
    most_of_tenant: u64,
    process: String,
    next: AtomicU64,
    usage: Mutex<Usage>,
}

#[derive(Default)]
struct Usage {
    read_at: Option<Instant>,
    /// Until when nobody asks a store that has just failed.
    rests_until: Option<Instant>,
    of_tenants: HashMap<TenantId, u64>,
}

impl Usage {
    async fn read(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let read = store.spool_usage_across_tenants().await;
        if read.is_err() {
            self.rests_until = Some(Instant::now() + READ_EVERY);
        }
        self.of_tenants.clear();
        for ((tenant, _), used) in read? {
            *self.of_tenants.entry(tenant).or_default() += used.bytes;
        }
        self.read_at = Some(Instant::now());
        Ok(())
    }
}

impl Spooler {
    pub(super) fn new(store: Arc<dyn Store>, most: u64, most_of_tenant: u64, process: String) -> Self {
        Self { store, most, most_of_tenant, process, next: AtomicU64::new(0), usage: Mutex::default() }
    }

    /// Puts an envelope aside; once this answers, it is stored.
    pub(super) async fn put(
        &self,
        live: &LiveApp,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
        received_at: Timestamp,
    ) -> Result<(), SpoolError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let envelope = SpooledEnvelope {
            id: SpoolId::of(received_at, &self.process, number),
            tenant: live.tenant.clone(),
            app: live.app.id.clone(),
            received_at,
            headers,
            body,
        };
        self.take_room(&envelope).await?;
        // After an error it may be stored or not: the room it takes is known at the next reading.
        Ok(self.store.spool_envelope(&envelope).await?)
    }

    async fn take_room(&self, envelope: &SpooledEnvelope) -> Result<(), SpoolError> {
        let mut usage = self.usage.lock().await;
        if usage.rests_until.is_some_and(|until| until > Instant::now()) {
            let reason = "it failed a moment ago".to_owned();
            return Err(StoreError::Unavailable { reason }.into());
        }
        if usage.read_at.is_none_or(|at| at.elapsed() >= READ_EVERY) {
            usage.read(self.store.as_ref()).await?;
        }
        let all: u64 = usage.of_tenants.values().sum();
        let tenant = usage.of_tenants.get(&envelope.tenant).copied().unwrap_or_default();
        let size = envelope.size();
        if all + size > self.most || tenant + size > self.most_of_tenant {
            return Err(SpoolError::Full);
        }
        usage.of_tenants.insert(envelope.tenant.clone(), tenant + size);
        Ok(())
    }
}
