//! The pages, their headers, and what is not there.

use std::io::Read;

use axum::http::StatusCode;
use scraper::{Html, Selector};

use super::{World, bytes, header, named, pick};
use crate::assets::REFRESH_HASH;
use crate::samples;

#[tokio::test]
async fn the_overview_says_what_the_snapshot_says() {
    let world = World::new(vec![samples::busy()]);
    for path in ["/", "/s/acme"] {
        let (status, html) = world.get(path).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(pick(&html, "h1"), ["API is down"]);
        assert_eq!(pick(&html, ".component .line a").len(), 6);
        assert_eq!(pick(&html, ".days label").len(), 6 * 90);
        assert_eq!(pick(&html, "article.incident").len(), 2);
        assert_eq!(pick(&html, "article.maintenance h3"), ["Moving uploads to new disks", "Certificate renewal"]);
        assert_eq!(pick(&html, "details.past .what").len(), 3);
        assert!(html.contains("<noscript><meta http-equiv=\"refresh\" content=\"30\"></noscript>"));
        assert!(pick(&html, "#component-mail dd").iter().all(|figure| figure == "nothing known"));
        assert_eq!(pick(&html, "#component-sync dd")[1].replace('\u{a0}', " "), "99.99 % 41 % known");
        assert!(pick(&html, ".stale").is_empty() && !html.contains(samples::KEY_NAME));
        assert!(!html.contains("style="));
    }
}

#[tokio::test]
async fn headers_say_how_long_it_holds_and_forbid_what_is_not_needed() {
    let world = World::new(vec![samples::busy()]);
    let response = world.send("GET", "/s/acme", &[]).await;
    assert_eq!(
        header(&response, "cache-control"),
        "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
    );
    assert_eq!(header(&response, "vary"), "accept-encoding, accept-language");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    assert_eq!(header(&response, "last-modified"), "Sat, 21 Nov 2026 12:03:00 GMT");
    let csp = header(&response, "content-security-policy");
    assert!(csp.starts_with("default-src 'none'") && !csp.contains("unsafe"));
    assert!(csp.contains(&format!("script-src '{REFRESH_HASH}';")) && csp.contains("connect-src 'self';"), "{csp}");
}

