//! Subscribing by the page, and the links in mails.

use std::sync::Arc;

use axum::http::StatusCode;
use plimsoll_domain::subscriber::Subscriber;
use plimsoll_store::Store;

use super::{World, ask, bytes, header, id, pick, text};
use crate::samples;

async fn world() -> World {
    World::with_subscribers(vec![samples::busy()]).await
}

fn store(world: &World) -> &Arc<dyn Store> {
    world.subscribers.as_ref().expect("somewhere to keep subscribers")
}

async fn all(world: &World) -> Vec<Subscriber> {
    store(world).subscribers(&id("acme"), None, 100).await.expect("a list")
}

fn links(held: &Subscriber, part: &str) -> String {
    format!("/s/acme{part}?id={}&token={}", held.id, held.token.expose())
}

#[tokio::test]
async fn somebody_subscribes_confirms_chooses_and_leaves() {
    let world = world().await;
    let (status, html) = world.get("/s/acme/subscribe").await;
    assert_eq!((status, pick(&html, "form").len()), (StatusCode::OK, 1));
    let form = "kind=email&address=ops%40example.org&components=api&events=incident&website=";
    let response = world.post("/s/acme/subscribe", form).await;
    assert_eq!(response.status(), StatusCode::OK);
    let held = all(&world).await.pop().expect("a subscriber");
    assert!(!held.is_active() && held.components.len() == 1 && held.created_by == "public");
    assert_eq!(held.locale.as_deref(), Some("en"));
    let confirm = links(&held, "/subscribe/confirm");
    assert_eq!(world.get(&confirm).await.0, StatusCode::OK);
    assert!(!all(&world).await[0].is_active(), "a mail program that looks at links confirms nothing");
    assert_eq!(world.post(&confirm, "").await.status(), StatusCode::OK);
    assert!(all(&world).await[0].is_active());
    let manage = links(&held, "/subscribe/manage");
    let (status, html) = world.get(&manage).await;
    assert!(status == StatusCode::OK && html.contains("o•••@example.org") && !html.contains("ops@example.org"));
    assert_eq!(
        world.post(&manage, "components=nothing&events=maintenance").await.status(),
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(world.post(&manage, "events=maintenance").await.status(), StatusCode::OK);
    assert!(all(&world).await[0].components.is_empty());
    let leave = links(&held, "/unsubscribe");
    assert_eq!(world.get(&leave).await.0, StatusCode::OK);
    assert_eq!(all(&world).await.len(), 1, "asking whether ends nothing");
    assert_eq!(world.post(&leave, "").await.status(), StatusCode::OK);
    assert!(all(&world).await.is_empty());
    assert_eq!(world.post(&leave, "").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn one_click_ends_it_and_may_be_clicked_twice() {
    let world = world().await;
    world.post("/s/acme/subscribe", "kind=email&address=ops%40example.org").await;
    let held = all(&world).await.pop().expect("a subscriber");
    // From a mail provider, of a page that has become private.
    world.settle(|page| page.access.private = true);
    world.pass(10);
    let leave = links(&held, "/unsubscribe");
    let response = world.post(&leave, "List-Unsubscribe=One-Click").await;
    assert_eq!((response.status(), bytes(response).await), (StatusCode::OK, b"unsubscribed\n".to_vec()));
    assert!(all(&world).await.is_empty());
    world.settle(|page| page.access.private = false);
    world.pass(10);
    assert_eq!(world.post(&leave, "List-Unsubscribe=One-Click").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn nobody_learns_who_is_subscribed() {
    let world = world().await;
    let form = "kind=email&address=ops%40example.org";
    let first = text(world.post("/s/acme/subscribe", form).await).await;
    let held = all(&world).await.pop().expect("a subscriber");
    assert_eq!(text(world.post("/s/acme/subscribe", form).await).await, first);
    world.post(&links(&held, "/subscribe/confirm"), "").await;
    assert_eq!(text(world.post("/s/acme/subscribe", form).await).await, first);
    let bait = format!("{form}x&website=https%3A%2F%2Fspam.example");
    assert_eq!(text(world.post("/s/acme/subscribe", &bait).await).await, first);
    assert_eq!(all(&world).await.len(), 1, "whoever fills in what nobody sees is a program");
}

#[tokio::test]
async fn what_cannot_be_is_refused_where_it_stands() {
    let world = world().await;
    for form in [
        "kind=email&address=nobody",
        "kind=pigeon&address=a%40b.example",
        "kind=email&address=a%40b.example&components=nothing",
        "kind=email&address=a%40b.example&events=nothing",
        "",
    ] {
        let response =
            ask(&world.app, ("POST", "/s/acme/subscribe", &format!("198.51.100.{}", form.len())), &[], form).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{form}");
    }
    let long = format!("address={}", "a".repeat(9_000));
    assert_eq!(world.post("/s/acme/subscribe", &long).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(all(&world).await.is_empty());
    for path in ["/subscribe/confirm", "/subscribe/manage?id=sub-1", "/unsubscribe?id=sub-1&token=x"] {
        assert_eq!(world.get(&format!("/s/acme{path}")).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn five_a_minute_are_taken_from_one_client() {
    let world = world().await;
    let form = |number: i32| format!("kind=email&address=ops{number}%40example.org");
    for number in 0..5 {
        assert_eq!(world.post("/s/acme/subscribe", &form(number)).await.status(), StatusCode::OK);
    }
    let refused = world.post("/s/acme/subscribe", &form(5)).await;
    assert_eq!((refused.status(), header(&refused, "retry-after")), (StatusCode::TOO_MANY_REQUESTS, "12"));
    assert_eq!(all(&world).await.len(), 5);
    let other = ask(&world.app, ("POST", "/s/acme/subscribe", "198.51.100.1"), &[], &form(6)).await;
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_page_that_takes_nobody_has_no_form() {
    let world = world().await;
    world.settle(|page| page.subscribable = false);
    assert_eq!(world.get("/s/acme/subscribe").await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.post("/s/acme/subscribe", "address=a%40b.example").await.status(), StatusCode::NOT_FOUND);
    let response = world.post("/s/acme/api/v2/subscribers.json", "subscriber[email]=a%40b.example").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn programs_subscribe_as_they_do_at_statuspage() {
    let world = world().await;
    let path = "/s/acme/api/v2/subscribers.json";
    let json = r#"{"subscriber":{"email":"ops@example.org","component_ids":["api"]}}"#;
    let response = world.ask("POST", path, &[("content-type", "application/json")], json).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let said: serde_json::Value = serde_json::from_str(&text(response).await).expect("JSON");
    let held = all(&world).await.pop().expect("a subscriber");
    assert_eq!(said["subscriber"]["id"], held.id.as_str());
    assert_eq!(
        (&said["subscriber"]["mode"], &said["subscriber"]["email"]),
        (&"email".into(), &"ops@example.org".into())
    );
    assert_eq!(held.components.len(), 1);
    let form = "subscriber[email]=a%40b.example&subscriber[endpoint]=https%3A%2F%2Fhook.example%2Fx";
    let response = world.post(path, form).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    assert!(text(response).await.contains("\"mode\":\"webhook\""));
    for wrong in
        ["", "{}", "subscriber[email]=nobody", "subscriber[email]=a%40b.example&subscriber[component_ids][]=none"]
    {
        let response = world.post(path, wrong).await;
        assert!(
            [StatusCode::UNPROCESSABLE_ENTITY, StatusCode::TOO_MANY_REQUESTS].contains(&response.status()),
            "{wrong}"
        );
        assert_eq!(header(&response, "content-type"), "application/problem+json", "{wrong}");
    }
}

#[tokio::test]
async fn a_webhooks_secret_is_shown_once() {
    let world = world().await;
    world.post("/s/acme/subscribe", "kind=webhook&address=https%3A%2F%2Fhook.example%2Fx").await;
    let held = all(&world).await.pop().expect("a subscriber");
    let confirm = links(&held, "/subscribe/confirm");
    assert!(text(world.post(&confirm, "").await).await.contains("whsec_"));
    assert!(!text(world.post(&confirm, "").await).await.contains("whsec_"));
}

#[tokio::test]
async fn a_form_says_nothing_of_an_address_that_was_asked_too_often() {
    let world = world().await;
    let form = "kind=email&address=ops%40example.org";
    let first = text(world.post("/s/acme/subscribe", form).await).await;
    for _ in 0..3 {
        for held in all(&world).await {
            assert!(store(&world).remove_subscriber(&id("acme"), &held.id).await.expect("removes"));
        }
        let response = world.post("/s/acme/subscribe", form).await;
        assert_eq!((response.status(), text(response).await), (StatusCode::OK, first.clone()));
    }
    assert!(all(&world).await.is_empty(), "the fourth was not stored, and so nothing is sent");
}

#[tokio::test]
async fn what_the_form_does_not_show_is_kept() {
    let world = world().await;
    world.post("/s/acme/subscribe", "kind=email&address=ops%40example.org&components=api").await;
    let held = all(&world).await.pop().expect("a subscriber");
    world.post(&links(&held, "/subscribe/confirm"), "").await;
    let held = all(&world).await.pop().expect("a subscriber");
    let wanted = ["gone", "api"].map(|id| id.parse().expect("an id"));
    let both = held.rechosen(wanted.clone().into(), held.events.clone());
    store(&world).change_subscriber(&both).await.expect("changes");
    let manage = links(&held, "/subscribe/manage");
    for (form, expected) in [("", &wanted[..1]), ("components=api", &wanted[..])] {
        assert_eq!(world.post(&manage, form).await.status(), StatusCode::OK);
        let held = all(&world).await.pop().expect("a subscriber").components;
        assert_eq!(held, expected.iter().cloned().collect(), "{form}");
    }
}
