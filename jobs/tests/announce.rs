//! What subscribers are to be told: each once, whatever line a tick stops at, and nobody of what is not for them.

mod world;

use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::incident::{Beginning, Impact, Incident, IncidentStatus, IncidentUpdate};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::PageConfig;
use plimsoll_domain::probe::ProbeSpec;
use plimsoll_domain::recurrence::Recurrence;
use plimsoll_domain::sample::SampleStatus::{Down, Operational};
use plimsoll_domain::time::Span;
use plimsoll_store::faulty::When;
use plimsoll_store::{Incidents, Maintenances, Pages};

use world::World;

async fn with_subscribers(count: usize) -> World {
    let world = World::new().await;
    for number in 0..count {
        world.subscribe(&format!("s{number}"), &[], world.clock_now()).await;
    }
    world
}

fn weekly(world: &World) -> Maintenance {
    let begins = world.tick.start().plus(Span::minutes(4));
    let (id, api) = ("backup".parse().expect("slug"), "api".parse().expect("slug"));
    Maintenance {
        recurrence: Some(Recurrence::new("FREQ=WEEKLY", "UTC".parse().expect("a zone"))),
        reminder: Some(Span::minutes(2)),
        announced_at: Some(world.tick.start().next_milli()),
        ..Maintenance::once(world.tenant.clone(), id, "Backup", vec![api], begins..begins.plus(Span::minutes(2)))
    }
}

#[tokio::test]
async fn every_update_is_told_once_to_everybody_whatever_call_a_tick_breaks_off_at() {
    const METHODS: [&str; 5] =
        ["subscribers", "put_notices_if_absent", "change_incident", "change_maintenance", "put_snapshots"];
    for method in METHODS {
        for when in [When::Before, When::After] {
            let mut world = with_subscribers(3).await;
            world.say("slow", IncidentStatus::Identified, &[]).await;
            world.store.create_maintenance(&weekly(&world)).await.expect("stored");
            world.store.fail_method(method, when);
            let broke_off = world.tick().await.is_err();
            assert!(broke_off, "{method} {when:?}");
            world.store.heal();
            world.restart();
            world.say("slow", IncidentStatus::Monitoring, &[]).await;
            for _ in 0..2 {
                world.run_again().await.unwrap_or_else(|error| panic!("{method} {when:?}: {error}"));
            }
            let notices = world.notices().await;
            assert_eq!(notices.len(), 3 * 3, "{method} {when:?}: {notices:?}");
            let incident = world.incidents().await.remove(0);
            assert_eq!((incident.announced, incident.dispatched), (2, 2), "{method} {when:?}");
        }
    }
}

