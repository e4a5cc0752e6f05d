//! Cases of the trait `Incidents`.

use std::sync::Arc;

use futures_util::future::join_all;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::incident::{Impact, Incident, IncidentStatus};
use plimsoll_domain::time::Timestamp;

use crate::Store;
use crate::contract::given::{at, automatic, id, incident, refused, successes, then};
use crate::contract::{Case, cases};

pub(super) const CASES: &[Case] = cases![
    an_incident_is_opened_once,
    a_component_has_one_open_automatic_incident,
    an_slo_has_one_open_automatic_incident_beside_that_of_a_component_of_its_name,
    automatic_incidents_opened_at_once_leave_one,
    incidents_of_people_do_not_count_for_the_component,
    each_change_takes_the_place_of_the_version_before,
    of_two_changes_at_once_one_is_stale,
    an_incident_is_not_reopened_beside_an_open_one,
    open_and_recent_incidents_are_found,
    incidents_are_paged_newest_first,
];

async fn open(store: &Arc<dyn Store>, incident: &Incident) -> bool {
    store.open_incident_if_absent(incident).await.expect("answers")
}

async fn stored(store: &Arc<dyn Store>, incident: &Incident) -> Option<Incident> {
    store.incident_across_tenants(&incident.id).await.expect("reads")
}

async fn an_incident_is_opened_once(store: Arc<dyn Store>) {
    let first = incident(&id("incident-once"), "a", at(0));
    assert_eq!(stored(&store, &first).await, None);
    assert!(open(&store, &first).await);
    assert!(!open(&store, &first).await);
    assert!(!open(&store, &Incident { impact: Impact::Critical, ..first.clone() }).await);
    let stolen = Incident { tenant: id("incident-once-other"), ..first.clone() };
    assert!(!open(&store, &stolen).await, "an id is known across tenants");
    assert_eq!(stored(&store, &first).await, Some(first));
}

async fn a_component_has_one_open_automatic_incident(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("incident-auto-a"), id("incident-auto-b"));
    let first = automatic(&ours, "first", "api", at(0));
    assert!(open(&store, &first).await);
    let second = automatic(&ours, "second", "api", at(5));
    assert!(!open(&store, &second).await);
    assert_eq!(stored(&store, &second).await, None);
    assert!(open(&store, &automatic(&ours, "web", "web", at(5))).await, "another component");
    assert!(open(&store, &automatic(&theirs, "api", "api", at(5))).await, "another tenant");
    let resolved = then(&first, IncidentStatus::Resolved, at(9));
    store.change_incident(&resolved).await.expect("changes");
    assert!(open(&store, &second).await, "the first is over");
}

async fn an_slo_has_one_open_automatic_incident_beside_that_of_a_component_of_its_name(store: Arc<dyn Store>) {
    let tenant: TenantId = id("incident-slo");
    let of_component = automatic(&tenant, "component", "checkout", at(0));
    let of_slo = automatic(&tenant, "slo", "slo:checkout", at(1));
    assert!(open(&store, &of_component).await);
    assert!(open(&store, &of_slo).await, "they are two");
    let second = automatic(&tenant, "second", "slo:checkout", at(2));
    assert!(!open(&store, &second).await);
    store.change_incident(&then(&of_slo, IncidentStatus::Resolved, at(3))).await.expect("changes");
    assert!(open(&store, &second).await, "the first is over");
    assert_eq!(stored(&store, &second).await, Some(second));
    assert_eq!(stored(&store, &of_component).await, Some(of_component));
}

async fn automatic_incidents_opened_at_once_leave_one(store: Arc<dyn Store>) {
    let tenant = id("incident-auto-race");
    let rivals: Vec<_> = (0..5).map(|index| automatic(&tenant, &index.to_string(), "api", at(index))).collect();
    let answers = join_all(rivals.iter().map(|rival| store.open_incident_if_absent(rival))).await;
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Ok(true))).count(), 1, "{answers:?}");
    assert_eq!(successes(&answers), 5, "{answers:?}");
    assert_eq!(store.incidents(&tenant, None, 10).await.expect("reads").len(), 1);
}

async fn incidents_of_people_do_not_count_for_the_component(store: Arc<dyn Store>) {
    let tenant = id("incident-manual");
    assert!(open(&store, &incident(&tenant, "a", at(0))).await);
    assert!(open(&store, &incident(&tenant, "b", at(0))).await);
    assert!(open(&store, &automatic(&tenant, "c", "api", at(0))).await);
}

