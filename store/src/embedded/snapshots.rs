//! What the public sees. `as_of` stands in a column of its own, so that a tick that changes nothing writes little.

use std::collections::HashMap;

use async_trait::async_trait;
use rusqlite::params;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::time::Timestamp;

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::retention::AHEAD;
use crate::{Result, Snapshots, document};

#[async_trait]
impl Snapshots for EmbeddedStore {
    async fn put_snapshots(&self, snapshots: &[StatusSnapshot]) -> Result<()> {
        let snapshots = snapshots.to_vec();
        self.write("put_snapshots", move |connection| {
            let sql = "INSERT INTO snapshots (tenant, as_of, doc) VALUES (?1, ?2, ?3)
                ON CONFLICT DO UPDATE SET as_of = excluded.as_of, doc = excluded.doc
                WHERE excluded.as_of >= as_of OR as_of > ?4";
            for snapshot in &snapshots {
                let (tenant, as_of) = (snapshot.tenant.as_str(), snapshot.as_of.millis());
                let wrong = snapshot.as_of.plus(AHEAD).millis();
                rows::change(connection, sql, params![tenant, as_of, document::to_json(snapshot)?, wrong])?;
            }
            Ok(())
        })
        .await
    }

    async fn touch_snapshots(&self, tenants: &[TenantId], as_of: Timestamp) -> Result<()> {
        let tenants = tenants.to_vec();
        self.write("touch_snapshots", move |connection| {
            let sql = "UPDATE snapshots SET as_of = ?2 WHERE tenant = ?1 AND (as_of < ?2 OR as_of > ?3)";
            for tenant in &tenants {
                rows::change(connection, sql, params![tenant.as_str(), as_of.millis(), as_of.plus(AHEAD).millis()])?;
            }
            Ok(())
        })
        .await
    }

    async fn snapshot_times_across_tenants(&self) -> Result<HashMap<TenantId, Timestamp>> {
        self.read("snapshot_times_across_tenants", |connection| {
            let mut statement = connection.prepare_cached("SELECT tenant, as_of FROM snapshots")?;
            let times =
                rows::each(&mut statement, (), |row| Ok((rows::id(row, 0)?, Timestamp::from_millis(row.get(1)?))))?;
            Ok(times.into_iter().collect())
        })
        .await
    }
}
