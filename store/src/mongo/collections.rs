//! The collections, by name, and their indexes. What an index is for stands beside it.

use std::time::Duration;

use bson::{Document, doc};
use mongodb::IndexModel;
use mongodb::options::IndexOptions;

use super::MongoStore;
use super::call::within;
use crate::Result;

pub(super) const TENANTS: &str = "tenants";
pub(super) const COMPONENTS: &str = "components";
pub(super) const HEARTBEATS: &str = "heartbeats";
pub(super) const SAMPLE_HOURS: &str = "sample_hours";
pub(super) const HOUR_ROLLUPS: &str = "hour_rollups";
pub(super) const DAY_ROLLUPS: &str = "day_rollups";
pub(super) const SLO_CONFIGS: &str = "slo_configs";
pub(super) const MEASUREMENTS: &str = "measurements";
pub(super) const INCIDENTS: &str = "incidents";
pub(super) const MAINTENANCES: &str = "maintenances";
pub(super) const ALERT_CONFIGS: &str = "alert_configs";
pub(super) const ALERTS: &str = "alerts";
pub(super) const SILENCES: &str = "silences";
pub(super) const RECEIVER_STATES: &str = "receiver_states";
pub(super) const FRONTEND_APPS: &str = "frontend_apps";
pub(super) const APP_COUNTS: &str = "app_counts";
pub(super) const SPOOL: &str = "spool";
pub(super) const PAGE_CONFIGS: &str = "page_configs";
pub(super) const LOGOS: &str = "logos";
pub(super) const INCIDENT_TEMPLATES: &str = "incident_templates";
pub(super) const SUBSCRIBERS: &str = "subscribers";
pub(super) const NOTICES: &str = "notices";
pub(super) const SNAPSHOTS: &str = "snapshots";
pub(super) const LEASES: &str = "leases";
pub(super) const CHANGES: &str = "changes";
pub(super) const AUDIT_ENTRIES: &str = "audit_entries";

/// What has a retention, as each of its documents says.
const EXPIRING: [&str; 12] = [
    SAMPLE_HOURS,
    HOUR_ROLLUPS,
    MEASUREMENTS,
    MAINTENANCES,
    ALERTS,
    SILENCES,
    APP_COUNTS,
    SPOOL,
    SUBSCRIBERS,
    NOTICES,
    LEASES,
    AUDIT_ENTRIES,
];

/// Makes the indexes that are missing; those that are there cost nothing.
pub(super) async fn prepare(store: &MongoStore) -> Result<()> {
    for collection in EXPIRING {
        let at_once = IndexOptions::builder().expire_after(Duration::ZERO).build();
        add(store, collection, doc! { "expires_at": 1 }, at_once).await?;
    }
    for (collection, keys) in [
        // A tenant's incidents, newest first; those that are open or over since.
        (INCIDENTS, doc! { "tenant": 1, "started_at": -1, "_id": 1 }),
        (INCIDENTS, doc! { "tenant": 1, "over_at": 1 }),
        (INCIDENTS, doc! { "over_at": 1 }),
        // Maintenance that is not over.
        (MAINTENANCES, doc! { "ends_at": 1 }),
        (SPOOL, spool_by_app()),
        // A tenant's notices, newest first, and those of one subscriber.
        (NOTICES, doc! { "tenant": 1, "created_at": -1, "_id": 1 }),
        (NOTICES, doc! { "tenant": 1, "subscriber": 1, "created_at": -1, "_id": 1 }),
        // Who changed what, newest first: of a tenant, and of everybody.
        (AUDIT_ENTRIES, doc! { "tenant": 1, "at": -1, "_id": 1 }),
        (AUDIT_ENTRIES, doc! { "at": -1, "_id": 1 }),
    ] {
        add(store, collection, keys, IndexOptions::default()).await?;
    }
    // Hours that are to be folded, oldest first: few of all there are.
    let unfolded = IndexOptions::builder().partial_filter_expression(doc! { "unfolded": true }).build();
    add(store, SAMPLE_HOURS, doc! { "_id.h": 1, "_id.t": 1, "_id.s": 1 }, unfolded).await?;
    // Measurements of an hour and more: those of the ticks between them are many times as many.
    let coarse = IndexOptions::builder().partial_filter_expression(doc! { "step": { "$gte": 1 } }).build();
    add(store, MEASUREMENTS, doc! { "_id.t": 1, "_id.s": 1, "_id.at": 1 }, coarse).await?;
    // Whose key is this? Nobody else's.
    let keyed = doc! { "body.keys.hash": { "$exists": true } };
    let one = IndexOptions::builder().unique(true).partial_filter_expression(keyed).build();
    add(store, TENANTS, doc! { "body.keys.hash": 1 }, one).await?;
    // What is to be sent, in order: few of all notices there are.
    add(store, NOTICES, notices_unfinished(), where_there("ready_at")).await?;
    // At most one open automatic incident for a component, and for an SLO.
    let held = doc! { "open_automatic": { "$exists": true } };
    let one = IndexOptions::builder().unique(true).partial_filter_expression(held).build();
    add(store, INCIDENTS, doc! { "open_automatic": 1 }, one).await?;
    prepare_alerts(store).await
}

/// What waits of an app, in order; and how much, from the index alone: no envelope is read for it.
pub(super) fn spool_by_app() -> Document {
    doc! { "tenant": 1, "app": 1, "_id": 1, "size": 1, "received_at": 1 }
}

/// Notices that are not finished, each subject of each subscriber in order; and when they are ready, so that no document is
/// read to know it.
pub(super) fn notices_unfinished() -> Document {
    doc! { "tenant": 1, "subscriber": 1, "subject": 1, "created_at": 1, "place": 1, "_id": 1, "ready_at": 1 }
}

async fn prepare_alerts(store: &MongoStore) -> Result<()> {
    for keys in [
        // A tenant's alerts, newest first; the newest episode of a key.
        doc! { "tenant": 1, "fired_at": -1, "_id": 1 },
        doc! { "tenant": 1, "key": 1, "episode": -1 },
    ] {
        add(store, ALERTS, keys, IndexOptions::default()).await?;
    }
    for (field, keys) in [
        // What is ready, for anybody and for one receiver.
        ("queue.at", doc! { "queue.at": 1 }),
        ("queue.at", doc! { "queue.t": 1, "queue.r": 1, "queue.at": 1 }),
        ("reconsider_at", doc! { "reconsider_at": 1 }),
        ("open_source", doc! { "open_source": 1, "tenant": 1 }),
        ("dead", doc! { "tenant": 1, "dead": 1, "fired_at": -1, "_id": 1 }),
        ("feedback", doc! { "tenant": 1, "feedback": 1, "fired_at": -1, "_id": 1 }),
    ] {
        add(store, ALERTS, keys, where_there(field)).await?;
    }
    // One unsettled episode of a key.
    let mut one = where_there("unsettled");
    one.unique = Some(true);
    add(store, ALERTS, doc! { "unsettled": 1 }, one).await?;
    add(store, SILENCES, doc! { "until_resolved": 1, "ends_at": 1 }, where_there("until_resolved")).await
}

/// Only documents that have `field` are indexed.
fn where_there(field: &str) -> IndexOptions {
    IndexOptions::builder().partial_filter_expression(doc! { field: { "$exists": true } }).build()
}

async fn add(store: &MongoStore, collection: &str, keys: Document, options: IndexOptions) -> Result<()> {
    let index = IndexModel::builder().keys(keys).options(options).build();
    within(store.collection(collection).create_index(index)).await.map(drop)
}
