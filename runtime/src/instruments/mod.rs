//! Metrics: what is counted, and how it is shown to a scraper.

pub mod catalogue;
mod job_runs;
mod runtime_figures;
mod tenant_gauges;
mod tenant_requests;

pub use job_runs::{Job, JobRuns};
pub use tenant_gauges::{SloFigures, TenantGauges};
pub use tenant_requests::{OTHERS, TenantRequests};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use catalogue::Kind;
use runtime_figures::RuntimeFigures;

/// What is counted in this process.
pub struct Counted {
    handle: PrometheusHandle,
    process: metrics_process::Collector,
    runtime: RuntimeFigures,
}

impl Counted {
    /// Counts from now on, process-wide. To be called within the runtime that is to be watched, before anything that counts is
    /// made; `version` is that of the program.
    pub fn from_now_on(version: &'static str) -> Result<Self, BuildError> {
        let mut builder = PrometheusBuilder::new();
        for instrument in catalogue::all() {
            if let Kind::Histogram(bounds) = instrument.kind {
                builder = builder.set_buckets_for_metric(Matcher::Full(instrument.name.to_owned()), bounds)?;
            }
        }
        let handle = builder.install_recorder()?;
        catalogue::describe();
        let process = metrics_process::Collector::default();
        process.describe();
        metrics::gauge!("plimsoll_build_info", "version" => version).set(1.0);
        Ok(Self { handle, process, runtime: RuntimeFigures::new() })
    }

    /// Folds what was counted, so that memory stays bounded when nobody scrapes: to be called every few seconds.
    pub fn fold(&self) {
        self.handle.run_upkeep();
    }

    /// Everything counted so far as Prometheus text, with fresh figures of the process itself.
    pub fn render(&self) -> String {
        self.process.collect();
        self.runtime.show();
        self.handle.render()
    }
}
