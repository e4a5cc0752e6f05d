//! What waits in the embedded store: how long it stays, what it costs to sum it, and what becomes of its room.

use std::sync::Arc;

use plimsoll_domain::frontend::SpooledEnvelope;
use plimsoll_domain::ids::SpoolId;
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_store::Store;
use plimsoll_store::embedded::{EmbeddedStore, Limits};
use tempfile::TempDir;

#[path = "given/frontends.rs"]
mod given;

const NOW: Timestamp = Timestamp::from_seconds(4_102_488_000);

async fn open(folder: &TempDir) -> Arc<dyn Store> {
    Arc::new(EmbeddedStore::open(folder.path(), Limits::default()).await.expect("opens"))
}

fn database(folder: &TempDir) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.path().join("plimsoll.db")).expect("opens")
}

#[tokio::test]
async fn old_counts_and_envelopes_are_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder).await;
    let (counts, envelope) = given::counts_and_envelope(NOW);
    store.put_app_counts(std::slice::from_ref(&counts)).await.expect("stores");
    store.spool_envelope(&envelope).await.expect("stores");
    let removed = async |now| store.expire_across_tenants(now).await.expect("expires");
    let just_before = |at: Timestamp| Timestamp::from_millis(at.millis() - 1);

    let envelope_goes = NOW.plus(Span::hours(25));
    assert_eq!(removed(just_before(envelope_goes)).await, 0);
    assert_eq!(removed(envelope_goes).await, 1);
    assert!(store.spool_usage_across_tenants().await.expect("reads").is_empty());

    let counts_go = counts.day.start().plus(Span::days(400));
    assert_eq!(removed(just_before(counts_go)).await, 0);
    assert_eq!(removed(counts_go).await, 1);
    let days = counts.day..counts.day.plus(1);
    assert_eq!(store.app_counts(&counts.tenant, &counts.app, days).await.expect("reads"), []);
}

#[tokio::test]
async fn the_room_of_what_is_removed_is_used_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder).await;
    let (_, first) = given::counts_and_envelope(NOW);
    let mut pages = Vec::new();
    for round in 0..4_u64 {
        let of_round = |number| SpooledEnvelope {
            id: SpoolId::of(NOW, "one", 100 * round + number),
            body: vec![0xff; 40_000],
            ..first.clone()
        };
        let all: Vec<_> = (0..100_u64).map(of_round).collect();
        for envelope in &all {
            store.spool_envelope(envelope).await.expect("stores");
        }
        let ids: Vec<_> = all.into_iter().map(|envelope| envelope.id).collect();
        assert_eq!(store.remove_spooled(&first.tenant, &ids).await.expect("removes"), 100);
        let count = |name| database(&folder).pragma_query_value(None, name, |row| row.get::<_, i64>(0)).expect("reads");
        assert!(count("freelist_count") > 900);
        pages.push(count("page_count"));
    }
    assert!(pages[3] <= pages[0] + 10, "{pages:?}");
}

#[tokio::test]
async fn how_much_waits_is_read_from_an_index_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    open(&folder).await.close().await;
    for (sql, index) in [
        (
            "SELECT tenant, app, count(*), sum(size), min(received_at) FROM spool GROUP BY 1, 2",
            "COVERING INDEX spool_by_app",
        ),
        ("SELECT body FROM spool WHERE tenant = 'a' AND app = 'b' ORDER BY id LIMIT 9", "INDEX spool_by_app"),
        ("SELECT doc FROM app_counts WHERE tenant = 'a' AND app = 'b' AND day > 1 ORDER BY day, source", "PRIMARY KEY"),
    ] {
        let database = database(&folder);
        let mut plan = database.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("is planned");
        let steps = plan.query_map((), |row| row.get::<_, String>(3)).expect("is planned");
        let steps: Vec<_> = steps.map(|step| step.expect("a step")).collect();
        assert!(steps.len() == 1 && steps[0].contains(index), "{steps:?}");
    }
}
