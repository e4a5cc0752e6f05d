//! A store that keeps no secret in the clear: it wraps another, seals what people configured as secret on its way in, and
//! opens it on its way out. What stands in the store inside, in its files and in its backups, is sealed.
//!
//! Sealing at every place that stores something was rejected: the one that is forgotten is the one that leaks. What was
//! stored before there were seals is read as it is, and sealed when it is written next.

mod pass;
mod subscribers;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use plimsoll_domain::alert::{Alert, AlertConfig, ReceiverName};
use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{AlertId, ComponentId, TenantId};
use plimsoll_domain::probe::Heartbeat;
use plimsoll_domain::sealing::{BEGINNING, Sealer};
use plimsoll_domain::secret::Secret;
use plimsoll_domain::slo::{SliKind, SloConfig};
use plimsoll_domain::time::Timestamp;

use crate::document::Stored;
use crate::unreadable::PassedOver;
use crate::{
    AlertConfigs, AlertFilter, AlertScene, Alerts, Backlog, Components, Result, SloConfigs, Store, StoreError, Told,
};

/// A store that keeps no secret in the clear.
pub struct Sealed {
    inner: Arc<dyn Store>,
    sealer: Arc<dyn Sealer>,
    /// Whether it was said already that some secret cannot be opened.
    is_told: AtomicBool,
}

/// What may hold secrets.
trait Holds: Stored + Clone {
    /// Whether it is of use without its secrets. Then one that cannot be opened stays sealed, for whoever uses it to see:
    /// an alert goes on without one receiver, and a configuration can be mended.
    const STANDS_WITHOUT: bool = false;

    fn secrets(&mut self) -> Vec<&mut String>;
}

impl Holds for Component {
    fn secrets(&mut self) -> Vec<&mut String> {
        self.probe.secrets_mut()
    }
}

impl Holds for SloConfig {
    fn secrets(&mut self) -> Vec<&mut String> {
        let sources = self.objectives.iter_mut().filter_map(|slo| match &mut slo.kind {
            SliKind::Prometheus(source) => Some(source),
            _ => None,
        });
        sources.filter_map(|source| source.secret_mut()).collect()
    }
}

impl Holds for AlertConfig {
    const STANDS_WITHOUT: bool = true;

    fn secrets(&mut self) -> Vec<&mut String> {
        let all = self.receivers.iter_mut().flat_map(|receiver| receiver.target.secrets_mut());
        all.map(Secret::expose_mut).collect()
    }
}

impl Holds for Alert {
    const STANDS_WITHOUT: bool = true;

    fn secrets(&mut self) -> Vec<&mut String> {
        let all = self.openings.iter_mut().flat_map(|opening| opening.receiver.target.secrets_mut());
        all.map(Secret::expose_mut).collect()
    }
}

impl Sealed {
    /// Wraps `inner`.
    pub fn new(inner: Arc<dyn Store>, sealer: Arc<dyn Sealer>) -> Self {
        Self { inner, sealer, is_told: AtomicBool::new(false) }
    }

    fn seal<T: Holds>(&self, tenant: &TenantId, value: &T) -> T {
        let mut value = value.clone();
        for secret in value.secrets() {
            if !(T::STANDS_WITHOUT && secret.starts_with(BEGINNING)) {
                *secret = self.sealer.seal(tenant.as_str(), secret);
            }
        }
        value
    }

    fn open<T: Holds>(&self, tenant: &TenantId, mut value: T) -> Result<T> {
        for secret in value.secrets() {
            if secret.starts_with(BEGINNING) {
                match self.sealer.open(tenant.as_str(), secret) {
                    Ok(opened) => *secret = opened,
                    Err(reason) if T::STANDS_WITHOUT => self.tell(T::WHAT, tenant, &reason),
                    Err(reason) => return Err(StoreError::Unreadable { what: T::WHAT, reason }),
                }
            }
        }
        Ok(value)
    }

    /// Says once that secrets cannot be opened: it would be the same for each of them, at each reading.
    fn tell(&self, kind: &'static str, tenant: &TenantId, reason: &str) {
        if !self.is_told.swap(true, Ordering::Relaxed) {
            tracing::error!(kind, tenant_id = %tenant, reason, "secrets cannot be opened; nothing is sent that needs them");
        }
    }

    fn open_all<T: Holds>(&self, values: Vec<T>, tenant: impl Fn(&T) -> TenantId) -> Result<Vec<T>> {
        values.into_iter().map(|value| self.open(&tenant(&value), value)).collect()
    }

    /// As in every read across tenants, what cannot be read is passed over.
    fn open_readable<T: Holds>(&self, values: Vec<T>, tenant: impl Fn(&T) -> TenantId) -> Result<Vec<T>> {
        let mut passed_over = PassedOver::new(T::WHAT);
        let mut opened = Vec::with_capacity(values.len());
        for value in values {
            let tenant = tenant(&value);
            let value = self.open(&tenant, value);
            opened.extend(passed_over.unless_unreadable(value, || Some(tenant.to_string()))?);
        }
        passed_over.report();
        Ok(opened)
    }
}

#[async_trait]
impl Components for Sealed {
    async fn create_component(&self, component: &Component) -> Result<()> {
        self.inner.create_component(&self.seal(&component.tenant, component)).await
    }

    async fn replace_component(&self, component: &Component) -> Result<()> {
        self.inner.replace_component(&self.seal(&component.tenant, component)).await
    }

    async fn remove_component(&self, tenant: &TenantId, component: &ComponentId) -> Result<bool> {
        self.inner.remove_component(tenant, component).await
    }

