//! What no snapshot holds.

use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use plimsoll_domain::incident::Incident;
use plimsoll_domain::time::Timestamp;

use super::{Mood, World, header, pick};
use crate::samples;

/// An incident of a month ago, like one of the samples.
fn older(incident_id: &str, at: &str) -> Incident {
    let mut incident = samples::busy().incidents[0].clone();
    let begun: Timestamp = at.parse().expect("an instant");
    let shift = begun.millis() - incident.started_at().millis();
    incident.id = incident_id.parse().expect("an id");
    incident.title = format!("Long ago: {incident_id}");
    for update in &mut incident.updates {
        update.at = Timestamp::from_millis(update.at.millis() + shift);
    }
    incident
}

fn world() -> World {
    let world = World::new(vec![samples::busy()]);
    let mut draft = older("inc-draft", "2026-10-07T12:00:00Z");
    draft.draft = true;
    *world.store.incidents.lock().expect("no panic") =
        vec![older("inc-old", "2026-10-06T12:00:00Z"), draft, older("inc-older", "2026-08-31T23:30:00Z")];
    world
}

#[tokio::test]
async fn months_gone_by_are_told_in_the_pages_own_calendar() {
    let world = world();
    let (status, html) = world.get("/s/acme/history/2026-10").await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("Long ago: inc-old") && !html.contains("inc-draft"));
    assert!(!world.get("/s/acme/history/2026-09").await.1.contains("inc-older"));
    assert!(world.get("/s/acme/history/2026-08").await.1.contains("inc-older"));
    world.settle(|page| page.time_zone = "Europe/Stockholm".parse().expect("a zone"));
    world.pass(20);
    assert!(world.get("/s/acme/history/2026-09").await.1.contains("inc-older"), "01:30 on the first of September");
    assert!(!world.get("/s/acme/history/2026-08").await.1.contains("Long ago: inc-older"));
}

#[tokio::test]
async fn incidents_older_than_the_snapshot_have_their_pages_still() {
    let world = world();
    let (status, html) = world.get("/s/acme/incidents/inc-old").await;
    assert_eq!((status, pick(&html, "h1")), (StatusCode::OK, vec!["Long ago: inc-old".to_owned()]));
    for missing in ["inc-draft", "inc-nothing"] {
        assert_eq!(world.get(&format!("/s/acme/incidents/{missing}")).await.0, StatusCode::NOT_FOUND, "{missing}");
    }
    let json = world.json("/s/acme/api/v2/incidents.json").await;
    let ids: Vec<_> = json["incidents"].as_array().expect("a list").iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, ["inc-old", "inc-older"]);
}

#[tokio::test]
async fn the_store_is_asked_once_in_a_while_however_many_come() {
    let world = world();
    let asked = || world.store.past.load(Ordering::Relaxed);
    let path = "/s/acme/incidents/inc-old";
    let _ = tokio::join!(world.get(path), world.get(path), world.get(path));
    assert_eq!(asked(), 1);
    world.pass(14);
    world.get(path).await;
    assert_eq!(asked(), 1);
    world.pass(1);
    world.get(path).await;
    assert_eq!(asked(), 2);
}

#[tokio::test]
async fn while_the_store_is_away_what_was_read_is_told_on_and_the_rest_is_not_made_up() {
    let world = world();
    world.get("/s/acme/incidents/inc-old").await;
    world.get("/s/acme/history/2026-10").await;
    world.mood(Mood::Failing);
    world.pass(60);
    assert_eq!(world.get("/s/acme/incidents/inc-old").await.0, StatusCode::OK);
    assert!(world.get("/s/acme/history/2026-10").await.1.contains("Long ago: inc-old"));
    let unknown = world.send("GET", "/s/acme/incidents/inc-older", &[]).await;
    assert_eq!((unknown.status(), header(&unknown, "retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "5"));
    let (status, html) = world.get("/s/acme/history/2026-11").await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains(&samples::busy().incidents[0].title), "what the snapshot holds");
    assert_eq!(world.get("/s/acme/calendar.ics").await.0, StatusCode::OK);
    assert_eq!(world.get("/s/acme/api/v2/incidents.json").await.0, StatusCode::OK);
    world.mood(Mood::Well);
    world.pass(2);
    assert_eq!(world.get("/s/acme/incidents/inc-older").await.0, StatusCode::OK);
}

#[tokio::test]
async fn what_a_page_hides_is_hidden_in_the_past_too() {
    let world = world();
    world.settle(|page| page.arrangement.hidden = [super_id()].into());
    let (_, html) = world.get("/s/acme/incidents/inc-old").await;
    let with = world_without_hidden().await;
    assert!(html.len() < with.len(), "the touched component is not named");
}

fn super_id() -> plimsoll_domain::ids::ComponentId {
    let incident = samples::busy().incidents[0].clone();
    incident.touched().into_iter().next().expect("a component").clone()
}

async fn world_without_hidden() -> String {
    world().get("/s/acme/incidents/inc-old").await.1
}
