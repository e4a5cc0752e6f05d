//! What a tenant keeps to itself is in nothing that programs read: the snapshot leaves it out, and nobody brings it back.

use plimsoll_domain::component::Component;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::{ComponentState, PageConfig, SnapshotParts, StatusSnapshot};
use plimsoll_domain::probe::ProbeSpec;
use plimsoll_domain::rollup::Counts;
use plimsoll_domain::sample::SampleStatus;
use plimsoll_domain::tenant::Tenant;
use plimsoll_domain::time::{Interval, Span};

use super::{stage, words};
use crate::{feeds, json, samples, statuspage};

const AGE: json::Age = json::Age { seconds: 0, stale: false };

fn state(id: &str, name: &str) -> ComponentState {
    let component = Component {
        tenant: "acme".parse().expect("slug"),
        id: id.parse().expect("slug"),
        name: name.to_owned(),
        group: None,
        description: None,
        probe: ProbeSpec::Push,
        created_at: samples::noon().minus(Span::days(30)),
        probe_since: None,
    };
    let latest = SampleStatus::Operational;
    let (past_days, today, before, latency) = (Vec::new(), Counts::default(), None, Vec::new());
    ComponentState { component, latest, past_days, today, before, latency }
}

/// A page that hides the component `cdn`, of a tenant with a draft.
fn page() -> PageConfig {
    let mut page = PageConfig::of("acme".parse().expect("slug"));
    page.arrangement.hidden.insert("cdn".parse().expect("slug"));
    page
}

fn maintenances() -> Vec<Maintenance> {
    let mut all = samples::busy().maintenances;
    // The first is of `uploads`, the second of `cdn` alone.
    all[0].components.push("cdn".parse().expect("slug"));
    all[0].body = Some("Disks are *moved*.".to_owned());
    all[1].title = "Behind the curtain".to_owned();
    all
}

fn snapshot() -> StatusSnapshot {
    let mut incidents = samples::busy().incidents;
    (incidents[0].draft, incidents[0].title) = (true, "Not yet told".to_owned());
    let tenant = Tenant {
        id: "acme".parse().expect("slug"),
        name: "Acme Works".to_owned(),
        keys: Vec::new(),
        created_at: samples::noon().minus(Span::days(60)),
    };
    StatusSnapshot::build(SnapshotParts {
        tenant: &tenant,
        page: &page(),
        components: vec![state("api", "API"), state("uploads", "Uploads"), state("cdn", "Delivery network")],
        incidents,
        maintenances: maintenances(),
        slos: Vec::new(),
        interval: Interval::MINUTE,
        now: samples::noon(),
    })
}

#[test]
fn drafts_and_hidden_components_are_in_nothing_that_programs_read() {
    let mut stage = stage(snapshot());
    stage.page = page();
    let scene = stage.scene();
    let mut drafted = samples::busy().incidents;
    (drafted[0].draft, drafted[0].title) = (true, "Not yet told".to_owned());
    let all = [
        json::text(&json::status(&stage.snapshot, AGE)),
        json::text(&json::incidents(&stage.snapshot, AGE)),
        feeds::atom(&scene),
        feeds::rss(&scene),
        feeds::json(&scene),
        feeds::calendar(&scene, &maintenances()),
        statuspage::summary(&scene),
        statuspage::components(&scene),
        statuspage::incidents(&scene, &drafted),
        statuspage::unresolved(&scene),
        statuspage::maintenances(&scene, &maintenances()),
        statuspage::upcoming(&scene),
        statuspage::active(&scene),
    ];
    for text in all {
        for secret in ["Not yet told", "inc-1", "Behind the curtain", "\"cdn\"", "Delivery network", samples::KEY_NAME]
        {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    assert_eq!(feeds::badge(&scene, Some("cdn")), None);
}

#[test]
fn the_json_tells_since_when_and_how_far_maintenance_is() {
    let mut snapshot = snapshot();
    snapshot.maintenances[0].verifying = Span::hours(1);
    snapshot.as_of = snapshot.maintenances[0].ends_at;
    let told = serde_json::to_value(json::status(&snapshot, AGE)).expect("serialises");
    assert_eq!(told["components"][0]["since"], "2026-11-21T12:03:00.000Z");
    let held = &told["maintenances"][0];
    assert_eq!((&held["status"], &held["body"]), (&"verifying".into(), &"Disks are *moved*.".into()));
    assert_eq!(held["completed_at"], "2026-11-21T14:00:00.000Z");
    assert_eq!(held["components"], serde_json::json!(["uploads"]));
}

#[test]
fn zones_and_languages_change_no_ids_and_no_instants() {
    let mut stage = stage(snapshot());
    let english = statuspage::maintenances(&stage.scene(), &maintenances());
    stage.words = words("sv");
    let swedish = statuspage::maintenances(&stage.scene(), &maintenances());
    let instants = |text: &str| {
        let json: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let held = json["scheduled_maintenances"][0].clone();
        (held["id"].clone(), held["scheduled_for"].clone(), held["incident_updates"][0]["id"].clone())
    };
    assert_eq!(instants(&english), instants(&swedish));
    assert!(swedish.contains("Arbetet har börjat.") && english.contains("The work has begun."));
}
