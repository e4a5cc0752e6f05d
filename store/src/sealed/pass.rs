//! What holds no secret goes through as it is.

use std::collections::HashMap;
use std::ops::Range;

use async_trait::async_trait;

use plimsoll_domain::alert::{ReceiverState, Silence};
use plimsoll_domain::audit::AuditEntry;
use plimsoll_domain::frontend::{AppCounts, FrontendApps, SpoolUsage, SpooledEnvelope};
use plimsoll_domain::ids::{
    AppId, AuditId, HourKey, IncidentId, KeyId, MaintenanceId, NoticeId, Series, SilenceId, SloType, SpoolId,
    SubscriberId, TenantId,
};
use plimsoll_domain::incident::{Incident, IncidentTemplates};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::{Logo, PageConfig, StatusSnapshot};
use plimsoll_domain::rollup::Rollup;
use plimsoll_domain::sample::{HourSamples, Merged};
use plimsoll_domain::slo::{Measurement, Step};
use plimsoll_domain::subscriber::Notice;
use plimsoll_domain::tenant::{ApiKey, Tenant};
use plimsoll_domain::time::{Day, Hour, Timestamp};

use super::Sealed;
use crate::methods::without_secrets;
use crate::{
    AppCounting, Audit, AuditFilter, Changes, Fold, Frontends, Incidents, Leases, Maintenances, Measurements, Notices,
    Pages, PublicPage, PublicReads, ReceiverStates, Reseal, Result, Samples, SeriesRecord, Silences, Snapshots, Spool,
    Store, Tenants, UnfoldedHour,
};

macro_rules! pass {
    ($($trait:ident { $(fn $method:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)* })*) => {
        $(#[async_trait]
        impl $trait for Sealed {
            $(async fn $method(&self, $($argument: $kind),*) -> Result<$answer> {
                self.inner.$method($($argument),*).await
            })*
        })*
    };
}

without_secrets!(pass);

#[async_trait]
impl Store for Sealed {
    async fn ping(&self) -> Result<()> {
        self.inner.ping().await
    }

    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    async fn expire_across_tenants(&self, now: Timestamp) -> Result<u64> {
        self.inner.expire_across_tenants(now).await
    }

    async fn reseal_across_tenants(&self, reseal: &Reseal) -> Result<u64> {
        self.inner.reseal_across_tenants(reseal).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
