//! The MongoDB adapter on a real server: the contract that every store keeps, and what only a server can do: go away,
//! come back, hang, and remove what has outlived its retention.

#[path = "given/frontends.rs"]
mod frontends;
#[path = "given/mod.rs"]
mod given;
#[path = "../../tests/src/mongod.rs"]
#[expect(unreachable_pub, dead_code, reason = "the black-box suites use it from their library, and more of it")]
mod mongod;
#[path = "../../tests/src/port.rs"]
#[expect(unreachable_pub, reason = "the black-box suites use it from their library")]
mod port;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::try_join_all;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection};

use plimsoll_domain::ids::HourKey;
use plimsoll_domain::sample::{Events, HourSamples, Merged, Sample, SampleStatus};
use plimsoll_domain::sketch::Sketch;
use plimsoll_domain::slo::measurement::Subject;
use plimsoll_domain::slo::{Measurement, Slo, Step, WindowTotals, measure};
use plimsoll_domain::time::{Hour, Interval, Span, Tick, Timestamp};
use plimsoll_store::mongo::MongoStore;
use plimsoll_store::{AuditFilter, Leases, Measurements, Samples, SeriesRecord, Store, StoreError, contract};

use mongod::Mongod;

/// An hour that no server's clock has come to.
const HOUR: Hour = Hour::from_number(1_139_568);

fn key(number: usize, hour: Hour) -> HourKey {
    let series = format!("c{number}").parse().expect("a series");
    HourKey { tenant: "acme".parse().expect("a slug"), series, hour }
}

/// A sample at each of these seconds of the hour, for one component.
fn samples(key: &HourKey, seconds: impl Iterator<Item = i64>) -> SeriesRecord {
    let sample = |second| Sample {
        tick: Tick::from_seconds(key.hour.start().seconds() + second),
        status: SampleStatus::Operational,
        latency_ms: Some(40),
        maintenance: false,
    };
    let HourKey { tenant, series, .. } = key.clone();
    SeriesRecord { tenant, series, samples: seconds.map(sample).collect(), events: Vec::new() }
}

/// One good event at each of these seconds of the hour, for one SLO.
fn events(key: &HourKey, seconds: impl Iterator<Item = i64>) -> SeriesRecord {
    let event = |second| Events {
        at: key.hour.start().plus(Span::from_seconds(second)),
        good: 1,
        bad: 0,
        maintenance: false,
        latency: Sketch::of([0.5, 40.0]),
    };
    let HourKey { tenant, series, .. } = key.clone();
    SeriesRecord { tenant, series, samples: Vec::new(), events: seconds.map(event).collect() }
}

async fn raw(uri: &str, collection: &str) -> anyhow::Result<Collection<Document>> {
    let client = Client::with_uri_str(uri).await?;
    Ok(client.default_database().expect("the harness names a database").collection(collection))
}

#[tokio::test]
async fn every_case_of_the_contract_holds() -> anyhow::Result<()> {
    let server = Mongod::start().await?;
    let store: Arc<dyn Store> = Arc::new(MongoStore::open(&server.uri()).await?);
    assert_eq!(contract::run(&store).await, Vec::<&str>::new());
    store.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_record_the_same_hours_at_once_lose_nothing() -> anyhow::Result<()> {
    let server = Mongod::start().await?;
    let uri = server.uri();
    let stores = try_join_all((0..2).map(|_| MongoStore::open(&uri))).await?;
    let slo = |number| HourKey { series: format!("slo:{number}").parse().expect("a series"), ..key(0, HOUR) };
    let keys: Vec<_> = (0..3).map(|number| key(number, HOUR)).chain((0..2).map(slo)).collect();
    let recorder = |number: usize| {
        let seconds = || (0..3_600).skip(5 * number).step_by(40);
        let part = |key: &HourKey| match key.series.component() {
            Some(_) => samples(key, seconds()),
            None => events(key, seconds()),
        };
        let (store, batch) = (&stores[number % 2], keys.iter().map(part).collect::<Vec<_>>());
        async move { store.record_samples(&batch).await }
    };
    let merged = try_join_all((0..8).map(recorder)).await?;
    assert_eq!(merged.iter().map(|part| part.accepted).sum::<u64>(), 5 * 720);
    assert!(merged.iter().all(|part| part.duplicate == 0));
    let held = stores[0].sample_hours(&keys).await?;
    let count = |hour: &HourSamples| hour.len() + hour.events().count();
    assert!(held.values().all(|hour| count(hour) == 720) && held.len() == 5);
    Ok(())
}

#[tokio::test]
async fn a_server_that_went_away_is_noticed_in_time_and_has_everything_when_it_is_back() -> anyhow::Result<()> {
    let mut server = Mongod::start().await?;
    let store = MongoStore::open(&server.uri()).await?;
    let key = key(1, HOUR);
    store.record_samples(&[samples(&key, 0..100)]).await?;

    server.kill()?;
    for _ in 0..2 {
        let began = Instant::now();
        let error = store.record_samples(&[samples(&key, 100..200)]).await.expect_err("nobody is there");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        assert!(began.elapsed() < Duration::from_millis(5_500), "{:?}", began.elapsed());
    }
    let began = Instant::now();
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable { .. })));
    assert!(began.elapsed() < Duration::from_millis(1_500), "{:?}", began.elapsed());

    server.start_again().await?;
    assert_eq!(store.sample_hours(std::slice::from_ref(&key)).await?[&key].len(), 100);
    let again = store.record_samples(&[samples(&key, 0..200)]).await?;
    assert_eq!(again, Merged { accepted: 100, duplicate: 100, refused: 0 });
    Ok(())
}

