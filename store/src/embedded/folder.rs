//! The folder: made where it is missing, locked against a second process, and the connections to the database in it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::embedded::schema;
use crate::{Result, StoreError};

/// The database, and the file that is locked while a process has the folder open.
pub(super) const FILE: &str = "plimsoll.db";
pub(super) const LOCK: &str = "lock";

const PAGE_BYTES: u64 = 4_096;
const BUSY_MS: u32 = 5_000;
const WRITER_CACHE_KIB: i64 = 16_384;
const READER_CACHE_KIB: i64 = 2_048;
const CHECKPOINT_PAGES: i64 = 4_000;
const WAL_BYTES: i64 = 64 << 20;

/// How large the store may grow.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Most bytes the database may take; writes beyond it fail with [`StoreError::DiskFull`]. `None`: what the disk
    /// holds. A database that is larger already keeps its size.
    pub max_bytes: Option<u64>,
}

/// A folder that this process, and no other, has open.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Held until the folder is closed.
    pub(super) lock: File,
}

impl Folder {
    /// Makes the folder (mode 0700) where it is missing, and locks it.
    pub(super) fn lock(path: &Path) -> Result<Self> {
        make(path).map_err(|error| unusable(path, &format!("cannot be made: {error}")))?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK));
        let lock = lock.map_err(|error| unusable(path, &format!("cannot be written to: {error}")))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), lock }),
            Err(TryLockError::WouldBlock) => {
                Err(unusable(path, "is in use by another process: stop that one, or give this one a folder of its own"))
            }
            Err(TryLockError::Error(error)) => Err(unusable(path, &format!("cannot be locked: {error}"))),
        }
    }

    /// The connection that writes, with the schema as this version wants it.
    pub(super) fn writer(&self, limits: Limits) -> Result<Connection> {
        let mut connection = Connection::open(self.file())?;
        connection.pragma_update(None, "page_size", PAGE_BYTES.cast_signed())?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
        prepare(&connection, WRITER_CACHE_KIB)?;
        if let Some(bytes) = limits.max_bytes {
            connection.pragma_update(None, "max_page_count", (bytes / PAGE_BYTES).cast_signed())?;
        }
        schema::migrate(&mut connection, &self.path)?;
        Ok(connection)
    }

    /// A connection that only reads.
    pub(super) fn reader(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.file(), flags)?;
        prepare(&connection, READER_CACHE_KIB)?;
        Ok(connection)
    }

    fn file(&self) -> PathBuf {
        self.path.join(FILE)
    }
}

fn prepare(connection: &Connection, cache_kib: i64) -> Result<()> {
    connection.pragma_update(None, "busy_timeout", BUSY_MS)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.set_prepared_statement_cache_capacity(128);
    // A plan does not depend on what is bound: otherwise statements are prepared again for each value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn make(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Says what is wrong with the folder.
pub(super) fn unusable(path: &Path, why: &str) -> StoreError {
    StoreError::Unusable { reason: format!("the store's folder {} {why}", path.display()) }
}