#[tokio::test]
async fn of_one_subject_a_subscriber_hears_in_order() {
    let mut world = World::new().await;
    let ann = world.subscribe("ann", &[], world.clock_now()).await;
    for status in [IncidentStatus::Investigating, IncidentStatus::Identified, IncidentStatus::Resolved] {
        world.say("slow", status, &[]).await;
        if status == IncidentStatus::Identified {
            world.tick().await.expect("runs");
        }
        world.skip(1);
    }
    world.show_again().await;
    let incident = world.incidents().await.remove(0);
    let told: Vec<_> = world.unfinished(&ann).await.into_iter().map(|notice| (notice.event, notice.place)).collect();
    let want: Vec<_> = incident.updates.iter().zip(0..).map(|(update, place)| (update.at, place)).collect();
    let told: Vec<_> = told
        .into_iter()
        .map(|(event, place)| match event {
            plimsoll_domain::subscriber::NoticeEvent::Incident { at, .. } => (at, place),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, want);
}

#[tokio::test]
async fn a_change_is_told_before_the_next_tick() {
    let mut world = World::new().await;
    let ann = world.subscribe("ann", &[], world.clock_now()).await;
    world.tick().await.expect("runs");
    world.say("slow", IncidentStatus::Identified, &[]).await;
    world.show_again().await;
    assert_eq!(world.subjects_of(&ann).await, ["incident slow"]);
}

#[tokio::test]
async fn drafts_and_what_is_written_down_afterwards_are_told_to_nobody() {
    let mut world = with_subscribers(1).await;
    let update = |status, ago: Span, world: &World| IncidentUpdate {
        status,
        body: "It was so.".to_owned(),
        at: world.clock_now().minus(ago),
        by: "ann".to_owned(),
        components: std::collections::BTreeMap::new(),
    };
    let over = vec![
        update(IncidentStatus::Investigating, Span::hours(2), &world),
        update(IncidentStatus::Resolved, Span::hours(1), &world),
    ];
    let begin = |draft, updates| Beginning { title: "Slow".to_owned(), impact: Impact::Minor, draft, updates };
    let now = world.clock_now();
    let past = Incident::manual(world.tenant.clone(), "past".parse().expect("slug"), begin(false, over), now);
    let first = vec![update(IncidentStatus::Investigating, Span::default(), &world)];
    let draft = Incident::manual(world.tenant.clone(), "draft".parse().expect("slug"), begin(true, first), now);
    for incident in [past.expect("valid"), draft.expect("valid")] {
        world.store.open_incident_if_absent(&incident).await.expect("stored");
    }
    world.tick().await.expect("runs");
    world.say("draft", IncidentStatus::Identified, &[]).await;
    world.tick().await.expect("runs");
    assert!(world.notices().await.is_empty());

    let held = world.store.incident_across_tenants(&"draft".parse().expect("slug")).await.expect("reads");
    let published = held.expect("there").relabelled(None, None, Some(world.clock_now())).expect("valid");
    world.store.change_incident(&published).await.expect("stored");
    world.tick().await.expect("runs");
    let notices = world.notices().await;
    assert_eq!((notices.len(), notices[0].place), (1, 1), "of the newest update alone");
}

#[tokio::test]
async fn nobody_hears_of_what_was_said_before_they_confirmed_or_of_what_they_did_not_choose() {
    let mut world = World::new().await;
    let (api, db) = (world.add("api", ProbeSpec::Push).await, world.add("db", ProbeSpec::Push).await);
    let late = world.subscribe("late", &[], world.clock_now().plus(Span::from_seconds(1))).await;
    let of_db = world.subscribe("of-db", &[&db], world.clock_now()).await;
    let of_api = world.subscribe("of-api", &[&api], world.clock_now()).await;
    world.say("slow", IncidentStatus::Identified, &[&api]).await;
    world.tick().await.expect("runs");
    world.say("slow", IncidentStatus::Monitoring, &[]).await;
    world.tick().await.expect("runs");
    let told = [
        world.unfinished(&late).await.len(),
        world.unfinished(&of_db).await.len(),
        world.unfinished(&of_api).await.len(),
    ];
    assert_eq!(told, [1, 0, 2], "what touched a component once is of interest to the end");
}

#[tokio::test]
async fn of_what_the_page_hides_those_alone_hear_who_want_to_hear_of_everything() {
    let mut world = World::new().await;
    let (api, db) = (world.add("api", ProbeSpec::Push).await, world.add("db", ProbeSpec::Push).await);
    let mut page = PageConfig::of(world.tenant.clone());
    page.version = 1;
    page.arrangement.hidden.insert(db.clone());
    world.store.put_page_config(&page).await.expect("stored");
    let everything = world.subscribe("everything", &[], world.clock_now()).await;
    let of_db = world.subscribe("of-db", &[&db], world.clock_now()).await;
    let of_api = world.subscribe("of-api", &[&api], world.clock_now()).await;
    world.say("slow", IncidentStatus::Identified, &[&db]).await;
    world.tick().await.expect("runs");
    for (subscriber, told) in [(everything, 1), (of_db, 0), (of_api, 0)] {
        assert_eq!(world.unfinished(&subscriber).await.len(), told, "{subscriber}");
    }
}

async fn hide(world: &World, components: &[&ComponentId]) {
    let mut page = PageConfig::of(world.tenant.clone());
    page.version = 1;
    page.arrangement.hidden.extend(components.iter().map(|id| (*id).clone()));
    world.store.put_page_config(&page).await.expect("stored");
}

#[tokio::test]
async fn maintenance_of_what_the_page_hides_is_told_to_nobody_and_is_over_with_that() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Push).await;
    hide(&world, &[&api]).await;
    for (name, chosen) in [("everything", None), ("of-api", Some(&api))] {
        world.subscribe(name, chosen.as_slice(), world.clock_now()).await;
    }
    world.store.create_maintenance(&weekly(&world)).await.expect("stored");
    for _ in 0..8 {
        world.tick().await.expect("runs");
    }
    assert_eq!(world.notices().await, []);
    let held = world.store.maintenances(&world.tenant).await.expect("reads").remove(0);
    assert!(held.told_until.is_some_and(|until| held.ends_at <= until), "{held:?}");
}

