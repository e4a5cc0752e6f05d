//! The port: one small trait for each aggregate, and [`Store`], their sum.

use std::collections::HashMap;
use std::ops::Range;

use async_trait::async_trait;

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{ComponentId, HourKey, IncidentId, KeyId, MaintenanceId, Series, SloType, TenantId};
use plimsoll_domain::incident::Incident;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::probe::Heartbeat;
use plimsoll_domain::rollup::Rollup;
use plimsoll_domain::sample::{Events, HourSamples, Merged, Sample};
use plimsoll_domain::slo::{Measurement, SloConfig, Step};
use plimsoll_domain::tenant::{ApiKey, Tenant};
use plimsoll_domain::time::{Day, Hour, Timestamp};

use crate::{
    AlertConfigs, Alerts, AppCounting, Audit, Changes, Frontends, Notices, Pages, PublicReads, ReceiverStates, Result,
    Silences, Spool, Subscribers,
};

/// Tenants and their keys. A tenant and its keys are one document.
#[async_trait]
pub trait Tenants: Send + Sync {
    /// Stores a new tenant with its first key. [`StoreError::Exists`](crate::StoreError::Exists) when the id is taken.
    async fn create_tenant(&self, tenant: &Tenant) -> Result<()>;
    /// The tenant, if there is one.
    async fn tenant(&self, tenant: &TenantId) -> Result<Option<Tenant>>;
    /// All tenants that can be read, by id; as in every read across tenants of what people write, one that is unreadable
    /// is passed over.
    async fn tenants_across_all(&self) -> Result<Vec<Tenant>>;
    /// Whose key has this hash.
    async fn key_across_tenants(&self, hash: &str) -> Result<Option<(TenantId, ApiKey)>>;
    /// Adds a key. `Missing`: no such tenant; `Exists`: the key's id is taken; `Limit`: too many keys.
    async fn add_key(&self, tenant: &TenantId, key: &ApiKey) -> Result<()>;
    /// Removes a key; whether there was one.
    async fn remove_key(&self, tenant: &TenantId, key: &KeyId) -> Result<bool>;
}

/// Components and their heartbeats.
#[async_trait]
pub trait Components: Send + Sync {
    /// Stores a new component (its tenant is in it). `Exists` when the id is taken.
    async fn create_component(&self, component: &Component) -> Result<()>;
    /// Replaces a component. `Missing` when there is none.
    async fn replace_component(&self, component: &Component) -> Result<()>;
    /// Removes a component and its heartbeat; its samples and rollups stay until they expire. Whether there was one.
    async fn remove_component(&self, tenant: &TenantId, component: &ComponentId) -> Result<bool>;
    /// The component, if there is one.
    async fn component(&self, tenant: &TenantId, component: &ComponentId) -> Result<Option<Component>>;
    /// The tenant's components, by id.
    async fn components(&self, tenant: &TenantId) -> Result<Vec<Component>>;
    /// All components of all tenants.
    async fn components_across_tenants(&self) -> Result<Vec<Component>>;
    /// Notes a heartbeat, unless a newer one is known. Whether that changed anything: not when it was known already.
    async fn record_heartbeat(&self, tenant: &TenantId, component: &ComponentId, beat: Heartbeat) -> Result<bool>;
    /// The newest heartbeat of every component that ever sent one.
    async fn heartbeats_across_tenants(&self) -> Result<HashMap<(TenantId, ComponentId), Heartbeat>>;
}

/// Samples of a component or events of an SLO, to be recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesRecord {
    /// Whose.
    pub tenant: TenantId,
    /// Of what.
    pub series: Series,
    /// In any order; of any hours.
    pub samples: Vec<Sample>,
    /// In any order; of any hours.
    pub events: Vec<Events>,
}

impl SeriesRecord {
    /// Samples of a component.
    pub fn of_component(tenant: &TenantId, component: &ComponentId, samples: Vec<Sample>) -> Self {
        Self { tenant: tenant.clone(), series: component.into(), samples, events: Vec::new() }
    }

    /// Events of an SLO.
    pub fn of_slo(tenant: &TenantId, slo: &SloType, events: Vec<Events>) -> Self {
        Self { tenant: tenant.clone(), series: slo.into(), samples: Vec::new(), events }
    }
}

/// An hour that changed since it was last folded.
#[derive(Clone, Debug, PartialEq)]
pub struct UnfoldedHour {
    /// Which hour of which series.
    pub key: HourKey,
    /// What is kept of it.
    pub samples: HourSamples,
    /// One more with each change: folding this state is finished only if nothing came in between.
    pub revision: u64,
}

