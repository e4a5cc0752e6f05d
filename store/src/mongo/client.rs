//! The connection: how it is configured, how it is opened, and what belongs to no aggregate.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bson::{Document, doc};
use mongodb::options::{ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern};
use mongodb::{Client, Collection, Database};

use plimsoll_domain::subscriber::MAX_SUBSCRIBERS;
use plimsoll_domain::time::Timestamp;

use super::call::{DEADLINE, KIND, run, timed_out, within};
use super::collections;
use super::recent::RecentHours;
use crate::{Reseal, Result, Store, StoreError};

const DEFAULT_DATABASE: &str = "plimsoll";
const CONNECT: Duration = Duration::from_secs(3);
const PING: Duration = Duration::from_secs(1);
const MOST_CONNECTIONS: u32 = 32;
const MOST_CONNECTING: u32 = 4;

/// A store in a database of a MongoDB deployment: a replica set, also one of a single node.
#[derive(Debug)]
pub struct MongoStore {
    client: Client,
    pub(super) database: Database,
    pauses: AtomicU64,
    pub(super) recent: RecentHours,
    pub(super) most_subscribers: usize,
}

impl MongoStore {
    /// Connects to the deployment at `uri`, waits up to three seconds until it has a primary, and makes the indexes.
    /// The database is the one that the URI names, or `plimsoll`. `Unusable` when the URI cannot be read or its
    /// credentials are refused; `Unavailable` when nothing answers. No error tells the credentials.
    pub async fn open(uri: &str) -> Result<Self> {
        let store = Self::connect(uri).await?;
        collections::prepare(&store).await?;
        Ok(store)
    }

    /// The same without making anything.
    pub(super) async fn connect(uri: &str) -> Result<Self> {
        let options = parse(uri).await?;
        let name = options.default_database.clone().unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
        let client = Client::with_options(options).map_err(|error| unusable(&error, uri))?;
        let store = Self {
            database: client.database(&name),
            client,
            pauses: AtomicU64::default(),
            recent: RecentHours::default(),
            most_subscribers: MAX_SUBSCRIBERS,
        };
        store.greet(uri).await?;
        Ok(store)
    }

    /// The same with room for so many subscribers of each tenant, for tests: storing as many as there may be takes minutes.
    #[must_use]
    pub const fn with_most_subscribers(mut self, most: usize) -> Self {
        self.most_subscribers = most;
        self
    }

    /// The collection of this name.
    pub(super) fn collection(&self, name: &str) -> Collection<Document> {
        self.database.collection(name)
    }

    /// Where a deployment answers for itself.
    pub(super) fn admin(&self) -> Database {
        self.client.database("admin")
    }

    /// Waits a little before the next try at what others change too: nothing before the first, a few milliseconds
    /// more before each that follows, and not as long as the others wait.
    pub(super) async fn pause(&self, tries: u32) {
        if tries > 0 {
            let turn = self.pauses.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            tokio::time::sleep(Duration::from_millis(1 + turn % (4 * u64::from(tries)))).await;
        }
    }

    async fn greet(&self, uri: &str) -> Result<()> {
        let hello = self.database.run_command(doc! { "hello": 1 }).into_future();
        let answer = tokio::time::timeout(DEADLINE, hello).await.map_err(|_| timed_out(DEADLINE))?;
        let answer = answer.map_err(|error| refusal(&error, uri))?;
        if answer.contains_key("setName") || answer.get_str("msg").is_ok_and(|msg| msg == "isdbgrid") {
            return Ok(());
        }
        let reason = "this MongoDB is a standalone server, whose writes cannot be retried: make it a replica set of one \
                      (--replSet, then rs.initiate())";
        Err(StoreError::Unusable { reason: reason.to_owned() })
    }
}

#[async_trait]
impl Store for MongoStore {
    async fn ping(&self) -> Result<()> {
        let ping = async {
            let answer = tokio::time::timeout(PING, within(self.database.run_command(doc! { "ping": 1 }))).await;
            answer.map_err(|_| timed_out(PING))?.map(drop)
        };
        run("ping", ping).await
    }

