//! Samples per second: pushed through the API, handed to the store directly, and written to the same kind of store
//! without Plimsoll, in turns.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::ensure;
use plimsoll_domain::time::{Clock, Span, Tick, Timestamp};
use plimsoll_runtime::system_clock::SystemClock;
use plimsoll_store::{OpenOptions, SeriesRecord, Store};
use plimsoll_tests::mongod::Mongod;
use tokio::task::JoinSet;

use crate::fleet::{Fleet, INTERVAL, sample};
use crate::http::{Connection, post};
use crate::process;
use crate::raw::{RawMongo, RawSample, RawSqlite};
use crate::server::Server;
use crate::start::embedded;
use crate::table::{Row, Table, median, progress};

/// One tenant to each writer, so that every writer has a key of its own.
const FLEET: Fleet = Fleet { tenants: 4, components: 1_000 };
const BATCH: usize = 1_000;
/// Batches that each writer sends in a round.
const BATCHES: usize = 60;
/// Samples may be pushed for the last 24 hours.
const REACH: Span = Span::hours(23);
const GOAL: f64 = 0.5;

/// How the samples of a batch lie.
#[derive(Clone, Copy, Debug)]
struct Shape {
    name: &'static str,
    components: usize,
}

const SHAPES: [Shape; 2] = [
    Shape { name: "one minute of 1,000 components", components: BATCH },
    Shape { name: "50 minutes of 20 components", components: 20 },
];

/// One round of one shape: it writes samples that no other round writes.
#[derive(Clone, Copy, Debug)]
struct Round {
    shape: Shape,
    first: Tick,
}

impl Round {
    /// Component numbers and ticks of one batch.
    fn batch(self, number: usize) -> (std::ops::Range<usize>, Vec<Tick>) {
        let (components, ticks) = (self.shape.components, BATCH / self.shape.components);
        let groups = FLEET.components / components;
        let begin = number % groups * components;
        let tick = |offset: usize| {
            let minutes = i64::try_from(number / groups * ticks + offset).expect("a few hours");
            Tick::from_seconds(self.first.seconds() + minutes * INTERVAL.seconds())
        };
        (begin..begin + components, (0..ticks).map(tick).collect())
    }

    fn each<T>(self, number: usize, make: impl Fn(usize, Tick) -> T) -> Vec<T> {
        let (components, ticks) = self.batch(number);
        ticks.iter().flat_map(|tick| components.clone().map(|component| make(component, *tick))).collect()
    }

    fn raw(self, writer: usize, number: usize) -> Vec<RawSample> {
        let latency = |component: usize, tick| sample(i64::try_from(component).unwrap_or(0), tick).latency_ms;
        self.each(number, |component, tick| RawSample {
            tenant: Fleet::tenant(writer).to_string(),
            component: Fleet::component(component).to_string(),
            tick,
            latency_ms: latency(component, tick).unwrap_or(0),
        })
    }

    fn for_store(self, writer: usize, number: usize) -> Vec<SeriesRecord> {
        let (components, ticks) = self.batch(number);
        let samples = |component| {
            let series = i64::try_from(component).unwrap_or(0);
            ticks.iter().map(|tick| sample(series, *tick)).collect()
        };
        let of = |component| {
            SeriesRecord::of_component(&Fleet::tenant(writer), &Fleet::component(component), samples(component))
        };
        components.map(of).collect()
    }

