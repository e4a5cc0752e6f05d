//! Frontend apps, one row for each tenant.

use async_trait::async_trait;
use rusqlite::params;

use plimsoll_domain::frontend::FrontendApps;
use plimsoll_domain::ids::TenantId;

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{Frontends, Result, StoreError, document};

#[async_trait]
impl Frontends for EmbeddedStore {
    async fn frontend_apps(&self, tenant: &TenantId) -> Result<Option<FrontendApps>> {
        let tenant = tenant.clone();
        self.read("frontend_apps", move |connection| {
            rows::one(connection, "SELECT doc FROM frontend_apps WHERE tenant = ?1", [tenant.as_str()])
        })
        .await
    }

    async fn frontend_apps_across_tenants(&self) -> Result<Vec<FrontendApps>> {
        self.read("frontend_apps_across_tenants", |connection| {
            rows::all_readable(connection, "SELECT doc, tenant FROM frontend_apps ORDER BY tenant", ())
        })
        .await
    }

    async fn put_frontend_apps(&self, apps: &FrontendApps) -> Result<()> {
        // Made here: the thread that writes is everybody's.
        let (tenant, text, version) = (apps.tenant.clone(), document::to_json(apps)?, apps.version);
        self.write("put_frontend_apps", move |connection| {
            let sql = match version {
                1 => "INSERT INTO frontend_apps (tenant, version, doc) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                _ => "UPDATE frontend_apps SET version = ?2, doc = ?3 WHERE tenant = ?1 AND version = ?2 - 1",
            };
            match rows::change(connection, sql, params![tenant.as_str(), version.cast_signed(), text])? {
                0 => Err(StoreError::Stale { what: format!("the frontend apps of tenant {tenant}") }),
                _ => Ok(()),
            }
        })
        .await
    }
}
