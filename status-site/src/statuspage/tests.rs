//! Every answer against its schema, and what the API has no word for.

use std::collections::BTreeSet;

use plimsoll_domain::incident::{ComponentStatus, Impact, Incident};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::recurrence::Recurrence;
use plimsoll_domain::time::Span;
use serde_json::Value;

use crate::feeds::tests::{EVIL, at, busy, evil, stage, stage_at};
use crate::samples;
use crate::view::stage::Stage;

fn check(answer: &str, name: &str) -> Value {
    let mut schema: Value = serde_json::from_str(include_str!("../tests/schemas/statuspage.json")).expect("JSON");
    schema["$ref"] = format!("#/$defs/{name}").into();
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let json = serde_json::from_str(answer).expect("JSON");
    if let Err(error) = schema.validate(&json) {
        panic!("{name}: {error} at {}", error.instance_path());
    }
    json
}

/// Every answer of a stage, checked.
fn all(stage: &Stage) -> Vec<Value> {
    let scene = stage.scene();
    let (incidents, maintenances) = (&stage.snapshot.incidents, &stage.snapshot.maintenances);
    vec![
        check(&super::status(&scene), "status.json"),
        check(&super::summary(&scene), "summary.json"),
        check(&super::components(&scene), "components.json"),
        check(&super::incidents(&scene, incidents), "incidents.json"),
        check(&super::unresolved(&scene), "incidents.json"),
        check(&super::maintenances(&scene, maintenances), "scheduled-maintenances.json"),
        check(&super::upcoming(&scene), "scheduled-maintenances.json"),
        check(&super::active(&scene), "scheduled-maintenances.json"),
    ]
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|one| one["id"].as_str().expect("an id")).collect()
}

#[test]
fn every_answer_has_every_field_and_no_other() {
    let mut empty = samples::quiet();
    empty.components.clear();
    let evils = EVIL.map(evil).into_iter();
    for snapshot in [busy(), samples::quiet(), empty].into_iter().chain(evils) {
        for answer in all(&stage(snapshot)) {
            assert_eq!(answer["page"]["id"], "acme");
            assert_eq!(answer["page"]["updated_at"], "2026-11-21T12:03:00.000Z");
            assert_eq!(answer["page"]["time_zone"], "Europe/Stockholm");
            assert!(!answer.to_string().contains(samples::KEY_NAME));
        }
    }
}

#[test]
fn groups_stand_before_their_components() {
    let stage = stage(busy());
    let json = check(&super::components(&stage.scene()), "components.json");
    let list = json["components"].as_array().expect("a list");
    let told: Vec<_> =
        list.iter().map(|one| (one["name"].as_str().expect("a name"), one["position"].as_u64())).collect();
    assert_eq!(
        told[..5],
        [
            ("Outgoing mail", Some(1)),
            ("Core", Some(2)),
            ("API", Some(1)),
            ("Uploads", Some(2)),
            ("Web application", Some(3))
        ]
    );
    let (core, api) = (&list[1], &list[2]);
    assert_eq!((&core["group"], &core["status"]), (&true.into(), &"major_outage".into()));
    assert_eq!(core["components"], serde_json::json!(["api", "uploads", "web"]));
    assert_eq!((&api["group_id"], &api["group"]), (&core["id"], &false.into()));
    assert_eq!(core["id"].as_str().map(str::len), Some("group-".len() + 12));
    assert_eq!(
        (&api["created_at"], &api["updated_at"]),
        (&"2026-03-02T09:00:00.000Z".into(), &"2026-11-21T11:52:10.000Z".into())
    );
}

#[test]
fn what_is_not_known_never_reads_operational() {
    let mut snapshot = samples::quiet();
    snapshot.components[0].status = ComponentStatus::Unknown;
    snapshot.overall = ComponentStatus::Unknown;
    let unknown = stage(snapshot);
    let json = check(&super::summary(&unknown.scene()), "summary.json");
    assert_eq!(json["status"], serde_json::json!({"indicator": "minor", "description": "System Status Not Known"}));
    assert_eq!(json["components"][0]["status"], "degraded_performance");
    assert_eq!(json["components"][0]["description"], "Its status is not known: there are no current samples.");
    let stale = stage_at(samples::quiet(), at("2026-11-21T13:00:00Z"));
    let json = check(&super::status(&stale.scene()), "status.json");
    assert_eq!(json["status"]["description"], "System Status Not Known");
    let well = stage(samples::quiet());
    let json = check(&super::status(&well.scene()), "status.json");
    assert_eq!(json["status"], serde_json::json!({"indicator": "none", "description": "All Systems Operational"}));
    let mut new = samples::quiet();
    (new.components, new.overall) = (Vec::new(), ComponentStatus::Unknown);
    let new = stage(new);
    let json = check(&super::status(&new.scene()), "status.json");
    assert_eq!(json["status"]["description"], "System Status Not Known", "nothing was sampled yet");
}

