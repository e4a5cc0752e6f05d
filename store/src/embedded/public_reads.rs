//! What the status site reads.

use std::ops::Range;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};

use plimsoll_domain::ids::{IncidentId, TenantId};
use plimsoll_domain::incident::Incident;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::{Logo, LogoRef, PageConfig, StatusSnapshot};
use plimsoll_domain::tenant::Tenant;
use plimsoll_domain::time::Timestamp;

use crate::document::Stored;
use crate::embedded::store::EmbeddedStore;
use crate::embedded::{maintenances, rows};
use crate::pages::closed;
use crate::unreadable::PassedOver;
use crate::{PublicPage, PublicReads, Result, document};

const PAGES: &str = "SELECT t.doc, p.doc FROM tenants t LEFT JOIN page_configs p ON p.tenant = t.id ORDER BY t.id";

#[async_trait]
impl PublicReads for EmbeddedStore {
    async fn snapshot(&self, tenant: &TenantId) -> Result<Option<StatusSnapshot>> {
        let tenant = tenant.clone();
        self.read("snapshot", move |connection| {
            let mut statement = connection.prepare_cached("SELECT doc, as_of FROM snapshots WHERE tenant = ?1")?;
            let row = statement.query_row([tenant.as_str()], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)));
            let Some((doc, as_of)) = row.optional()? else { return Ok(None) };
            let snapshot = document::from_json::<StatusSnapshot>(&doc)?;
            Ok(Some(StatusSnapshot { as_of: Timestamp::from_millis(as_of), ..snapshot }))
        })
        .await
    }

    async fn pages(&self) -> Result<Vec<PublicPage>> {
        self.read("pages", pages).await
    }

    async fn logo(&self, tenant: &TenantId) -> Result<Option<Logo>> {
        let tenant = tenant.clone();
        self.read("logo", move |connection| {
            let mut statement = connection.prepare_cached("SELECT doc, bytes FROM logos WHERE tenant = ?1")?;
            let row = statement.query_row([tenant.as_str()], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)));
            let Some((about, bytes)) = row.optional()? else { return Ok(None) };
            Ok(Some(Logo { about: document::from_json::<LogoRef>(&about)?, tenant, bytes }))
        })
        .await
    }

    async fn past_incidents(&self, tenant: &TenantId, span: Range<Timestamp>, limit: usize) -> Result<Vec<Incident>> {
        let tenant = tenant.clone();
        self.read("past_incidents", move |connection| {
            let sql = "SELECT doc FROM incidents
                WHERE tenant = ?1 AND started_at >= ?2 AND started_at < ?3 AND draft = 0
                ORDER BY started_at DESC, id LIMIT ?4";
            let (from, to) = (span.start.millis(), span.end.millis());
            rows::all(connection, sql, params![tenant.as_str(), from, to, rows::limit(limit)])
        })
        .await
    }

    async fn published_incident(&self, tenant: &TenantId, incident: &IncidentId) -> Result<Option<Incident>> {
        let (tenant, incident) = (tenant.clone(), incident.clone());
        self.read("published_incident", move |connection| {
            let sql = "SELECT doc FROM incidents WHERE id = ?1 AND tenant = ?2 AND draft = 0";
            rows::one(connection, sql, [incident.as_str(), tenant.as_str()])
        })
        .await
    }

    async fn public_maintenances(&self, tenant: &TenantId) -> Result<Vec<Maintenance>> {
        let tenant = tenant.clone();
        self.read("public_maintenances", move |connection| maintenances::of_tenant(connection, &tenant)).await
    }
}

/// Asked each second: what cannot be read is counted here, and said where it is read for the tick.
fn pages(connection: &Connection) -> Result<Vec<PublicPage>> {
    let mut tenants = PassedOver::new(Tenant::WHAT);
    let mut configs = PassedOver::new(PageConfig::WHAT);
    let found = rows::each(&mut connection.prepare_cached(PAGES)?, (), |row| {
        let tenant = tenants.unless_unreadable(rows::read::<Tenant>(row, 0), || None)?;
        let Some(tenant) = tenant else { return Ok(None) };
        let settled = row.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        let config = match settled {
            None => PageConfig::of(tenant.id),
            Some(text) => {
                let read = configs.unless_unreadable(document::from_json(text), || None)?;
                read.unwrap_or_else(|| closed(tenant.id))
            }
        };
        Ok(Some(PublicPage { name: tenant.name, config }))
    })?;
    tenants.count();
    configs.count();
    Ok(found.into_iter().flatten().collect())
}
