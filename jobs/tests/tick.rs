//! The tick, driven one at a time against a real store.

mod world;

use std::collections::BTreeMap;

use plimsoll_domain::incident::{
    AutoIncident, Beginning, ComponentStatus, Impact, Incident, IncidentStatus, IncidentUpdate,
};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::PageConfig;
use plimsoll_domain::probe::{Heartbeat, HeartbeatProbe, ProbeSpec, TcpProbe};
use plimsoll_domain::recurrence::Recurrence;
use plimsoll_domain::sample::SampleStatus::{Down, Operational, Unknown};
use plimsoll_domain::time::{Span, Tick};
use plimsoll_store::faulty::When;
use plimsoll_store::{Components, Incidents, Maintenances, Pages};
use proptest::prelude::*;
use tokio::net::TcpListener;

use world::World;

#[tokio::test]
async fn pushed_trouble_opens_an_incident_that_settles_and_closes() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Push).await;
    for status in [Operational, Operational, Down, Down] {
        world.push(&api, status).await;
        world.tick().await.expect("runs");
    }
    let page = world.page().await;
    assert_eq!(page.overall, ComponentStatus::MajorOutage);
    assert_eq!(page.incidents[0].title, "API is down");
    for _ in 0..7 {
        world.push(&api, Operational).await;
        world.tick().await.expect("runs");
    }
    let incidents = world.incidents().await;
    let timeline: Vec<_> = incidents[0].updates.iter().map(|update| update.status).collect();
    assert_eq!(timeline, [IncidentStatus::Investigating, IncidentStatus::Monitoring, IncidentStatus::Resolved]);
    assert_eq!((incidents.len(), world.page().await.overall), (1, ComponentStatus::Operational));
    let measured = world.measured().await;
    assert_eq!((measured.good, measured.valid), (9, 11));
}

#[tokio::test]
async fn a_tick_that_runs_again_changes_nothing() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Push).await;
    world.push(&api, Down).await;
    world.tick().await.expect("runs");
    let before = (world.samples(&api).await, world.measured().await, world.incidents().await);
    world.run_again().await.expect("runs");
    world.restart();
    world.run_again().await.expect("runs");
    assert_eq!((world.samples(&api).await, world.measured().await, world.incidents().await), before);
}

#[tokio::test]
async fn ticks_that_nobody_ran_are_unknown_and_a_late_push_mends_them() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Push).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("bound").to_string();
    let db = world.add("db", ProbeSpec::Tcp(TcpProbe { address, timeout_ms: 1_000, degraded_above_ms: None })).await;
    world.push(&api, Operational).await;
    world.tick().await.expect("runs");
    let away_from = world.tick;
    world.skip(90);
    world.restart();
    let report = world.tick().await.expect("runs");
    assert_eq!(report.missed, 90 + 90, "both components, all ticks between");
    let unknown =
        |samples: &[plimsoll_domain::sample::Sample]| samples.iter().filter(|sample| sample.status == Unknown).count();
    assert_eq!((unknown(&world.samples(&api).await), unknown(&world.samples(&db).await)), (91, 90));
    let valid = world.measured().await.valid;
    let late = Tick::from_seconds(away_from.seconds() + 60);
    world.push_at(&api, late, Down).await;
    world.tick().await.expect("runs");
    let measured = world.measured().await;
    assert_eq!((measured.valid, measured.good), (valid + 2, valid + 1), "the late push, and a look at the other");
    assert_eq!(measured.burn_over(Span::hours(3).into()), None, "nobody asked for that window");
}

#[tokio::test]
async fn a_heartbeat_that_falls_silent_is_down() {
    let mut world = World::new().await;
    let worker = world.add("worker", ProbeSpec::Heartbeat(HeartbeatProbe { every_seconds: 90 })).await;
    world.tick().await.expect("runs");
    let beat = Heartbeat { at: world.tick.start(), status: Operational };
    world.store.record_heartbeat(&world.tenant, &worker, beat).await.expect("stored");
    for _ in 0..2 {
        world.tick().await.expect("runs");
    }
    let statuses: Vec<_> = world.samples(&worker).await.iter().map(|sample| sample.status).collect();
    assert_eq!(statuses, [Unknown, Operational, Down]);
}

