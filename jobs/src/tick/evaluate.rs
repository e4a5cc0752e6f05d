//! Measures every SLO from the running accounts, stores the measurements and shows them as gauges.

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::ledger::Reach;
use plimsoll_domain::slo::measurement::Subject;
use plimsoll_domain::slo::{Measurement, Slo, WindowTotals, measure};
use plimsoll_domain::time::Span;
use plimsoll_store::Result;

use super::Step;
use super::memory::{ComponentMemory, Memory, TenantMemory};
use super::world::TenantWorld;

const MEASUREMENTS_PER_WRITE: usize = 1_000;
/// Tenants that have gauges of their own; those beyond it are left out, so that labels stay bounded.
const TENANTS_WITH_GAUGES: usize = 1_000;

/// Measures every SLO of every tenant.
pub(crate) async fn evaluate(memory: &mut Memory, step: &Step<'_>) -> Result<()> {
    let mut measured = Vec::new();
    for (index, tenant) in step.world.tenants.iter().enumerate() {
        let Some(held) = memory.tenants.get_mut(&tenant.tenant.id) else { continue };
        for slo in &tenant.slos.objectives {
            let measurement = measure_one(step, tenant, held, slo);
            if index < TENANTS_WITH_GAUGES {
                set_gauges(&measurement);
            }
            held.measured.insert(slo.slo_type.clone(), measurement.clone());
            measured.push(measurement);
        }
    }
    for part in measured.chunks(MEASUREMENTS_PER_WRITE) {
        step.store.put_measurements(part).await?;
    }
    Ok(())
}

fn measure_one(step: &Step<'_>, tenant: &TenantWorld, held: &TenantMemory, slo: &Slo) -> Measurement {
    let inside: Vec<&ComponentMemory> = tenant
        .components
        .iter()
        .filter(|component| slo.scope.includes(component))
        .filter_map(|component| held.components.get(&component.id))
        .collect();
    let interval = step.settings.interval;
    let end = step.tick.end(interval);
    let totals = |span: Span| {
        let mut totals = WindowTotals::default();
        for component in &inside {
            totals.add(component.ledger.totals(Reach::Last(span), end).unwrap_or_default());
        }
        totals
    };
    let subject = Subject { tenant: &tenant.tenant.id, tick: step.tick, interval, components: inside.len() };
    measure(slo, &subject, &totals, held.measured.get(&slo.slo_type))
}

fn set_gauges(measurement: &Measurement) {
    let Measurement { tenant, slo_type, .. } = measurement;
    let labels = |tenant: &TenantId| [("tenant", tenant.to_string()), ("slo_type", slo_type.to_string())];
    let set = |name: &'static str, value: Option<f64>| {
        metrics::gauge!(name, &labels(tenant)).set(value.unwrap_or(f64::NAN));
    };
    set("plimsoll_slo_compliance_ratio", measurement.sli());
    set("plimsoll_error_budget_remaining_ratio", measurement.budget.map(|budget| budget.remaining_ratio));
    for reading in &measurement.burn {
        let [tenant, slo_type] = labels(tenant);
        let labels = [tenant, slo_type, ("window", reading.window.to_string())];
        metrics::gauge!("plimsoll_slo_burn_rate", &labels).set(reading.rate.unwrap_or(f64::NAN));
    }
}