#[tokio::test]
async fn the_server_removes_what_has_outlived_its_retention_and_nothing_else() -> anyhow::Result<()> {
    let server = Mongod::start().await?;
    let uri = server.uri();
    let store = MongoStore::open(&uri).await?;
    let slo = |hour| HourKey { series: "slo:checkout".parse().expect("a series"), ..key(1, hour) };
    let (old, fresh) = (slo(Hour::from_number(400_000)), slo(HOUR));
    store.record_samples(&[events(&old, 0..10), events(&fresh, 0..10)]).await?;
    let (then, later) = (Timestamp::from_seconds(1_000_000), HOUR.start());
    store.renew_lease("gone", then, then).await?;
    let now = later.minus(Span::minutes(1));
    store.renew_lease("alive", later, now).await?;

    let hours = raw(&uri, "sample_hours").await?;
    let mut removed = hours.watch().pipeline([doc! { "$match": { "operationType": "delete" } }]).await?;
    let admin = hours.client().database("admin");
    admin.run_command(doc! { "setParameter": 1, "ttlMonitorEnabled": true }).await?;
    let event =
        tokio::time::timeout(Duration::from_secs(90), removed.next()).await?.expect("a change stream is endless")?;
    assert_eq!(event.document_key.expect("a deletion names its key").get_document("_id")?.get_i64("h")?, 400_000);
    assert_eq!(store.sample_hours(&[old, fresh.clone()]).await?.into_keys().collect::<Vec<_>>(), [fresh]);
    assert_eq!(store.renew_lease("other", later, now).await?.first().map(String::as_str), Some("alive"));
    Ok(())
}

#[tokio::test]
async fn a_measurement_says_when_it_may_go_and_one_that_notes_a_change_never_does() -> anyhow::Result<()> {
    let server = Mongod::start().await?;
    let uri = server.uri();
    let store = MongoStore::open(&uri).await?;
    let tenant = "acme".parse().expect("a slug");
    let before = Slo::default_availability();
    let after = Slo { window: Span::days(7).into(), ..before.clone() };
    let taken = |slo: &Slo, minute, last: Option<&Measurement>| {
        let tick = Tick::containing(HOUR.start().plus(Span::minutes(minute)), Interval::MINUTE);
        let subject = Subject { tenant: &tenant, tick, interval: Interval::MINUTE, components: 1, latency: None };
        measure(slo, &subject, &|_| WindowTotals::default(), last)
    };
    let first = taken(&before, 10, None);
    let second = taken(&before, 11, Some(&first));
    let changed = taken(&after, 12, Some(&second));
    assert_eq!((second.step, changed.step, changed.changed.is_some()), (Step::Tick, Step::Day, true));
    store.put_measurements(&[first, second.clone(), changed]).await?;
    let goes = raw(&uri, "measurements").await?.find(doc! { "expires_at": { "$exists": true } }).await?;
    let goes: Vec<_> = goes.collect().await;
    assert_eq!(goes.len(), 1);
    let expires_at = goes[0].as_ref().expect("is read").get_datetime("expires_at")?;
    assert_eq!(expires_at.timestamp_millis(), second.at.plus(Span::days(2)).millis());
    Ok(())
}

#[tokio::test]
async fn counts_and_envelopes_say_when_they_may_go_and_how_much_waits_is_read_from_an_index() -> anyhow::Result<()> {
    let server = Mongod::start().await?;
    let uri = server.uri();
    let store: Arc<dyn Store> = Arc::new(MongoStore::open(&uri).await?);
    let (counts, envelope) = frontends::counts_and_envelope(HOUR.start());
    store.put_app_counts(std::slice::from_ref(&counts)).await?;
    store.spool_envelope(&envelope).await?;
    for (collection, at) in [
        ("app_counts", counts.day.start().plus(Span::days(400))),
        ("spool", envelope.received_at.plus(Span::hours(25))),
    ] {
        let stored = raw(&uri, collection).await?.find_one(doc! {}).await?.expect("is stored");
        assert_eq!(stored.get_datetime("expires_at")?.timestamp_millis(), at.millis());
        assert!(raw(&uri, collection).await?.list_index_names().await?.contains(&"expires_at_1".to_owned()));
    }
    let database = raw(&uri, "spool").await?.client().default_database().expect("the harness names a database");
    database.run_command(doc! { "profile": 2 }).await?;
    assert_eq!(store.spool_usage_across_tenants().await?.len(), 1);
    database.run_command(doc! { "profile": 0 }).await?;
    let profile = raw(&uri, "system.profile").await?;
    let told = profile.find_one(doc! { "command.aggregate": "spool" }).await?.expect("is told");
    assert_eq!((told.get_i32("keysExamined")?, told.get_i32("docsExamined")?), (1, 0), "{told}");
    Ok(())
}