    fn kind(&self) -> &'static str {
        KIND
    }

    async fn expire_across_tenants(&self, _now: Timestamp) -> Result<u64> {
        Ok(0)
    }

    async fn reseal_across_tenants(&self, reseal: &Reseal) -> Result<u64> {
        self.reseal(reseal).await
    }

    async fn close(&self) {
        self.client.clone().shutdown().immediate(true).await;
    }
}

/// Whether `uri` is for this adapter.
pub(crate) fn is_uri(uri: &str) -> bool {
    uri.starts_with("mongodb://") || uri.starts_with("mongodb+srv://")
}

async fn parse(uri: &str) -> Result<ClientOptions> {
    let mut options = ClientOptions::parse(uri).await.map_err(|error| refusal_of_uri(&error, uri))?;
    options.app_name.get_or_insert_with(|| "plimsoll".to_owned());
    options.server_selection_timeout.get_or_insert(CONNECT);
    options.connect_timeout.get_or_insert(CONNECT);
    options.max_pool_size.get_or_insert(MOST_CONNECTIONS);
    options.max_connecting.get_or_insert(MOST_CONNECTING);
    options.retry_reads = Some(true);
    options.retry_writes = Some(true);
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    let mut durable = WriteConcern::majority();
    durable.journal = Some(true);
    durable.w_timeout = Some(DEADLINE);
    options.write_concern = Some(durable);
    Ok(options)
}

/// A URI that cannot be read is never readable; a name server that is away may come back.
fn refusal_of_uri(error: &mongodb::error::Error, uri: &str) -> StoreError {
    match error.kind.as_ref() {
        mongodb::error::ErrorKind::DnsResolve { .. } => {
            StoreError::Unavailable { reason: without_credentials(&error.kind.to_string(), uri) }
        }
        _ => unusable(error, uri),
    }
}

fn refusal(error: &mongodb::error::Error, uri: &str) -> StoreError {
    use mongodb::error::ErrorKind;
    match error.kind.as_ref() {
        ErrorKind::Authentication { .. }
        | ErrorKind::InvalidTlsConfig { .. }
        | ErrorKind::IncompatibleServer { .. } => unusable(error, uri),
        ErrorKind::Command(refused) if matches!(refused.code, 13 | 18) => unusable(error, uri),
        _ => StoreError::Unavailable { reason: without_credentials(&error.kind.to_string(), uri) },
    }
}

fn unusable(error: &mongodb::error::Error, uri: &str) -> StoreError {
    let reason = format!("this MongoDB cannot be used: {}", without_credentials(&error.kind.to_string(), uri));
    StoreError::Unusable { reason }
}

/// `text` with the user and the password of `uri`, should a message repeat them, starred out.
fn without_credentials(text: &str, uri: &str) -> String {
    let authority = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let Some((userinfo, _)) = authority.rsplit_once('@') else { return text.to_owned() };
    let password = userinfo.split_once(':').map_or("", |(_, password)| password);
    let text = text.replace(userinfo, "***");
    if password.is_empty() { text } else { text.replace(password, "***") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_repeats_the_credentials() {
        let uri = "mongodb://ann:s3cr@t@db.example:27017/plimsoll";
        let told = without_credentials("cannot parse mongodb://ann:s3cr@t@db.example, s3cr@t", uri);
        assert_eq!(told, "cannot parse mongodb://***@db.example, ***");
        assert_eq!(without_credentials("as it was", "mongodb://db.example"), "as it was");
    }

    #[tokio::test]
    async fn a_uri_that_cannot_be_read_is_unusable_and_keeps_its_secret() {
        for uri in [
            "mongodb://ann:hunter2@:bad:port/x",
            "mongodb://ann:hun%ter2@h/x",
            "mongodb://ann:hunter2@h/?w=-4",
            "mongodb://ann:hunter2@[bad/x",
            "mongodb://ann:hunter2@[bad]/x",
            "mongodb://ann:hunter2@/x",
        ] {
            let error = MongoStore::open(uri).await.expect_err("refused");
            assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
            assert!(!error.to_string().contains("hunter2") && !error.to_string().contains("ter2"), "{error}");
        }
    }
}
