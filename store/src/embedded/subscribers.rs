//! Subscribers, one row each.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};

use plimsoll_domain::ids::{SubscriberId, TenantId};
use plimsoll_domain::subscriber::Subscriber;
use plimsoll_domain::time::Timestamp;

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::retention::subscriber_expires_at;
use crate::{Result, StoreError, Subscribers, document};

#[async_trait]
impl Subscribers for EmbeddedStore {
    async fn create_subscriber(&self, subscriber: &Subscriber) -> Result<()> {
        // Made here: the thread that writes is everybody's.
        let (text, new, most) = (document::to_json(subscriber)?, subscriber.clone(), self.most_subscribers);
        self.write("create_subscriber", move |connection| create(connection, &new, &text, most)).await
    }

    async fn change_subscriber(&self, subscriber: &Subscriber) -> Result<()> {
        let (text, next) = (document::to_json(subscriber)?, subscriber.clone());
        self.write("change_subscriber", move |connection| {
            let sql = "UPDATE subscribers SET version = ?3, expires_at = ?4, doc = ?5
                WHERE tenant = ?1 AND id = ?2 AND version = ?3 - 1";
            let (tenant, id, version) = (next.tenant.as_str(), next.id.as_str(), next.version.cast_signed());
            match rows::change(connection, sql, params![tenant, id, version, expires_at(&next), text])? {
                0 => Err(StoreError::Stale { what: what(&next) }),
                _ => Ok(()),
            }
        })
        .await
    }

    async fn remove_subscriber(&self, tenant: &TenantId, subscriber: &SubscriberId) -> Result<bool> {
        let (tenant, subscriber) = (tenant.clone(), subscriber.clone());
        self.write("remove_subscriber", move |connection| {
            let key = [tenant.as_str(), subscriber.as_str()];
            rows::change(connection, "DELETE FROM notices WHERE tenant = ?1 AND subscriber = ?2", key)?;
            Ok(rows::change(connection, "DELETE FROM subscribers WHERE tenant = ?1 AND id = ?2", key)? > 0)
        })
        .await
    }

    async fn subscriber(&self, tenant: &TenantId, subscriber: &SubscriberId) -> Result<Option<Subscriber>> {
        let (tenant, subscriber) = (tenant.clone(), subscriber.clone());
        self.read("subscriber", move |connection| {
            let sql = "SELECT doc FROM subscribers WHERE tenant = ?1 AND id = ?2";
            rows::one(connection, sql, [tenant.as_str(), subscriber.as_str()])
        })
        .await
    }

    async fn subscribers(
        &self,
        tenant: &TenantId,
        after: Option<&SubscriberId>,
        limit: usize,
    ) -> Result<Vec<Subscriber>> {
        // Every id comes after nothing.
        let (tenant, after) = (tenant.clone(), after.map_or_else(String::new, SubscriberId::to_string));
        self.read("subscribers", move |connection| {
            let sql = "SELECT doc, tenant || '/' || id FROM subscribers WHERE tenant = ?1 AND id > ?2 ORDER BY id";
            rows::some_readable(connection, sql, [tenant.as_str(), &after], limit)
        })
        .await
    }
}

fn create(connection: &Connection, new: &Subscriber, text: &str, most: usize) -> Result<()> {
    let (tenant, id) = (new.tenant.as_str(), new.id.as_str());
    // One that is there already is no surplus.
    let known = connection
        .prepare_cached("SELECT 1 FROM subscribers WHERE tenant = ?1 AND id = ?2")?
        .query_row([tenant, id], |_| Ok(()))
        .optional()?;
    if known.is_some() {
        return Err(StoreError::Exists { what: what(new) });
    }
    let sql = "SELECT count(*) FROM subscribers INDEXED BY subscribers_by_id WHERE tenant = ?1";
    let held: i64 = connection.prepare_cached(sql)?.query_row([tenant], |row| row.get(0))?;
    if held >= rows::limit(most) {
        return Err(StoreError::Limit { what: format!("the list of subscribers of tenant {tenant}"), limit: most });
    }
    let sql = "INSERT INTO subscribers (tenant, id, version, expires_at, doc) VALUES (?1, ?2, ?3, ?4, ?5)";
    rows::change(connection, sql, params![tenant, id, new.version.cast_signed(), expires_at(new), text]).map(drop)
}

fn expires_at(subscriber: &Subscriber) -> Option<i64> {
    subscriber_expires_at(subscriber).map(Timestamp::millis)
}

fn what(subscriber: &Subscriber) -> String {
    format!("subscriber {} of tenant {}", subscriber.id, subscriber.tenant)
}
