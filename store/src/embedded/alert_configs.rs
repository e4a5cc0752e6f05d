//! Who is told of alerts, one row for each tenant.

use async_trait::async_trait;
use rusqlite::{Connection, params};

use plimsoll_domain::alert::AlertConfig;
use plimsoll_domain::ids::TenantId;

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{AlertConfigs, Result, StoreError, document};

pub(super) fn of_tenant(connection: &Connection, tenant: &TenantId) -> Result<Option<AlertConfig>> {
    rows::one(connection, "SELECT doc FROM alert_configs WHERE tenant = ?1", [tenant.as_str()])
}

#[async_trait]
impl AlertConfigs for EmbeddedStore {
    async fn alert_config(&self, tenant: &TenantId) -> Result<Option<AlertConfig>> {
        let tenant = tenant.clone();
        self.read("alert_config", move |connection| of_tenant(connection, &tenant)).await
    }

    async fn put_alert_config(&self, tenant: &TenantId, config: &AlertConfig) -> Result<()> {
        // Made here: the thread that writes is everybody's.
        let (tenant, text, version) = (tenant.clone(), document::to_json(config)?, config.version);
        self.write("put_alert_config", move |connection| {
            let sql = match version {
                1 => "INSERT INTO alert_configs (tenant, version, doc) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                _ => "UPDATE alert_configs SET version = ?2, doc = ?3 WHERE tenant = ?1 AND version = ?2 - 1",
            };
            match rows::change(connection, sql, params![tenant.as_str(), version.cast_signed(), text])? {
                0 => Err(StoreError::Stale { what: format!("the alert configuration of tenant {tenant}") }),
                _ => Ok(()),
            }
        })
        .await
    }
}
