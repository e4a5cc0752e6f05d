//! Announced maintenance.

use async_trait::async_trait;
use rusqlite::params;

use plimsoll_domain::ids::{MaintenanceId, TenantId};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::time::Timestamp;

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{Maintenances, Result, StoreError, document};

#[async_trait]
impl Maintenances for EmbeddedStore {
    async fn create_maintenance(&self, maintenance: &Maintenance) -> Result<()> {
        let new = maintenance.clone();
        self.write("create_maintenance", move |connection| {
            let sql = "INSERT INTO maintenances (tenant, id, starts_at, ends_at, doc) VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT DO NOTHING";
            let (starts_at, ends_at) = (new.starts_at.millis(), new.ends_at.millis());
            let doc = document::to_json(&new)?;
            match rows::change(connection, sql, params![new.tenant.as_str(), new.id.as_str(), starts_at, ends_at, doc])?
            {
                0 => Err(StoreError::Exists { what: format!("maintenance {} of tenant {}", new.id, new.tenant) }),
                _ => Ok(()),
            }
        })
        .await
    }

    async fn remove_maintenance(&self, tenant: &TenantId, maintenance: &MaintenanceId) -> Result<bool> {
        let (tenant, maintenance) = (tenant.clone(), maintenance.clone());
        self.write("remove_maintenance", move |connection| {
            let sql = "DELETE FROM maintenances WHERE tenant = ?1 AND id = ?2";
            Ok(rows::change(connection, sql, [tenant.as_str(), maintenance.as_str()])? > 0)
        })
        .await
    }

    async fn maintenances(&self, tenant: &TenantId) -> Result<Vec<Maintenance>> {
        let tenant = tenant.clone();
        self.read("maintenances", move |connection| {
            let sql = "SELECT doc FROM maintenances WHERE tenant = ?1 ORDER BY starts_at, id";
            rows::all(connection, sql, [tenant.as_str()])
        })
        .await
    }

    async fn maintenances_across_tenants(&self, after: Timestamp) -> Result<Vec<Maintenance>> {
        self.read("maintenances_across_tenants", move |connection| {
            let sql = "SELECT doc, tenant || '/' || id FROM maintenances
                WHERE ends_at > ?1 ORDER BY starts_at, tenant, id";
            rows::all_readable(connection, sql, [after.millis()])
        })
        .await
    }
}
