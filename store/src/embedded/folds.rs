//! Rollups: hours as they were folded, and days made of all their hours.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, params};

use plimsoll_domain::ids::{Series, TenantId};
use plimsoll_domain::rollup::Rollup;
use plimsoll_domain::time::Day;

use crate::embedded::rows;
use crate::embedded::samples::series_number;
use crate::{Fold, Result, document};

/// Folds that are written at a time: at the turn of the hour there is one for every series, and other writers wait
/// for one portion at most.
const PORTION: usize = 256;

/// The folds, some hundreds at a time. What belongs to one day of one series stays together, so that the day is
/// renewed once, in the transaction that marks its hours.
pub(super) fn portions(mut folds: Vec<Fold>) -> Vec<Vec<Fold>> {
    // Stable: of two folds of the same hour the later one still comes later.
    folds.sort_by(|a, b| a.key.cmp(&b.key));
    let mut portions: Vec<Vec<Fold>> = Vec::new();
    for day in folds.chunk_by(|a, b| day_of(a) == day_of(b)) {
        match portions.last_mut() {
            Some(portion) if portion.len() + day.len() <= PORTION => portion.extend_from_slice(day),
            _ => portions.push(day.to_vec()),
        }
    }
    portions
}

fn day_of(fold: &Fold) -> (&TenantId, &Series, Day) {
    (&fold.key.tenant, &fold.key.series, fold.key.hour.day())
}

/// Stores the hours, renews their days, and marks as folded what did not change in between.
pub(super) fn finish(connection: &Connection, folds: &[Fold]) -> Result<()> {
    let mut days = BTreeSet::new();
    for fold in folds {
        let series = series_number(connection, &fold.key.tenant, &fold.key.series)?;
        put_hour(connection, series, fold)?;
        days.insert((series, fold.key.hour.day()));
        let sql = "UPDATE sample_hours SET unfolded = 0 WHERE hour = ?1 AND series = ?2 AND revision = ?3";
        rows::change(connection, sql, params![fold.key.hour.number(), series, fold.revision.cast_signed()])?;
    }
    days.into_iter().try_for_each(|(series, day)| renew_day(connection, series, day))
}

fn put_hour(connection: &Connection, series: i64, fold: &Fold) -> Result<()> {
    let sql = "INSERT INTO hour_rollups (series, hour, revision, data) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO UPDATE SET revision = excluded.revision, data = excluded.data
        WHERE excluded.revision >= revision";
    let data = document::rollup::encode(&fold.rollup);
    rows::change(connection, sql, params![series, fold.key.hour.number(), fold.revision.cast_signed(), data])?;
    Ok(())
}

fn renew_day(connection: &Connection, series: i64, day: Day) -> Result<()> {
    let sql = "SELECT data FROM hour_rollups WHERE series = ?1 AND hour >= ?2 AND hour < ?3 ORDER BY hour";
    let hours = params![series, day.first_hour().number(), day.plus(1).first_hour().number()];
    let rollups = rows::each(&mut connection.prepare_cached(sql)?, hours, |row| {
        document::rollup::decode(&row.get::<_, Vec<u8>>(0)?)
    })?;
    let mut whole = Rollup::default();
    for rollup in &rollups {
        whole.merge(rollup);
    }
    let sql = "INSERT INTO day_rollups (series, day, data) VALUES (?1, ?2, ?3)
        ON CONFLICT DO UPDATE SET data = excluded.data";
    rows::change(connection, sql, params![series, day.number(), document::rollup::encode(&whole)])?;
    Ok(())
}

/// Daily rollups by series, and then by day.
pub(super) type Days = HashMap<(TenantId, Series), Vec<(Day, Rollup)>>;

/// The daily rollups of these series; one without any is left out.
pub(super) fn days(connection: &Connection, wanted: Vec<(TenantId, Series)>, days: &Range<Day>) -> Result<Days> {
    let mut find = connection.prepare_cached("SELECT id FROM series WHERE tenant = ?1 AND name = ?2")?;
    let sql = "SELECT day, data FROM day_rollups WHERE series = ?1 AND day >= ?2 AND day < ?3 ORDER BY day";
    let mut read = connection.prepare_cached(sql)?;
    let mut found = HashMap::with_capacity(wanted.len());
    for series in wanted {
        let key = [series.0.as_str(), series.1.as_str()];
        let Some(number) = find.query_row(key, |row| row.get::<_, i64>(0)).optional()? else { continue };
        let rollups = rows::each(&mut read, params![number, days.start.number(), days.end.number()], |row| {
            let rollup = document::rollup::decode(&row.get::<_, Vec<u8>>(1)?)?;
            Ok((Day::from_number(row.get(0)?), rollup))
        })?;
        if !rollups.is_empty() {
            found.insert(series, rollups);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::ids::HourKey;
    use plimsoll_domain::time::Hour;

    use super::*;

    #[test]
    fn a_day_is_renewed_in_one_portion_and_no_portion_is_large() {
        let fold = |number: i64, hour: i64| {
            let series = format!("c{number}").parse().expect("a series");
            let key = HourKey { tenant: "acme".parse().expect("an id"), series, hour: Hour::from_number(hour) };
            Fold { key, revision: 1, rollup: Rollup::default() }
        };
        let folds: Vec<_> = (0..48).flat_map(|hour| (0..100).map(move |number| fold(number, hour))).collect();
        let portions = portions(folds.clone());
        assert!(
            portions
                .iter()
                .all(|portion| (200..=PORTION).contains(&portion.len()) || portion == &portions[portions.len() - 1])
        );
        assert_eq!(portions.iter().map(Vec::len).sum::<usize>(), folds.len());
        let days = |portion: &Vec<Fold>| {
            let of = |fold: &Fold| (fold.key.series.clone(), fold.key.hour.day());
            portion.iter().map(of).collect::<BTreeSet<_>>()
        };
        let all: Vec<_> = portions.iter().flat_map(days).collect();
        assert_eq!(all.len(), 200, "each day of each series is in one portion");
        assert!(super::portions(Vec::new()).is_empty());
    }
}