#[tokio::test]
async fn nothing_is_opened_or_held_against_anybody_inside_maintenance() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Heartbeat(HeartbeatProbe { every_seconds: 5 })).await;
    let span = world.tick.start()..world.tick.start().plus(Span::minutes(10));
    let id = "upgrade".parse().expect("slug");
    let maintenance = Maintenance::once(world.tenant.clone(), id, "Upgrade", vec![api.clone()], span);
    world.store.create_maintenance(&maintenance).await.expect("stored");
    for _ in 0..5 {
        world.tick().await.expect("runs");
    }
    let samples = world.samples(&api).await;
    assert!(samples.iter().skip(1).all(|sample| sample.status == Down && sample.maintenance), "{samples:?}");
    assert_eq!((world.incidents().await.len(), world.measured().await.valid), (0, 0));
    assert_eq!(world.page().await.overall, ComponentStatus::UnderMaintenance);
}

#[tokio::test]
async fn a_tick_that_breaks_off_anywhere_is_mended_by_the_next() {
    const METHODS: [&str; 13] = [
        "page_configs_across_tenants",
        "snapshot",
        "renew_lease",
        "components_across_tenants",
        "record_samples",
        "unfolded_hours",
        "finish_folds",
        "hour_rollups",
        "day_rollups",
        "sample_hours",
        "put_measurements",
        "open_incident_if_absent",
        "put_snapshots",
    ];
    for method in METHODS {
        for when in [When::Before, When::After] {
            let mut world = World::new().await;
            let api = world.add("api", ProbeSpec::Push).await;
            world.push(&api, Operational).await;
            world.tick().await.expect("runs");
            world.push(&api, Down).await;
            world.restart();
            world.store.fail_method(method, when);
            let broke_off = world.tick().await.is_err();
            world.store.heal();
            world.run_again().await.unwrap_or_else(|error| panic!("{method} {when:?}: {error}"));
            let statuses: Vec<_> = world.samples(&api).await.iter().map(|sample| sample.status).collect();
            assert_eq!(statuses, [Operational, Down], "{method} {when:?} (broke off: {broke_off})");
            let incidents = world.incidents().await;
            assert_eq!((incidents.len(), incidents[0].updates.len()), (1, 1), "{method} {when:?}");
            let measured = world.measured().await;
            assert_eq!((measured.good, measured.valid), (1, 2), "{method} {when:?}");
            assert_eq!(world.page().await.as_of, world.tick.start(), "{method} {when:?}");
        }
    }
}

#[tokio::test]
async fn the_last_hour_of_a_day_is_in_its_bar_from_the_first_tick_of_the_next() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Push).await;
    world.skip(11 * 60 - 1);
    world.tick().await.expect("runs");
    for _ in 0..60 {
        world.push(&api, Down).await;
        world.tick().await.expect("runs");
    }
    let yesterday = |page: plimsoll_domain::page::StatusSnapshot| page.components[0].days[88];
    let first = yesterday(world.page().await);
    assert_eq!((first.status, first.uptime), (ComponentStatus::MajorOutage, Some(0.0)));
    for _ in 0..130 {
        world.push(&api, Operational).await;
        world.tick().await.expect("runs");
    }
    let moved = world.page().await;
    assert_eq!(yesterday(moved.clone()), first);
    world.restart();
    world.run_again().await.expect("runs");
    assert_eq!(world.page().await.components, moved.components, "built anew, it tells the same");
}

#[tokio::test]
async fn an_incident_of_a_component_that_is_removed_ends() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Push).await;
    world.push(&api, Down).await;
    world.tick().await.expect("runs");
    assert!(world.incidents().await[0].is_open());
    world.store.remove_component(&world.tenant, &api).await.expect("removed");
    world.tick().await.expect("runs");
    assert!(!world.incidents().await[0].is_open());
    assert_eq!(world.page().await.overall, ComponentStatus::Operational);
}

#[tokio::test]
async fn after_a_break_nobody_is_blamed_for_not_having_reached_us() {
    let mut world = World::new().await;
    let probe = ProbeSpec::Heartbeat(HeartbeatProbe { every_seconds: 90 });
    let worker = world.add("worker", probe).await;
    let beat = Heartbeat { at: world.tick.start(), status: Operational };
    world.store.record_heartbeat(&world.tenant, &worker, beat).await.expect("stored");
    world.tick().await.expect("runs");
    world.skip(30);
    world.restart();
    for _ in 0..3 {
        world.tick().await.expect("runs");
    }
    let statuses: Vec<_> = world.samples(&worker).await.iter().rev().take(3).map(|sample| sample.status).collect();
    assert_eq!(statuses, [Down, Unknown, Unknown], "the newest first");
}

