//! Readings of SLOs, one document for each SLO and tick.

use std::ops::Range;

use async_trait::async_trait;
use bson::{Document, doc};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use plimsoll_domain::ids::{SloType, TenantId};
use plimsoll_domain::slo::{Measurement, Step};
use plimsoll_domain::time::Timestamp;

use super::MongoStore;
use super::call::run;
use super::collections::MEASUREMENTS;
use super::documents::document;
use super::keys::date;
use crate::retention::{measurement_expires_at, step_number};
use crate::{Measurements, Result};

/// SLOs whose newest measurement is looked up at the same time.
const ABREAST: usize = 8;

fn id(tenant: &TenantId, slo: &SloType, at: bson::DateTime) -> Document {
    doc! { "t": tenant.as_str(), "s": slo.as_str(), "at": at }
}

/// Those of `span` whose step is `least` or longer, and their order: by `_id`, or through the index that only those of
/// an hour and more are in.
fn within(tenant: &TenantId, slo: &SloType, span: Range<bson::DateTime>, least: Step) -> (Document, Document) {
    if least == Step::Tick {
        let (from, to) = (id(tenant, slo, span.start), id(tenant, slo, span.end));
        return (doc! { "_id": { "$gte": from, "$lt": to } }, doc! { "_id": 1 });
    }
    let filter = doc! {
        "_id.t": tenant.as_str(),
        "_id.s": slo.as_str(),
        "_id.at": { "$gte": span.start, "$lt": span.end },
        "step": { "$gte": step_number(least) },
    };
    (filter, doc! { "_id.at": 1 })
}

#[async_trait]
impl Measurements for MongoStore {
    async fn put_measurements(&self, measurements: &[Measurement]) -> Result<()> {
        let puts = measurements.iter().map(|measurement| {
            let id = id(&measurement.tenant, &measurement.slo_type, date(measurement.at));
            let mut new = document(id.clone(), measurement)?;
            new.insert("step", step_number(measurement.step));
            if let Some(at) = measurement_expires_at(measurement) {
                new.insert("expires_at", date(at));
            }
            Ok(doc! { "q": { "_id": id }, "u": new, "upsert": true })
        });
        let puts = puts.collect::<Result<Vec<_>>>();
        run("put_measurements", async { self.update_all(MEASUREMENTS, puts?).await }).await
    }

    async fn latest_measurements(
        &self,
        tenant: &TenantId,
        slos: &[SloType],
        until: Timestamp,
    ) -> Result<Vec<Measurement>> {
        let newest = |slo: SloType| async move {
            let (first, last) = (id(tenant, &slo, bson::DateTime::MIN), id(tenant, &slo, date(until)));
            let filter = doc! { "_id": { "$gte": first, "$lte": last } };
            self.all(MEASUREMENTS, filter, doc! { "_id": -1 }, Some(1)).await
        };
        let found = stream::iter(slos.to_vec()).map(newest).buffered(ABREAST).try_concat();
        run("latest_measurements", found).await
    }

    async fn measurements(
        &self,
        tenant: &TenantId,
        slo: &SloType,
        span: Range<Timestamp>,
        least: Step,
        limit: usize,
    ) -> Result<Vec<Measurement>> {
        let (filter, oldest_first) = within(tenant, slo, date(span.start)..date(span.end), least);
        run("measurements", self.all(MEASUREMENTS, filter, oldest_first, Some(limit))).await
    }
}
