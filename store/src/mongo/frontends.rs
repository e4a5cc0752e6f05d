//! Frontend apps, one document for each tenant.

use async_trait::async_trait;
use bson::doc;

use plimsoll_domain::frontend::FrontendApps;
use plimsoll_domain::ids::TenantId;

use super::MongoStore;
use super::call::run;
use super::collections::FRONTEND_APPS;
use super::documents::document;
use super::keys::number;
use crate::{Frontends, Result, StoreError};

#[async_trait]
impl Frontends for MongoStore {
    async fn frontend_apps(&self, tenant: &TenantId) -> Result<Option<FrontendApps>> {
        run("frontend_apps", self.one(FRONTEND_APPS, tenant.as_str())).await
    }

    async fn frontend_apps_across_tenants(&self) -> Result<Vec<FrontendApps>> {
        run("frontend_apps_across_tenants", self.all_readable(FRONTEND_APPS, doc! {}, doc! { "_id": 1 })).await
    }

    async fn put_frontend_apps(&self, apps: &FrontendApps) -> Result<()> {
        run("put_frontend_apps", async {
            let FrontendApps { tenant, version, .. } = apps;
            let mut new = document(tenant.as_str(), apps)?;
            new.insert("version", number(*version));
            let stored = if *version == 1 {
                self.insert(FRONTEND_APPS, new).await?
            } else {
                let filter = doc! { "_id": tenant.as_str(), "version": number(*version) - 1 };
                self.replace(FRONTEND_APPS, filter, new).await?
            };
            let stale = || StoreError::Stale { what: format!("the frontend apps of tenant {tenant}") };
            stored.then_some(()).ok_or_else(stale)
        })
        .await
    }
}
