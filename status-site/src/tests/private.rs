//! Private pages: who is let in, and that nobody else learns that there is one.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use axum::http::StatusCode;
use axum::response::Response;
use plimsoll_domain::page::{Logo, LogoKind, LogoRef, PageConfig, PageLink, Pass, PassKind, pass};
use plimsoll_domain::time::{Clock, Span, Timestamp};

use super::{Mood, World, ask, bytes, header, id, named, pick, text};
use crate::samples;

/// Every address of a page.
const PATHS: [&str; 31] = [
    "",
    "/incidents",
    "/incidents/inc-1",
    "/incidents/none",
    "/components/api",
    "/history",
    "/history/2026-10",
    "/history?month=2026-10",
    "/feed.atom",
    "/feed.rss",
    "/feed.json",
    "/calendar.ics",
    "/badge.svg",
    "/badge.svg?component=api",
    "/subscribe",
    "/subscribe/confirm?id=sub-1&token=x",
    "/subscribe/manage",
    "/unsubscribe?id=sub-1&token=x",
    "/api/v2/summary.json",
    "/api/v2/status.json",
    "/api/v2/components.json",
    "/api/v2/incidents.json",
    "/api/v2/incidents/unresolved.json",
    "/api/v2/scheduled-maintenances.json",
    "/api/v2/scheduled-maintenances/upcoming.json",
    "/api/v2/scheduled-maintenances/active.json",
    "/robots.txt",
    "/logo/0000.png",
    "/look.0123456789ab.css",
    "/x",
    "/x/y",
];

fn hash(password: &str) -> String {
    // As cheap as may be: what a hash costs stands in it.
    let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).expect("parameters"));
    cheap.hash_password_with_salt(password.as_bytes(), b"a salt for tests").expect("a hash").to_string()
}

fn private(page: &mut PageConfig) {
    page.access.private = true;
    page.access.password_hash = Some(hash("open sesame"));
    page.access.networks =
        vec!["192.0.2.0/24".parse().expect("a network"), "2001:db8::/32".parse().expect("a network")];
    page.look.colour = Some("#0b5c8a".parse().expect("a colour"));
}

pub(super) async fn world() -> World {
    let world = World::with_subscribers(vec![samples::busy(), named("open")]).await;
    world.settle(private);
    world
}

/// Everything of an answer that somebody can see.
pub(super) async fn seen(response: Response, slug: &str) -> (StatusCode, Vec<(String, Vec<u8>)>, String) {
    let status = response.status();
    let mut headers: Vec<_> =
        response.headers().iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    headers.sort();
    // The two names are as long as each other; where the name stands in a page, its tag is another.
    headers.retain(|(name, _)| name != "etag");
    let body = String::from_utf8_lossy(&bytes(response).await).replace(&format!("/s/{slug}/"), "/s/SLUG/");
    (status, headers, body)
}

