//! The store is away: what was known is shown with its age, and what is private stays so.

use plimsoll_tests::acts::push_component;
use plimsoll_tests::mongod::Mongod;
use plimsoll_tests::visitor::texts;
use plimsoll_tests::{Client, Server, Setup, Visitor, eventually};
use serde_json::json;

/// The paths of a page that show something.
const SHOWN: [&str; 19] = [
    "",
    "/incidents",
    "/components/web",
    "/history",
    "/subscribe",
    "/login",
    "/feed.atom",
    "/feed.rss",
    "/feed.json",
    "/calendar.ics",
    "/badge.svg",
    "/badge.svg?component=web",
    "/api/v2/summary.json",
    "/api/v2/status.json",
    "/api/v2/components.json",
    "/api/v2/incidents.json",
    "/api/v2/incidents/unresolved.json",
    "/api/v2/scheduled-maintenances.json",
    "/api/v2/scheduled-maintenances/upcoming.json",
];
const PASSWORD: &str = "open sesame";

struct Scene {
    mongod: Mongod,
    server: Server,
    acme: Visitor,
    club: Visitor,
    /// By which a member is known at the club.
    cookie: String,
    incident: String,
}

async fn incident(admin: &Client, title: &str) -> String {
    let body = json!({"title": title, "body": "We look into it.", "components": {"web": "degraded_performance"}});
    admin.post("/incidents", &body).await.ok(201)["id"].as_str().expect("an id").to_owned()
}

impl Scene {
    /// A public page and a private one, each with an incident, of which the overviews were seen.
    async fn start() -> Self {
        let mongod = Mongod::start().await.unwrap_or_else(|error| panic!("mongod: {error:#}"));
        let server = Setup::mongodb(&mongod.uri()).start().await;
        let (acme, club) = (server.tenant("acme").await, server.tenant("club").await);
        let mut ids = Vec::new();
        for (admin, tenant) in [(&acme, "acme"), (&club, "club")] {
            admin.post(&format!("/tenants/{tenant}/components"), &push_component("web")).await.ok(201);
            ids.push(incident(admin, &format!("Trouble at {tenant}")).await);
        }
        let access = json!({"access": {"private": true, "password": PASSWORD}});
        club.put("/tenants/club/page", &access).await.ok(200);
        let (acme, club) = (Visitor::new(&server.anybody(), "acme"), Visitor::new(&server.anybody(), "club"));
        let hidden = async || (club.get("").await.status == 404).then_some(());
        eventually(10, "the club is private", hidden).await;
        let entered = club.post("/login", &[("password", PASSWORD)]).await;
        let cookie = entered.header("set-cookie").split(';').next().expect("a cookie").to_owned();
        let member = club.with("cookie", &cookie);
        for (visitor, title) in [(&acme, "Trouble at acme"), (&member, "Trouble at club")] {
            let shown = async || visitor.get("").await.text.contains(title).then_some(());
            eventually(20, title, shown).await;
        }
        Self { mongod, server, acme, club, cookie, incident: ids.remove(0) }
    }

    fn leave(&mut self) {
        self.mongod.kill().expect("it can be killed");
    }