async fn each_change_takes_the_place_of_the_version_before(store: Arc<dyn Store>) {
    let first = incident(&id("incident-change"), "a", at(0));
    let second = then(&first, IncidentStatus::Identified, at(1));
    refused!(store.change_incident(&second).await, Stale);
    assert_eq!(stored(&store, &second).await, None);
    assert!(open(&store, &first).await);
    refused!(store.change_incident(&first).await, Stale);
    store.change_incident(&second).await.expect("changes");
    refused!(store.change_incident(&second).await, Stale);
    let skipping = Incident { version: 4, ..second.clone() };
    refused!(store.change_incident(&skipping).await, Stale);
    let stolen = Incident { tenant: id("incident-change-other"), version: 3, ..second.clone() };
    refused!(store.change_incident(&stolen).await, Stale);
    let told = Incident { dispatched: 2, version: 3, ..second };
    store.change_incident(&told).await.expect("changes");
    assert_eq!(stored(&store, &told).await, Some(told));
}

async fn of_two_changes_at_once_one_is_stale(store: Arc<dyn Store>) {
    let mut current = incident(&id("incident-race"), "a", at(0));
    assert!(open(&store, &current).await);
    for round in 1..4 {
        let rivals = [IncidentStatus::Identified, IncidentStatus::Monitoring].map(|to| then(&current, to, at(round)));
        let answers = join_all(rivals.iter().map(|rival| store.change_incident(rival))).await;
        assert_eq!(successes(&answers), 1, "{answers:?}");
        let won = answers.iter().position(Result::is_ok).expect("one won");
        answers.into_iter().filter(Result::is_err).for_each(|answer| {
            refused!(answer, Stale);
        });
        current = rivals[won].clone();
        assert_eq!(stored(&store, &current).await.as_ref(), Some(&current));
    }
}

async fn an_incident_is_not_reopened_beside_an_open_one(store: Arc<dyn Store>) {
    let tenant = id("incident-reopen");
    let first = automatic(&tenant, "first", "api", at(0));
    assert!(open(&store, &first).await);
    let resolved = then(&first, IncidentStatus::Resolved, at(5));
    store.change_incident(&resolved).await.expect("changes");
    let second = automatic(&tenant, "second", "api", at(6));
    assert!(open(&store, &second).await);
    let reopened = then(&resolved, IncidentStatus::Investigating, at(7));
    refused!(store.change_incident(&reopened).await, Exists);
    assert_eq!(stored(&store, &first).await.as_ref(), Some(&resolved));
    let over = then(&second, IncidentStatus::Resolved, at(8));
    store.change_incident(&over).await.expect("changes");
    store.change_incident(&reopened).await.expect("nothing stands in its way any more");
    assert!(!open(&store, &automatic(&tenant, "third", "api", at(9))).await);
}

async fn open_and_recent_incidents_are_found(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("incident-recent-a"), id("incident-recent-b"));
    for (name, start, end) in [("open", 0, None), ("old", 1, Some(10)), ("edge", 2, Some(20)), ("new", 3, Some(30))] {
        let first = incident(&ours, name, at(start));
        assert!(open(&store, &first).await);
        if let Some(end) = end {
            let over = then(&first, IncidentStatus::Resolved, at(end));
            store.change_incident(&over).await.expect("changes");
        }
    }
    assert!(open(&store, &incident(&theirs, "open", at(4))).await);
    let names = |incidents: Vec<Incident>, tenant: &TenantId| -> Vec<_> {
        let prefix = format!("{tenant}-");
        incidents.iter().filter_map(|incident| incident.id.as_str().strip_prefix(&prefix).map(str::to_owned)).collect()
    };
    let since: Timestamp = at(20);
    let found = store.open_or_recent_incidents(&ours, since).await.expect("reads");
    assert_eq!(found.len(), 3);
    assert_eq!(names(found, &ours), ["new", "edge", "open"]);
    let across = store.open_or_recent_incidents_across_tenants(since).await.expect("reads");
    let mut all = names(across.clone(), &ours);
    all.sort();
    assert_eq!(all, ["edge", "new", "open"]);
    assert_eq!(names(across, &theirs), ["open"]);
}

async fn incidents_are_paged_newest_first(store: Arc<dyn Store>) {
    let tenant = id("incident-pages");
    for (name, start) in [("c", 1), ("a", 1), ("d", 0), ("b", 1), ("e", 2)] {
        assert!(open(&store, &incident(&tenant, name, at(start))).await);
    }
    assert!(open(&store, &incident(&id("incident-pages-other"), "x", at(1))).await);
    let mut after = None;
    let mut pages = Vec::new();
    loop {
        let page = store.incidents(&tenant, after, 2).await.expect("reads");
        let Some(last) = page.last() else { break };
        after = Some((last.started_at(), last.id.clone()));
        pages.push(page.iter().map(|incident| incident.id.as_str().to_owned()).collect::<Vec<_>>());
    }
    let name = |name: &str| format!("{tenant}-{name}");
    assert_eq!(pages, [vec![name("e"), name("a")], vec![name("b"), name("c")], vec![name("d")]]);
}
