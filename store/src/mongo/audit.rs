//! The audit log, one document for each entry. Each carries the date it may go at.

use async_trait::async_trait;
use bson::{Bson, Document, doc};

use plimsoll_domain::audit::AuditEntry;
use plimsoll_domain::ids::{AuditId, TenantId};
use plimsoll_domain::time::Timestamp;

use super::MongoStore;
use super::call::run;
use super::collections::AUDIT_ENTRIES;
use super::documents::document;
use super::keys::date;
use crate::retention::audit_expires_at;
use crate::{Audit, AuditFilter, Result};

#[async_trait]
impl Audit for MongoStore {
    async fn append_audit_entry(&self, entry: &AuditEntry) -> Result<()> {
        run("append_audit_entry", async {
            // Known already: then it is the same.
            let _is_new = self.insert(AUDIT_ENTRIES, stored(entry)?).await?;
            Ok(())
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
        let mut wanted = filtered(filter, after);
        wanted.insert("tenant", owner(tenant));
        run("audit_entries", self.all(AUDIT_ENTRIES, wanted, newest_first(), Some(limit))).await
    }

    async fn audit_entries_across_tenants(
        &self,
        filter: &AuditFilter,
        after: Option<(Timestamp, AuditId)>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>> {
        let found = self.all(AUDIT_ENTRIES, filtered(filter, after), newest_first(), Some(limit));
        run("audit_entries_across_tenants", found).await
    }
}

fn newest_first() -> Document {
    doc! { "at": -1, "_id": 1 }
}

/// Whose an entry is; null: the platform's.
fn owner(tenant: Option<&TenantId>) -> Bson {
    tenant.map_or(Bson::Null, |tenant| tenant.as_str().into())
}

fn stored(entry: &AuditEntry) -> Result<Document> {
    let mut document = document(entry.id.as_str(), entry)?;
    document.extend(doc! {
        "tenant": owner(entry.tenant.as_ref()),
        "at": date(entry.at),
        "actor": entry.actor.id(),
        "action": &entry.action,
        "expires_at": date(audit_expires_at(entry)),
    });
    Ok(document)
}

fn filtered(filter: &AuditFilter, after: Option<(Timestamp, AuditId)>) -> Document {
    let mut span = doc! { "$gte": date(filter.at.start), "$lt": date(filter.at.end) };
    let mut wanted = Document::new();
    for (name, value) in [("actor", &filter.actor), ("action", &filter.action)] {
        if let Some(value) = value {
            wanted.insert(name, value);
        }
    }
    if let Some((at, last)) = after {
        let at = date(at);
        span.insert("$lte", at);
        wanted.insert("$or", [doc! { "at": { "$lt": at } }, doc! { "_id": { "$gt": last.as_str() } }]);
    }
    wanted.insert("at", span);
    wanted
}
