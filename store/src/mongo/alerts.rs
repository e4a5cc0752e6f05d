//! Alerts, one document each. What is to be sent of one stands in it as a list that is indexed, so that an alert and its
//! place in the queue are one write.

use std::collections::HashMap;

use async_trait::async_trait;
use bson::oid::ObjectId;
use bson::{Bson, Document, doc};
use futures_util::TryStreamExt;
use futures_util::future::{try_join, try_join_all, try_join3};

use plimsoll_domain::alert::record::ALERT_RETENTION;
use plimsoll_domain::alert::{Alert, ReceiverName};
use plimsoll_domain::ids::{AlertId, TenantId};
use plimsoll_domain::time::Timestamp;

use super::MongoStore;
use super::bulk::STAMP;
use super::call::{run, within};
use super::collections::{ALERTS, MAINTENANCES};
use super::documents::document;
use super::keys::{damaged, date, number};
use crate::{AlertConfigs, AlertFilter, AlertScene, Alerts, Backlog, Result, StoreError, Told};

fn id(tenant: &TenantId, alert: &AlertId) -> Document {
    doc! { "t": tenant.as_str(), "a": alert.as_str() }
}

fn newest_first() -> Document {
    doc! { "fired_at": -1, "_id": 1 }
}

#[async_trait]
impl Alerts for MongoStore {
    async fn alert_scene(&self, tenant: &TenantId, dedup_keys: &[String], now: Timestamp) -> Result<AlertScene> {
        run("alert_scene", async {
            let (first, end) = (doc! { "t": tenant.as_str(), "m": "" }, doc! { "t": tenant.as_str(), "m": "~" });
            let maintenances = doc! { "_id": { "$gte": first, "$lt": end }, "ends_at": { "$gt": date(now) } };
            let maintenances = self.all(MAINTENANCES, maintenances, doc! { "starts_at": 1, "_id": 1 }, None);
            let config = self.alert_config(tenant);
            let around = Box::pin(try_join3(config, self.silences_of(tenant, now), maintenances));
            let ((config, silences, maintenances), latest) = try_join(around, self.latest(tenant, dedup_keys)).await?;
            Ok(AlertScene { config: config.unwrap_or_default(), silences, maintenances, latest })
        })
        .await
    }

    async fn put_alerts(&self, alerts: &[Alert]) -> Result<Vec<bool>> {
        run("put_alerts", async {
            let stamp = ObjectId::new();
            let mut stored = vec![false; alerts.len()];
            for is_first in [true, false] {
                let of: Vec<usize> = (0..alerts.len()).filter(|at| (alerts[*at].version == 1) == is_first).collect();
                let replacements = of.iter().map(|at| replacement(&alerts[*at], stamp)).collect::<Result<Vec<_>>>()?;
                let replaced = self.replace_all(ALERTS, replacements, stamp).await?;
                of.into_iter().zip(replaced).for_each(|(at, is_stored)| stored[at] = is_stored);
            }
            Ok(stored)
        })
        .await
    }

    async fn put_alerts_and_tell(&self, alerts: &[Alert], told: Told) -> Result<Vec<bool>> {
        let stored = self.put_alerts(alerts).await?;
        told(&stored);
        Ok(stored)
    }

    async fn alert(&self, tenant: &TenantId, alert: &AlertId) -> Result<Option<Alert>> {
        run("alert", self.one(ALERTS, id(tenant, alert))).await
    }

    async fn alerts(
        &self,
        tenant: &TenantId,
        filter: &AlertFilter,
        after: Option<(Timestamp, AlertId)>,
        limit: usize,
    ) -> Result<Vec<Alert>> {
        let filter = filtered(tenant, filter, after);
        run("alerts", self.all(ALERTS, filter, newest_first(), Some(limit))).await
    }

