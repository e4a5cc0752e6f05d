//! Two tenants with everything, of whom the test damages what belongs to one: what both adapters must make of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_domain::audit::{Actor, AuditEntry};
use plimsoll_domain::component::Component;
use plimsoll_domain::frontend::FrontendApps;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::incident::{Beginning, Impact, Incident, IncidentStatus, IncidentUpdate};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::PageConfig;
use plimsoll_domain::probe::ProbeSpec;
use plimsoll_domain::slo::{Slo, SloConfig};
use plimsoll_domain::tenant::Tenant;
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_store::{Store, StoreError};

const NOW: Timestamp = Timestamp::from_seconds(4_102_488_000);

/// An entry of the audit log of the platform.
pub(crate) fn audit_entry(name: &str, at: Timestamp) -> AuditEntry {
    AuditEntry {
        id: name.parse().expect("an id"),
        tenant: None,
        at,
        actor: Actor::Root,
        action: "post_tenants".to_owned(),
        target: "/tenants/acme".to_owned(),
        status: 201,
        request_id: None,
        trace_id: None,
        client_ip: None,
    }
}

/// Stores the tenants `damaged` and `whole`, with one document of each kind that people write.
pub(crate) async fn two_tenants(store: &Arc<dyn Store>) -> [TenantId; 2] {
    let tenants: [TenantId; 2] = ["damaged", "whole"].map(|name| name.parse().expect("an id"));
    for tenant in &tenants {
        let (id, name, created_at) = (tenant.clone(), tenant.to_string(), NOW);
        store.create_tenant(&Tenant { id, name: name.clone(), created_at, keys: Vec::new() }).await.expect("creates");
        let id = "api".parse().expect("an id");
        let (group, description, probe_since) = (None, None, None);
        let probe = ProbeSpec::Push;
        let tenant = tenant.clone();
        let component =
            Component { tenant: tenant.clone(), id, name, group, description, probe, created_at, probe_since };
        store.create_component(&component).await.expect("creates");
        let id = format!("inc-{tenant}").parse().expect("an id");
        let (status, body, by) = (IncidentStatus::Investigating, "We look.".to_owned(), "Alice".to_owned());
        let update = IncidentUpdate { status, body, at: NOW, by, components: BTreeMap::new() };
        let (title, impact) = ("Down".to_owned(), Impact::Minor);
        let begins = Beginning { title, impact, draft: false, updates: vec![update] };
        let incident = Incident::manual(tenant.clone(), id, begins, NOW).expect("an incident");
        assert!(store.open_incident_if_absent(&incident).await.expect("opens"));
        let (id, span) = ("mnt-a".parse().expect("an id"), NOW..NOW.plus(Span::hours(1)));
        let maintenance = Maintenance::once(tenant.clone(), id, "Disks", vec![component.id], span);
        store.create_maintenance(&maintenance).await.expect("creates");
        let config = SloConfig { version: 1, objectives: vec![Slo::default_availability()] };
        store.put_slo_config(&tenant, &config).await.expect("stores");
        let page = PageConfig { version: 1, ..PageConfig::of(tenant.clone()) };
        store.put_page_config(&page).await.expect("stores");
        let apps = FrontendApps { version: 1, ..FrontendApps::none(tenant) };
        store.put_frontend_apps(&apps).await.expect("stores");
    }
    tenants
}

/// Asserts that what is read for everybody has only what is whole.
pub(crate) async fn only_the_whole_is_read(store: &Arc<dyn Store>, [damaged, whole]: &[TenantId; 2]) {
    let only = std::slice::from_ref(whole);
    let of = |found: Vec<TenantId>| assert_eq!(found, only);
    of(store.tenants_across_all().await.expect("reads").into_iter().map(|tenant| tenant.id).collect());
    of(store.components_across_tenants().await.expect("reads").into_iter().map(|held| held.tenant).collect());
    let incidents = store.open_or_recent_incidents_across_tenants(NOW).await.expect("reads");
    of(incidents.into_iter().map(|held| held.tenant).collect());
    of(store.maintenances_across_tenants(NOW).await.expect("reads").into_iter().map(|held| held.tenant).collect());
    of(store.frontend_apps_across_tenants().await.expect("reads").into_iter().map(|held| held.tenant).collect());
    of(store.page_configs_across_tenants().await.expect("reads").into_iter().map(|held| held.tenant).collect());
    of(store.pages().await.expect("reads").into_iter().map(|page| page.config.tenant).collect());
    let configs = store.slo_configs_across_tenants().await.expect("reads");
    assert_eq!(configs.len(), 2);
    assert_eq!(configs[damaged], SloConfig { version: 1, objectives: Vec::new() });
    assert_eq!(configs[whole].objectives.len(), 1);
    assert!(matches!(store.tenant(damaged).await, Err(StoreError::Unreadable { .. })));
    assert!(matches!(store.components(damaged).await, Err(StoreError::Unreadable { .. })));
    assert!(matches!(store.frontend_apps(damaged).await, Err(StoreError::Unreadable { .. })));
    assert!(matches!(store.page_config(damaged).await, Err(StoreError::Unreadable { .. })));
    assert!(matches!(store.slo_config(damaged).await, Err(StoreError::Unreadable { .. })));
}
