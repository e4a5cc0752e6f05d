//! The MongoDB adapter on a real server: the contract that every store keeps, and what only a server can do: go away,
//! come back, hang, and remove what has outlived its retention.

#[path = "given/mod.rs"]
mod given;
#[path = "../../tests/src/mongod.rs"]
#[expect(unreachable_pub, reason = "the black-box suites use it from their library")]
mod mongod;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::try_join_all;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection};

use plimsoll_domain::ids::HourKey;
use plimsoll_domain::sample::{Merged, Sample, SampleStatus};
use plimsoll_domain::time::{Hour, Span, Tick, Timestamp};
use plimsoll_store::mongo::MongoStore;
use plimsoll_store::{ComponentSamples, Leases, Samples, Store, StoreError, contract};

use mongod::Mongod;

/// An hour that no server's clock has come to.
const HOUR: Hour = Hour::from_number(1_139_568);

fn key(component: usize, hour: Hour) -> HourKey {
    let component = format!("c{component}").parse().expect("a slug");
    HourKey { tenant: "acme".parse().expect("a slug"), component, hour }
}

/// A sample at each of these seconds of the hour, for one component.
fn samples(key: &HourKey, seconds: impl Iterator<Item = i64>) -> ComponentSamples {
    let sample = |second| Sample {
        tick: Tick::from_seconds(key.hour.start().seconds() + second),
        status: SampleStatus::Operational,
        latency_ms: Some(40),
        maintenance: false,
    };
    let HourKey { tenant, component, .. } = key.clone();
    ComponentSamples { tenant, component, samples: seconds.map(sample).collect() }
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
    let keys: Vec<_> = (0..3).map(|component| key(component, HOUR)).collect();
    let recorder = |number: usize| {
        let part = |key| samples(key, (0..3_600).skip(5 * number).step_by(40));
        let (store, batch) = (&stores[number % 2], keys.iter().map(part).collect::<Vec<_>>());
        async move { store.record_samples(&batch).await }
    };
    let merged = try_join_all((0..8).map(recorder)).await?;
    assert_eq!(merged.iter().map(|part| part.accepted).sum::<u64>(), 3 * 720);
    assert!(merged.iter().all(|part| part.duplicate == 0));
    let held = stores[0].sample_hours(&keys).await?;
    assert!(held.values().all(|hour| hour.len() == 720) && held.len() == 3);
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
    assert_eq!(again, Merged { accepted: 100, duplicate: 100 });
    Ok(())
}

#[tokio::test]
async fn the_server_removes_what_has_outlived_its_retention_and_nothing_else() -> anyhow::Result<()> {
    let server = Mongod::start().await?;
    let uri = server.uri();
    let store = MongoStore::open(&uri).await?;
    let (old, fresh) = (key(1, Hour::from_number(400_000)), key(1, HOUR));
    store.record_samples(&[samples(&old, 0..10), samples(&fresh, 0..10)]).await?;
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
    ] {
        let damage = doc! { "$set": { "body": { "anything": "else" } } };
        assert_eq!(raw(&uri, name).await?.update_one(doc! { key: id }, damage).await?.modified_count, 1, "{name}");
    }
    given::only_the_whole_is_read(&store, &tenants).await;
    Ok(())
}