    fn for_api(self, writer: usize, number: usize, key: &str) -> Vec<u8> {
        let text = |component: usize, tick: Tick| {
            let sample = sample(i64::try_from(component).unwrap_or(0), tick);
            let (component, at) = (Fleet::component(component), tick.start().format("%Y-%m-%dT%H:%M:%SZ"));
            let (status, latency) = (sample.status.as_str(), sample.latency_ms.unwrap_or(0));
            format!(r#"{{"component":"{component}","at":"{at}","status":"{status}","latency_ms":{latency}}}"#)
        };
        let body = format!(r#"{{"samples":[{}]}}"#, self.each(number, text).join(","));
        post(&format!("/tenants/{}/samples", Fleet::tenant(writer)), key, &body)
    }
}

/// Where the raw client writes.
enum Raw {
    Sqlite(RawSqlite),
    Mongo(RawMongo),
}

/// One kind of store: written to by Plimsoll, by its adapter, and raw.
struct Side {
    server: Server,
    keys: Vec<String>,
    store: Arc<dyn Store>,
    raw: Raw,
}

/// Writes to both kinds of store.
pub(crate) async fn measure(rounds: usize) -> anyhow::Result<Table> {
    let mut table = Table::new(format!(
        "Ingest: samples per second in batches of {BATCH}, {} writers; through HTTP with authentication and validation; \
         medians of {rounds}",
        FLEET.tenants
    ));
    let folder = tempfile::tempdir()?;
    progress("ingest: embedded store");
    let (served, direct) = (embedded(folder.path()), embedded(&folder.path().join("direct")));
    let raw = Raw::Sqlite(RawSqlite::open(folder.path())?);
    let side = Side::open(folder.path(), (&served, &direct), raw).await?;
    side.rows("embedded", rounds, &mut table).await?;
    progress("ingest: mongod");
    let mongod = Mongod::start().await?;
    let folder = tempfile::tempdir()?;
    let raw = Raw::Mongo(RawMongo::open(&mongod.uri()).await?);
    let side = Side::open(folder.path(), (&mongod.uri(), &mongod.uri()), raw).await?;
    side.rows("mongod", rounds, &mut table).await?;
    Ok(table)
}

impl Side {
    async fn open(folder: &Path, (behind, direct): (&str, &str), raw: Raw) -> anyhow::Result<Self> {
        let opened = async |uri: &str| plimsoll_store::open(&OpenOptions { uri: uri.to_owned() }).await;
        let store = opened(behind).await?;
        let keys = FLEET.create(store.as_ref(), SystemClock.now()).await?;
        store.close().await;
        let server = Server::start(folder, behind, None)?;
        Ok(Self { server, keys, store: opened(direct).await?, raw })
    }

    async fn rows(mut self, kind: &str, rounds: usize, table: &mut Table) -> anyhow::Result<()> {
        let mut first = Tick::containing(SystemClock.now().minus(REACH), INTERVAL);
        let pid = self.server.pid();
        for shape in SHAPES {
            let (mut raw, mut store, mut api, mut cpu) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for number in 1..=rounds {
                progress(&format!("ingest: {kind}, {}, round {number} of {rounds}", shape.name));
                let round = Round { shape, first };
                raw.push(self.write_raw(round).await?);
                store.push(self.write_store(round).await?);
                let before = process::cpu_seconds(pid)?;
                api.push(self.push(round)?);
                cpu.push((process::cpu_seconds(pid)? - before) / samples() * 1e6);
                first = after(first);
            }
            let (raw, store, api) = (median(raw), median(store), median(api));
            let row = Row::new(format!("{kind}, HTTP, {}", shape.name), format!("{api:.0}"));
            let row = row.beside(format!("raw {raw:.0}"), api / raw);
            table.push(row.goal(format!("≥ {GOAL} of it"), api / raw >= GOAL));
            let row = Row::new(format!("{kind}, store alone, {}", shape.name), format!("{store:.0}"));
            table.push(row.beside(format!("raw {raw:.0}"), store / raw));
            let name = format!("{kind}, processor of the server for a sample, {}", shape.name);
            table.push(Row::new(name, format!("{:.1} µs", median(cpu))));
        }
        self.store.close().await;
        Ok(())
    }

    async fn write_raw(&mut self, round: Round) -> anyhow::Result<f64> {
        match &mut self.raw {
            Raw::Sqlite(sqlite) => {
                let all = (0..BATCHES).flat_map(|number| (0..FLEET.tenants).map(move |writer| (writer, number)));
                let batches: Vec<_> = all.map(|(writer, number)| round.raw(writer, number)).collect();
                let started = Instant::now();
                batches.iter().try_for_each(|batch| sqlite.write(batch))?;
                Ok(rate(started))
            }
            Raw::Mongo(mongo) => {
                let mut writers = JoinSet::new();
                let batches_of = |writer| (0..BATCHES).map(|number| round.raw(writer, number)).collect::<Vec<_>>();
                let all: Vec<_> = (0..FLEET.tenants).map(batches_of).collect();
                let started = Instant::now();
                for batches in all {
                    let mongo = mongo.clone();
                    writers.spawn(async move {
                        for batch in &batches {
                            mongo.write(batch).await?;
                        }
                        anyhow::Ok(())
                    });
                }
                finished(writers).await?;
                Ok(rate(started))
            }
        }
    }

    async fn write_store(&self, round: Round) -> anyhow::Result<f64> {
        let mut writers = JoinSet::new();
        let batches_of = |writer| (0..BATCHES).map(|number| round.for_store(writer, number)).collect::<Vec<_>>();
        let all: Vec<_> = (0..FLEET.tenants).map(batches_of).collect();
        let started = Instant::now();
        for batches in all {
            let store = Arc::clone(&self.store);
            writers.spawn(async move {
                for batch in &batches {
                    let merged = store.record_samples(batch).await?;
                    ensure!(merged.duplicate == 0, "samples were known already");
                }
                Ok(())
            });
        }
        finished(writers).await?;
        Ok(rate(started))
    }

    fn push(&self, round: Round) -> anyhow::Result<f64> {
        let requests_of = |(writer, key): (usize, &String)| -> Vec<Vec<u8>> {
            (0..BATCHES).map(|number| round.for_api(writer, number, key)).collect()
        };
        let all: Vec<_> = self.keys.iter().enumerate().map(requests_of).collect();
        let expected = format!(r#"{{"accepted":{BATCH},"duplicate":0}}"#);
        let (address, expected) = (self.server.address.as_str(), expected.as_str());
        let started = Instant::now();
        std::thread::scope(|scope| {
            let send = move |requests: &[Vec<u8>]| {
                let mut connection = Connection::open(address)?;
                for request in requests {
                    let answer = connection.ask(request)?;
                    let said = String::from_utf8_lossy(&answer.body).into_owned();
                    ensure!(answer.status == 200 && said == expected, "a push was answered {}: {said}", answer.status);
                }
                Ok(())
            };
            let writers: Vec<_> = all.iter().map(|requests| scope.spawn(move || send(requests))).collect();
            writers.into_iter().try_for_each(|writer| writer.join().expect("a writer does not panic"))
        })?;
        Ok(rate(started))
    }
}

async fn finished(mut writers: JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(ended) = writers.join_next().await {
        ended??;
    }
    Ok(())
}

fn samples() -> f64 {
    (FLEET.tenants * BATCHES * BATCH) as f64
}

fn rate(started: Instant) -> f64 {
    samples() / started.elapsed().as_secs_f64()
}

/// Where the next round begins: after all minutes that one may write to.
fn after(first: Tick) -> Tick {
    let at: Timestamp = first.start().plus(Span::minutes(120));
    Tick::containing(at, INTERVAL)
}