    async fn open_alerts_across_tenants(&self, sources: &[&str]) -> Result<Vec<Alert>> {
        let sources: Vec<&str> = sources.to_vec();
        let filter = doc! { "open_source": { "$in": sources } };
        run("open_alerts_across_tenants", self.all_readable(ALERTS, filter, doc! { "_id": 1 })).await
    }

    async fn open_alerts(&self, tenant: &TenantId, limit: usize) -> Result<Vec<Alert>> {
        let filter = doc! { "tenant": tenant.as_str(), "open_source": { "$exists": true } };
        run("open_alerts", self.all(ALERTS, filter, doc! { "_id": 1 }, Some(limit))).await
    }

    async fn ready_receivers_across_tenants(&self, now: Timestamp) -> Result<Vec<(TenantId, ReceiverName)>> {
        run("ready_receivers_across_tenants", async {
            let is_ready = doc! { "queue.at": { "$lte": date(now) } };
            let each = doc! { "_id": { "t": "$queue.t", "r": "$queue.r" } };
            let steps = [
                doc! { "$match": is_ready.clone() },
                doc! { "$project": { "queue": 1 } },
                doc! { "$unwind": "$queue" },
                doc! { "$match": is_ready },
                doc! { "$group": each },
            ];
            self.aggregated(&steps).await?.iter().map(read_receiver).collect()
        })
        .await
    }

    async fn ready_alerts(
        &self,
        tenant: &TenantId,
        receiver: &ReceiverName,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Alert>> {
        let of = doc! { "t": tenant.as_str(), "r": receiver.as_str(), "at": { "$lte": date(now) } };
        let filter = doc! { "queue": { "$elemMatch": of } };
        run("ready_alerts", self.some_readable(ALERTS, filter, doc! { "queue.at": 1 }, limit)).await
    }

    async fn alerts_to_reconsider_across_tenants(&self, now: Timestamp, limit: usize) -> Result<Vec<Alert>> {
        let filter = doc! { "reconsider_at": { "$lte": date(now) } };
        let soonest = doc! { "reconsider_at": 1 };
        run("alerts_to_reconsider_across_tenants", self.some_readable(ALERTS, filter, soonest, limit)).await
    }

    async fn backlog_across_tenants(&self) -> Result<Backlog> {
        run("backlog_across_tenants", async {
            let all = doc! { "_id": null, "waiting": { "$sum": 1 }, "oldest": { "$min": "$queue.c" } };
            let steps = [
                doc! { "$match": { "queue.at": { "$exists": true } } },
                doc! { "$project": { "queue": 1 } },
                doc! { "$unwind": "$queue" },
                doc! { "$group": all },
            ];
            let found = self.aggregated(&steps).await?;
            let Some(found) = found.first() else { return Ok(Backlog::default()) };
            let waiting = found.get_i32("waiting").map_err(|_| damaged("waiting"))?;
            let oldest = found.get_datetime("oldest").map(|at| Timestamp::from_millis(at.timestamp_millis())).ok();
            Ok(Backlog { waiting: u64::try_from(waiting).unwrap_or_default(), oldest })
        })
        .await
    }
}

impl MongoStore {
    /// The newest episode of each key that has one.
    async fn latest(&self, tenant: &TenantId, keys: &[String]) -> Result<HashMap<String, Alert>> {
        let each = keys.iter().map(|key| async move {
            let filter = doc! { "tenant": tenant.as_str(), "key": key.as_str() };
            let found = self.all(ALERTS, filter, doc! { "episode": -1 }, Some(1)).await?;
            Ok::<_, StoreError>(found.into_iter().next().map(|alert: Alert| (key.clone(), alert)))
        });
        Ok(try_join_all(each).await?.into_iter().flatten().collect())
    }

