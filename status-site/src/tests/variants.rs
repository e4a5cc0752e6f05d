//! One page in several languages and at several places.

use axum::http::StatusCode;

use super::{Mood, World, bytes, header, pick, text};
use crate::samples;

async fn language(world: &World, path: &str, headers: &[(&str, &str)]) -> String {
    let html = text(world.send("GET", path, headers).await).await;
    pick_attribute(&html, "html", "lang")
}

fn pick_attribute(html: &str, selector: &str, name: &str) -> String {
    let page = scraper::Html::parse_document(html);
    let selector = scraper::Selector::parse(selector).expect("a selector");
    let found = page.select(&selector).next().and_then(|found| found.value().attr(name));
    found.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_reader_gets_what_it_asks_for_and_a_link_has_the_last_word() {
    let world = World::new(vec![samples::busy()]);
    for (path, accept, expected) in [
        ("/s/acme", "", "en"),
        ("/s/acme", "sv-SE,sv;q=0.9,en;q=0.5", "sv"),
        ("/s/acme", "tlh", "en"),
        ("/s/acme?lang=sv", "en", "sv"),
        ("/s/acme?lang=tlh", "sv", "sv"),
        ("/s/acme?lang=en", "sv", "en"),
        ("/s/acme/incidents?lang=sv", "", "sv"),
        ("/", "sv", "sv"),
        ("/s/nobody", "sv", "sv"),
    ] {
        assert_eq!(language(&world, path, &[("accept-language", accept)]).await, expected, "{path} {accept}");
    }
}

#[tokio::test]
async fn a_page_has_a_language_of_its_own_for_whoever_asks_for_none() {
    let world = World::new(vec![samples::busy()]);
    world.settle(|page| page.locale = Some("sv".to_owned()));
    for (accept, expected) in [("", "sv"), ("tlh", "sv"), ("en", "en")] {
        assert_eq!(language(&world, "/s/acme", &[("accept-language", accept)]).await, expected, "{accept}");
    }
}

#[tokio::test]
async fn caches_are_told_what_it_depends_on_and_each_variant_has_its_tag() {
    let world = World::new(vec![samples::busy()]);
    let mut tags = std::collections::HashSet::new();
    for accept in ["en", "sv"] {
        for encoding in ["br", "gzip", "identity"] {
            let headers = [("accept-language", accept), ("accept-encoding", encoding)];
            let first = world.send("GET", "/s/acme", &headers).await;
            assert_eq!(header(&first, "vary"), "accept-encoding, accept-language");
            let tag = header(&first, "etag").to_owned();
            let again = [headers[0], headers[1], ("if-none-match", &tag)];
            let again = world.send("GET", "/s/acme", &again).await;
            assert_eq!((again.status(), header(&again, "vary")), (StatusCode::NOT_MODIFIED, header(&first, "vary")));
            assert!(bytes(again).await.is_empty() && tags.insert(tag), "{accept} {encoding}");
        }
    }
    let chosen = world.send("GET", "/s/acme?lang=sv", &[("accept-encoding", "identity")]).await;
    assert!(tags.insert(header(&chosen, "etag").to_owned()), "its links go on with the language");
}

#[tokio::test]
async fn links_go_on_with_a_language_that_a_link_chose() {
    let world = World::new(vec![samples::busy()]);
    let (_, html) = world.get("/s/acme?lang=sv").await;
    assert!(html.contains("/s/acme/incidents?lang=sv"));
    let html = text(world.send("GET", "/s/acme", &[("accept-language", "sv")]).await).await;
    assert!(!html.contains("/s/acme/incidents?lang=sv"));
}

#[tokio::test]
async fn what_a_tenant_settles_shows_without_a_new_snapshot() {
    let world = World::new(vec![samples::quiet()]);
    world.get("/s/acme").await;
    world.settle(|page| page.look.title = Some("How Acme is".to_owned()));
    world.pass(2);
    world.get("/s/acme").await;
    world.site.settled().await;
    assert!(world.get("/s/acme").await.1.contains("How Acme is"));
}

#[tokio::test]
async fn colours_stand_under_a_name_that_changes_with_them() {
    let world = World::new(vec![samples::quiet()]);
    world.settle(|page| page.look.colour = Some("#0b5c8a".parse().expect("a colour")));
    let (_, html) = world.get("/s/acme").await;
    let href = pick_attribute(&html, "link[href^='/s/acme/look.']", "href");
    let css = world.send("GET", &href, &[]).await;
    assert_eq!((css.status(), header(&css, "content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
    assert!(header(&css, "cache-control").contains("immutable"));
    assert_eq!(world.get("/s/acme/look.000000000000.css").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn everything_below_a_page_is_there_and_nothing_else() {
    let world = World::new(vec![samples::busy()]);
    for (path, media_type) in [
        ("", "text/html; charset=utf-8"),
        ("/incidents", "text/html; charset=utf-8"),
        ("/incidents/inc-1", "text/html; charset=utf-8"),
        ("/components/api", "text/html; charset=utf-8"),
        ("/history", "text/html; charset=utf-8"),
        ("/history/2026-10", "text/html; charset=utf-8"),
        ("/history?month=2026-10", "text/html; charset=utf-8"),
        ("/feed.atom", "application/atom+xml; charset=utf-8"),
        ("/feed.rss", "application/rss+xml; charset=utf-8"),
        ("/feed.json", "application/feed+json; charset=utf-8"),
        ("/calendar.ics", "text/calendar; charset=utf-8"),
        ("/badge.svg", "image/svg+xml"),
        ("/badge.svg?component=api", "image/svg+xml"),
        ("/api/v2/summary.json", "application/json"),
        ("/api/v2/status.json", "application/json"),
        ("/api/v2/components.json", "application/json"),
        ("/api/v2/incidents.json", "application/json"),
        ("/api/v2/incidents/unresolved.json", "application/json"),
        ("/api/v2/scheduled-maintenances.json", "application/json"),
        ("/api/v2/scheduled-maintenances/upcoming.json", "application/json"),
        ("/api/v2/scheduled-maintenances/active.json", "application/json"),
    ] {
        let path = format!("/s/acme{path}");
        let response = world.send("GET", &path, &[]).await;
        assert_eq!((response.status(), header(&response, "content-type")), (StatusCode::OK, media_type), "{path}");
        let tag = header(&response, "etag").to_owned();
        let head = world.send("HEAD", &path, &[]).await;
        assert_eq!((head.status(), header(&head, "etag")), (StatusCode::OK, tag.as_str()), "{path}");
        assert!(bytes(head).await.is_empty());
        let again = world.send("GET", &path, &[("if-none-match", &tag)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        let refused = world.send("DELETE", &path, &[]).await;
        assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert!(header(&refused, "allow").contains("GET"), "{path}");
    }
    for path in [
        "/incidents/",
        "/incidents/none",
        "/components/none",
        "/history/2026-12",
        "/history/2026-13",
        "/history/x",
        "/feed",
        "/badge.svg?component=none",
        "/badge.svg?component=N%20",
        "/api/v2/page.json",
        "/logo/x.png",
        "/x/y/z",
        "/subscribe",
        "/incidents/%00",
    ] {
        assert_eq!(world.get(&format!("/s/acme{path}")).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn pages_of_others_may_read_what_is_for_programs() {
    let world = World::new(vec![samples::busy()]);
    for path in
        ["/s/acme/feed.atom", "/s/acme/feed.json", "/s/acme/badge.svg", "/s/acme/api/v2/summary.json", "/public/status"]
    {
        let response = world.send("GET", path, &[]).await;
        assert_eq!(header(&response, "access-control-allow-origin"), "*", "{path}");
        let asked = world.send("OPTIONS", path, &[("origin", "https://a.example")]).await;
        let allowed = header(&asked, "access-control-allow-methods");
        assert_eq!((asked.status(), allowed), (StatusCode::NO_CONTENT, "GET, HEAD, OPTIONS"), "{path}");
    }
    let html = world.send("GET", "/s/acme", &[]).await;
    assert_eq!(header(&html, "access-control-allow-origin"), "");
}

#[tokio::test]
async fn while_the_store_is_away_every_language_is_served() {
    let world = World::new(vec![samples::busy()]);
    world.get("/s/acme").await;
    world.mood(Mood::Failing);
    world.pass(300);
    for tag in ["en", "sv"] {
        let (status, html) = world.get(&format!("/s/acme?lang={tag}")).await;
        world.site.settled().await;
        assert_eq!((status, pick(&html, ".stale").len()), (StatusCode::OK, 1), "{tag}");
    }
}

#[test]
fn what_programs_read_is_described() {
    let document = crate::openapi();
    for path in
        ["/public/status", "/s/{slug}/feed.atom", "/s/{slug}/api/v2/summary.json", "/s/{slug}/api/v2/subscribers.json"]
    {
        assert!(document.paths.paths.contains_key(path), "{path}");
    }
    serde_json::to_string(&document).expect("it is written as JSON");
}
