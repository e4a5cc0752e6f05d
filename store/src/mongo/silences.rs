//! Silences.

use async_trait::async_trait;
use bson::{Document, doc};

use plimsoll_domain::alert::Silence;
use plimsoll_domain::alert::silence::{KEPT, MAX_SILENCES};
use plimsoll_domain::ids::{SilenceId, TenantId};
use plimsoll_domain::time::Timestamp;

use super::MongoStore;
use super::call::{run, within};
use super::collections::SILENCES;
use super::documents::document;
use super::keys::{date, number};
use crate::{Result, Silences, StoreError};

fn id(tenant: &TenantId, silence: &SilenceId) -> Document {
    doc! { "t": tenant.as_str(), "s": silence.as_str() }
}

fn of_tenant(tenant: &TenantId) -> Document {
    // From before every id of this tenant to after it.
    let (first, end) = (doc! { "t": tenant.as_str(), "s": "" }, doc! { "t": tenant.as_str(), "s": "~" });
    doc! { "_id": { "$gte": first, "$lt": end } }
}

#[async_trait]
impl Silences for MongoStore {
    async fn put_silence(&self, silence: &Silence) -> Result<()> {
        run("put_silence", self.put(silence)).await
    }

    async fn silence(&self, tenant: &TenantId, silence: &SilenceId) -> Result<Option<Silence>> {
        run("silence", self.one(SILENCES, id(tenant, silence))).await
    }

    async fn silences(&self, tenant: &TenantId, since: Timestamp) -> Result<Vec<Silence>> {
        run("silences", self.silences_of(tenant, since)).await
    }

    async fn silences_until_resolved_across_tenants(&self) -> Result<Vec<Silence>> {
        let filter = doc! { "until_resolved": true };
        run("silences_until_resolved_across_tenants", self.all_readable(SILENCES, filter, doc! { "_id": 1 })).await
    }
}

impl MongoStore {
    pub(super) async fn silences_of(&self, tenant: &TenantId, since: Timestamp) -> Result<Vec<Silence>> {
        let mut filter = of_tenant(tenant);
        filter.insert("ends_at", doc! { "$gt": date(since) });
        self.all(SILENCES, filter, doc! { "starts_at": -1, "_id": 1 }, None).await
    }

    async fn put(&self, silence: &Silence) -> Result<()> {
        let Silence { tenant, id: name, version, .. } = silence;
        let mut new = document(id(tenant, name), silence)?;
        new.insert("version", number(*version));
        new.insert("starts_at", date(silence.starts_at));
        new.insert("ends_at", silence.ends_at.map_or(bson::DateTime::MAX, date));
        new.insert("until_resolved", silence.until_resolved);
        if let Some(end) = silence.ends_at {
            new.insert("expires_at", date(end.plus(KEPT)));
        }
        let stored = if *version == 1 {
            let held = within(self.collection(SILENCES).count_documents(of_tenant(tenant))).await?;
            if held >= MAX_SILENCES as u64 {
                let what = format!("the list of silences of tenant {tenant}");
                return Err(StoreError::Limit { what, limit: MAX_SILENCES });
            }
            self.insert(SILENCES, new).await?
        } else {
            let filter = doc! { "_id": id(tenant, name), "version": number(*version) - 1 };
            self.replace(SILENCES, filter, new).await?
        };
        let stale = || StoreError::Stale { what: format!("silence {name} of tenant {tenant}") };
        stored.then_some(()).ok_or_else(stale)
    }
}
