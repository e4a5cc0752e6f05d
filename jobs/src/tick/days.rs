//! The past days of a tenant's components, as the page shows them: read when a day is over, or when one was changed.

use std::collections::{HashMap, HashSet};

use plimsoll_domain::ids::Series;
use plimsoll_domain::page::first_shown_day;
use plimsoll_domain::rollup::{Counts, Tally};
use plimsoll_domain::time::Day;
use plimsoll_store::{Result, Store};

use super::world::TenantWorld;

/// Series that are read at a time.
const SERIES: usize = 500;

/// The days before today that hold samples, by component.
#[derive(Default)]
pub(crate) struct PastDays {
    by_series: HashMap<Series, Box<[(Day, Packed)]>>,
    /// The day they lie before.
    today: Option<Day>,
}

/// Counts of one day, which has no more ticks than this has room for.
#[derive(Clone, Copy)]
struct Packed([u16; 8]);

impl Packed {
    fn of(counts: Counts) -> Self {
        let Counts { normal: n, maintenance: m, .. } = counts;
        let all = [n.operational, n.degraded, n.down, n.unknown, m.operational, m.degraded, m.down, m.unknown];
        Self(all.map(|count| u16::try_from(count).unwrap_or(u16::MAX)))
    }

    fn counts(self) -> Counts {
        let tally = |first: usize| {
            let [operational, degraded, down, unknown] = std::array::from_fn(|index| self.0[first + index].into());
            Tally { operational, degraded, down, unknown }
        };
        Counts { normal: tally(0), maintenance: tally(4), event_hours: 0 }
    }
}

impl PastDays {
    /// The days of a component that hold samples, in order.
    pub(crate) fn of(&self, series: &Series) -> Vec<(Day, Counts)> {
        let held = self.by_series.get(series).map(AsRef::as_ref).unwrap_or_default();
        held.iter().map(|(day, packed)| (*day, packed.counts())).collect()
    }

    /// Has the days of a component read anew.
    pub(crate) fn forget(&mut self, series: &Series) {
        self.by_series.remove(series);
    }

    fn missing(&mut self, tenant: &TenantWorld, today: Day) -> Vec<Series> {
        if self.today != Some(today) {
            (self.today, self.by_series) = (Some(today), HashMap::new());
        }
        let all: HashSet<_> = tenant.components.iter().map(|component| Series::from(&component.id)).collect();
        self.by_series.retain(|series, _| all.contains(series));
        all.into_iter().filter(|series| !self.by_series.contains_key(series)).collect()
    }
}

/// Reads what is missing of the days before `today`.
pub(crate) async fn read_missing(
    store: &dyn Store,
    tenants: &mut [(&TenantWorld, &mut PastDays)],
    today: Day,
) -> Result<()> {
    let mut missing = Vec::new();
    for (index, (tenant, days)) in tenants.iter_mut().enumerate() {
        missing.extend(days.missing(tenant, today).into_iter().map(|series| (index, series)));
    }
    for part in missing.chunks(SERIES) {
        let name = |(index, series): &(usize, Series)| (tenants[*index].0.tenant.id.clone(), series.clone());
        let names: Vec<_> = part.iter().map(name).collect();
        let mut found = store.day_rollups(&names, first_shown_day(today)..today).await?;
        for ((index, series), name) in part.iter().zip(&names) {
            let days = found.remove(name).unwrap_or_default();
            let packed = days.into_iter().map(|(day, rollup)| (day, Packed::of(rollup.counts)));
            tenants[*index].1.by_series.insert(series.clone(), packed.collect());
        }
    }
    Ok(())
}
