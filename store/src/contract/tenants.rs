//! Cases of the trait `Tenants`, and the list of pages.

use std::sync::Arc;

use futures_util::future::join_all;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::PageConfig;
use plimsoll_domain::tenant::{MAX_KEYS, hash_key};

use crate::contract::given::{id, key, refused, successes, tenant};
use crate::contract::{Case, cases};
use crate::{PublicPage, Store};

pub(super) const CASES: &[Case] = cases![
    a_store_answers_and_says_what_it_is,
    a_tenant_is_created_once,
    a_tenant_created_twice_at_once_has_one_key_that_works,
    tenants_and_pages_are_listed_by_id,
    a_key_is_found_by_its_hash,
    a_key_is_added_once_and_removed_once,
    a_key_needs_its_tenant_and_there_is_a_limit,
    keys_added_at_once_are_all_kept,
    keys_of_one_id_in_two_tenants_are_two_keys,
];

async fn a_store_answers_and_says_what_it_is(store: Arc<dyn Store>) {
    store.ping().await.expect("answers");
    assert!(["embedded", "mongodb"].contains(&store.kind()));
}

async fn a_tenant_is_created_once(store: Arc<dyn Store>) {
    let first = tenant("tenant-once");
    assert_eq!(store.tenant(&first.id).await.expect("reads"), None);
    store.create_tenant(&first).await.expect("creates");
    let mut second = tenant("tenant-once");
    second.keys[0].hash = hash_key("another secret");
    refused!(store.create_tenant(&second).await, Exists);
    assert_eq!(store.tenant(&first.id).await.expect("reads"), Some(first));
    assert_eq!(store.key_across_tenants(&second.keys[0].hash).await.expect("reads"), None);
}

async fn a_tenant_created_twice_at_once_has_one_key_that_works(store: Arc<dyn Store>) {
    let mut rivals = [tenant("tenant-race"), tenant("tenant-race"), tenant("tenant-race")];
    for (index, rival) in rivals.iter_mut().enumerate() {
        rival.keys[0].hash = hash_key(&format!("tenant-race {index}"));
    }
    let answers = join_all(rivals.iter().map(|rival| store.create_tenant(rival))).await;
    assert_eq!(successes(&answers), 1);
    let won = answers.iter().position(Result::is_ok).expect("one won");
    for (index, rival) in rivals.iter().enumerate() {
        let found = store.key_across_tenants(&rival.keys[0].hash).await.expect("reads");
        assert_eq!(found.is_some(), index == won, "only the key that was stored is known");
    }
}

async fn tenants_and_pages_are_listed_by_id(store: Arc<dyn Store>) {
    for name in ["tenant-list-b", "tenant-list-c", "tenant-list-a"] {
        store.create_tenant(&tenant(name)).await.expect("creates");
    }
    let ours = |tenant: &TenantId| tenant.as_str().starts_with("tenant-list-");
    let tenants = store.tenants_across_all().await.expect("reads");
    assert!(tenants.is_sorted_by_key(|tenant| tenant.id.clone()));
    let expected = ["tenant-list-a", "tenant-list-b", "tenant-list-c"].map(tenant);
    assert_eq!(tenants.into_iter().filter(|tenant| ours(&tenant.id)).collect::<Vec<_>>(), expected);
    let pages = store.pages().await.expect("reads");
    assert!(pages.is_sorted_by_key(|page| page.config.tenant.clone()));
    let pages: Vec<_> = pages.into_iter().filter(|page| ours(&page.config.tenant)).collect();
    assert_eq!(pages, expected.map(|tenant| PublicPage { name: tenant.name, config: PageConfig::of(tenant.id) }));
}

async fn a_key_is_found_by_its_hash(store: Arc<dyn Store>) {
    let tenant = tenant("key-hash");
    store.create_tenant(&tenant).await.expect("creates");
    let found = store.key_across_tenants(&tenant.keys[0].hash).await.expect("reads");
    assert_eq!(found, Some((tenant.id.clone(), tenant.keys[0].clone())));
    assert_eq!(store.key_across_tenants(&hash_key("no such key")).await.expect("reads"), None);
    assert_eq!(store.key_across_tenants("").await.expect("reads"), None);
}

async fn a_key_is_added_once_and_removed_once(store: Arc<dyn Store>) {
    let tenant = tenant("key-once");
    store.create_tenant(&tenant).await.expect("creates");
    let second = key(&tenant.id, "second");
    store.add_key(&tenant.id, &second).await.expect("adds");
    refused!(store.add_key(&tenant.id, &second).await, Exists);
    let stored = store.tenant(&tenant.id).await.expect("reads").expect("is there");
    assert_eq!(stored.keys, [tenant.keys[0].clone(), second.clone()]);
    let found = store.key_across_tenants(&second.hash).await.expect("reads");
    assert_eq!(found, Some((tenant.id.clone(), second.clone())));

    assert!(store.remove_key(&tenant.id, &second.id).await.expect("removes"));
    assert!(!store.remove_key(&tenant.id, &second.id).await.expect("finds nothing"));
    assert_eq!(store.key_across_tenants(&second.hash).await.expect("reads"), None);
    assert_eq!(store.tenant(&tenant.id).await.expect("reads"), Some(tenant));
}

async fn a_key_needs_its_tenant_and_there_is_a_limit(store: Arc<dyn Store>) {
    let tenant = tenant("key-limit");
    refused!(store.add_key(&tenant.id, &key(&tenant.id, "second")).await, Missing);
    assert!(!store.remove_key(&tenant.id, &id("first")).await.expect("finds nothing"));
    store.create_tenant(&tenant).await.expect("creates");
    for index in 1..MAX_KEYS {
        store.add_key(&tenant.id, &key(&tenant.id, &format!("key-{index}"))).await.expect("fits");
    }
    let surplus = key(&tenant.id, "surplus");
    refused!(store.add_key(&tenant.id, &surplus).await, Limit);
    assert_eq!(store.key_across_tenants(&surplus.hash).await.expect("reads"), None);
    assert!(store.remove_key(&tenant.id, &id("key-7")).await.expect("removes"));
    store.add_key(&tenant.id, &surplus).await.expect("fits again");
}

async fn keys_added_at_once_are_all_kept(store: Arc<dyn Store>) {
    let tenant = tenant("key-race");
    store.create_tenant(&tenant).await.expect("creates");
    let keys: Vec<_> = (0..10).map(|index| key(&tenant.id, &format!("key-{index}"))).collect();
    let answers = join_all(keys.iter().map(|key| store.add_key(&tenant.id, key))).await;
    assert_eq!(successes(&answers), 10, "{answers:?}");
    let stored = store.tenant(&tenant.id).await.expect("reads").expect("is there");
    assert!(keys.iter().all(|key| stored.keys.contains(key)) && stored.keys.len() == 11);
}

async fn keys_of_one_id_in_two_tenants_are_two_keys(store: Arc<dyn Store>) {
    let (one, other) = (tenant("key-tenant-a"), tenant("key-tenant-b"));
    store.create_tenant(&one).await.expect("creates");
    store.create_tenant(&other).await.expect("creates");
    assert!(store.remove_key(&one.id, &one.keys[0].id).await.expect("removes"));
    assert_eq!(store.tenant(&other.id).await.expect("reads"), Some(other.clone()));
    assert!(store.key_across_tenants(&other.keys[0].hash).await.expect("reads").is_some());
}
