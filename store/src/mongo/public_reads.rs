//! What the status site reads.

use std::collections::HashMap;
use std::ops::Range;

use async_trait::async_trait;
use bson::{Bson, Document, doc};
use futures_util::future::try_join;

use plimsoll_domain::ids::{IncidentId, TenantId};
use plimsoll_domain::incident::Incident;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::{Logo, PageConfig, StatusSnapshot};
use plimsoll_domain::tenant::Tenant;
use plimsoll_domain::time::Timestamp;

use super::MongoStore;
use super::call::{run, within};
use super::collections::{INCIDENTS, LOGOS, PAGE_CONFIGS, SNAPSHOTS, TENANTS};
use super::incidents::newest_first;
use super::keys::{damaged, date, read_date};
use crate::document::{Stored, from_bson};
use crate::pages::closed;
use crate::unreadable::PassedOver;
use crate::{PublicPage, PublicReads, Result};

#[async_trait]
impl PublicReads for MongoStore {
    async fn snapshot(&self, tenant: &TenantId) -> Result<Option<StatusSnapshot>> {
        run("snapshot", async {
            let found = within(self.collection(SNAPSHOTS).find_one(doc! { "_id": tenant.as_str() })).await?;
            let Some(found) = found else { return Ok(None) };
            let as_of = read_date(&found, "as_of")?;
            Ok(Some(StatusSnapshot { as_of, ..from_bson(found)? }))
        })
        .await
    }

    async fn pages(&self) -> Result<Vec<PublicPage>> {
        run("pages", async {
            let by_id = doc! { "_id": 1 };
            let tenants = self.find(TENANTS, doc! {}, by_id, None);
            let configs = self.find(PAGE_CONFIGS, doc! {}, doc! {}, None);
            let (tenants, configs) = Box::pin(try_join(tenants, configs)).await?;
            pages(tenants, configs)
        })
        .await
    }

    async fn logo(&self, tenant: &TenantId) -> Result<Option<Logo>> {
        run("logo", async {
            let found = within(self.collection(LOGOS).find_one(doc! { "_id": tenant.as_str() })).await?;
            let Some(mut found) = found else { return Ok(None) };
            let Some(Bson::Binary(bytes)) = found.remove("bytes") else { return Err(damaged("bytes")) };
            Ok(Some(Logo { tenant: tenant.clone(), about: from_bson(found)?, bytes: bytes.bytes }))
        })
        .await
    }

    async fn past_incidents(&self, tenant: &TenantId, span: Range<Timestamp>, limit: usize) -> Result<Vec<Incident>> {
        let span = doc! { "$gte": date(span.start), "$lt": date(span.end) };
        let filter = doc! { "tenant": tenant.as_str(), "started_at": span, "draft": { "$ne": true } };
        run("past_incidents", self.all(INCIDENTS, filter, newest_first(), Some(limit))).await
    }

    async fn published_incident(&self, tenant: &TenantId, incident: &IncidentId) -> Result<Option<Incident>> {
        run("published_incident", async {
            let filter = doc! { "_id": incident.as_str(), "tenant": tenant.as_str(), "draft": { "$ne": true } };
            within(self.collection(INCIDENTS).find_one(filter)).await?.map(from_bson).transpose()
        })
        .await
    }

    async fn public_maintenances(&self, tenant: &TenantId) -> Result<Vec<Maintenance>> {
        run("public_maintenances", self.maintenances_of(tenant)).await
    }
}

/// Asked each second: what cannot be read is counted here, and said where it is read for the tick.
fn pages(tenants: Vec<Document>, configs: Vec<Document>) -> Result<Vec<PublicPage>> {
    let whose = |config: &Document| config.get_str("_id").unwrap_or_default().to_owned();
    let mut settled: HashMap<String, Document> = configs.into_iter().map(|config| (whose(&config), config)).collect();
    let mut passed_over = (PassedOver::new(Tenant::WHAT), PassedOver::new(PageConfig::WHAT));
    let mut pages = Vec::with_capacity(tenants.len());
    for tenant in tenants {
        let tenant = passed_over.0.unless_unreadable(from_bson::<Tenant>(tenant), || None)?;
        let Some(tenant) = tenant else { continue };
        let config = match settled.remove(tenant.id.as_str()) {
            None => PageConfig::of(tenant.id),
            Some(config) => {
                let read = passed_over.1.unless_unreadable(from_bson(config), || None)?;
                read.unwrap_or_else(|| closed(tenant.id))
            }
        };
        pages.push(PublicPage { name: tenant.name, config });
    }
    passed_over.0.count();
    passed_over.1.count();
    Ok(pages)
}
