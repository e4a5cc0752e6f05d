//! Opens, changes and closes automatic incidents.

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{ComponentId, Series};
use plimsoll_domain::incident::{
    AutoIncident, Burning, ComponentStatus, Finding, Incident, Transition, decide as decide_one, decide_burning,
    end_of_removed,
};
use plimsoll_domain::page::PageConfig;
use plimsoll_domain::slo::{BurnSeverity, Measurement, Slo, TierReading};
use plimsoll_domain::time::Timestamp;
use plimsoll_store::{Result, Store, StoreError};

use super::Step;
use super::memory::Memory;
use super::probe::Looks;
use super::world::TenantWorld;

/// A change, and why the look that led to it failed.
type Decided = (Transition, Option<String>);

/// Decides for every component, and then for every public SLO, which looks at what is stored of its components; stores what
/// changes, and reads the incidents again where anything did.
pub(crate) async fn decide(memory: &Memory, step: &mut Step<'_>, looks: &Looks, now: Timestamp) -> Result<()> {
    let of_components = of_components(memory, step, looks, now);
    carry_out(step, of_components).await?;
    let of_slos = step.world.tenants.iter().flat_map(|tenant| of_slos(memory, step, tenant, now));
    let of_slos = of_slos.map(|transition| (transition, None)).collect();
    carry_out(step, of_slos).await
}

fn of_components(memory: &Memory, step: &Step<'_>, looks: &Looks, now: Timestamp) -> Vec<Decided> {
    let mut decided = Vec::new();
    for (tenant, component) in step.world.components() {
        if let Some(transition) = transition_of(memory, step, tenant, component, now) {
            let look = looks.get(&(component.tenant.clone(), component.id.clone()));
            decided.push((transition, look.and_then(|look| look.reason.clone())));
        }
    }
    for tenant in &step.world.tenants {
        let gone = tenant.incidents.iter().filter(|incident| is_of_none(tenant, incident));
        decided.extend(gone.filter_map(|incident| end_of_removed(incident, now)).map(|ends| (ends, None)));
    }
    decided
}

/// Whether what opened it by itself is there no more, or is nothing that the public sees any more.
fn is_of_none(tenant: &TenantWorld, incident: &Incident) -> bool {
    let Some(opener) = incident.holds() else { return false };
    match opener.slo() {
        Some(slo) => !public(tenant).any(|held| held.slo_type == slo),
        None => !tenant.components.iter().any(|component| component.id.as_str() == opener.as_str()),
    }
}

fn public(tenant: &TenantWorld) -> impl Iterator<Item = &Slo> {
    tenant.slos.objectives.iter().filter(|slo| slo.public)
}

async fn carry_out(step: &mut Step<'_>, decided: Vec<Decided>) -> Result<()> {
    if decided.is_empty() {
        return Ok(());
    }
    for (transition, reason) in decided {
        match apply(step.store, &transition, reason.as_deref()).await {
            Ok(stored) => step.report.transitions += usize::from(stored),
            // The store as a whole is in trouble: the next tick decides anew.
            Err(error @ (StoreError::Unavailable { .. } | StoreError::DiskFull)) => return Err(error),
            Err(error) => complain(&transition, &error),
        }
    }
    step.world.reload_incidents(step.store).await
}

fn of_slos(memory: &Memory, step: &Step<'_>, tenant: &TenantWorld, now: Timestamp) -> Vec<Transition> {
    let id = &tenant.tenant.id;
    let Some(held) = memory.tenants.get(id) else { return Vec::new() };
    let decide = |slo: &Slo| {
        let scope: Vec<_> = slo.components(&tenant.components).map(|component| &component.id).collect();
        let is_told = |component: &&ComponentId| {
            let holds = |incident: &Incident| incident.holds_component(component);
            is_told_by_hand(tenant, component) || tenant.incidents.iter().any(holds)
        };
        let burning = Burning {
            tenant: id,
            slo: &slo.slo_type,
            pages: held.measured.get(&slo.slo_type).and_then(pages),
            is_told: scope.iter().any(is_told),
            tick: step.tick,
            now,
            mode: mode_of(&tenant.page, &scope),
        };
        let opener = Series::from(&slo.slo_type);
        let open = tenant.incidents.iter().find(|incident| incident.holds() == Some(&opener));
        decide_burning(open, &burning, step.settings.settle)
    };
    public(tenant).filter_map(decide).collect()
}

