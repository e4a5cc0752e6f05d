//! What the public is shown, and what it is not.

use plimsoll_domain::component::Component;
use plimsoll_domain::incident::{AutoIncident, ComponentStatus, IncidentStatus};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::{ComponentState, PageConfig, SnapshotParts, StatusSnapshot};
use plimsoll_domain::recurrence::Recurrence;
use plimsoll_domain::rollup::Counts;
use plimsoll_domain::sample::SampleStatus;
use plimsoll_domain::tenant::{ApiKey, Role, Tenant};
use plimsoll_domain::time::{Interval, Span};

use crate::pantry::{at, component, id, incident, tenant, update};

fn state(component: Component, latest: SampleStatus) -> ComponentState {
    let (past_days, today, before, latency) = (Vec::new(), Counts::default(), None, Vec::new());
    ComponentState { component, latest, past_days, today, before, latency }
}

fn parts<'a>(tenant: &'a Tenant, page: &'a PageConfig) -> SnapshotParts<'a> {
    let all = [component("API", Some("Core")), component("Web", Some("Edge")), component("Vault", Some("Core"))];
    SnapshotParts {
        tenant,
        page,
        components: all.into_iter().map(|one| state(one, SampleStatus::Operational)).collect(),
        incidents: Vec::new(),
        maintenances: Vec::new(),
        slos: Vec::new(),
        interval: Interval::MINUTE,
        now: at(60),
    }
}

fn acme() -> Tenant {
    let (id, name, hash) = ("k".parse().expect("a slug"), "k".to_owned(), String::new());
    let key = ApiKey { id, name, role: Role::Admin, hash, created_at: at(0) };
    Tenant::new(tenant(), "Acme", key, at(0)).expect("valid")
}

#[test]
fn components_stand_as_they_were_arranged_and_the_hidden_ones_do_not() {
    let (tenant, mut page) = (acme(), PageConfig::of(tenant()));
    let names = |page: &PageConfig| -> Vec<String> {
        StatusSnapshot::build(parts(&tenant, page)).components.into_iter().map(|one| one.name).collect()
    };
    assert_eq!(names(&page), ["API", "Vault", "Web"]);
    page.arrangement.groups = vec!["Edge".to_owned(), "Core".to_owned()];
    page.arrangement.components = vec![id("vault"), id("api")];
    assert_eq!(names(&page), ["Web", "Vault", "API"]);
    page.arrangement.hidden.insert(id("vault"));
    assert_eq!(names(&page), ["Web", "API"]);
}

#[test]
fn drafts_and_what_is_said_of_hidden_components_are_not_shown() {
    let (tenant, mut page) = (acme(), PageConfig::of(tenant()));
    page.arrangement.hidden.insert(id("vault"));
    let mut parts = parts(&tenant, &page);
    parts.incidents = vec![
        incident("open", false, vec![update(IncidentStatus::Investigating, 1, &["api", "vault"])]),
        incident("draft", true, vec![update(IncidentStatus::Investigating, 2, &["api"])]),
    ];
    let span = at(100)..at(160);
    let secret = Maintenance::once(tenant.id.clone(), "m".parse().expect("a slug"), "Vault", vec![id("vault")], span);
    parts.maintenances = vec![secret];
    let snapshot = StatusSnapshot::build(parts);
    let text = serde_json::to_string(&snapshot).expect("it is stored");
    assert!(!text.contains("vault") && !text.contains("Vault") && !text.contains("draft-"), "{text}");
    let ids: Vec<_> = snapshot.incidents.iter().map(|one| one.id.to_string()).collect();
    assert_eq!(ids, ["open"]);
    let api = snapshot.components.iter().find(|one| one.name == "API").expect("it is shown");
    assert_eq!(api.status, ComponentStatus::MajorOutage, "what a person says of it is shown");
}

#[test]
fn what_recurs_stands_with_its_next_times() {
    let (tenant, page) = (acme(), PageConfig::of(tenant()));
    let mut parts = parts(&tenant, &page);
    let span = at(0)..at(30);
    let daily = Maintenance {
        recurrence: Some(Recurrence::new("FREQ=WEEKLY", chrono_tz::UTC)),
        verifying: Span::minutes(40),
        ..Maintenance::once(tenant.id.clone(), "m".parse().expect("a slug"), "Patches", vec![id("api")], span)
    };
    parts.maintenances = vec![daily];
    let snapshot = StatusSnapshot::build(parts);
    let starts: Vec<_> = snapshot.maintenances.iter().map(|held| held.starts_at).collect();
    assert_eq!(starts, [at(0), at(7 * 1_440), at(14 * 1_440)], "the one that is looked over, and two weeks ahead");
    assert_eq!(snapshot.overall, ComponentStatus::UnderMaintenance);
}

#[test]
fn a_status_tells_since_when_it_is_so() {
    let (tenant, page) = (acme(), PageConfig::of(tenant()));
    let since = |before| {
        let mut parts = parts(&tenant, &page);
        parts.components.truncate(1);
        parts.components[0].before = before;
        StatusSnapshot::build(parts).components[0].since
    };
    assert_eq!(since(None), Some(at(60)), "nothing is known of before");
    assert_eq!(since(Some((ComponentStatus::Operational, at(7)))), Some(at(7)));
    assert_eq!(since(Some((ComponentStatus::MajorOutage, at(7)))), Some(at(60)));
}

#[test]
fn what_a_hidden_component_opens_is_a_draft() {
    let mut page = PageConfig::of(tenant());
    page.arrangement.hidden.insert(id("vault"));
    let modes = |page: &PageConfig| [id("api"), id("vault")].map(|component| page.auto_incident_of(&component));
    assert_eq!(modes(&page), [AutoIncident::Publish, AutoIncident::Draft]);
    page.auto_incident = AutoIncident::Off;
    assert_eq!(modes(&page), [AutoIncident::Off; 2]);
}
