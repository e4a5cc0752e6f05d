//! The port's part that keeps alerts: configuration, silences, alerts with their deliveries, and how receivers do.

use std::collections::HashMap;
use std::ops::Range;

use async_trait::async_trait;

use plimsoll_domain::alert::{Alert, AlertConfig, AlertStatus, ReceiverName, ReceiverState, Severity, Silence};
use plimsoll_domain::ids::{AlertId, SilenceId, TenantId};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::time::Timestamp;

use crate::Result;

/// Everything that a signal is judged by, as it is at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertScene {
    /// The tenant's receivers and routes, or the defaults.
    pub config: AlertConfig,
    /// Its silences that end after the moment.
    pub silences: Vec<Silence>,
    /// Its maintenance that ends after the moment.
    pub maintenances: Vec<Maintenance>,
    /// The newest episode of each dedup key that was asked for and has one.
    pub latest: HashMap<String, Alert>,
}

/// Which alerts of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertFilter {
    /// Those that came in first in this span.
    pub fired: Range<Timestamp>,
    /// Those of this severity.
    pub severity: Option<Severity>,
    /// Those that stand here.
    pub status: Option<AlertStatus>,
    /// Those that this receiver was told of.
    pub receiver: Option<ReceiverName>,
    /// Those about this component.
    pub component: Option<String>,
    /// Those of this key.
    pub dedup_key: Option<String>,
    /// Those of which a delivery died.
    pub only_dead: bool,
    /// Those that somebody gave feedback on.
    pub only_with_feedback: bool,
}

impl AlertFilter {
    /// All that came in first in this span.
    pub const fn all(fired: Range<Timestamp>) -> Self {
        Self {
            fired,
            severity: None,
            status: None,
            receiver: None,
            component: None,
            dedup_key: None,
            only_dead: false,
            only_with_feedback: false,
        }
    }
}

/// How much waits to be sent, over all tenants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many deliveries, those that are being sent included.
    pub waiting: u64,
    /// Since when the oldest of them is to be sent.
    pub oldest: Option<Timestamp>,
}

/// Who is told of alerts.
#[async_trait]
pub trait AlertConfigs: Send + Sync {
    /// The tenant's receivers and routes; `None` when it never configured any.
    async fn alert_config(&self, tenant: &TenantId) -> Result<Option<AlertConfig>>;
    /// Stores `config` in place of version `config.version - 1` (0: none yet). `Stale` when that is not what is stored.
    async fn put_alert_config(&self, tenant: &TenantId, config: &AlertConfig) -> Result<()>;
}

/// Hears which alerts of a write are stored. It may be called on any thread.
pub type Told = Box<dyn FnOnce(&[bool]) + Send>;

/// Alerts. An alert and its deliveries are one document.
#[async_trait]
pub trait Alerts: Send + Sync {
    /// What signals of these keys are judged by at `now`, all of one moment where the store can say so.
    async fn alert_scene(&self, tenant: &TenantId, dedup_keys: &[String], now: Timestamp) -> Result<AlertScene>;
    /// Stores each alert in place of its version `alert.version - 1` (0: none), by one write. Which were stored: one is not
    /// when another version is stored, or when another episode of its key is not settled.
    async fn put_alerts(&self, alerts: &[Alert]) -> Result<Vec<bool>>;
    /// As [`Alerts::put_alerts`]; and `told` hears which are stored as soon as nothing but the disk can keep them from being
    /// so, at the latest before this answers. Whatever it begins, it begins while the disk writes.
    async fn put_alerts_and_tell(&self, alerts: &[Alert], told: Told) -> Result<Vec<bool>>;
    /// The alert, if there is one.
    async fn alert(&self, tenant: &TenantId, alert: &AlertId) -> Result<Option<Alert>>;
    /// The tenant's alerts that pass `filter`, newest first, then by id; those that come after `after`, at most `limit`.
    async fn alerts(
        &self,
        tenant: &TenantId,
        filter: &AlertFilter,
        after: Option<(Timestamp, AlertId)>,
        limit: usize,
    ) -> Result<Vec<Alert>>;
    /// The alerts of all tenants that are open and came from one of `sources`.
    async fn open_alerts_across_tenants(&self, sources: &[&str]) -> Result<Vec<Alert>>;
    /// The tenant's alerts that are open, at most `limit`.
    async fn open_alerts(&self, tenant: &TenantId, limit: usize) -> Result<Vec<Alert>>;
    /// The receivers that something is ready for at `now`.
    async fn ready_receivers_across_tenants(&self, now: Timestamp) -> Result<Vec<(TenantId, ReceiverName)>>;
    /// Alerts of which something is ready for `receiver` at `now`, longest ready first, at most `limit`.
    async fn ready_alerts(
        &self,
        tenant: &TenantId,
        receiver: &ReceiverName,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Alert>>;
    /// Alerts of all tenants that the clock may have changed by `now`, at most `limit`; one that is unreadable is passed
    /// over.
    async fn alerts_to_reconsider_across_tenants(&self, now: Timestamp, limit: usize) -> Result<Vec<Alert>>;
    /// How much waits to be sent.
    async fn backlog_across_tenants(&self) -> Result<Backlog>;
}

/// Silences.
#[async_trait]
pub trait Silences: Send + Sync {
    /// Stores `silence` in place of version `silence.version - 1` (0: none). `Stale` when that is not what is stored;
    /// `Limit` when the tenant has too many.
    async fn put_silence(&self, silence: &Silence) -> Result<()>;
    /// The silence, if there is one.
    async fn silence(&self, tenant: &TenantId, silence: &SilenceId) -> Result<Option<Silence>>;
    /// The tenant's silences, newest start first; those that were over at `since` are left out.
    async fn silences(&self, tenant: &TenantId, since: Timestamp) -> Result<Vec<Silence>>;
    /// The silences of all tenants that end once what they silence is resolved, those that are over included.
    async fn silences_until_resolved_across_tenants(&self) -> Result<Vec<Silence>>;
}

/// How receivers do.
#[async_trait]
pub trait ReceiverStates: Send + Sync {
    /// What is known of the tenant's receivers.
    async fn receiver_states(&self, tenant: &TenantId) -> Result<Vec<ReceiverState>>;
    /// Stores what is known of receivers in place of what was.
    async fn put_receiver_states(&self, states: &[ReceiverState]) -> Result<()>;
}
