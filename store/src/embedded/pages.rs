//! What tenants settled about their pages, one row for each tenant. Logos have a table of their own: they are large.

use async_trait::async_trait;
use rusqlite::params;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::incident::IncidentTemplates;
use plimsoll_domain::page::{Logo, PageConfig};

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{Pages, Result, StoreError, document};

/// The first version of a document, and each that follows.
type Put = [&'static str; 2];

const PUT_CONFIG: Put = [
    "INSERT INTO page_configs (tenant, version, doc) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    "UPDATE page_configs SET version = ?2, doc = ?3 WHERE tenant = ?1 AND version = ?2 - 1",
];
const PUT_TEMPLATES: Put = [
    "INSERT INTO incident_templates (tenant, version, doc) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    "UPDATE incident_templates SET version = ?2, doc = ?3 WHERE tenant = ?1 AND version = ?2 - 1",
];

#[async_trait]
impl Pages for EmbeddedStore {
    async fn page_config(&self, tenant: &TenantId) -> Result<Option<PageConfig>> {
        let tenant = tenant.clone();
        self.read("page_config", move |connection| {
            rows::one(connection, "SELECT doc FROM page_configs WHERE tenant = ?1", [tenant.as_str()])
        })
        .await
    }

    async fn page_configs_across_tenants(&self) -> Result<Vec<PageConfig>> {
        self.read("page_configs_across_tenants", |connection| {
            rows::all_readable(connection, "SELECT doc, tenant FROM page_configs ORDER BY tenant", ())
        })
        .await
    }

    async fn put_page_config(&self, config: &PageConfig) -> Result<()> {
        let text = document::to_json(config)?;
        let stored = self.put_settled("put_page_config", PUT_CONFIG, (&config.tenant, config.version), text).await?;
        let stale = || StoreError::Stale { what: format!("the page of tenant {}", config.tenant) };
        stored.then_some(()).ok_or_else(stale)
    }

    async fn put_logo(&self, logo: &Logo) -> Result<()> {
        let (about, logo) = (document::to_json(&logo.about)?, logo.clone());
        self.write("put_logo", move |connection| {
            let sql = "INSERT INTO logos (tenant, doc, bytes) VALUES (?1, ?2, ?3)
                ON CONFLICT DO UPDATE SET doc = excluded.doc, bytes = excluded.bytes";
            rows::change(connection, sql, params![logo.tenant.as_str(), about, logo.bytes]).map(drop)
        })
        .await
    }

    async fn remove_logo(&self, tenant: &TenantId) -> Result<bool> {
        let tenant = tenant.clone();
        self.write("remove_logo", move |connection| {
            Ok(rows::change(connection, "DELETE FROM logos WHERE tenant = ?1", [tenant.as_str()])? > 0)
        })
        .await
    }

    async fn incident_templates(&self, tenant: &TenantId) -> Result<Option<IncidentTemplates>> {
        let tenant = tenant.clone();
        self.read("incident_templates", move |connection| {
            rows::one(connection, "SELECT doc FROM incident_templates WHERE tenant = ?1", [tenant.as_str()])
        })
        .await
    }

    async fn put_incident_templates(&self, templates: &IncidentTemplates) -> Result<()> {
        let (text, whose) = (document::to_json(templates)?, (&templates.tenant, templates.version));
        let stored = self.put_settled("put_incident_templates", PUT_TEMPLATES, whose, text).await?;
        let stale = || StoreError::Stale { what: format!("the incident templates of tenant {}", templates.tenant) };
        stored.then_some(()).ok_or_else(stale)
    }
}

impl EmbeddedStore {
    /// Whether `text` was stored in place of the version before `version`. It was made before: the thread that writes is
    /// everybody's.
    async fn put_settled(
        &self,
        operation: &'static str,
        [first, next]: Put,
        (tenant, version): (&TenantId, u64),
        text: String,
    ) -> Result<bool> {
        let tenant = tenant.clone();
        self.write(operation, move |connection| {
            let sql = if version == 1 { first } else { next };
            Ok(rows::change(connection, sql, params![tenant.as_str(), version.cast_signed(), text])? > 0)
        })
        .await
    }
}
