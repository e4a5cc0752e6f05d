//! Links that let their holders see a private page.

use rstest::rstest;
use serde_json::json;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::pass;
use plimsoll_domain::time::{Clock, Span};

use crate::common::World;
use crate::page::{PAGE, world};

const LINKS: &str = "/tenants/acme/page/links";

/// Whether `url` lets its holder in now.
async fn lets_in(world: &World, url: &str) -> bool {
    let tenant: TenantId = "acme".parse().expect("slug");
    let token = url.strip_prefix("https://status.example/s/acme?access=").expect("a link to the page");
    let pass = pass::open(world.sealer.as_ref(), &tenant, token).expect("a pass");
    assert!(pass::open(world.sealer.as_ref(), &"other".parse().expect("slug"), token).is_none());
    let config = world.store.page_config(&tenant).await.expect("a store").expect("settled");
    pass.lets_in(&config.access, world.clock.now())
}

#[tokio::test]
async fn a_link_is_shown_once_and_lets_in_until_it_is_revoked_or_ends() {
    let (world, admin) = world().await;
    world.put(&admin, PAGE, json!({"access": {"private": true}})).await.expect(200);
    let made = world.post(&admin, LINKS, json!({"name": "Board"})).await.expect(201);
    let short = json!({"name": "Auditor", "expires_at": "2026-11-01T13:00:00Z"});
    let short = world.post(&admin, LINKS, short).await.expect(201);
    let url = |of: &crate::common::Answer| of.body["url"].as_str().expect("a link").to_owned();
    assert!(lets_in(&world, &url(&made)).await && lets_in(&world, &url(&short)).await);
    let listed = world.get(&admin, LINKS).await.expect(200);
    assert_eq!(listed.body["items"][0]["name"], "Board");
    assert!(!listed.text.contains("access="), "{}", listed.text);
    world.put(&admin, PAGE, json!({"access": {"private": true, "password": "long enough"}})).await.expect(200);
    assert_eq!(world.get(&admin, PAGE).await.expect(200).body["access"]["link_count"], 2, "a PUT keeps the links");
    assert!(lets_in(&world, &url(&made)).await, "a new password ends no link");
    world.clock.advance(Span::hours(1));
    assert!(lets_in(&world, &url(&made)).await && !lets_in(&world, &url(&short)).await);
    world.delete(&admin, made.header("location")).await.expect(204);
    assert!(!lets_in(&world, &url(&made)).await);
    world.delete(&admin, made.header("location")).await.problem(404);
}

#[rstest]
#[case(json!({}), "/name")]
#[case(json!({"name": " "}), "/name")]
#[case(json!({"name": "x".repeat(81)}), "/name")]
#[case(json!({"name": "x", "expires_at": "soon"}), "/expires_at")]
#[case(json!({"name": "x", "expires_at": "2026-11-01T12:00:00Z"}), "/expires_at")]
#[case(json!({"name": "x", "for": "me"}), "/for")]
#[tokio::test]
async fn a_link_that_makes_no_sense_is_refused(#[case] body: serde_json::Value, #[case] pointer: &str) {
    let (world, admin) = world().await;
    assert_eq!(world.post(&admin, LINKS, body).await.problem(422), [pointer]);
}

#[tokio::test]
async fn a_page_has_at_most_100_links() {
    let (world, admin) = world().await;
    for number in 0..100 {
        world.post(&admin, LINKS, json!({"name": format!("No. {number}")})).await.expect(201);
    }
    world.post(&admin, LINKS, json!({"name": "One more"})).await.problem(409);
    world.put(&admin, PAGE, json!({})).await.expect(200);
}

#[tokio::test]
async fn links_are_made_by_a_pages_own_admins() {
    let (world, admin) = world().await;
    let stranger = world.tenant("other").await;
    let viewer = world.key(&admin, "acme", "viewer").await;
    let made = world.post(&admin, LINKS, json!({"name": "Board"})).await.expect(201);
    for (key, status) in [(&stranger, 404), (&viewer, 403)] {
        world.post(key, LINKS, json!({"name": "Mine"})).await.problem(status);
        world.delete(key, made.header("location")).await.problem(status);
    }
    world.get(&stranger, LINKS).await.problem(404);
    world.get(&viewer, LINKS).await.expect(200);
}
