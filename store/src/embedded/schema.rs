//! The tables, and how a database of an earlier version becomes one of this.
//!
//! Steps only go forward, each in a transaction of its own; `PRAGMA user_version` counts those that were taken.

use std::path::Path;

use rusqlite::Connection;

use crate::Result;
use crate::embedded::folder::unusable;

/// What makes version `n + 1` of version `n`. A step that was released is never changed.
const STEPS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
];

/// Takes the steps that are missing. `Unusable` when a newer version of the program has been here.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<()> {
    let taken = check(connection, path)?;
    for (version, step) in (1u32..).zip(STEPS).skip(taken as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

/// How many steps were taken. `Unusable` when that is more than there are here.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<u32> {
    let taken: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = u32::try_from(STEPS.len()).expect("a handful of steps");
    if taken > known {
        let why =
            format!("was written by a newer version (its schema is {taken}, this program knows {known}): run that");
        return Err(unusable(path, &why));
    }
    Ok(taken)
}
