//! Tenants. Their keys are in the tenant's document; a table beside it finds a key by its hash.

use async_trait::async_trait;
use rusqlite::{Connection, params};

use plimsoll_domain::ids::{KeyId, TenantId};
use plimsoll_domain::tenant::{ApiKey, MAX_KEYS, Tenant};

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{Result, StoreError, Tenants, document};

const ALL: &str = "SELECT doc, id FROM tenants ORDER BY id";

#[async_trait]
impl Tenants for EmbeddedStore {
    async fn create_tenant(&self, tenant: &Tenant) -> Result<()> {
        let tenant = tenant.clone();
        self.write("create_tenant", move |connection| {
            let sql = "INSERT INTO tenants (id, doc) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            let new = rows::change(connection, sql, params![tenant.id.as_str(), document::to_json(&tenant)?])?;
            if new == 0 {
                return Err(StoreError::Exists { what: format!("tenant {}", tenant.id) });
            }
            tenant.keys.iter().try_for_each(|key| index_key(connection, &tenant.id, key))
        })
        .await
    }

    async fn tenant(&self, tenant: &TenantId) -> Result<Option<Tenant>> {
        let tenant = tenant.clone();
        self.read("tenant", move |connection| find(connection, &tenant)).await
    }

    async fn tenants_across_all(&self) -> Result<Vec<Tenant>> {
        self.read("tenants_across_all", all).await
    }

    async fn key_across_tenants(&self, hash: &str) -> Result<Option<(TenantId, ApiKey)>> {
        let state = match self.known_keys.get(hash) {
            Ok(found) => return Ok(Some(found)),
            Err(state) => state,
        };
        let hash = hash.to_owned();
        let found = self.read("key_across_tenants", move |connection| {
            let sql = "SELECT t.doc FROM keys k JOIN tenants t ON t.id = k.tenant WHERE k.hash = ?1";
            let tenant = rows::one::<Tenant>(connection, sql, [&hash])?;
            Ok(tenant.and_then(|tenant| {
                let key = tenant.keys.into_iter().find(|key| key.hash == hash)?;
                Some((tenant.id, key))
            }))
        });
        let found = found.await?;
        if let Some(found) = &found {
            self.known_keys.put(state, found);
        }
        Ok(found)
    }

    async fn add_key(&self, tenant: &TenantId, key: &ApiKey) -> Result<()> {
        let (id, key) = (tenant.clone(), key.clone());
        self.write("add_key", move |connection| {
            let missing = || StoreError::Missing { what: format!("tenant {id}") };
            let mut tenant = find(connection, &id)?.ok_or_else(missing)?;
            if tenant.keys.iter().any(|held| held.id == key.id) {
                return Err(StoreError::Exists { what: format!("key {} of tenant {id}", key.id) });
            }
            if tenant.keys.len() >= MAX_KEYS {
                return Err(StoreError::Limit { what: format!("the list of keys of tenant {id}"), limit: MAX_KEYS });
            }
            index_key(connection, &id, &key)?;
            tenant.keys.push(key);
            replace(connection, &tenant)
        })
        .await
    }

    async fn remove_key(&self, tenant: &TenantId, key: &KeyId) -> Result<bool> {
        let (id, key) = (tenant.clone(), key.clone());
        self.known_keys.forget();
        let removed = self.write("remove_key", move |connection| {
            let Some(mut tenant) = find(connection, &id)? else { return Ok(false) };
            let Some(at) = tenant.keys.iter().position(|held| held.id == key) else { return Ok(false) };
            let removed = tenant.keys.remove(at);
            rows::change(connection, "DELETE FROM keys WHERE hash = ?1", [&removed.hash])?;
            replace(connection, &tenant)?;
            Ok(true)
        });
        let removed = removed.await;
        self.known_keys.forget();
        removed
    }
}

/// All tenants that can be read, by id.
fn all(connection: &Connection) -> Result<Vec<Tenant>> {
    rows::all_readable(connection, ALL, ())
}

fn find(connection: &Connection, tenant: &TenantId) -> Result<Option<Tenant>> {
    rows::one(connection, "SELECT doc FROM tenants WHERE id = ?1", [tenant.as_str()])
}

fn replace(connection: &Connection, tenant: &Tenant) -> Result<()> {
    let sql = "UPDATE tenants SET doc = ?2 WHERE id = ?1";
    rows::change(connection, sql, params![tenant.id.as_str(), document::to_json(tenant)?])?;
    Ok(())
}

fn index_key(connection: &Connection, tenant: &TenantId, key: &ApiKey) -> Result<()> {
    let sql = "INSERT INTO keys (hash, tenant) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    match rows::change(connection, sql, params![key.hash, tenant.as_str()])? {
        0 => Err(StoreError::Exists { what: "a key with the same secret".to_owned() }),
        _ => Ok(()),
    }
}