#[tokio::test]
async fn two_instances_share_the_tenants_and_one_takes_over_from_the_other() {
    let mut world = World::new().await;
    world.add("api", ProbeSpec::Push).await;
    let mut second = world.second();
    world.tick().await.expect("runs");
    second.run(world.tick).await.expect("runs");
    world.skip(1);
    let shares = [world.run_again().await.expect("runs").tenants, second.run(world.tick).await.expect("runs").tenants];
    assert_eq!(shares.iter().sum::<usize>(), 1, "{shares:?}");
    world.skip(3);
    let alone = second.run(world.tick).await.expect("runs");
    assert_eq!(alone.tenants, 1, "the lease of the other has ended");
}

#[tokio::test]
async fn what_people_change_is_shown_before_the_next_tick_and_moves_no_tick() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Push).await;
    world.push(&api, Operational).await;
    world.tick().await.expect("runs");
    let before = world.page().await;
    let told = BTreeMap::from([(api.clone(), ComponentStatus::PartialOutage)]);
    let (at, by, body) = (world.tick.start(), "alice".to_owned(), "We are on it.".to_owned());
    let first = IncidentUpdate { status: IncidentStatus::Identified, body, at, by, components: told };
    let id = "by-hand".parse().expect("slug");
    let begins = Beginning { title: "Slow".to_owned(), impact: Impact::Minor, draft: false, updates: vec![first] };
    let incident = Incident::manual(world.tenant.clone(), id, begins, world.tick.start()).expect("valid");
    world.store.open_incident_if_absent(&incident).await.expect("stored");
    world.add("new", ProbeSpec::Push).await;
    world.show_again().await;
    let page = world.page().await;
    assert_eq!((page.incidents.len(), page.overall), (1, ComponentStatus::PartialOutage));
    assert_eq!((page.components.len(), page.components[1].status), (2, ComponentStatus::Unknown));
    assert_eq!((page.as_of, &page.components[0].days), (before.as_of, &before.components[0].days));
}

#[tokio::test]
async fn nothing_opens_by_itself_beside_what_a_person_tells_of_the_component() {
    let mut world = World::new().await;
    let (api, db) = (world.add("api", ProbeSpec::Push).await, world.add("db", ProbeSpec::Push).await);
    world.say("by-hand", IncidentStatus::Identified, &[&api]).await;
    for component in [&api, &db] {
        world.push(component, Down).await;
    }
    world.tick().await.expect("runs");
    let mut titles: Vec<_> = world.incidents().await.into_iter().map(|incident| incident.title).collect();
    titles.sort();
    assert_eq!(titles, ["DB is down", "Slow"]);
    world.say("by-hand", IncidentStatus::Resolved, &[]).await;
    world.push(&api, Down).await;
    world.tick().await.expect("runs");
    assert!(world.incidents().await.iter().any(|incident| incident.title == "API is down"), "it is still down");
}

#[tokio::test]
async fn what_nobody_sees_or_says_that_all_is_well_keeps_no_incident_from_opening() {
    let mut world = World::new().await;
    let (api, db) = (world.add("api", ProbeSpec::Push).await, world.add("db", ProbeSpec::Push).await);
    let said = world.say("draft", IncidentStatus::Identified, &[&api]).await;
    let draft = Incident { draft: true, version: said.version + 1, ..said };
    world.store.change_incident(&draft).await.expect("stored");
    let mut well = world.say("well", IncidentStatus::Monitoring, &[&db]).await;
    well.updates[0].components.insert(db.clone(), ComponentStatus::Operational);
    well.version += 1;
    world.store.change_incident(&well).await.expect("stored");
    for component in [&api, &db] {
        world.push(component, Down).await;
    }
    world.tick().await.expect("runs");
    assert_eq!(world.incidents().await.iter().filter(|incident| incident.automation.is_some()).count(), 2);
}

#[tokio::test]
async fn the_page_says_since_when_a_component_is_as_it_is_and_how_fast_it_answered() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Push).await;
    for minute in 0..200 {
        world.push(&api, if minute < 130 { Operational } else { Down }).await;
        world.tick().await.expect("runs");
    }
    let page = world.page().await;
    let shown = &page.components[0];
    assert_eq!(shown.since.map(|since| since.to_string()).as_deref(), Some("2026-11-01T14:11:00.000Z"));
    let hours: Vec<_> = shown.latency.iter().map(|point| (point.at.to_string(), point.p50_ms, point.p95_ms)).collect();
    let want = ["2026-11-01T12:00:00.000Z", "2026-11-01T13:00:00.000Z"].map(|hour| (hour.to_owned(), 20, 20));
    assert_eq!(hours, want, "the present hour is not over, and the one before may still change");
    world.restart();
    world.push(&api, Down).await;
    world.tick().await.expect("runs");
    let again = world.page().await;
    assert_eq!((again.components[0].since, &again.components[0].latency), (shown.since, &shown.latency));
}