    /// Everything that is on the page is there, and nothing of the private one.
    async fn all_is_there(&self) {
        let mut paths: Vec<String> = SHOWN.iter().map(|path| (*path).to_owned()).collect();
        paths.push(format!("/incidents/{}", self.incident));
        let mut wrong = Vec::new();
        for path in &paths {
            let answer = self.acme.get(path).await;
            if answer.status != 200 {
                wrong.push(format!("{path}: {}", answer.status));
            }
        }
        for path in ["/public/status?tenant=acme", "/public/status/incidents?tenant=acme"] {
            let answer = self.acme.at("").get(path).await;
            if answer.status != 200 {
                wrong.push(format!("{path}: {}", answer.status));
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
        self.nothing_private_is_there().await;
    }

    async fn nothing_private_is_there(&self) {
        for path in SHOWN.iter().filter(|path| **path != "/login") {
            let answer = self.club.get(path).await;
            assert!(answer.status == 404 || answer.status == 503, "{path}: {}", answer.status);
            let other = self.club.at("/s/none").get(path).await;
            assert_eq!(answer.status, other.status, "{path}: as of a page that is not there");
            assert!(!answer.text.contains("Trouble") && !answer.text.contains("Tenant club"), "{path}");
        }
    }

    /// Waits until the page says how old it is.
    async fn until_old(&self) {
        let old = async || texts(&self.acme.get("").await.text, "p.stale").into_iter().next();
        let words = eventually(90, "the page says how old it is", old).await;
        assert!(words.contains("Last known state, as of") && words.contains("ago"), "{words}");
        let json = self.acme.at("").get("/public/status?tenant=acme").await.ok(200);
        assert!(json["stale"] == true && json["age_seconds"].as_i64() > Some(30), "{json}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_stays_while_the_store_is_away_and_says_how_old_it_is() {
    let mut scene = Scene::start().await;
    scene.leave();
    let unready = async || (scene.server.anybody().get("/ready").await.status == 503).then_some(());
    eventually(30, "the store is missed", unready).await;
    scene.all_is_there().await;
    let member = scene.club.with("cookie", &scene.cookie);
    assert_eq!(member.get("").await.status, 200, "whoever was let in still is");
    let asked = scene.acme.post("/subscribe", &[("kind", "email"), ("address", "ada@example.com")]).await;
    assert_eq!((asked.status, asked.header("retry-after").is_empty()), (503, false), "{}", asked.text);
    scene.until_old().await;
    scene.all_is_there().await;
    scene.mongod.start_again().await.expect("it starts again");
    let fresh = async || texts(&scene.acme.get("").await.text, "p.stale").is_empty().then_some(());
    eventually(60, "the page is fresh again", fresh).await;
}

async fn after_a_restart(roles: Option<&str>) {
    let mut scene = Scene::start().await;
    let kept = ["acme", "club"].map(|tenant| scene.server.data().join(format!("pages/{tenant}.json")));
    let written = async || kept.iter().all(|path| path.is_file()).then_some(());
    eventually(20, "both pages are on the disk", written).await;
    scene.leave();
    scene.server.kill9();
    if let Some(roles) = roles {
        scene.server.take_roles(roles);
    }
    scene.server.spawn();
    let url = scene.server.url();
    let anybody = Client::new(&url);
    let listens =
        async || anybody.try_ask("GET", "/s/acme", &[], None).await.ok().filter(|answer| answer.status == 200);
    let page = eventually(60, "the page is there from the disk", listens).await;
    assert!(page.text.contains("Trouble at acme"), "{}", page.text);
    scene.nothing_private_is_there().await;
    let member = scene.club.with("cookie", &scene.cookie).get("").await;
    assert!(member.status == 200 && member.text.contains("Trouble at club"), "{}", member.status);
    scene.until_old().await;
    scene.mongod.start_again().await.expect("it starts again");
    let ready = async || anybody.try_ask("GET", "/ready", &[], None).await.ok().filter(|answer| answer.status == 200);
    eventually(60, "it is ready when the store is back", ready).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_while_the_store_is_away_shows_the_page_from_the_disk() {
    after_a_restart(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_no_waiting_mends_ends_the_start_though_pages_are_kept() {
    let mut server = Setup::mongodb("mongodb://ann:hunter2@[bad/x").stopped();
    let pages = server.data().join("pages");
    std::fs::create_dir_all(&pages).expect("a folder");
    std::fs::write(pages.join("acme.json"), "{}").expect("a page that was kept");
    server.take_roles("status");
    server.spawn();
    assert!(!server.ended().await.success());
    let told = server.log_text();
    assert!(told.contains("PLIMSOLL_STORE") && !told.contains("hunter2"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_status_role_while_the_store_is_away_shows_the_page_from_the_disk() {
    after_a_restart(Some("status")).await;
}
