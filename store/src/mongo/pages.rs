//! What tenants settled about their pages, one document for each tenant. Logos have a collection of their own: they are
//! large.

use async_trait::async_trait;
use bson::spec::BinarySubtype;
use bson::{Binary, doc};

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::incident::IncidentTemplates;
use plimsoll_domain::page::{Logo, PageConfig};

use super::MongoStore;
use super::call::run;
use super::collections::{INCIDENT_TEMPLATES, LOGOS, PAGE_CONFIGS};
use super::documents::document;
use super::keys::number;
use crate::document::Stored;
use crate::{Pages, Result, StoreError};

#[async_trait]
impl Pages for MongoStore {
    async fn page_config(&self, tenant: &TenantId) -> Result<Option<PageConfig>> {
        run("page_config", self.one(PAGE_CONFIGS, tenant.as_str())).await
    }

    async fn page_configs_across_tenants(&self) -> Result<Vec<PageConfig>> {
        run("page_configs_across_tenants", self.all_readable(PAGE_CONFIGS, doc! {}, doc! { "_id": 1 })).await
    }

    async fn put_page_config(&self, config: &PageConfig) -> Result<()> {
        let (whose, stale) = ((&config.tenant, config.version), format!("the page of tenant {}", config.tenant));
        run("put_page_config", self.put_settled(PAGE_CONFIGS, whose, config, stale)).await
    }

    async fn put_logo(&self, logo: &Logo) -> Result<()> {
        run("put_logo", async {
            let tenant = logo.tenant.as_str();
            let mut new = document(tenant, &logo.about)?;
            new.insert("bytes", Binary { subtype: BinarySubtype::Generic, bytes: logo.bytes.clone() });
            self.update_all(LOGOS, vec![doc! { "q": { "_id": tenant }, "u": new, "upsert": true }]).await
        })
        .await
    }

    async fn remove_logo(&self, tenant: &TenantId) -> Result<bool> {
        run("remove_logo", self.remove(LOGOS, tenant.as_str())).await
    }

    async fn incident_templates(&self, tenant: &TenantId) -> Result<Option<IncidentTemplates>> {
        run("incident_templates", self.one(INCIDENT_TEMPLATES, tenant.as_str())).await
    }

    async fn put_incident_templates(&self, templates: &IncidentTemplates) -> Result<()> {
        let IncidentTemplates { tenant, version, .. } = templates;
        let stale = format!("the incident templates of tenant {tenant}");
        let put = self.put_settled(INCIDENT_TEMPLATES, (tenant, *version), templates, stale);
        run("put_incident_templates", put).await
    }
}

impl MongoStore {
    /// Stores `body` in place of the version before `version`; `stale` names it when that is not what is stored.
    async fn put_settled<T: Stored + Sync>(
        &self,
        collection: &str,
        (tenant, version): (&TenantId, u64),
        body: &T,
        stale: String,
    ) -> Result<()> {
        let mut new = document(tenant.as_str(), body)?;
        new.insert("version", number(version));
        let stored = if version == 1 {
            self.insert(collection, new).await?
        } else {
            let filter = doc! { "_id": tenant.as_str(), "version": number(version) - 1 };
            self.replace(collection, filter, new).await?
        };
        stored.then_some(()).ok_or(StoreError::Stale { what: stale })
    }
}
