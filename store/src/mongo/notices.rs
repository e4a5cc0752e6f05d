//! What subscribers are told, one document for each notice. One that is finished carries the date it may go at, and no
//! other stands in the index of those that are to be sent.

use async_trait::async_trait;
use bson::{Document, doc};
use futures_util::TryStreamExt;
use mongodb::options::Hint;

use plimsoll_domain::ids::{NoticeId, SubscriberId, TenantId};
use plimsoll_domain::subscriber::Notice;
use plimsoll_domain::time::Timestamp;

use super::MongoStore;
use super::call::{run, within};
use super::collections::{NOTICES, notices_unfinished};
use super::documents::document;
use super::keys::{damaged, date, number};
use crate::retention::NOTICE_RETENTION;
use crate::{Notices, Result};

fn id(tenant: &TenantId, notice: &NoticeId) -> Document {
    doc! { "t": tenant.as_str(), "n": notice.as_str() }
}

#[async_trait]
impl Notices for MongoStore {
    async fn put_notices_if_absent(&self, notices: &[Notice]) -> Result<()> {
        let puts = notices.iter().map(|notice| {
            let mut new = stored(notice)?;
            let id = new.remove("_id");
            Ok(doc! { "q": { "_id": id }, "u": { "$setOnInsert": new }, "upsert": true })
        });
        let puts = puts.collect::<Result<Vec<_>>>();
        run("put_notices_if_absent", async { self.update_all(NOTICES, puts?).await }).await
    }

    async fn change_notice(&self, notice: &Notice) -> Result<bool> {
        run("change_notice", async {
            let filter = doc! { "_id": id(&notice.tenant, &notice.id), "version": number(notice.version) - 1 };
            self.replace(NOTICES, filter, stored(notice)?).await
        })
        .await
    }

    async fn subscribers_to_tell_across_tenants(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(TenantId, SubscriberId)>> {
        run("subscribers_to_tell_across_tenants", async {
            // For the server, a limit of 0 is wrong.
            if limit == 0 {
                return Ok(Vec::new());
            }
            let collection = self.collection(NOTICES);
            let steps = to_tell(now, i64::try_from(limit).unwrap_or(i64::MAX));
            let found = collection.aggregate(steps).hint(Hint::Keys(notices_unfinished()));
            let found: Vec<Document> = within(async { found.await?.try_collect().await }).await?;
            found.iter().map(read_subscriber).collect()
        })
        .await
    }

    async fn unfinished_notices(
        &self,
        tenant: &TenantId,
        subscriber: &SubscriberId,
        limit: usize,
    ) -> Result<Vec<Notice>> {
        let (tenant, subscriber) = (tenant.as_str(), subscriber.as_str());
        let filter = doc! { "tenant": tenant, "subscriber": subscriber, "ready_at": ever() };
        let in_order = doc! { "created_at": 1, "place": 1, "_id": 1 };
        run("unfinished_notices", self.some_readable(NOTICES, filter, in_order, limit)).await
    }

    async fn notices(
        &self,
        tenant: &TenantId,
        subscriber: Option<&SubscriberId>,
        after: Option<(Timestamp, NoticeId)>,
        limit: usize,
    ) -> Result<Vec<Notice>> {
        let mut filter = doc! { "tenant": tenant.as_str() };
        if let Some(subscriber) = subscriber {
            filter.insert("subscriber", subscriber.as_str());
        }
        if let Some((at, last)) = after {
            let (at, last) = (date(at), id(tenant, &last));
            filter.insert("created_at", doc! { "$lte": at });
            filter.insert("$or", [doc! { "created_at": { "$lt": at } }, doc! { "_id": { "$gt": last } }]);
        }
        run("notices", self.all(NOTICES, filter, doc! { "created_at": -1, "_id": 1 }, Some(limit))).await
    }
}

/// Any instant at all: what is finished has none. As a range it is answered from the index.
fn ever() -> Document {
    doc! { "$gte": bson::DateTime::MIN }
}

/// Those that come first of their subject, by subscriber, from the index of the unfinished alone. Of those that are ready
/// only, it could not be told whether another stands before.
fn to_tell(now: Timestamp, limit: i64) -> [Document; 7] {
    let mut in_order = notices_unfinished();
    in_order.remove("ready_at");
    let subject = doc! { "t": "$tenant", "s": "$subscriber", "j": "$subject" };
    [
        // Without a condition on what the index begins with, the server would read each document.
        doc! { "$match": { "tenant": { "$gte": "" }, "ready_at": ever() } },
        doc! { "$sort": in_order },
        doc! { "$group": { "_id": subject, "at": { "$first": "$ready_at" } } },
        doc! { "$match": { "at": { "$lte": date(now) } } },
        doc! { "$group": { "_id": { "t": "$_id.t", "s": "$_id.s" }, "at": { "$min": "$at" } } },
        doc! { "$sort": { "at": 1, "_id": 1 } },
        doc! { "$limit": limit },
    ]
}

fn read_subscriber(found: &Document) -> Result<(TenantId, SubscriberId)> {
    let id = found.get_document("_id").map_err(|_| damaged("_id"))?;
    let part = |name: &str| id.get_str(name).map_err(|_| damaged("subscriber"));
    let wrong = |_| damaged("subscriber");
    Ok((part("t")?.parse().map_err(wrong)?, part("s")?.parse().map_err(wrong)?))
}

fn stored(notice: &Notice) -> Result<Document> {
    let mut document = document(id(&notice.tenant, &notice.id), notice)?;
    document.extend(doc! {
        "tenant": notice.tenant.as_str(),
        "subscriber": notice.subscriber.as_str(),
        "subject": notice.event.subject(),
        "version": number(notice.version),
        "created_at": date(notice.created_at),
        "place": i64::from(notice.place),
    });
    if let Some(ready_at) = notice.ready_at() {
        document.insert("ready_at", date(ready_at));
    }
    if let Some(finished_at) = notice.finished_at() {
        document.insert("expires_at", date(finished_at.plus(NOTICE_RETENTION)));
    }
    Ok(document)
}
