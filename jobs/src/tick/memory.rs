//! What a ticker keeps between ticks so that it need not be read again: for each tenant its running accounts, its
//! components' past days, its last measurements. All of it is made anew from the store when it is missing or in doubt.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use plimsoll_domain::accounts::{Accounts, Plan};
use plimsoll_domain::ids::{ComponentId, HourKey, Series, SloType, TenantId};
use plimsoll_domain::incident::ComponentStatus;
use plimsoll_domain::ledger::{folded_before, last_day};
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::rollup::Rollup;
use plimsoll_domain::sample::SampleStatus;
use plimsoll_domain::slo::Measurement;
use plimsoll_domain::time::{Day, Interval, Tick, Timestamp};
use plimsoll_store::accounts::{Desk, bring_to};
use plimsoll_store::{Fold, Result, Store, StoreError, UnfoldedHour};

use super::Step;
use super::burndowns::Burndowns;
use super::days::PastDays;
use super::latencies::Latencies;
use super::world::TenantWorld;

/// How many hours are folded at a time: other writers wait for that long.
const FOLDS_AT_A_TIME: usize = 500;
/// How often accounts are brought to the end of a tick while samples come in where they should not.
const ATTEMPTS: usize = 3;
/// For how many ticks the last known verdict stands for the present.
const FRESH_TICKS: i64 = 3;

/// What is kept of one tenant.
#[derive(Default)]
pub(crate) struct TenantMemory {
    pub(crate) accounts: Accounts,
    pub(crate) past_days: PastDays,
    pub(crate) latencies: Latencies,
    /// What the last snapshot says of each component, and since when it is so.
    pub(crate) before: HashMap<ComponentId, (ComponentStatus, Timestamp)>,
    pub(crate) measured: HashMap<SloType, Measurement>,
    pub(crate) burndowns: Burndowns,
    /// Hash of the snapshot that was stored last, without its time.
    pub(crate) shown: Option<[u8; 32]>,
    /// Until when that snapshot was true, as it was stored.
    pub(crate) shown_at: Option<Timestamp>,
    plan: Plan,
    /// Hash of what the plan was made for.
    planned_for: u64,
}

/// What a ticker keeps between ticks.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) tenants: HashMap<TenantId, TenantMemory>,
}

impl TenantMemory {
    fn plan_for(&mut self, tenant: &TenantWorld) {
        let mut hasher = DefaultHasher::new();
        tenant.slos.version.hash(&mut hasher);
        for component in &tenant.components {
            (&component.id, &component.group).hash(&mut hasher);
        }
        let wanted = hasher.finish();
        if self.planned_for != wanted {
            self.plan = Plan::of(&tenant.slos.objectives, &tenant.components).with_today(&tenant.components);
            self.planned_for = wanted;
        }
    }

    /// Takes note of what the public is shown.
    pub(crate) fn follow(&mut self, snapshot: &StatusSnapshot) {
        let said =
            snapshot.components.iter().filter_map(|shown| Some((shown.id.clone(), (shown.status, shown.since?))));
        self.before = said.collect();
    }

    /// The newest known verdict on a component that is still fresh at `tick`, else `unknown`.
    pub(crate) fn latest(&self, series: &Series, tick: Tick, interval: Interval) -> SampleStatus {
        let oldest = Timestamp::from_seconds(tick.seconds() - FRESH_TICKS * interval.seconds());
        self.accounts.latest(series, oldest, tick.end(interval))
    }
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
            for (hour, fold) in changed.iter().zip(&folds) {
                self.note_change(hour, last_day(end));
                if let Some(held) = self.tenants.get_mut(&fold.key.tenant) {
                    held.latencies.note(&fold.key.series, fold.key.hour, &fold.rollup);
                }
            }
            step.store.finish_folds(&folds).await?;
            if changed.len() < FOLDS_AT_A_TIME {
                return Ok(());
            }
        }
    }

    fn note_change(&mut self, changed: &UnfoldedHour, today: Day) {
        let HourKey { tenant, series, hour } = &changed.key;
        let Some(tenant) = self.tenants.get_mut(tenant) else { return };
        tenant.accounts.note_change(series, *hour, &changed.samples);
        if hour.day() < today {
            tenant.past_days.forget(series);
        }
    }

    /// Brings every account to the end of this tick, and forgets what is no longer ours.
    pub(crate) async fn advance(&mut self, step: &Step<'_>) -> Result<()> {
        let end = step.tick.end(step.settings.interval);
        self.forget_others(step);
        for tenant in &step.world.tenants {
            if !self.tenants.contains_key(&tenant.tenant.id) {
                let measured = last_measured(step.store, tenant, end).await?;
                let mut fresh = TenantMemory { measured, shown_at: tenant.shown, ..TenantMemory::default() };
                if let Some(shown) = last_shown(step.store, &tenant.tenant.id).await? {
                    fresh.follow(&shown);
                }
                self.tenants.insert(tenant.tenant.id.clone(), fresh);
            }
            if let Some(memory) = self.tenants.get_mut(&tenant.tenant.id) {
                memory.plan_for(tenant);
            }
        }
        for _ in 0..ATTEMPTS {
            let mut desks: Vec<_> = self
                .tenants
                .iter_mut()
                .map(|(tenant, memory)| Desk { tenant, plan: &memory.plan, accounts: &mut memory.accounts })
                .collect();
            if bring_to(step.store, &mut desks, end).await? {
                break;
            }
            // Samples came in between the fold and now, in hours that were just leaving a window.
            self.fold(step).await?;
        }
        self.read_past(step, end).await
    }

    async fn read_past(&mut self, step: &Step<'_>, end: Timestamp) -> Result<()> {
        let ours: HashMap<_, _> = step.world.tenants.iter().map(|tenant| (&tenant.tenant.id, tenant)).collect();
        let (mut days, mut latencies) = (Vec::new(), Vec::new());
        for (id, memory) in &mut self.tenants {
            let Some(tenant) = ours.get(id) else { continue };
            days.push((*tenant, &mut memory.past_days));
            latencies.push((*tenant, &mut memory.latencies));
        }
        super::days::read_missing(step.store, &mut days, last_day(end)).await?;
        super::latencies::read_missing(step.store, &mut latencies, end).await
    }

    /// Forgets tenants that are not ours, or that somebody else has worked for since we did.
    fn forget_others(&mut self, step: &Step<'_>) {
        let ours: HashMap<_, _> = step.world.tenants.iter().map(|tenant| (&tenant.tenant.id, tenant)).collect();
        self.tenants.retain(|id, memory| ours.get(id).is_some_and(|tenant| tenant.shown == memory.shown_at));
        for (id, memory) in &mut self.tenants {
            let slos: BTreeSet<_> = ours[id].slos.objectives.iter().map(|slo| &slo.slo_type).collect();
            memory.measured.retain(|slo, _| slos.contains(slo));
        }
    }
}

fn fold_of(changed: &UnfoldedHour) -> Fold {
    let rollup = Rollup::of_hour(changed.key.hour, &changed.samples);
    Fold { key: changed.key.clone(), revision: changed.revision, rollup }
}

/// What the public was shown last. A snapshot that cannot be read is made anew, as if it were the first.
async fn last_shown(store: &dyn Store, tenant: &TenantId) -> Result<Option<StatusSnapshot>> {
    match store.snapshot(tenant).await {
        Err(error @ (StoreError::Unavailable { .. } | StoreError::DiskFull)) => Err(error),
        read => Ok(read.unwrap_or_default()),
    }
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
