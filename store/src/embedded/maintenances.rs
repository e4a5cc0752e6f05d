//! Announced maintenance.

use async_trait::async_trait;
use rusqlite::{Connection, params};

use plimsoll_domain::ids::{MaintenanceId, TenantId};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::time::Timestamp;

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{Maintenances, Result, StoreError, document};

#[async_trait]
impl Maintenances for EmbeddedStore {
    async fn create_maintenance(&self, maintenance: &Maintenance) -> Result<()> {
        let row = Row::of(maintenance)?;
        self.write("create_maintenance", move |connection| {
            let sql = "INSERT INTO maintenances (tenant, id, version, starts_at, ends_at, doc)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
            if row.put(connection, sql)? { Ok(()) } else { Err(StoreError::Exists { what: row.what() }) }
        })
        .await
    }

    async fn change_maintenance(&self, maintenance: &Maintenance) -> Result<()> {
        let row = Row::of(maintenance)?;
        self.write("change_maintenance", move |connection| {
            let sql = "UPDATE maintenances SET version = ?3, starts_at = ?4, ends_at = ?5, doc = ?6
                WHERE tenant = ?1 AND id = ?2 AND version = ?3 - 1";
            if row.put(connection, sql)? { Ok(()) } else { Err(StoreError::Stale { what: row.what() }) }
        })
        .await
    }

    async fn maintenance(&self, tenant: &TenantId, maintenance: &MaintenanceId) -> Result<Option<Maintenance>> {
        let (tenant, maintenance) = (tenant.clone(), maintenance.clone());
        self.read("maintenance", move |connection| {
            let sql = "SELECT doc FROM maintenances WHERE tenant = ?1 AND id = ?2";
            rows::one(connection, sql, [tenant.as_str(), maintenance.as_str()])
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
        self.read("maintenances", move |connection| of_tenant(connection, &tenant)).await
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

/// The tenant's maintenance, soonest first.
pub(super) fn of_tenant(connection: &Connection, tenant: &TenantId) -> Result<Vec<Maintenance>> {
    let sql = "SELECT doc FROM maintenances WHERE tenant = ?1 ORDER BY starts_at, id";
    rows::all(connection, sql, [tenant.as_str()])
}

/// A maintenance as its row, made before the thread that writes is asked: following a rule to its end takes a while.
struct Row {
    tenant: String,
    id: String,
    version: i64,
    starts_at: i64,
    ends_at: i64,
    doc: String,
}

impl Row {
    fn of(maintenance: &Maintenance) -> Result<Self> {
        Ok(Self {
            tenant: maintenance.tenant.to_string(),
            id: maintenance.id.to_string(),
            version: maintenance.version.cast_signed(),
            starts_at: maintenance.starts_at.millis(),
            ends_at: maintenance.ends_for_good_at().map_or(i64::MAX, Timestamp::millis),
            doc: document::to_json(maintenance)?,
        })
    }

    /// Whether `sql` stored it.
    fn put(&self, connection: &Connection, sql: &str) -> Result<bool> {
        let Self { tenant, id, version, starts_at, ends_at, doc } = self;
        Ok(rows::change(connection, sql, params![tenant, id, version, starts_at, ends_at, doc])? > 0)
    }

    fn what(&self) -> String {
        format!("maintenance {} of tenant {}", self.id, self.tenant)
    }
}
