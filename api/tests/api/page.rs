//! What is settled about a page.

use rstest::rstest;
use serde_json::{Value, json};

use crate::common::World;

pub(crate) const PAGE: &str = "/tenants/acme/page";

pub(crate) async fn world() -> (World, String) {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    world.component(&admin, "acme", "web", "push").await;
    world.component(&admin, "acme", "db", "push").await;
    (world, admin)
}

/// What is stored of the page.
async fn stored(world: &World) -> plimsoll_domain::page::PageConfig {
    let config = world.store.page_config(&"acme".parse().expect("slug")).await.expect("a store");
    config.expect("something was settled")
}

#[tokio::test]
async fn a_page_is_settled_and_read_back() {
    let (world, admin) = world().await;
    let before = world.get(&admin, PAGE).await.expect(200);
    assert_eq!((before.header("etag"), &before.body["time_zone"]), ("\"v0\"", &json!("UTC")));
    assert_eq!((&before.body["subscribable"], &before.body["auto_incident"]), (&json!(true), &json!("publish")));
    let body = json!({"title": " Acme ", "header": "All of it.", "links": [{"label": "Help", "url": "https://a.example/"}],
        "colour": "#0b5c8a", "colour_dark": "#9fd3ff", "locale": "sv-SE", "time_zone": "Europe/Stockholm",
        "groups": ["Front"], "components": ["web", "db"], "hidden": ["db"], "auto_incident": "draft",
        "subscribable": false, "access": {"private": true, "networks": ["192.0.2.9/24", "2001:db8::1"]}});
    let put = world.matching("PUT", &admin, (PAGE, before.header("etag")), body).await.expect(200);
    let expected = json!({"title": "Acme", "header": "All of it.", "links": [{"label": "Help", "url": "https://a.example/"}],
        "colour": "#0b5c8a", "colour_dark": "#9fd3ff", "locale": "sv", "time_zone": "Europe/Stockholm",
        "groups": ["Front"], "components": ["web", "db"], "hidden": ["db"], "auto_incident": "draft",
        "subscribable": false, "access": {"private": true, "has_password": false, "link_count": 0,
        "networks": ["192.0.2.0/24", "2001:db8::1/128"]}, "logo": null, "hosts": [], "version": 1});
    assert_eq!((&put.body, put.header("etag")), (&expected, "\"v1\""));
    assert_eq!(world.get(&admin, PAGE).await.expect(200).body, expected);
    world.matching("PUT", &admin, (PAGE, "\"v0\""), json!({})).await.problem(412);
    world.delete(&admin, "/tenants/acme/components/db").await.expect(204);
    world.put(&admin, PAGE, json!({"components": ["web", "db"], "hidden": ["db"]})).await.expect(200);
}

#[tokio::test]
async fn without_access_it_stays_as_it_was_and_the_rest_is_replaced() {
    let (world, admin) = world().await;
    let closed = json!({"title": "Acme", "access": {"private": true, "password": "long enough"}});
    world.put(&admin, PAGE, closed).await.expect(200);
    let after = world.put(&admin, PAGE, json!({})).await.expect(200).body;
    assert_eq!((&after["title"], &after["access"]["private"]), (&Value::Null, &json!(true)));
    assert_eq!(after["access"]["has_password"], true);
}

