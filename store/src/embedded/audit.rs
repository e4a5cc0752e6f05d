//! The audit log, one row for each entry.

use async_trait::async_trait;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use plimsoll_domain::audit::AuditEntry;
use plimsoll_domain::ids::{AuditId, TenantId};
use plimsoll_domain::time::Timestamp;

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{Audit, AuditFilter, Result, document};

/// What stands in the place of a tenant where there is none: no tenant is called so.
const PLATFORM: &str = "";

fn stored(tenant: Option<&TenantId>) -> &str {
    tenant.map_or(PLATFORM, TenantId::as_str)
}

#[async_trait]
impl Audit for EmbeddedStore {
    async fn append_audit_entry(&self, entry: &AuditEntry) -> Result<()> {
        // Made here: the thread that writes is everybody's.
        let (text, entry) = (document::to_json(entry)?, entry.clone());
        self.write("append_audit_entry", move |connection| {
            let sql = "INSERT INTO audit_entries (tenant, id, at, actor, action, doc)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
            let AuditEntry { tenant, id, at, actor, action, .. } = &entry;
            let values = params![stored(tenant.as_ref()), id.as_str(), at.millis(), actor.id(), action, text];
            rows::change(connection, sql, values).map(drop)
        })
        .await
    }

    async fn audit_entries(
        &self,
        tenant: Option<&TenantId>,
        filter: &AuditFilter,
        after: Option<(Timestamp, AuditId)>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>> {
        let (sql, values) = filtered(Some(stored(tenant)), filter, after.as_ref(), limit);
        self.read("audit_entries", move |connection| rows::all(connection, &sql, params_from_iter(values))).await
    }

    async fn audit_entries_across_tenants(
        &self,
        filter: &AuditFilter,
        after: Option<(Timestamp, AuditId)>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>> {
        let (sql, values) = filtered(None, filter, after.as_ref(), limit);
        let work = move |connection: &Connection| rows::all(connection, &sql, params_from_iter(values));
        self.read("audit_entries_across_tenants", work).await
    }
}

/// SQL, and the values for its places. Only what is asked for stands in it, so that its index is found.
fn filtered(
    tenant: Option<&str>,
    filter: &AuditFilter,
    after: Option<&(Timestamp, AuditId)>,
    limit: usize,
) -> (String, Vec<Value>) {
    let text = |text: &str| Value::Text(text.to_owned());
    let instant = |at: Timestamp| Value::Integer(at.millis());
    let mut sql = "SELECT doc FROM audit_entries WHERE at >= ? AND at < ?".to_owned();
    let mut values = vec![instant(filter.at.start), instant(filter.at.end)];
    let equals = [
        (" AND tenant = ?", tenant),
        (" AND actor = ?", filter.actor.as_deref()),
        (" AND action = ?", filter.action.as_deref()),
    ];
    for (condition, wanted) in equals {
        if let Some(wanted) = wanted {
            sql.push_str(condition);
            values.push(text(wanted));
        }
    }
    if let Some((at, id)) = after {
        sql.push_str(" AND at <= ? AND (at < ? OR id > ?)");
        values.extend([instant(*at), instant(*at), text(id.as_str())]);
    }
    sql.push_str(" ORDER BY at DESC, id LIMIT ?");
    values.push(Value::Integer(rows::limit(limit)));
    (sql, values)
}
