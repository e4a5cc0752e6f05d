//! Components and their heartbeats.

use std::collections::HashMap;

use async_trait::async_trait;
use bson::{Document, doc};

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{ComponentId, TenantId};
use plimsoll_domain::probe::Heartbeat;
use plimsoll_domain::sample::SampleStatus;

use super::MongoStore;
use super::call::{run, unless_taken, within};
use super::collections::{COMPONENTS, HEARTBEATS};
use super::documents::document;
use super::keys::{component_id, damaged, date, read_component, read_date};
use crate::{Components, Result, StoreError};

fn what(component: &Component) -> String {
    format!("component {} of tenant {}", component.id, component.tenant)
}

fn id(component: &Component) -> Document {
    component_id(&component.tenant, &component.id)
}

#[async_trait]
impl Components for MongoStore {
    async fn create_component(&self, component: &Component) -> Result<()> {
        run("create_component", async {
            let stored = self.insert(COMPONENTS, document(id(component), component)?).await?;
            stored.then_some(()).ok_or_else(|| StoreError::Exists { what: what(component) })
        })
        .await
    }

    async fn replace_component(&self, component: &Component) -> Result<()> {
        run("replace_component", async {
            let filter = doc! { "_id": id(component) };
            let stored = self.replace(COMPONENTS, filter, document(id(component), component)?).await?;
            stored.then_some(()).ok_or_else(|| StoreError::Missing { what: what(component) })
        })
        .await
    }

    async fn remove_component(&self, tenant: &TenantId, component: &ComponentId) -> Result<bool> {
        run("remove_component", async {
            let existed = self.remove(COMPONENTS, component_id(tenant, component)).await?;
            self.remove(HEARTBEATS, component_id(tenant, component)).await?;
            Ok(existed)
        })
        .await
    }

    async fn component(&self, tenant: &TenantId, component: &ComponentId) -> Result<Option<Component>> {
        run("component", self.one(COMPONENTS, component_id(tenant, component))).await
    }

    async fn components(&self, tenant: &TenantId) -> Result<Vec<Component>> {
        // Every id of this tenant lies between that of the empty component and one beyond the alphabet of ids.
        let (first, end) = (doc! { "t": tenant.as_str(), "c": "" }, doc! { "t": tenant.as_str(), "c": "~" });
        let filter = doc! { "_id": { "$gte": first, "$lt": end } };
        run("components", self.all(COMPONENTS, filter, doc! { "_id": 1 }, None)).await
    }

    async fn components_across_tenants(&self) -> Result<Vec<Component>> {
        run("components_across_tenants", self.all_readable(COMPONENTS, doc! {}, doc! { "_id": 1 })).await
    }

    async fn record_heartbeat(&self, tenant: &TenantId, component: &ComponentId, beat: Heartbeat) -> Result<bool> {
        run("record_heartbeat", async {
            let filter = doc! { "_id": component_id(tenant, component), "at": { "$lte": date(beat.at) } };
            let change = doc! { "$set": { "at": date(beat.at), "status": beat.status.as_str() } };
            let beats = self.collection(HEARTBEATS);
            let put = beats.update_one(filter.clone(), change.clone()).upsert(true);
            let done = match unless_taken(put).await? {
                Some(done) => done,
                // The key is taken by a newer heartbeat, which the filter passes over, or by one that came in between.
                None => within(beats.update_one(filter, change)).await?,
            };
            Ok(done.modified_count > 0 || done.upserted_id.is_some())
        })
        .await
    }

    async fn heartbeats_across_tenants(&self) -> Result<HashMap<(TenantId, ComponentId), Heartbeat>> {
        run("heartbeats_across_tenants", async {
            let beats = self.find(HEARTBEATS, doc! {}, doc! {}, None).await?;
            let read = |beat: &Document| {
                let status = beat.get_str("status").ok().and_then(status).ok_or_else(|| damaged("status"))?;
                Ok((read_component(beat)?, Heartbeat { at: read_date(beat, "at")?, status }))
            };
            beats.iter().map(read).collect()
        })
        .await
    }
}

fn status(text: &str) -> Option<SampleStatus> {
    use SampleStatus::{Degraded, Down, Operational, Unknown};
    [Operational, Degraded, Down, Unknown].into_iter().find(|status| status.as_str() == text)
}
