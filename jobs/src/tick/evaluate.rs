//! Measures every SLO from the running accounts, stores the measurements and hands them to the gauges.

use plimsoll_domain::accounts::Scene;
use plimsoll_domain::slo::{Measurement, Slo};
use plimsoll_runtime::instruments::SloFigures;
use plimsoll_store::Result;

use super::Step;
use super::ask::{Answer, Answers};
use super::memory::Memory;

const MEASUREMENTS_PER_WRITE: usize = 1_000;

/// Measures every SLO of every tenant.
pub(crate) async fn evaluate(memory: &mut Memory, step: &Step<'_>, answers: &Answers) -> Result<()> {
    let mut measured = Vec::new();
    reread_changed(memory, step).await?;
    for tenant in &step.world.tenants {
        let Some(held) = memory.tenants.get_mut(&tenant.tenant.id) else { continue };
        let scene = Scene {
            tenant: &tenant.tenant.id,
            components: &tenant.components,
            tick: step.tick,
            interval: step.settings.interval,
        };
        for slo in &tenant.slos.objectives {
            let mut measurement = held.accounts.measure(slo, &scene, held.measured.get(&slo.slo_type));
            measurement.trouble = trouble(answers, &measurement);
            held.measured.insert(slo.slo_type.clone(), measurement.clone());
            measured.push(measurement);
        }
    }
    for part in measured.chunks(MEASUREMENTS_PER_WRITE) {
        step.store.put_measurements(part).await?;
    }
    step.settings.gauges.set_slos(measured.iter().map(figures_of));
    Ok(())
}

/// An SLO that was changed may have been measured elsewhere since: what is noted of the change is noted once.
async fn reread_changed(memory: &mut Memory, step: &Step<'_>) -> Result<()> {
    let end = step.tick.end(step.settings.interval);
    for tenant in &step.world.tenants {
        let Some(held) = memory.tenants.get_mut(&tenant.tenant.id) else { continue };
        let is_new = |slo: &&Slo| {
            let before = held.measured.get(&slo.slo_type);
            before.is_none_or(|before| (before.objective, before.window) != (slo.objective, slo.window))
        };
        let changed: Vec<_> = tenant.slos.objectives.iter().filter(is_new).map(|slo| slo.slo_type.clone()).collect();
        if !changed.is_empty() {
            let latest = step.store.latest_measurements(&tenant.tenant.id, &changed, end).await?;
            held.measured.extend(latest.into_iter().map(|latest| (latest.slo_type.clone(), latest)));
        }
    }
    Ok(())
}

fn trouble(answers: &Answers, measured: &Measurement) -> Option<String> {
    match answers.get(&(measured.tenant.clone(), measured.slo_type.clone()))? {
        Answer::Trouble(reason) => Some(reason.clone()),
        Answer::Counted { .. } | Answer::Nothing => None,
    }
}

fn figures_of(measured: &Measurement) -> SloFigures {
    SloFigures {
        tenant: measured.tenant.clone(),
        slo_type: measured.slo_type.clone(),
        objective: measured.objective.ratio(),
        compliance: measured.sli(),
        budget_remaining: measured.budget.map(|budget| budget.remaining_ratio),
        burn: measured.burn.iter().map(|reading| (reading.window.label(), reading.rate)).collect(),
    }
}
