//! Incidents with their timelines. A unique index over a field that only an open automatic incident has sees to it that
//! a component, or an SLO, has one at most.

use async_trait::async_trait;
use bson::{Document, doc};

use plimsoll_domain::ids::{IncidentId, TenantId};
use plimsoll_domain::incident::Incident;
use plimsoll_domain::time::Timestamp;

use super::MongoStore;
use super::call::{run, unless_taken};
use super::collections::INCIDENTS;
use super::documents::document;
use super::keys::{date, number, series_id};
use crate::{Incidents, Result, StoreError};

#[async_trait]
impl Incidents for MongoStore {
    async fn open_incident_if_absent(&self, incident: &Incident) -> Result<bool> {
        run("open_incident_if_absent", async { self.insert(INCIDENTS, stored(incident)?).await }).await
    }

    async fn change_incident(&self, incident: &Incident) -> Result<()> {
        run("change_incident", async {
            let filter = doc! {
                "_id": incident.id.as_str(),
                "tenant": incident.tenant.as_str(),
                "version": number(incident.version) - 1,
            };
            let incidents = self.collection(INCIDENTS);
            match unless_taken(incidents.replace_one(filter, stored(incident)?)).await? {
                None => Err(StoreError::Exists {
                    what: "an open automatic incident of the same component or SLO".to_owned(),
                }),
                Some(done) if done.matched_count == 0 => {
                    Err(StoreError::Stale { what: format!("incident {}", incident.id) })
                }
                Some(_) => Ok(()),
            }
        })
        .await
    }

    async fn incident_across_tenants(&self, incident: &IncidentId) -> Result<Option<Incident>> {
        run("incident_across_tenants", self.one(INCIDENTS, incident.as_str())).await
    }

    async fn open_or_recent_incidents(&self, tenant: &TenantId, since: Timestamp) -> Result<Vec<Incident>> {
        let filter = doc! { "tenant": tenant.as_str(), "over_at": { "$gte": date(since) } };
        run("open_or_recent_incidents", self.all(INCIDENTS, filter, newest_first(), None)).await
    }

    async fn incidents(
        &self,
        tenant: &TenantId,
        after: Option<(Timestamp, IncidentId)>,
        limit: usize,
    ) -> Result<Vec<Incident>> {
        let mut filter = doc! { "tenant": tenant.as_str() };
        if let Some((start, id)) = after {
            let start = date(start);
            filter.insert("started_at", doc! { "$lte": start });
            filter.insert("$or", [doc! { "started_at": { "$lt": start } }, doc! { "_id": { "$gt": id.as_str() } }]);
        }
        run("incidents", self.all(INCIDENTS, filter, newest_first(), Some(limit))).await
    }

    async fn open_or_recent_incidents_across_tenants(&self, since: Timestamp) -> Result<Vec<Incident>> {
        let filter = doc! { "over_at": { "$gte": date(since) } };
        run("open_or_recent_incidents_across_tenants", self.all_readable(INCIDENTS, filter, newest_first())).await
    }
}

pub(super) fn newest_first() -> Document {
    doc! { "started_at": -1, "_id": 1 }
}

/// An open incident is over at the end of time, so that one range finds those that are open and those over since.
fn stored(incident: &Incident) -> Result<Document> {
    let mut document = document(incident.id.as_str(), incident)?;
    document.insert("tenant", incident.tenant.as_str());
    document.insert("version", number(incident.version));
    document.insert("started_at", date(incident.started_at()));
    document.insert("over_at", incident.quiet_since().map_or(bson::DateTime::MAX, date));
    if incident.draft {
        document.insert("draft", true);
    }
    if let Some(opener) = incident.holds() {
        document.insert("open_automatic", series_id(&incident.tenant, opener));
    }
    Ok(document)
}
