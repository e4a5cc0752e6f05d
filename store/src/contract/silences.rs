//! Cases of the trait `Silences`.

use std::sync::Arc;

use plimsoll_domain::alert::Silence;
use plimsoll_domain::alert::silence::MAX_SILENCES;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::time::Timestamp;

use crate::Store;
use crate::contract::given::{at, id, refused};
use crate::contract::{Case, cases};

pub(super) const CASES: &[Case] = cases![
    a_silence_is_stored_once_and_changed_by_version,
    silences_that_are_over_are_left_out,
    silences_that_wait_are_found_for_everybody,
    a_tenant_has_only_so_many_silences,
];

/// A silence of everything critical.
pub(super) fn silence(tenant: &TenantId, name: &str, (starts_at, ends_at): (Timestamp, Option<Timestamp>)) -> Silence {
    Silence {
        tenant: tenant.clone(),
        id: id(name),
        matchers: vec![r#"severity=~"crit.*""#.parse().expect("a matcher")],
        starts_at,
        ends_at,
        until_resolved: ends_at.is_none(),
        has_matched: false,
        comment: "New disks".to_owned(),
        by: "ann".to_owned(),
        version: 1,
    }
}

async fn a_silence_is_stored_once_and_changed_by_version(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("silence-a"), id("silence-b"));
    let first = silence(&ours, "s", (at(0), Some(at(10))));
    let ended = first.ended(at(5));
    refused!(store.put_silence(&ended).await, Stale);
    store.put_silence(&first).await.expect("stores");
    refused!(store.put_silence(&first).await, Stale);
    store.put_silence(&silence(&theirs, "s", (at(0), Some(at(10))))).await.expect("another tenant's");
    assert_eq!(store.silence(&ours, &first.id).await.expect("reads").as_ref(), Some(&first));
    store.put_silence(&ended).await.expect("changes");
    refused!(store.put_silence(&ended).await, Stale);
    assert_eq!(store.silence(&ours, &first.id).await.expect("reads"), Some(ended));
    assert_eq!(store.silence(&ours, &id("other")).await.expect("reads"), None);
}

async fn silences_that_are_over_are_left_out(store: Arc<dyn Store>) {
    let tenant: TenantId = id("silence-over");
    for (name, start, end) in [("old", 0, Some(5)), ("edge", 1, Some(6)), ("now", 2, Some(7)), ("waits", 3, None)] {
        store.put_silence(&silence(&tenant, name, (at(start), end.map(at)))).await.expect("stores");
    }
    let names = async |since: Timestamp| {
        let found = store.silences(&tenant, since).await.expect("reads");
        found.into_iter().map(|silence| silence.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(at(6)).await, ["waits", "now"]);
    assert_eq!(names(at(0)).await, ["waits", "now", "edge", "old"]);
    assert_eq!(names(at(90_000)).await, ["waits"]);
}

async fn silences_that_wait_are_found_for_everybody(store: Arc<dyn Store>) {
    let tenants: [TenantId; 2] = [id("silence-wait-a"), id("silence-wait-b")];
    for tenant in &tenants {
        store.put_silence(&silence(tenant, "waits", (at(0), None))).await.expect("stores");
        store.put_silence(&silence(tenant, "ends", (at(0), Some(at(9))))).await.expect("stores");
    }
    let waiting = silence(&tenants[0], "waits", (at(0), None));
    store.put_silence(&waiting.ended(at(3))).await.expect("changes");
    let found = store.silences_until_resolved_across_tenants().await.expect("reads");
    let mut ours: Vec<_> = found.iter().filter(|silence| tenants.contains(&silence.tenant)).collect();
    ours.sort_by_key(|silence| silence.tenant.clone());
    assert_eq!(ours.iter().map(|silence| silence.id.as_str()).collect::<Vec<_>>(), ["waits", "waits"]);
    assert_eq!((ours[0].ends_at, ours[1].ends_at), (Some(at(3)), None));
}

async fn a_tenant_has_only_so_many_silences(store: Arc<dyn Store>) {
    let tenant: TenantId = id("silence-limit");
    for number in 0..MAX_SILENCES {
        store.put_silence(&silence(&tenant, &format!("s{number}"), (at(0), Some(at(9))))).await.expect("stores");
    }
    refused!(store.put_silence(&silence(&tenant, "more", (at(0), Some(at(9))))).await, Limit);
}
