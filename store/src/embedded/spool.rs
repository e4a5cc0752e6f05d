//! Envelopes that wait, one row each. The pages of those that are removed are used again for those that come.

use std::collections::HashMap;

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use plimsoll_domain::frontend::{SpoolUsage, SpooledEnvelope};
use plimsoll_domain::ids::{AppId, SpoolId, TenantId};
use plimsoll_domain::time::Timestamp;

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{Result, Spool, StoreError};

const INSERT: &str = "INSERT INTO spool (id, tenant, app, received_at, size, headers, body)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
/// Of the index alone.
const USAGE: &str = "SELECT tenant, app, count(*), sum(size), min(received_at)
    FROM spool INDEXED BY spool_by_app GROUP BY tenant, app";
const OLDEST_FIRST: &str = "SELECT id, received_at, size, headers, body
    FROM spool INDEXED BY spool_by_app WHERE tenant = ?1 AND app = ?2 AND id > ?4 ORDER BY id LIMIT ?3";

#[async_trait]
impl Spool for EmbeddedStore {
    async fn spool_envelope(&self, envelope: &SpooledEnvelope) -> Result<()> {
        let unstorable =
            |error: serde_json::Error| StoreError::Unstorable { what: "envelope", reason: error.to_string() };
        let headers = serde_json::to_string(&envelope.headers).map_err(unstorable)?;
        let envelope = envelope.clone();
        self.write("spool_envelope", move |connection| {
            let SpooledEnvelope { id, tenant, app, received_at, headers: _, body } = &envelope;
            let (received_at, size) = (received_at.millis(), envelope.size().cast_signed());
            let values = params![id.as_str(), tenant.as_str(), app.as_str(), received_at, size, headers, body];
            rows::change(connection, INSERT, values).map(drop)
        })
        .await
    }

    async fn spool_usage_across_tenants(&self) -> Result<HashMap<(TenantId, AppId), SpoolUsage>> {
        self.read("spool_usage_across_tenants", |connection| {
            let usages = rows::each(&mut connection.prepare_cached(USAGE)?, (), |row| {
                let count = |column| row.get(column).map(i64::cast_unsigned);
                let oldest = Some(Timestamp::from_millis(row.get(4)?));
                let usage = SpoolUsage { envelopes: count(2)?, bytes: count(3)?, oldest };
                Ok(((rows::id(row, 0)?, rows::id(row, 1)?), usage))
            })?;
            Ok(usages.into_iter().collect())
        })
        .await
    }

    async fn spooled_envelopes(
        &self,
        tenant: &TenantId,
        app: &AppId,
        after: Option<&SpoolId>,
        most: (usize, u64),
    ) -> Result<Vec<SpooledEnvelope>> {
        let whose = (tenant.clone(), app.clone());
        // Every id comes after nothing.
        let after = after.map_or_else(String::new, SpoolId::to_string);
        self.read("spooled_envelopes", move |connection| oldest_first(connection, &whose, &after, most)).await
    }

    async fn remove_spooled(&self, tenant: &TenantId, envelopes: &[SpoolId]) -> Result<u64> {
        let (tenant, envelopes) = (tenant.clone(), envelopes.to_vec());
        self.write("remove_spooled", move |connection| {
            let mut removed = 0;
            for envelope in &envelopes {
                let sql = "DELETE FROM spool WHERE id = ?1 AND tenant = ?2";
                removed += rows::change(connection, sql, [envelope.as_str(), tenant.as_str()])? as u64;
            }
            Ok(removed)
        })
        .await
    }
}

/// Row by row, so that no body is read that is not wanted any more.
fn oldest_first(
    connection: &Connection,
    (tenant, app): &(TenantId, AppId),
    after: &str,
    (limit, bytes): (usize, u64),
) -> Result<Vec<SpooledEnvelope>> {
    let mut statement = connection.prepare_cached(OLDEST_FIRST)?;
    let mut rows = statement.query(params![tenant.as_str(), app.as_str(), rows::limit(limit), after])?;
    let (mut envelopes, mut sum) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        envelopes.push(read(row, tenant, app)?);
        sum += row.get::<_, i64>(2)?.cast_unsigned();
        if sum >= bytes {
            break;
        }
    }
    Ok(envelopes)
}

fn read(row: &Row<'_>, tenant: &TenantId, app: &AppId) -> Result<SpooledEnvelope> {
    let headers = row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?;
    let unreadable = |error: serde_json::Error| StoreError::Unreadable { what: "envelope", reason: error.to_string() };
    Ok(SpooledEnvelope {
        id: rows::id(row, 0)?,
        tenant: tenant.clone(),
        app: app.clone(),
        received_at: Timestamp::from_millis(row.get(1)?),
        headers: serde_json::from_str(headers).map_err(unreadable)?,
        body: row.get(4)?,
    })
}
