//! What every handler can reach. Built once by the composition; nothing here is read from the environment.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::page::PageConfig;
use plimsoll_domain::report::MonthlyReport;
use plimsoll_domain::sealing::Sealer;
use plimsoll_domain::time::{Clock, Interval, Timestamp};
use plimsoll_runtime::client_address::TrustedProxies;
use plimsoll_runtime::dns::TxtRecords;
use plimsoll_runtime::instruments::TenantRequests;
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_runtime::profiling::Profiler;
use plimsoll_runtime::upstream::Upstream;
use plimsoll_store::Store;
use plimsoll_store::alerting::Alerting;
use plimsoll_store::subscribing::Subscribing;
use plimsoll_store::tally::Tally;

use crate::audit::Refusals;
use crate::dependencies::Dependencies;
use crate::extract::Verdicts;
use crate::tunnel::{Tunnel, TunnelSettings};

/// Everything the API stands on.
pub struct ApiParts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Stores what signals come to, and has it sent.
    pub alerting: Alerting,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Where keys and ids come from.
    pub entropy: Arc<dyn Entropy>,
    /// The platform owner's key as [`hash_key`](plimsoll_domain::tenant::hash_key) makes it.
    pub root_key_hash: String,
    /// The life of the process: what must be finished though its client has hung up is tracked by it.
    pub life: Lifecycle,
    /// The length of a tick.
    pub interval: Interval,
    /// What the process knows of itself.
    pub facts: Facts,
    /// Whether the process may take traffic.
    pub readiness: Arc<Readiness>,
    /// What the jobs of this process last did.
    pub jobs: Arc<dyn JobsReport>,
    /// Called when somebody changed what the public sees, so that it is shown without waiting for the next tick.
    pub changed: Arc<dyn Fn() + Send + Sync>,
    /// Called when somebody changed what keeps alerts back or where they go, so that those kept back are looked at soon.
    pub alerts_changed: Arc<dyn Fn() + Send + Sync>,
    /// What the process stands on.
    pub dependencies: Dependencies,
    /// Renders `/metrics`, as Prometheus text; `None`: nothing is counted.
    pub metrics_text: Option<Arc<dyn Fn() -> String + Send + Sync>>,
    /// Counts requests by tenant.
    pub tenant_requests: TenantRequests,
    /// Makes profiles of the process.
    pub profiler: Profiler,
    /// What is counted of frontend apps.
    pub tally: Arc<Tally>,
    /// By which their envelopes are passed on.
    pub upstream: Upstream,
    /// The bounds of that.
    pub tunnel: TunnelSettings,
    /// Whose word is taken on where a request is from.
    pub trusted_proxies: TrustedProxies,
    /// Takes and ends subscriptions.
    pub subscribing: Subscribing,
    /// Seals what lets the holder of a link see a private page.
    pub sealer: Arc<dyn Sealer>,
    /// Where it is looked up whether the name of a page is the tenant's.
    pub txt_records: Arc<dyn TxtRecords>,
    /// How the outside names us, without a slash at its end: for links to pages.
    pub public_url: String,
    /// Makes a page of a monthly report, in the language of an `Accept-Language`; `None`: there are none here.
    pub report_page: Option<ReportPage>,
    /// Operations that another crate serves on the same listener, to stand in the same `OpenAPI` document.
    pub extra_openapi: Option<utoipa::openapi::OpenApi>,
}

/// Makes a page of a monthly report: of the report, of what the tenant settled about its page, and of an `Accept-Language`.
pub type ReportPage = Arc<dyn Fn(&MonthlyReport, &PageConfig, &str) -> String + Send + Sync>;

/// What the process knows of itself.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The running configuration without anything secret, as `GET /observability/config` shows it.
    pub running_config: Value,
    /// The version of the program.
    pub version: &'static str,
    /// The roles that run here: `api`, `jobs`, `status`.
    pub roles: Vec<String>,
}

/// [`ApiParts`], shared: cloning it is cheap.
#[derive(Clone)]
pub struct ApiState(Arc<Shared>);

struct Shared {
    parts: ApiParts,
    tunnel: Tunnel,
    verdicts: Verdicts,
    refusals: Refusals,
}

impl ApiState {
    /// Shares `parts`. Metrics are bound to the recorder that is installed when this is called.
    pub fn new(parts: ApiParts) -> Self {
        let tunnel = Tunnel::new(
            (&parts.store, &parts.clock, parts.entropy.as_ref()),
            &parts.tally,
            parts.upstream.clone(),
            parts.tunnel.clone(),
        );
        Self(Arc::new(Shared { parts, tunnel, verdicts: Verdicts::new(), refusals: Refusals::new() }))
    }

    /// What keeps the tunnel true: to be called at start, and every few seconds.
    pub async fn upkeep(&self) {
        self.0.tunnel.upkeep().await;
    }

    /// Counts what came of keys.
    pub(crate) fn verdicts(&self) -> &Verdicts {
        &self.0.verdicts
    }

    /// Which refusals have left an entry in the audit log.
    pub(crate) fn refusals(&self) -> &Refusals {
        &self.0.refusals
    }

    /// By which envelopes of frontend apps are passed on.
    pub(crate) fn tunnel(&self) -> &Tunnel {
        &self.0.tunnel
    }
}

impl Deref for ApiState {
    type Target = ApiParts;

    fn deref(&self) -> &ApiParts {
        &self.0.parts
    }
}

/// Whether start-up has finished, and whether the process is on its way out.
#[derive(Debug, Default)]
pub struct Readiness {
    started: AtomicBool,
    draining: AtomicBool,
}

impl Readiness {
    /// Notes that start-up has finished.
    pub fn set_started(&self) {
        self.started.store(true, Ordering::Release);
    }

    /// Notes that the process stops: it finishes what it has and wants nothing new.
    pub fn set_draining(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Whether start-up has finished.
    pub fn is_started(&self) -> bool {
        self.started.load(Ordering::Acquire)
    }

    /// Whether the process is on its way out.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}

/// What one background job last did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Its name, e.g. `tick`.
    pub name: &'static str,
    /// When it last finished; `None` before the first time.
    pub last_run_at: Option<Timestamp>,
}

/// How the jobs of this process tell of themselves, for `/health/detailed`.
pub trait JobsReport: Send + Sync {
    /// One row for each job; none when the jobs run elsewhere.
    fn rows(&self) -> Vec<JobRow>;
}

/// For a process without the `jobs` role: no rows.
impl JobsReport for () {
    fn rows(&self) -> Vec<JobRow> {
        Vec::new()
    }
}
