//! Changes, counted in one document.

use async_trait::async_trait;
use bson::doc;

use super::MongoStore;
use super::call::{run, within};
use super::collections::CHANGES;
use super::keys::read_number;
use crate::{Changes, Result};

const ALL: &str = "all";

#[async_trait]
impl Changes for MongoStore {
    async fn note_change(&self) -> Result<()> {
        run("note_change", async {
            let one_more = doc! { "$inc": { "count": 1_i64 } };
            within(self.collection(CHANGES).update_one(doc! { "_id": ALL }, one_more).upsert(true)).await.map(drop)
        })
        .await
    }

    async fn changes(&self) -> Result<u64> {
        run("changes", async {
            let counted = within(self.collection(CHANGES).find_one(doc! { "_id": ALL })).await?;
            counted.map_or(Ok(0), |counted| read_number(&counted, "count"))
        })
        .await
    }
}
