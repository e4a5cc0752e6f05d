//! A few connections that only read. Each read sees one state of the whole database.

use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::{Result, StoreError};

/// How many reads go on at once; the others wait for their turn.
pub(super) const READERS: usize = 4;
const UNPOISONED: &str = "nothing panics while it is held";

/// The pool.
#[derive(Debug)]
pub(super) struct Readers {
    turns: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

fn closed() -> StoreError {
    StoreError::Unavailable { reason: "it was closed".to_owned() }
}

impl Readers {
    /// A pool of these connections.
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        Self { turns: Arc::new(Semaphore::new(connections.len())), idle: Arc::new(Mutex::new(connections)) }
    }

    /// Runs `work` on a thread that may block.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| closed())?;
        let idle = Arc::clone(&self.idle);
        let reading = tokio::task::spawn_blocking(move || {
            let borrowed = Borrowed { connection: take(&idle), idle };
            let result = run(&borrowed, work);
            drop(borrowed);
            drop(turn);
            result
        });
        reading
            .await
            .map_err(|error| StoreError::Unavailable { reason: format!("a defect stopped a read: {error}") })?
    }

    /// Runs `work`, which finds a few rows by their keys, on this thread where a connection is idle: it takes less time than
    /// to wake another thread for it. Where none is, as [`Readers::read`].
    pub(super) async fn read_briefly<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() else { return self.read(work).await };
        let borrowed = Borrowed { connection: take(&self.idle), idle: Arc::clone(&self.idle) };
        let result = run(&borrowed, work);
        drop(borrowed);
        drop(turn);
        result
    }

    /// Lets nobody in any more, and closes the connections that are idle.
    pub(super) fn close(&self) {
        self.turns.close();
        self.idle.lock().expect(UNPOISONED).clear();
    }
}

/// Gives the connection back, whatever happened.
struct Borrowed {
    connection: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        self.idle.lock().expect(UNPOISONED).extend(self.connection.take());
    }
}

/// Runs `work` on one state of the database.
fn run<T>(borrowed: &Borrowed, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    let connection = borrowed.connection.as_ref().ok_or_else(closed)?;
    let _one_state = connection.unchecked_transaction()?;
    work(connection)
}

fn take(idle: &Mutex<Vec<Connection>>) -> Option<Connection> {
    idle.lock().expect(UNPOISONED).pop()
}
