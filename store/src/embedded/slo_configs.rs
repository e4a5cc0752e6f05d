//! What tenants promise, one row for each tenant.

use std::collections::HashMap;

use async_trait::async_trait;
use rusqlite::params;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::slo::SloConfig;

use crate::document::Stored;
use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::unreadable::PassedOver;
use crate::{Result, SloConfigs, StoreError, document};

#[async_trait]
impl SloConfigs for EmbeddedStore {
    async fn slo_config(&self, tenant: &TenantId) -> Result<Option<SloConfig>> {
        let tenant = tenant.clone();
        self.read("slo_config", move |connection| {
            rows::one(connection, "SELECT doc FROM slo_configs WHERE tenant = ?1", [tenant.as_str()])
        })
        .await
    }

    async fn slo_configs_across_tenants(&self) -> Result<HashMap<TenantId, SloConfig>> {
        self.read("slo_configs_across_tenants", |connection| {
            let mut statement = connection.prepare_cached("SELECT tenant, version, doc FROM slo_configs")?;
            let mut passed_over = PassedOver::new(SloConfig::WHAT);
            let configs = rows::each(&mut statement, (), |row| {
                let config = passed_over.unless_unreadable(rows::read(row, 2), || row.get(0).ok())?;
                let empty = SloConfig { version: row.get::<_, i64>(1)?.cast_unsigned(), objectives: Vec::new() };
                Ok((rows::id(row, 0)?, config.unwrap_or(empty)))
            })?;
            passed_over.report();
            Ok(configs.into_iter().collect())
        })
        .await
    }

    async fn put_slo_config(&self, tenant: &TenantId, config: &SloConfig) -> Result<()> {
        let (tenant, config) = (tenant.clone(), config.clone());
        self.write("put_slo_config", move |connection| {
            let sql = match config.version {
                1 => "INSERT INTO slo_configs (tenant, version, doc) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                _ => "UPDATE slo_configs SET version = ?2, doc = ?3 WHERE tenant = ?1 AND version = ?2 - 1",
            };
            let version = config.version.cast_signed();
            match rows::change(connection, sql, params![tenant.as_str(), version, document::to_json(&config)?])? {
                0 => Err(StoreError::Stale { what: format!("the SLO configuration of tenant {tenant}") }),
                _ => Ok(()),
            }
        })
        .await
    }
}
