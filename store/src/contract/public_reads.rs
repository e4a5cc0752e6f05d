//! Cases of the trait `PublicReads`: what the public may see of pages, incidents and maintenance, and what it may not.

use std::sync::Arc;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::incident::{Incident, IncidentStatus};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::PageConfig;

use crate::contract::given::{at, automatic, id, incident, tenant, then};
use crate::contract::{Case, cases};
use crate::{PublicPage, Store};

pub(super) const CASES: &[Case] = cases![
    every_tenant_has_a_page_settled_or_not,
    past_incidents_are_those_published_in_the_span,
    an_incident_is_public_once_it_is_published_and_under_its_tenant_alone,
    the_public_reads_maintenance_soonest_first,
];

async fn every_tenant_has_a_page_settled_or_not(store: Arc<dyn Store>) {
    let (settled, plain) = (tenant("public-page-b"), tenant("public-page-a"));
    for one in [&settled, &plain] {
        store.create_tenant(one).await.expect("creates");
    }
    let config = PageConfig { version: 1, locale: Some("sv".to_owned()), ..PageConfig::of(settled.id.clone()) };
    store.put_page_config(&config).await.expect("stores");
    let orphan = PageConfig { version: 1, ..PageConfig::of(id("public-page-nobody")) };
    store.put_page_config(&orphan).await.expect("stores");
    let mut pages = store.pages().await.expect("reads");
    pages.retain(|page| page.config.tenant.as_str().starts_with("public-page-"));
    let default = PublicPage { name: plain.name, config: PageConfig::of(plain.id) };
    assert_eq!(pages, [default, PublicPage { name: settled.name, config }], "a page needs its tenant");
}

async fn past_incidents_are_those_published_in_the_span(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("past-a"), id("past-b"));
    for (name, start) in [("before", 9), ("first", 10), ("b", 11), ("a", 11), ("last", 19), ("after", 20)] {
        assert!(store.open_incident_if_absent(&incident(&ours, name, at(start))).await.expect("opens"));
    }
    let draft = Incident { draft: true, ..automatic(&ours, "draft", "api", at(12)) };
    assert!(store.open_incident_if_absent(&draft).await.expect("opens"));
    assert!(store.open_incident_if_absent(&incident(&theirs, "x", at(12))).await.expect("opens"));
    let names = async |limit| {
        let found = store.past_incidents(&ours, at(10)..at(20), limit).await.expect("reads");
        found.iter().map(|held| held.id.as_str().replacen("past-a-", "", 1)).collect::<Vec<_>>()
    };
    assert_eq!(names(9).await, ["last", "a", "b", "first"]);
    assert_eq!(names(2).await, ["last", "a"]);
    assert_eq!(names(0).await, [""; 0]);
    let published = draft.relabelled(None, None, Some(at(13))).expect("is valid");
    store.change_incident(&published).await.expect("changes");
    assert_eq!(names(2).await, ["last", "draft"]);
    let resolved = then(&published, IncidentStatus::Resolved, at(30));
    store.change_incident(&resolved).await.expect("changes");
    assert_eq!(names(9).await, ["last", "draft", "a", "b", "first"], "where it began is what counts");
}

async fn an_incident_is_public_once_it_is_published_and_under_its_tenant_alone(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("published-a"), id("published-b"));
    let draft = Incident { draft: true, ..incident(&ours, "draft", at(0)) };
    assert_eq!(store.published_incident(&ours, &draft.id).await.expect("reads"), None);
    assert!(store.open_incident_if_absent(&draft).await.expect("opens"));
    assert_eq!(store.published_incident(&ours, &draft.id).await.expect("reads"), None);
    assert_eq!(store.incident_across_tenants(&draft.id).await.expect("reads").as_ref(), Some(&draft));
    let published = draft.relabelled(Some("It is known"), None, Some(at(13))).expect("is valid");
    store.change_incident(&published).await.expect("changes");
    assert_eq!(store.published_incident(&ours, &draft.id).await.expect("reads"), Some(published));
    assert_eq!(store.published_incident(&theirs, &draft.id).await.expect("reads"), None);
}

async fn the_public_reads_maintenance_soonest_first(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("public-maintenance-a"), id("public-maintenance-b"));
    for (whose, name, start) in [(&ours, "late", 20), (&ours, "soon", 10), (&theirs, "other", 5)] {
        let held = Maintenance::once(whose.clone(), id(name), "Disks", vec![id("api")], at(start)..at(90));
        store.create_maintenance(&held).await.expect("creates");
    }
    let read = store.public_maintenances(&ours).await.expect("reads");
    assert_eq!(read.iter().map(|held| held.id.as_str()).collect::<Vec<_>>(), ["soon", "late"]);
    assert_eq!(read, store.maintenances(&ours).await.expect("reads"));
}
