//! Cases of the trait `Components`.

use std::sync::Arc;

use futures_util::future::join_all;

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::probe::{Heartbeat, HeartbeatProbe, HttpProbe, ProbeSpec};
use plimsoll_domain::sample::SampleStatus;

use crate::Store;
use crate::contract::given::{at, component, id, refused, successes};
use crate::contract::{Case, cases};

pub(super) const CASES: &[Case] = cases![
    a_component_is_created_once,
    a_component_created_twice_at_once_is_created_once,
    only_a_component_that_exists_is_replaced,
    a_component_is_removed_once,
    a_component_takes_its_heartbeat_with_it,
    components_are_listed_by_id_and_tenant,
    every_kind_of_probe_reads_back,
    what_could_not_be_read_back_is_refused,
    the_newest_heartbeat_stands,
    a_heartbeat_that_changes_nothing_says_so,
    heartbeats_at_once_leave_the_newest,
];

async fn a_component_is_created_once(store: Arc<dyn Store>) {
    let first = component(&id("component-once"), "api");
    store.create_component(&first).await.expect("creates");
    let second = Component { name: "Another".to_owned(), ..first.clone() };
    refused!(store.create_component(&second).await, Exists);
    assert_eq!(store.component(&first.tenant, &first.id).await.expect("reads"), Some(first));
}

async fn a_component_created_twice_at_once_is_created_once(store: Arc<dyn Store>) {
    let new = component(&id("component-race"), "api");
    let answers = join_all((0..4).map(|_| store.create_component(&new))).await;
    assert_eq!(successes(&answers), 1);
    assert_eq!(store.components(&new.tenant).await.expect("reads"), [new]);
}

async fn only_a_component_that_exists_is_replaced(store: Arc<dyn Store>) {
    let first = component(&id("component-replace"), "api");
    refused!(store.replace_component(&first).await, Missing);
    assert_eq!(store.component(&first.tenant, &first.id).await.expect("reads"), None);
    store.create_component(&first).await.expect("creates");
    let second = Component { name: "Renamed".to_owned(), ..first };
    for _ in 0..2 {
        store.replace_component(&second).await.expect("replaces");
        assert_eq!(store.components(&second.tenant).await.expect("reads"), std::slice::from_ref(&second));
    }
}

async fn a_component_is_removed_once(store: Arc<dyn Store>) {
    let (ours, theirs) = (component(&id("component-remove-a"), "api"), component(&id("component-remove-b"), "api"));
    store.create_component(&ours).await.expect("creates");
    store.create_component(&theirs).await.expect("creates");
    assert!(store.remove_component(&ours.tenant, &ours.id).await.expect("removes"));
    assert!(!store.remove_component(&ours.tenant, &ours.id).await.expect("finds nothing"));
    assert_eq!(store.component(&ours.tenant, &ours.id).await.expect("reads"), None);
    assert_eq!(store.component(&theirs.tenant, &theirs.id).await.expect("reads"), Some(theirs));
    store.create_component(&ours).await.expect("creates again");
}

async fn a_component_takes_its_heartbeat_with_it(store: Arc<dyn Store>) {
    let (ours, theirs) = (component(&id("component-beat-a"), "job"), component(&id("component-beat-b"), "job"));
    let beat = Heartbeat { at: at(1), status: SampleStatus::Operational };
    for new in [&ours, &theirs] {
        store.create_component(new).await.expect("creates");
        store.record_heartbeat(&new.tenant, &new.id, beat).await.expect("notes");
    }
    assert!(store.remove_component(&ours.tenant, &ours.id).await.expect("removes"));
    let beats = store.heartbeats_across_tenants().await.expect("reads");
    assert_eq!(beats.get(&(ours.tenant, ours.id)), None);
    assert_eq!(beats.get(&(theirs.tenant, theirs.id)), Some(&beat));
}

async fn components_are_listed_by_id_and_tenant(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("component-list-a"), id("component-list-b"));
    for name in ["b", "c", "a"] {
        store.create_component(&component(&ours, name)).await.expect("creates");
    }
    store.create_component(&component(&theirs, "a")).await.expect("creates");
    let expected = ["a", "b", "c"].map(|name| component(&ours, name));
    assert_eq!(store.components(&ours).await.expect("reads"), expected);
    assert_eq!(store.components(&id("component-list-none")).await.expect("reads"), []);
    let all = store.components_across_tenants().await.expect("reads");
    assert_eq!(all.iter().filter(|component| component.tenant == ours).count(), 3);
    assert!(all.contains(&component(&theirs, "a")));
}

