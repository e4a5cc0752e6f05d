//! Folding: hourly rollups, then the days they belong to, and only then the mark that says it is done. Each step may be
//! repeated; a process that dies in between leaves the mark, and the next fold does all of it again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bson::{Document, doc};

use plimsoll_domain::ids::HourKey;
use plimsoll_domain::rollup::{HOURLY_RETENTION, Rollup};

use super::MongoStore;
use super::bulk::{Guarded, TRIES};
use super::call::contended;
use super::collections::{DAY_ROLLUPS, HOUR_ROLLUPS, SAMPLE_HOURS};
use super::hours::{binary, packed};
use super::keys::{DayKey, date, day_id, hour_id, number, read_day, read_number};
use crate::document::rollup;
use crate::{Fold, Result};

/// Hours that are folded in one go.
const FOLDS: usize = 500;

impl MongoStore {
    pub(super) async fn fold(&self, folds: &[Fold]) -> Result<()> {
        for folds in folds.chunks(FOLDS) {
            self.update_all(HOUR_ROLLUPS, folds.iter().map(put_hour).collect()).await?;
            self.renew_days(folds.iter().map(|fold| DayKey::of(&fold.key)).collect()).await?;
            self.update_all(SAMPLE_HOURS, folds.iter().map(mark_folded).collect()).await?;
        }
        Ok(())
    }

    /// Adds the hourly rollups of each day up anew. A day's revision is read before its hours: had another process
    /// added up more hours in between, its revision would be another one now, and this is done again.
    async fn renew_days(&self, mut days: BTreeSet<DayKey>) -> Result<()> {
        for tries in 0..TRIES {
            self.pause(tries).await;
            let held = self.held_days(&days).await?;
            let hours: Vec<_> = days.iter().flat_map(DayKey::hours).collect();
            let sums = add_up(self.held_rollups(&hours).await?);
            let mut changes = Vec::with_capacity(sums.len());
            days.clear();
            for (day, sum) in sums {
                let (held, bytes) = (held.get(&day), rollup::encode(&sum));
                if held.is_none_or(|(_, held)| *held != bytes) {
                    let id = day_id(&day.tenant, &day.series, day.day);
                    let (revision, set) = (held.map(|(revision, _)| *revision), doc! { "rollup": binary(bytes) });
                    changes.push(Guarded { id, revision, set, first: doc! {} });
                    days.insert(day);
                }
            }
            if self.change_guarded(DAY_ROLLUPS, changes).await?.is_empty() {
                return Ok(());
            }
        }
        Err(contended("the daily rollups"))
    }

    /// The revision and the bytes of these days.
    async fn held_days(&self, days: &BTreeSet<DayKey>) -> Result<HashMap<DayKey, (u64, Vec<u8>)>> {
        let ids: Vec<_> = days.iter().map(|day| day_id(&day.tenant, &day.series, day.day)).collect();
        let found = self.find(DAY_ROLLUPS, doc! { "_id": { "$in": ids } }, doc! {}, None).await?;
        let read =
            |day: &Document| Ok((read_day(day)?, (read_number(day, "revision")?, packed(day, "rollup")?.to_vec())));
        found.iter().map(read).collect()
    }
}

/// The filter passes over a rollup of a newer revision.
fn put_hour(fold: &Fold) -> Document {
    let (id, source) = (hour_id(&fold.key), number(fold.revision));
    let expires_at = fold.key.hour.end().plus(HOURLY_RETENTION);
    doc! {
        "q": { "_id": id, "source": { "$lte": source } },
        "u": { "$set": {
            "rollup": binary(rollup::encode(&fold.rollup)),
            "source": source,
            "expires_at": date(expires_at),
        } },
        "upsert": true,
    }
}

fn mark_folded(fold: &Fold) -> Document {
    doc! {
        "q": { "_id": hour_id(&fold.key), "revision": number(fold.revision) },
        "u": { "$unset": { "unfolded": "" } },
    }
}

/// Sums by day, each in the order of its hours, so that the same hours always give the same bytes.
fn add_up(hours: HashMap<HourKey, Rollup>) -> BTreeMap<DayKey, Rollup> {
    let mut sums: BTreeMap<DayKey, Rollup> = BTreeMap::new();
    for (hour, rollup) in hours.into_iter().collect::<BTreeMap<_, _>>() {
        sums.entry(DayKey::of(&hour)).or_default().merge(&rollup);
    }
    sums
}
