//! Pages under names of their own.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use plimsoll_domain::page::PageHost;
use plimsoll_domain::time::Timestamp;

use super::{Mood, World, ask, header, named, text};
use crate::{by_host, router, samples};

const HOST: [(&str, &str); 1] = [("host", "Status.Acme.Example:8443")];

fn host(name: &str, verified: Option<i64>) -> PageHost {
    PageHost {
        name: name.parse().expect("a name"),
        token: "token".to_owned(),
        verified_at: verified.map(Timestamp::from_seconds),
    }
}

/// The whole server: the site beside something that stands for the API.
fn server(world: &World) -> Router {
    let api = || get(|| async { "the API" });
    let mut api_routes = Router::new();
    for path in ["/incidents", "/tenants", "/health", "/observability/config", "/docs"] {
        api_routes = api_routes.route(path, api());
    }
    by_host(api_routes.merge(router(world.site.clone())).fallback(|| async { "the API" }), &world.site).into()
}

fn world() -> World {
    let world = World::new(vec![samples::busy(), named("other")]);
    world.settle(|page| page.hosts = vec![host("status.acme.example", Some(10)), host("new.acme.example", None)]);
    world
}

async fn get_at(app: &Router, path: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
    let response = ask(app, ("GET", path, "203.0.113.7"), headers, "").await;
    (response.status(), text(response).await)
}

#[tokio::test]
async fn a_proven_name_shows_the_page_with_paths_of_its_own() {
    let world = world();
    let app = server(&world);
    let (status, html) = get_at(&app, "/", &HOST).await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("href=\"/incidents\"") && !html.contains("/s/acme/"), "{html}");
    assert!(html.contains("https://status.acme.example/"));
    for path in ["/incidents", "/components/api", "/feed.atom", "/history", "/api/v2/summary.json", "/badge.svg"] {
        let (status, body) = get_at(&app, path, &HOST).await;
        assert!(status == StatusCode::OK && body != "the API", "{path}: {status}");
    }
    let (status, css) = get_at(&app, &format!("/assets/{}", crate::assets::SITE_CSS.name), &HOST).await;
    assert!(status == StatusCode::OK && css.contains('{'));
}

#[tokio::test]
async fn crawlers_may_read_every_public_page() {
    let world = world();
    let app = server(&world);
    for headers in [&HOST[..], &[]] {
        let response = ask(&app, ("GET", "/robots.txt", "203.0.113.7"), headers, "").await;
        assert_eq!(header(&response, "content-type"), "text/plain; charset=utf-8");
        assert_eq!(text(response).await, "User-agent: *\nAllow: /\n");
    }
    world.settle(|page| {
        page.hosts = vec![host("status.acme.example", Some(10))];
        page.access.private = true;
    });
    world.pass(10);
    get_at(&app, "/robots.txt", &HOST).await;
    world.site.settled().await;
    let (hidden, absent) = (get_at(&app, "/robots.txt", &HOST).await, get_at(&app, "/nothing.txt", &HOST).await);
    assert_eq!((hidden.0, &hidden.1), (StatusCode::NOT_FOUND, &absent.1), "of a private page nothing is told");
}

#[tokio::test]
async fn nothing_else_can_be_reached_under_a_tenants_name() {
    let world = world();
    let app = server(&world);
    let long = format!("/incidents?x={}", "x".repeat(65_520));
    for path in [
        "/tenants",
        "/health",
        "/observability/config",
        "/docs",
        "/s/other",
        "/s/acme",
        "//tenants",
        "/public/status",
        "/internal/tls/ask?domain=status.acme.example",
        "/assets",
        &long,
    ] {
        let (status, body) = get_at(&app, path, &HOST).await;
        assert!(
            status == StatusCode::NOT_FOUND && body.contains("<html"),
            "{} {status} {body}",
            &path[..path.len().min(60)]
        );
    }
    for method in ["POST", "PATCH", "PUT", "OPTIONS"] {
        let response = ask(&app, (method, "/tenants", "203.0.113.7"), &HOST, "").await;
        assert_ne!(text(response).await, "the API", "{method}");
    }
    let by_authority = get_at(&app, "http://status.acme.example/tenants", &[("host", "status.example.org")]).await;
    assert_eq!(by_authority.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn other_names_are_not_touched() {
    let world = world();
    let app = server(&world);
    for name in
        ["status.example.org", "new.acme.example", "unknown.example", "127.0.0.1:8080", "[::1]:8080", "localhost", ""]
    {
        let (status, body) = get_at(&app, "/incidents", &[("host", name)]).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "the API"), "{name}");
    }
}

#[tokio::test]
async fn a_name_that_was_proven_a_moment_ago_is_found_a_second_later() {
    let world = world();
    let app = server(&world);
    let new = [("host", "new.acme.example")];
    assert_eq!(get_at(&app, "/tenants", &new).await.1, "the API");
    world.settle(|page| page.hosts[1].verified_at = Some(Timestamp::from_seconds(20)));
    world.pass(2);
    get_at(&app, "/tenants", &new).await;
    world.site.settled().await;
    assert_eq!(get_at(&app, "/tenants", &new).await.0, StatusCode::NOT_FOUND);
    assert_eq!(get_at(&app, "/", &new).await.0, StatusCode::OK);
}

#[tokio::test]
async fn names_are_known_at_a_start_without_the_store() {
    let world = world();
    world.get("/s/acme").await;
    world.site.settled().await;
    let world = world.restarted();
    world.mood(Mood::Failing);
    let app = server(&world);
    let (status, html) = get_at(&app, "/", &HOST).await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("https://status.acme.example"));
    assert_eq!(get_at(&app, "/tenants", &HOST).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_certificate_may_be_made_for_proven_names_only() {
    let world = world();
    let app = server(&world);
    for (name, expected) in [
        ("status.acme.example", 200),
        ("STATUS.acme.example.", 200),
        ("new.acme.example", 404),
        ("other.example", 404),
        ("", 404),
    ] {
        let path = format!("/internal/tls/ask?domain={name}");
        let response = ask(&app, ("GET", &path, "127.0.0.1"), &[], "").await;
        assert_eq!((response.status().as_u16(), header(&response, "cache-control")), (expected, "no-store"), "{name}");
    }
    world.settle(|page| page.hosts[1].verified_at = Some(Timestamp::from_seconds(20)));
    assert_eq!(get_at(&app, "/internal/tls/ask?domain=new.acme.example", &[]).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_form_under_a_name_of_its_own_is_taken_from_there_and_from_nowhere_else() {
    let world = world();
    let app = server(&world);
    let status = async |path: &str, host: &str, origin: &str| {
        let headers = [("host", host), ("origin", origin)];
        ask(&app, ("POST", path, "203.0.113.7"), &headers, "password=x").await.status()
    };
    let own = "https://status.acme.example";
    assert_eq!(status("/login", "status.acme.example", own).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(status("/login", "status.acme.example", "https://evil.example").await, StatusCode::FORBIDDEN);
    let by_http_2 = "http://status.acme.example/login";
    assert_eq!(status(by_http_2, "", own).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(status(by_http_2, "evil.example", "https://evil.example").await, StatusCode::FORBIDDEN);
}
