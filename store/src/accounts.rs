//! Reads what accounts are built from and moved on with: for many tenants at a time, as the tick does, or for one tenant
//! at once, with what has not been folded yet.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_domain::accounts::{Accounts, HeldHour, Plan, SeriesPast};
use plimsoll_domain::ids::{HourKey, Series, TenantId};
use plimsoll_domain::ledger::is_only_folded;
use plimsoll_domain::rollup::Rollup;
use plimsoll_domain::time::{Day, Hour, Timestamp};

use crate::{Result, Store};

/// Hours that are read at a time.
const HOURS: usize = 4_000;
/// Series that are built at a time.
const SERIES: usize = 500;
/// Hours of one tenant that may wait to be folded; there are rarely any.
const UNFOLDED: usize = 10_000;

/// The accounts of one tenant, and what they are to be.
#[derive(Debug)]
pub struct Desk<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// Which accounts there must be.
    pub plan: &'a Plan,
    /// Those there are.
    pub accounts: &'a mut Accounts,
}

/// Brings accounts to `end`: builds those that are missing and moves the others on. Whether all could be moved: one that
/// could not was changed in between and is forgotten, so that doing this again builds it anew.
pub async fn bring_to(store: &dyn Store, desks: &mut [Desk<'_>], end: Timestamp) -> Result<bool> {
    build_missing(store, desks, end).await?;
    put_hours(store, desks, end).await?;
    let mut all = true;
    for desk in desks {
        all &= desk.accounts.advance(end);
    }
    Ok(all)
}

async fn build_missing(store: &dyn Store, desks: &mut [Desk<'_>], end: Timestamp) -> Result<()> {
    let mut missing: Vec<(usize, Series)> = Vec::new();
    for (index, desk) in desks.iter_mut().enumerate() {
        missing.extend(desk.accounts.missing(desk.plan, end).into_iter().map(|series| (index, series)));
    }
    for part in missing.chunks(SERIES) {
        let named = part.iter().map(|(index, series)| (&desks[*index], series));
        let mut pasts = read_pasts(store, named, end).await?;
        for (index, series) in part {
            let desk = &mut desks[*index];
            let past = pasts.remove(&(desk.tenant.clone(), series.clone())).unwrap_or_default();
            desk.accounts.build(desk.plan, series, &past, end);
        }
    }
    Ok(())
}

type Pasts = HashMap<(TenantId, Series), SeriesPast>;

async fn read_pasts<'a>(
    store: &dyn Store,
    series: impl Iterator<Item = (&'a Desk<'a>, &'a Series)>,
    end: Timestamp,
) -> Result<Pasts> {
    let mut pasts = Pasts::new();
    let (mut hours, mut days) = (Vec::new(), None);
    for (desk, series) in series {
        let needed = desk.plan.past_needed(series, end);
        let key = |hour| HourKey { tenant: desk.tenant.clone(), series: series.clone(), hour };
        hours.extend(needed.hours.into_iter().map(key));
        if let (Some(first), Some(last)) = (needed.days.first(), needed.days.last()) {
            let (from, to) = days.get_or_insert((*first, *last));
            (*from, *to) = ((*from).min(*first), (*to).max(*last));
        }
        pasts.insert((desk.tenant.clone(), series.clone()), SeriesPast::default());
    }
    for part in hours.chunks(HOURS) {
        for (key, rollup) in store.hour_rollups(part).await? {
            pasts.entry((key.tenant, key.series)).or_default().hours.insert(key.hour, rollup);
        }
    }
    if let Some((first, last)) = days {
        let names: Vec<_> = pasts.keys().cloned().collect();
        for (name, days) in store.day_rollups(&names, first..last.plus(1)).await? {
            pasts.entry(name).or_default().days.extend(days);
        }
    }
    Ok(pasts)
}

async fn put_hours(store: &dyn Store, desks: &mut [Desk<'_>], end: Timestamp) -> Result<()> {
    let mut keys = Vec::new();
    for (index, desk) in desks.iter().enumerate() {
        for (series, hours) in desk.accounts.hours_needed(end) {
            let key = |hour| HourKey { tenant: desk.tenant.clone(), series: series.clone(), hour };
            keys.extend(hours.into_iter().map(|hour| (index, key(hour))));
        }
    }
    for part in keys.chunks(HOURS) {
        let wanted: Vec<_> = part.iter().map(|(_, key)| key.clone()).collect();
        let mut found = read_hours(store, &wanted, end).await?;
        for (index, key) in part {
            let held = found.remove(key).unwrap_or_default();
            desks[*index].accounts.put(&key.series, key.hour, &held);
        }
    }
    Ok(())
}

/// These hours as they can be read at `end`: in full, or folded where they are older than samples are kept. One of which
/// nothing is kept is left out.
pub async fn read_hours(store: &dyn Store, keys: &[HourKey], end: Timestamp) -> Result<HashMap<HourKey, HeldHour>> {
    let (folded, sampled): (Vec<_>, Vec<_>) = keys.iter().cloned().partition(|key| is_only_folded(key.hour, end));
    let mut found = HashMap::with_capacity(keys.len());
    for part in sampled.chunks(HOURS) {
        let hours = store.sample_hours(part).await?;
        found.extend(hours.into_iter().map(|(key, samples)| (key, HeldHour::Samples(samples))));
    }
    for part in folded.chunks(HOURS) {
        let hours = store.hour_rollups(part).await?;
        found.extend(hours.into_iter().map(|(key, rollup)| (key, HeldHour::Folded(rollup))));
    }
    Ok(found)
}

/// The accounts of one tenant, opened for one look, and what they were made of.
#[derive(Debug, Default)]
pub struct Opened {
    /// The accounts, at the instant they were opened for.
    pub accounts: Accounts,
    /// The rolled-up past of each series.
    pub pasts: BTreeMap<Series, SeriesPast>,
    /// The hours that lie at the edges of windows, and the recent ones.
    pub hours: BTreeMap<(Series, Hour), HeldHour>,
}

/// Opens the accounts that `plan` names, as they are at `end`. Unlike [`bring_to`] this sees late samples that have not
/// been folded yet, and leaves the mark on them, so that who keeps accounts learns of them, too.
pub async fn open(store: &dyn Store, tenant: &TenantId, plan: &Plan, end: Timestamp) -> Result<Opened> {
    let mut opened = Opened::default();
    let missing: Vec<Series> = opened.accounts.missing(plan, end).into_iter().collect();
    let desk = Desk { tenant, plan, accounts: &mut Accounts::default() };
    for part in missing.chunks(SERIES) {
        let pasts = read_pasts(store, part.iter().map(|series| (&desk, series)), end).await?;
        opened.pasts.extend(pasts.into_iter().map(|((_, series), past)| (series, past)));
    }
    lay_over_unfolded(store, tenant, &mut opened.pasts, end).await?;
    for (series, past) in &opened.pasts {
        opened.accounts.build(plan, series, past, end);
    }
    let needed = opened.accounts.hours_needed(end).into_iter();
    let key = |series: &Series, hour| HourKey { tenant: tenant.clone(), series: series.clone(), hour };
    let keys: Vec<_> =
        needed.flat_map(|(series, hours)| hours.into_iter().map(move |hour| key(series, hour))).collect();
    let mut found = read_hours(store, &keys, end).await?;
    for HourKey { tenant, series, hour } in keys {
        let held = found.remove(&HourKey { tenant, series: series.clone(), hour }).unwrap_or_default();
        opened.accounts.put(&series, hour, &held);
        opened.hours.insert((series, hour), held);
    }
    // Fresh accounts have nothing to take away, so that all of them can move.
    let _all = opened.accounts.advance(end);
    Ok(opened)
}

/// Puts hours that changed since they were folded in the place of their rollups, and into those of their days.
async fn lay_over_unfolded(
    store: &dyn Store,
    tenant: &TenantId,
    pasts: &mut BTreeMap<Series, SeriesPast>,
    end: Timestamp,
) -> Result<()> {
    let changed = store.unfolded_hours(std::slice::from_ref(tenant), end.hour(), UNFOLDED).await?;
    let mut days: BTreeSet<(Series, Day)> = BTreeSet::new();
    let mut fresh: BTreeMap<(Series, Hour), Rollup> = BTreeMap::new();
    for hour in changed {
        let key = hour.key;
        let Some(past) = pasts.get_mut(&key.series) else { continue };
        let rollup = Rollup::of_hour(key.hour, &hour.samples);
        past.hours.insert(key.hour, rollup.clone());
        days.insert((key.series.clone(), key.hour.day()));
        fresh.insert((key.series, key.hour), rollup);
    }
    for (series, day) in days {
        let first = day.first_hour();
        let key = |offset| HourKey { tenant: tenant.clone(), series: series.clone(), hour: first.plus(offset) };
        let keys: Vec<_> = (0..24).map(key).collect();
        let mut stored = store.hour_rollups(&keys).await?;
        let mut sum = Rollup::default();
        for key in keys {
            let fresh = fresh.get(&(series.clone(), key.hour)).cloned();
            sum.merge(&fresh.or_else(|| stored.remove(&key)).unwrap_or_default());
        }
        if let Some(past) = pasts.get_mut(&series) {
            past.days.insert(day, sum);
        }
    }
    Ok(())
}
