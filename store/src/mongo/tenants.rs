//! Tenants. Their keys are in the tenant's document, and an index over them finds whose a key is.

use async_trait::async_trait;
use bson::{Document, doc};

use plimsoll_domain::ids::{KeyId, TenantId};
use plimsoll_domain::tenant::{ApiKey, MAX_KEYS, Tenant};

use super::MongoStore;
use super::bulk::TRIES;
use super::call::{contended, run, unless_taken, within};
use super::collections::TENANTS;
use super::documents::document;
use super::keys::{number, read_number};
use crate::document::from_bson;
use crate::{Result, StoreError, Tenants};

#[async_trait]
impl Tenants for MongoStore {
    async fn create_tenant(&self, tenant: &Tenant) -> Result<()> {
        run("create_tenant", async {
            let exists = || StoreError::Exists { what: format!("tenant {}", tenant.id) };
            self.insert(TENANTS, revised(tenant, 1)?).await?.then_some(()).ok_or_else(exists)
        })
        .await
    }

    async fn tenant(&self, tenant: &TenantId) -> Result<Option<Tenant>> {
        run("tenant", self.one(TENANTS, tenant.as_str())).await
    }

    async fn tenants_across_all(&self) -> Result<Vec<Tenant>> {
        run("tenants_across_all", self.all_readable(TENANTS, doc! {}, doc! { "_id": 1 })).await
    }

    async fn key_across_tenants(&self, hash: &str) -> Result<Option<(TenantId, ApiKey)>> {
        run("key_across_tenants", async {
            let found = within(self.collection(TENANTS).find_one(doc! { "body.keys.hash": hash })).await?;
            let Some(tenant) = found.map(from_bson::<Tenant>).transpose()? else { return Ok(None) };
            Ok(tenant.keys.into_iter().find(|key| key.hash == hash).map(|key| (tenant.id, key)))
        })
        .await
    }

    async fn add_key(&self, tenant: &TenantId, key: &ApiKey) -> Result<()> {
        let add = |held: &mut Tenant| {
            if held.keys.iter().any(|held| held.id == key.id) {
                return Err(StoreError::Exists { what: format!("key {} of tenant {tenant}", key.id) });
            }
            if held.keys.len() >= MAX_KEYS {
                return Err(StoreError::Limit {
                    what: format!("the list of keys of tenant {tenant}"),
                    limit: MAX_KEYS,
                });
            }
            held.keys.push(key.clone());
            Ok(true)
        };
        run("add_key", async {
            let missing = || StoreError::Missing { what: format!("tenant {tenant}") };
            self.edit(tenant, add).await?.ok_or_else(missing).map(drop)
        })
        .await
    }

    async fn remove_key(&self, tenant: &TenantId, key: &KeyId) -> Result<bool> {
        let remove = |held: &mut Tenant| {
            let before = held.keys.len();
            held.keys.retain(|held| &held.id != key);
            Ok(held.keys.len() < before)
        };
        run("remove_key", async { Ok(self.edit(tenant, remove).await?.unwrap_or(false)) }).await
    }
}

impl MongoStore {
    /// Changes a tenant as `change` does, which answers whether it changed anything; `None` when there is no such tenant.
    async fn edit(
        &self,
        tenant: &TenantId,
        change: impl Fn(&mut Tenant) -> Result<bool> + Send + Sync,
    ) -> Result<Option<bool>> {
        let collection = self.collection(TENANTS);
        for tries in 0..TRIES {
            self.pause(tries).await;
            let Some(found) = within(collection.find_one(doc! { "_id": tenant.as_str() })).await? else {
                return Ok(None);
            };
            let revision = read_number(&found, "revision")?;
            let mut held: Tenant = from_bson(found)?;
            if !change(&mut held)? {
                return Ok(Some(false));
            }
            let filter = doc! { "_id": tenant.as_str(), "revision": number(revision) };
            let replaced = unless_taken(collection.replace_one(filter, revised(&held, revision + 1)?)).await?;
            let same = || StoreError::Exists { what: "a key with the same secret".to_owned() };
            if replaced.ok_or_else(same)?.matched_count > 0 {
                return Ok(Some(true));
            }
        }
        Err(contended("the tenant's keys"))
    }
}

fn revised(tenant: &Tenant, revision: u64) -> Result<Document> {
    let mut document = document(tenant.id.as_str(), tenant)?;
    document.insert("revision", number(revision));
    Ok(document)
}