#[tokio::test]
async fn what_the_page_hides_opens_drafts_and_a_page_may_open_none() {
    let mut world = World::new().await;
    let (api, db) = (world.add("api", ProbeSpec::Push).await, world.add("db", ProbeSpec::Push).await);
    let mut page = PageConfig::of(world.tenant.clone());
    page.version = 1;
    page.arrangement.hidden.insert(db.clone());
    world.store.put_page_config(&page).await.expect("stored");
    for component in [&api, &db] {
        world.push(component, Down).await;
    }
    world.tick().await.expect("runs");
    let drafts: Vec<_> =
        world.incidents().await.iter().map(|incident| (incident.title.clone(), incident.draft)).collect();
    assert!(drafts.contains(&("API is down".to_owned(), false)) && drafts.contains(&("DB is down".to_owned(), true)));
    let shown = world.page().await;
    assert_eq!((shown.components.len(), shown.incidents.len()), (1, 1));

    (page.version, page.auto_incident) = (2, AutoIncident::Off);
    world.store.put_page_config(&page).await.expect("stored");
    let cache = world.add("cache", ProbeSpec::Push).await;
    world.push(&cache, Down).await;
    world.tick().await.expect("runs");
    assert_eq!(world.incidents().await.len(), 2);
}

#[tokio::test]
async fn maintenance_that_recurs_is_maintenance_each_time() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Heartbeat(HeartbeatProbe { every_seconds: 5 })).await;
    let begins = world.tick.start().plus(Span::minutes(2));
    let id = "backup".parse().expect("slug");
    let span = begins..begins.plus(Span::minutes(3));
    let backup = Maintenance {
        recurrence: Some(Recurrence::new("FREQ=DAILY", "UTC".parse().expect("a zone"))),
        ..Maintenance::once(world.tenant.clone(), id, "Backup", vec![api.clone()], span)
    };
    world.store.create_maintenance(&backup).await.expect("stored");
    // Of the third nobody runs a tick.
    for skipped in [0, 24 * 60 - 6, 24 * 60] {
        world.skip(skipped);
        for _ in 0..6 {
            world.tick().await.expect("runs");
        }
    }
    let samples = world.samples(&api).await;
    let inside: Vec<_> =
        samples.iter().filter(|sample| sample.maintenance).map(|sample| sample.tick.seconds()).collect();
    let want: Vec<_> =
        [0, 24, 48].into_iter().flat_map(|hours| (0..3).map(move |minute| hours * 3_600 + minute * 60)).collect();
    assert!(world.incidents().await.iter().all(|incident| incident.started_at() >= begins.plus(Span::minutes(3))));
    assert_eq!(inside, want.iter().map(|seconds| begins.seconds() + seconds).collect::<Vec<_>>());
}

#[tokio::test]
async fn closed_incidents_do_not_hold_up_new_ones() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Push).await;
    for round in 1..=2 {
        world.push(&api, Down).await;
        world.tick().await.expect("runs");
        for _ in 0..7 {
            world.push(&api, Operational).await;
            world.tick().await.expect("runs");
        }
        let incidents = world.incidents().await;
        assert_eq!(incidents.len(), round);
        assert!(incidents.iter().all(|incident| !incident.is_open()));
    }
    let id = world.incidents().await[0].id.clone();
    assert!(world.store.incident_across_tenants(&id).await.expect("read").is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    /// Over days, across hours and midnights, restarts and pauses, with late pushes: what is measured from running
    /// accounts and rollups equals what was pushed.
    #[test]
    fn what_is_measured_is_what_was_pushed(
        steps in prop::collection::vec((0u8..100, any::<bool>(), 1i64..120), 8..16),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut world = World::new().await;
            let api = world.add("api", ProbeSpec::Push).await;
            let (mut good, mut bad) = (0, 0);
            for (what, restart, ticks) in steps {
                let status = if what < 30 { Down } else { Operational };
                for _ in 0..ticks {
                    world.push(&api, status).await;
                    if status == Down { bad += 1 } else { good += 1 }
                    if what % 8 != 0 { world.skip(1) } else { world.tick().await.expect("runs"); }
                }
                if restart { world.restart() }
                world.tick().await.expect("runs");
                let measured = world.measured().await;
                assert_eq!((measured.good, measured.valid), (good, good + bad), "at {}", world.tick.start());
            }
        });
    }
}
