//! The page of a component.

use axum::http::StatusCode;
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::time::Timestamp;
use scraper::{Html, Selector};

use super::{World, header, pick};
use crate::samples;

fn attributes(html: &str, selector: &str, name: &str) -> Vec<String> {
    let page = Html::parse_document(html);
    let selector = Selector::parse(selector).expect("a selector");
    page.select(&selector).filter_map(|found| found.attr(name)).map(str::to_owned).collect()
}

/// Texts, with each space as one plain one.
fn told(html: &str, selector: &str) -> Vec<String> {
    let plain = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    pick(html, selector).into_iter().map(plain).collect()
}

#[tokio::test]
async fn every_component_on_the_overview_leads_to_its_page() {
    let world = World::new(vec![samples::busy()]);
    let (_, html) = world.get("/").await;
    let links = attributes(&html, ".component .line a", "href");
    assert_eq!(links.len(), 6);
    for (link, name) in links.iter().zip(pick(&html, ".component .line a")) {
        let (status, page) = world.get(link).await;
        assert_eq!((status, pick(&page, "h1")), (StatusCode::OK, vec![name]), "{link}");
    }
}

#[tokio::test]
async fn a_component_has_its_figures_its_incidents_and_nothing_of_others() {
    let world = World::new(vec![samples::busy()]);
    let (_, html) = world.get("/s/acme/components/api").await;
    assert_eq!(pick(&html, "title")[0], "API: Down · Acme Works");
    assert_eq!(pick(&html, ".head .state"), ["Down since 11:52 UTC"]);
    assert_eq!(pick(&html, ".head .lead"), ["What applications and partners talk to."]);
    assert_eq!(pick(&html, ".days label").len(), 90);
    assert_eq!(told(&html, ".figures dd"), ["99.98 % 99 % known", "99.82 % 97 % known"]);
    assert_eq!(pick(&html, "#each-day tbody tr").len(), 90);
    assert_eq!(
        told(&html, "#each-day tbody tr > *")[..4],
        ["Sat 21 Nov 2026", "Partial outage", "98.12 %", "97 % known"]
    );
    assert_eq!(pick(&html, "#speed svg.latency").len(), 1);
    assert_eq!(pick(&html, "article.incident h3"), ["API is down"]);
    assert_eq!(pick(&html, "details.past .what").len(), 3);
    assert!(pick(&html, "article.maintenance").is_empty() && !html.contains(samples::KEY_NAME));
    let (_, uploads) = world.get("/s/acme/components/uploads").await;
    assert_eq!(pick(&uploads, "article.maintenance h3"), ["Moving uploads to new disks"]);
    assert!(pick(&uploads, "article.incident").is_empty() && pick(&uploads, "#objectives").is_empty());
}

#[tokio::test]
async fn its_public_slos_stand_there_in_words_and_as_charts() {
    let world = World::new(vec![samples::busy()]);
    let response = world.send("GET", "/s/acme/components/api", &[]).await;
    let csp = header(&response, "content-security-policy").to_owned();
    assert!(csp.contains("style-src 'self'") && !csp.contains("unsafe"));
    let html = super::text(response).await;
    assert_eq!(pick(&html, ".slo h3"), ["availability", "latency_p95"]);
    assert_eq!(pick(&html, ".slo .state"), ["Error budget used up", "On track"]);
    assert_eq!(
        told(&html, "#slo-availability dd"),
        ["99.9 % over the present month (Europe/Stockholm)", "99.85 %", "Used up, overdrawn by 41.3 %", "99 % known"]
    );
    assert_eq!(told(&html, "#slo-latency_p95 dd"), ["95 % over 30 days", "98.11 %", "62.3 % left", "87 % known"]);
    assert_eq!(attributes(&html, ".slo svg.burndown", "role"), ["img", "img"]);
    let described = told(&html, ".slo svg desc");
    assert!(described[0].contains("overdrawn by 41.3 %"), "{described:?}");
    assert!(described[1].contains("2 gaps without data"), "{described:?}");
    assert!(!html.contains("style=") && !html.contains("<style"));
    let sheet = attributes(&html, "link[rel=stylesheet]", "href").remove(0);
    assert!(world.get(&sheet).await.1.contains(".bd-line"), "the page dresses the charts");
}

#[tokio::test]
async fn a_component_page_says_how_old_it_is_and_then_what_is_new() {
    let world = World::new(vec![samples::busy()]);
    world.get("/s/acme/components/api").await;
    world.pass(240);
    let (_, html) = world.get("/s/acme/components/api").await;
    assert_eq!(pick(&html, ".stale strong"), ["Last known state, as of 12:03 UTC, 4 minutes ago."]);
    assert_eq!(pick(&html, ".head .state"), ["Last known: Down since 11:52 UTC"]);
    world.put(StatusSnapshot { as_of: Timestamp::from_millis(samples::noon().millis() + 240_000), ..samples::quiet() });
    world.pass(2);
    world.get("/s/acme/components/api").await;
    world.site.settled().await;
    assert_eq!(world.get("/s/acme/components/api").await.0, StatusCode::NOT_FOUND, "it was removed");
    assert_eq!(pick(&world.get("/s/acme/components/web").await.1, ".head .state"), ["Operational"]);
}

#[tokio::test]
async fn a_tenant_without_samples_has_no_components_yet() {
    let world = World::new(vec![]);
    world.store.admit("acme");
    assert_eq!(world.get("/s/acme/components/api").await.0, StatusCode::NOT_FOUND);
}
