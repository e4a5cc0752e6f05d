//! What the figures of an SLO are made of, bucket by bucket, so that anyone can add them up again.

use std::collections::BTreeMap;

use crate::accounts::{HeldHour, SeriesPast};
use crate::component::Component;
use crate::ids::Series;
use crate::ledger::{Reach, cover, first_recent_hour, middle_of};
use crate::rollup::Counts;
use crate::slo::{Slo, Source};
use crate::time::{Hour, Timestamp};

/// What lies in one stretch of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// From this instant.
    pub from: Timestamp,
    /// To this one, which is not in it.
    pub to: Timestamp,
    /// All sources together, as the SLO judges them.
    pub counts: Counts,
}

/// What was read to open the accounts.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// The rolled-up past of each series.
    pub pasts: &'a BTreeMap<Series, SeriesPast>,
    /// Hours at the edges, and recent ones.
    pub hours: &'a BTreeMap<(Series, Hour), HeldHour>,
}

/// The buckets of the window of `slo` that ends at `end`, the oldest first: a part of the first hour, hours, days, hours,
/// and the recent hours as far as they have come.
pub fn explain(slo: &Slo, components: &[Component], material: Material<'_>, end: Timestamp) -> Vec<Bucket> {
    let mut buckets: BTreeMap<(Timestamp, Timestamp), Counts> = BTreeMap::new();
    for source in slo.sources(components) {
        for bucket in of_source(slo, &source, material, end) {
            *buckets.entry((bucket.from, bucket.to)).or_default() += bucket.counts;
        }
    }
    buckets.into_iter().map(|((from, to), counts)| Bucket { from, to, counts }).collect()
}

fn of_source(slo: &Slo, source: &Source, material: Material<'_>, end: Timestamp) -> Vec<Bucket> {
    let reach = Reach::Window(slo.window);
    let (start, recent) = (reach.start(end), first_recent_hour(end));
    let past = material.pasts.get(&source.series);
    let middle = cover(&middle_of(reach, end));
    let hours = middle.hours.into_iter().map(|hour| {
        let rollup = past.and_then(|past| past.hours.get(&hour));
        (hour.start(), hour.end(), rollup)
    });
    let days = middle.days.into_iter().map(|day| {
        let rollup = past.and_then(|past| past.days.get(&day));
        (day.start(), day.plus(1).start(), rollup)
    });
    let whole = hours.chain(days).map(|(from, to, rollup)| Bucket {
        from,
        to,
        counts: rollup.map(|rollup| source.judge.counts(rollup)).unwrap_or_default(),
    });
    let edge = Some(start.hour()).filter(|edge| *edge < recent);
    let parts = edge.into_iter().chain([recent, recent.plus(1)]).filter_map(|hour| {
        let span = start.max(hour.start())..end.min(hour.end());
        let held = material.hours.get(&(source.series.clone(), hour));
        let counts = held.map(|held| held.counts(hour, source.judge, &span)).unwrap_or_default();
        (span.start < span.end).then_some(Bucket { from: span.start, to: span.end, counts })
    });
    whole.chain(parts).collect()
}
