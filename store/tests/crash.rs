//! The process is killed while it writes. What was acknowledged is there afterwards, once.
//!
//! The child is this program again, told to write until it is killed; so it has a `main` of its own, and no harness.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::future::join_all;
use plimsoll_domain::frontend::SpooledEnvelope;
use plimsoll_domain::ids::{HourKey, IncidentId, Series, SpoolId, TenantId};
use plimsoll_domain::incident::{Beginning, Impact, Incident, IncidentStatus, IncidentUpdate};
use plimsoll_domain::rollup::Rollup;
use plimsoll_domain::sample::{Events, HourSamples, Sample, SampleStatus};
use plimsoll_domain::sketch::Sketch;
use plimsoll_domain::time::{Hour, Tick};
use plimsoll_store::embedded::{EmbeddedStore, Limits};
use plimsoll_store::{Fold, Incidents, Samples, SeriesRecord, Spool, Store};

const CHILD: &str = "--write-until-killed";
const ROUNDS: i64 = 12;
const WRITERS: i64 = 16;
const COMPONENTS: i64 = 5;
/// Components, and SLOs that events are told for.
const SERIES: i64 = 7;

fn tenant() -> TenantId {
    "acme".parse().expect("an id")
}

/// The sample with this number, or one event: every series gets one for each second.
fn record(number: i64) -> SeriesRecord {
    let tick = Tick::from_seconds(number / SERIES);
    let (samples, events) = if number % SERIES < COMPONENTS {
        let sample = Sample { tick, status: SampleStatus::Operational, latency_ms: Some(7), maintenance: false };
        (vec![sample], Vec::new())
    } else {
        let latency = Sketch::of([7.5]);
        (Vec::new(), vec![Events { at: tick.start(), good: 1, bad: 0, maintenance: false, latency }])
    };
    SeriesRecord { tenant: tenant(), series: series(number % SERIES), samples, events }
}

fn series(number: i64) -> Series {
    let kind = if number < COMPONENTS { "component-" } else { "slo:" };
    format!("{kind}{number}").parse().expect("a series")
}

fn incident_id(number: i64) -> IncidentId {
    format!("incident-{number}").parse().expect("an id")
}

fn incident(number: i64) -> Incident {
    let update = IncidentUpdate {
        status: IncidentStatus::Investigating,
        body: "Something is wrong. ".repeat(20),
        at: Tick::from_seconds(number).start(),
        by: "Alice".to_owned(),
        components: BTreeMap::new(),
    };
    let (at, title, impact) = (update.at, "Wrong".to_owned(), Impact::Minor);
    let begins = Beginning { title, impact, draft: false, updates: vec![update] };
    Incident::manual(tenant(), incident_id(number), begins, at).expect("valid")
}

fn envelope(number: i64) -> SpooledEnvelope {
    let received_at = Tick::from_seconds(number).start();
    let (id, app) = (SpoolId::of(received_at, "one", 0), "web".parse().expect("an id"));
    let body = format!("{number}\n").repeat(3_000).into_bytes();
    SpooledEnvelope { id, tenant: tenant(), app, received_at, headers: Vec::new(), body }
}

async fn write(store: &EmbeddedStore, number: i64) {
    store.record_samples(&[record(number)]).await.expect("records");
    assert!(store.open_incident_if_absent(&incident(number)).await.expect("opens"));
    store.spool_envelope(&envelope(number)).await.expect("stores");
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nacknowledged {number}").and_then(|()| out.flush()).expect("the parent listens");
}

async fn write_until_killed(folder: &Path, first: i64) {
    let next = AtomicI64::new(first);
    let store = EmbeddedStore::open(folder, Limits::default()).await.expect("opens");
    let writer = || async {
        loop {
            write(&store, next.fetch_add(1, Ordering::Relaxed)).await;
        }
    };
    join_all((0..WRITERS).map(|_| writer())).await;
}

