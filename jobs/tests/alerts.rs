//! What a tick has to say: once, whatever line it stops at, and until it is over.

mod world;

use plimsoll_domain::alert::{Alert, AlertStatus, Severity};
use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::incident::{Incident, IncidentStatus, IncidentUpdate};
use plimsoll_domain::probe::{Heartbeat, HeartbeatProbe, ProbeSpec};
use plimsoll_domain::sample::SampleStatus;
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_store::faulty::When;
use plimsoll_store::{AlertFilter, Alerts, Components, Incidents};

use world::World;

async fn alerts(world: &World) -> Vec<Alert> {
    let ever = AlertFilter::all(Timestamp::from_seconds(0)..Timestamp::from_seconds(1 << 33));
    let mut alerts = world.store.alerts(&world.tenant, &ever, None, 100).await.expect("reads");
    alerts.sort_by(|a, b| a.dedup_key.cmp(&b.dedup_key));
    alerts
}

async fn only(world: &World) -> Alert {
    let mut alerts = alerts(world).await;
    assert_eq!(alerts.len(), 1, "{:?}", alerts.iter().map(|alert| &alert.dedup_key).collect::<Vec<_>>());
    alerts.remove(0)
}

async fn run(world: &mut World, component: &ComponentId, status: SampleStatus, ticks: usize) {
    for _ in 0..ticks {
        world.push(component, status).await;
        world.tick().await.expect("runs");
    }
}

#[tokio::test]
async fn an_incident_tells_when_it_opens_and_when_it_is_over_and_not_in_between() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Push).await;
    run(&mut world, &api, SampleStatus::Operational, 2).await;
    assert!(alerts(&world).await.is_empty());
    run(&mut world, &api, SampleStatus::Down, 3).await;
    let alert = only(&world).await;
    assert_eq!((alert.status, alert.content.severity), (AlertStatus::Triggered, Severity::Critical));
    assert_eq!((alert.content.source.as_str(), alert.content.component.as_deref()), ("incident", Some("api")));
    assert_eq!(alert.events.len(), 1);
    let incident = world.incidents().await.remove(0);
    assert_eq!(incident.dispatched, incident.updates.len(), "what was said is noted");
    run(&mut world, &api, SampleStatus::Operational, 8).await;
    let alert = only(&world).await;
    assert_eq!((alert.status, alert.events.len()), (AlertStatus::Resolved, 2));
    run(&mut world, &api, SampleStatus::Operational, 3).await;
    assert_eq!(only(&world).await, alert, "nothing more is said");
}

#[tokio::test]
async fn a_tick_that_is_cut_short_says_nothing_twice() {
    for (method, when) in
        [("put_alerts_and_tell", When::Before), ("put_alerts_and_tell", When::After), ("change_incident", When::Before)]
    {
        let mut world = World::new().await;
        let api = world.add("api", ProbeSpec::Push).await;
        run(&mut world, &api, SampleStatus::Operational, 1).await;
        world.push(&api, SampleStatus::Down).await;
        world.store.fail_method(method, when);
        world.tick().await.expect_err("the store is away");
        world.store.heal();
        world.restart();
        run(&mut world, &api, SampleStatus::Down, 2).await;
        let alert = only(&world).await;
        assert_eq!((alert.events.len(), alert.episode), (1, 1), "{method} fails {when:?}");
        let incident = world.incidents().await.remove(0);
        assert_eq!(incident.dispatched, incident.updates.len());
    }
}

#[tokio::test]
async fn an_incident_that_is_resolved_while_it_is_told_of_is_told_to_be_over() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Push).await;
    run(&mut world, &api, SampleStatus::Operational, 1).await;
    world.push(&api, SampleStatus::Down).await;
    // It is told, and that it was cannot be noted.
    world.store.fail_method("change_incident", When::Before);
    world.tick().await.expect_err("the store is away");
    world.store.heal();
    assert!(only(&world).await.is_open());
    let incident = world.incidents().await.remove(0);
    let said = IncidentUpdate { status: IncidentStatus::Resolved, by: "ann".to_owned(), ..incident.latest().clone() };
    let version = incident.version + 1;
    let over = Incident { updates: [incident.updates.clone(), vec![said]].concat(), version, ..incident };
    world.store.change_incident(&over).await.expect("stores");
    run(&mut world, &api, SampleStatus::Operational, 1).await;
    assert_eq!(only(&world).await.status, AlertStatus::Resolved);
}

#[tokio::test]
async fn a_heartbeat_that_is_missed_tells_of_itself_and_its_incident_does_not() {
    let mut world = World::new().await;
    let probe = ProbeSpec::Heartbeat(HeartbeatProbe { every_seconds: 120 });
    let worker = world.add("worker", probe).await;
    for _ in 0..6 {
        world.tick().await.expect("runs");
    }
    assert_eq!(world.incidents().await.len(), 1);
    let alert = only(&world).await;
    assert_eq!((alert.dedup_key.as_str(), alert.status), ("heartbeat/worker", AlertStatus::Triggered));
    let beat = Heartbeat { at: world.tick.start().plus(Span::from_seconds(50)), status: SampleStatus::Operational };
    world.store.record_heartbeat(&world.tenant, &worker, beat).await.expect("stored");
    world.tick().await.expect("runs");
    assert_eq!(only(&world).await.status, AlertStatus::Resolved);
}

#[tokio::test]
async fn what_is_removed_is_over() {
    let mut world = World::new().await;
    let worker = world.add("worker", ProbeSpec::Heartbeat(HeartbeatProbe { every_seconds: 60 })).await;
    for _ in 0..4 {
        world.tick().await.expect("runs");
    }
    assert!(only(&world).await.is_open());
    world.store.remove_component(&world.tenant, &worker).await.expect("removed");
    world.tick().await.expect("runs");
    let alert = only(&world).await;
    assert!(!alert.is_open());
    world.store.open_or_recent_incidents(&world.tenant, Timestamp::from_seconds(0)).await.expect("reads");
}

#[tokio::test]
async fn a_budget_that_burns_pages_until_it_is_calm() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Push).await;
    run(&mut world, &api, SampleStatus::Operational, 64).await;
    assert!(alerts(&world).await.is_empty());
    run(&mut world, &api, SampleStatus::Down, 3).await;
    let of_slo = async |world: &World| {
        let all = alerts(world).await.into_iter().filter(|alert| alert.content.source == "slo");
        all.map(|alert| (alert.dedup_key.clone(), alert)).collect::<std::collections::BTreeMap<_, _>>()
    };
    let firing = of_slo(&world).await;
    let page = &firing["slo/availability/1h"];
    assert_eq!((page.status, page.content.severity), (AlertStatus::Triggered, Severity::Critical));
    assert_eq!(page.content.labels["slo_type"], "availability");
    assert!(page.content.summary.contains("times as fast as it may"), "{}", page.content.summary);
    run(&mut world, &api, SampleStatus::Operational, 65).await;
    let calm = of_slo(&world).await;
    assert_eq!(calm.keys().collect::<Vec<_>>(), firing.keys().collect::<Vec<_>>());
    let page = &calm["slo/availability/1h"];
    assert_eq!((page.status, page.events.len()), (AlertStatus::Resolved, 2), "once on, once off");
}
