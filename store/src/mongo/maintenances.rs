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
use super::keys::date;
use crate::{Maintenances, Result, StoreError};

fn id(tenant: &TenantId, maintenance: &MaintenanceId) -> Document {
    doc! { "t": tenant.as_str(), "m": maintenance.as_str() }
}

#[async_trait]
impl Maintenances for MongoStore {
    async fn create_maintenance(&self, maintenance: &Maintenance) -> Result<()> {
        run("create_maintenance", async {
            let Maintenance { tenant, id: name, .. } = maintenance;
            let mut new = document(id(tenant, name), maintenance)?;
            new.insert("starts_at", date(maintenance.starts_at));
            new.insert("ends_at", date(maintenance.ends_at));
            let exists = || StoreError::Exists { what: format!("maintenance {name} of tenant {tenant}") };
            self.insert(MAINTENANCES, new).await?.then_some(()).ok_or_else(exists)
        })
        .await
    }

    async fn remove_maintenance(&self, tenant: &TenantId, maintenance: &MaintenanceId) -> Result<bool> {
        run("remove_maintenance", self.remove(MAINTENANCES, id(tenant, maintenance))).await
    }

    async fn maintenances(&self, tenant: &TenantId) -> Result<Vec<Maintenance>> {
        // As for components: from before every id of this tenant to after it.
        let (first, end) = (doc! { "t": tenant.as_str(), "m": "" }, doc! { "t": tenant.as_str(), "m": "~" });
        let filter = doc! { "_id": { "$gte": first, "$lt": end } };
        run("maintenances", self.all(MAINTENANCES, filter, doc! { "starts_at": 1, "_id": 1 }, None)).await
    }

    async fn maintenances_across_tenants(&self, after: Timestamp) -> Result<Vec<Maintenance>> {
        let filter = doc! { "ends_at": { "$gt": date(after) } };
        let soonest = doc! { "starts_at": 1, "_id": 1 };
        run("maintenances_across_tenants", self.all_readable(MAINTENANCES, filter, soonest)).await
    }
}
