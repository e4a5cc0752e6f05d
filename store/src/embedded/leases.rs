//! Which processes run the jobs. One folder belongs to one process, so there is one holder at most; the rules are the
//! same all the same.

use async_trait::async_trait;
use rusqlite::params;

use plimsoll_domain::time::Timestamp;

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::retention::AHEAD;
use crate::{Leases, Result};

#[async_trait]
impl Leases for EmbeddedStore {
    async fn renew_lease(&self, holder: &str, until: Timestamp, now: Timestamp) -> Result<Vec<String>> {
        let holder = holder.to_owned();
        self.write("renew_lease", move |connection| {
            let sql = "DELETE FROM leases WHERE until <= ?1 OR until > ?2";
            rows::change(connection, sql, [now.millis(), now.plus(AHEAD).millis()])?;
            let sql =
                "INSERT INTO leases (holder, until) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET until = excluded.until";
            rows::change(connection, sql, params![holder, until.millis()])?;
            let mut alive = connection.prepare_cached("SELECT holder FROM leases WHERE until <= ?1 ORDER BY holder")?;
            rows::each(&mut alive, [now.plus(AHEAD).millis()], |row| Ok(row.get(0)?))
        })
        .await
    }

    async fn release_lease(&self, holder: &str) -> Result<()> {
        let holder = holder.to_owned();
        self.write("release_lease", move |connection| {
            rows::change(connection, "DELETE FROM leases WHERE holder = ?1", [&holder])?;
            Ok(())
        })
        .await
    }
}
