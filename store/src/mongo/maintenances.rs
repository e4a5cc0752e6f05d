//! Announced maintenance.

use async_trait::async_trait;
use bson::{Document, doc};

use plimsoll_domain::ids::{MaintenanceId, TenantId};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::time::Timestamp;

use super::MongoStore;
use super::call::run;
use super::collections::MAINTENANCES;
use super::documents::document;
use super::keys::{date, number};
use crate::retention::MAINTENANCE_RETENTION;
use crate::{Maintenances, Result, StoreError};

fn id(tenant: &TenantId, maintenance: &MaintenanceId) -> Document {
    doc! { "t": tenant.as_str(), "m": maintenance.as_str() }
}

fn what(maintenance: &Maintenance) -> String {
    format!("maintenance {} of tenant {}", maintenance.id, maintenance.tenant)
}

#[async_trait]
impl Maintenances for MongoStore {
    async fn create_maintenance(&self, maintenance: &Maintenance) -> Result<()> {
        run("create_maintenance", async {
            let exists = || StoreError::Exists { what: what(maintenance) };
            self.insert(MAINTENANCES, stored(maintenance)?).await?.then_some(()).ok_or_else(exists)
        })
        .await
    }

    async fn change_maintenance(&self, maintenance: &Maintenance) -> Result<()> {
        run("change_maintenance", async {
            let before = number(maintenance.version) - 1;
            // The first version of those from before there were versions has none beside it.
            let is_before = if before == 1 {
                doc! { "$in": [1_i64, null] }
            } else {
                doc! { "$eq": before }
            };
            let filter = doc! { "_id": id(&maintenance.tenant, &maintenance.id), "version": is_before };
            let stale = || StoreError::Stale { what: what(maintenance) };
            self.replace(MAINTENANCES, filter, stored(maintenance)?).await?.then_some(()).ok_or_else(stale)
        })
        .await
    }

    async fn maintenance(&self, tenant: &TenantId, maintenance: &MaintenanceId) -> Result<Option<Maintenance>> {
        run("maintenance", self.one(MAINTENANCES, id(tenant, maintenance))).await
    }

    async fn remove_maintenance(&self, tenant: &TenantId, maintenance: &MaintenanceId) -> Result<bool> {
        run("remove_maintenance", self.remove(MAINTENANCES, id(tenant, maintenance))).await
    }

    async fn maintenances(&self, tenant: &TenantId) -> Result<Vec<Maintenance>> {
        run("maintenances", self.maintenances_of(tenant)).await
    }

    async fn maintenances_across_tenants(&self, after: Timestamp) -> Result<Vec<Maintenance>> {
        let filter = doc! { "ends_at": { "$gt": date(after) } };
        let soonest = doc! { "starts_at": 1, "_id": 1 };
        run("maintenances_across_tenants", self.all_readable(MAINTENANCES, filter, soonest)).await
    }
}

impl MongoStore {
    /// The tenant's maintenance, soonest first.
    pub(super) async fn maintenances_of(&self, tenant: &TenantId) -> Result<Vec<Maintenance>> {
        // As for components: from before every id of this tenant to after it.
        let (first, end) = (doc! { "t": tenant.as_str(), "m": "" }, doc! { "t": tenant.as_str(), "m": "~" });
        let filter = doc! { "_id": { "$gte": first, "$lt": end } };
        self.all(MAINTENANCES, filter, doc! { "starts_at": 1, "_id": 1 }, None).await
    }
}

/// What never ends does so at the end of time, so that one range finds all that is not over.
fn stored(maintenance: &Maintenance) -> Result<Document> {
    let mut document = document(id(&maintenance.tenant, &maintenance.id), maintenance)?;
    document.insert("version", number(maintenance.version));
    document.insert("starts_at", date(maintenance.starts_at));
    let end = maintenance.ends_for_good_at();
    document.insert("ends_at", end.map_or(bson::DateTime::MAX, date));
    if let Some(end) = end {
        document.insert("expires_at", date(end.plus(MAINTENANCE_RETENTION)));
    }
    Ok(document)
}