/// Whether a tier that pages fires. `None` when that is not known: where there is no data, a tier stays as it was.
fn pages(measured: &Measurement) -> Option<bool> {
    let tiers = measured.tiers.iter().filter(|tier| tier.severity == BurnSeverity::Page);
    let is_known = |tier: &TierReading| {
        [tier.long, tier.short].into_iter().all(|window| measured.burn_over(window.into()).is_some())
    };
    let fires: Vec<_> = tiers.map(|tier| is_known(tier).then_some(tier.firing_since.is_some())).collect();
    if fires.contains(&Some(true)) { Some(true) } else { fires.iter().all(Option::is_some).then_some(false) }
}

/// The public is told nothing of an SLO of which it is shown no component.
fn mode_of(page: &PageConfig, scope: &[&ComponentId]) -> AutoIncident {
    let modes = scope.iter().map(|component| page.auto_incident_of(component));
    modes.min_by_key(|mode| *mode != page.auto_incident).unwrap_or(page.auto_incident)
}

fn transition_of(
    memory: &Memory,
    step: &Step<'_>,
    tenant: &TenantWorld,
    component: &Component,
    now: Timestamp,
) -> Option<Transition> {
    let held = memory.tenants.get(&component.tenant)?;
    let open = tenant.incidents.iter().find(|incident| incident.holds_component(&component.id));
    if open.is_none() && is_told_by_hand(tenant, &component.id) {
        return None;
    }
    let finding = Finding {
        tenant: &component.tenant,
        component: &component.id,
        name: &component.name,
        status: held.latest(&Series::from(&component.id), step.tick, step.settings.interval),
        in_maintenance: tenant.in_maintenance(&component.id, now),
        tick: step.tick,
        now,
        mode: tenant.page.auto_incident_of(&component.id),
    };
    decide_one(open, &finding, step.settings.settle)
}

/// Whether a person tells the public that the component is not well: then nothing opens by itself beside it.
fn is_told_by_hand(tenant: &TenantWorld, component: &ComponentId) -> bool {
    let by_hand = tenant.incidents.iter().filter(|incident| incident.automation.is_none() && !incident.draft);
    let told = by_hand
        .filter(|incident| incident.is_open())
        .filter_map(|incident| incident.latest().components.get(component));
    told.max().is_some_and(|status| *status > ComponentStatus::Operational)
}

/// One tenant's trouble does not keep the others from their incidents.
fn complain(transition: &Transition, error: &StoreError) {
    let (Transition::Open(incident) | Transition::Change(incident)) = transition;
    metrics::counter!("plimsoll_incident_failures_total").increment(1);
    tracing::error!(tenant_id = %incident.tenant, incident_id = %incident.id, error = %error, "an incident could not be stored");
}

/// Whether anything was stored: somebody else may have been faster, and the next tick sees what they did.
async fn apply(store: &dyn Store, transition: &Transition, reason: Option<&str>) -> Result<bool> {
    let (incident, stored) = match transition {
        Transition::Open(incident) => (incident, store.open_incident_if_absent(incident).await?),
        Transition::Change(incident) => match store.change_incident(incident).await {
            Ok(()) => (incident, true),
            Err(StoreError::Stale { .. } | StoreError::Exists { .. }) => (incident, false),
            Err(error) => return Err(error),
        },
    };
    if stored {
        announce(incident, reason);
    }
    Ok(stored)
}

fn announce(incident: &Incident, reason: Option<&str>) {
    let status = incident.status().as_str();
    metrics::counter!("plimsoll_incident_transitions_total", "status" => status).increment(1);
    tracing::info!(
        tenant_id = %incident.tenant,
        incident_id = %incident.id,
        status,
        reason,
        "{}: {}",
        incident.title,
        incident.latest().body
    );
}
