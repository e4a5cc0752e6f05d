//! The port's part for frontend apps: the apps, what is counted of them, and the envelopes that wait.

use std::collections::HashMap;
use std::ops::Range;

use async_trait::async_trait;

use plimsoll_domain::frontend::{AppCounts, FrontendApps, SpoolUsage, SpooledEnvelope};
use plimsoll_domain::ids::{AppId, SpoolId, TenantId};
use plimsoll_domain::time::Day;

use crate::Result;

/// Frontend apps. All of a tenant's are one document.
#[async_trait]
pub trait Frontends: Send + Sync {
    /// The tenant's apps; `None` when it never had any.
    async fn frontend_apps(&self, tenant: &TenantId) -> Result<Option<FrontendApps>>;
    /// The apps of every tenant that ever had any, by tenant; those that are unreadable are passed over.
    async fn frontend_apps_across_tenants(&self) -> Result<Vec<FrontendApps>>;
    /// Stores `apps` in place of version `apps.version - 1` (0: none yet). `Stale` when that is not what is stored.
    async fn put_frontend_apps(&self, apps: &FrontendApps) -> Result<()>;
}

/// What is counted of frontend apps. The identity of a count is (tenant, app, day, source).
#[async_trait]
pub trait AppCounting: Send + Sync {
    /// Stores counts; those of the same identity are replaced. They are kept for
    /// [`COUNTS_RETENTION`](plimsoll_domain::frontend::COUNTS_RETENTION).
    async fn put_app_counts(&self, counts: &[AppCounts]) -> Result<()>;
    /// The counts of an app on these days, of all sources, by day and then by source.
    async fn app_counts(&self, tenant: &TenantId, app: &AppId, days: Range<Day>) -> Result<Vec<AppCounts>>;
}

/// Envelopes that wait until Sentry takes them.
#[async_trait]
pub trait Spool: Send + Sync {
    /// Stores an envelope; one whose id is known changes nothing.
    async fn spool_envelope(&self, envelope: &SpooledEnvelope) -> Result<()>;
    /// How much waits of each app of which anything does.
    async fn spool_usage_across_tenants(&self) -> Result<HashMap<(TenantId, AppId), SpoolUsage>>;
    /// The envelopes of an app that wait, in order of their ids, those that come after `after`: at most so many, and no
    /// more once those before have so many bytes together.
    async fn spooled_envelopes(
        &self,
        tenant: &TenantId,
        app: &AppId,
        after: Option<&SpoolId>,
        most: (usize, u64),
    ) -> Result<Vec<SpooledEnvelope>>;
    /// Removes envelopes of a tenant; how many were there.
    async fn remove_spooled(&self, tenant: &TenantId, envelopes: &[SpoolId]) -> Result<u64>;
}
