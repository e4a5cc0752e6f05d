//! Hours of samples and events and their rollups, as they are read. Consecutive hours of a series are one range of
//! `_id`; the rest is looked up one by one, thousands at a time.

use std::collections::HashMap;
use std::ops::Range;

use async_trait::async_trait;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, doc};

use plimsoll_domain::ids::{HourKey, Series, TenantId};
use plimsoll_domain::rollup::Rollup;
use plimsoll_domain::sample::{HourSamples, Merged};
use plimsoll_domain::time::{Day, Hour};

use super::MongoStore;
use super::call::run;
use super::collections::{DAY_ROLLUPS, HOUR_ROLLUPS, SAMPLE_HOURS};
use super::keys::{damaged, day_id, hour_id, read_day, read_hour, read_number};
use crate::document::{hour, rollup};
use crate::{Fold, Result, Samples, SeriesRecord, UnfoldedHour};

/// From so many consecutive hours on, a range is cheaper than its ids.
const WORTH_A_RANGE: usize = 6;
/// Ids in one query.
const IDS: usize = 4_000;
/// Ranges in one query.
const RANGES: usize = 100;
/// Hours that the ranges of one query may hold, so that it is answered long before its deadline.
const HOURS: usize = 20_000;

#[async_trait]
impl Samples for MongoStore {
    async fn record_samples(&self, batch: &[SeriesRecord]) -> Result<Merged> {
        run("record_samples", self.record(batch)).await
    }

    async fn sample_hours(&self, keys: &[HourKey]) -> Result<HashMap<HourKey, HourSamples>> {
        run("sample_hours", async {
            let found = self.find_each(SAMPLE_HOURS, filters(keys)).await?;
            found.iter().map(|found| read_samples(found).map(|hour| (hour.key, hour.samples))).collect()
        })
        .await
    }

    async fn unfolded_hours(&self, tenants: &[TenantId], before: Hour, limit: usize) -> Result<Vec<UnfoldedHour>> {
        run("unfolded_hours", async {
            let tenants: Vec<_> = tenants.iter().map(TenantId::as_str).collect();
            let filter = doc! { "unfolded": true, "_id.h": { "$lt": before.number() }, "_id.t": { "$in": tenants } };
            let oldest_first = doc! { "_id.h": 1, "_id.t": 1, "_id.s": 1 };
            self.find(SAMPLE_HOURS, filter, oldest_first, Some(limit)).await?.iter().map(read_samples).collect()
        })
        .await
    }

    async fn finish_folds(&self, folds: &[Fold]) -> Result<()> {
        run("finish_folds", self.fold(folds)).await
    }

    async fn hour_rollups(&self, keys: &[HourKey]) -> Result<HashMap<HourKey, Rollup>> {
        run("hour_rollups", self.held_rollups(keys)).await
    }

    async fn day_rollups(
        &self,
        series: &[(TenantId, Series)],
        days: Range<Day>,
    ) -> Result<HashMap<(TenantId, Series), Vec<(Day, Rollup)>>> {
        let range = |(tenant, series): &(TenantId, Series)| {
            let (from, to) = (day_id(tenant, series, days.start), day_id(tenant, series, days.end));
            doc! { "_id": { "$gte": from, "$lt": to } }
        };
        run("day_rollups", async {
            let ranges: Vec<_> = series.iter().map(range).collect();
            let filters = ranges.chunks(RANGES).map(|ranges| doc! { "$or": ranges }).collect();
            let mut found: HashMap<_, Vec<_>> = HashMap::new();
            for held in self.find_each(DAY_ROLLUPS, filters).await? {
                let key = read_day(&held)?;
                found.entry((key.tenant, key.series)).or_default().push((key.day, read_rollup(&held)?));
            }
            for days in found.values_mut() {
                days.sort_unstable_by_key(|(day, _)| *day);
            }
            Ok(found)
        })
        .await
    }
}

impl MongoStore {
    /// The rollups of these hours.
    pub(super) async fn held_rollups(&self, keys: &[HourKey]) -> Result<HashMap<HourKey, Rollup>> {
        let found = self.find_each(HOUR_ROLLUPS, filters(keys)).await?;
        found.iter().map(|found| Ok((read_hour(found)?, read_rollup(found)?))).collect()
    }
}

/// The queries that together find these hours.
pub(super) fn filters(keys: &[HourKey]) -> Vec<Document> {
    let mut keys: Vec<_> = keys.iter().collect();
    keys.sort_unstable();
    keys.dedup();
    let consecutive =
        |a: &&HourKey, b: &&HourKey| b.hour == a.hour.plus(1) && a.series == b.series && a.tenant == b.tenant;
    let (ranges, single): (Vec<_>, Vec<_>) = keys.chunk_by(consecutive).partition(|run| run.len() >= WORTH_A_RANGE);
    let single: Vec<_> = single.into_iter().flatten().map(|key| hour_id(key)).collect();
    let ranges: Vec<_> = ranges.into_iter().flat_map(|run| run.chunks(HOURS / RANGES)).map(range).collect();
    let single = single.chunks(IDS).map(|ids| doc! { "_id": { "$in": ids } });
    single.chain(ranges.chunks(RANGES).map(|ranges| doc! { "$or": ranges })).collect()
}

fn range(run: &[&HourKey]) -> Document {
    let (first, last) = (run.first().expect("a run is not empty"), run.last().expect("a run is not empty"));
    doc! { "_id": { "$gte": hour_id(first), "$lte": hour_id(last) } }
}

/// An hour as it is stored.
pub(super) fn read_samples(found: &Document) -> Result<UnfoldedHour> {
    let key = read_hour(found)?;
    let samples = hour::decode(key.hour, packed(found, "samples")?)?;
    Ok(UnfoldedHour { key, samples, revision: read_number(found, "revision")? })
}

fn read_rollup(found: &Document) -> Result<Rollup> {
    rollup::decode(packed(found, "rollup")?)
}

/// The bytes in a field of a document.
pub(super) fn packed<'a>(found: &'a Document, field: &str) -> Result<&'a [u8]> {
    found.get_binary_generic(field).map(Vec::as_slice).map_err(|_| damaged(field))
}

/// Bytes as a field of a document.
pub(super) fn binary(bytes: Vec<u8>) -> Bson {
    Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(series: &str, hour: i64) -> HourKey {
        let (tenant, series) = ("acme".parse().expect("slug"), series.parse().expect("a series"));
        HourKey { tenant, series, hour: Hour::from_number(hour) }
    }

    #[test]
    fn consecutive_hours_are_asked_for_as_a_range_and_others_by_their_ids() {
        let mut keys: Vec<_> = (100..106).rev().map(|hour| key("api", hour)).collect();
        keys.extend([key("web", 106), key("web", 107), key("api", 200)]);
        let ids = [key("api", 200), key("web", 106), key("web", 107)].map(|key| hour_id(&key));
        let range = doc! { "_id": { "$gte": hour_id(&key("api", 100)), "$lte": hour_id(&key("api", 105)) } };
        assert_eq!(filters(&keys), [doc! { "_id": { "$in": ids } }, doc! { "$or": [range] }]);
        assert!(filters(&[]).is_empty());
    }
}
