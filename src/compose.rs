//! From a configuration to a running process: store, then the listener, then the jobs. Everything that lives on is tracked by
//! the [`Lifecycle`] that was passed in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use plimsoll_api::{ApiParts, ApiState, Facts, JobRow, JobsReport, Readiness};
use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::sealing::Sealer;
use plimsoll_domain::time::Clock;
use plimsoll_jobs::{JobsSettings, JobsState};
use plimsoll_runtime::client_address::TrustedProxies;
use plimsoll_runtime::config::Config;
use plimsoll_runtime::dns::Dns;
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::instruments::TenantGauges;
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_runtime::secret_box::SecretBox;
use plimsoll_runtime::system_clock::SystemClock;
use plimsoll_runtime::system_entropy::SystemEntropy;
use plimsoll_runtime::trust;
use plimsoll_status_site::SiteParts;
use plimsoll_store::sealed::Sealed;
use plimsoll_store::subscribing::Subscribing;
use plimsoll_store::{OpenOptions, PublicReads, Store};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

use crate::counting::Counting;
use crate::frontends::{self, Frontends, process_name};
use crate::keys::{self, RootKey};
use crate::telling::Telling;
use crate::{dependencies, meanwhile, own_tenant, profiles, serve, site};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// The JSON API.
    pub api: bool,
    /// Sampling, measuring, incidents.
    pub jobs: bool,
    /// The public status page.
    pub status: bool,
}

impl Roles {
    /// Everything in one process.
    pub const ALL: Self = Self { api: true, jobs: true, status: true };

    pub(crate) fn names(self) -> Vec<String> {
        let all = [(self.api, "api"), (self.jobs, "jobs"), (self.status, "status")];
        all.iter().filter(|(on, _)| *on).map(|(_, name)| (*name).to_owned()).collect()
    }
}

/// A process that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// How a person on this machine reaches it.
    pub url: String,
    /// Where the root key is found.
    pub root_key_source: String,
    /// The store, to be closed when everything has stopped.
    pub store: Arc<dyn Store>,
    frontends: Frontends,
}

impl Running {
    /// Stores what was counted last, and closes the store. For when everything has stopped.
    pub async fn close(self) {
        self.frontends.close().await;
        self.store.close().await;
    }
}

/// Starts what `roles` name; returns once the listener accepts.
pub async fn start(config: Config, roles: Roles, life: &Lifecycle) -> anyhow::Result<Running> {
    let began = std::time::Instant::now();
    trust::check()?;
    let counting = Counting::start(config.telemetry.metrics, VERSION, life)?;
    let (ground, listener) = Ground::open((&config, roles), life).await?;
    let Ground { clock, entropy, store, own, .. } = &ground;
    let address = listener.local_addr()?;
    let settings = jobs_settings(&config, *own, entropy.as_ref(), counting.gauges.clone());
    let jobs = roles.jobs.then(JobsState::default);
    let telling = Telling::start(&config, store, (clock, entropy), roles.jobs.then_some(&settings), life)?;
    let frontends = Frontends::new((store, clock, entropy.as_ref()), &settings.egress);
    let beside = (&telling, &frontends, jobs.as_ref());
    let api = ApiState::new(api_parts((&config, roles), &ground, counting, beside, life)?);
    frontends.keep_up(&api, life).await;
    let shown = ground.shown(telling.subscribing.clone());
    site::answer(listener, (&config, roles), &api, shown, life);
    api.readiness.set_started();
    if let Some(jobs) = jobs {
        // Last, since the first thing they look at is what has just been started.
        frontends.relay(&settings, life);
        plimsoll_jobs::run((store, clock), settings, (telling.alerting, telling.wake_notices), jobs, life);
    }
    announce(&config, roles, &ground, began.elapsed());
    let Ground { store, root_key, own, .. } = ground;
    Ok(Running { address, url: format!("http://{own}"), root_key_source: root_key.source, store, frontends })
}

/// What everything stands on.
struct Ground {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    store: Arc<dyn Store>,
    sealer: Arc<dyn Sealer>,
    root_key: RootKey,
    /// Where this process reaches itself.
    own: SocketAddr,
}

impl Ground {
    /// Listens first, so that kept pages can be shown while the store is away.
    async fn open((config, roles): (&Config, Roles), life: &Lifecycle) -> anyhow::Result<(Self, TcpListener)> {
        let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        let listener = serve::listen(config.http_addr)
            .with_context(|| format!("cannot listen on {} (PLIMSOLL_HTTP_ADDR)", config.http_addr))?;
        let shown = roles.status.then(|| site::settings(config));
        let (opened, listener) = meanwhile::open(config, (&clock, &entropy), shown, listener, life).await?;
        let Opened { store, sealer } = opened;
        let given = config.root_key.as_ref().map(ExposeSecret::expose_secret);
        let root_key = keys::root_key(given, &config.data_dir, entropy.as_ref())?;
        let own = reachable(listener.local_addr()?);
        if roles == Roles::ALL {
            // A process with fewer roles does not serve what these probes look at.
            let url = format!("http://{own}");
            own_tenant::keep_in_step(store.as_ref(), &url, clock.now(), entropy.as_ref()).await?;
        }
        Ok((Self { clock, entropy, store, sealer, root_key, own }, listener))
    }

