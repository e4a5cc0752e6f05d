//! Looks at a folder without changing anything in it: no file is made, and nothing is written to one.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::sealing::BEGINNING;

use crate::document::reseal::seals_of;
use crate::embedded::folder::{FILE, LOCK, unusable};
use crate::embedded::reseal::TABLES;
use crate::embedded::{rows, schema};
use crate::inspect::{Folder, Inspection, Place, SEARCHED};
use crate::{Result, StoreError};

/// What is in the folder `path`.
pub(crate) async fn inspect(path: PathBuf) -> Result<Inspection> {
    let looking = tokio::task::spawn_blocking(move || look(&path));
    looking.await.map_err(|error| StoreError::Unusable { reason: format!("looking at the store stopped: {error}") })?
}

fn look(path: &Path) -> Result<Inspection> {
    let file = path.join(FILE);
    let bytes = std::fs::metadata(&file).ok().map(|metadata| metadata.len());
    let is_in_use = is_locked(path)?;
    let log = std::fs::metadata(path.join(format!("{FILE}-wal"))).map_or(0, |metadata| metadata.len());
    let was_left_open = log > 0 && !is_in_use;
    let seals = match bytes {
        None => Some(Vec::new()),
        // What it would show without its log may be of no time at all.
        Some(_) if was_left_open => None,
        Some(_) => Some(read(&connection(&file, is_in_use)?, path)?),
    };
    let folder = Folder { path: path.to_owned(), bytes, is_in_use, was_left_open };
    Ok(Inspection { place: Place::Embedded(folder), seals })
}

/// Whether a process has the folder open. The lock is shared for that moment, and never made.
fn is_locked(path: &Path) -> Result<bool> {
    let Ok(lock) = File::open(path.join(LOCK)) else { return Ok(false) };
    match lock.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(unusable(path, &format!("cannot be looked at: {error}"))),
    }
}

/// Where nobody writes, the file is said to be immutable: otherwise files would be made beside it to read it.
fn connection(file: &Path, is_in_use: bool) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if is_in_use {
        return Ok(Connection::open_with_flags(file, flags)?);
    }
    let name = file.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(Connection::open_with_flags(format!("file:{name}?immutable=1"), flags | OpenFlags::SQLITE_OPEN_URI)?)
}

fn read(connection: &Connection, path: &Path) -> Result<Vec<(TenantId, String)>> {
    schema::check(connection, path)?;
    let mut seals = Vec::new();
    for (table, _) in TABLES {
        let is_there = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1";
        if !connection.prepare(is_there)?.exists([table])? {
            continue;
        }
        let sql = format!("SELECT tenant, doc FROM {table} WHERE instr(doc, ?1) > 0 LIMIT {SEARCHED}");
        let mut sealed = connection.prepare(&sql)?;
        let mut found = sealed.query([BEGINNING])?;
        while let Some(row) = found.next()? {
            let (tenant, text): (TenantId, String) = (rows::id(row, 0)?, row.get(1)?);
            seals.extend(seals_of(&text)?.into_iter().map(|seal| (tenant.clone(), seal)));
        }
    }
    Ok(seals)
}