/// Lets a child write from `first` on, kills it after `count` acknowledgements, and answers with all it acknowledged.
fn crash(folder: &Path, first: i64, count: i64) -> Vec<i64> {
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .arg(CHILD)
        .arg(folder)
        .arg(first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(child.stdout.take().expect("is piped")).lines().map_while(Result::ok);
    let mut number = || lines.find_map(|line| line.strip_prefix("acknowledged ")?.parse().ok());
    let mut acknowledged: Vec<i64> = (0..count).map_while(|_| number()).collect();
    child.kill().expect("is killed");
    acknowledged.extend(std::iter::from_fn(number));
    child.wait().expect("is gone");
    acknowledged
}

async fn check(folder: &Path, acknowledged: &BTreeSet<i64>, started: i64) {
    let store = EmbeddedStore::open(folder, Limits::default()).await.expect("opens again");
    let hours: BTreeSet<_> = acknowledged.iter().map(|number| Tick::from_seconds(number / SERIES).hour()).collect();
    let keys: Vec<_> = (0..SERIES).flat_map(|index| hours.iter().map(move |hour| key(index, *hour))).collect();
    let held = |hour: &HourSamples| (hour.iter().count() + hour.events().count()) as u64;
    let stored: u64 = store.sample_hours(&keys).await.expect("reads").values().map(held).sum();
    let again: Vec<_> = acknowledged.iter().map(|number| record(*number)).collect();
    let merged = store.record_samples(&again).await.expect("records");
    assert_eq!((merged.accepted, merged.duplicate), (0, acknowledged.len() as u64), "every one was there");

    let incidents = store.incidents(&tenant(), None, usize::MAX).await.expect("reads");
    let found: BTreeSet<_> = incidents.iter().map(|incident| incident.id.clone()).collect();
    assert!(acknowledged.iter().all(|number| found.contains(&incident_id(*number))), "every one was there");
    assert_eq!(found.len(), incidents.len());

    let waiting = envelope(0);
    let spooled =
        store.spooled_envelopes(&waiting.tenant, &waiting.app, None, (usize::MAX, u64::MAX)).await.expect("reads");
    let spooled: BTreeMap<_, _> = spooled.into_iter().map(|one| (one.id.clone(), one)).collect();
    let is_there = |number: &i64| spooled.get(&envelope(*number).id) == Some(&envelope(*number));
    assert!(acknowledged.iter().all(is_there), "every one was there, whole");

    let unfolded =
        store.unfolded_hours(&[tenant()], Hour::from_number(i64::MAX / 3_600), usize::MAX).await.expect("reads");
    let fold = |hour: plimsoll_store::UnfoldedHour| Fold {
        rollup: Rollup::of_hour(hour.key.hour, &hour.samples),
        key: hour.key,
        revision: hour.revision,
    };
    store.finish_folds(&unfolded.into_iter().map(fold).collect::<Vec<_>>()).await.expect("folds");
    let rollups = store.hour_rollups(&keys).await.expect("reads");
    let counted: u64 = rollups.values().map(|rollup| rollup.counts.all().total()).sum();
    assert_eq!(counted, stored, "none is counted twice");
    let surplus = stored - acknowledged.len() as u64;
    assert!(surplus <= (WRITERS * started).cast_unsigned(), "only what was under way may be there besides");
    store.close().await;
}

fn key(number: i64, hour: Hour) -> HourKey {
    HourKey { tenant: tenant(), series: series(number), hour }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [CHILD, folder, first] => write_until_killed(Path::new(folder), first.parse().expect("a number")).await,
        _ => what_was_acknowledged_survives_a_kill().await,
    }
}

async fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let first = acknowledged.last().map_or(0, |last| last + WRITERS + 1);
        let count = 1 + round * 7_919 % 397;
        let new = crash(folder.path(), first, count);
        assert!(new.len() as u64 >= count.cast_unsigned());
        acknowledged.extend(new);
        check(folder.path(), &acknowledged, round + 1).await;
    }
    let database = rusqlite::Connection::open(folder.path().join("plimsoll.db")).expect("opens");
    let verdict: String = database.pragma_query_value(None, "integrity_check", |row| row.get(0)).expect("answers");
    assert_eq!(verdict, "ok");
    writeln!(std::io::stdout(), "test what_was_acknowledged_survives_a_kill ... ok").expect("somebody listens");
}
