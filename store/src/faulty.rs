//! A store that fails on demand, for tests: it wraps another and is that other as long as nothing is asked of it.
//!
//! A failure is always [`StoreError::Unavailable`], before the call reaches the store inside or after it was carried
//! out there: the caller cannot tell which, as with a real connection that breaks.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use plimsoll_domain::alert::{Alert, AlertConfig, ReceiverName, ReceiverState, Silence};
use plimsoll_domain::audit::AuditEntry;
use plimsoll_domain::component::Component;
use plimsoll_domain::frontend::{AppCounts, FrontendApps, SpoolUsage, SpooledEnvelope};
use plimsoll_domain::ids::{
    AlertId, AppId, AuditId, ComponentId, HourKey, IncidentId, KeyId, MaintenanceId, NoticeId, Series, SilenceId,
    SloType, SpoolId, SubscriberId, TenantId,
};
use plimsoll_domain::incident::{Incident, IncidentTemplates};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::{Logo, PageConfig, StatusSnapshot};
use plimsoll_domain::probe::Heartbeat;
use plimsoll_domain::rollup::Rollup;
use plimsoll_domain::sample::{HourSamples, Merged};
use plimsoll_domain::slo::{Measurement, SloConfig, Step};
use plimsoll_domain::subscriber::{Notice, Subscriber};
use plimsoll_domain::tenant::{ApiKey, Tenant};
use plimsoll_domain::time::{Day, Hour, Timestamp};

use crate::embedded::{EmbeddedStore, Limits};
use crate::methods::without_secrets;
use crate::{
    AlertConfigs, AlertFilter, AlertScene, Alerts, AppCounting, Audit, AuditFilter, Backlog, Changes, Components, Fold,
    Frontends, Incidents, Leases, Maintenances, Measurements, Notices, Pages, PublicPage, PublicReads, ReceiverStates,
    Reseal, Result, Samples, SeriesRecord, Silences, SloConfigs, Snapshots, Spool, Store, StoreError, Subscribers,
    Tenants, Told, UnfoldedHour,
};

/// When a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before it reaches the store inside: nothing is done.
    Before,
    /// After it was carried out: only the answer is lost.
    After,
}

/// A store that fails on demand.
pub struct Faulty {
    inner: Arc<dyn Store>,
    faults: Mutex<HashMap<Option<String>, When>>,
}

impl Faulty {
    /// Wraps `inner`; nothing fails yet.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, faults: Mutex::default() }
    }

    /// Wraps an embedded store in the folder `path`.
    pub async fn embedded(path: &Path) -> Result<Self> {
        Ok(Self::new(Arc::new(EmbeddedStore::open(path, Limits::default()).await?)))
    }

    /// From now on every call fails.
    pub fn fail(&self, when: When) {
        self.faults.lock().expect("nothing panics while it is held").insert(None, when);
    }

    /// From now on every call of the method with this name fails.
    pub fn fail_method(&self, method: &str, when: When) {
        self.faults.lock().expect("nothing panics while it is held").insert(Some(method.to_owned()), when);
    }

    /// From now on nothing fails.
    pub fn heal(&self) {
        self.faults.lock().expect("nothing panics while it is held").clear();
    }

    fn fault(&self, method: &str) -> Option<When> {
        let faults = self.faults.lock().expect("nothing panics while it is held");
        faults.get(&Some(method.to_owned())).or_else(|| faults.get(&None)).copied()
    }

    async fn around<T: Send>(&self, method: &str, call: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let fault = self.fault(method);
        let unavailable = || StoreError::Unavailable { reason: format!("{method} fails on demand") };
        if fault == Some(When::Before) {
            return Err(unavailable());
        }
        let answer = call.await;
        if fault == Some(When::After) { Err(unavailable()) } else { answer }
    }
}

macro_rules! wrap {
    ($($trait:ident { $(fn $method:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)* })*) => {
        $(#[async_trait]
        impl $trait for Faulty {
            $(async fn $method(&self, $($argument: $kind),*) -> Result<$answer> {
                self.around(stringify!($method), self.inner.$method($($argument),*)).await
            })*
        })*
    };
}

wrap! {
    Components {
        fn create_component(component: &Component) -> ();
        fn replace_component(component: &Component) -> ();
        fn remove_component(tenant: &TenantId, component: &ComponentId) -> bool;
        fn component(tenant: &TenantId, component: &ComponentId) -> Option<Component>;
        fn components(tenant: &TenantId) -> Vec<Component>;
        fn components_across_tenants() -> Vec<Component>;
        fn record_heartbeat(tenant: &TenantId, component: &ComponentId, beat: Heartbeat) -> bool;
        fn heartbeats_across_tenants() -> HashMap<(TenantId, ComponentId), Heartbeat>;
    }
    SloConfigs {
        fn slo_config(tenant: &TenantId) -> Option<SloConfig>;
        fn slo_configs_across_tenants() -> HashMap<TenantId, SloConfig>;
        fn put_slo_config(tenant: &TenantId, config: &SloConfig) -> ();
    }
    AlertConfigs {
        fn alert_config(tenant: &TenantId) -> Option<AlertConfig>;
        fn put_alert_config(tenant: &TenantId, config: &AlertConfig) -> ();
    }
    Subscribers {
        fn create_subscriber(subscriber: &Subscriber) -> ();
        fn change_subscriber(subscriber: &Subscriber) -> ();
        fn remove_subscriber(tenant: &TenantId, subscriber: &SubscriberId) -> bool;
        fn subscriber(tenant: &TenantId, subscriber: &SubscriberId) -> Option<Subscriber>;
        fn subscribers(tenant: &TenantId, after: Option<&SubscriberId>, limit: usize) -> Vec<Subscriber>;
    }
    Alerts {
        fn alert_scene(tenant: &TenantId, dedup_keys: &[String], now: Timestamp) -> AlertScene;
        fn put_alerts(alerts: &[Alert]) -> Vec<bool>;
        fn put_alerts_and_tell(alerts: &[Alert], told: Told) -> Vec<bool>;
        fn alert(tenant: &TenantId, alert: &AlertId) -> Option<Alert>;
        fn alerts(tenant: &TenantId, filter: &AlertFilter, after: Option<(Timestamp, AlertId)>, limit: usize)
            -> Vec<Alert>;
        fn open_alerts_across_tenants(sources: &[&str]) -> Vec<Alert>;
        fn open_alerts(tenant: &TenantId, limit: usize) -> Vec<Alert>;
        fn ready_receivers_across_tenants(now: Timestamp) -> Vec<(TenantId, ReceiverName)>;
        fn ready_alerts(tenant: &TenantId, receiver: &ReceiverName, now: Timestamp, limit: usize) -> Vec<Alert>;
        fn alerts_to_reconsider_across_tenants(now: Timestamp, limit: usize) -> Vec<Alert>;
        fn backlog_across_tenants() -> Backlog;
    }
}

without_secrets!(wrap);

#[async_trait]
impl Store for Faulty {
    async fn ping(&self) -> Result<()> {
        self.around("ping", self.inner.ping()).await
    }

    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    async fn expire_across_tenants(&self, now: Timestamp) -> Result<u64> {
        self.around("expire_across_tenants", self.inner.expire_across_tenants(now)).await
    }

    async fn reseal_across_tenants(&self, reseal: &Reseal) -> Result<u64> {
        self.around("reseal_across_tenants", self.inner.reseal_across_tenants(reseal)).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