/// The rollup of an hour, made from it as it was at `revision`.
#[derive(Clone, Debug, PartialEq)]
pub struct Fold {
    /// Which hour of which series.
    pub key: HourKey,
    /// The revision that was folded.
    pub revision: u64,
    /// What came out.
    pub rollup: Rollup,
}

/// Samples and events by the hour, and what they are folded into. An hour of one series is one document.
#[async_trait]
pub trait Samples: Send + Sync {
    /// Merges samples and events into their hours, as [`HourSamples::merge_portion`] does: recording the same again
    /// changes nothing. Each hour is changed as a whole; after an error some hours of the batch may have been recorded
    /// and others not.
    async fn record_samples(&self, batch: &[SeriesRecord]) -> Result<Merged>;
    /// What is kept of these hours; an hour of which nothing is kept is left out.
    async fn sample_hours(&self, keys: &[HourKey]) -> Result<HashMap<HourKey, HourSamples>>;
    /// Hours before `before`, of these tenants, that changed since they were folded; at most `limit`, oldest first.
    async fn unfolded_hours(&self, tenants: &[TenantId], before: Hour, limit: usize) -> Result<Vec<UnfoldedHour>>;
    /// Stores hourly rollups, renews the daily rollups of their days from all hourly ones of the day, and then marks the
    /// hours as folded where their revision is still the one that was folded. An hourly rollup made from an older
    /// revision never replaces one made from a newer. Doing it again, or half, is mended by doing it again.
    async fn finish_folds(&self, folds: &[Fold]) -> Result<()>;
    /// The rollups of these hours; an hour without one is left out.
    async fn hour_rollups(&self, keys: &[HourKey]) -> Result<HashMap<HourKey, Rollup>>;
    /// The daily rollups of these series for `days`, by series and then by day.
    async fn day_rollups(
        &self,
        series: &[(TenantId, Series)],
        days: Range<Day>,
    ) -> Result<HashMap<(TenantId, Series), Vec<(Day, Rollup)>>>;
}

/// What tenants promise.
#[async_trait]
pub trait SloConfigs: Send + Sync {
    /// The tenant's SLOs; `None` when it never configured any.
    async fn slo_config(&self, tenant: &TenantId) -> Result<Option<SloConfig>>;
    /// The SLOs of every tenant that configured any; a configuration that is unreadable has no objectives.
    async fn slo_configs_across_tenants(&self) -> Result<HashMap<TenantId, SloConfig>>;
    /// Stores `config` in place of version `config.version - 1` (0: none yet). `Stale` when that is not what is stored.
    async fn put_slo_config(&self, tenant: &TenantId, config: &SloConfig) -> Result<()>;
}

/// Readings of SLOs. Their identity is (tenant, `slo_type`, at).
#[async_trait]
pub trait Measurements: Send + Sync {
    /// Stores measurements; one of the same identity is replaced. Those of the step `Day` are kept for ever, of `Hour`
    /// for 13 months, of `Tick` for 2 days.
    async fn put_measurements(&self, measurements: &[Measurement]) -> Result<()>;
    /// The newest measurement with `at <= until` of each of these SLOs that has one: what a clock that was wrong left in
    /// the future does not hide what is true now.
    async fn latest_measurements(
        &self,
        tenant: &TenantId,
        slos: &[SloType],
        until: Timestamp,
    ) -> Result<Vec<Measurement>>;
    /// The measurements of one SLO with `from <= at < to` whose step is `least` or longer, oldest first, at most `limit`.
    /// Those of shorter steps are not read.
    #[expect(clippy::too_many_arguments, reason = "they are the key and the range of one query, in its order")]
    async fn measurements(
        &self,
        tenant: &TenantId,
        slo: &SloType,
        span: Range<Timestamp>,
        least: Step,
        limit: usize,
    ) -> Result<Vec<Measurement>>;
}

/// Incidents with their timelines.
#[async_trait]
pub trait Incidents: Send + Sync {
    /// Stores a new incident, unless its id is known or, for an automatic one, its component or SLO has an open automatic one.
    /// Whether it was stored.
    async fn open_incident_if_absent(&self, incident: &Incident) -> Result<bool>;
    /// Stores `incident` in place of its version `incident.version - 1`. `Stale` when that is not what is stored;
    /// `Exists` when this would reopen an automatic incident whose component or SLO has another open automatic one by now.
    async fn change_incident(&self, incident: &Incident) -> Result<()>;
    /// The incident, whoever's it is.
    async fn incident_across_tenants(&self, incident: &IncidentId) -> Result<Option<Incident>>;
    /// The tenant's incidents that are open, or of which something was said at or after `since`, newest start first.
    async fn open_or_recent_incidents(&self, tenant: &TenantId, since: Timestamp) -> Result<Vec<Incident>>;
    /// The tenant's incidents, newest start first, then by id; those that come after `after` (start and id), at most `limit`.
    async fn incidents(
        &self,
        tenant: &TenantId,
        after: Option<(Timestamp, IncidentId)>,
        limit: usize,
    ) -> Result<Vec<Incident>>;
    /// Open incidents and recent ones of all tenants: those of [`Incidents::open_or_recent_incidents`].
    async fn open_or_recent_incidents_across_tenants(&self, since: Timestamp) -> Result<Vec<Incident>>;
}

