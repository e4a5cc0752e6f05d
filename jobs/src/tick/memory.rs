//! What a ticker keeps between ticks so that it need not be read again: for each component its running account and its
//! past days, for each SLO its last measurement. All of it is made anew from the store when it is missing or in doubt.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_domain::ids::{ComponentId, HourKey, SloType, TenantId};
use plimsoll_domain::ledger::{Ledger, Past, Reach, Verdicts, folded_before, last_day};
use plimsoll_domain::page::first_shown_day;
use plimsoll_domain::rollup::{Counts, Rollup};
use plimsoll_domain::sample::{HourSamples, SampleStatus};
use plimsoll_domain::slo::burn::{BURN_WINDOWS, DEFAULT_TIERS};
use plimsoll_domain::slo::{Measurement, SloConfig};
use plimsoll_domain::time::{Day, Tick, Timestamp};
use plimsoll_store::{Fold, Result, Store, UnfoldedHour};

use super::Step;
use super::world::TenantWorld;

/// How many hours are read at a time.
const HOURS_AT_A_TIME: usize = 4_000;
/// How many hours are folded at a time: other writers wait for that long.
const FOLDS_AT_A_TIME: usize = 500;
/// How often accounts are brought to the end of a tick while samples come in where they should not.
const ATTEMPTS: usize = 3;
/// For how many ticks the last known verdict stands for the present.
const FRESH_TICKS: i64 = 3;

/// What is kept of one component.
pub(crate) struct ComponentMemory {
    pub(crate) ledger: Ledger,
    /// Days before today that hold samples, in order.
    pub(crate) past_days: Vec<(Day, Counts)>,
    /// The newest known verdict that is still fresh, else `unknown`.
    pub(crate) latest: SampleStatus,
}

/// What is kept of one tenant.
#[derive(Default)]
pub(crate) struct TenantMemory {
    pub(crate) components: HashMap<ComponentId, ComponentMemory>,
    pub(crate) measured: HashMap<SloType, Measurement>,
    /// Hash of the snapshot that was stored last, without its time.
    pub(crate) shown: Option<[u8; 32]>,
    /// Until when that snapshot was true, as it was stored.
    pub(crate) shown_at: Option<Timestamp>,
    reaches: Vec<Reach>,
}

/// What a ticker keeps between ticks.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) tenants: HashMap<TenantId, TenantMemory>,
}

/// The windows that a tenant's figures are made of.
fn reaches_of(slos: &SloConfig) -> Vec<Reach> {
    let own = slos.objectives.iter().map(|slo| slo.window);
    let tiers = DEFAULT_TIERS.iter().flat_map(|tier| [tier.long, tier.short]);
    let spans: BTreeSet<_> = BURN_WINDOWS.into_iter().chain(tiers).chain(own).collect();
    spans.into_iter().map(Reach::Last).chain([Reach::Today]).collect()
}

impl Memory {
    /// Folds every closed hour that changed, and takes note: an hour that has just closed joins its account, a change
    /// further back makes the account be built anew.
    pub(crate) async fn fold(&mut self, step: &Step<'_>) -> Result<()> {
        let end = step.tick.end(step.settings.interval);
        let before = folded_before(end);
        let tenants = step.world.tenant_ids();
        loop {
            let changed = step.store.unfolded_hours(&tenants, before, FOLDS_AT_A_TIME).await?;
            let folds: Vec<_> = changed.iter().map(fold_of).collect();
            for hour in &changed {
                self.note_change(hour, last_day(end));
            }
            step.store.finish_folds(&folds).await?;
            if changed.len() < FOLDS_AT_A_TIME {
                return Ok(());
            }
        }
    }

    fn note_change(&mut self, changed: &UnfoldedHour, today: Day) {
        let HourKey { tenant, component, hour } = &changed.key;
        let Some(tenant) = self.tenants.get_mut(tenant) else { return };
        match tenant.components.get_mut(component) {
            // The days before today are kept beside the account: a change there is read anew, too.
            Some(memory) if memory.ledger.is_recent(*hour) && hour.day() == today => {
                memory.ledger.put(*hour, Verdicts::of(*hour, &changed.samples));
            }
            Some(_) => drop(tenant.components.remove(component)),
            None => {}
        }
    }

