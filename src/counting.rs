//! Metrics, put together: what is counted from the start on, what the tick leaves, and what the allocator says.

use std::sync::Arc;
use std::time::Duration;

use metrics::{Gauge, gauge};
use plimsoll_runtime::config::MetricsConfig;
use plimsoll_runtime::instruments::{Counted, TenantGauges, TenantRequests};
use plimsoll_runtime::lifecycle::Lifecycle;
use tikv_jemalloc_ctl::{epoch, stats};

/// How often the recorder folds what was counted, so that memory stays bounded when nobody scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// What renders metrics.
pub(crate) type MetricsText = Arc<dyn Fn() -> String + Send + Sync>;

/// What is counted in this process.
pub(crate) struct Counting {
    /// Where the tick shows the figures of tenants.
    pub(crate) gauges: TenantGauges,
    pub(crate) tenant_requests: TenantRequests,
    /// `None`: nothing is counted.
    pub(crate) text: Option<MetricsText>,
}

impl Counting {
    /// Counts from now on, if anything is to be counted. Whatever counts is to be made after this.
    pub(crate) fn start(config: MetricsConfig, version: &'static str, life: &Lifecycle) -> anyhow::Result<Self> {
        let most = if config.enabled { config.tenants } else { 0 };
        let counted = config.enabled.then(|| Counted::from_now_on(version)).transpose()?.map(Arc::new);
        let gauges = TenantGauges::new(most);
        let text = counted.map(|counted| {
            fold(&counted, life);
            text(counted, gauges.clone())
        });
        Ok(Self { gauges, tenant_requests: TenantRequests::new(most), text })
    }
}

fn fold(counted: &Arc<Counted>, life: &Lifecycle) {
    let (counted, stopping) = (Arc::clone(counted), life.stopping().clone());
    life.spawn::<String>("metrics upkeep", async move {
        loop {
            tokio::select! {
                () = tokio::time::sleep(UPKEEP) => counted.fold(),
                () = stopping.cancelled() => return Ok(()),
            }
        }
    });
}

fn text(counted: Arc<Counted>, gauges: TenantGauges) -> MetricsText {
    let memory = Memory::new();
    Arc::new(move || {
        memory.show();
        let mut text = counted.render();
        gauges.render_onto(&mut text);
        text
    })
}

/// What the allocator says.
struct Memory {
    allocated: Gauge,
    resident: Gauge,
}

impl Memory {
    fn new() -> Self {
        Self {
            allocated: gauge!("plimsoll_memory_allocated_bytes"),
            resident: gauge!("plimsoll_memory_resident_bytes"),
        }
    }

    fn show(&self) {
        // Its figures are those of the last epoch. Where it tells none, those before stay.
        let figures = epoch::advance().and_then(|_| Ok((stats::allocated::read()?, stats::resident::read()?)));
        if let Ok((allocated, resident)) = figures {
            self.allocated.set(allocated as f64);
            self.resident.set(resident as f64);
        }
    }
}
