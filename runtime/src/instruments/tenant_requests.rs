//! Requests by tenant. Tenants come and go without end and series do not go, so only so many have one of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use fnv::FnvBuildHasher;
use metrics::{Counter, counter};

use plimsoll_domain::ids::TenantId;

/// In whose name those are counted who have no series of their own. No tenant is called so: an id has no underscore.
pub const OTHERS: &str = "_other";

/// Counts requests by tenant. Clones share one state. Count only for tenants that are known to exist: otherwise whoever makes
/// up names takes the places.
#[derive(Clone)]
pub struct TenantRequests(Arc<Counted>);

struct Counted {
    /// Series that are not taken yet.
    places: AtomicUsize,
    /// By a hash that is quick for short names. Whoever could choose names that meet may create tenants.
    known: DashMap<TenantId, Counter, FnvBuildHasher>,
    others: Counter,
}

impl TenantRequests {
    /// The first `most` tenants that ask have series of their own. Bound to the recorder that is installed when this is
    /// called.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Counted { places: AtomicUsize::new(most), known: DashMap::default(), others: of(OTHERS) }))
    }

    /// Counts one request. Allocates nothing for a tenant that has been counted before.
    pub fn count(&self, tenant: &TenantId) {
        match self.0.known.get(tenant) {
            Some(counter) => counter.increment(1),
            None => self.learn(tenant),
        }
    }

    fn learn(&self, tenant: &TenantId) {
        let Counted { places, known, others } = &*self.0;
        if places.load(Ordering::Relaxed) == 0 {
            return others.increment(1);
        }
        match known.entry(tenant.clone()) {
            Entry::Occupied(held) => held.get().increment(1),
            Entry::Vacant(room) => {
                let is_placed =
                    places.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
                if is_placed { room.insert(of(tenant.as_str())).increment(1) } else { others.increment(1) }
            }
        }
    }
}

fn of(tenant: &str) -> Counter {
    counter!("plimsoll_tenant_api_requests_total", "tenant" => tenant.to_owned())
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn tenants_beyond_the_most_are_counted_together() {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let requests = TenantRequests::new(2);
            for tenant in ["acme", "globex", "acme", "initech", "umbrella", "globex", "acme"] {
                requests.clone().count(&tenant.parse().expect("slug"));
            }
        });
        let text = recorder.handle().render();
        let counted = |tenant: &str, many: u64| {
            text.contains(&format!("plimsoll_tenant_api_requests_total{{tenant=\"{tenant}\"}} {many}\n"))
        };
        assert!(counted("acme", 3) && counted("globex", 2) && counted(OTHERS, 2), "{text}");
        assert!(!text.contains("initech") && !text.contains("umbrella"), "{text}");
    }

    #[test]
    fn however_many_come_at_once_no_more_have_series_than_may() {
        let requests = TenantRequests::new(5);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope
                    .spawn(|| (0..100).for_each(|number| requests.count(&format!("t{number}").parse().expect("slug"))));
            }
        });
        assert_eq!(requests.0.known.len(), 5);
    }
}
