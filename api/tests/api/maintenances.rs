//! Maintenance that recurs, is changed, and is told of.

use rstest::rstest;
use serde_json::{Value, json};

use plimsoll_domain::maintenance::{MAX_MAINTENANCES, Maintenance, MaintenanceEvent};
use plimsoll_domain::time::{Clock, Span};

use crate::common::World;

const MAINTENANCES: &str = "/tenants/acme/maintenances";
const WEEKLY: &str = "/tenants/acme/maintenances/patches";

async fn world() -> (World, String, String) {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    world.component(&admin, "acme", "web", "push").await;
    world.component(&admin, "acme", "db", "push").await;
    let operator = world.key(&admin, "acme", "operator").await;
    (world, admin, operator)
}

/// Each Sunday at three in the morning in Stockholm; the test begins on a Sunday at noon.
fn weekly() -> Value {
    json!({"id": "patches", "title": "Patches", "body": "Short *breaks*.", "components": ["web"],
        "starts_at": "2026-11-01T02:00:00Z", "ends_at": "2026-11-01T03:00:00Z", "verify_minutes": 30,
        "recurrence": {"rule": "FREQ=WEEKLY;BYDAY=SU", "time_zone": "Europe/Stockholm"}, "remind_minutes": 60})
}

async fn stored(world: &World) -> Maintenance {
    let (tenant, id) = ("acme".parse().expect("slug"), "patches".parse().expect("slug"));
    world.store.maintenance(&tenant, &id).await.expect("a store").expect("a maintenance")
}

#[tokio::test]
async fn what_recurs_shows_its_next_times() {
    let (world, _, operator) = world().await;
    let made = world.post(&operator, MAINTENANCES, weekly()).await.expect(201);
    let occurrence = |day: &str| {
        json!({"starts_at": format!("2026-11-{day}T02:00:00.000Z"),
        "ends_at": format!("2026-11-{day}T03:00:00.000Z"), "status": "scheduled"})
    };
    let expected = json!({"id": "patches", "title": "Patches", "body": "Short *breaks*.", "components": ["web"],
        "starts_at": "2026-11-01T02:00:00.000Z", "ends_at": "2026-11-01T03:00:00.000Z", "verify_minutes": 30,
        "recurrence": {"rule": "FREQ=WEEKLY;BYDAY=SU", "time_zone": "Europe/Stockholm"}, "remind_minutes": 60,
        "status": "scheduled", "occurrences": [occurrence("08"), occurrence("15"), occurrence("22")]});
    assert_eq!(made.body, expected);
    let read = world.get(&operator, WEEKLY).await.expect(200);
    assert_eq!((&read.body, read.header("etag")), (&expected, made.header("etag")));
    assert_eq!(world.get(&operator, MAINTENANCES).await.expect(200).body["items"], json!([expected]));
    world.clock.advance(Span::hours(6 * 24 + 14 + 1));
    let later = world.get(&operator, WEEKLY).await.expect(200);
    assert_eq!((&later.body["status"], later.header("etag")), (&json!("verifying"), made.header("etag")));
    assert_eq!(later.body["occurrences"][0]["status"], "verifying");
}

