//! Looks at a deployment without changing anything in it: no collection and no index is made.

use std::cell::RefCell;

use bson::{Document, doc};
use futures_util::TryStreamExt;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::time::Timestamp;

use super::MongoStore;
use super::call::within;
use super::keys::{damaged, tenant_of};
use super::reseal::{COLLECTIONS, walk};
use crate::inspect::{Deployment, Inspection, Place, SEARCHED};
use crate::{Result, Store, StoreError};

/// Members in these states store data that a majority can count on: primary, secondary.
const UP: [i32; 2] = [1, 2];

/// What the deployment at `uri` is.
pub(crate) async fn inspect(uri: &str) -> Result<Inspection> {
    let store = MongoStore::connect(uri).await?;
    let looked = look(&store).await;
    store.close().await;
    looked
}

async fn look(store: &MongoStore) -> Result<Inspection> {
    let hello = within(store.database.run_command(doc! { "hello": 1 })).await?;
    let build = within(store.database.run_command(doc! { "buildInfo": 1 })).await?;
    let status = within(store.admin().run_command(doc! { "replSetGetStatus": 1 })).await.ok();
    let clock = hello.get_datetime("localTime").map_err(|_| damaged("localTime"))?;
    let deployment = Deployment {
        version: build.get_str("version").unwrap_or("unknown").to_owned(),
        replica_set: hello.get_str("setName").ok().map(str::to_owned),
        members: hello.get_array("hosts").map_or(0, Vec::len),
        members_up: status.as_ref().and_then(members_up),
        clock: Timestamp::from_millis(clock.timestamp_millis()),
    };
    let mut seals = Vec::new();
    for collection in COLLECTIONS {
        seals.extend(seals_in(store, collection).await?);
    }
    Ok(Inspection { place: Place::MongoDb(deployment), seals: Some(seals) })
}

fn members_up(status: &Document) -> Option<usize> {
    let members = status.get_array("members").ok()?.iter().filter_map(|member| member.as_document());
    Some(members.filter(|member| member.get_i32("state").is_ok_and(|state| UP.contains(&state))).count())
}

async fn seals_in(store: &MongoStore, collection: &str) -> Result<Vec<(TenantId, String)>> {
    let documents = store.collection(collection);
    let limit = i64::try_from(SEARCHED).expect("a few hundred");
    let mut all = within(async { documents.find(doc! {}).limit(limit).await }).await?;
    let seals = RefCell::new(Vec::new());
    while let Some(mut found) = within(async { all.try_next().await }).await? {
        let tenant = tenant_of(&found)?;
        let note = |seal: &str| {
            seals.borrow_mut().push((tenant.clone(), seal.to_owned()));
            Ok(None)
        };
        if let Some(body) = found.get_mut("body") {
            walk(body, &note).map_err(|reason| StoreError::Unreadable { what: "document", reason })?;
        }
    }
    Ok(seals.into_inner())
}
