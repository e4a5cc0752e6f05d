//! What an operator sees of the store: how long each operation takes, and which fail. Measured once, here, around every
//! operation of either adapter; the labels are the names of the methods and of the adapters, so they are a closed set.

use std::time::Instant;

use tracing::Instrument;

use crate::{Result, StoreError};

/// Carries out `work`, and records its duration in a histogram and a failure of the store in a counter.
pub(crate) async fn observed<T>(
    store: &'static str,
    operation: &'static str,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let started = Instant::now();
    let result = work.instrument(tracing::debug_span!("store", store, operation)).await;
    metrics::histogram!("plimsoll_store_operation_duration_seconds", "operation" => operation, "store" => store)
        .record(started.elapsed());
    if result.as_ref().is_err_and(is_failure) {
        metrics::counter!("plimsoll_store_errors_total", "operation" => operation, "store" => store).increment(1);
    }
    result
}

/// Whether the store failed; a precondition that does not hold is an answer.
fn is_failure(error: &StoreError) -> bool {
    use StoreError::{DiskFull, Unavailable, Unreadable, Unusable};
    matches!(error, DiskFull | Unavailable { .. } | Unreadable { .. } | Unusable { .. })
}
