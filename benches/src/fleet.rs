//! Tenants with push components on a clock that stands still, and the samples they would have sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::future::try_join_all;
use plimsoll_domain::component::Component;
use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::{ComponentId, TenantId};
use plimsoll_domain::probe::ProbeSpec;
use plimsoll_domain::sample::{Sample, SampleStatus};
use plimsoll_domain::tenant::{ApiKey, Role, Tenant};
use plimsoll_domain::time::{Clock, Interval, Span, Tick, Timestamp};
use plimsoll_jobs::{JobsSettings, Ticker};
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::instruments::TenantGauges;
use plimsoll_runtime::system_entropy::SystemEntropy;
use plimsoll_store::Store;
use tokio_util::sync::CancellationToken;

/// Length of a tick.
pub(crate) const INTERVAL: Interval = Interval::MINUTE;
/// Of so many samples one is down, and another degraded.
const BAD_OF: i64 = 1_999;

/// A clock that stands where it was set.
pub(crate) struct SetClock(AtomicI64);

impl SetClock {
    pub(crate) fn at(at: Timestamp) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(at.millis())))
    }

    pub(crate) fn set(&self, at: Timestamp) {
        self.0.store(at.millis(), Ordering::Release);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Acquire))
    }
}

/// Tenants of so many components each; names follow from numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fleet {
    pub(crate) tenants: usize,
    pub(crate) components: usize,
}

impl Fleet {
    pub(crate) fn tenant(number: usize) -> TenantId {
        format!("tenant-{number}").parse().expect("a slug")
    }

    pub(crate) fn component(number: usize) -> ComponentId {
        format!("component-{number}").parse().expect("a slug")
    }

    /// All tenants.
    pub(crate) fn tenant_ids(&self) -> Vec<TenantId> {
        (0..self.tenants).map(Self::tenant).collect()
    }

    /// Every component, with a number that is its own.
    pub(crate) fn series(&self) -> Vec<(i64, TenantId, ComponentId)> {
        let each = (0..self.tenants).flat_map(|tenant| (0..self.components).map(move |component| (tenant, component)));
        (0..).zip(each).map(|(n, (tenant, component))| (n, Self::tenant(tenant), Self::component(component))).collect()
    }

    /// Stores everything as of `now`. The tenants' keys, in their order.
    pub(crate) async fn create(&self, store: &dyn Store, now: Timestamp) -> anyhow::Result<Vec<String>> {
        let mut keys = Vec::new();
        let mut tenants = Vec::new();
        for id in self.tenant_ids() {
            let (key, plain) = ApiKey::generate("bench", Role::Admin, now, &SystemEntropy as &dyn Entropy)?;
            tenants.push(Tenant::new(id.clone(), &format!("Bench {id}"), key, now)?);
            keys.push(plain);
        }
        let component = |(_, tenant, id): (i64, TenantId, ComponentId)| Component {
            tenant,
            name: format!("Service {id}"),
            id,
            group: None,
            description: Some("Answers the questions that customers have".to_owned()),
            probe: ProbeSpec::Push,
            created_at: now,
            probe_since: None,
        };
        let components: Vec<_> = self.series().into_iter().map(component).collect();
        try_join_all(tenants.iter().map(|tenant| store.create_tenant(tenant))).await?;
        for part in components.chunks(500) {
            try_join_all(part.iter().map(|component| store.create_component(component))).await?;
        }
        Ok(keys)
    }
}

/// What the component of this number sent for `tick`: nearly always well, and never the same two minutes.
pub(crate) fn sample(series: i64, tick: Tick) -> Sample {
    let minute = tick.seconds() / 60;
    let chance = (series * 7_919 + minute * 104_729) % BAD_OF;
    let status = match chance {
        0 => SampleStatus::Down,
        1 => SampleStatus::Degraded,
        _ => SampleStatus::Operational,
    };
    let latency = u32::try_from(20 + (series * 31 + minute * 17) % 180).expect("below 200");
    Sample { tick, status, latency_ms: Some(latency), maintenance: false }
}

/// A ticker of a process that was just started.
pub(crate) fn ticker(store: &Arc<dyn Store>, clock: &Arc<SetClock>) -> Ticker {
    let egress = Egress::new(&[]);
    let settings = JobsSettings {
        interval: INTERVAL,
        settle: Span::minutes(5),
        holder: "bench".to_owned(),
        own_egress: egress.clone(),
        egress,
        own_tenant: TenantId::plimsoll(),
        reference_addresses: Vec::new(),
        gauges: TenantGauges::default(),
    };
    Ticker::new(Arc::clone(store), Arc::clone(clock) as Arc<dyn Clock>, settings, CancellationToken::new())
}
