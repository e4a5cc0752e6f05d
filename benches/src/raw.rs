//! The limits of ingest: each store written to directly, without Plimsoll, in durable batches of the same samples.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::options::{Acknowledgment, WriteConcern};
use mongodb::{Client, Collection, IndexModel};
use plimsoll_domain::time::Tick;
use rusqlite::{Connection, params};

const WRITE_PATIENCE: Duration = Duration::from_mins(1);

/// A sample as the raw clients write it.
pub(crate) struct RawSample {
    pub(crate) tenant: String,
    pub(crate) component: String,
    pub(crate) tick: Tick,
    pub(crate) latency_ms: u32,
}

/// SQLite with a row of about 130 bytes for each sample, each batch made durable before the next.
pub(crate) struct RawSqlite(Connection);

impl RawSqlite {
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let connection = Connection::open(folder.join("raw.db"))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        // As the embedded store sets them: the defaults would slow the limit down.
        connection.pragma_update(None, "cache_size", -16_384)?;
        connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
        connection.execute_batch(
            "CREATE TABLE samples (tenant TEXT, component TEXT, tick INTEGER, doc TEXT NOT NULL,
             PRIMARY KEY (tenant, component, tick)) WITHOUT ROWID",
        )?;
        Ok(Self(connection))
    }

    pub(crate) fn write(&mut self, batch: &[RawSample]) -> anyhow::Result<()> {
        let transaction = self.0.transaction()?;
        let mut insert = transaction.prepare_cached("INSERT INTO samples VALUES (?1, ?2, ?3, ?4)")?;
        for RawSample { tenant, component, tick, latency_ms } in batch {
            let doc = format!(
                r#"{{"v":1,"status":"operational","latency_ms":{latency_ms},"maintenance":false,"source":"push","code":200}}"#
            );
            insert.execute(params![tenant, component, tick.seconds(), doc])?;
        }
        drop(insert);
        Ok(transaction.commit()?)
    }
}

/// mongod with a document of about 101 bytes for each sample, acknowledged by a majority and in the journal.
#[derive(Clone)]
pub(crate) struct RawMongo(Collection<Document>);

impl RawMongo {
    pub(crate) async fn open(uri: &str) -> anyhow::Result<Self> {
        let client = Client::with_uri_str(uri).await?;
        let collection = client.default_database().context("a database in the address")?.collection("raw_samples");
        let key = doc! { "m.tenant": 1, "m.service": 1, "t": 1 };
        collection.create_index(IndexModel::builder().keys(key).build()).await?;
        Ok(Self(collection))
    }

    pub(crate) async fn write(&self, batch: &[RawSample]) -> anyhow::Result<()> {
        let document = |sample: &RawSample| {
            doc! {
                "t": DateTime::from_millis(sample.tick.start().millis()),
                "m": { "tenant": &sample.tenant, "service": &sample.component },
                "up": true, "ms": f64::from(sample.latency_ms), "code": 200_i32,
            }
        };
        let concern = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(WRITE_PATIENCE);
        let documents: Vec<_> = batch.iter().map(document).collect();
        self.0.insert_many(documents).ordered(false).write_concern(concern.build()).await?;
        Ok(())
    }
}
