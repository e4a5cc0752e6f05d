//! Clears away what has outlived its retention, for stores that do not do so by themselves.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use plimsoll_domain::time::Clock;
use plimsoll_runtime::instruments::{Job, JobRuns};
use plimsoll_store::Store;

const EVERY: Duration = Duration::from_hours(1);

/// Clears once an hour until stopped.
pub(crate) async fn clear_until_stopped(store: &dyn Store, clock: &dyn Clock, stopping: &CancellationToken) {
    let runs = JobRuns::of(Job::Retention);
    loop {
        match runs.note(store.expire_across_tenants(clock.now()).await, clock.now()) {
            Ok(0) => {}
            Ok(documents) => tracing::info!(documents, "cleared what has outlived its retention"),
            Err(error) => {
                tracing::warn!(error = %error, "could not clear what has outlived its retention: trying again");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stopping.cancelled() => return,
        }
    }
}
