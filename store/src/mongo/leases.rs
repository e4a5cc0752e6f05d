//! Which processes run the jobs. A holder that vanished is removed by the server, long after anybody counted it.

use async_trait::async_trait;
use bson::{Document, doc};

use plimsoll_domain::time::{Span, Timestamp};

use super::MongoStore;
use super::call::{run, within};
use super::collections::LEASES;
use super::keys::{damaged, date};
use crate::retention::AHEAD;
use crate::{Leases, Result};

const KEPT: Span = Span::days(1);

#[async_trait]
impl Leases for MongoStore {
    async fn renew_lease(&self, holder: &str, until: Timestamp, now: Timestamp) -> Result<Vec<String>> {
        run("renew_lease", async {
            let change = doc! { "$set": { "until": date(until), "expires_at": date(until.plus(KEPT)) } };
            within(self.collection(LEASES).update_one(doc! { "_id": holder }, change).upsert(true)).await?;
            let alive = doc! { "until": { "$gt": date(now), "$lte": date(now.plus(AHEAD)) } };
            let name = |lease: &Document| lease.get_str("_id").map(str::to_owned).map_err(|_| damaged("_id"));
            self.find(LEASES, alive, doc! { "_id": 1 }, None).await?.iter().map(name).collect()
        })
        .await
    }

    async fn release_lease(&self, holder: &str) -> Result<()> {
        run("release_lease", async { self.remove(LEASES, holder).await.map(drop) }).await
    }
}