/// Announced maintenance.
#[async_trait]
pub trait Maintenances: Send + Sync {
    /// Stores a new maintenance (its tenant is in it). `Exists` when the id is taken.
    async fn create_maintenance(&self, maintenance: &Maintenance) -> Result<()>;
    /// Stores `maintenance` in place of its version `maintenance.version - 1`. `Stale` when that is not what is stored.
    async fn change_maintenance(&self, maintenance: &Maintenance) -> Result<()>;
    /// The maintenance, if there is one.
    async fn maintenance(&self, tenant: &TenantId, maintenance: &MaintenanceId) -> Result<Option<Maintenance>>;
    /// Removes a maintenance; whether there was one.
    async fn remove_maintenance(&self, tenant: &TenantId, maintenance: &MaintenanceId) -> Result<bool>;
    /// The tenant's maintenance, soonest start first.
    async fn maintenances(&self, tenant: &TenantId) -> Result<Vec<Maintenance>>;
    /// Maintenance of all tenants of which something ends after `after` (see
    /// [`Maintenance::ends_for_good_at`]).
    async fn maintenances_across_tenants(&self, after: Timestamp) -> Result<Vec<Maintenance>>;
}

/// What the public sees, as the last tick left it.
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// Stores snapshots in place of the tenants' earlier ones; one with an older `as_of` never replaces a newer, unless
    /// that one is more than an hour ahead: then a clock was wrong when it was made.
    async fn put_snapshots(&self, snapshots: &[StatusSnapshot]) -> Result<()>;
    /// Notes that the stored snapshots of these tenants were still true at `as_of`; not where a later time is stored,
    /// unless it is more than an hour ahead.
    async fn touch_snapshots(&self, tenants: &[TenantId], as_of: Timestamp) -> Result<()>;
    /// Until when each tenant's snapshot was true: how far its ticks have come.
    async fn snapshot_times_across_tenants(&self) -> Result<HashMap<TenantId, Timestamp>>;
}

/// Which processes run the jobs, so that they can share the work. Saves work; carries no correctness.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Notes that `holder` is alive until `until`, and answers with all holders that are alive at `now`, by name. One
    /// whose `until` is more than an hour after `now` does not count: its clock is wrong, or was.
    async fn renew_lease(&self, holder: &str, until: Timestamp, now: Timestamp) -> Result<Vec<String>>;
    /// Notes that `holder` is gone.
    async fn release_lease(&self, holder: &str) -> Result<()>;
}

/// What becomes of a sealed text of a tenant; `None`: it stays. An error says why it cannot be read.
pub type Reseal = dyn Fn(&TenantId, &str) -> std::result::Result<Option<String>, String> + Send + Sync;

/// Everything together.
#[async_trait]
pub trait Store:
    Tenants
    + Components
    + Samples
    + SloConfigs
    + Measurements
    + Incidents
    + Maintenances
    + AlertConfigs
    + Alerts
    + Silences
    + ReceiverStates
    + Frontends
    + AppCounting
    + Spool
    + Pages
    + Subscribers
    + Notices
    + Snapshots
    + Leases
    + Changes
    + Audit
    + PublicReads
{
    /// Answers when the store can be read.
    async fn ping(&self) -> Result<()>;
    /// What kind of store it is: `embedded` or `mongodb`.
    fn kind(&self) -> &'static str;
    /// Removes what has outlived its retention at `now`, where the store does not do so by itself. How many documents.
    async fn expire_across_tenants(&self, now: Timestamp) -> Result<u64>;
    /// Gives every sealed text that is stored, with the tenant it belongs to, to `reseal`, and stores what comes back in its
    /// place, each document only if nobody changed it in between. How many documents changed.
    async fn reseal_across_tenants(&self, reseal: &Reseal) -> Result<u64>;
    /// Finishes what is being written and closes. Nothing works afterwards.
    async fn close(&self);
}