#[tokio::test]
async fn what_takes_place_once_is_over_after_it_was_looked_over() {
    let (world, _, operator) = world().await;
    let body = json!({"id": "patches", "title": "Move", "components": ["web"],
        "starts_at": "2026-11-01T12:30:00Z", "ends_at": "2026-11-01T13:00:00Z", "verify_minutes": 10});
    let made = world.post(&operator, MAINTENANCES, body).await.expect(201).body;
    assert_eq!((&made["remind_minutes"], &made["recurrence"]), (&json!(1_440), &json!(null)));
    for (minutes, status, count) in [(30, "in_progress", 1), (30, "verifying", 1), (10, "completed", 0)] {
        world.clock.advance(Span::minutes(minutes));
        let read = world.get(&operator, WEEKLY).await.expect(200).body;
        assert_eq!((&read["status"], read["occurrences"].as_array().map(Vec::len)), (&json!(status), Some(count)));
    }
    let rare = json!({"title": "Yearly", "components": ["web"], "starts_at": "2026-11-02T12:30:00Z",
        "ends_at": "2026-11-02T13:00:00Z", "recurrence": {"rule": "FREQ=YEARLY"}});
    let rare = world.post(&operator, MAINTENANCES, rare).await.expect(201).body;
    assert_eq!(rare["occurrences"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn a_change_leaves_the_rest_and_is_refused_when_somebody_else_changed_it() {
    let (world, admin, operator) = world().await;
    let made = world.post(&operator, MAINTENANCES, weekly()).await.expect(201);
    let tag = made.header("etag").to_owned();
    // What the tick notes is no change that anybody sees.
    let held = stored(&world).await;
    let told = Maintenance { told_until: Some(world.clock.now()), version: held.version + 1, ..held };
    world.store.change_maintenance(&told).await.expect("stored");
    let change = json!({"title": "More patches", "body": null, "components": ["web", "db"], "remind_minutes": 0});
    let after = world.matching("PATCH", &operator, (WEEKLY, &tag), change).await.expect(200);
    assert_eq!(
        (&after.body["title"], &after.body["body"], &after.body["remind_minutes"]),
        (&json!("More patches"), &json!(null), &json!(0))
    );
    assert_eq!((&after.body["components"], &after.body["verify_minutes"]), (&json!(["web", "db"]), &json!(30)));
    assert_eq!(after.body["occurrences"].as_array().map(Vec::len), Some(3), "it recurs as before");
    world.matching("PATCH", &operator, (WEEKLY, &tag), json!({"title": "Late"})).await.problem(412);
    world.delete(&admin, "/tenants/acme/components/db").await.expect(204);
    let once =
        world.patch(&operator, WEEKLY, json!({"recurrence": null, "components": ["web", "db"]})).await.expect(200);
    assert_eq!((&once.body["recurrence"], &once.body["status"]), (&json!(null), &json!("completed")));
}

#[tokio::test]
async fn of_another_schedule_subscribers_hear_and_of_what_is_over_they_do_not_hear_again() {
    let (world, _, operator) = world().await;
    world.post(&operator, MAINTENANCES, weekly()).await.expect(201);
    let events = |held: &Maintenance, now| held.untold(now).into_iter().map(|(event, _)| event).collect::<Vec<_>>();
    let held = stored(&world).await;
    assert_eq!(held.announced_at, Some(world.clock.now()));
    assert_eq!(events(&held, world.clock.now()), [MaintenanceEvent::Scheduled]);
    let told = Maintenance { told_until: Some(world.clock.now()), version: held.version + 1, ..held };
    world.store.change_maintenance(&told).await.expect("stored");
    world.clock.advance(Span::minutes(1));
    world.patch(&operator, WEEKLY, json!({"title": "Patches again"})).await.expect(200);
    assert_eq!(events(&stored(&world).await, world.clock.now()), [], "another title is no news");
    let moved = json!({"starts_at": "2026-11-01T04:00:00Z", "ends_at": "2026-11-01T05:00:00Z"});
    world.patch(&operator, WEEKLY, moved).await.expect(200);
    let held = stored(&world).await;
    assert_eq!(held.told_until, told.told_until);
    assert_eq!(events(&held, world.clock.now()), [MaintenanceEvent::Scheduled]);
}

#[tokio::test]
async fn asked_for_again_it_is_the_same_also_after_subscribers_were_told() {
    let (world, _, operator) = world().await;
    let made = world.post_once(&operator, MAINTENANCES, ("k-1", &weekly())).await.expect(201);
    let held = stored(&world).await;
    let told = Maintenance { told_until: Some(world.clock.now()), version: held.version + 1, ..held };
    world.store.change_maintenance(&told).await.expect("stored");
    world.clock.advance(Span::minutes(1));
    assert_eq!(world.post_once(&operator, MAINTENANCES, ("k-1", &weekly())).await.expect(200).body, made.body);
    let mut other = weekly();
    other["verify_minutes"] = json!(31);
    world.post_once(&operator, MAINTENANCES, ("k-1", &other)).await.problem(409);
}

#[tokio::test]
async fn a_sample_inside_any_of_its_times_is_flagged() {
    let (world, admin, operator) = world().await;
    world.post(&operator, MAINTENANCES, weekly()).await.expect(201);
    world.clock.advance(Span::days(7));
    let at = |time: &str| json!({"component": "web", "at": format!("2026-11-08T{time}:00Z"), "status": "down"});
    let samples = json!({"samples": [at("01:59"), at("02:00"), at("03:29"), at("03:30")]});
    world.post(&admin, "/tenants/acme/samples", samples).await.expect(200);
    let key = |hour: &str| plimsoll_domain::ids::HourKey {
        tenant: "acme".parse().expect("slug"),
        series: "web".parse().expect("a series"),
        hour: hour.parse::<plimsoll_domain::time::Timestamp>().expect("an instant").hour(),
    };
    let mut flags = Vec::new();
    for hour in ["2026-11-08T01:00:00Z", "2026-11-08T02:00:00Z", "2026-11-08T03:00:00Z"] {
        let held = world.store.sample_hours(&[key(hour)]).await.expect("a store");
        flags.extend(held[&key(hour)].iter().map(|sample| sample.maintenance));
    }
    assert_eq!(flags, [false, true, true, false]);
}

#[rstest]
#[case("body", json!(""), &["/body"])]
#[case("verify_minutes", json!(1_441), &["/verify_minutes"])]
#[case("verify_minutes", json!(-1), &["/verify_minutes"])]
#[case("remind_minutes", json!(20_161), &["/remind_minutes"])]
#[case("remind_minutes", json!(4_294_967_295_u32), &["/remind_minutes"])]
#[case("recurrence", json!({"rule": "every sunday"}), &["/recurrence"])]
#[case("recurrence", json!({"rule": "FREQ=HOURLY"}), &["/recurrence"])]
#[case("recurrence", json!({"rule": "FREQ=WEEKLY", "time_zone": "Mars/Olympus"}), &["/recurrence/time_zone"])]
#[case("recurrence", json!({"rule": "FREQ=WEEKLY", "until": "x"}), &["/recurrence/until"])]
#[case("ends_at", json!("2026-11-20T03:00:00Z"), &["/recurrence"])]
#[case("starts_at", json!("soon"), &["/starts_at"])]
#[case("ends_at", json!("late"), &["/ends_at"])]
#[case("components", json!(["none"]), &["/components/0", "/components"])]
#[case("title", json!(""), &["/title"])]
#[case("told_until", json!("2026-11-20T03:00:00Z"), &["/told_until"])]
#[tokio::test]
async fn a_maintenance_that_makes_no_sense_is_refused(
    #[case] field: &str,
    #[case] value: Value,
    #[case] pointers: &[&str],
) {
    let (world, _, operator) = world().await;
    let mut body = weekly();
    body[field] = value.clone();
    assert_eq!(world.post(&operator, MAINTENANCES, body).await.problem(422), pointers);
    world.post(&operator, MAINTENANCES, weekly()).await.expect(201);
    assert_eq!(world.patch(&operator, WEEKLY, json!({field: value})).await.problem(422), pointers);
}

#[tokio::test]
async fn minutes_that_cannot_be_are_told_with_the_other_faults_and_what_was_expected() {
    let (world, _, operator) = world().await;
    let mut body = weekly();
    (body["title"], body["remind_minutes"], body["verify_minutes"]) = (json!(""), json!(-3), json!(i64::MAX));
    let refused = world.post(&operator, MAINTENANCES, body).await.expect(422);
    let details: Vec<_> = refused.body["errors"].as_array().expect("errors").iter().map(|one| &one["detail"]).collect();
    assert_eq!(
        details,
        ["expected 1 to 200 characters, got 0", "expected 0 to 1440 minutes", "expected 0 to 20160 minutes"]
    );
}

#[tokio::test]
async fn maintenance_is_a_tenants_own_operators() {
    let (world, admin, operator) = world().await;
    let stranger = world.tenant("other").await;
    let viewer = world.key(&admin, "acme", "viewer").await;
    world.post(&operator, MAINTENANCES, weekly()).await.expect(201);
    world.get(&stranger, WEEKLY).await.problem(404);
    world.patch(&stranger, WEEKLY, json!({})).await.problem(404);
    world.get(&viewer, WEEKLY).await.expect(200);
    world.patch(&viewer, WEEKLY, json!({})).await.problem(403);
    world.get(&operator, "/tenants/acme/maintenances/none").await.problem(404);
    world.patch(&operator, "/tenants/acme/maintenances/none", json!({})).await.problem(404);
}

#[tokio::test]
async fn what_is_over_takes_nobodys_place() {
    let (world, _, operator) = world().await;
    let now = world.clock.now();
    let (tenant, web) = ("acme".parse().expect("slug"), vec!["web".parse().expect("slug")]);
    let all = (0..MAX_MAINTENANCES).map(|number| {
        let id = format!("old-{number}").parse().expect("slug");
        let span = now.minus(Span::hours(2))..now.plus(Span::hours(1));
        Maintenance::once(Clone::clone(&tenant), id, "Disks", web.clone(), span)
    });
    for held in all {
        world.store.create_maintenance(&held).await.expect("stored");
    }
    world.post(&operator, MAINTENANCES, weekly()).await.problem(409);
    world.clock.advance(Span::hours(1));
    world.post(&operator, MAINTENANCES, weekly()).await.expect(201);
}
