//! The few ways in which aggregates are read and written: one round trip each.

use bson::{Bson, Document, doc};
use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};

use super::MongoStore;
use super::call::{unless_taken, within};
use crate::Result;
use crate::document::{Stored, from_bson, to_bson};
use crate::unreadable::PassedOver;

/// Documents that the server sends at once.
const BATCH: u32 = 10_000;
/// Queries of one call that run at the same time.
const ABREAST: usize = 4;

/// `body` as a document of the identity `id`; the caller adds what is queried.
pub(super) fn document<T: Stored>(id: impl Into<Bson>, body: &T) -> Result<Document> {
    let mut document = doc! { "_id": id.into() };
    document.extend(to_bson(body)?);
    Ok(document)
}

impl MongoStore {
    /// Stores a new document; `false` when its identity, or another unique field, is taken.
    pub(super) async fn insert(&self, collection: &str, document: Document) -> Result<bool> {
        let collection = self.collection(collection);
        Ok(unless_taken(collection.insert_one(document)).await?.is_some())
    }

    /// Replaces the document that `filter` finds; whether it found one.
    pub(super) async fn replace(&self, collection: &str, filter: Document, document: Document) -> Result<bool> {
        let collection = self.collection(collection);
        Ok(within(collection.replace_one(filter, document)).await?.matched_count > 0)
    }

    /// Removes a document; whether there was one.
    pub(super) async fn remove(&self, collection: &str, id: impl Into<Bson>) -> Result<bool> {
        let collection = self.collection(collection);
        Ok(within(collection.delete_one(doc! { "_id": id.into() })).await?.deleted_count > 0)
    }

    /// The aggregate of this identity.
    pub(super) async fn one<T: Stored>(&self, collection: &str, id: impl Into<Bson>) -> Result<Option<T>> {
        let collection = self.collection(collection);
        within(collection.find_one(doc! { "_id": id.into() })).await?.map(from_bson).transpose()
    }

    /// The aggregates that `filter` finds, sorted, at most `limit`.
    pub(super) async fn all<T: Stored>(
        &self,
        collection: &str,
        filter: Document,
        sort: Document,
        limit: Option<usize>,
    ) -> Result<Vec<T>> {
        self.find(collection, filter, sort, limit).await?.into_iter().map(from_bson).collect()
    }

    /// As [`Self::all`] without a limit, and without those that cannot be read.
    pub(super) async fn all_readable<T: Stored>(
        &self,
        collection: &str,
        filter: Document,
        sort: Document,
    ) -> Result<Vec<T>> {
        self.some_readable(collection, filter, sort, usize::MAX).await
    }

    /// As [`Self::all`], without those that cannot be read.
    pub(super) async fn some_readable<T: Stored>(
        &self,
        collection: &str,
        filter: Document,
        sort: Document,
        limit: usize,
    ) -> Result<Vec<T>> {
        let mut passed_over = PassedOver::new(T::WHAT);
        let limit = (limit < usize::MAX).then_some(limit);
        let found = self.find(collection, filter, sort, limit).await?.into_iter().map(|document| {
            let id = document.get("_id").cloned();
            passed_over.unless_unreadable(from_bson(document), || id.map(|id| id.to_string()))
        });
        let found: Result<Vec<Option<T>>> = found.collect();
        passed_over.report();
        Ok(found?.into_iter().flatten().collect())
    }

    /// The documents that `filter` finds, sorted, at most `limit`.
    pub(super) async fn find(
        &self,
        collection: &str,
        filter: Document,
        sort: Document,
        limit: Option<usize>,
    ) -> Result<Vec<Document>> {
        // For the server, a limit of 0 is none.
        if limit == Some(0) {
            return Ok(Vec::new());
        }
        let collection = self.collection(collection);
        let limit = limit.map_or(0, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let find = collection.find(filter).sort(sort).limit(limit).batch_size(BATCH);
        within(async { find.await?.try_collect().await }).await
    }

    /// These fields of every document, by id.
    pub(super) async fn find_fields(&self, collection: &str, fields: Document) -> Result<Vec<Document>> {
        let collection = self.collection(collection);
        let find = collection.find(doc! {}).projection(fields).sort(doc! { "_id": 1 }).batch_size(BATCH);
        within(async { find.await?.try_collect().await }).await
    }

    /// The documents that any of `filters` finds, in no order.
    pub(super) async fn find_each(&self, collection: &str, filters: Vec<Document>) -> Result<Vec<Document>> {
        let queries = stream::iter(filters).map(|filter| self.find(collection, filter, doc! {}, None));
        queries.buffer_unordered(ABREAST).try_concat().await
    }
}