#[test]
fn an_incident_tells_its_updates_newest_first_and_what_changed() {
    let stage = stage(busy());
    let json = check(&super::incidents(&stage.scene(), &stage.snapshot.incidents), "incidents.json");
    assert_eq!(ids(&json["incidents"]), ["inc-1", "inc-2", "inc-3", "inc-4", "inc-5"]);
    let slow = &json["incidents"][2];
    assert_eq!((&slow["status"], &slow["impact"]), (&"resolved".into(), &"minor".into()));
    assert_eq!(slow["shortlink"], "https://status.example.org/incidents/inc-3");
    assert_eq!(slow["monitoring_at"], "2026-11-18T16:41:00.000Z");
    assert_eq!(slow["resolved_at"], "2026-11-18T16:46:00.000Z");
    assert_eq!(ids(&slow["incident_updates"]), ["inc-3-3", "inc-3-2", "inc-3-1"]);
    let changes = |at: usize| {
        let affected = &slow["incident_updates"][at]["affected_components"][0];
        (affected["code"].clone(), affected["old_status"].clone(), affected["new_status"].clone())
    };
    assert_eq!(changes(2), ("api".into(), "operational".into(), "degraded_performance".into()));
    assert_eq!(changes(1), ("api".into(), "degraded_performance".into(), "operational".into()));
    assert_eq!(ids(&slow["components"]), ["api"]);
    let open = check(&super::unresolved(&stage.scene()), "incidents.json");
    assert_eq!(ids(&open["incidents"]), ["inc-1", "inc-2"]);
    let named: Value = serde_json::from_str(&super::summary(&stage.scene())).expect("JSON");
    assert_eq!(named["incidents"], open["incidents"]);
}

#[test]
fn drafts_and_hidden_components_are_in_no_answer() {
    let mut stage = stage(busy());
    stage.page.arrangement.hidden.insert("cdn".parse().expect("slug"));
    let mut kept = stage.snapshot.incidents.clone();
    kept[0].draft = true;
    let json = check(&super::incidents(&stage.scene(), &kept), "incidents.json");
    assert_eq!(ids(&json["incidents"]), ["inc-2", "inc-3", "inc-4", "inc-5"]);
    assert_eq!(json["incidents"][0]["incident_updates"][0]["affected_components"], Value::Null);
    let json = check(&super::maintenances(&stage.scene(), &stage.snapshot.maintenances), "scheduled-maintenances.json");
    assert_eq!(json["scheduled_maintenances"].as_array().map(Vec::len), Some(1));
}

#[test]
fn at_most_fifty_incidents_are_told_the_newest_first() {
    let stage = stage(busy());
    let like = |number: i64| -> Incident {
        let mut incident = stage.snapshot.incidents[0].clone();
        incident.id = format!("many-{number}").parse().expect("slug");
        incident.updates.iter_mut().for_each(|update| update.at = update.at.minus(Span::hours(number)));
        incident
    };
    let many: Vec<_> = (0..60).rev().map(like).collect();
    let json = check(&super::incidents(&stage.scene(), &many), "incidents.json");
    let told = ids(&json["incidents"]);
    assert_eq!((told.len(), told[0], told[49]), (50, "many-0", "many-49"));
}

#[test]
fn maintenance_is_told_step_by_step() {
    let stage = stage(busy());
    let upcoming = check(&super::upcoming(&stage.scene()), "scheduled-maintenances.json");
    assert_eq!(ids(&upcoming["scheduled_maintenances"]), ["mnt-2"]);
    let active = check(&super::active(&stage.scene()), "scheduled-maintenances.json");
    let held = &active["scheduled_maintenances"][0];
    assert_eq!((&held["status"], &held["impact"]), (&"in_progress".into(), &"maintenance".into()));
    assert_eq!(
        (&held["scheduled_for"], &held["scheduled_until"]),
        (&"2026-11-21T11:00:00.000Z".into(), &"2026-11-21T13:00:00.000Z".into())
    );
    let steps: Vec<_> =
        held["incident_updates"].as_array().expect("updates").iter().map(|one| &one["status"]).collect();
    assert_eq!(steps, ["in_progress", "scheduled"]);
    assert_eq!(held["incident_updates"][0]["affected_components"][0]["new_status"], "under_maintenance");
    assert_eq!(held["incident_updates"][0]["body"], "The work has begun.");
    let summary = check(&super::summary(&stage.scene()), "summary.json");
    assert_eq!(summary["scheduled_maintenances"].as_array().map(Vec::len), Some(2));
}

#[test]
fn each_time_of_what_recurs_has_an_id_that_stays() {
    let stage = stage(busy());
    let daily = Maintenance {
        recurrence: Some(Recurrence::new("FREQ=DAILY", "UTC".parse().expect("a zone"))),
        starts_at: at("2026-11-01T02:00:00Z"),
        ends_at: at("2026-11-01T03:00:00Z"),
        ..stage.snapshot.maintenances[0].clone()
    };
    let told = |stage: &Stage| {
        check(&super::maintenances(&stage.scene(), std::slice::from_ref(&daily)), "scheduled-maintenances.json")
    };
    let first = told(&stage);
    let list = ids(&first["scheduled_maintenances"]);
    assert_eq!((list.len(), list[0]), (35, "mnt-1-20261205t020000z"));
    assert_eq!(list.iter().collect::<BTreeSet<_>>().len(), list.len());
    let mut later = busy();
    later.as_of = later.as_of.plus(Span::days(1));
    let later = told(&stage_at(later, at("2026-11-22T12:03:00Z")));
    let still: BTreeSet<_> = ids(&later["scheduled_maintenances"]).into_iter().collect();
    assert!(list.iter().all(|id| still.contains(id)));
}

#[test]
fn an_incident_that_names_no_component_is_seen_in_the_status() {
    let mut snapshot = samples::quiet();
    let mut incident = busy().incidents[0].clone();
    incident.updates.iter_mut().for_each(|update| update.components.clear());
    incident.impact = Impact::Major;
    snapshot.incidents = vec![incident];
    let json = check(&super::summary(&stage(snapshot).scene()), "summary.json");
    assert_eq!(json["status"]["description"], "Partial System Outage");
    assert_eq!(json["incidents"][0]["incident_updates"][0]["affected_components"], Value::Null);
}
