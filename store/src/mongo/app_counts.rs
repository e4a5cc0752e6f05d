//! What is counted of frontend apps, one document for each app, day and source.

use std::ops::Range;

use async_trait::async_trait;
use bson::{Document, doc};

use plimsoll_domain::frontend::AppCounts;
use plimsoll_domain::ids::{AppId, TenantId};
use plimsoll_domain::time::Day;

use super::MongoStore;
use super::call::run;
use super::collections::APP_COUNTS;
use super::documents::document;
use super::keys::date;
use crate::retention::counts_expire_at;
use crate::{AppCounting, Result};

/// What every identity of a day begins with; it comes before all of them.
fn day_id(tenant: &TenantId, app: &AppId, day: Day) -> Document {
    doc! { "t": tenant.as_str(), "a": app.as_str(), "d": day.number() }
}

#[async_trait]
impl AppCounting for MongoStore {
    async fn put_app_counts(&self, counts: &[AppCounts]) -> Result<()> {
        let puts = counts.iter().map(|counted| {
            let mut id = day_id(&counted.tenant, &counted.app, counted.day);
            id.insert("s", &counted.source);
            let mut new = document(id.clone(), counted)?;
            new.insert("expires_at", date(counts_expire_at(counted)));
            Ok(doc! { "q": { "_id": id }, "u": new, "upsert": true })
        });
        let puts = puts.collect::<Result<Vec<_>>>();
        run("put_app_counts", async { self.update_all(APP_COUNTS, puts?).await }).await
    }

    async fn app_counts(&self, tenant: &TenantId, app: &AppId, days: Range<Day>) -> Result<Vec<AppCounts>> {
        let (from, to) = (day_id(tenant, app, days.start), day_id(tenant, app, days.end));
        let filter = doc! { "_id": { "$gte": from, "$lt": to } };
        run("app_counts", self.all(APP_COUNTS, filter, doc! { "_id": 1 }, None)).await
    }
}