#[tokio::test]
async fn a_password_is_hashed_kept_and_removed_and_shown_to_nobody() {
    let (world, admin) = world().await;
    let access = |access: Value| json!({"access": access});
    let put = world.put(&admin, PAGE, access(json!({"private": true, "password": "correct horse"}))).await.expect(200);
    assert!(put.body["access"]["has_password"] == true && !put.text.contains("horse") && !put.text.contains("argon2"));
    let first = stored(&world).await.access;
    let hash = first.password_hash.expect("a hash");
    assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
    world.put(&admin, PAGE, access(json!({"private": true}))).await.expect(200);
    let kept = stored(&world).await.access;
    assert_eq!((kept.password_hash.as_ref(), kept.epoch), (Some(&hash), first.epoch), "nothing changed");
    world.put(&admin, PAGE, access(json!({"private": true, "networks": ["10.0.0.0/8"]}))).await.expect(200);
    assert_eq!(stored(&world).await.access.epoch, first.epoch + 1);
    world.put(&admin, PAGE, access(json!({"private": true, "password": "correct horse"}))).await.expect(200);
    let anew = stored(&world).await.access;
    assert_ne!(anew.password_hash.as_ref(), Some(&hash), "salted anew");
    assert_eq!(anew.epoch, first.epoch + 2);
    let removed = world.put(&admin, PAGE, access(json!({"private": true, "password": null}))).await.expect(200).body;
    assert_eq!((&removed["access"]["has_password"], stored(&world).await.access.password_hash), (&json!(false), None));
}

#[tokio::test]
async fn epochs_begin_elsewhere_for_each_page_so_that_no_cookie_is_good_for_another_of_its_name() {
    let (world, admin) = world().await;
    let other = world.tenant("other").await;
    let closed = json!({"access": {"private": true, "password": "correct horse"}});
    world.put(&admin, PAGE, closed.clone()).await.expect(200);
    world.put(&other, "/tenants/other/page", closed).await.expect(200);
    let theirs = world.store.page_config(&"other".parse().expect("slug")).await.expect("a store").expect("settled");
    let (ours, theirs) = (stored(&world).await.access.epoch, theirs.access.epoch);
    assert!(ours != theirs && ours > 0 && i64::try_from(ours).is_ok(), "{ours} {theirs}");
}

#[rstest]
#[case(json!({"title": ""}), &["/title"])]
#[case(json!({"header": "x".repeat(1_001)}), &["/header"])]
#[case(json!({"links": [{"label": "", "url": "javascript:alert(1)"}]}), &["/links/0/label", "/links/0/url"])]
#[case(json!({"links": [{"label": "a", "url": "https://a.example/", "x": 1}]}), &["/links/0/x"])]
#[case(json!({"colour": "#ffd54a", "colour_dark": "#000000"}), &["/colour", "/colour_dark"])]
#[case(json!({"colour": "red", "colour_dark": "x"}), &["/colour", "/colour_dark"])]
#[case(json!({"locale": "tlh", "time_zone": "Mars/Olympus"}), &["/locale", "/time_zone"])]
#[case(json!({"groups": ["", "Front"]}), &["/groups/0"])]
#[case(json!({"components": ["web", "none"], "hidden": ["A B"]}), &["/components/1", "/hidden/0"])]
#[case(json!({"auto_incident": "maybe", "title": ""}), &["/auto_incident", "/title"])]
#[case(json!({"access": {}}), &["/access/private"])]
#[case(json!({"access": {"private": true, "password": "short", "networks": ["10.0.0.0/33"]}}), &["/access/networks/0", "/access/password"])]
#[case(json!({"access": {"private": true, "password": "x".repeat(129)}}), &["/access/password"])]
#[case(json!({"access": {"private": true, "links": []}}), &["/access/links"])]
#[case(json!({"logo": null}), &["/logo"])]
#[tokio::test]
async fn what_cannot_be_shown_is_named_by_its_field(#[case] body: Value, #[case] pointers: &[&str]) {
    let (world, admin) = world().await;
    assert_eq!(world.put(&admin, PAGE, body).await.problem(422), pointers);
}

#[tokio::test]
async fn a_page_is_settled_by_its_own_admins() {
    let (world, admin) = world().await;
    let stranger = world.tenant("other").await;
    let (viewer, operator) = (world.key(&admin, "acme", "viewer").await, world.key(&admin, "acme", "operator").await);
    world.get(&stranger, PAGE).await.problem(404);
    world.put(&stranger, PAGE, json!({})).await.problem(404);
    world.get(&viewer, PAGE).await.expect(200);
    for key in [&viewer, &operator] {
        world.put(key, PAGE, json!({})).await.problem(403);
    }
}
