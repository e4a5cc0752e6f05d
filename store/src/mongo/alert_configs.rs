//! Who is told of alerts, one document for each tenant.

use async_trait::async_trait;
use bson::doc;

use plimsoll_domain::alert::AlertConfig;
use plimsoll_domain::ids::TenantId;

use super::MongoStore;
use super::call::run;
use super::collections::ALERT_CONFIGS;
use super::documents::document;
use super::keys::number;
use crate::{AlertConfigs, Result, StoreError};

#[async_trait]
impl AlertConfigs for MongoStore {
    async fn alert_config(&self, tenant: &TenantId) -> Result<Option<AlertConfig>> {
        run("alert_config", self.one(ALERT_CONFIGS, tenant.as_str())).await
    }

    async fn put_alert_config(&self, tenant: &TenantId, config: &AlertConfig) -> Result<()> {
        run("put_alert_config", async {
            let mut new = document(tenant.as_str(), config)?;
            new.insert("version", number(config.version));
            let stored = if config.version == 1 {
                self.insert(ALERT_CONFIGS, new).await?
            } else {
                let filter = doc! { "_id": tenant.as_str(), "version": number(config.version) - 1 };
                self.replace(ALERT_CONFIGS, filter, new).await?
            };
            let stale = || StoreError::Stale { what: format!("the alert configuration of tenant {tenant}") };
            stored.then_some(()).ok_or_else(stale)
        })
        .await
    }
}
