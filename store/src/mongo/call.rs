//! One call of the driver: its deadline, and what its errors mean here.
//!
//! The deadline stands around each round trip and not around a whole method: a large batch may take its time as long as
//! the server keeps answering, and a server that hangs is known after five seconds either way.

use std::future::IntoFuture;
use std::time::Duration;

use mongodb::error::{Error, ErrorKind, WriteFailure};

use crate::observed::observed;
use crate::{Result, StoreError};

/// What kind of store this is, in metrics too.
pub(super) const KIND: &str = "mongodb";
/// Longest time for one round trip, server selection (3 s) and one retry by the driver among it.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);

const DUPLICATE_KEY: i32 = 11_000;
const OUT_OF_DISK_SPACE: i32 = 14_031;

/// Runs one operation of the store, and measures it.
pub(super) async fn run<T>(operation: &'static str, work: impl Future<Output = Result<T>>) -> Result<T> {
    observed(KIND, operation, work).await
}

/// Runs one call of the driver within [`DEADLINE`].
pub(super) async fn within<T>(call: impl IntoFuture<Output = mongodb::error::Result<T>>) -> Result<T> {
    tokio::time::timeout(DEADLINE, call.into_future())
        .await
        .map_err(|_| timed_out(DEADLINE))?
        .map_err(|error| meaning(&error))
}

/// As [`within`], for a call that may find its key taken: then `None`.
pub(super) async fn unless_taken<T>(call: impl IntoFuture<Output = mongodb::error::Result<T>>) -> Result<Option<T>> {
    match tokio::time::timeout(DEADLINE, call.into_future()).await.map_err(|_| timed_out(DEADLINE))? {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if code(&error) == Some(DUPLICATE_KEY) => Ok(None),
        Err(error) => Err(meaning(&error)),
    }
}

/// What a server's error code for one write of a batch means; `None` for a key that is taken.
pub(super) fn meaning_of_code(code: i32, message: &str) -> Option<StoreError> {
    match code {
        DUPLICATE_KEY => None,
        OUT_OF_DISK_SPACE => Some(StoreError::DiskFull),
        _ => Some(StoreError::Unavailable { reason: format!("a write failed: {message}") }),
    }
}

/// The answer when others changed the same documents again and again.
pub(super) fn contended(what: &str) -> StoreError {
    StoreError::Unavailable { reason: format!("{what} were changed by others each time; try again") }
}

/// A driver's error in the store's terms. The driver names servers and never credentials.
pub(super) fn meaning(error: &Error) -> StoreError {
    match (code(error), error.kind.as_ref()) {
        (Some(OUT_OF_DISK_SPACE), _) => StoreError::DiskFull,
        (_, ErrorKind::Bson(error)) => StoreError::Unreadable { what: "document", reason: error.to_string() },
        (_, kind) => StoreError::Unavailable { reason: kind.to_string() },
    }
}

fn code(error: &Error) -> Option<i32> {
    match error.kind.as_ref() {
        ErrorKind::Command(error) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => Some(error.code),
        _ => None,
    }
}

/// The answer when nobody answered.
pub(super) fn timed_out(after: Duration) -> StoreError {
    StoreError::Unavailable { reason: format!("no answer within {} s", after.as_secs()) }
}
