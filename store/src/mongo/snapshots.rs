//! What the public sees. `as_of` stands beside the body as well, so that a tick that changes nothing writes little; where
//! the two differ, the one beside it is the newer.

use std::collections::HashMap;

use async_trait::async_trait;
use bson::{Document, doc};

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::time::Timestamp;

use super::MongoStore;
use super::call::{run, within};
use super::collections::SNAPSHOTS;
use super::documents::document;
use super::keys::{damaged, date, read_date};
use crate::retention::AHEAD;
use crate::{Result, Snapshots};

#[async_trait]
impl Snapshots for MongoStore {
    async fn put_snapshots(&self, snapshots: &[StatusSnapshot]) -> Result<()> {
        // The filter passes over a newer snapshot.
        let puts = snapshots.iter().map(|snapshot| {
            let (tenant, as_of) = (snapshot.tenant.as_str(), date(snapshot.as_of));
            let mut new = document(tenant, snapshot)?;
            new.insert("as_of", as_of);
            let older = doc! { "_id": tenant, "$or": [{ "as_of": { "$lte": as_of } }, wrong(snapshot.as_of)] };
            Ok(doc! { "q": older, "u": new, "upsert": true })
        });
        let puts = puts.collect::<Result<Vec<_>>>();
        run("put_snapshots", async { self.update_all(SNAPSHOTS, puts?).await }).await
    }

    async fn touch_snapshots(&self, tenants: &[TenantId], as_of: Timestamp) -> Result<()> {
        run("touch_snapshots", async {
            let tenants: Vec<_> = tenants.iter().map(TenantId::as_str).collect();
            let older = [doc! { "as_of": { "$lt": date(as_of) } }, wrong(as_of)];
            let filter = doc! { "_id": { "$in": tenants }, "$or": older };
            let change = doc! { "$set": { "as_of": date(as_of) } };
            within(self.collection(SNAPSHOTS).update_many(filter, change)).await.map(drop)
        })
        .await
    }

    async fn snapshot_times_across_tenants(&self) -> Result<HashMap<TenantId, Timestamp>> {
        run("snapshot_times_across_tenants", async {
            let times = self.find_fields(SNAPSHOTS, doc! { "as_of": 1 }).await?;
            times.iter().map(|time| Ok((tenant(time)?, read_date(time, "as_of")?))).collect()
        })
        .await
    }
}

/// Too far ahead of `as_of` to be true.
fn wrong(as_of: Timestamp) -> Document {
    doc! { "as_of": { "$gt": date(as_of.plus(AHEAD)) } }
}

fn tenant(found: &Document) -> Result<TenantId> {
    found.get_str("_id").ok().and_then(|id| id.parse().ok()).ok_or_else(|| damaged("_id"))
}
