//! How fast a tenant's components answered in the last hours, as the page draws it: read once, and carried on when an hour is
//! folded.

use std::collections::{HashMap, HashSet};

use plimsoll_domain::ids::{HourKey, Series};
use plimsoll_domain::ledger::folded_before;
use plimsoll_domain::page::{LATENCY_HOURS, LatencyPoint};
use plimsoll_domain::rollup::Rollup;
use plimsoll_domain::time::{Hour, Timestamp};
use plimsoll_store::{Result, Store};

use super::world::TenantWorld;

/// Series that are read at a time: each has as many rollups as there are hours.
const SERIES: usize = 100;

/// The newest hours in which anything was timed, by component, oldest first.
#[derive(Default)]
pub(crate) struct Latencies(HashMap<Series, Vec<LatencyPoint>>);

impl Latencies {
    /// Those of a component, of the hours that are over at `end`.
    pub(crate) fn of(&self, series: &Series, end: Timestamp) -> Vec<LatencyPoint> {
        let first = first_hour(end).start();
        let held = self.0.get(series).map(Vec::as_slice).unwrap_or_default();
        held.iter().filter(|point| first <= point.at).copied().collect()
    }

    /// An hour was folded, for the first time or anew. What is not held is read when it is needed.
    pub(crate) fn note(&mut self, series: &Series, hour: Hour, rollup: &Rollup) {
        let Some(held) = self.0.get_mut(series) else { return };
        let at = held.partition_point(|point| point.at < hour.start());
        let is_known = held.get(at).is_some_and(|point| point.at == hour.start());
        held.splice(at..at + usize::from(is_known), point_of(hour, rollup));
        let too_many = held.len().saturating_sub(LATENCY_HOURS);
        held.drain(..too_many);
    }

    fn missing(&mut self, tenant: &TenantWorld) -> Vec<Series> {
        let all: HashSet<_> = tenant.components.iter().map(|component| Series::from(&component.id)).collect();
        self.0.retain(|series, _| all.contains(series));
        all.into_iter().filter(|series| !self.0.contains_key(series)).collect()
    }
}

fn first_hour(end: Timestamp) -> Hour {
    folded_before(end).plus(-i64::try_from(LATENCY_HOURS).expect("a few days"))
}

/// Inside maintenance or not: how fast it answers, it answers.
fn point_of(hour: Hour, rollup: &Rollup) -> Option<LatencyPoint> {
    let mut all = rollup.latency.clone();
    all.merge(&rollup.maintenance_latency);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is cut to what there is room for")]
    let quantile = |q: f64| all.quantile(q).map(|ms| ms.round() as u32);
    Some(LatencyPoint { at: hour.start(), p50_ms: quantile(0.5)?, p95_ms: quantile(0.95)? })
}

/// Reads what is missing of the hours that are over at `end`.
pub(crate) async fn read_missing(
    store: &dyn Store,
    tenants: &mut [(&TenantWorld, &mut Latencies)],
    end: Timestamp,
) -> Result<()> {
    let mut missing = Vec::new();
    for (index, (tenant, latencies)) in tenants.iter_mut().enumerate() {
        missing.extend(latencies.missing(tenant).into_iter().map(|series| (index, series)));
    }
    let hours = first_hour(end).number()..folded_before(end).number();
    for part in missing.chunks(SERIES) {
        let keys = part.iter().flat_map(|(index, series)| {
            let tenant = &tenants[*index].0.tenant.id;
            let key = |hour| HourKey { tenant: tenant.clone(), series: series.clone(), hour: Hour::from_number(hour) };
            hours.clone().map(key)
        });
        let found = store.hour_rollups(&keys.collect::<Vec<_>>()).await?;
        let mut points: HashMap<(&str, &str), Vec<LatencyPoint>> = HashMap::new();
        for (key, rollup) in &found {
            let of = points.entry((key.tenant.as_str(), key.series.as_str())).or_default();
            of.extend(point_of(key.hour, rollup));
        }
        for (index, series) in part {
            let mut held = points.remove(&(tenants[*index].0.tenant.id.as_str(), series.as_str())).unwrap_or_default();
            held.sort_by_key(|point| point.at);
            tenants[*index].1.0.insert(series.clone(), held);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::ids::ComponentId;
    use plimsoll_domain::sketch::Sketch;

    use super::*;

    #[test]
    fn hours_join_at_their_place_and_are_replaced_when_they_are_folded_anew() {
        let api: ComponentId = "api".parse().expect("slug");
        let (mut latencies, api) = (Latencies::default(), Series::from(&api));
        let rollup = |ms: f64| Rollup { latency: Sketch::of([ms; 20]), ..Rollup::default() };
        latencies.note(&api, Hour::from_number(1), &rollup(10.0));
        assert!(latencies.0.is_empty(), "what was never read is read when it is needed");
        latencies.0.insert(api.clone(), Vec::new());
        for hour in (100..200).chain([120, 199]) {
            latencies.note(&api, Hour::from_number(hour), &rollup(if hour == 199 { 40.0 } else { 10.0 }));
        }
        latencies.note(&api, Hour::from_number(180), &Rollup::default());
        let end = Hour::from_number(202).start();
        let points = latencies.of(&api, end);
        let hours: Vec<_> = points.iter().map(|point| point.at.hour().number()).collect();
        let want: Vec<_> = (0..200).filter(|hour| *hour != 180 && *hour >= folded_before(end).number() - 48).collect();
        assert_eq!(hours, want);
        assert_eq!(points.last().map(|point| (point.p50_ms, point.p95_ms)), Some((40, 40)));
    }
}
