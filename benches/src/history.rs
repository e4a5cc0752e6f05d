//! A past: samples of many days, stored and folded through the store's own intentions as the ticks of those days would
//! have, only in larger batches.

use std::ops::Range;
use std::time::{Duration, Instant};

use plimsoll_domain::ids::{ComponentId, HourKey, TenantId};
use plimsoll_domain::ledger::first_recent_hour;
use plimsoll_domain::rollup::Rollup;
use plimsoll_domain::sample::HourSamples;
use plimsoll_domain::time::{Hour, Tick, Timestamp};
use plimsoll_store::{Fold, SeriesRecord, Store, UnfoldedHour};

use crate::fleet::{Fleet, INTERVAL, sample};
use crate::table::progress;

/// Components of which a day is folded in one write.
const FOLDED_AT_ONCE: usize = 250;
/// Hours that are folded in one write when they are read back.
const LEFT_AT_ONCE: usize = 4_000;
const HOURS_OF_DAY: i64 = 24;
const TELL_EVERY: Duration = Duration::from_secs(5);

/// What was written, and in what time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    pub(crate) samples: u64,
    pub(crate) recording: Duration,
    pub(crate) folding: Duration,
}

/// Records `ticks` of every component and folds what a tick at their end would find folded; then notes that the ticks
/// up to there have been run.
pub(crate) async fn fill(store: &dyn Store, fleet: &Fleet, ticks: Range<Tick>) -> anyhow::Result<Written> {
    let series = fleet.series();
    let mut written = Written::default();
    let closed = first_recent_hour(ticks.end.end(INTERVAL));
    let (mut hour, last) = (ticks.start.hour(), ticks.end.hour());
    let mut told = Instant::now();
    while hour <= last {
        let next = hour.day().plus(1).first_hour().min(last.plus(1));
        let started = Instant::now();
        for number in hour.number()..next.number() {
            let batch = hour_of_all(&series, Hour::from_number(number), &ticks);
            written.samples += store.record_samples(&batch).await?.accepted;
        }
        written.recording += started.elapsed();
        let started = Instant::now();
        if next <= closed && next.number() - hour.number() == HOURS_OF_DAY && ticks.start <= first_tick(hour) {
            fold_day(store, &series, hour..next).await?;
        }
        written.folding += started.elapsed();
        if told.elapsed() >= TELL_EVERY {
            progress(&format!("history: {} up to {}", samples_text(written.samples), next.start()));
            told = Instant::now();
        }
        hour = next;
    }
    let started = Instant::now();
    fold_rest(store, &fleet.tenant_ids(), closed).await?;
    written.folding += started.elapsed();
    store.touch_snapshots(&fleet.tenant_ids(), ticks.end.start()).await?;
    Ok(written)
}

/// A number of samples for people.
pub(crate) fn samples_text(samples: u64) -> String {
    format!("{:.1} M samples", samples as f64 / 1e6)
}

fn first_tick(hour: Hour) -> Tick {
    Tick::containing(hour.start(), INTERVAL)
}

fn samples_of(series: i64, hour: Hour, ticks: &Range<Tick>) -> Vec<plimsoll_domain::sample::Sample> {
    let tick_of = |at: Timestamp| Tick::containing(at, INTERVAL);
    let first = first_tick(hour).max(ticks.start);
    let end = tick_of(hour.end()).min(ticks.end);
    plimsoll_domain::sample::ticks_between(first, end, INTERVAL).map(|tick| sample(series, tick)).collect()
}

fn hour_of_all(series: &[(i64, TenantId, ComponentId)], hour: Hour, ticks: &Range<Tick>) -> Vec<SeriesRecord> {
    let of = |(number, tenant, component): &(i64, TenantId, ComponentId)| {
        SeriesRecord::of_component(tenant, component, samples_of(*number, hour, ticks))
    };
    series.iter().map(of).collect()
}

/// Whole hours that were recorded once are at their first revision; component by component, a day at a time, each day's
/// rollup is made once.
async fn fold_day(
    store: &dyn Store,
    series: &[(i64, TenantId, ComponentId)],
    hours: Range<Hour>,
) -> anyhow::Result<()> {
    let always = first_tick(hours.start)..first_tick(hours.end);
    for part in series.chunks(FOLDED_AT_ONCE) {
        let mut folds = Vec::with_capacity(part.len() * 24);
        for (number, tenant, component) in part {
            for hour in (hours.start.number()..hours.end.number()).map(Hour::from_number) {
                let mut samples = HourSamples::default();
                samples.merge(samples_of(*number, hour, &always));
                let key = HourKey { tenant: tenant.clone(), series: component.into(), hour };
                folds.push(Fold { key, revision: 1, rollup: Rollup::of_hour(hour, &samples) });
            }
        }
        store.finish_folds(&folds).await?;
    }
    Ok(())
}

/// Records these ticks of every component, and folds what a tick at `now` would find folded: for a past of which only some
/// stretches are asked for.
pub(crate) async fn fill_stretches(
    store: &dyn Store,
    fleet: &Fleet,
    stretches: &[Range<Tick>],
    now: Tick,
) -> anyhow::Result<u64> {
    let (series, mut written) = (fleet.series(), 0);
    for ticks in stretches {
        for hour in (ticks.start.hour().number()..=ticks.end.hour().number()).map(Hour::from_number) {
            for part in series.chunks(LEFT_AT_ONCE) {
                written += store.record_samples(&hour_of_all(part, hour, ticks)).await?.accepted;
            }
        }
        progress(&format!("history: {} up to {}", samples_text(written), ticks.end.start()));
    }
    fold_rest(store, &fleet.tenant_ids(), first_recent_hour(now.end(INTERVAL))).await?;
    store.touch_snapshots(&fleet.tenant_ids(), now.start()).await?;
    Ok(written)
}

async fn fold_rest(store: &dyn Store, tenants: &[TenantId], before: Hour) -> anyhow::Result<()> {
    loop {
        let left = store.unfolded_hours(tenants, before, LEFT_AT_ONCE).await?;
        let fold = |UnfoldedHour { key, samples, revision }: &UnfoldedHour| Fold {
            key: key.clone(),
            revision: *revision,
            rollup: Rollup::of_hour(key.hour, samples),
        };
        store.finish_folds(&left.iter().map(fold).collect::<Vec<_>>()).await?;
        if left.len() < LEFT_AT_ONCE {
            return Ok(());
        }
    }
}
