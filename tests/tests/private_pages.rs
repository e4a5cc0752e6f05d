//! Private pages: whoever shows a password, an address or a link is let in; to everybody else there is no such page, to
//! the byte.

use plimsoll_domain::time::Span;
use plimsoll_tests::acts::push_component;
use plimsoll_tests::visitor::{PATHS, attributes, texts};
use plimsoll_tests::{Answer, Client, Server, Setup, Visitor, eventually, now};
use serde_json::{Value, json};

const PASSWORD: &str = "open sesame";
/// As long as `acme`, so that lengths do not differ.
const NOBODY: &str = "none";

struct Club {
    server: Server,
    admin: Client,
    visitor: Visitor,
    incident: String,
}

impl Club {
    /// The same, private by what `access` says.
    async fn start(access: &Value) -> Self {
        let club = Self::open().await;
        club.settle(access).await;
        club.until("", 404).await;
        club
    }

    /// A page with a component and an incident, which everybody may see.
    async fn open() -> Self {
        let server = Setup::embedded().with("PLIMSOLL_TRUSTED_PROXIES", "127.0.0.0/8").start().await;
        let admin = server.tenant("acme").await;
        admin.post("/tenants/acme/components", &push_component("web")).await.ok(201);
        let body = json!({"title": "Hush", "status": "investigating", "impact": "minor", "body": "A secret.",
            "components": {"web": "degraded_performance"}});
        let opened = admin.post("/incidents", &body).await.ok(201);
        let incident = opened["id"].as_str().expect("an id").to_owned();
        let visitor = Visitor::new(&server.anybody(), "acme");
        let shown = async || (visitor.get(&format!("/incidents/{incident}")).await.status == 200).then_some(());
        eventually(20, "the incident is on the page", shown).await;
        let club = Self { server, admin, visitor, incident };
        club.settle(&json!({"private": false})).await;
        club
    }

    async fn settle(&self, access: &Value) {
        let page = json!({"colour": "#0b5c8a", "access": access});
        self.admin.put("/tenants/acme/page", &page).await.ok(200);
    }

    async fn until(&self, part: &str, status: u16) {
        let look = async || (self.visitor.get(part).await.status == status).then_some(());
        eventually(10, &format!("{part} answers {status}"), look).await;
    }

    /// Every path, with those that exist there only.
    fn paths(&self, logo: &str, look: &str) -> Vec<String> {
        let real = [format!("/incidents/{}", self.incident), logo.to_owned(), look.to_owned()];
        PATHS.iter().map(|path| (*path).to_owned()).chain(real).collect()
    }
}

/// Everything of an answer that somebody can see, with the names of tenants made alike.
fn seen(answer: &Answer, slug: &str) -> (u16, Vec<(String, String)>, String) {
    let mut headers = Vec::new();
    for (name, value) in &answer.headers {
        // Where the page's name stands in the answer, its tag is another.
        if !["date", "x-request-id", "x-trace-id", "etag"].contains(&name.as_str()) {
            let value = String::from_utf8_lossy(value.as_bytes()).replace(&format!("/s/{slug}"), "/s/SLUG");
            headers.push((name.to_string(), value));
        }
    }
    headers.sort();
    let body = answer.text.replace(&format!("/s/{slug}"), "/s/SLUG");
    // A problem names the request.
    let body = body.replace(answer.header("x-request-id"), "ID");
    (answer.status, headers, body)
}

