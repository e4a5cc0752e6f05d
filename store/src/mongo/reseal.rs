//! Puts new seals where old ones lie. It works on the documents as they are; one that somebody changes in between was read
//! anew and sealed anew by them, or is found by the next run.

use bson::{Bson, Document, doc};
use futures_util::TryStreamExt;

use plimsoll_domain::sealing::BEGINNING;

use super::MongoStore;
use super::call::{run, within};
use super::collections::{ALERT_CONFIGS, ALERTS, COMPONENTS, SLO_CONFIGS, SUBSCRIBERS};
use super::keys::{damaged, tenant_of};
use crate::document::reseal::UNSEALED;
use crate::{Reseal, Result, StoreError};

/// Each collection that may hold a seal.
pub(super) const COLLECTIONS: [&str; 5] = [COMPONENTS, SLO_CONFIGS, ALERT_CONFIGS, ALERTS, SUBSCRIBERS];

impl MongoStore {
    pub(super) async fn reseal(&self, reseal: &Reseal) -> Result<u64> {
        run("reseal_across_tenants", async {
            let mut changed = 0;
            for collection in COLLECTIONS {
                let documents = self.collection(collection);
                let mut all = within(async { documents.find(doc! {}).await }).await?;
                while let Some(found) = within(async { all.try_next().await }).await? {
                    changed += u64::from(self.reseal_one(collection, found, reseal).await?);
                }
            }
            Ok(changed)
        })
        .await
    }

    async fn reseal_one(&self, collection: &str, found: Document, reseal: &Reseal) -> Result<bool> {
        let id = found.get("_id").cloned().ok_or_else(|| damaged("_id"))?;
        let tenant = tenant_of(&found)?;
        let old = found.get("body").cloned().unwrap_or(Bson::Null);
        let mut body = old.clone();
        let unreadable = |reason| StoreError::Unreadable { what: "document", reason };
        if !walk(&mut body, &|sealed| reseal(&tenant, sealed)).map_err(unreadable)? {
            return Ok(false);
        }
        let documents = self.collection(collection);
        let change = documents.update_one(doc! { "_id": id, "body": old }, doc! { "$set": { "body": body } });
        Ok(within(change).await?.modified_count > 0)
    }
}

pub(super) fn walk(
    value: &mut Bson,
    reseal: &impl Fn(&str) -> std::result::Result<Option<String>, String>,
) -> std::result::Result<bool, String> {
    let mut changed = false;
    match value {
        Bson::String(text) if text.starts_with(BEGINNING) => {
            if let Some(new) = reseal(text)? {
                *text = new;
                changed = true;
            }
        }
        Bson::Array(items) => {
            for item in items {
                changed |= walk(item, reseal)?;
            }
        }
        Bson::Document(fields) => {
            for (_, field) in fields.iter_mut().filter(|(name, _)| !UNSEALED.contains(&name.as_str())) {
                changed |= walk(field, reseal)?;
            }
        }
        _ => {}
    }
    Ok(changed)
}
