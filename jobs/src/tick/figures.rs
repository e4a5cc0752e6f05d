//! The metrics of ticks: how they go, and what they leave behind.

use std::collections::BTreeMap;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use plimsoll_domain::ids::{Series, TenantId};
use plimsoll_domain::sample::SampleStatus;
use plimsoll_domain::time::Timestamp;

use super::Step;
use super::memory::Memory;
use super::probe::Looks;

const STATUSES: [SampleStatus; 4] =
    [SampleStatus::Operational, SampleStatus::Degraded, SampleStatus::Down, SampleStatus::Unknown];

/// The metrics.
pub(crate) struct Figures {
    samples: [Counter; STATUSES.len()],
    latency: Histogram,
    missed: Counter,
    duration: Histogram,
    lag: Histogram,
    last: Gauge,
    tenants: Gauge,
    components: [Gauge; STATUSES.len()],
    incidents_open: Gauge,
}

impl Figures {
    /// Bound to the recorder that is installed when this is called.
    pub(crate) fn new() -> Self {
        Self {
            samples: STATUSES.map(|status| counter!("plimsoll_samples_total", "status" => status.as_str())),
            latency: histogram!("plimsoll_sample_latency_seconds"),
            missed: counter!("plimsoll_samples_missed_total"),
            duration: histogram!("plimsoll_tick_duration_seconds"),
            lag: histogram!("plimsoll_tick_lag_seconds"),
            last: gauge!("plimsoll_tick_last_timestamp_seconds"),
            tenants: gauge!("plimsoll_tenants"),
            components: STATUSES.map(|status| gauge!("plimsoll_components", "status" => status.as_str())),
            incidents_open: gauge!("plimsoll_incidents_open"),
        }
    }

    /// What was found, and when the certificates end that were seen.
    pub(crate) fn looked(&self, looks: &Looks, step: &Step<'_>) {
        for (counter, many) in self.samples.iter().zip(by_status(looks.values().map(|outcome| outcome.status))) {
            counter.increment(many);
        }
        for latency in looks.values().filter_map(|outcome| outcome.latency_ms) {
            self.latency.record(f64::from(latency) / 1_000.0);
        }
        step.settings.gauges.set_certificates(first_ends(looks).into_iter());
    }

    /// A tick that came to its end, with what it leaves behind.
    pub(crate) fn ended(&self, step: &Step<'_>, memory: &Memory) {
        let report = &step.report;
        self.missed.increment(report.missed);
        self.duration.record(report.duration_ms as f64 / 1_000.0);
        self.lag.record(step.world.now.millis_since(step.tick.start()) as f64 / 1_000.0);
        self.last.set(step.tick.start().seconds() as f64);
        self.tenants.set(report.tenants as f64);
        let newest = step.world.components().map(|(tenant, component)| {
            let held = memory.tenants.get(&tenant.tenant.id);
            let latest = |series| held.map(|held| held.latest(&series, step.tick, step.settings.interval));
            latest(Series::from(&component.id)).unwrap_or(SampleStatus::Unknown)
        });
        for (gauge, many) in self.components.iter().zip(by_status(newest)) {
            gauge.set(many as f64);
        }
        let incidents = step.world.tenants.iter().flat_map(|tenant| &tenant.incidents);
        self.incidents_open.set(incidents.filter(|incident| incident.is_open()).count() as f64);
    }
}

/// How many there are of each, in the order of [`STATUSES`].
fn by_status(found: impl Iterator<Item = SampleStatus>) -> [u64; STATUSES.len()] {
    let mut counts = [0; STATUSES.len()];
    for status in found {
        for (known, count) in STATUSES.iter().zip(&mut counts) {
            *count += u64::from(*known == status);
        }
    }
    counts
}

/// When the first certificate of each tenant ends, of those that were seen.
fn first_ends(looks: &Looks) -> BTreeMap<TenantId, Timestamp> {
    let mut ends = BTreeMap::new();
    for ((tenant, _), outcome) in looks {
        if let Some(at) = outcome.certificate_expires_at {
            ends.entry(tenant.clone()).and_modify(|first: &mut Timestamp| *first = at.min(*first)).or_insert(at);
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::probe::ProbeOutcome;

    use super::*;

    fn look(
        tenant: &str,
        component: &str,
        ends: Option<i64>,
    ) -> ((TenantId, plimsoll_domain::ids::ComponentId), ProbeOutcome) {
        let certificate_expires_at = ends.map(Timestamp::from_seconds);
        let outcome = ProbeOutcome { certificate_expires_at, ..ProbeOutcome::answered(1, None) };
        ((tenant.parse().expect("slug"), component.parse().expect("slug")), outcome)
    }

    #[test]
    fn of_a_tenants_certificates_the_first_to_end_counts() {
        let looks = [
            look("acme", "api", Some(2_000)),
            look("acme", "web", Some(1_000)),
            look("acme", "queue", None),
            look("globex", "api", None),
        ];
        let ends = first_ends(&looks.into_iter().collect());
        assert_eq!(
            ends.into_iter().collect::<Vec<_>>(),
            [("acme".parse().expect("slug"), Timestamp::from_seconds(1_000))]
        );
    }

    #[test]
    fn each_status_is_counted_by_itself() {
        use SampleStatus::{Degraded, Down, Operational, Unknown};
        let found = [Operational, Down, Unknown, Operational, Unknown, Degraded, Operational];
        assert_eq!(by_status(found.into_iter()), [3, 1, 1, 2]);
    }
}
