//! What is held, when it is renewed, and what is shown when it cannot be.

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::time::{Clock, Timestamp};
use tower::ServiceExt;

use super::{Mood, World, header, named, pick};
use crate::samples;
use crate::tenants::SECOND_LOOKS;

#[tokio::test]
async fn a_tenant_without_samples_gets_a_friendly_page() {
    let world = World::new(vec![]);
    world.store.admit("acme");
    let (status, html) = world.get("/s/acme").await;
    assert_eq!((status, pick(&html, "h1")), (StatusCode::OK, vec!["No samples yet".to_owned()]));
    let json = world.json("/public/status").await;
    assert_eq!((&json["overall"], &json["as_of"]), (&"unknown".into(), &serde_json::Value::Null));
    world.put(samples::quiet());
    world.pass(2);
    world.get("/s/acme").await;
    world.site.settled().await;
    assert_eq!(pick(&world.get("/s/acme").await.1, "h1"), ["All systems operational"]);
}

#[tokio::test]
async fn the_store_is_asked_once_however_many_come() {
    let world = World::new(vec![samples::busy()]);
    let (a, b, c) = tokio::join!(world.get("/s/acme"), world.get("/s/acme"), world.get("/"));
    assert!([a, b, c].iter().all(|(status, _)| *status == StatusCode::OK));
    assert_eq!(world.store.reads.load(Ordering::Relaxed), 1);
    world.pass(1);
    let _ = tokio::join!(world.get("/s/acme"), world.get("/s/acme"), world.get("/"));
    world.site.settled().await;
    assert_eq!(world.store.reads.load(Ordering::Relaxed), 2);
    world.get("/s/acme").await;
    world.site.settled().await;
    assert_eq!(world.store.reads.load(Ordering::Relaxed), 2, "a second has not passed");
}

#[tokio::test]
async fn names_out_of_the_air_reach_the_store_only_so_often_in_a_second() {
    let world = World::new(vec![samples::busy()]);
    let most = 1 + usize::try_from(SECOND_LOOKS).expect("a small number");
    for lists in [most, 2 * most] {
        for number in 0..100 {
            assert_eq!(world.get(&format!("/s/nobody-{number}")).await.0, StatusCode::NOT_FOUND);
        }
        let asked = (world.store.lists.load(Ordering::Relaxed), world.store.reads.load(Ordering::Relaxed));
        assert_eq!(asked, (lists, 0));
        world.pass(1);
    }
}

#[tokio::test]
async fn those_who_come_while_the_store_is_asked_share_the_next_look() {
    let world = World::new(vec![samples::busy()]);
    world.get("/s/nobody").await;
    let mut all = tokio::task::JoinSet::new();
    for number in 0..100 {
        let request = Request::builder().uri(format!("/s/nobody-{number}")).body(Body::empty()).expect("a request");
        all.spawn(world.app.clone().oneshot(request));
    }
    let statuses = all.join_all().await.into_iter().map(|answer| answer.expect("a router does not fail").status());
    assert!(statuses.into_iter().all(|status| status == StatusCode::NOT_FOUND));
    assert_eq!(world.store.lists.load(Ordering::Relaxed), 3, "the list, one look for the first, one for all others");
}

