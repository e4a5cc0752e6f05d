//! How processes that share a store hear from each other that somebody changed what the public sees.

use async_trait::async_trait;

use crate::Result;

/// Changes, counted. Saves waiting; carries no correctness: the next tick shows whatever nobody heard of.
#[async_trait]
pub trait Changes: Send + Sync {
    /// Counts one more.
    async fn note_change(&self) -> Result<()>;
    /// How many were counted, by any process.
    async fn changes(&self) -> Result<u64>;
}