#[tokio::test]
async fn at_every_address_a_private_page_answers_as_one_that_is_not_there() {
    let world = world().await;
    for path in PATHS {
        for method in ["GET", "HEAD", "POST", "OPTIONS", "DELETE"] {
            for accept in ["en", "sv"] {
                let headers = [("accept-language", accept)];
                let hidden = world.send(method, &format!("/s/acme{path}"), &headers).await;
                let absent = world.send(method, &format!("/s/none{path}"), &headers).await;
                let (hidden, absent) = (seen(hidden, "acme").await, seen(absent, "none").await);
                assert_eq!(hidden, absent, "{method} {path}");
                if method == "GET" {
                    assert_eq!(hidden.0, StatusCode::NOT_FOUND, "{path}");
                }
            }
        }
    }
    for path in ["/public/status?tenant=", "/public/status/incidents?tenant="] {
        let hidden = world.send("GET", &format!("{path}acme"), &[]).await;
        let absent = world.send("GET", &format!("{path}none"), &[]).await;
        assert_eq!(seen(hidden, "acme").await, seen(absent, "none").await, "{path}");
    }
    for form in ["address=a@b.example", "subscriber[email]=a@b.example", "List-Unsubscribe=One-Click"] {
        for path in ["/subscribe", "/api/v2/subscribers.json", "/unsubscribe?id=sub-1&token=x"] {
            let hidden = world.post(&format!("/s/acme{path}"), form).await;
            let absent = world.post(&format!("/s/none{path}"), form).await;
            assert_eq!(seen(hidden, "acme").await, seen(absent, "none").await, "{path}");
        }
    }
    assert_eq!(world.get("/").await.0, StatusCode::NOT_FOUND, "the page at the root is the same page");
    assert_eq!(world.get("/s/open").await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_two_answers_are_the_same_while_the_store_is_away() {
    let world = world().await;
    for warm in [false, true] {
        if warm {
            world.get("/s/acme").await;
        }
        world.mood(Mood::Failing);
        world.pass(10);
        for path in ["", "/incidents", "/feed.atom", "/api/v2/status.json"] {
            let hidden = world.send("GET", &format!("/s/acme{path}"), &[]).await;
            let absent = world.send("GET", &format!("/s/none{path}"), &[]).await;
            assert_eq!(seen(hidden, "acme").await, seen(absent, "none").await, "{path} {warm}");
        }
        world.mood(Mood::Well);
        world.pass(10);
    }
}

#[tokio::test]
async fn the_door_is_at_every_name_and_says_nothing() {
    let world = world().await;
    let hidden = seen(world.send("GET", "/s/acme/login", &[]).await, "acme").await;
    assert_eq!(hidden, seen(world.send("GET", "/s/none/login", &[]).await, "none").await);
    assert_eq!(hidden.0, StatusCode::OK);
    assert_eq!(world.get("/s/No/login").await.0, StatusCode::NOT_FOUND);
    let (_, html) = world.get("/s/none").await;
    assert!(html.contains("href=\"/s/none/login\""));
    let wrong = seen(world.post("/s/acme/login", "password=wrong").await, "acme").await;
    assert_eq!(wrong.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong, seen(world.post("/s/none/login", "password=wrong").await, "none").await);
    assert_eq!(wrong, seen(world.post("/s/open/login", "password=open+sesame").await, "open").await);
}

#[tokio::test]
async fn whoever_knows_the_password_gets_a_cookie_that_ends_and_that_a_change_revokes() {
    let world = world().await;
    let response = world.post("/s/acme/login", "password=open+sesame").await;
    assert_eq!((response.status(), header(&response, "location")), (StatusCode::SEE_OTHER, "/s/acme"));
    let cookie = header(&response, "set-cookie").to_owned();
    for part in ["plimsoll_page=", "; Path=/s/acme;", "HttpOnly", "SameSite=Lax", "Secure", "Max-Age=604800"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let cookie = cookie.split(';').next().expect("a cookie").to_owned();
    let with = async |path: &str| world.send("GET", path, &[("cookie", "a=b"), ("cookie", &cookie)]).await;
    let page = with("/s/acme").await;
    assert_eq!((page.status(), header(&page, "cache-control")), (StatusCode::OK, "private, no-cache"));
    let tag = header(&page, "etag").to_owned();
    let again = world.send("GET", "/s/acme", &[("cookie", &cookie), ("if-none-match", &tag)]).await;
    assert_eq!((again.status(), header(&again, "cache-control")), (StatusCode::NOT_MODIFIED, "private, no-cache"));
    assert!(pick(&text(page).await, "meta[name='robots']").len() == 1);
    for path in
        ["/s/acme/incidents/inc-1", "/s/acme/feed.atom", "/s/acme/api/v2/summary.json", "/public/status?tenant=acme"]
    {
        let response = with(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, "access-control-allow-origin"), "", "pages of others read nothing with a cookie");
        assert!(header(&response, "cache-control").starts_with("private"), "{path}");
    }
    assert_eq!(with("/s/open").await.status(), StatusCode::OK);
    world.pass(7 * 86_400);
    assert_eq!(with("/s/acme").await.status(), StatusCode::NOT_FOUND, "it has ended");
    world.pass(-7 * 86_400 + 10);
    assert_eq!(with("/s/acme").await.status(), StatusCode::OK);
    world.settle(|page| page.access.epoch += 1);
    world.pass(10);
    assert_eq!(with("/s/acme").await.status(), StatusCode::NOT_FOUND, "it was revoked");
}

fn link(world: &World, name: &str, until: Option<Timestamp>) -> String {
    let kind = PassKind::Link(name.parse().expect("an id"));
    pass::seal(&*world.sealer, &id("acme"), &Pass { kind, epoch: 0, until })
}

fn hand_out(world: &World, name: &str, expires_at: Option<Timestamp>) {
    let created_at = world.clock.now();
    world.settle(|page| {
        let id = name.parse().expect("an id");
        page.access.links.push(PageLink { id, name: "Board".to_owned(), expires_at, created_at });
    });
}

#[tokio::test]
async fn a_link_becomes_a_cookie_on_pages_and_counts_for_one_request_elsewhere() {
    let world = world().await;
    hand_out(&world, "lnk-1", None);
    let token = link(&world, "lnk-1", None);
    let response = world.send("GET", &format!("/s/acme/incidents?lang=sv&access={token}"), &[]).await;
    assert_eq!(
        (response.status(), header(&response, "location")),
        (StatusCode::SEE_OTHER, "/s/acme/incidents?lang=sv")
    );
    assert_eq!(header(&response, "cache-control"), "no-store");
    let cookie = header(&response, "set-cookie").split(';').next().expect("a cookie").to_owned();
    assert_eq!(world.send("GET", "/s/acme/incidents", &[("cookie", &cookie)]).await.status(), StatusCode::OK);
    let at_root = world.send("GET", &format!("/?access={token}"), &[]).await;
    assert_eq!(header(&at_root, "location"), "/s/acme");
    for path in [
        "/s/acme/feed.atom?",
        "/s/acme/calendar.ics?",
        "/s/acme/badge.svg?",
        "/s/acme/api/v2/summary.json?",
        "/public/status?tenant=acme&",
    ] {
        let response = world.send("GET", &format!("{path}access={token}"), &[]).await;
        assert_eq!((response.status(), header(&response, "set-cookie")), (StatusCode::OK, ""), "{path}");
        assert_eq!(header(&response, "access-control-allow-origin"), "*", "{path}");
        assert!(header(&response, "cache-control").starts_with("private"), "{path}");
    }
    for wrong in ["", "x", &token[1..], &link(&world, "lnk-2", None)] {
        let path = format!("/s/acme/feed.atom?access={wrong}");
        assert_eq!(world.get(&path).await.0, StatusCode::NOT_FOUND, "{wrong}");
    }
    assert_eq!(world.get(&format!("/s/none?access={token}")).await.0, StatusCode::NOT_FOUND);
    world.settle(|page| page.access.links.clear());
    world.pass(10);
    assert_eq!(
        world.get(&format!("/s/acme/feed.atom?access={token}")).await.0,
        StatusCode::NOT_FOUND,
        "it was revoked"
    );
    assert_eq!(world.send("GET", "/s/acme", &[("cookie", &cookie)]).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_link_and_its_cookie_end_together() {
    let world = world().await;
    let end = world.clock.now().plus(Span::hours(1));
    hand_out(&world, "lnk-1", Some(end));
    let token = link(&world, "lnk-1", Some(end));
    let response = world.send("GET", &format!("/s/acme?access={token}"), &[]).await;
    assert!(header(&response, "set-cookie").contains("Max-Age=3600"));
    let cookie = header(&response, "set-cookie").split(';').next().expect("a cookie").to_owned();
    world.pass(3_599);
    assert_eq!(world.send("GET", "/s/acme", &[("cookie", &cookie)]).await.status(), StatusCode::OK);
    world.pass(1);
    assert_eq!(world.send("GET", "/s/acme", &[("cookie", &cookie)]).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn networks_are_let_in_behind_proxies_that_are_trusted_and_by_nobody_elses_word() {
    let world = world().await;
    for (peer, forwarded, expected) in [
        ("192.0.2.9", "", 200),
        ("2001:db8::9", "", 200),
        ("::ffff:192.0.2.9", "", 200),
        ("203.0.113.7", "", 404),
        ("203.0.113.7", "192.0.2.9", 404),
        ("10.1.2.3", "192.0.2.9", 200),
        ("10.1.2.3", "2001:db8::9", 200),
        ("10.1.2.3", "192.0.2.9, 203.0.113.7", 404),
        ("10.1.2.3", "", 404),
    ] {
        for path in ["/s/acme", "/s/acme/feed.atom", "/public/status?tenant=acme"] {
            let headers: &[_] = if forwarded.is_empty() { &[] } else { &[("x-forwarded-for", forwarded)] };
            let response = ask(&world.app, ("GET", path, peer), headers, "").await;
            assert_eq!(response.status().as_u16(), expected, "{peer} {forwarded} {path}");
            assert_eq!(
                header(&response, "access-control-allow-origin"),
                if expected == 404 && path.starts_with("/public") { "*" } else { "" }
            );
        }
    }
}

#[tokio::test]
async fn tries_are_counted_by_client_and_by_page() {
    let world = world().await;
    for _ in 0..10 {
        assert_eq!(world.post("/s/none/login", "password=x").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    let response = world.post("/s/acme/login", "password=open+sesame").await;
    assert_eq!((response.status(), header(&response, "retry-after")), (StatusCode::TOO_MANY_REQUESTS, "6"));
    world.pass(6);
    assert_eq!(world.post("/s/acme/login", "password=open+sesame").await.status(), StatusCode::SEE_OTHER);
    let tried = |from: String| {
        let app = world.app.clone();
        async move { ask(&app, ("POST", "/s/acme/login", &from), &[], "password=x").await.status() }
    };
    let mut refused = 0;
    for client in 0..70 {
        refused += usize::from(tried(format!("198.51.100.{client}")).await == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(refused, 11, "60 a minute, of which one was used");
}

#[tokio::test]
async fn a_private_page_stays_private_when_the_store_is_away_at_the_start() {
    let world = world().await;
    let cookie = world.post("/s/acme/login", "password=open+sesame").await;
    let cookie = header(&cookie, "set-cookie").split(';').next().expect("a cookie").to_owned();
    assert_eq!(world.send("GET", "/s/acme", &[("cookie", &cookie)]).await.status(), StatusCode::OK);
    world.site.settled().await;
    let world = world.restarted();
    world.mood(Mood::Failing);
    let answer = world.get("/s/acme").await;
    assert_eq!(answer.0, world.get("/s/none").await.0);
    assert!(!answer.1.contains("API"));
    assert_eq!(world.send("GET", "/s/acme", &[("cookie", &cookie)]).await.status(), StatusCode::OK, "as before");
}

#[tokio::test]
async fn a_page_that_became_private_while_nobody_looked_at_it_is_not_shown_from_the_disk() {
    let world = World::new(vec![samples::busy(), named("open")]);
    world.get("/s/acme").await;
    world.site.settled().await;
    world.settle(private);
    world.pass(10);
    world.get("/s/open").await;
    world.site.settled().await;
    let world = world.restarted();
    world.mood(Mood::Failing);
    let (status, html) = world.get("/s/acme").await;
    assert!(status != StatusCode::OK && !html.contains("API"), "{status}");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_became_private_is_not_shown_while_the_store_takes_its_time() {
    let world = World::new(vec![samples::busy(), named("open")]);
    assert_eq!(world.get("/s/acme").await.0, StatusCode::OK);
    world.settle(private);
    world.pass(10);
    world.get("/s/open").await;
    world.site.settled().await;
    world.mood(Mood::Hanging);
    let (hidden, absent) = (world.get("/s/acme").await, world.get("/s/none").await);
    assert_eq!(hidden.0, absent.0);
    assert!(hidden.0 != StatusCode::OK && !hidden.1.contains("API"));
}

#[tokio::test]
async fn a_file_of_which_it_is_not_known_who_may_see_it_is_shown_only_where_the_store_says_so() {
    let world = World::new(vec![samples::busy()]);
    let dir = world.dir.path().join("pages");
    std::fs::create_dir_all(&dir).expect("a folder");
    let old = serde_json::to_vec(&samples::busy()).expect("serialises");
    std::fs::write(dir.join("acme.json"), old).expect("a file");
    world.mood(Mood::Failing);
    assert_eq!(world.get("/s/acme").await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_logo_is_kept_for_ever_and_runs_nothing() {
    let world = world().await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec();
    let about = LogoRef { kind: LogoKind::Svg, hash: LogoRef::hash_of(&svg), width: 1, height: 1 };
    let path = format!("/s/acme/logo/{}.svg", about.hash);
    *world.store.logo.lock().expect("no panic") =
        Some(Logo { tenant: id("acme"), about: about.clone(), bytes: svg.clone() });
    world.settle(|page| page.logo = Some(about.clone()));
    assert_eq!(world.get(&path).await.0, StatusCode::NOT_FOUND);
    let inside = ask(&world.app, ("GET", &path, "192.0.2.9"), &[], "").await;
    assert_eq!(header(&inside, "cache-control"), "private, max-age=31536000, immutable");
    world.settle(|page| page.access.private = false);
    world.pass(10);
    let logo = world.send("GET", &path, &[]).await;
    assert_eq!((logo.status(), header(&logo, "content-type")), (StatusCode::OK, "image/svg+xml"));
    assert_eq!(header(&logo, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header(&logo, "content-security-policy"), "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    assert_eq!(header(&logo, "x-content-type-options"), "nosniff");
    assert_eq!(bytes(logo).await, svg);
    for wrong in [
        format!("/s/acme/logo/{}.png", about.hash),
        "/s/acme/logo/0123456789abcdef.svg".to_owned(),
        format!("/s/open/logo/{}.svg", about.hash),
    ] {
        assert_eq!(world.get(&wrong).await.0, StatusCode::NOT_FOUND, "{wrong}");
    }
}