#[tokio::test]
async fn an_entry_of_the_audit_log_goes_after_400_days_and_a_page_is_read_from_an_index() -> anyhow::Result<()> {
    let server = Mongod::start().await?;
    let uri = server.uri();
    let store: Arc<dyn Store> = Arc::new(MongoStore::open(&uri).await?);
    let now = HOUR.start();
    for number in 0..9 {
        store.append_audit_entry(&given::audit_entry(&format!("aud-{number}"), now)).await?;
    }
    let entries = raw(&uri, "audit_entries").await?;
    let stored = entries.find_one(doc! {}).await?.expect("is stored");
    assert_eq!(stored.get_datetime("expires_at")?.timestamp_millis(), now.plus(Span::days(400)).millis());
    assert!(entries.list_index_names().await?.contains(&"expires_at_1".to_owned()));
    let database = entries.client().default_database().expect("the harness names a database");
    database.run_command(doc! { "profile": 2 }).await?;
    let all = AuditFilter::all(Timestamp::from_millis(0)..now.next_milli());
    let after = Some((now, "aud-2".parse().expect("an id")));
    assert_eq!(store.audit_entries(None, &all, after, 3).await?.len(), 3);
    database.run_command(doc! { "profile": 0 }).await?;
    let profile = raw(&uri, "system.profile").await?;
    let told = profile.find_one(doc! { "command.find": "audit_entries" }).await?.expect("is told");
    assert!(!told.contains_key("hasSortStage") && told.get_i32("docsExamined")? <= 6, "{told}");
    Ok(())
}

#[tokio::test]
async fn opening_again_finds_the_indexes_and_everything_stored() -> anyhow::Result<()> {
    let server = Mongod::start().await?;
    let uri = server.uri();
    let key = key(1, HOUR);
    let first = MongoStore::open(&uri).await?;
    first.record_samples(&[samples(&key, 0..60)]).await?;
    let indexes = raw(&uri, "incidents").await?.list_index_names().await?;
    first.close().await;
    let second = MongoStore::open(&uri).await?;
    assert_eq!(second.sample_hours(std::slice::from_ref(&key)).await?[&key].len(), 60);
    assert_eq!(raw(&uri, "incidents").await?.list_index_names().await?, indexes);
    assert!(raw(&uri, "sample_hours").await?.list_index_names().await?.contains(&"expires_at_1".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_not_there_or_hangs_is_unavailable_and_no_message_tells_the_password() -> anyhow::Result<()> {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let (hangs, absent) =
        (silent.local_addr()?.port(), TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port());
    for port in [hangs, absent] {
        let began = Instant::now();
        let uri = format!("mongodb://ann:s3cret@127.0.0.1:{port}/?replicaSet=rs0");
        let error = MongoStore::open(&uri).await.expect_err("nobody answers");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        assert!(began.elapsed() < Duration::from_millis(5_500), "{:?}", began.elapsed());
    }
    Ok(())
}

#[tokio::test]
async fn refused_credentials_make_the_store_unusable_and_are_not_told() -> anyhow::Result<()> {
    let server = Mongod::start().await?;
    let uri = server.uri().replacen("mongodb://", "mongodb://ann:s3cret@", 1);
    let error = MongoStore::open(&uri).await.expect_err("there is no such user");
    assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_read_stops_only_those_it_belongs_to() -> anyhow::Result<()> {
    let server = Mongod::start().await?;
    let uri = server.uri();
    let store: Arc<dyn Store> = Arc::new(MongoStore::open(&uri).await?);
    let tenants = given::two_tenants(&store).await;
    for (name, key, id) in [
        ("tenants", "_id", "damaged"),
        ("components", "_id.t", "damaged"),
        ("incidents", "tenant", "damaged"),
        ("maintenances", "_id.t", "damaged"),
        ("slo_configs", "_id", "damaged"),
        ("frontend_apps", "_id", "damaged"),
        ("page_configs", "_id", "damaged"),
    ] {
        let damage = doc! { "$set": { "body": { "anything": "else" } } };
        assert_eq!(raw(&uri, name).await?.update_one(doc! { key: id }, damage).await?.modified_count, 1, "{name}");
    }
    given::only_the_whole_is_read(&store, &tenants).await;
    Ok(())
}
