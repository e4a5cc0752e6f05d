//! Subscribers, one document each. The server removes those that were never confirmed, and in time those that were stopped.

use async_trait::async_trait;
use bson::{Document, doc};

use plimsoll_domain::ids::{SubscriberId, TenantId};
use plimsoll_domain::subscriber::Subscriber;

use super::MongoStore;
use super::call::{run, within};
use super::collections::{NOTICES, SUBSCRIBERS};
use super::documents::document;
use super::keys::{date, number};
use crate::document::{Stored, from_bson};
use crate::retention::subscriber_expires_at;
use crate::unreadable::PassedOver;
use crate::{Result, StoreError, Subscribers};

fn id(tenant: &TenantId, subscriber: &SubscriberId) -> Document {
    doc! { "t": tenant.as_str(), "s": subscriber.as_str() }
}

/// Those of a tenant that come after `after`: up to what comes after every id of it.
fn of_tenant(tenant: &TenantId, after: &str) -> Document {
    let (after, end) = (doc! { "t": tenant.as_str(), "s": after }, doc! { "t": tenant.as_str(), "s": "~" });
    doc! { "_id": { "$gt": after, "$lt": end } }
}

fn what(subscriber: &Subscriber) -> String {
    format!("subscriber {} of tenant {}", subscriber.id, subscriber.tenant)
}

#[async_trait]
impl Subscribers for MongoStore {
    async fn create_subscriber(&self, subscriber: &Subscriber) -> Result<()> {
        run("create_subscriber", async {
            let new = stored(subscriber)?;
            if self.has_room(&subscriber.tenant).await? {
                let exists = || StoreError::Exists { what: what(subscriber) };
                return self.insert(SUBSCRIBERS, new).await?.then_some(()).ok_or_else(exists);
            }
            // One that is there already is no surplus.
            let known = doc! { "_id": id(&subscriber.tenant, &subscriber.id) };
            if within(self.collection(SUBSCRIBERS).find_one(known)).await?.is_some() {
                return Err(StoreError::Exists { what: what(subscriber) });
            }
            let what = format!("the list of subscribers of tenant {}", subscriber.tenant);
            Err(StoreError::Limit { what, limit: self.most_subscribers })
        })
        .await
    }

    async fn change_subscriber(&self, subscriber: &Subscriber) -> Result<()> {
        run("change_subscriber", async {
            let id = id(&subscriber.tenant, &subscriber.id);
            let filter = doc! { "_id": id, "version": number(subscriber.version) - 1 };
            let stale = || StoreError::Stale { what: what(subscriber) };
            self.replace(SUBSCRIBERS, filter, stored(subscriber)?).await?.then_some(()).ok_or_else(stale)
        })
        .await
    }

    async fn remove_subscriber(&self, tenant: &TenantId, subscriber: &SubscriberId) -> Result<bool> {
        run("remove_subscriber", async {
            let was_there = self.remove(SUBSCRIBERS, id(tenant, subscriber)).await?;
            // Of one that is gone as well: somebody may have been interrupted here.
            let theirs = doc! { "tenant": tenant.as_str(), "subscriber": subscriber.as_str() };
            within(self.collection(NOTICES).delete_many(theirs)).await?;
            Ok(was_there)
        })
        .await
    }

    async fn subscriber(&self, tenant: &TenantId, subscriber: &SubscriberId) -> Result<Option<Subscriber>> {
        run("subscriber", self.one(SUBSCRIBERS, id(tenant, subscriber))).await
    }

    async fn subscribers(
        &self,
        tenant: &TenantId,
        after: Option<&SubscriberId>,
        limit: usize,
    ) -> Result<Vec<Subscriber>> {
        run("subscribers", self.subscribers_after(tenant, after, limit)).await
    }
}

impl MongoStore {
    async fn has_room(&self, tenant: &TenantId) -> Result<bool> {
        let (subscribers, most) = (self.collection(SUBSCRIBERS), self.most_subscribers as u64);
        Ok(within(subscribers.count_documents(of_tenant(tenant, "")).limit(most)).await? < most)
    }

    /// Reads on where some cannot be read: whoever gets fewer than asked for stops asking.
    async fn subscribers_after(
        &self,
        tenant: &TenantId,
        after: Option<&SubscriberId>,
        limit: usize,
    ) -> Result<Vec<Subscriber>> {
        let mut passed_over = PassedOver::new(Subscriber::WHAT);
        // Every id comes after nothing.
        let (mut after, mut all) = (after.map_or_else(String::new, SubscriberId::to_string), Vec::new());
        while all.len() < limit {
            let wanted = limit - all.len();
            let filter = of_tenant(tenant, &after);
            let found = self.find(SUBSCRIBERS, filter, doc! { "_id": 1 }, Some(wanted)).await?;
            let is_last = found.len() < wanted;
            for document in found {
                let id = document.get_document("_id").and_then(|id| id.get_str("s")).unwrap_or_default();
                id.clone_into(&mut after);
                let name = || Some(format!("{tenant}/{after}"));
                all.extend(passed_over.unless_unreadable(from_bson(document), name)?);
            }
            if is_last {
                break;
            }
        }
        passed_over.report();
        Ok(all)
    }
}

fn stored(subscriber: &Subscriber) -> Result<Document> {
    let mut document = document(id(&subscriber.tenant, &subscriber.id), subscriber)?;
    document.insert("version", number(subscriber.version));
    if let Some(at) = subscriber_expires_at(subscriber) {
        document.insert("expires_at", date(at));
    }
    Ok(document)
}
