//! Puts new seals where old ones lie. It works on the documents as they are, whatever they mean: a seal is known by how it
//! begins.

use rusqlite::{Connection, params};

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::sealing::BEGINNING;

use crate::document::reseal::reseal_json;
use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{Reseal, Result};

/// Each table that may hold a seal, and what names a row of it.
const TABLES: [(&str, &str); 4] =
    [("components", "id"), ("slo_configs", "tenant"), ("alert_configs", "tenant"), ("alerts", "id")];

impl EmbeddedStore {
    pub(super) async fn reseal(&self, reseal: &Reseal) -> Result<u64> {
        let mut changed = 0;
        for (table, name) in TABLES {
            for (tenant, id, text) in self.sealed_rows(table, name).await? {
                let Some(new) = reseal_json(&text, |sealed| reseal(&tenant, sealed))? else { continue };
                let sql = format!("UPDATE {table} SET doc = ?1 WHERE tenant = ?2 AND {name} = ?3 AND doc = ?4");
                let write = move |connection: &Connection| {
                    rows::change(connection, &sql, params![new, tenant.as_str(), id, text])
                };
                changed += self.write("reseal_across_tenants", write).await? as u64;
            }
        }
        Ok(changed)
    }

    async fn sealed_rows(&self, table: &str, name: &str) -> Result<Vec<(TenantId, String, String)>> {
        let sql = format!("SELECT tenant, {name}, doc FROM {table} WHERE instr(doc, ?1) > 0");
        self.read("reseal_across_tenants", move |connection| {
            let mut sealed = connection.prepare(&sql)?;
            let mut found = sealed.query([BEGINNING])?;
            let mut all = Vec::new();
            while let Some(row) = found.next()? {
                all.push((rows::id(row, 0)?, row.get(1)?, row.get(2)?));
            }
            Ok(all)
        })
        .await
    }
}