async fn every_kind_of_probe_reads_back(store: Arc<dyn Store>) {
    let tenant = id("component-probes");
    let http = r#"{"kind": "http", "url": "https://example.com/", "headers": {"a.b$": "c"}, "expected_status": [200],
        "json_equals": {"pointer": "/a", "value": {"$x.y": [1, 2.5, null, "z", 9007199254740993]}}}"#;
    let tcp = r#"{"kind": "tcp", "address": "[::1]:5432", "degraded_above_ms": 50}"#;
    let probes = [
        serde_json::from_str(http).expect("a probe"),
        serde_json::from_str(tcp).expect("a probe"),
        ProbeSpec::Heartbeat(HeartbeatProbe { every_seconds: 60 }),
        ProbeSpec::Push,
    ];
    for (name, probe) in ["a", "b", "c", "d"].into_iter().zip(probes) {
        let new = Component { probe, ..component(&tenant, name) };
        store.create_component(&new).await.expect("creates");
        assert_eq!(store.component(&tenant, &new.id).await.expect("reads"), Some(new));
    }
}

/// A component whose answer must be equal to `value`.
fn expecting(tenant: &TenantId, name: &str, value: serde_json::Value) -> Component {
    let probe = r#"{"kind": "http", "url": "https://example.com/", "json_equals": {"pointer": "/a", "value": null}}"#;
    let mut probe = serde_json::from_str(probe).expect("a probe");
    if let ProbeSpec::Http(HttpProbe { json_equals: Some(equals), .. }) = &mut probe {
        equals.value = value;
    }
    Component { probe, ..component(tenant, name) }
}

async fn what_could_not_be_read_back_is_refused(store: Arc<dyn Store>) {
    let tenant: TenantId = id("component-unstorable");
    let deep = (0..140).fold(serde_json::Value::Null, |inner, _| serde_json::json!([inner]));
    let deep = expecting(&tenant, "deep", deep);
    refused!(store.create_component(&deep).await, Unstorable);
    let plain = expecting(&tenant, "deep", serde_json::Value::Null);
    store.create_component(&plain).await.expect("creates");
    refused!(store.replace_component(&deep).await, Unstorable);
    assert_eq!(store.components(&tenant).await.expect("reads"), [plain]);

    // Not every store has numbers as large or names as strange; one that takes them gives them back.
    let strange = [serde_json::json!(u64::MAX), serde_json::json!({"a\u{0}b": 1}), serde_json::json!({"\u{0}": 1})];
    for (name, value) in ["a", "b", "c"].into_iter().zip(strange) {
        let strange = expecting(&tenant, name, value);
        let stored = match store.create_component(&strange).await {
            Ok(()) => Some(strange.clone()),
            refused => {
                refused!(refused, Unstorable);
                None
            }
        };
        assert_eq!(store.component(&tenant, &strange.id).await.expect("reads"), stored);
    }
    assert!(store.components_across_tenants().await.is_ok());
}

async fn the_newest_heartbeat_stands(store: Arc<dyn Store>) {
    let (tenant, other): (TenantId, TenantId) = (id("heartbeat-a"), id("heartbeat-b"));
    let beat = |minute, status| Heartbeat { at: at(minute), status };
    for beat in [beat(1, SampleStatus::Degraded), beat(2, SampleStatus::Down), beat(1, SampleStatus::Degraded)] {
        store.record_heartbeat(&tenant, &id("job"), beat).await.expect("notes");
    }
    store.record_heartbeat(&other, &id("job"), beat(0, SampleStatus::Operational)).await.expect("notes");
    let beats = store.heartbeats_across_tenants().await.expect("reads");
    assert_eq!(beats.get(&(tenant, id("job"))), Some(&beat(2, SampleStatus::Down)));
    assert_eq!(beats.get(&(other.clone(), id("job"))), Some(&beat(0, SampleStatus::Operational)));
    assert_eq!(beats.get(&(other, id("silent"))), None);
}

async fn a_heartbeat_that_changes_nothing_says_so(store: Arc<dyn Store>) {
    use SampleStatus::{Down, Operational};
    let (tenant, job): (TenantId, _) = (id("heartbeat-known"), id("job"));
    for (minute, status, changes) in
        [(2, Down, true), (2, Down, false), (1, Operational, false), (2, Operational, true), (3, Operational, true)]
    {
        let beat = Heartbeat { at: at(minute), status };
        assert_eq!(store.record_heartbeat(&tenant, &job, beat).await.expect("notes"), changes, "{beat:?}");
    }
}

async fn heartbeats_at_once_leave_the_newest(store: Arc<dyn Store>) {
    let (tenant, job) = (id("heartbeat-race"), id("job"));
    let beats = [3, 9, 1, 7, 8, 2].map(|minute| Heartbeat { at: at(minute), status: SampleStatus::Operational });
    let answers = join_all(beats.iter().map(|beat| store.record_heartbeat(&tenant, &job, *beat))).await;
    assert_eq!(successes(&answers), beats.len(), "{answers:?}");
    let stored = store.heartbeats_across_tenants().await.expect("reads");
    assert_eq!(stored.get(&(tenant, job)), Some(&beats[1]));
}