    async fn aggregated(&self, steps: &[Document]) -> Result<Vec<Document>> {
        let collection = self.collection(ALERTS);
        let aggregate = collection.aggregate(steps.to_vec());
        within(async { aggregate.await?.try_collect().await }).await
    }
}

fn read_receiver(found: &Document) -> Result<(TenantId, ReceiverName)> {
    let id = found.get_document("_id").map_err(|_| damaged("_id"))?;
    let part = |name: &str| id.get_str(name).map_err(|_| damaged("queue"));
    Ok((part("t")?.parse().map_err(|_| damaged("queue"))?, part("r")?.parse().map_err(|_| damaged("queue"))?))
}

/// An update that stores `alert` if its version before is stored, and makes it if it is the first.
fn replacement(alert: &Alert, stamp: ObjectId) -> Result<Document> {
    let id = id(&alert.tenant, &alert.id);
    let q = doc! { "_id": id.clone(), "version": number(alert.version) - 1 };
    let mut new = stored(id, alert)?;
    new.insert(STAMP, stamp);
    Ok(doc! { "q": q, "u": new, "upsert": alert.version == 1 })
}

fn stored(id: Document, alert: &Alert) -> Result<Document> {
    let mut document = document(id, alert)?;
    document.extend(doc! {
        "tenant": alert.tenant.as_str(),
        "key": &alert.dedup_key,
        "episode": number(alert.episode),
        "version": number(alert.version),
        "fired_at": date(alert.fired_at),
        "severity": alert.content.severity.as_str(),
        "status": alert.status.as_str(),
        "receivers": alert.openings.iter().map(|one| one.receiver.name.as_str()).collect::<Vec<_>>(),
    });
    let mut put = |name: &str, value: Option<Bson>| value.map(|value| document.insert(name, value));
    put("component", alert.content.component.clone().map(Bson::from));
    put("reconsider_at", alert.reconsider_at().map(|at| date(at).into()));
    // Each of these is indexed where it is there, and left out where it is not so.
    put("open_source", alert.is_open().then(|| alert.content.source.clone().into()));
    put("dead", alert.has_dead().then_some(true.into()));
    put("feedback", alert.feedback.as_ref().map(|_| true.into()));
    if alert.is_settled() {
        put("expires_at", Some(date(alert.updated_at.plus(ALERT_RETENTION)).into()));
    } else {
        put("unsettled", Some(doc! { "t": alert.tenant.as_str(), "k": &alert.dedup_key }.into()));
    }
    let queued = |one: plimsoll_domain::alert::Queued<'_>| {
        let (ready_at, created_at) = (date(one.ready_at), date(one.created_at));
        doc! { "t": alert.tenant.as_str(), "r": one.receiver.as_str(), "at": ready_at, "c": created_at }
    };
    let queue: Vec<_> = alert.queue().into_iter().map(queued).collect();
    put("queue", (!queue.is_empty()).then(|| queue.into()));
    Ok(document)
}

fn filtered(tenant: &TenantId, filter: &AlertFilter, after: Option<(Timestamp, AlertId)>) -> Document {
    let span = doc! { "$gte": date(filter.fired.start), "$lt": date(filter.fired.end) };
    let mut wanted = doc! { "tenant": tenant.as_str(), "fired_at": span };
    let mut also = |name: &str, value: Option<Bson>| value.map(|value| wanted.insert(name, value));
    also("severity", filter.severity.map(|severity| severity.as_str().into()));
    also("status", filter.status.map(|status| status.as_str().into()));
    also("receivers", filter.receiver.as_ref().map(|receiver| receiver.as_str().into()));
    also("component", filter.component.clone().map(Bson::from));
    also("key", filter.dedup_key.clone().map(Bson::from));
    also("dead", filter.only_dead.then_some(true.into()));
    also("feedback", filter.only_with_feedback.then_some(true.into()));
    if let Some((at, alert)) = after {
        let later = doc! { "fired_at": date(at), "_id": { "$gt": id(tenant, &alert) } };
        also("$or", Some(vec![doc! { "fired_at": { "$lt": date(at) } }, later].into()));
    }
    wanted
}