#[tokio::test]
async fn a_tenant_made_a_moment_ago_is_served_at_once() {
    let world = World::new(vec![samples::busy()]);
    for (slug, path) in [("new", "/s/new"), ("newer", "/public/status?tenant=newer")] {
        assert_eq!(world.get(path).await.0, StatusCode::NOT_FOUND);
        world.store.admit(slug);
        assert_eq!(world.get(path).await.0, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_snapshot_from_ahead_of_the_clock_is_not_shown_as_fresh() {
    let world = World::new(vec![samples::quiet()]);
    world.get("/s/acme").await;
    world.pass(-60);
    assert!(pick(&world.get("/s/acme").await.1, ".stale").is_empty(), "one tick is within what clocks may differ");
    world.pass(-240);
    for path in ["/s/acme", "/s/acme/incidents"] {
        let (_, html) = world.get(path).await;
        let said = "Last known state, as of 12:03 UTC, which is ahead of the clock.";
        assert_eq!(pick(&html, ".stale strong"), [said], "{path}");
        assert!(pick(&html, ".as-of")[0].ends_with("12:03 UTC"), "{path}");
    }
    let json = world.json("/public/status?tenant=acme").await;
    assert_eq!((&json["stale"], &json["age_seconds"]), (&true.into(), &0.into()));
    world.pass(300);
    assert!(pick(&world.get("/s/acme").await.1, ".stale").is_empty(), "the clock is right again");
}

#[tokio::test]
async fn a_newer_snapshot_shows_after_it_was_fetched_in_the_background() {
    let world = World::new(vec![samples::quiet()]);
    world.get("/s/acme").await;
    world.put(StatusSnapshot { as_of: Timestamp::from_millis(samples::noon().millis() + 60_000), ..samples::busy() });
    world.pass(2);
    assert_eq!(pick(&world.get("/s/acme").await.1, "h1"), ["All systems operational"], "nobody waits");
    world.site.settled().await;
    assert_eq!(pick(&world.get("/s/acme").await.1, "h1"), ["API is down"]);
}

#[tokio::test]
async fn the_first_to_look_after_a_while_sees_what_is_true_now() {
    let world = World::new(vec![samples::quiet()]);
    world.get("/s/acme").await;
    world.put(StatusSnapshot { as_of: Timestamp::from_millis(samples::noon().millis() + 60_000), ..samples::busy() });
    world.pass(60);
    assert_eq!(pick(&world.get("/s/acme").await.1, "h1"), ["API is down"]);
}

#[tokio::test]
async fn while_the_store_is_away_the_page_stays_and_says_how_old_it_is() {
    let world = World::new(vec![samples::quiet()]);
    world.get("/s/acme").await;
    world.mood(Mood::Failing);
    world.pass(150);
    assert!(pick(&world.get("/s/acme").await.1, ".stale").is_empty());
    for (seconds, age) in [(90, "4 minutes ago"), (59, "4 minutes ago"), (1, "5 minutes ago")] {
        world.pass(seconds);
        let (status, html) = world.get("/s/acme").await;
        world.site.settled().await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(pick(&html, ".stale strong"), [format!("Last known state, as of 12:03 UTC, {age}.")]);
        assert_eq!(pick(&html, ".eyebrow"), ["Last known"]);
    }
    let json = world.json("/public/status?tenant=acme").await;
    assert_eq!((&json["stale"], &json["age_seconds"]), (&true.into(), &300.into()));
    world.mood(Mood::Well);
    world.put(StatusSnapshot { as_of: world.clock.now(), ..samples::quiet() });
    world.pass(1);
    world.get("/s/acme").await;
    world.site.settled().await;
    assert!(pick(&world.get("/s/acme").await.1, ".stale").is_empty());
}

#[tokio::test]
async fn when_the_jobs_are_dead_the_page_says_so_too() {
    let world = World::new(vec![samples::quiet()]);
    world.get("/s/acme").await;
    world.pass(240);
    assert_eq!(pick(&world.get("/s/acme").await.1, ".stale").len(), 1, "the store answers, and as_of does not move");
}

#[tokio::test]
async fn with_nothing_known_and_the_store_away_it_is_503_and_asks_to_come_back() {
    let world = World::new(vec![samples::quiet()]);
    world.mood(Mood::Failing);
    let response = world.send("GET", "/s/acme", &[]).await;
    assert_eq!((response.status(), header(&response, "retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "5"));
    assert_eq!(header(&response, "cache-control"), "no-store");
    let response = world.send("GET", "/public/status", &[]).await;
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    world.mood(Mood::Well);
    world.pass(1);
    assert_eq!(world.get("/s/acme").await.0, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_given_two_seconds() {
    let world = World::new(vec![samples::quiet()]);
    world.mood(Mood::Hanging);
    let started = tokio::time::Instant::now();
    assert_eq!(world.get("/s/acme").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(started.elapsed().as_secs(), 2);
}

#[tokio::test]
async fn a_restarted_site_shows_what_it_kept_on_disk() {
    let world = World::new(vec![samples::busy(), named("other")]);
    world.get("/s/acme").await;
    world.site.settled().await;
    let world = world.restarted();
    world.mood(Mood::Failing);
    world.pass(300);
    let (status, html) = world.get("/").await;
    assert_eq!((status, pick(&html, "h1")), (StatusCode::OK, vec!["API is down".to_owned()]));
    assert!(pick(&html, ".stale strong")[0].contains("5 minutes ago"));
    assert_eq!(world.get("/s/other").await.0, StatusCode::SERVICE_UNAVAILABLE, "nobody looked at it before");
}

#[tokio::test]
async fn a_tenant_that_is_gone_is_forgotten() {
    let world = World::new(vec![samples::quiet()]);
    world.get("/s/acme").await;
    world.store.snapshots.lock().expect("no panic").clear();
    world.store.pages.lock().expect("no panic").clear();
    world.pass(2);
    world.get("/s/acme").await;
    world.site.settled().await;
    assert_eq!(world.get("/s/acme").await.0, StatusCode::NOT_FOUND);
}
