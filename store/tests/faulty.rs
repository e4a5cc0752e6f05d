//! The store that fails on demand does so, and the suite notices a store that does not do what it must.

use std::sync::Arc;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::probe::Heartbeat;
use plimsoll_domain::sample::SampleStatus;
use plimsoll_domain::time::Timestamp;
use plimsoll_store::faulty::{Faulty, When};
use plimsoll_store::{Components, Leases, Result, Store, StoreError, contract};
use tempfile::TempDir;

async fn faulty() -> (TempDir, Arc<Faulty>) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Faulty::embedded(folder.path()).await.expect("opens");
    (folder, Arc::new(store))
}

async fn beat(store: &Faulty, component: &str) -> Result<bool> {
    let tenant: TenantId = "acme".parse().expect("an id");
    let beat = Heartbeat { at: Timestamp::from_millis(0), status: SampleStatus::Operational };
    store.record_heartbeat(&tenant, &component.parse().expect("an id"), beat).await
}

#[tokio::test]
async fn a_call_fails_before_or_after_it_was_carried_out() {
    let (_folder, store) = faulty().await;
    store.fail(When::Before);
    assert!(matches!(beat(&store, "before").await, Err(StoreError::Unavailable { .. })));
    assert!(store.ping().await.is_err());
    store.heal();
    store.fail_method("record_heartbeat", When::After);
    assert!(matches!(beat(&store, "after").await, Err(StoreError::Unavailable { .. })));
    store.ping().await.expect("only one method fails");
    store.renew_lease("a", Timestamp::from_seconds(1), Timestamp::from_seconds(0)).await.expect("nor does this one");
    store.heal();
    assert!(beat(&store, "healed").await.expect("nothing fails any more"));
    let mut stored: Vec<_> = store.heartbeats_across_tenants().await.expect("reads").into_keys().collect();
    stored.sort();
    let stored: Vec<_> = stored.iter().map(|(_, component)| component.as_str()).collect();
    assert_eq!(stored, ["after", "healed"]);
}

#[tokio::test]
async fn the_suite_names_the_cases_that_fail() {
    let (_folder, store) = faulty().await;
    store.fail_method("release_lease", When::Before);
    let store: Arc<dyn Store> = store;
    let failed = contract::run(&store).await;
    assert_eq!(failed, ["a_holder_that_leaves_is_gone_at_once"]);
}
