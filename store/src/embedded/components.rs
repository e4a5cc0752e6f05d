//! Components and their heartbeats.

use std::collections::HashMap;

use async_trait::async_trait;
use rusqlite::params;

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{ComponentId, TenantId};
use plimsoll_domain::probe::Heartbeat;
use plimsoll_domain::sample::SampleStatus;
use plimsoll_domain::time::Timestamp;

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{Components, Result, StoreError, document};

fn what(component: &Component) -> String {
    format!("component {} of tenant {}", component.id, component.tenant)
}

#[async_trait]
impl Components for EmbeddedStore {
    async fn create_component(&self, component: &Component) -> Result<()> {
        let component = component.clone();
        self.write("create_component", move |connection| {
            let sql = "INSERT INTO components (tenant, id, doc) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            let doc = document::to_json(&component)?;
            match rows::change(connection, sql, params![component.tenant.as_str(), component.id.as_str(), doc])? {
                0 => Err(StoreError::Exists { what: what(&component) }),
                _ => Ok(()),
            }
        })
        .await
    }

    async fn replace_component(&self, component: &Component) -> Result<()> {
        let component = component.clone();
        self.write("replace_component", move |connection| {
            let sql = "UPDATE components SET doc = ?3 WHERE tenant = ?1 AND id = ?2";
            let doc = document::to_json(&component)?;
            match rows::change(connection, sql, params![component.tenant.as_str(), component.id.as_str(), doc])? {
                0 => Err(StoreError::Missing { what: what(&component) }),
                _ => Ok(()),
            }
        })
        .await
    }

    async fn remove_component(&self, tenant: &TenantId, component: &ComponentId) -> Result<bool> {
        let (tenant, component) = (tenant.clone(), component.clone());
        self.write("remove_component", move |connection| {
            let sql = "DELETE FROM components WHERE tenant = ?1 AND id = ?2";
            let key = [tenant.as_str(), component.as_str()];
            rows::change(connection, "DELETE FROM heartbeats WHERE tenant = ?1 AND component = ?2", key)?;
            Ok(rows::change(connection, sql, key)? > 0)
        })
        .await
    }

    async fn component(&self, tenant: &TenantId, component: &ComponentId) -> Result<Option<Component>> {
        let (tenant, component) = (tenant.clone(), component.clone());
        self.read("component", move |connection| {
            let sql = "SELECT doc FROM components WHERE tenant = ?1 AND id = ?2";
            rows::one(connection, sql, [tenant.as_str(), component.as_str()])
        })
        .await
    }

    async fn components(&self, tenant: &TenantId) -> Result<Vec<Component>> {
        let tenant = tenant.clone();
        self.read("components", move |connection| {
            rows::all(connection, "SELECT doc FROM components WHERE tenant = ?1 ORDER BY id", [tenant.as_str()])
        })
        .await
    }

    async fn components_across_tenants(&self) -> Result<Vec<Component>> {
        let sql = "SELECT doc, tenant || '/' || id FROM components ORDER BY tenant, id";
        self.read("components_across_tenants", move |connection| rows::all_readable(connection, sql, ())).await
    }

    async fn record_heartbeat(&self, tenant: &TenantId, component: &ComponentId, beat: Heartbeat) -> Result<bool> {
        let (tenant, component) = (tenant.clone(), component.clone());
        self.write("record_heartbeat", move |connection| {
            let sql = "INSERT INTO heartbeats (tenant, component, at, status) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT DO UPDATE SET at = excluded.at, status = excluded.status
                WHERE excluded.at > at OR (excluded.at = at AND excluded.status <> status)";
            let (at, status) = (beat.at.millis(), beat.status.as_str());
            Ok(rows::change(connection, sql, params![tenant.as_str(), component.as_str(), at, status])? > 0)
        })
        .await
    }

    async fn heartbeats_across_tenants(&self) -> Result<HashMap<(TenantId, ComponentId), Heartbeat>> {
        self.read("heartbeats_across_tenants", |connection| {
            let mut statement = connection.prepare_cached("SELECT tenant, component, at, status FROM heartbeats")?;
            let beats = rows::each(&mut statement, (), |row| {
                let beat =
                    Heartbeat { at: Timestamp::from_millis(row.get(2)?), status: status(&row.get::<_, String>(3)?)? };
                Ok(((rows::id(row, 0)?, rows::id(row, 1)?), beat))
            })?;
            Ok(beats.into_iter().collect())
        })
        .await
    }
}

fn status(text: &str) -> Result<SampleStatus> {
    use SampleStatus::{Degraded, Down, Operational, Unknown};
    [Operational, Degraded, Down, Unknown]
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| StoreError::Unreadable { what: "heartbeat", reason: format!("its status is {text:?}") })
}
