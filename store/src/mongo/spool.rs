//! Envelopes that wait, one document each.

use std::collections::HashMap;

use async_trait::async_trait;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, doc};
use futures_util::TryStreamExt;
use mongodb::options::Hint;

use plimsoll_domain::frontend::{SpoolUsage, SpooledEnvelope};
use plimsoll_domain::ids::{AppId, SpoolId, TenantId};

use super::MongoStore;
use super::call::{run, within};
use super::collections::{SPOOL, spool_by_app};
use super::keys::{damaged, date, number, read_date, read_number};
use crate::retention::spooled_expires_at;
use crate::{Result, Spool};

#[async_trait]
impl Spool for MongoStore {
    async fn spool_envelope(&self, envelope: &SpooledEnvelope) -> Result<()> {
        run("spool_envelope", async { self.insert(SPOOL, written(envelope)).await.map(drop) }).await
    }

    async fn spool_usage_across_tenants(&self) -> Result<HashMap<(TenantId, AppId), SpoolUsage>> {
        run("spool_usage_across_tenants", async {
            let sums = doc! {
                "_id": { "t": "$tenant", "a": "$app" },
                "envelopes": { "$sum": 1_i64 },
                "bytes": { "$sum": "$size" },
                "oldest": { "$min": "$received_at" },
            };
            let envelopes = self.collection(SPOOL);
            let usages = envelopes.aggregate([doc! { "$group": sums }]).hint(Hint::Keys(spool_by_app()));
            let usages: Vec<Document> = within(async { usages.await?.try_collect().await }).await?;
            usages.iter().map(read_usage).collect()
        })
        .await
    }

    async fn spooled_envelopes(
        &self,
        tenant: &TenantId,
        app: &AppId,
        after: Option<&SpoolId>,
        most: (usize, u64),
    ) -> Result<Vec<SpooledEnvelope>> {
        run("spooled_envelopes", async {
            let ids = self.first_spooled((tenant, app), after, most).await?;
            let envelopes = self.find(SPOOL, doc! { "_id": { "$in": ids } }, doc! { "_id": 1 }, None).await?;
            envelopes.into_iter().map(read).collect()
        })
        .await
    }

    async fn remove_spooled(&self, tenant: &TenantId, envelopes: &[SpoolId]) -> Result<u64> {
        run("remove_spooled", async {
            let ids: Vec<&str> = envelopes.iter().map(SpoolId::as_str).collect();
            let filter = doc! { "_id": { "$in": ids }, "tenant": tenant.as_str() };
            Ok(within(self.collection(SPOOL).delete_many(filter)).await?.deleted_count)
        })
        .await
    }
}

impl MongoStore {
    /// The ids of the envelopes that are wanted. Their sizes stand in the index: asked for at once, the server would send
    /// as many bodies as a message holds, wanted or not.
    async fn first_spooled(
        &self,
        (tenant, app): (&TenantId, &AppId),
        after: Option<&SpoolId>,
        (limit, bytes): (usize, u64),
    ) -> Result<Vec<Bson>> {
        // For the server, a limit of 0 is none.
        if limit == 0 {
            return Ok(Vec::new());
        }
        let envelopes = self.collection(SPOOL);
        let after = after.map_or("", SpoolId::as_str);
        let find = envelopes
            .find(doc! { "tenant": tenant.as_str(), "app": app.as_str(), "_id": { "$gt": after } })
            .projection(doc! { "size": 1 })
            .sort(doc! { "_id": 1 })
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
            .hint(Hint::Keys(spool_by_app()));
        let sizes: Vec<Document> = within(async { find.await?.try_collect().await }).await?;
        let (mut ids, mut sum) = (Vec::new(), 0);
        for mut envelope in sizes {
            sum += read_number(&envelope, "size")?;
            ids.push(envelope.remove("_id").ok_or_else(|| damaged("_id"))?);
            if sum >= bytes {
                break;
            }
        }
        Ok(ids)
    }
}

fn written(envelope: &SpooledEnvelope) -> Document {
    let SpooledEnvelope { id, tenant, app, received_at, headers, body } = envelope;
    let headers: Vec<Bson> = headers.iter().map(|(name, value)| vec![name.as_str(), value].into()).collect();
    doc! {
        "_id": id.as_str(),
        "tenant": tenant.as_str(),
        "app": app.as_str(),
        "received_at": date(*received_at),
        "expires_at": date(spooled_expires_at(*received_at)),
        "size": number(envelope.size()),
        "headers": headers,
        "body": Binary { subtype: BinarySubtype::Generic, bytes: body.clone() },
    }
}

fn read(mut document: Document) -> Result<SpooledEnvelope> {
    let body = document.remove("body");
    Ok(SpooledEnvelope {
        id: read_id(&document, "_id")?,
        tenant: read_id(&document, "tenant")?,
        app: read_id(&document, "app")?,
        received_at: read_date(&document, "received_at")?,
        headers: document.remove("headers").and_then(read_headers).ok_or_else(|| damaged("headers"))?,
        body: match body {
            Some(Bson::Binary(body)) => body.bytes,
            _ => return Err(damaged("body")),
        },
    })
}

fn read_headers(headers: Bson) -> Option<Vec<(String, String)>> {
    bson::deserialize_from_bson(headers).ok()
}

fn read_usage(document: &Document) -> Result<((TenantId, AppId), SpoolUsage)> {
    let id = document.get_document("_id").map_err(|_| damaged("_id"))?;
    let usage = SpoolUsage {
        envelopes: read_number(document, "envelopes")?,
        bytes: read_number(document, "bytes")?,
        oldest: Some(read_date(document, "oldest")?),
    };
    Ok(((read_id(id, "t")?, read_id(id, "a")?), usage))
}

fn read_id<T: std::str::FromStr>(document: &Document, field: &str) -> Result<T> {
    document.get_str(field).ok().and_then(|text| text.parse().ok()).ok_or_else(|| damaged(field))
}
