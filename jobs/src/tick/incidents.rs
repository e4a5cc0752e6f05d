//! Opens, changes and closes automatic incidents.

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::Series;
use plimsoll_domain::incident::{Finding, Incident, Transition, decide as decide_one, end_of_removed};
use plimsoll_domain::time::Timestamp;
use plimsoll_store::{Result, Store, StoreError};

use super::Step;
use super::memory::Memory;
use super::probe::Looks;
use super::world::TenantWorld;

/// Decides for every component, stores what changes, and reads the incidents again where anything did.
pub(crate) async fn decide(memory: &Memory, step: &mut Step<'_>, looks: &Looks, now: Timestamp) -> Result<()> {
    let mut transitions = Vec::new();
    for (tenant, component) in step.world.components() {
        if let Some(transition) = transition_of(memory, step, tenant, component, now) {
            let look = looks.get(&(component.tenant.clone(), component.id.clone()));
            transitions.push((transition, look.and_then(|look| look.reason.clone())));
        }
    }
    for tenant in &step.world.tenants {
        let gone = |incident: &&Incident| {
            let of = incident.holds_component();
            of.is_some_and(|of| !tenant.components.iter().any(|component| component.id == *of))
        };
        let ended = tenant.incidents.iter().filter(gone).filter_map(|incident| end_of_removed(incident, now));
        transitions.extend(ended.map(|transition| (transition, None)));
    }
    if transitions.is_empty() {
        return Ok(());
    }
    for (transition, reason) in transitions {
        match apply(step.store, &transition, reason.as_deref()).await {
            Ok(stored) => step.report.transitions += usize::from(stored),
            // The store as a whole is in trouble: the next tick decides anew.
            Err(error @ (StoreError::Unavailable { .. } | StoreError::DiskFull)) => return Err(error),
            Err(error) => complain(&transition, &error),
        }
    }
    step.world.reload_incidents(step.store).await
}

fn transition_of(
    memory: &Memory,
    step: &Step<'_>,
    tenant: &TenantWorld,
    component: &Component,
    now: Timestamp,
) -> Option<Transition> {
    let held = memory.tenants.get(&component.tenant)?;
    let open = tenant.incidents.iter().find(|incident| incident.holds_component() == Some(&component.id));
    let finding = Finding {
        tenant: &component.tenant,
        component: &component.id,
        name: &component.name,
        status: held.latest(&Series::from(&component.id), step.tick, step.settings.interval),
        in_maintenance: tenant.in_maintenance(&component.id, now),
        tick: step.tick,
        now,
    };
    decide_one(open, &finding, step.settings.settle)
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
