//! Recording samples and events: read the hours they belong to, merge, write back what changed if nobody else did in between.
//!
//! An hour is only ever replaced by the merge of what it held, and each write that lost a race is known by its index and
//! tried again: so nothing is lost, and nothing is counted twice, whoever records it at the same time.
//!
//! Merging on the server, by an update with an aggregation pipeline, was rejected: it would unpack and pack an hour in
//! a language without bytes.

use std::collections::{BTreeMap, HashMap, HashSet};

use bson::doc;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use plimsoll_domain::ids::HourKey;
use plimsoll_domain::sample::{HourSamples, Merged, Portion, SAMPLE_RETENTION, by_hour};
use plimsoll_domain::time::Span;

use super::MongoStore;
use super::bulk::{Guarded, TRIES};
use super::call::contended;
use super::collections::SAMPLE_HOURS;
use super::hours::{binary, filters, read_samples};
use super::keys::{date, hour_id};
use crate::document::hour;
use crate::{Result, SeriesRecord};

/// Hours that are read, and then written, in one round trip.
const HOURS: usize = 500;
/// Such round trips at the same time, for one call.
const ABREAST: usize = 4;
/// An hour stays a day longer than its samples, so that every sample of a full day's window is there.
const SLACK: Span = Span::days(1);

/// What waits to be merged into its hour.
struct Pending {
    key: HourKey,
    portion: Portion,
}

impl MongoStore {
    pub(super) async fn record(&self, batch: &[SeriesRecord]) -> Result<Merged> {
        let mut pending = pending(batch);
        let mut chunks = Vec::with_capacity(pending.len().div_ceil(HOURS));
        while !pending.is_empty() {
            chunks.push(pending.split_off(pending.len().saturating_sub(HOURS)));
        }
        let recorded = stream::iter(chunks).map(|chunk| self.record_hours(chunk)).buffer_unordered(ABREAST);
        let add = |mut sum: Merged, part| async move {
            sum.add(part);
            Ok(sum)
        };
        recorded.try_fold(Merged::default(), add).await
    }

    async fn record_hours(&self, mut pending: Vec<Pending>) -> Result<Merged> {
        let mut sum = Merged::default();
        for tries in 0..TRIES {
            self.pause(tries).await;
            let mut held = self.held_hours(&pending, tries == 0).await?;
            let (mut changes, mut waiting) = (Vec::with_capacity(pending.len()), Vec::with_capacity(pending.len()));
            for part in pending {
                let (merged, next) = part.merge_into(held.remove(&part.key));
                match next {
                    Some(next) => {
                        changes.push(next.guarded(&part.key));
                        waiting.push((part, merged, next));
                    }
                    None => sum.add(merged),
                }
            }
            let mut lost = self.change_guarded(SAMPLE_HOURS, changes).await?.into_iter().collect::<HashSet<_>>();
            pending = Vec::new();
            let mut written = Vec::with_capacity(waiting.len());
            for (index, (part, merged, next)) in waiting.into_iter().enumerate() {
                if lost.remove(&index) {
                    pending.push(part);
                } else {
                    sum.add(merged);
                    written.push((part.key, (next.packed, next.revision.unwrap_or(0) + 1)));
                }
            }
            self.recent.put(written.into_iter());
            if pending.is_empty() {
                return Ok(sum);
            }
        }
        Err(contended("the hours of these samples and events"))
    }

    /// The hours as they are, or, where that is good enough for a first try, as they were written last.
    async fn held_hours(&self, pending: &[Pending], recent: bool) -> Result<HashMap<HourKey, (HourSamples, u64)>> {
        let mut held = HashMap::with_capacity(pending.len());
        let known = if recent { self.recent.get(pending.iter().map(|part| &part.key)) } else { Vec::new() };
        for (key, (packed, revision)) in known {
            let samples = hour::decode(key.hour, &packed)?;
            held.insert(key, (samples, revision));
        }
        let unknown: Vec<_> =
            pending.iter().map(|part| &part.key).filter(|key| !held.contains_key(key)).cloned().collect();
        for found in self.find_each(SAMPLE_HOURS, filters(&unknown)).await? {
            let hour = read_samples(&found)?;
            held.insert(hour.key, (hour.samples, hour.revision));
        }
        Ok(held)
    }
}

/// An hour as it is to be written, and the revision it was made from.
struct NextHour {
    packed: Vec<u8>,
    revision: Option<u64>,
}

impl NextHour {
    fn guarded(&self, key: &HourKey) -> Guarded {
        let expires_at = key.hour.end().plus(SAMPLE_RETENTION).plus(SLACK);
        Guarded {
            id: hour_id(key),
            revision: self.revision,
            set: doc! { "samples": binary(self.packed.clone()), "unfolded": true },
            first: doc! { "expires_at": date(expires_at) },
        }
    }
}

impl Pending {
    /// What becomes of the portion, and what must be written for it: nothing when all of it was known.
    fn merge_into(&self, held: Option<(HourSamples, u64)>) -> (Merged, Option<NextHour>) {
        let (mut samples, revision) =
            held.map_or_else(Default::default, |(samples, revision)| (samples, Some(revision)));
        let merged = samples.merge_portion(&self.portion);
        let next = || NextHour { packed: hour::encode(self.key.hour, &samples), revision };
        (merged, (merged.accepted > 0).then(next))
    }
}

/// What a batch holds, by the hour it belongs to.
fn pending(batch: &[SeriesRecord]) -> Vec<Pending> {
    let mut hours: BTreeMap<HourKey, Portion> = BTreeMap::new();
    for SeriesRecord { tenant, series, samples, events } in batch {
        for (hour, portion) in by_hour(samples, events) {
            let key = HourKey { tenant: tenant.clone(), series: series.clone(), hour };
            let whole = hours.entry(key).or_default();
            whole.samples.extend(portion.samples);
            whole.events.extend(portion.events);
        }
    }
    hours.into_iter().map(|(key, portion)| Pending { key, portion }).collect()
}