#[tokio::test]
async fn maintenance_that_is_hidden_in_part_is_told_to_those_who_hear_of_the_rest() {
    let mut world = World::new().await;
    let (api, db) = (world.add("api", ProbeSpec::Push).await, world.add("db", ProbeSpec::Push).await);
    hide(&world, &[&db]).await;
    let of_api = world.subscribe("of-api", &[&api], world.clock_now()).await;
    let of_db = world.subscribe("of-db", &[&db], world.clock_now()).await;
    let held = Maintenance { components: vec![api, db], ..weekly(&world) };
    world.store.create_maintenance(&held).await.expect("stored");
    world.tick().await.expect("runs");
    assert_eq!((world.unfinished(&of_api).await.len(), world.unfinished(&of_db).await.len()), (1, 0));
}

#[tokio::test]
async fn maintenance_that_is_changed_is_announced_anew() {
    let mut world = World::new().await;
    let ann = world.subscribe("ann", &[], world.clock_now()).await;
    let begins = world.clock_now().plus(Span::days(3));
    let held =
        Maintenance { recurrence: None, starts_at: begins, ends_at: begins.plus(Span::hours(1)), ..weekly(&world) };
    world.store.create_maintenance(&held).await.expect("stored");
    world.tick().await.expect("runs");
    assert_eq!(world.unfinished(&ann).await.len(), 1);
    for (starts_at, told) in [(begins, 2), (begins.plus(Span::hours(5)), 3)] {
        let held = world.store.maintenances(&world.tenant).await.expect("reads").remove(0);
        assert!(held.told_until.is_some());
        let (ends_at, version) = (starts_at.plus(Span::hours(2)), held.version + 1);
        let moved =
            Maintenance { starts_at, ends_at, announced_at: Some(world.clock_now().next_milli()), version, ..held };
        world.store.change_maintenance(&moved).await.expect("stored");
        for _ in 0..3 {
            world.tick().await.expect("runs");
        }
        assert_eq!(world.unfinished(&ann).await.len(), told, "once more, whether or not it begins at another time");
    }
}

#[tokio::test]
async fn a_published_draft_is_told_to_those_who_confirmed_after_it_was_drafted() {
    let mut world = World::new().await;
    let ann = world.subscribe("ann", &[], world.clock_now()).await;
    let said = world.say("draft", IncidentStatus::Investigating, &[]).await;
    // Nobody has seen it yet.
    let draft = Incident { draft: true, version: said.version + 1, ..said };
    world.store.change_incident(&draft).await.expect("stored");
    world.tick().await.expect("runs");
    let bob = world.subscribe("bob", &[], world.clock_now()).await;
    world.tick().await.expect("runs");
    let draft = world.incidents().await.remove(0);
    let published = draft.relabelled(None, None, Some(world.clock_now())).expect("valid");
    world.store.change_incident(&published).await.expect("stored");
    let late = world.subscribe("late", &[], world.clock_now().next_milli()).await;
    world.tick().await.expect("runs");
    for (subscriber, told) in [(ann, 1), (bob, 1), (late, 0)] {
        assert_eq!(world.unfinished(&subscriber).await.len(), told, "{subscriber}");
    }
}

#[tokio::test]
async fn each_step_of_a_maintenance_is_told_once() {
    let mut world = World::new().await;
    let ann = world.subscribe("ann", &[], world.clock_now()).await;
    let held = weekly(&world);
    world.store.create_maintenance(&held).await.expect("stored");
    for _ in 0..8 {
        world.tick().await.expect("runs");
        world.run_again().await.expect("runs");
    }
    let subject = format!("maintenance backup {}", held.starts_at.millis());
    let steps = ["scheduled", "reminder", "started", "completed"].map(|step| format!("{subject} {step}"));
    assert_eq!(world.subjects_of(&ann).await, steps);
    world.skip(7 * 24 * 60 - 8);
    for _ in 0..8 {
        world.tick().await.expect("runs");
    }
    assert_eq!(world.unfinished(&ann).await.len(), 7, "planning is told once, the rest each time");
}

#[tokio::test]
async fn what_opens_and_closes_by_itself_is_told_and_costs_a_tenant_without_subscribers_nothing_more() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Push).await;
    let ann = world.subscribe("ann", &[&api], world.clock_now()).await;
    for minute in 0..10 {
        world.push(&api, if minute < 2 { Down } else { Operational }).await;
        world.tick().await.expect("runs");
    }
    assert_eq!(world.unfinished(&ann).await.len(), 3, "investigating, monitoring, resolved");
    let incident = world.incidents().await.remove(0);
    assert_eq!((incident.announced, incident.is_open()), (3, false));
}
