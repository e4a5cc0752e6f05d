//! What an operator sees of the store: how long each operation takes, and which fail. Measured once, here, around every
//! operation of either adapter; the labels are the names of the methods and of the adapters, so they are a closed set.

mod collections;

use std::pin::pin;
use std::time::Instant;

use plimsoll_traces::{self as traces, KeyValue, SpanKind, SpanRef};

use crate::{Result, StoreError};

/// Carries out `work`: as a span of the current trace, with its duration in a histogram and a failure of the store in a
/// counter.
pub(crate) async fn observed<T>(
    store: &'static str,
    operation: &'static str,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let collection = collections::collection_of(operation);
    let started = Instant::now();
    let describe = || {
        let attributes = vec![
            KeyValue::new("db.system.name", store),
            KeyValue::new("db.operation.name", operation),
            KeyValue::new("db.collection.name", collection),
        ];
        (format!("{operation} {collection}").into(), attributes)
    };
    let conclude = |result: &Result<T>, span: &SpanRef<'_>| {
        if let Some(failure) = failure(result) {
            traces::fail(span, failure.to_string());
        }
    };
    // By reference: by value, it would lie in the futures of all through whom it passes.
    let work = pin!(work);
    let result = traces::child(SpanKind::Client, describe, work, conclude).await;
    let labels = [("operation", operation), ("collection", collection), ("store", store)];
    metrics::histogram!("plimsoll_store_operation_duration_seconds", &labels).record(started.elapsed());
    if failure(&result).is_some() {
        metrics::counter!("plimsoll_store_errors_total", "operation" => operation, "store" => store).increment(1);
    }
    result
}

/// How the store failed; a precondition that does not hold is an answer.
fn failure<T>(result: &Result<T>) -> Option<&StoreError> {
    use StoreError::{DiskFull, Unavailable, Unreadable, Unusable};
    let is_failure =
        |error: &&StoreError| matches!(error, DiskFull | Unavailable { .. } | Unreadable { .. } | Unusable { .. });
    result.as_ref().err().filter(is_failure)
}
