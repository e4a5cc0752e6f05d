//! Everything a tick reads before it acts: the tenants this instance owns, and what belongs to them.

use std::collections::{HashMap, HashSet};

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{ComponentId, SloType, TenantId};
use plimsoll_domain::incident::Incident;
use plimsoll_domain::page::{PAST_INCIDENTS, PageConfig};
use plimsoll_domain::probe::Heartbeat;
use plimsoll_domain::sample::SAMPLE_RETENTION;
use plimsoll_domain::slo::{Slo, SloConfig};
use plimsoll_domain::tenant::Tenant;
use plimsoll_domain::time::{Interval, Span, Timestamp};
use plimsoll_store::{Result, Store};

use super::calendar::{Calendar, Works};
use crate::JobsSettings;
use crate::share::owns;

/// One tenant and what belongs to it.
pub(crate) struct TenantWorld {
    pub(crate) tenant: Tenant,
    pub(crate) components: Vec<Component>,
    pub(crate) slos: SloConfig,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) works: Works,
    pub(crate) page: PageConfig,
    /// Until when its snapshot was true: its last tick.
    pub(crate) shown: Option<Timestamp>,
}

impl TenantWorld {
    pub(crate) fn in_maintenance(&self, component: &ComponentId, at: Timestamp) -> bool {
        self.works.plain.iter().any(|maintenance| maintenance.covers(component, at))
    }
}

/// What a tick reads before it acts.
pub(crate) struct World {
    pub(crate) tenants: Vec<TenantWorld>,
    pub(crate) heartbeats: HashMap<(TenantId, ComponentId), Heartbeat>,
    /// When the tick began to act.
    pub(crate) now: Timestamp,
}

impl World {
    pub(crate) async fn load(
        store: &dyn Store,
        settings: &JobsSettings,
        calendar: &mut Calendar,
        now: Timestamp,
    ) -> Result<Self> {
        // Long enough to be renewed by the next tick, short enough that a dead instance costs one.
        let until = now.plus(Span::from_seconds(settings.interval.seconds() * 3 / 2));
        let alive = store.renew_lease(&settings.holder, until, now).await?;
        let heartbeats = store.heartbeats_across_tenants().await?;
        let is_ours = |tenant: &TenantId| owns(&settings.holder, &alive, tenant);
        let tenants = read(store, settings.interval, calendar, (now, &is_ours)).await?;
        Ok(Self { tenants, heartbeats, now })
    }

    /// Reads again what people may have changed since. The tenants stay those that this instance began to work for. The SLOs
    /// that are others by now, or gone: what was asked for them tells nothing.
    pub(crate) async fn refresh(
        &mut self,
        store: &dyn Store,
        interval: Interval,
        calendar: &mut Calendar,
    ) -> Result<Vec<(TenantId, SloType)>> {
        let ours: HashSet<TenantId> = self.tenant_ids().into_iter().collect();
        let fresh = read(store, interval, calendar, (self.now, &|tenant: &TenantId| ours.contains(tenant))).await?;
        let before = std::mem::replace(&mut self.tenants, fresh);
        let now: HashMap<_, _> = self.tenants.iter().map(|held| (&held.tenant.id, &held.slos)).collect();
        let mut changed = Vec::new();
        for TenantWorld { tenant, slos, .. } in before {
            let others = not_in(slos, now.get(&tenant.id).copied());
            changed.extend(others.map(|slo| (tenant.id.clone(), slo)));
        }
        Ok(changed)
    }

    /// Reads the incidents again, after they were changed.
    pub(crate) async fn reload_incidents(&mut self, store: &dyn Store) -> Result<()> {
        let mut incidents = grouped(recent_incidents(store, self.now).await?, |incident| &incident.tenant);
        for tenant in &mut self.tenants {
            tenant.incidents = incidents.remove(&tenant.tenant.id).unwrap_or_default();
        }
        Ok(())
    }

