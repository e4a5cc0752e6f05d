//! The adapter itself: opening, closing, and the two ways in, reading and writing.

use std::path::Path;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use rusqlite::Connection;

use plimsoll_domain::subscriber::MAX_SUBSCRIBERS;
use plimsoll_domain::time::Timestamp;

use crate::embedded::folder::{Folder, Limits};
use crate::embedded::known_keys::KnownKeys;
use crate::embedded::readers::{READERS, Readers};
use crate::embedded::writer::Writer;
use crate::observed::observed;
use crate::{Reseal, Result, Store, StoreError};

const KIND: &str = "embedded";

/// A store in one folder of this machine.
#[derive(Debug)]
pub struct EmbeddedStore {
    readers: Readers,
    writer: Writer,
    pub(super) known_keys: KnownKeys,
    pub(super) most_subscribers: usize,
    pub(super) changes: AtomicU64,
}

impl EmbeddedStore {
    /// Opens the store in the folder `path`, making the folder and the database where they are missing. `Unusable` when
    /// the folder cannot be written to, is open already, or was written by a newer version.
    pub async fn open(path: &Path, limits: Limits) -> Result<Self> {
        let path = path.to_owned();
        let opening = tokio::task::spawn_blocking(move || Self::open_here(&path, limits));
        opening.await.map_err(|error| StoreError::Unusable { reason: format!("opening the store stopped: {error}") })?
    }

    fn open_here(path: &Path, limits: Limits) -> Result<Self> {
        let folder = Folder::lock(path)?;
        let connection = folder.writer(limits)?;
        let readers = (0..READERS).map(|_| folder.reader()).collect::<Result<_>>()?;
        let writer = Writer::start(connection, folder.lock)
            .map_err(|error| StoreError::Unusable { reason: format!("no thread for the store can be had: {error}") })?;
        Ok(Self {
            readers: Readers::new(readers),
            writer,
            known_keys: KnownKeys::default(),
            most_subscribers: MAX_SUBSCRIBERS,
            changes: AtomicU64::new(0),
        })
    }

    /// The same with room for so many subscribers of each tenant, for tests: storing as many as there may be takes minutes.
    #[must_use]
    pub const fn with_most_subscribers(mut self, most: usize) -> Self {
        self.most_subscribers = most;
        self
    }

    /// Carries out `work` in a transaction; once this answers, it is on the disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        observed(KIND, operation, self.writer.carry_out(work)).await
    }

    /// Reads a few rows by their keys, of one state of the database.
    pub(super) async fn read_briefly<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        observed(KIND, operation, self.readers.read_briefly(work)).await
    }

    /// Reads one state of the database.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        observed(KIND, operation, self.readers.read(work)).await
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn ping(&self) -> Result<()> {
        self.read("ping", |connection| Ok(connection.query_row("SELECT count(*) FROM leases", (), |_| Ok(()))?)).await
    }

    fn kind(&self) -> &'static str {
        KIND
    }

    async fn expire_across_tenants(&self, now: Timestamp) -> Result<u64> {
        self.expire(now).await
    }

    async fn reseal_across_tenants(&self, reseal: &Reseal) -> Result<u64> {
        self.reseal(reseal).await
    }

    async fn close(&self) {
        self.readers.close();
        if let Some(thread) = self.writer.stop() {
            // The thread does not panic, and what it could not write it has told its callers.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}
