//! What tenants promise, one document for each tenant.

use std::collections::HashMap;

use async_trait::async_trait;
use bson::{Document, doc};

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::slo::SloConfig;

use super::MongoStore;
use super::call::run;
use super::collections::SLO_CONFIGS;
use super::documents::document;
use super::keys::{damaged, number, read_number};
use crate::document::{Stored, from_bson};
use crate::unreadable::PassedOver;
use crate::{Result, SloConfigs, StoreError};

#[async_trait]
impl SloConfigs for MongoStore {
    async fn slo_config(&self, tenant: &TenantId) -> Result<Option<SloConfig>> {
        run("slo_config", self.one(SLO_CONFIGS, tenant.as_str())).await
    }

    async fn slo_configs_across_tenants(&self) -> Result<HashMap<TenantId, SloConfig>> {
        run("slo_configs_across_tenants", async {
            let configs = self.find(SLO_CONFIGS, doc! {}, doc! {}, None).await?;
            let mut passed_over = PassedOver::new(SloConfig::WHAT);
            let read = |config: Document| {
                let id = config.get_str("_id").map(str::to_owned).map_err(|_| damaged("_id"))?;
                let tenant = id.parse().map_err(|_| damaged("_id"))?;
                let empty = SloConfig { version: read_number(&config, "version")?, objectives: Vec::new() };
                let config = passed_over.unless_unreadable(from_bson(config), || Some(id))?;
                Ok((tenant, config.unwrap_or(empty)))
            };
            let configs = configs.into_iter().map(read).collect();
            passed_over.report();
            configs
        })
        .await
    }

    async fn put_slo_config(&self, tenant: &TenantId, config: &SloConfig) -> Result<()> {
        run("put_slo_config", async {
            let mut new = document(tenant.as_str(), config)?;
            new.insert("version", number(config.version));
            let stored = if config.version == 1 {
                self.insert(SLO_CONFIGS, new).await?
            } else {
                let filter = doc! { "_id": tenant.as_str(), "version": number(config.version) - 1 };
                self.replace(SLO_CONFIGS, filter, new).await?
            };
            let stale = || StoreError::Stale { what: format!("the SLO configuration of tenant {tenant}") };
            stored.then_some(()).ok_or_else(stale)
        })
        .await
    }
}
