//! Cases of the trait `Maintenances`.

use std::sync::Arc;

use futures_util::future::join_all;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::recurrence::Recurrence;
use plimsoll_domain::time::Span;

use crate::Store;
use crate::contract::given::{at, id, refused, successes};
use crate::contract::{Case, cases};

pub(super) const CASES: &[Case] = cases![
    a_maintenance_is_created_once_and_removed_once,
    each_maintenance_takes_the_place_of_its_version_before,
    a_maintenance_with_everything_reads_back,
    maintenance_is_listed_soonest_first,
    maintenance_that_is_not_over_is_found_across_tenants,
    what_recurs_is_not_over_until_nothing_follows,
];

fn maintenance(tenant: &TenantId, name: &str, from: i64, to: i64) -> Maintenance {
    let title = format!("Work on {name}");
    Maintenance::once(tenant.clone(), id(name), &title, vec![id("api")], at(from)..at(to))
}

async fn a_maintenance_is_created_once_and_removed_once(store: Arc<dyn Store>) {
    let (ours, theirs) = (id("maintenance-once-a"), id("maintenance-once-b"));
    let first = maintenance(&ours, "disks", 0, 60);
    store.create_maintenance(&first).await.expect("creates");
    refused!(store.create_maintenance(&maintenance(&ours, "disks", 5, 9)).await, Exists);
    store.create_maintenance(&maintenance(&theirs, "disks", 0, 60)).await.expect("another tenant's");
    assert_eq!(store.maintenances(&ours).await.expect("reads"), std::slice::from_ref(&first));
    assert!(store.remove_maintenance(&ours, &first.id).await.expect("removes"));
    assert!(!store.remove_maintenance(&ours, &first.id).await.expect("finds nothing"));
    assert_eq!(store.maintenances(&ours).await.expect("reads"), []);
    assert_eq!(store.maintenances(&theirs).await.expect("reads").len(), 1);
}

async fn each_maintenance_takes_the_place_of_its_version_before(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("maintenance-change-a"), id("maintenance-change-b"));
    let first = maintenance(&ours, "disks", 0, 60);
    let second = Maintenance { told_until: Some(at(1)), ends_at: at(90), version: 2, ..first.clone() };
    let stored = async |tenant: &TenantId| store.maintenance(tenant, &first.id).await.expect("reads");
    assert_eq!(stored(&ours).await, None);
    refused!(store.change_maintenance(&second).await, Stale);
    store.create_maintenance(&first).await.expect("creates");
    refused!(store.change_maintenance(&first).await, Stale);
    assert_eq!(stored(&ours).await.as_ref(), Some(&first));
    store.change_maintenance(&second).await.expect("changes");
    refused!(store.change_maintenance(&second).await, Stale);
    let stolen = Maintenance { tenant: theirs.clone(), version: 3, ..second.clone() };
    refused!(store.change_maintenance(&stolen).await, Stale);
    assert_eq!(stored(&theirs).await, None, "other tenants see nothing of it");
    assert_eq!(stored(&ours).await.as_ref(), Some(&second));
    let across = store.maintenances_across_tenants(at(89)).await.expect("reads");
    assert!(across.contains(&second), "its new end counts");
    let answers = join_all([1, 2, 3].map(|minute| {
        let (store, rival) = (&store, Maintenance { told_until: Some(at(minute)), version: 3, ..second.clone() });
        async move { store.change_maintenance(&rival).await }
    }));
    let answers = answers.await;
    assert_eq!(successes(&answers), 1, "{answers:?}");
    assert_eq!(stored(&ours).await.map(|held| held.version), Some(3));
}

/// Two hours each week, three times or for ever, and half an hour to look it over.
fn weekly(tenant: &TenantId, name: &str, rule: &str) -> Maintenance {
    Maintenance {
        body: Some("New *disks*".to_owned()),
        verifying: Span::minutes(30),
        recurrence: Some(Recurrence::new(rule, id("Europe/Stockholm"))),
        reminder: Some(Span::hours(24)),
        announced_at: Some(at(-9_000)),
        told_until: Some(at(-8_000)),
        ..maintenance(tenant, name, 0, 120)
    }
}

async fn a_maintenance_with_everything_reads_back(store: Arc<dyn Store>) {
    let tenant: TenantId = id("maintenance-full");
    let full = weekly(&tenant, "disks", "FREQ=WEEKLY;COUNT=3");
    full.validate().expect("is valid");
    store.create_maintenance(&full).await.expect("creates");
    assert_eq!(store.maintenance(&tenant, &full.id).await.expect("reads"), Some(full));
}

async fn what_recurs_is_not_over_until_nothing_follows(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("maintenance-recurs-a"), id("maintenance-recurs-b"));
    for tenant in [&ours, &theirs] {
        store.create_maintenance(&weekly(tenant, "thrice", "FREQ=WEEKLY;COUNT=3")).await.expect("creates");
        store.create_maintenance(&weekly(tenant, "ever", "FREQ=WEEKLY")).await.expect("creates");
    }
    let found = async |after| {
        let found = store.maintenances_across_tenants(after).await.expect("reads");
        let of = |tenant| found.iter().filter(|held| held.tenant == tenant).map(|held| held.id.to_string()).collect();
        let (mine, others): (Vec<_>, Vec<_>) = (of(ours.clone()), of(theirs.clone()));
        assert_eq!(mine, others);
        mine
    };
    // Two weeks later, and two and a half hours.
    let over = at(2 * 7 * 24 * 60 + 150);
    assert_eq!(found(over.minus(Span::minutes(1))).await, ["ever", "thrice"]);
    assert_eq!(found(over).await, ["ever"]);
    assert_eq!(found(over.plus(Span::days(36_500))).await, ["ever"], "it never ends");
    let scene = store.alert_scene(&ours, &[], over).await.expect("reads");
    assert_eq!(scene.maintenances.len(), 1, "nor does it for alerts");
}

async fn maintenance_is_listed_soonest_first(store: Arc<dyn Store>) {
    let tenant = id("maintenance-list");
    for (name, start) in [("b", 20), ("c", 10), ("a", 30)] {
        store.create_maintenance(&maintenance(&tenant, name, start, 90)).await.expect("creates");
    }
    let listed = store.maintenances(&tenant).await.expect("reads");
    assert_eq!(listed.iter().map(|maintenance| maintenance.id.as_str()).collect::<Vec<_>>(), ["c", "b", "a"]);
}

async fn maintenance_that_is_not_over_is_found_across_tenants(store: Arc<dyn Store>) {
    let (ours, theirs) = (id("maintenance-across-a"), id("maintenance-across-b"));
    let all = [(&ours, "over", 10), (&ours, "on", 11), (&theirs, "later", 99)];
    for (tenant, name, end) in all {
        store.create_maintenance(&maintenance(tenant, name, 0, end)).await.expect("creates");
    }
    let found = store.maintenances_across_tenants(at(10)).await.expect("reads");
    let found = |tenant: &TenantId, name: &str| {
        found.iter().any(|maintenance| &maintenance.tenant == tenant && maintenance.id.as_str() == name)
    };
    assert!(found(&ours, "on") && found(&theirs, "later") && !found(&ours, "over"));
}
