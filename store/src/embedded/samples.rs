//! Samples and events, an hour of one series to a row. The row is read, merged and written back within the writer's
//! transaction, so that nothing comes in between.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use async_trait::async_trait;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use plimsoll_domain::ids::{HourKey, Series, TenantId};
use plimsoll_domain::rollup::Rollup;
use plimsoll_domain::sample::{HourSamples, Merged, Portion, by_hour};
use plimsoll_domain::time::{Day, Hour};

use crate::embedded::store::EmbeddedStore;
use crate::embedded::{folds, rows};
use crate::{Fold, Result, Samples, SeriesRecord, UnfoldedHour, document};

#[async_trait]
impl Samples for EmbeddedStore {
    async fn record_samples(&self, batch: &[SeriesRecord]) -> Result<Merged> {
        let batch = batch.to_vec();
        self.write("record_samples", move |connection| {
            let mut recorder = Recorder::new(connection)?;
            let mut merged = Merged::default();
            for part in &batch {
                let series = recorder.series(&part.tenant, &part.series)?;
                for (hour, portion) in by_hour(&part.samples, &part.events) {
                    merged.add(recorder.record_hour(series, hour, &portion)?);
                }
            }
            Ok(merged)
        })
        .await
    }

    async fn sample_hours(&self, keys: &[HourKey]) -> Result<HashMap<HourKey, HourSamples>> {
        let keys = keys.to_vec();
        self.read("sample_hours", move |connection| find_hours(connection, SAMPLES, keys, document::hour::decode)).await
    }

    async fn unfolded_hours(&self, tenants: &[TenantId], before: Hour, limit: usize) -> Result<Vec<UnfoldedHour>> {
        let tenants: HashSet<_> = tenants.iter().cloned().collect();
        self.read("unfolded_hours", move |connection| find_unfolded(connection, &tenants, before, limit)).await
    }

    async fn finish_folds(&self, folds: &[Fold]) -> Result<()> {
        for portion in folds::portions(folds.to_vec()) {
            self.write("finish_folds", move |connection| folds::finish(connection, &portion)).await?;
        }
        Ok(())
    }

    async fn hour_rollups(&self, keys: &[HourKey]) -> Result<HashMap<HourKey, Rollup>> {
        let keys = keys.to_vec();
        self.read("hour_rollups", move |connection| {
            find_hours(connection, ROLLUPS, keys, |_, data| document::rollup::decode(data))
        })
        .await
    }

    async fn day_rollups(
        &self,
        series: &[(TenantId, Series)],
        days: Range<Day>,
    ) -> Result<HashMap<(TenantId, Series), Vec<(Day, Rollup)>>> {
        let series = series.to_vec();
        self.read("day_rollups", move |connection| folds::days(connection, series, &days)).await
    }
}

const SAMPLES: &str = "SELECT h.data FROM series s JOIN sample_hours h ON h.series = s.id
    WHERE s.tenant = ?1 AND s.name = ?2 AND h.hour = ?3";
const ROLLUPS: &str = "SELECT h.data FROM series s JOIN hour_rollups h ON h.series = s.id
    WHERE s.tenant = ?1 AND s.name = ?2 AND h.hour = ?3";

/// The number of a series, which it is given when something is first recorded of it.
pub(super) fn series_number(connection: &Connection, tenant: &TenantId, series: &Series) -> Result<i64> {
    Recorder::new(connection)?.series(tenant, series)
}

/// The statements that record samples and events, looked up once for a whole batch.
struct Recorder<'a> {
    connection: &'a Connection,
    find_series: CachedStatement<'a>,
    find: CachedStatement<'a>,
    put: CachedStatement<'a>,
    put_again: CachedStatement<'a>,
}

impl<'a> Recorder<'a> {
    fn new(connection: &'a Connection) -> Result<Self> {
        Ok(Self {
            connection,
            find_series: connection.prepare_cached("SELECT id FROM series WHERE tenant = ?1 AND name = ?2")?,
            find: connection
                .prepare_cached("SELECT data, unfolded FROM sample_hours WHERE hour = ?1 AND series = ?2")?,
            put: connection.prepare_cached(
                "INSERT INTO sample_hours (hour, series, revision, unfolded, data) VALUES (?1, ?2, 1, 1, ?3)
                 ON CONFLICT DO UPDATE SET revision = revision + 1, unfolded = 1, data = excluded.data",
            )?,
            // Most hours that are written are marked already: leaving the mark alone leaves its index alone.
            put_again: connection.prepare_cached(
                "UPDATE sample_hours SET revision = revision + 1, data = ?3 WHERE hour = ?1 AND series = ?2",
            )?,
        })
    }

    fn series(&mut self, tenant: &TenantId, series: &Series) -> Result<i64> {
        let key = [tenant.as_str(), series.as_str()];
        if let Some(known) = self.find_series.query_row(key, |row| row.get(0)).optional()? {
            return Ok(known);
        }
        rows::change(self.connection, "INSERT INTO series (tenant, name) VALUES (?1, ?2)", key)?;
        Ok(self.connection.last_insert_rowid())
    }

    fn record_hour(&mut self, series: i64, hour: Hour, portion: &Portion) -> Result<Merged> {
        let key = params![hour.number(), series];
        let held: Option<(Vec<u8>, bool)> =
            self.find.query_row(key, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (mut samples, is_marked) = match held {
            Some((data, is_marked)) => (document::hour::decode(hour, &data)?, is_marked),
            None => (HourSamples::default(), false),
        };
        let merged = samples.merge_portion(portion);
        if merged.accepted > 0 {
            let put = if is_marked { &mut self.put_again } else { &mut self.put };
            put.execute(params![hour.number(), series, document::hour::encode(hour, &samples)])?;
        }
        Ok(merged)
    }
}

fn find_hours<T>(
    connection: &Connection,
    sql: &str,
    keys: Vec<HourKey>,
    decode: impl Fn(Hour, &[u8]) -> Result<T>,
) -> Result<HashMap<HourKey, T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = HashMap::with_capacity(keys.len());
    for key in keys {
        let params = params![key.tenant.as_str(), key.series.as_str(), key.hour.number()];
        if let Some(data) = statement.query_row(params, |row| row.get::<_, Vec<u8>>(0)).optional()? {
            let value = decode(key.hour, &data)?;
            found.insert(key, value);
        }
    }
    Ok(found)
}

fn find_unfolded(
    connection: &Connection,
    tenants: &HashSet<TenantId>,
    before: Hour,
    limit: usize,
) -> Result<Vec<UnfoldedHour>> {
    let sql = "SELECT s.tenant, s.name, h.hour, h.revision, h.data
        FROM sample_hours h INDEXED BY sample_hours_unfolded CROSS JOIN series s ON s.id = h.series
        WHERE h.unfolded = 1 AND h.hour < ?1 ORDER BY h.hour, h.series";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([before.number()])?;
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(row) = rows.next()?
    {
        let tenant = rows::id(row, 0)?;
        if tenants.contains(&tenant) {
            let hour = Hour::from_number(row.get(2)?);
            let samples = document::hour::decode(hour, &row.get::<_, Vec<u8>>(4)?)?;
            let key = HourKey { tenant, series: rows::id(row, 1)?, hour };
            found.push(UnfoldedHour { key, samples, revision: row.get::<_, i64>(3)?.cast_unsigned() });
        }
    }
    Ok(found)
}