    /// What pages are made of.
    fn shown(&self, subscribing: Subscribing) -> SiteParts {
        SiteParts {
            reads: Arc::clone(&self.store) as Arc<dyn PublicReads>,
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            sealer: Arc::clone(&self.sealer),
            subscribing: Some(subscribing),
        }
    }
}

/// What the API stands on: the ground, what is counted, and what runs beside it.
fn api_parts(
    (config, roles): (&Config, Roles),
    ground: &Ground,
    counting: Counting,
    (telling, frontends, jobs): (&Telling, &Frontends, Option<&JobsState>),
    life: &Lifecycle,
) -> anyhow::Result<ApiParts> {
    let Ground { clock, entropy, store, sealer, root_key, own } = ground;
    Ok(ApiParts {
        store: Arc::clone(store),
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
        root_key_hash: root_key.hash.clone(),
        life: life.clone(),
        interval: config.interval,
        facts: Facts { running_config: config.public_view(), version: VERSION, roles: roles.names() },
        readiness: Arc::new(Readiness::default()),
        changed: plimsoll_jobs::waker(store, jobs.cloned(), life),
        alerting: telling.alerting.clone(),
        alerts_changed: telling.alerts_changed(),
        subscribing: telling.subscribing.clone(),
        sealer: Arc::clone(sealer),
        txt_records: Arc::new(Dns::new(config.dns_servers.clone())),
        public_url: config.public_url.clone(),
        report_page: roles.status.then(site::report_page),
        jobs: Arc::new(JobRows(jobs.cloned())),
        dependencies: dependencies::watched(config, store, clock, life)?,
        metrics_text: counting.text,
        tenant_requests: counting.tenant_requests,
        profiler: profiles::start((config, roles), *own, clock, life),
        tally: Arc::clone(&frontends.tally),
        upstream: frontends.upstream.clone(),
        tunnel: frontends::settings(config),
        trusted_proxies: TrustedProxies::new(&config.trusted_proxies),
        extra_openapi: roles.status.then(plimsoll_status_site::openapi),
    })
}

/// An open store, and what its secrets are sealed by.
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) sealer: Arc<dyn Sealer>,
}

/// The store, keeping no secret in the clear.
pub async fn open_store(config: &Config, entropy: &Arc<dyn Entropy>) -> anyhow::Result<Arc<dyn Store>> {
    open_sealed(config, entropy).await.map(|opened| opened.store)
}

/// The same, with what its secrets are sealed by.
pub(crate) async fn open_sealed(config: &Config, entropy: &Arc<dyn Entropy>) -> anyhow::Result<Opened> {
    let opened = plimsoll_store::open(&OpenOptions { uri: config.store.clone() }).await;
    let store = opened.context("cannot open the store (PLIMSOLL_STORE)")?;
    let sealer = sealer(config, entropy)?;
    Ok(Opened { store: Arc::new(Sealed::new(store, Arc::clone(&sealer))), sealer })
}

/// What secrets are sealed by.
pub(crate) fn sealer(config: &Config, entropy: &Arc<dyn Entropy>) -> anyhow::Result<Arc<dyn Sealer>> {
    let (current, previous) = keys::secret_keys(config, entropy.as_ref())?;
    Ok(Arc::new(SecretBox::new(current, previous, Arc::clone(entropy))))
}

/// Where this process reaches itself: a listener on every address is reached on loopback.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn jobs_settings(config: &Config, own: SocketAddr, entropy: &dyn Entropy, gauges: TenantGauges) -> JobsSettings {
    let egress = Egress::new(&config.egress_allow);
    JobsSettings {
        interval: config.interval,
        settle: config.settle,
        holder: holder(&config.store, entropy),
        own_egress: egress.and_own(&[own]),
        egress,
        own_tenant: TenantId::plimsoll(),
        reference_addresses: config.reference_addresses.clone(),
        gauges,
    }
}

/// Names this process among those that share the tenants. On the embedded store there is one at a time: started again
/// after a crash, it takes up its own lease instead of waiting for the end of its predecessor's.
fn holder(store: &str, entropy: &dyn Entropy) -> String {
    if store.starts_with("embedded:") {
        return "alone".to_owned();
    }
    process_name(entropy)
}

fn announce(config: &Config, roles: Roles, ground: &Ground, took: Duration) {
    let Ground { root_key, own, .. } = ground;
    tracing::info!(
        version = VERSION,
        roles = roles.names().join(","),
        store = config.store.as_str(),
        address = %config.http_addr,
        page = format!("http://{own}/"),
        api = format!("http://{own}/docs"),
        // Not named root_key, which would be masked: this is where it lies, not what it is.
        root_file = root_key.source.as_str(),
        interval_seconds = config.interval.seconds(),
        start_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "started"
    );
}

struct JobRows(Option<JobsState>);

impl JobsReport for JobRows {
    fn rows(&self) -> Vec<JobRow> {
        self.0.iter().map(|jobs| JobRow { name: "tick", last_run_at: jobs.last_tick() }).collect()
    }
}
