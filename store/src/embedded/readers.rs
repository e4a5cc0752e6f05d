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
            let result = borrowed.connection.as_ref().ok_or_else(closed).and_then(|connection| {
                let _one_state = connection.unchecked_transaction()?;
                work(connection)
            });
            drop(borrowed);
            drop(turn);
            result
        });
        reading
            .await
            .map_err(|error| StoreError::Unavailable { reason: format!("a defect stopped a read: {error}") })?
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

fn take(idle: &Mutex<Vec<Connection>>) -> Option<Connection> {
    idle.lock().expect(UNPOISONED).pop()
}
