//! From rows to values.

use std::str::FromStr;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Params};

use crate::document::{self, Stored};
use crate::unreadable::PassedOver;
use crate::{Result, StoreError};

/// The aggregate that the first column of the only row holds, if there is a row.
pub(super) fn one<T: Stored>(connection: &Connection, sql: &str, params: impl Params) -> Result<Option<T>> {
    let text: Option<String> = connection.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional()?;
    text.map(|text| document::from_json(&text)).transpose()
}

/// The aggregates that the first column holds, in the order of the rows.
pub(super) fn all<T: Stored>(connection: &Connection, sql: &str, params: impl Params) -> Result<Vec<T>> {
    each(&mut connection.prepare_cached(sql)?, params, |row| read(row, 0))
}

/// As [`all`], without those that cannot be read; the second column tells them apart.
pub(super) fn all_readable<T: Stored>(connection: &Connection, sql: &str, params: impl Params) -> Result<Vec<T>> {
    let mut passed_over = PassedOver::new(T::WHAT);
    let found = each(&mut connection.prepare_cached(sql)?, params, |row| {
        passed_over.unless_unreadable(read(row, 0), || row.get(1).ok())
    })?;
    passed_over.report();
    Ok(found.into_iter().flatten().collect())
}

/// The first `limit` of those that can be read; the second column tells them apart. Fewer means that there are no more.
pub(super) fn some_readable<T: Stored>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    limit: usize,
) -> Result<Vec<T>> {
    let mut passed_over = PassedOver::new(T::WHAT);
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(row) = rows.next()?
    {
        found.extend(passed_over.unless_unreadable(read(row, 0), || row.get(1).ok())?);
    }
    passed_over.report();
    Ok(found)
}

/// The aggregate in a column.
pub(super) fn read<T: Stored>(row: &rusqlite::Row<'_>, column: usize) -> Result<T> {
    document::from_json(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
}

/// What `value` makes of each row.
pub(super) fn each<T>(
    statement: &mut CachedStatement<'_>,
    params: impl Params,
    mut value: impl FnMut(&rusqlite::Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut rows = statement.query(params)?;
    let mut values = Vec::new();
    while let Some(row) = rows.next()? {
        values.push(value(row)?);
    }
    Ok(values)
}

/// The id in a column.
pub(super) fn id<T: FromStr<Err = String>>(row: &rusqlite::Row<'_>, column: usize) -> Result<T> {
    row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?.parse().map_err(wrong)
}

/// Carries out a change; how many rows it touched.
pub(super) fn change(connection: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    Ok(connection.prepare_cached(sql)?.execute(params)?)
}

/// A limit as SQLite takes it.
pub(super) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn wrong(reason: impl Into<String>) -> StoreError {
    StoreError::Unreadable { what: "row", reason: reason.into() }
}
