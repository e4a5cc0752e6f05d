//! Cases of the trait `Audit`.

use std::sync::Arc;

use plimsoll_domain::audit::{Actor, AuditEntry};
use plimsoll_domain::ids::{AuditId, TenantId};
use plimsoll_domain::tenant::Role;
use plimsoll_domain::time::Timestamp;

use crate::contract::given::{at, id};
use crate::contract::{Case, cases};
use crate::{AuditFilter, Store};

pub(super) const CASES: &[Case] = cases![
    an_entry_is_stored_once_and_reads_back_whole,
    entries_come_newest_first_and_in_pages,
    entries_are_found_by_time_actor_and_action,
    a_tenant_reads_its_own_entries_and_nobody_elses,
];

fn entry(tenant: Option<&TenantId>, name: &str, at: Timestamp) -> AuditEntry {
    AuditEntry {
        id: id(name),
        tenant: tenant.cloned(),
        at,
        actor: Actor::Key { id: id("key-ann"), name: "Ann Ström,\n\"admin\"".to_owned(), role: Role::Admin },
        action: "put_tenants_tenant_id_page".to_owned(),
        target: "/tenants/audit/page".to_owned(),
        status: 200,
        request_id: Some("r-1".to_owned()),
        trace_id: Some("0af7651916cd43dd8448eb211c80319c".to_owned()),
        client_ip: Some("2001:db8::1".parse().expect("an address")),
    }
}

fn ever() -> AuditFilter {
    AuditFilter::all(Timestamp::from_millis(0)..Timestamp::from_millis(i64::MAX))
}

async fn put(store: &Arc<dyn Store>, entries: &[AuditEntry]) {
    for entry in entries {
        store.append_audit_entry(entry).await.expect("stores");
    }
}

async fn of(store: &Arc<dyn Store>, tenant: &TenantId, filter: &AuditFilter) -> Vec<String> {
    let found = store.audit_entries(Some(tenant), filter, None, 1_000).await.expect("reads");
    found.into_iter().map(|entry| entry.id.to_string()).collect()
}

async fn an_entry_is_stored_once_and_reads_back_whole(store: Arc<dyn Store>) {
    let tenant: TenantId = id("audit-once");
    let first = entry(Some(&tenant), "aud-once", at(0));
    let bare = AuditEntry {
        actor: Actor::Root,
        status: 403,
        request_id: None,
        trace_id: None,
        client_ip: None,
        ..entry(Some(&tenant), "aud-once-bare", at(1))
    };
    put(&store, &[first.clone(), bare.clone(), first.clone()]).await;
    put(&store, &[AuditEntry { status: 503, ..first.clone() }]).await;
    let found = store.audit_entries(Some(&tenant), &ever(), None, 9).await.expect("reads");
    assert_eq!(found, [bare, first], "what is stored is never changed");
}

async fn entries_come_newest_first_and_in_pages(store: Arc<dyn Store>) {
    let tenant: TenantId = id("audit-paged");
    // Several of one instant, stored in no order.
    let names = [("aud-paged-d", 0), ("aud-paged-b", 1), ("aud-paged-e", 0), ("aud-paged-a", 1), ("aud-paged-c", 1)];
    put(&store, &names.map(|(name, minutes)| entry(Some(&tenant), name, at(minutes)))).await;
    let (mut after, mut seen): (Option<(Timestamp, AuditId)>, Vec<String>) = (None, Vec::new());
    loop {
        let page = store.audit_entries(Some(&tenant), &ever(), after, 2).await.expect("reads");
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some((last.at, last.id.clone()));
        seen.extend(page.iter().map(|entry| entry.id.to_string()));
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"].map(|letter| format!("aud-paged-{letter}")));
    assert_eq!(store.audit_entries(Some(&tenant), &ever(), None, 0).await.expect("reads"), []);
}

async fn entries_are_found_by_time_actor_and_action(store: Arc<dyn Store>) {
    let tenant: TenantId = id("audit-found");
    let root = AuditEntry { actor: Actor::Root, ..entry(Some(&tenant), "aud-found-root", at(2)) };
    let other = AuditEntry { action: "post_incidents".to_owned(), ..entry(Some(&tenant), "aud-found-post", at(1)) };
    put(&store, &[entry(Some(&tenant), "aud-found-put", at(0)), other, root]).await;
    let span = AuditFilter::all(at(0)..at(2));
    assert_eq!(of(&store, &tenant, &span).await, ["aud-found-post", "aud-found-put"]);
    assert_eq!(of(&store, &tenant, &AuditFilter::all(at(1)..at(1))).await, [""; 0]);
    let by = |actor: &str| AuditFilter { actor: Some(actor.to_owned()), ..ever() };
    assert_eq!(of(&store, &tenant, &by("root")).await, ["aud-found-root"]);
    assert_eq!(of(&store, &tenant, &by("key-ann")).await, ["aud-found-post", "aud-found-put"]);
    assert_eq!(of(&store, &tenant, &by("key-bob")).await, [""; 0]);
    let both = AuditFilter { action: Some("put_tenants_tenant_id_page".to_owned()), ..by("key-ann") };
    assert_eq!(of(&store, &tenant, &both).await, ["aud-found-put"]);
}

async fn a_tenant_reads_its_own_entries_and_nobody_elses(store: Arc<dyn Store>) {
    let [ours, theirs]: [TenantId; 2] = [id("audit-ours"), id("audit-theirs")];
    // An action of this case's own: the store may hold the platform's entries of other cases.
    let mark = |entry: AuditEntry| AuditEntry { action: "case_of_isolation".to_owned(), ..entry };
    let marked = AuditFilter { action: Some("case_of_isolation".to_owned()), ..ever() };
    let all = [
        entry(Some(&ours), "aud-iso-ours", at(2)),
        entry(Some(&theirs), "aud-iso-theirs", at(1)),
        entry(None, "aud-iso-platform", at(0)),
    ]
    .map(mark);
    put(&store, &all).await;
    assert_eq!(of(&store, &ours, &ever()).await, ["aud-iso-ours"]);
    assert_eq!(of(&store, &theirs, &ever()).await, ["aud-iso-theirs"]);
    assert_eq!(of(&store, &id("audit-nobody"), &ever()).await, [""; 0]);
    assert_eq!(store.audit_entries(None, &marked, None, 9).await.expect("reads"), &all[2..]);
    assert_eq!(store.audit_entries_across_tenants(&marked, None, 9).await.expect("reads"), all);
    let after = Some((all[0].at, all[0].id.clone()));
    assert_eq!(store.audit_entries_across_tenants(&marked, after, 1).await.expect("reads"), &all[1..2]);
}
