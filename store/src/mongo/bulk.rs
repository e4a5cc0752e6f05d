//! Many updates in one round trip, by the `update` command itself: the driver's own bulk write needs a newer server than
//! is supported here, and its `update_one` would take a round trip for each.

use bson::oid::ObjectId;
use bson::raw::{RawArrayBuf, RawDocumentBuf};
use bson::{Bson, Document, doc, rawdoc};
use futures_util::TryStreamExt;

use super::MongoStore;
use super::call::{DEADLINE, meaning_of_code, within};
use super::keys::{damaged, number};
use crate::{Result, StoreError};

/// Times that a change is tried again when others were faster.
pub(super) const TRIES: u32 = 20;
const MOST_UPDATES: usize = 1_000;
/// Names the call that stored a document last, where that must be known.
pub(super) const STAMP: &str = "stamp";
/// A message may have 48 MB; a single document at most 16.
const MOST_BYTES: usize = 16 << 20;

/// A change of one document that is carried out only if the document still has the revision it was made from.
pub(super) struct Guarded {
    pub(super) id: Document,
    /// `None`: there was no such document, and the change makes it.
    pub(super) revision: Option<u64>,
    /// The fields that change.
    pub(super) set: Document,
    /// Further fields, for when the document is made.
    pub(super) first: Document,
}

impl MongoStore {
    /// Carries out all changes, and answers with the indices of those that were not, since somebody else was faster.
    pub(super) async fn change_guarded(&self, collection: &str, changes: Vec<Guarded>) -> Result<Vec<usize>> {
        Ok(self.send(collection, changes.into_iter().map(Guarded::statement)).await?.0)
    }

    /// Carries out replacements (`q`, `u`, `upsert`), each of which carries `stamp`: which were carried out. Those that found
    /// nothing to replace are missing from a sum; only then is it asked whose stamp was stored.
    pub(super) async fn replace_all(
        &self,
        collection: &str,
        replacements: Vec<Document>,
        stamp: ObjectId,
    ) -> Result<Vec<bool>> {
        let ids: Vec<Bson> =
            replacements.iter().filter_map(|one| one.get_document("q").ok()?.get("_id").cloned()).collect();
        let (taken, matched) = self.send(collection, replacements.into_iter()).await?;
        if matched + taken.len() as u64 >= ids.len() as u64 {
            return Ok((0..ids.len()).map(|index| !taken.contains(&index)).collect());
        }
        let filter = doc! { "_id": { "$in": &ids }, STAMP: stamp };
        let documents = self.collection(collection);
        let find = documents.find(filter).projection(doc! { "_id": 1 });
        let ours: Vec<Document> = within(async { find.await?.try_collect().await }).await?;
        Ok(ids.iter().map(|id| ours.iter().any(|one| one.get("_id") == Some(id))).collect())
    }

    /// Carries out updates (`q`, `u`, `upsert`) in any order. A key that is taken belongs to a document that the filter
    /// passes over, or to one that somebody made in between and that the filter may well want: the server tells them
    /// apart when it is asked again without making anything.
    pub(super) async fn update_all(&self, collection: &str, updates: Vec<Document>) -> Result<()> {
        let (taken, _) = self.send(collection, updates.iter().cloned()).await?;
        let again = taken.into_iter().map(|index| {
            let mut update = updates[index].clone();
            update.remove("upsert");
            update
        });
        self.send(collection, again).await.map(drop)
    }

    /// Answers with the indices of the updates that found their key taken, and with how many found or made something.
    async fn send(&self, collection: &str, updates: impl Iterator<Item = Document>) -> Result<(Vec<usize>, u64)> {
        let (mut taken, mut matched) = (Vec::new(), 0);
        let (mut waiting, mut bytes, mut sent, mut count) = (RawArrayBuf::new(), 0, 0, 0);
        for update in updates {
            let update = RawDocumentBuf::try_from(&update).map_err(|_| damaged("updates"))?;
            let size = update.as_bytes().len();
            if count - sent == MOST_UPDATES || (count > sent && bytes + size > MOST_BYTES) {
                let (found, n) = self.run_updates(collection, std::mem::take(&mut waiting)).await?;
                matched += n;
                taken.extend(found.into_iter().map(|index| sent + index));
                (bytes, sent) = (0, count);
            }
            waiting.push(update);
            (bytes, count) = (bytes + size, count + 1);
        }
        if count > sent {
            let (found, n) = self.run_updates(collection, waiting).await?;
            matched += n;
            taken.extend(found.into_iter().map(|index| sent + index));
        }
        Ok((taken, matched))
    }

    async fn run_updates(&self, collection: &str, updates: RawArrayBuf) -> Result<(Vec<usize>, u64)> {
        let wait = i64::try_from(DEADLINE.as_millis()).expect("a few seconds");
        let command = rawdoc! {
            "update": collection,
            "updates": updates,
            "ordered": false,
            "writeConcern": { "w": "majority", "j": true, "wtimeout": wait },
        };
        let answer = within(self.database.run_raw_command(command)).await?;
        let matched = answer.get_i32("n").map_err(|_| damaged("n"))?;
        Ok((taken(&answer)?, u64::try_from(matched).unwrap_or_default()))
    }
}

impl Guarded {
    /// An upsert: had the document another revision, the filter would pass it over, and the server would find the key
    /// taken when it tries to make the document. It answers so for each change by its index, where an update that merely
    /// finds nothing is missing from a sum.
    fn statement(self) -> Document {
        let Self { id, revision, mut set, first } = self;
        let revision = number(revision.unwrap_or(0));
        set.insert("revision", revision + 1);
        let change = if first.is_empty() {
            doc! { "$set": set }
        } else {
            doc! { "$set": set, "$setOnInsert": first }
        };
        doc! { "q": { "_id": id, "revision": revision }, "u": change, "upsert": true }
    }
}

/// The indices of the updates that found their key taken; any other failure of any of them is an error.
fn taken(answer: &Document) -> Result<Vec<usize>> {
    let mut taken = Vec::new();
    for error in answer.get_array("writeErrors").into_iter().flatten() {
        let error = error.as_document().ok_or_else(|| damaged("writeErrors"))?;
        let code = error.get_i32("code").unwrap_or_default();
        if let Some(error) = meaning_of_code(code, error.get_str("errmsg").unwrap_or_default()) {
            return Err(error);
        }
        let index = error.get_i32("index").ok().and_then(|index| usize::try_from(index).ok());
        taken.push(index.ok_or_else(|| damaged("writeErrors"))?);
    }
    if let Ok(error) = answer.get_document("writeConcernError") {
        let reason = error.get_str("errmsg").unwrap_or("no majority has it");
        return Err(StoreError::Unavailable { reason: format!("a write is not safe yet: {reason}") });
    }
    Ok(taken)
}
