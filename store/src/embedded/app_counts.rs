//! What is counted of frontend apps, one row for each app, day and source.

use std::ops::Range;

use async_trait::async_trait;
use rusqlite::params;

use plimsoll_domain::frontend::AppCounts;
use plimsoll_domain::ids::{AppId, TenantId};
use plimsoll_domain::time::Day;

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{AppCounting, Result, document};

#[async_trait]
impl AppCounting for EmbeddedStore {
    async fn put_app_counts(&self, counts: &[AppCounts]) -> Result<()> {
        // Made here: the thread that writes is everybody's.
        let texts = counts.iter().map(document::to_json).collect::<Result<Vec<_>>>()?;
        let counts = counts.to_vec();
        self.write("put_app_counts", move |connection| {
            let sql = "INSERT INTO app_counts (tenant, app, day, source, doc) VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT DO UPDATE SET doc = excluded.doc";
            for (AppCounts { tenant, app, day, source, counts: _ }, text) in counts.iter().zip(&texts) {
                rows::change(connection, sql, params![tenant.as_str(), app.as_str(), day.number(), source, text])?;
            }
            Ok(())
        })
        .await
    }

    async fn app_counts(&self, tenant: &TenantId, app: &AppId, days: Range<Day>) -> Result<Vec<AppCounts>> {
        let (tenant, app) = (tenant.clone(), app.clone());
        self.read("app_counts", move |connection| {
            let sql = "SELECT doc FROM app_counts
                WHERE tenant = ?1 AND app = ?2 AND day >= ?3 AND day < ?4 ORDER BY day, source";
            let (from, to) = (days.start.number(), days.end.number());
            rows::all(connection, sql, params![tenant.as_str(), app.as_str(), from, to])
        })
        .await
    }
}
