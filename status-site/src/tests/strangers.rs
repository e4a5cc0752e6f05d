//! What others do to a private page and its readers, and what they may learn by it.

use std::sync::atomic::Ordering;

use axum::http::StatusCode;

use super::private::{seen, world};
use super::{ask, header, id};

/// The address of somebody in one of the networks of `acme`.
const INSIDE: &str = "192.0.2.9";

#[tokio::test]
async fn no_page_of_another_site_makes_a_reader_send_a_form() {
    let world = world().await;
    let (form, json) = ("kind=email&address=evil%40evil.example", "subscriber[email]=evil%40evil.example");
    let own = ("host", "status.example.org");
    let subscribers = world.subscribers.clone().expect("somewhere to keep subscribers");
    for said in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")]
    {
        for slug in ["acme", "open", "none"] {
            for (path, body) in [
                ("subscribe", form),
                ("api/v2/subscribers.json", json),
                ("login", "password=open+sesame"),
                ("subscribe/confirm?id=sub-1&token=x", ""),
                ("subscribe/manage?id=sub-1&token=x", ""),
            ] {
                let path = format!("/s/{slug}/{path}");
                let response = ask(&world.app, ("POST", &path, INSIDE), &[own, said], body).await;
                assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path} {said:?}");
                assert_eq!(header(&response, "content-type"), "application/problem+json");
            }
        }
        assert_eq!(subscribers.subscribers(&id("acme"), None, 9).await.expect("a list"), []);
    }
    let crossing = [own, ("sec-fetch-site", "cross-site")];
    let from_link = ask(&world.app, ("GET", "/s/acme/subscribe", INSIDE), &crossing, "").await;
    assert_eq!(from_link.status(), StatusCode::OK, "a link from elsewhere leads here");
    for said in [("sec-fetch-site", "same-origin"), ("origin", "https://status.example.org"), ("x-none", "")] {
        let response = ask(&world.app, ("POST", "/s/acme/subscribe", INSIDE), &[own, said], form).await;
        assert_eq!(response.status(), StatusCode::OK, "{said:?}");
    }
    assert_eq!(subscribers.subscribers(&id("acme"), None, 9).await.expect("a list").len(), 1);
}

#[tokio::test]
async fn a_mail_alone_confirms_nothing_of_a_private_page_and_chooses_nothing() {
    let world = world().await;
    let subscribers = world.subscribers.clone().expect("somewhere to keep subscribers");
    let form = "kind=email&address=ops%40example.org";
    ask(&world.app, ("POST", "/s/acme/subscribe", INSIDE), &[], form).await;
    let held = async || subscribers.subscribers(&id("acme"), None, 9).await.expect("a list").pop();
    let one = held().await.expect("a subscriber");
    let link = |slug: &str, part: &str| format!("/s/{slug}{part}?id={}&token={}", one.id, one.token.expose());
    for part in ["/subscribe/confirm", "/subscribe/manage"] {
        for method in ["GET", "POST"] {
            let hidden = world.send(method, &link("acme", part), &[]).await;
            let absent = world.send(method, &link("none", part), &[]).await;
            assert_eq!(seen(hidden, "acme").await, seen(absent, "none").await, "{method} {part}");
        }
    }
    assert_eq!(held().await.as_ref(), Some(&one));
    let confirmed = ask(&world.app, ("POST", &link("acme", "/subscribe/confirm"), INSIDE), &[], "").await;
    assert!(confirmed.status() == StatusCode::OK && held().await.is_some_and(|one| one.is_active()));
    let chosen = ask(&world.app, ("POST", &link("acme", "/subscribe/manage"), INSIDE), &[], "events=incident").await;
    assert_eq!(chosen.status(), StatusCode::OK);
    let elsewhere = [("sec-fetch-site", "cross-site"), ("origin", "https://mail.example")];
    let left = world.ask("POST", &link("acme", "/unsubscribe"), &elsewhere, "List-Unsubscribe=One-Click").await;
    assert_eq!((left.status(), held().await), (StatusCode::OK, None), "whoever holds the mail may leave");
}

#[tokio::test]
async fn nothing_is_read_or_made_for_those_who_may_not_see_a_page() {
    let world = world().await;
    let reads = || world.store.reads.load(Ordering::Relaxed);
    let lists = || world.store.lists.load(Ordering::Relaxed);
    // Of how often the store is asked, and for what, nobody learns anything either.
    let cost = async |method: &str, path: &str, body: &str| {
        let before = (reads(), lists());
        let status = world.ask(method, path, &[], body).await.status();
        world.site.settled().await;
        (status, reads() - before.0, lists() - before.1)
    };
    for round in 0..3 {
        for (method, part, body) in
            [("GET", "", ""), ("GET", "/feed.atom", ""), ("POST", "/login", "password=x"), ("POST", "/subscribe", "")]
        {
            for seconds in [0, 2, 60] {
                world.pass(seconds);
                let hidden = cost(method, &format!("/s/acme{part}"), body).await;
                world.pass(if seconds == 0 { 0 } else { 60 });
                let absent = cost(method, &format!("/s/none{part}"), body).await;
                assert_eq!((hidden, hidden.1), (absent, 0), "{method} {part} {seconds} {round}");
                world.pass(60);
            }
        }
        // Afterwards it is held, for somebody who may see it has looked.
        assert_eq!(ask(&world.app, ("GET", "/s/acme", INSIDE), &[], "").await.status(), StatusCode::OK);
        world.site.settled().await;
    }
}

#[tokio::test]
async fn a_page_that_was_opened_again_is_seen_at_once() {
    let world = world().await;
    assert_eq!(world.get("/s/acme").await.0, StatusCode::NOT_FOUND);
    world.settle(|page| page.access.private = false);
    assert_eq!(world.get("/s/acme").await.0, StatusCode::OK);
}