    /// Brings every account to the end of this tick, and forgets what is no longer ours.
    pub(crate) async fn advance(&mut self, step: &Step<'_>) -> Result<()> {
        let end = step.tick.end(step.settings.interval);
        self.forget_others(step);
        for tenant in &step.world.tenants {
            if !self.tenants.contains_key(&tenant.tenant.id) {
                let measured = last_measured(step.store, tenant, end).await?;
                let fresh = TenantMemory { measured, shown_at: tenant.shown, ..TenantMemory::default() };
                self.tenants.insert(tenant.tenant.id.clone(), fresh);
            }
        }
        for _ in 0..ATTEMPTS {
            self.build_missing(step, end).await?;
            if self.put_hours(step, end).await? {
                return Ok(());
            }
            // Samples came in between the fold and now, in hours that were just leaving a window.
            self.fold(step).await?;
        }
        Ok(())
    }

    /// Forgets tenants that are not ours, or that somebody else has worked for since we did.
    fn forget_others(&mut self, step: &Step<'_>) {
        let ours: HashMap<_, _> = step.world.tenants.iter().map(|tenant| (&tenant.tenant.id, tenant)).collect();
        self.tenants.retain(|id, memory| ours.get(id).is_some_and(|tenant| tenant.shown == memory.shown_at));
        for (id, memory) in &mut self.tenants {
            let tenant = ours[id];
            let components: BTreeSet<_> = tenant.components.iter().map(|component| &component.id).collect();
            memory.components.retain(|id, _| components.contains(id));
            let slos: BTreeSet<_> = tenant.slos.objectives.iter().map(|slo| &slo.slo_type).collect();
            memory.measured.retain(|slo, _| slos.contains(slo));
        }
    }

    async fn build_missing(&mut self, step: &Step<'_>, end: Timestamp) -> Result<()> {
        let mut missing: Vec<(TenantId, ComponentId, Vec<Reach>)> = Vec::new();
        for tenant in &step.world.tenants {
            let Some(memory) = self.tenants.get_mut(&tenant.tenant.id) else { continue };
            memory.reaches = reaches_of(&tenant.slos);
            for component in &tenant.components {
                let held = memory.components.get(&component.id);
                if !held.is_some_and(|held| held.ledger.can_advance(&memory.reaches, end)) {
                    missing.push((component.tenant.clone(), component.id.clone(), memory.reaches.clone()));
                }
            }
        }
        for part in missing.chunks(500) {
            let mut pasts = read_pasts(step.store, part, end).await?;
            for (tenant, component, reaches) in part {
                let (past, past_days) = pasts.remove(&(tenant.clone(), component.clone())).unwrap_or_default();
                let ledger = Ledger::build(reaches, end, &past);
                let memory = ComponentMemory { ledger, past_days, latest: SampleStatus::Unknown };
                if let Some(tenant) = self.tenants.get_mut(tenant) {
                    tenant.components.insert(component.clone(), memory);
                }
            }
        }
        Ok(())
    }

