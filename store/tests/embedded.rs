//! The embedded store under the contract suite, and what only it does.

use std::sync::Arc;

use futures_util::future::join_all;
use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{HourKey, Series, TenantId};
use plimsoll_domain::probe::ProbeSpec;
use plimsoll_domain::rollup::Rollup;
use plimsoll_domain::sample::{Events, Sample, SampleStatus};
use plimsoll_domain::sketch::Sketch;
use plimsoll_domain::slo::measurement::Subject;
use plimsoll_domain::slo::{Measurement, Slo, Step, WindowTotals, measure};
use plimsoll_domain::time::{Hour, Interval, Span, Tick, Timestamp};
use plimsoll_store::embedded::{EmbeddedStore, Limits};
use plimsoll_store::faulty::Faulty;
use plimsoll_store::{AuditFilter, Components, Fold, SeriesRecord, Store, StoreError, UnfoldedHour, contract};
use tempfile::TempDir;

#[path = "given/mod.rs"]
mod given;

async fn open(folder: &TempDir) -> Arc<dyn Store> {
    Arc::new(EmbeddedStore::open(folder.path(), Limits::default()).await.expect("opens"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_store_keeps_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder).await;
    assert_eq!(contract::run(&store).await, [""; 0]);
    store.close().await;
}

#[tokio::test]
async fn a_wrapped_store_keeps_the_contract_while_nothing_is_asked_to_fail() {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Arc<dyn Store> = Arc::new(Faulty::new(open(&folder).await));
    assert_eq!(contract::run(&store).await, [""; 0]);
}

fn component(tenant: &str, index: usize, size: usize) -> Component {
    Component {
        tenant: tenant.parse().expect("an id"),
        id: format!("component-{index}").parse().expect("an id"),
        name: "n".repeat(size),
        group: None,
        description: None,
        probe: ProbeSpec::Push,
        created_at: Timestamp::from_millis(0),
        probe_since: None,
    }
}

fn integrity(folder: &TempDir) -> String {
    let database = rusqlite::Connection::open(folder.path().join("plimsoll.db")).expect("opens");
    database.pragma_query_value(None, "integrity_check", |row| row.get(0)).expect("answers")
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_goes_on_reading() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits { max_bytes: Some(520 << 10) };
    let store = EmbeddedStore::open(folder.path(), limits).await.expect("opens");
    let mut stored = 0;
    let error = loop {
        match store.create_component(&component("acme", stored, 2_000)).await {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::DiskFull), "{error}");
    assert_eq!(error.to_string(), "the disk that holds the store is full");
    assert!(stored > 50, "{stored}");
    let tenant = "acme".parse().expect("an id");
    assert_eq!(store.components(&tenant).await.expect("reads go on").len(), stored);
    store.ping().await.expect("answers");

    for index in 0..10 {
        let id = component("acme", index, 0).id;
        assert!(store.remove_component(&tenant, &id).await.expect("removing makes room"));
    }
    store.create_component(&component("acme", 0, 2_000)).await.expect("there is room again");
    store.close().await;

    let store = EmbeddedStore::open(folder.path(), Limits::default()).await.expect("opens with more room");
    for index in stored..2 * stored {
        store.create_component(&component("acme", index, 2_000)).await.expect("there is room");
    }
    assert_eq!(store.components(&tenant).await.expect("reads").len(), 2 * stored - 9);
    store.close().await;
    assert_eq!(integrity(&folder), "ok");
}

#[tokio::test]
async fn a_write_that_does_not_fit_is_answered_alone_or_takes_none_with_it_silently() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits { max_bytes: Some(480 << 10) };
    let store = EmbeddedStore::open(folder.path(), limits).await.expect("opens");
    let sizes = [10, 900_000, 10, 10, 900_000, 10];
    let all: Vec<_> = sizes.into_iter().enumerate().map(|(index, size)| component("acme", index, size)).collect();
    let answers = join_all(all.iter().map(|new| store.create_component(new))).await;
    let kept: Vec<_> =
        all.iter().zip(&answers).filter(|(_, answer)| answer.is_ok()).map(|(new, _)| new.clone()).collect();
    assert!(matches!(answers[1], Err(StoreError::DiskFull)) && matches!(answers[4], Err(StoreError::DiskFull)));
    let tenant = "acme".parse().expect("an id");
    assert_eq!(store.components(&tenant).await.expect("reads"), kept, "exactly what was acknowledged is there");
}

