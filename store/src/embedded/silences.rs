//! Silences.

use async_trait::async_trait;
use rusqlite::{Connection, params};

use plimsoll_domain::alert::Silence;
use plimsoll_domain::alert::silence::MAX_SILENCES;
use plimsoll_domain::ids::{SilenceId, TenantId};
use plimsoll_domain::time::Timestamp;

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{Result, Silences, StoreError, document};

pub(super) fn not_over(connection: &Connection, tenant: &TenantId, since: Timestamp) -> Result<Vec<Silence>> {
    let sql = "SELECT doc FROM silences WHERE tenant = ?1 AND ends_at > ?2 ORDER BY starts_at DESC, id";
    rows::all(connection, sql, params![tenant.as_str(), since.millis()])
}

#[async_trait]
impl Silences for EmbeddedStore {
    async fn put_silence(&self, silence: &Silence) -> Result<()> {
        // Made here: the thread that writes is everybody's.
        let (text, silence) = (document::to_json(silence)?, silence.clone());
        self.write("put_silence", move |connection| put(connection, &silence, &text)).await
    }

    async fn silence(&self, tenant: &TenantId, silence: &SilenceId) -> Result<Option<Silence>> {
        let (tenant, silence) = (tenant.clone(), silence.clone());
        self.read("silence", move |connection| {
            let sql = "SELECT doc FROM silences WHERE tenant = ?1 AND id = ?2";
            rows::one(connection, sql, [tenant.as_str(), silence.as_str()])
        })
        .await
    }

    async fn silences(&self, tenant: &TenantId, since: Timestamp) -> Result<Vec<Silence>> {
        let tenant = tenant.clone();
        self.read("silences", move |connection| not_over(connection, &tenant, since)).await
    }

    async fn silences_until_resolved_across_tenants(&self) -> Result<Vec<Silence>> {
        self.read("silences_until_resolved_across_tenants", |connection| {
            let sql = "SELECT doc, tenant || '/' || id FROM silences WHERE until_resolved = 1";
            rows::all_readable(connection, sql, ())
        })
        .await
    }
}

fn put(connection: &Connection, silence: &Silence, text: &str) -> Result<()> {
    let ends_at = silence.ends_at.map_or(i64::MAX, Timestamp::millis);
    let (tenant, id) = (silence.tenant.as_str(), silence.id.as_str());
    let values = params![
        tenant,
        id,
        silence.version.cast_signed(),
        silence.starts_at.millis(),
        ends_at,
        silence.until_resolved,
        text
    ];
    let sql = if silence.version == 1 {
        let sql = "SELECT count(*) FROM silences WHERE tenant = ?1";
        let held: i64 = connection.prepare_cached(sql)?.query_row([tenant], |row| row.get(0))?;
        if held >= rows::limit(MAX_SILENCES) {
            return Err(StoreError::Limit {
                what: format!("the list of silences of tenant {tenant}"),
                limit: MAX_SILENCES,
            });
        }
        "INSERT INTO silences (tenant, id, version, starts_at, ends_at, until_resolved, doc)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING"
    } else {
        "UPDATE silences SET version = ?3, starts_at = ?4, ends_at = ?5, until_resolved = ?6, doc = ?7
            WHERE tenant = ?1 AND id = ?2 AND version = ?3 - 1"
    };
    match rows::change(connection, sql, values)? {
        0 => Err(StoreError::Stale { what: format!("silence {id} of tenant {tenant}") }),
        _ => Ok(()),
    }
}
