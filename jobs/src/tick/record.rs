//! Writes down what the looks found, and, explicitly, what nobody looked at.

use plimsoll_domain::component::Component;
use plimsoll_domain::probe::ProbeSpec;
use plimsoll_domain::sample::{SAMPLE_RETENTION, Sample, SampleStatus, ticks_between};
use plimsoll_domain::time::{Tick, Timestamp};
use plimsoll_store::{Result, SeriesRecord};

use super::Step;
use super::probe::Looks;
use super::world::TenantWorld;

/// Samples in one write: many enough to share its cost, few enough not to hold up other writers.
const SAMPLES_PER_WRITE: usize = 5_000;

/// Records the samples of this tick, and `unknown` for ticks that were missed. A push component's tick can only be
/// judged once it is over: a report that still comes takes the place of `unknown`.
pub(crate) async fn record(step: &mut Step<'_>, looks: &Looks) -> Result<()> {
    let mut batch = Vec::new();
    let mut waiting = 0;
    let mut missed = 0;
    for (tenant, component) in step.world.components() {
        let mut samples = missed_ticks(step, tenant, component);
        missed += samples.len() - usize::from(!samples.is_empty() && component.probe == ProbeSpec::Push);
        samples.extend(this_tick(step, looks, component).map(|(status, latency_ms)| (step.tick, status, latency_ms)));
        let flagged = samples.into_iter().map(|(tick, status, latency_ms)| {
            let maintenance = tenant.in_maintenance(&component.id, tick.start());
            Sample { tick, status, latency_ms, maintenance }
        });
        let samples: Vec<_> = flagged.collect();
        waiting += samples.len();
        batch.push(SeriesRecord::of_component(&tenant.tenant.id, &component.id, samples));
        if waiting >= SAMPLES_PER_WRITE {
            step.store.record_samples(&batch).await?;
            batch.clear();
            waiting = 0;
        }
    }
    step.store.record_samples(&batch).await?;
    step.report.missed = missed as u64;
    Ok(())
}

fn missed_ticks(
    step: &Step<'_>,
    tenant: &TenantWorld,
    component: &Component,
) -> Vec<(Tick, SampleStatus, Option<u32>)> {
    let interval = step.settings.interval;
    let tick_of = |at: Timestamp| Tick::containing(at, interval).next(interval);
    let mut from = tick_of(component.created_at).max(tick_of(step.world.now.minus(SAMPLE_RETENTION)));
    // A snapshot from the future was made by a clock that was wrong, and tells nothing of what was missed.
    if let Some(shown) = tenant.shown.map(|shown| shown.min(step.tick.previous(interval).start())) {
        let unjudged =
            if component.probe == ProbeSpec::Push { tick_of(shown).previous(interval) } else { tick_of(shown) };
        from = from.max(unjudged);
    }
    ticks_between(from, step.tick, interval).map(|tick| (tick, SampleStatus::Unknown, None)).collect()
}

fn this_tick(step: &Step<'_>, looks: &Looks, component: &Component) -> Option<(SampleStatus, Option<u32>)> {
    if component.probe == ProbeSpec::Push {
        return None;
    }
    match looks.get(&(component.tenant.clone(), component.id.clone())) {
        Some(outcome) => Some((outcome.status, outcome.latency_ms)),
        // It was added while the others were looked at: the next tick is its first.
        None if step.world.now < component.created_at => None,
        None => Some((SampleStatus::Unknown, None)),
    }
}