async fn cookie(club: &Club, password: &str) -> Option<String> {
    let answer = club.visitor.post("/login", &[("password", password)]).await;
    answer.header("set-cookie").split(';').next().filter(|cookie| !cookie.is_empty()).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_access_every_path_answers_as_if_there_were_no_such_tenant() {
    let club = Club::open().await;
    let png = plimsoll_tests::visitor::PNG.to_vec();
    let put = club.admin.send("PUT", "/tenants/acme/page/logo", &[], Some(png)).await.expect("an answer");
    let logo = put.ok(200);
    let styled = async || {
        let overview = club.visitor.get("").await;
        let sheets = attributes(&overview.text, "link[rel=stylesheet]", "href");
        sheets.iter().find_map(|href| href.strip_prefix("/s/acme")).map(str::to_owned)
    };
    let look = eventually(10, "the page has the tenant's colour", styled).await;
    let logo = format!("/logo/{}.png", logo["hash"].as_str().expect("a hash"));
    for path in [&logo, &look] {
        club.until(path, 200).await;
    }
    club.settle(&json!({"private": true, "password": PASSWORD})).await;
    club.until("", 404).await;
    let nobody = club.visitor.at(&format!("/s/{NOBODY}"));
    let swedish = |visitor: &Visitor| visitor.with("accept-language", "sv");
    let readers = [(club.visitor.clone(), nobody.clone()), (swedish(&club.visitor), swedish(&nobody))];
    for (member, stranger) in &readers {
        for path in club.paths(&logo, &look) {
            for method in ["GET", "HEAD", "POST", "OPTIONS", "PUT"] {
                let (one, other) = (member.ask(method, &path, None).await, stranger.ask(method, &path, None).await);
                assert_eq!(seen(&one, "acme"), seen(&other, NOBODY), "{method} {path}");
                let is_door = path == "/login" || path == "/";
                assert!(method != "GET" || is_door || one.status == 404, "{path}: {}", one.status);
                assert!(!one.text.contains("Hush") && !one.text.contains("Tenant acme"), "{method} {path}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_json_and_every_form_answer_as_if_there_were_no_such_tenant() {
    let club = Club::start(&json!({"private": true, "password": PASSWORD})).await;
    let root = club.visitor.at("");
    for path in ["/public/status", "/public/status/incidents"] {
        let one = root.get(&format!("{path}?tenant=acme")).await;
        let other = root.get(&format!("{path}?tenant={NOBODY}")).await;
        assert_eq!((one.status, seen(&one, "acme")), (404, seen(&other, NOBODY)), "{path}");
    }
    let stranger = club.visitor.at(&format!("/s/{NOBODY}"));
    let forms: [(&str, &[(&str, &str)]); 5] = [
        ("/subscribe", &[("kind", "email"), ("address", "ada@example.com")]),
        ("/api/v2/subscribers.json", &[("subscriber[email]", "ada@example.com")]),
        ("/subscribe/confirm?id=sub-0102030405060708090a&token=x", &[]),
        ("/unsubscribe?id=sub-0102030405060708090a&token=x", &[("List-Unsubscribe", "One-Click")]),
        ("/login", &[("password", "a wrong one")]),
    ];
    for (path, fields) in forms {
        let (one, other) = (club.visitor.post(path, fields).await, stranger.post(path, fields).await);
        assert_eq!(seen(&one, "acme"), seen(&other, NOBODY), "{path}");
    }
    let listed = club.admin.get("/tenants/acme/subscribers").await.ok(200);
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_opens_the_page_until_it_is_another_one() {
    let club = Club::start(&json!({"private": true, "password": PASSWORD})).await;
    let door = club.visitor.get("/login").await;
    assert_eq!((door.status, attributes(&door.text, "form", "action")), (200, vec!["/s/acme/login".to_owned()]));
    let wrong = club.visitor.post("/login", &[("password", "open barley")]).await;
    assert_eq!((wrong.status, wrong.header("set-cookie")), (422, ""));
    assert_eq!(texts(&wrong.text, "[role=alert]"), ["That is not the password."]);
    let right = club.visitor.post("/login", &[("password", PASSWORD)]).await;
    assert_eq!((right.status, right.header("location"), right.header("cache-control")), (303, "/s/acme", "no-store"));
    let set = right.header("set-cookie").to_owned();
    for part in ["plimsoll_page=", "; Path=/s/acme;", "; HttpOnly", "; SameSite=Lax", "; Max-Age=604800"] {
        assert!(set.contains(part), "{part} in {set}");
    }
    assert!(!set.contains("Secure"), "over plain HTTP, as this is reached, a browser would not send it: {set}");
    let cookie = set.split(';').next().expect("a cookie").to_owned();
    let member = club.visitor.with("cookie", &cookie);
    for part in [
        "",
        "/incidents",
        "/history",
        "/components/web",
        "/feed.atom",
        "/feed.json",
        "/calendar.ics",
        "/badge.svg",
        "/api/v2/summary.json",
        "/api/v2/incidents.json",
        "/subscribe",
    ] {
        let answer = member.get(part).await;
        assert_eq!(answer.status, 200, "{part}");
        assert!(
            answer.header("cache-control").starts_with("private") || part == "/subscribe",
            "{part}: {}",
            answer.header("cache-control")
        );
        assert_eq!(answer.header("access-control-allow-origin"), "", "{part}");
    }
    assert_eq!(member.at("").get("/public/status?tenant=acme").await.status, 200);
    // A cookie of one page opens no other, and a changed one opens nothing.
    assert_eq!(club.visitor.with("cookie", &format!("{cookie}x")).get("").await.status, 404);

    club.settle(&json!({"private": true, "password": "another sesame"})).await;
    let out = async || (member.get("").await.status == 404).then_some(());
    eventually(10, "the session has ended with the password", out).await;
    assert_eq!(club.visitor.post("/login", &[("password", PASSWORD)]).await.status, 422);
    assert!(self::cookie(&club, "another sesame").await.is_some());
    club.settle(&json!({"private": true, "password": null})).await;
    let shut = async || self::cookie(&club, "another sesame").await.is_none().then_some(());
    eventually(5, "no password opens it any more", shut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down_and_told_when_to_come_again() {
    let club = Club::start(&json!({"private": true, "password": PASSWORD})).await;
    let from =
        async |place: &str, password: &str| club.visitor.from(place).post("/login", &[("password", password)]).await;
    let (mut tries, mut seconds) = (0, 0);
    // Each takes a while, in which there is room for more: until there is none for a moment.
    while seconds < 2 {
        let answer = from("203.0.113.7", &format!("guess {tries}")).await;
        tries += 1;
        assert!(answer.status == 422 || answer.status == 429 && tries > 10, "try {tries}: {}", answer.status);
        seconds = answer.header("retry-after").parse().unwrap_or(0);
        assert!(tries < 60, "nobody is slowed down");
    }
    assert!(seconds <= 60, "{seconds}");
    let refused = from("203.0.113.7", PASSWORD).await;
    assert_eq!((refused.status, refused.header("set-cookie")), (429, ""));
    assert_eq!(from("203.0.113.8", PASSWORD).await.status, 303, "others are not kept waiting");
}

#[tokio::test(flavor = "multi_thread")]
async fn networks_are_let_in_as_trusted_proxies_name_them() {
    let networks = json!(["192.0.2.0/24", "2001:db8:7::/48"]);
    let club = Club::start(&json!({"private": true, "networks": networks})).await;
    for (forwarded, status) in [
        ("192.0.2.9", 200),
        ("192.0.2.9:4711", 200),
        ("2001:db8:7::1", 200),
        ("[2001:db8:7::1]:443", 200),
        ("::ffff:192.0.2.9", 200),
        ("203.0.113.7", 404),
        ("2001:db8:8::1", 404),
        ("192.0.2.9, 203.0.113.7", 404),
        ("192.0.2.9, nonsense", 404),
        ("", 404),
    ] {
        for path in ["", "/feed.atom", "/api/v2/status.json"] {
            let answer = club.visitor.from(forwarded).get(path).await;
            assert_eq!(answer.status, status, "{forwarded:?} {path}");
        }
        assert_eq!(
            club.visitor.at("").from(forwarded).get("/public/status?tenant=acme").await.status,
            status,
            "{forwarded:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_lets_in_until_it_ends_or_is_revoked() {
    let club = Club::start(&json!({"private": true, "password": PASSWORD})).await;
    let make = async |body: Value| club.admin.post("/tenants/acme/page/links", &body).await.ok(201);
    let link = make(json!({"name": "The board"})).await;
    let short = make(json!({"name": "Today", "expires_at": now().plus(Span::from_seconds(8)).to_string()})).await;
    let token =
        |link: &Value| link["url"].as_str().expect("a link").split_once("access=").expect("a token").1.to_owned();
    let url = link["url"].as_str().expect("a link");
    assert!(url.starts_with(&format!("{}/s/acme?access=", club.server.url())), "{url}");
    let listed = club.admin.get("/tenants/acme/page/links").await.ok(200);
    assert!(!listed.to_string().contains(&token(&link)), "it is shown once: {listed}");
    let opens = async || Some(club.visitor.get(url).await).filter(|answer| answer.status != 404);
    let opened = eventually(10, "the link opens the page", opens).await;
    assert_eq!((opened.status, opened.header("location")), (303, "/s/acme"), "the address is without it from then on");
    let cookie = opened.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    let member = club.visitor.with("cookie", &cookie);
    assert_eq!(member.get("/incidents").await.status, 200);
    let deep = club.visitor.get(&format!("/incidents/{}?lang=sv&access={}", club.incident, token(&link))).await;
    assert_eq!(
        (deep.status, deep.header("location")),
        (303, format!("/s/acme/incidents/{}?lang=sv", club.incident).as_str())
    );
    for part in ["/feed.atom", "/feed.rss", "/feed.json", "/calendar.ics", "/badge.svg", "/api/v2/summary.json"] {
        let answer = club.visitor.get(&format!("{part}?access={}", token(&link))).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (200, ""), "{part}");
        assert!(answer.header("cache-control").starts_with("private"), "{part}");
    }
    for wrong in ["", "x", &token(&link)[1..], &format!("{}x", token(&link))] {
        assert_eq!(club.visitor.get(&format!("/feed.atom?access={wrong}")).await.status, 404, "{wrong:?}");
    }
    let brief =
        async || (club.visitor.get(&format!("/feed.atom?access={}", token(&short))).await.status == 404).then_some(());
    eventually(20, "the short link has ended", brief).await;
    assert!(
        now() > short["expires_at"].as_str().and_then(|at| at.parse().ok()).expect("an instant"),
        "not before its end"
    );
    let path = format!("/tenants/acme/page/links/{}", link["id"].as_str().expect("an id"));
    club.admin.delete(&path).await.ok(204);
    let revoked = async || (member.get("").await.status == 404).then_some(());
    eventually(10, "it is revoked, and its cookie with it", revoked).await;
    assert_eq!(club.visitor.get(&format!("/feed.atom?access={}", token(&link))).await.status, 404);
}
