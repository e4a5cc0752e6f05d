//! Follows the budgets of public SLOs, so that the page can draw how they went down. What lies behind is read once.

use std::collections::HashMap;

use plimsoll_domain::ids::{SloType, TenantId};
use plimsoll_domain::slo::public::{Burndown, PublicSlo};
use plimsoll_domain::slo::{Measurement, Slo, Step as HistoryStep};
use plimsoll_domain::time::Span;
use plimsoll_store::Result;

use super::Step;
use super::memory::{Memory, TenantMemory};
use super::world::TenantWorld;

/// Measurements that are read at a time.
const CHUNK: usize = 2_000;

/// Burn-downs of a tenant's public SLOs, and the promise they were made under.
pub(crate) type Burndowns = HashMap<SloType, Burndown>;

/// Brings the burn-downs of all public SLOs to what was measured last.
pub(crate) async fn follow(memory: &mut Memory, step: &Step<'_>) -> Result<()> {
    for tenant in &step.world.tenants {
        let Some(held) = memory.tenants.get_mut(&tenant.tenant.id) else { continue };
        let public: Vec<_> = tenant.slos.objectives.iter().filter(|slo| slo.public).collect();
        held.burndowns.retain(|name, _| public.iter().any(|slo| slo.slo_type == *name));
        for slo in public {
            let Some(measured) = held.measured.get(&slo.slo_type) else { continue };
            let mut burndown = match held.burndowns.remove(&slo.slo_type) {
                Some(burndown) if measured.changed.is_none() => burndown,
                _ => read(step, &tenant.tenant.id, slo, measured).await?,
            };
            burndown.follow(measured, step.settings.interval);
            held.burndowns.insert(slo.slo_type.clone(), burndown);
        }
    }
    Ok(())
}

async fn read(step: &Step<'_>, tenant: &TenantId, slo: &Slo, newest: &Measurement) -> Result<Burndown> {
    let mut burndown = Burndown::default();
    let least = if newest.length > Span::days(2) { HistoryStep::Hour } else { HistoryStep::Tick };
    let mut from = newest.window.start(newest.at);
    loop {
        let found = step.store.measurements(tenant, &slo.slo_type, from..newest.at, least, CHUNK).await?;
        for measured in &found {
            burndown.follow(measured, step.settings.interval);
        }
        match found.last() {
            Some(newest) if found.len() == CHUNK => from = newest.at.plus(Span::from_seconds(1)),
            _ => return Ok(burndown),
        }
    }
}

/// What the public sees of the tenant's SLOs.
pub(crate) fn public_slos(tenant: &TenantWorld, held: &TenantMemory) -> Vec<PublicSlo> {
    let public = tenant.slos.objectives.iter().filter(|slo| slo.public);
    public
        .filter_map(|slo| {
            let components = slo.components(&tenant.components).map(|component| component.id.clone()).collect();
            let (measured, burndown) = (held.measured.get(&slo.slo_type)?, held.burndowns.get(&slo.slo_type)?);
            Some(PublicSlo::of(slo, components, measured, burndown))
        })
        .collect()
}