#[tokio::test]
async fn a_refused_intention_does_not_touch_the_others_of_its_group() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder).await;
    let all: Vec<_> = (0..200).map(|index| component("acme", index / 2, 100)).collect();
    let answers = join_all(all.iter().map(|new| store.create_component(new))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 100);
    assert_eq!(store.components(&all[0].tenant).await.expect("reads").len(), 100);
}

#[tokio::test]
async fn a_folder_is_opened_by_one_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("made/here");
    let store = EmbeddedStore::open(&path, Limits::default()).await.expect("opens");
    let error = EmbeddedStore::open(&path, Limits::default()).await.expect_err("is in use");
    let expected = format!(
        "the store's folder {} is in use by another process: stop that one, or give this one a folder of its own",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    store.ping().await.expect("the first is not disturbed");
    store.close().await;
    let again = EmbeddedStore::open(&path, Limits::default()).await.expect("opens after it was closed");
    drop(again);
    EmbeddedStore::open(&path, Limits::default()).await.expect("opens after it was dropped");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "nobody else may read it");
    }
}

#[tokio::test]
async fn a_closed_store_answers_that_it_was_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder).await;
    let first = component("acme", 0, 10);
    store.create_component(&first).await.expect("creates");
    store.close().await;
    store.close().await;
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(store.create_component(&first).await, Err(StoreError::Unavailable { .. })));
    let again = open(&folder).await;
    assert_eq!(again.components(&first.tenant).await.expect("reads"), [first]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").expect("writes");
    let error = EmbeddedStore::open(&file, Limits::default()).await.expect_err("is a file");
    assert!(error.to_string().contains(&file.display().to_string()), "{error}");

    std::fs::write(folder.path().join("plimsoll.db"), "not a database, but long enough".repeat(99)).expect("writes");
    let error = EmbeddedStore::open(folder.path(), Limits::default()).await.expect_err("is damaged");
    assert!(matches!(error, StoreError::Unreadable { what: "database", .. }), "{error}");
}

#[tokio::test]
async fn a_folder_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    open(&folder).await.close().await;
    let database = rusqlite::Connection::open(folder.path().join("plimsoll.db")).expect("opens");
    database.pragma_update(None, "user_version", 99).expect("writes");
    drop(database);
    let error = EmbeddedStore::open(folder.path(), Limits::default()).await.expect_err("is newer");
    assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
    assert!(error.to_string().contains("newer version") && error.to_string().contains("99"), "{error}");
}

#[tokio::test]
async fn reads_do_not_wait_for_a_writer() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder).await;
    let first = component("acme", 0, 10);
    store.create_component(&first).await.expect("creates");
    let rival = rusqlite::Connection::open(folder.path().join("plimsoll.db")).expect("opens");
    rival.execute_batch("BEGIN IMMEDIATE; DELETE FROM components").expect("writes");
    assert_eq!(store.components(&first.tenant).await.expect("reads"), std::slice::from_ref(&first));
}

#[tokio::test]
async fn what_outlived_its_retention_is_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder).await;
    let now: Timestamp = "2026-11-21T00:00:00Z".parse().expect("an instant");
    let tenant: TenantId = "acme".parse().expect("an id");
    let hours: Vec<_> = [500, 397, 395, 92, 90, 1].map(|days| now.minus(Span::days(days)).hour()).into();
    let sample = |hour: &Hour| Sample {
        tick: Tick::from_seconds(hour.start().seconds()),
        status: SampleStatus::Operational,
        latency_ms: None,
        maintenance: false,
    };
    let events =
        |hour: &Hour| Events { at: hour.start(), good: 1, bad: 0, maintenance: false, latency: Sketch::of([7.5]) };
    let all: [Series; 2] = ["api", "slo:checkout"].map(|name| name.parse().expect("a series"));
    let batch = [
        SeriesRecord::of_component(&tenant, &"api".parse().expect("an id"), hours.iter().map(sample).collect()),
        SeriesRecord::of_slo(&tenant, &"checkout".parse().expect("an id"), hours.iter().map(events).collect()),
    ];
    store.record_samples(&batch).await.expect("records");
    let unfolded = store.unfolded_hours(std::slice::from_ref(&tenant), now.hour(), 100).await.expect("reads");
    let fold = |unfolded: UnfoldedHour| Fold {
        rollup: Rollup::of_hour(unfolded.key.hour, &unfolded.samples),
        key: unfolded.key,
        revision: unfolded.revision,
    };
    store.finish_folds(&unfolded.into_iter().map(fold).collect::<Vec<_>>()).await.expect("folds");

    assert_eq!(store.expire_across_tenants(now).await.expect("expires"), 2 * (4 + 2));
    assert_eq!(store.expire_across_tenants(now).await.expect("finds nothing"), 0);
    for series in all {
        let key = |hour: &Hour| HourKey { tenant: tenant.clone(), series: series.clone(), hour: *hour };
        let keys: Vec<_> = hours.iter().map(key).collect();
        assert_eq!(store.sample_hours(&keys).await.expect("reads").len(), 2);
        assert_eq!(store.hour_rollups(&keys).await.expect("reads").len(), 4);
        let ever = now.day().plus(-999)..now.day();
        let days = store.day_rollups(&[(tenant.clone(), series)], ever).await.expect("reads");
        assert_eq!(days.values().map(Vec::len).sum::<usize>(), 6, "days are kept for ever");
    }
}

