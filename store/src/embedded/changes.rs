//! Changes, counted in memory: one process at a time has the folder.

use std::sync::atomic::Ordering;

use async_trait::async_trait;

use super::EmbeddedStore;
use crate::{Changes, Result};

#[async_trait]
impl Changes for EmbeddedStore {
    async fn note_change(&self) -> Result<()> {
        self.changes.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    async fn changes(&self) -> Result<u64> {
        Ok(self.changes.load(Ordering::Acquire))
    }
}