#[tokio::test]
async fn what_is_known_already_is_not_sent_again() {
    let world = World::new(vec![samples::busy()]);
    for path in ["/s/acme", "/s/acme/incidents", "/s/acme/incidents/inc-1", "/s/acme/components/api", "/public/status"]
    {
        let first = world.send("GET", path, &[("accept-encoding", "br")]).await;
        let etag = header(&first, "etag").to_owned();
        let again = world.send("GET", path, &[("accept-encoding", "br"), ("if-none-match", &etag)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert_eq!(header(&again, "etag"), etag);
        assert!(bytes(again).await.is_empty());
        let since = world.send("GET", path, &[("if-modified-since", header(&first, "last-modified"))]).await;
        assert_eq!(since.status(), StatusCode::NOT_MODIFIED);
        let other = world.send("GET", path, &[("if-none-match", "\"something-else\"")]).await;
        assert_eq!(other.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn every_encoding_carries_the_same_page() {
    let world = World::new(vec![samples::busy()]);
    let plain = bytes(world.send("GET", "/s/acme", &[]).await).await;
    let gzip = world.send("GET", "/s/acme", &[("accept-encoding", "gzip")]).await;
    assert_eq!(header(&gzip, "content-encoding"), "gzip");
    let mut unzipped = Vec::new();
    flate2::read::GzDecoder::new(&bytes(gzip).await[..]).read_to_end(&mut unzipped).expect("gzip");
    let brotli = world.send("GET", "/s/acme", &[("accept-encoding", "gzip, deflate, br")]).await;
    assert_eq!(header(&brotli, "content-encoding"), "br");
    let packed = bytes(brotli).await;
    let mut unpacked = Vec::new();
    brotli::BrotliDecompress(&mut &packed[..], &mut unpacked).expect("brotli");
    assert!(plain == unzipped && plain == unpacked && packed.len() * 10 < plain.len());
}

#[tokio::test]
async fn head_answers_without_a_body() {
    let world = World::new(vec![samples::busy()]);
    let response = world.send("HEAD", "/s/acme", &[]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(header(&response, "content-length").parse::<usize>().expect("a length") > 10_000);
    assert!(bytes(response).await.is_empty());
}

#[tokio::test]
async fn what_is_not_there_is_a_real_404() {
    let world = World::new(vec![samples::busy(), named("other")]);
    let paths = [
        "/s/nobody",
        "/s/NOT_A_SLUG",
        "/s",
        "/s/acme/nothing",
        "/s/acme/incidents/inc-99",
        "/s/acme/components",
        "/s/acme/components/nothing",
        "/s/other/components/api",
        "/s/nobody/components/api",
        "/s/acme/a/b/c",
        "/assets/x.css",
    ];
    for path in paths {
        let (status, html) = world.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(pick(&html, "h1"), ["There is no such page"], "{path}");
    }
    assert_eq!(world.send("GET", "/s/acme/", &[]).await.status(), StatusCode::PERMANENT_REDIRECT);
}

#[tokio::test]
async fn no_tenant_sees_anything_of_another() {
    let world = World::new(vec![samples::busy(), named("other")]);
    assert_eq!(world.get("/s/other/incidents/inc-1").await.0, StatusCode::NOT_FOUND);
    for path in ["/s/other", "/s/other/incidents", "/public/status?tenant=other"] {
        let (status, body) = world.get(path).await;
        assert_eq!(status, StatusCode::OK);
        assert!(!body.contains("Acme") && !body.contains("acme") && !body.contains("inc-"), "{path}");
    }
}

#[tokio::test]
async fn incidents_have_their_pages() {
    let world = World::new(vec![samples::busy()]);
    let (_, list) = world.get("/s/acme/incidents").await;
    assert_eq!(pick(&list, "article.incident h3").len(), 2);
    assert!(pick(&list, "meta[http-equiv='refresh']").is_empty());
    let (status, one) = world.get("/s/acme/incidents/inc-1").await;
    assert_eq!((status, pick(&one, "h1")), (StatusCode::OK, vec!["API is down".to_owned()]));
    assert_eq!(pick(&one, ".timeline .stamp b"), ["Identified", "Investigating"]);
    assert_eq!(pick(&one, ".head .touched li"), ["API: Down"]);
}

#[tokio::test]
async fn an_incident_may_name_no_component_and_say_much() {
    let mut snapshot = samples::busy();
    let said = format!("{} {}", "x".repeat(1_999), "long words ".repeat(180));
    let incident = &mut snapshot.incidents[0];
    let mut update = incident.updates[0].clone();
    (update.body, update.components) = (said.clone(), std::collections::BTreeMap::new());
    incident.updates = vec![update; 50];
    let world = World::new(vec![snapshot]);
    for path in ["/", "/s/acme/incidents", "/s/acme/incidents/inc-1"] {
        let (status, html) = world.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        let bodies = pick(&html, ".timeline .text");
        assert_eq!(bodies.iter().filter(|body| **body == said.trim()).count(), 50, "{path}");
    }
    let (_, page) = world.get("/s/acme/incidents/inc-1").await;
    assert!(pick(&page, ".touched").is_empty(), "no empty list is shown");
    assert!(include_str!("../../assets/site.css").contains("overflow-wrap: anywhere"));
}

#[tokio::test]
async fn the_stylesheet_may_be_kept_for_ever() {
    let world = World::new(vec![samples::quiet()]);
    let (_, html) = world.get("/").await;
    let page = Html::parse_document(&html);
    for link in page.select(&Selector::parse("link[rel=stylesheet], link[rel=icon]").expect("a selector")) {
        let response = world.send("GET", link.attr("href").expect("an address"), &[]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(header(&response, "cache-control").ends_with("immutable"));
    }
}
