//! Puts new seals where old ones lie. It works on the documents as they are, whatever they mean: a seal is known by how it
//! begins.

use rusqlite::params;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::sealing::BEGINNING;

use crate::document::reseal::reseal_json;
use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{Reseal, Result};

/// Each table that may hold a seal, and what names a row of it.
pub(super) const TABLES: [(&str, &str); 5] = [
    ("components", "id"),
    ("slo_configs", "tenant"),
    ("alert_configs", "tenant"),
    ("alerts", "id"),
    ("subscribers", "id"),
];

/// Documents of one write: a tenant may have tens of thousands of subscribers, and others wait for the thread that writes.
const PORTION: usize = 500;

impl EmbeddedStore {
    pub(super) async fn reseal(&self, reseal: &Reseal) -> Result<u64> {
        let mut changed = 0;
        for (table, name) in TABLES {
            for portion in self.sealed_rows(table, name).await?.chunks(PORTION) {
                let mut renewed = Vec::new();
                for (tenant, id, text) in portion {
                    let new = reseal_json(text, |sealed| reseal(tenant, sealed))?;
                    renewed.extend(new.map(|new| (new, tenant.clone(), id.clone(), text.clone())));
                }
                changed += self.put_renewed(table, name, renewed).await?;
            }
        }
        Ok(changed)
    }

    /// Each only if nobody changed it in between. How many were stored.
    async fn put_renewed(
        &self,
        table: &str,
        name: &str,
        renewed: Vec<(String, TenantId, String, String)>,
    ) -> Result<u64> {
        if renewed.is_empty() {
            return Ok(0);
        }
        let sql = format!("UPDATE {table} SET doc = ?1 WHERE tenant = ?2 AND {name} = ?3 AND doc = ?4");
        self.write("reseal_across_tenants", move |connection| {
            let mut changed = 0;
            for (new, tenant, id, text) in &renewed {
                changed += rows::change(connection, &sql, params![new, tenant.as_str(), id, text])? as u64;
            }
            Ok(changed)
        })
        .await
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
