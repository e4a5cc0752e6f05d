//! The thread that writes, and group commit: one fsync for all intentions that wait.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::{Result, StoreError};

const QUEUE: usize = 1_024;
const GROUP: usize = 256;
const GROUP_TIME: Duration = Duration::from_millis(20);
/// How long a group waits for more, where the one before was one of several: those who write are many then, and a flush
/// less is worth a moment. Whoever writes alone waits for nobody.
const LINGER: Duration = Duration::from_millis(1);
const NAP: Duration = Duration::from_micros(200);
const UNPOISONED: &str = "nothing panics while it is held";

/// Something to be written, whose caller waits.
trait Job: Send {
    /// Carries it out; the error, when nothing of it may stay.
    fn run(&mut self, connection: &Connection) -> std::result::Result<(), &StoreError>;
    /// Tells the caller, once it is known what became of the group.
    fn answer(self: Box<Self>, group: std::result::Result<(), &StoreError>);
}

struct Intention<T, F> {
    work: Option<F>,
    result: Result<T>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: FnOnce(&Connection) -> Result<T> + Send> Job for Intention<T, F> {
    fn run(&mut self, connection: &Connection) -> std::result::Result<(), &StoreError> {
        let work = self.work.take().expect("an intention is carried out once");
        self.result = catch_unwind(AssertUnwindSafe(|| work(connection))).unwrap_or_else(|_| {
            Err(StoreError::Unavailable { reason: "a defect stopped it; nothing was stored".to_owned() })
        });
        self.result.as_ref().map(|_| ())
    }

    fn answer(self: Box<Self>, group: std::result::Result<(), &StoreError>) {
        let result = match group {
            Err(lost) if self.result.is_ok() || self.work.is_some() => Err(lost.shared()),
            _ => self.result,
        };
        // A caller that does not wait any more does not want to know.
        let _ = self.reply.send(result);
    }
}

/// The way to the thread that writes.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for dyn Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job")
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable { reason: "it was closed".to_owned() }
}

impl Writer {
    /// Starts the thread. It holds `lock` until it has written everything and closed its connection.
    pub(super) fn start(connection: Connection, lock: File) -> io::Result<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            write_all(&connection, waiting);
            drop(connection);
            drop(lock);
        })?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) })
    }

    /// Carries out `work` and answers once it is on the disk.
    pub(super) async fn carry_out<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.lock().expect(UNPOISONED).clone().ok_or_else(closed)?;
        let job = Intention { work: Some(work), result: Err(closed()), reply };
        queue.send(Box::new(job)).await.map_err(|_| closed())?;
        drop(queue);
        answer.await.map_err(|_| closed())?
    }

    /// Takes nothing more, and gives the thread to be waited for.
    pub(super) fn stop(&self) -> Option<JoinHandle<()>> {
        drop(self.queue.lock().expect(UNPOISONED).take());
        self.thread.lock().expect(UNPOISONED).take()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(thread) = self.stop() {
            // It cannot have panicked: what it runs is caught.
            let _ = thread.join();
        }
    }
}

fn write_all(connection: &Connection, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
    let mut last = 1;
    while let Some(first) = waiting.blocking_recv() {
        let linger = if last > 1 { LINGER } else { Duration::ZERO };
        last = write_group(connection, first, &mut waiting, linger);
    }
    let checkpoint = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
    if let Err(error) = checkpoint {
        tracing::warn!(%error, "the store was closed without a checkpoint; it is made at the next start");
    }
}

/// How many were written together.
fn write_group(
    connection: &Connection,
    first: Box<dyn Job>,
    waiting: &mut mpsc::Receiver<Box<dyn Job>>,
    linger: Duration,
) -> usize {
    let started = Instant::now();
    let mut jobs = Vec::new();
    let mut group = execute(connection, "BEGIN IMMEDIATE");
    let mut next = Some(first);
    while let Some(mut job) = next.take() {
        if group.is_ok() {
            group = run_alone(connection, job.as_mut());
        }
        jobs.push(job);
        if group.is_ok() && jobs.len() < GROUP && started.elapsed() < GROUP_TIME {
            next = waiting.try_recv().ok();
            while next.is_none() && started.elapsed() < linger {
                std::thread::sleep(NAP);
                next = waiting.try_recv().ok();
            }
        }
    }
    let group = group.and_then(|()| execute(connection, "COMMIT"));
    if group.is_err() && !connection.is_autocommit() {
        // Failing here leaves the transaction open; then the next BEGIN says so to its callers.
        let _ = execute(connection, "ROLLBACK");
    }
    let count = jobs.len();
    for job in jobs {
        job.answer(group.as_ref().copied());
    }
    count
}

/// Runs one job of a group. An error means that the whole group is lost: SQLite ends the transaction by itself when the
/// disk is full or fails at a bad moment.
fn run_alone(connection: &Connection, job: &mut dyn Job) -> Result<()> {
    execute(connection, "SAVEPOINT intention")?;
    if let Err(error) = job.run(connection) {
        if connection.is_autocommit() {
            return Err(error.shared());
        }
        execute(connection, "ROLLBACK TO intention")?;
    }
    execute(connection, "RELEASE intention")
}

fn execute(connection: &Connection, sql: &str) -> Result<()> {
    connection.prepare_cached(sql)?.execute(())?;
    Ok(())
}