#[tokio::test]
async fn measurements_are_kept_as_long_as_their_step_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder).await;
    let tenant: TenantId = "acme".parse().expect("an id");
    let midnight: Timestamp = "2026-11-21T00:00:00Z".parse().expect("an instant");
    let slo = Slo::default_availability();
    let taken = |(minutes, step): (i64, Step)| {
        let tick = Tick::containing(midnight.plus(Span::minutes(minutes - 1)), Interval::MINUTE);
        let subject = Subject { tenant: &tenant, tick, interval: Interval::MINUTE, components: 1, latency: None };
        Measurement { step, ..measure(&slo, &subject, &|_| WindowTotals::default(), None) }
    };
    // The program was away at midnight and at one: the round instants are none of the firsts.
    let all = [(1, Step::Day), (2, Step::Tick), (61, Step::Hour), (120, Step::Tick), (1_441, Step::Day)].map(taken);
    store.put_measurements(&all).await.expect("stores");
    let left = async |now: Timestamp| {
        store.expire_across_tenants(now).await.expect("expires");
        let span = midnight..midnight.plus(Span::days(9));
        let left = store.measurements(&tenant, &slo.slo_type, span, Step::Tick, 9).await.expect("reads");
        left.iter().map(|measured| measured.at.millis_since(midnight) / 60_000).collect::<Vec<_>>()
    };
    assert_eq!(left(midnight.plus(Span::days(2))).await, [1, 2, 61, 120, 1_441]);
    assert_eq!(left(midnight.plus(Span::days(3))).await, [1, 61, 1_441]);
    assert_eq!(left(midnight.plus(Span::days(395))).await, [1, 61, 1_441]);
    assert_eq!(left(midnight.plus(Span::days(400))).await, [1, 1_441]);
}

#[tokio::test]
async fn entries_of_the_audit_log_are_kept_for_400_days() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder).await;
    let now: Timestamp = "2026-11-21T00:00:00Z".parse().expect("an instant");
    for days in [401, 400, 399] {
        store
            .append_audit_entry(&given::audit_entry(&format!("aud-{days}"), now.minus(Span::days(days))))
            .await
            .expect("stores");
    }
    assert_eq!(store.expire_across_tenants(now).await.expect("expires"), 2);
    let all = AuditFilter::all(Timestamp::from_millis(0)..now);
    let left = store.audit_entries_across_tenants(&all, None, 9).await.expect("reads");
    assert_eq!(left.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), ["aud-399"]);
}

#[tokio::test]
async fn what_cannot_be_read_stops_only_those_it_belongs_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder).await;
    let tenants = given::two_tenants(&store).await;
    let database = rusqlite::Connection::open(folder.path().join("plimsoll.db")).expect("opens");
    for table in ["tenants", "components", "incidents", "maintenances", "slo_configs", "frontend_apps", "page_configs"]
    {
        let key = if table == "tenants" { "id" } else { "tenant" };
        let sql = format!("UPDATE {table} SET doc = '{{\"v\": 99, \"body\": {{}}}}' WHERE {key} = 'damaged'");
        assert_eq!(database.execute(&sql, ()).expect("damages"), 1, "{table}");
    }
    given::only_the_whole_is_read(&store, &tenants).await;
}
