//! What people change: said to the jobs by whoever stored it, and shown without waiting for the next tick.
//!
//! On the embedded store, both are one process. Otherwise the process that hears of a change need not be the one that runs
//! the tenant's jobs, nor run any: it counts the change in the store, where all that run jobs look several times a second.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_store::Store;

use crate::JobsState;

/// How long changes are gathered before they are shown.
pub(crate) const BURST: Duration = Duration::from_millis(200);
/// How often it is looked whether another process has changed something.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// Hears of changes, which come in bursts.
#[derive(Debug)]
pub(crate) struct Changes {
    count: watch::Receiver<u64>,
    heard: u64,
}

impl Changes {
    pub(crate) fn of(count: &watch::Sender<u64>) -> Self {
        Self { count: count.subscribe(), heard: *count.borrow() }
    }

    /// Waits for a change, and then a moment for more. Whoever stops waiting has heard of none.
    pub(crate) async fn burst(&mut self) {
        let heard = self.heard;
        if self.count.wait_for(|count| *count != heard).await.is_err() {
            // Nobody is left who could change anything.
            return std::future::pending().await;
        }
        tokio::time::sleep(BURST).await;
        self.heard = *self.count.borrow();
    }
}

/// What tells the jobs of changes, wherever they run: here as `jobs`, or in another process on `store`.
pub fn waker(store: &Arc<dyn Store>, jobs: Option<JobsState>, life: &Lifecycle) -> Arc<dyn Fn() + Send + Sync> {
    if store.kind() == "embedded" {
        return Arc::new(move || jobs.iter().for_each(JobsState::wake));
    }
    let changed = Arc::<Notify>::default();
    life.spawn::<String>("changes told", {
        let (store, changed, stopping) = (Arc::clone(store), Arc::clone(&changed), life.stopping().clone());
        async move {
            tell_until_stopped(store.as_ref(), &changed, &stopping).await;
            Ok(())
        }
    });
    Arc::new(move || changed.notify_one())
}

async fn tell_until_stopped(store: &dyn Store, changed: &Notify, stopping: &CancellationToken) {
    loop {
        tokio::select! {
            // What was changed before the end is told before the end.
            biased;
            () = changed.notified() => {
                if let Err(error) = store.note_change().await {
                    tracing::warn!(error = %error, "a change could not be told to other processes: the next tick shows it");
                }
            }
            () = stopping.cancelled() => break,
        }
    }
}

/// Wakes `jobs` within `life` when any process on `store` has changed something. On the embedded store there is no other.
pub(crate) fn listen(store: &Arc<dyn Store>, jobs: &JobsState, life: &Lifecycle) {
    if store.kind() == "embedded" {
        return;
    }
    let (store, jobs, stopping) = (Arc::clone(store), jobs.clone(), life.stopping().clone());
    life.spawn::<String>("changes of others", async move {
        listen_until_stopped(store.as_ref(), &jobs, &stopping).await;
        Ok(())
    });
}

async fn listen_until_stopped(store: &dyn Store, jobs: &JobsState, stopping: &CancellationToken) {
    let (mut known, mut is_failing) = (None, false);
    while !stopping.is_cancelled() {
        match store.changes().await {
            Ok(count) => {
                if known.replace(count).is_some_and(|known| known != count) {
                    jobs.wake();
                }
                is_failing = false;
            }
            Err(error) => {
                if !std::mem::replace(&mut is_failing, true) {
                    tracing::warn!(error = %error, "changes of other processes cannot be read: ticks show them meanwhile");
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(BETWEEN_LOOKS) => {}
            () = stopping.cancelled() => {}
        }
    }
}