    async fn component(&self, tenant: &TenantId, component: &ComponentId) -> Result<Option<Component>> {
        let found = self.inner.component(tenant, component).await?;
        found.map(|found| self.open(tenant, found)).transpose()
    }

    async fn components(&self, tenant: &TenantId) -> Result<Vec<Component>> {
        self.open_all(self.inner.components(tenant).await?, |found| found.tenant.clone())
    }

    async fn components_across_tenants(&self) -> Result<Vec<Component>> {
        self.open_readable(self.inner.components_across_tenants().await?, |found| found.tenant.clone())
    }

    async fn record_heartbeat(&self, tenant: &TenantId, component: &ComponentId, beat: Heartbeat) -> Result<bool> {
        self.inner.record_heartbeat(tenant, component, beat).await
    }

    async fn heartbeats_across_tenants(&self) -> Result<HashMap<(TenantId, ComponentId), Heartbeat>> {
        self.inner.heartbeats_across_tenants().await
    }
}

#[async_trait]
impl SloConfigs for Sealed {
    async fn slo_config(&self, tenant: &TenantId) -> Result<Option<SloConfig>> {
        self.inner.slo_config(tenant).await?.map(|found| self.open(tenant, found)).transpose()
    }

    async fn slo_configs_across_tenants(&self) -> Result<HashMap<TenantId, SloConfig>> {
        let mut passed_over = PassedOver::new(SloConfig::WHAT);
        let mut opened = HashMap::new();
        for (tenant, found) in self.inner.slo_configs_across_tenants().await? {
            let empty = SloConfig { version: found.version, objectives: Vec::new() };
            let config = passed_over.unless_unreadable(self.open(&tenant, found), || Some(tenant.to_string()))?;
            opened.insert(tenant, config.unwrap_or(empty));
        }
        passed_over.report();
        Ok(opened)
    }

    async fn put_slo_config(&self, tenant: &TenantId, config: &SloConfig) -> Result<()> {
        self.inner.put_slo_config(tenant, &self.seal(tenant, config)).await
    }
}

#[async_trait]
impl AlertConfigs for Sealed {
    async fn alert_config(&self, tenant: &TenantId) -> Result<Option<AlertConfig>> {
        self.inner.alert_config(tenant).await?.map(|found| self.open(tenant, found)).transpose()
    }

    async fn put_alert_config(&self, tenant: &TenantId, config: &AlertConfig) -> Result<()> {
        self.inner.put_alert_config(tenant, &self.seal(tenant, config)).await
    }
}

#[async_trait]
impl Alerts for Sealed {
    async fn alert_scene(&self, tenant: &TenantId, dedup_keys: &[String], now: Timestamp) -> Result<AlertScene> {
        let mut scene = self.inner.alert_scene(tenant, dedup_keys, now).await?;
        scene.config = self.open(tenant, scene.config)?;
        for alert in scene.latest.values_mut() {
            *alert = self.open(tenant, alert.clone())?;
        }
        Ok(scene)
    }

    async fn put_alerts(&self, alerts: &[Alert]) -> Result<Vec<bool>> {
        let sealed: Vec<_> = alerts.iter().map(|alert| self.seal(&alert.tenant, alert)).collect();
        self.inner.put_alerts(&sealed).await
    }

    async fn put_alerts_and_tell(&self, alerts: &[Alert], told: Told) -> Result<Vec<bool>> {
        let sealed: Vec<_> = alerts.iter().map(|alert| self.seal(&alert.tenant, alert)).collect();
        self.inner.put_alerts_and_tell(&sealed, told).await
    }

    async fn alert(&self, tenant: &TenantId, alert: &AlertId) -> Result<Option<Alert>> {
        self.inner.alert(tenant, alert).await?.map(|found| self.open(tenant, found)).transpose()
    }

    async fn alerts(
        &self,
        tenant: &TenantId,
        filter: &AlertFilter,
        after: Option<(Timestamp, AlertId)>,
        limit: usize,
    ) -> Result<Vec<Alert>> {
        self.open_all(self.inner.alerts(tenant, filter, after, limit).await?, |found| found.tenant.clone())
    }

    async fn open_alerts_across_tenants(&self, sources: &[&str]) -> Result<Vec<Alert>> {
        self.open_readable(self.inner.open_alerts_across_tenants(sources).await?, |found| found.tenant.clone())
    }

    async fn open_alerts(&self, tenant: &TenantId, limit: usize) -> Result<Vec<Alert>> {
        self.open_all(self.inner.open_alerts(tenant, limit).await?, |found| found.tenant.clone())
    }

    async fn ready_receivers_across_tenants(&self, now: Timestamp) -> Result<Vec<(TenantId, ReceiverName)>> {
        self.inner.ready_receivers_across_tenants(now).await
    }

    async fn ready_alerts(
        &self,
        tenant: &TenantId,
        receiver: &ReceiverName,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Alert>> {
        let found = self.inner.ready_alerts(tenant, receiver, now, limit).await?;
        self.open_readable(found, |found| found.tenant.clone())
    }

    async fn alerts_to_reconsider_across_tenants(&self, now: Timestamp, limit: usize) -> Result<Vec<Alert>> {
        let found = self.inner.alerts_to_reconsider_across_tenants(now, limit).await?;
        self.open_readable(found, |found| found.tenant.clone())
    }

    async fn backlog_across_tenants(&self) -> Result<Backlog> {
        self.inner.backlog_across_tenants().await
    }
}
