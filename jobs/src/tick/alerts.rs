//! Tells of what a tick has found: budgets that burn, heartbeats that are missed, certificates that are about to expire, and
//! incidents that have something new to say.

use std::collections::HashMap;

use plimsoll_domain::alert::sources::{OURS, Watch, bring_in_line, of_incident, of_look, of_measurement, unmeasured};
use plimsoll_domain::alert::{Alert, Signal};
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::incident::Incident;
use plimsoll_domain::slo::Slo;
use plimsoll_domain::time::Timestamp;
use plimsoll_store::alerting::Alerting;
use plimsoll_store::{Result, StoreError};

use super::Step;
use super::memory::Memory;
use super::probe::Looks;
use super::world::TenantWorld;

/// Fires what has changed, and then notes what incidents have said: a tick that is cut short in between says it again, and
/// it is heard once.
pub(crate) async fn tell(
    memory: &Memory,
    step: &mut Step<'_>,
    looks: &Looks,
    (alerting, now): (&Alerting, Timestamp),
) -> Result<()> {
    let mut open: HashMap<TenantId, Vec<Alert>> = HashMap::new();
    for alert in step.store.open_alerts_across_tenants(&OURS).await? {
        open.entry(alert.tenant.clone()).or_default().push(alert);
    }
    let mut any_said = false;
    for tenant in &step.world.tenants {
        let id = &tenant.tenant.id;
        let watches = watches(memory, tenant, looks, now);
        let open = open.get(id).map_or(&[][..], Vec::as_slice);
        let mut signals = bring_in_line(open, &watches);
        let news: Vec<&Incident> =
            tenant.incidents.iter().filter(|held| held.dispatched < held.updates.len()).collect();
        signals.extend(
            news.iter().filter(|incident| !tells_of_itself(tenant, incident)).filter_map(|one| of_incident(one, open)),
        );
        if let Err(error) = fire(alerting, id, &signals, now).await {
            fatal(id, error)?;
            continue;
        }
        for incident in news {
            any_said = true;
            note_said(step, incident).await?;
        }
    }
    if any_said { step.world.reload_incidents(step.store).await } else { Ok(()) }
}

async fn fire(alerting: &Alerting, tenant: &TenantId, signals: &[Signal], now: Timestamp) -> Result<()> {
    if signals.is_empty() {
        return Ok(());
    }
    alerting.fire(tenant, signals, now).await.map(drop)
}

/// The store as a whole is in trouble: the next tick says it. One tenant's trouble does not keep the others from theirs.
fn fatal(tenant: &TenantId, error: StoreError) -> Result<()> {
    if matches!(error, StoreError::Unavailable { .. } | StoreError::DiskFull) {
        return Err(error);
    }
    tracing::error!(tenant_id = %tenant, error = %error, "alerts of a tick could not be fired");
    Ok(())
}

fn watches(memory: &Memory, tenant: &TenantWorld, looks: &Looks, now: Timestamp) -> Vec<Watch> {
    let id = &tenant.tenant.id;
    let held = memory.tenants.get(id);
    let of_slo = |slo: &Slo| match held.and_then(|held| held.measured.get(&slo.slo_type)) {
        Some(measurement) => of_measurement(measurement),
        None => unmeasured(slo),
    };
    let mut watches: Vec<Watch> = tenant.slos.objectives.iter().flat_map(of_slo).collect();
    for component in &tenant.components {
        if let Some(outcome) = looks.get(&(id.clone(), component.id.clone())) {
            watches.extend(of_look(component, outcome, now));
        } else {
            watches.extend(unseen(component));
        }
    }
    watches
}

/// A component that was not looked at keeps what is open of it.
fn unseen(component: &plimsoll_domain::component::Component) -> impl Iterator<Item = Watch> {
    ["heartbeat", "certificate"].into_iter().map(|source| Watch::Unknown(format!("{source}/{}", component.id)))
}

/// A missed heartbeat tells of itself, and so does a budget that burns: their incidents would be the same again.
fn tells_of_itself(tenant: &TenantWorld, incident: &Incident) -> bool {
    let Some(opener) = incident.automation.as_ref().map(|automation| &automation.opener) else { return false };
    let of = tenant.components.iter().find(|component| component.id.as_str() == opener.as_str());
    opener.slo().is_some() || of.is_some_and(|component| component.probe.kind() == "heartbeat")
}

/// Somebody who was faster has changed the incident: the next tick sees what they said, and what was said stays said.
async fn note_said(step: &Step<'_>, incident: &Incident) -> Result<()> {
    let next = Incident { dispatched: incident.updates.len(), version: incident.version + 1, ..incident.clone() };
    match step.store.change_incident(&next).await {
        Err(StoreError::Stale { .. } | StoreError::Exists { .. }) => Ok(()),
        done => done,
    }
}
