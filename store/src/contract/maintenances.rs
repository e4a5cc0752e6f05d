//! Cases of the trait `Maintenances`.

use std::sync::Arc;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::maintenance::Maintenance;

use crate::Store;
use crate::contract::given::{at, id, refused};
use crate::contract::{Case, cases};

pub(super) const CASES: &[Case] = cases![
    a_maintenance_is_created_once_and_removed_once,
    maintenance_is_listed_soonest_first,
    maintenance_that_is_not_over_is_found_across_tenants,
];

fn maintenance(tenant: &TenantId, name: &str, from: i64, to: i64) -> Maintenance {
    let (starts_at, ends_at) = (at(from), at(to));
    let title = format!("Work on {name}");
    Maintenance { tenant: tenant.clone(), id: id(name), title, components: vec![id("api")], starts_at, ends_at }
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