    pub(crate) fn tenant_ids(&self) -> Vec<TenantId> {
        self.tenants.iter().map(|tenant| tenant.tenant.id.clone()).collect()
    }

    pub(crate) fn components(&self) -> impl Iterator<Item = (&TenantWorld, &Component)> {
        self.tenants.iter().flat_map(|tenant| tenant.components.iter().map(move |component| (tenant, component)))
    }
}

/// The SLOs of `before` that are not the same in `now`.
fn not_in(before: SloConfig, now: Option<&SloConfig>) -> impl Iterator<Item = SloType> {
    let kept = move |slo: &Slo| now.is_some_and(|now| now.objectives.contains(slo));
    before.objectives.into_iter().filter(move |slo| !kept(slo)).map(|slo| slo.slo_type)
}

/// The tenants that `is_ours` says, at `now`.
async fn read(
    store: &dyn Store,
    interval: Interval,
    calendar: &mut Calendar,
    (now, is_ours): (Timestamp, &(dyn Fn(&TenantId) -> bool + Sync)),
) -> Result<Vec<TenantWorld>> {
    let mut components = grouped(store.components_across_tenants().await?, |component| &component.tenant);
    let mut slos = store.slo_configs_across_tenants().await?;
    let mut incidents = grouped(recent_incidents(store, now).await?, |incident| &incident.tenant);
    let pages = store.page_configs_across_tenants().await?;
    let mut pages: HashMap<_, _> = pages.into_iter().map(|page| (page.tenant.clone(), page)).collect();
    let oldest = now.minus(SAMPLE_RETENTION);
    let mut maintenances = grouped(store.maintenances_across_tenants(oldest).await?, |maintenance| &maintenance.tenant);
    let shown = store.snapshot_times_across_tenants().await?;
    let owned = store.tenants_across_all().await?.into_iter();
    // What was missed since is judged by the maintenance of that time.
    let judged_from = |shown: Timestamp| shown.minus(Span::from_seconds(interval.seconds() * 3));
    let tenants: Vec<_> = owned
        .filter(|tenant| is_ours(&tenant.id))
        .map(|tenant| {
            let shown = shown.get(&tenant.id).copied();
            let stored = maintenances.remove(&tenant.id).unwrap_or_default();
            TenantWorld {
                components: components.remove(&tenant.id).unwrap_or_default(),
                slos: slos.remove(&tenant.id).unwrap_or_default(),
                incidents: incidents.remove(&tenant.id).unwrap_or_default(),
                works: Works::of(stored, calendar, shown.map_or(oldest, judged_from), now),
                page: pages.remove(&tenant.id).unwrap_or_else(|| PageConfig::of(tenant.id.clone())),
                shown,
                tenant,
            }
        })
        .collect();
    calendar.keep(tenants.iter().map(|tenant| &tenant.works));
    Ok(tenants)
}

async fn recent_incidents(store: &dyn Store, now: Timestamp) -> Result<Vec<Incident>> {
    store.open_or_recent_incidents_across_tenants(now.minus(PAST_INCIDENTS)).await
}

fn grouped<T>(items: Vec<T>, tenant_of: impl Fn(&T) -> &TenantId) -> HashMap<TenantId, Vec<T>> {
    let mut groups: HashMap<TenantId, Vec<T>> = HashMap::new();
    for item in items {
        if let Some(group) = groups.get_mut(tenant_of(&item)) {
            group.push(item);
        } else {
            groups.insert(tenant_of(&item).clone(), vec![item]);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_slo_that_is_changed_or_gone_is_another() {
        let before = SloConfig::default();
        let names: Vec<_> = before.objectives.iter().map(|slo| slo.slo_type.clone()).collect();
        assert_eq!(not_in(before.clone(), Some(&before)).count(), 0);
        assert_eq!(not_in(before.clone(), None).collect::<Vec<_>>(), names);
        let mut now = before.clone();
        now.objectives[0].public = !now.objectives[0].public;
        assert_eq!(not_in(before, Some(&now)).collect::<Vec<_>>(), names[..1]);
    }
}