    /// Whether every account could move on; one that could not is forgotten.
    async fn put_hours(&mut self, step: &Step<'_>, end: Timestamp) -> Result<bool> {
        let mut keys = Vec::new();
        for (tenant, memory) in &self.tenants {
            for (component, memory) in &memory.components {
                keys.extend(memory.ledger.hours_needed(end).into_iter().map(|hour| HourKey {
                    tenant: tenant.clone(),
                    component: component.clone(),
                    hour,
                }));
            }
        }
        let oldest_fresh = Tick::from_seconds(step.tick.seconds() - FRESH_TICKS * step.settings.interval.seconds());
        let mut latest: HashMap<(TenantId, ComponentId), (Tick, SampleStatus)> = HashMap::new();
        for part in keys.chunks(HOURS_AT_A_TIME) {
            let mut hours = step.store.sample_hours(part).await?;
            for key in part {
                let samples = hours.remove(key).unwrap_or_default();
                if let Some(known) = newest_known(&samples, oldest_fresh) {
                    let newest = latest.entry((key.tenant.clone(), key.component.clone())).or_insert(known);
                    *newest = std::cmp::max_by_key(*newest, known, |(tick, _)| *tick);
                }
                if let Some(memory) = self.component_mut(&key.tenant, &key.component) {
                    memory.ledger.put(key.hour, Verdicts::of(key.hour, &samples));
                }
            }
        }
        let mut all = true;
        for (tenant, memory) in &mut self.tenants {
            memory.components.retain(|component, memory| {
                let known = latest.get(&(tenant.clone(), component.clone()));
                memory.latest = known.map_or(SampleStatus::Unknown, |(_, status)| *status);
                let advanced = memory.ledger.advance(end);
                all &= advanced;
                advanced
            });
        }
        Ok(all)
    }

    fn component_mut(&mut self, tenant: &TenantId, component: &ComponentId) -> Option<&mut ComponentMemory> {
        self.tenants.get_mut(tenant)?.components.get_mut(component)
    }

    pub(crate) fn component(&self, tenant: &TenantId, component: &ComponentId) -> Option<&ComponentMemory> {
        self.tenants.get(tenant)?.components.get(component)
    }
}

fn newest_known(samples: &HourSamples, oldest: Tick) -> Option<(Tick, SampleStatus)> {
    let fresh = samples.iter().rev().take_while(|sample| sample.tick >= oldest);
    fresh.filter(|sample| sample.status.is_known()).map(|sample| (sample.tick, sample.status)).next()
}

fn fold_of(changed: &UnfoldedHour) -> Fold {
    let rollup = Rollup::of_hour(changed.key.hour, &changed.samples);
    Fold { key: changed.key.clone(), revision: changed.revision, rollup }
}

async fn last_measured(
    store: &dyn Store,
    tenant: &TenantWorld,
    until: Timestamp,
) -> Result<HashMap<SloType, Measurement>> {
    let slos: Vec<_> = tenant.slos.objectives.iter().map(|slo| slo.slo_type.clone()).collect();
    let measured = store.latest_measurements(&tenant.tenant.id, &slos, until).await?;
    Ok(measured.into_iter().map(|measurement| (measurement.slo_type.clone(), measurement)).collect())
}

type Pasts = HashMap<(TenantId, ComponentId), (Past, Vec<(Day, Counts)>)>;

/// The rolled-up past of some components: for their windows, and for the days that the page shows.
async fn read_pasts(
    store: &dyn Store,
    components: &[(TenantId, ComponentId, Vec<Reach>)],
    end: Timestamp,
) -> Result<Pasts> {
    let mut pasts = Pasts::new();
    let today = Timestamp::from_millis(end.millis() - 1).day();
    let mut first_day = first_shown_day(today);
    let mut hours: Vec<HourKey> = Vec::new();
    for (tenant, component, reaches) in components {
        let needed = Ledger::past_needed(reaches, end);
        first_day = first_day.min(needed.days.first().copied().unwrap_or(first_day));
        hours.extend(needed.hours.into_iter().map(|hour| HourKey {
            tenant: tenant.clone(),
            component: component.clone(),
            hour,
        }));
    }
    for part in hours.chunks(HOURS_AT_A_TIME) {
        for (key, rollup) in store.hour_rollups(part).await? {
            pasts.entry((key.tenant, key.component)).or_default().0.hours.insert(key.hour, rollup.counts);
        }
    }
    let names: Vec<_> = components.iter().map(|(tenant, component, _)| (tenant.clone(), component.clone())).collect();
    for (name, days) in store.day_rollups(&names, first_day..today).await? {
        let (past, shown) = pasts.entry(name).or_default();
        let counts: BTreeMap<Day, Counts> = days.into_iter().map(|(day, rollup)| (day, rollup.counts)).collect();
        shown.extend(counts.iter().map(|(day, counts)| (*day, *counts)));
        past.days = counts;
    }
    Ok(pasts)
}
