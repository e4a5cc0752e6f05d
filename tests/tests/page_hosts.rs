//! Pages under names of their own: proven by a record in DNS, served at the root, and given to whoever proved them
//! last.

use plimsoll_tests::acts::push_component;
use plimsoll_tests::visitor::{attributes, texts};
use plimsoll_tests::{Answer, Backing, Client, Dns, Server, Setup, Visitor, eventually};
use serde_json::{Value, json};

const HOST: &str = "status.example.org";
const RECORD: &str = "_plimsoll.status.example.org";

struct Zone {
    server: Server,
    dns: Dns,
    acme: Client,
    /// Somebody who asks under the host's name.
    guest: Visitor,
}

impl Zone {
    async fn start(setup: Setup) -> Self {
        let dns = Dns::start().await;
        let server = setup.with("PLIMSOLL_DNS_SERVERS", &dns.address()).start().await;
        let acme = server.tenant("acme").await;
        acme.post("/tenants/acme/components", &push_component("web")).await.ok(201);
        let guest = Visitor::new(&server.anybody(), "acme").at("").with("host", HOST);
        Self { server, dns, acme, guest }
    }

    async fn verify(&self, admin: &Client, tenant: &str) -> Answer {
        admin.post(&format!("/tenants/{tenant}/page/hosts/{HOST}/verify"), &json!({})).await
    }

    /// Whether a certificate may be made for a name, as a proxy asks.
    async fn may_have_certificate(&self, name: &str) -> u16 {
        self.server.anybody().page(&format!("/internal/tls/ask?domain={name}")).await.status
    }

    /// Waits until the page of this tenant stands under the name.
    async fn until_it_is(&self, title: &str) {
        let look = async || {
            let page = self.guest.get("/").await;
            texts(&page.text, "header .owner span").iter().any(|one| one == title).then_some(())
        };
        eventually(10, &format!("{title} stands under {HOST}"), look).await;
    }
}

async fn claim(admin: &Client, tenant: &str) -> Value {
    admin.post(&format!("/tenants/{tenant}/page/hosts"), &json!({"name": HOST})).await.ok(201)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_good_when_its_record_is_and_not_before() {
    let mut zone = Zone::start(Setup::embedded()).await;
    let claimed = claim(&zone.acme, "acme").await;
    assert_eq!((&claimed["record_name"], &claimed["verified_at"]), (&json!(RECORD), &Value::Null), "{claimed}");
    let content = text(&claimed["record_content"]).to_owned();
    let refused = async |zone: &Zone, words: &str| {
        let answer = zone.verify(&zone.acme, "acme").await;
        let problem = answer.ok(422);
        assert!(problem.to_string().contains(words), "{words}: {problem}");
        assert_eq!(zone.may_have_certificate(HOST).await, 404);
        assert_eq!(zone.acme.get("/tenants/acme/page/hosts").await.ok(200)["items"][0]["verified_at"], Value::Null);
    };
    refused(&zone, "no TXT record").await;
    zone.dns.set(RECORD, &[]);
    refused(&zone, "no TXT record").await;
    zone.dns.set(RECORD, &["v=spf1 -all", &content[..content.len() - 1]]);
    refused(&zone, "v=spf1 -all").await;
    zone.dns.set(HOST, &[&content]);
    refused(&zone, RECORD).await;

    zone.dns.stop();
    let away = zone.verify(&zone.acme, "acme").await;
    assert_eq!(away.status, 503, "{}", away.text);
    assert!(!away.text.contains("127.0.0.1"), "{}", away.text);
    zone.dns.start_again().await;

    zone.dns.set(RECORD, &["v=spf1 -all", &content]);
    let verified = zone.verify(&zone.acme, "acme").await.ok(200);
    assert!(verified["verified_at"].is_string(), "{verified}");
    zone.until_it_is("Tenant acme").await;
    assert_eq!(zone.may_have_certificate(HOST).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_none_or_are_ours_are_refused() {
    let zone = Zone::start(Setup::embedded()).await;
    for wrong in
        ["", "localhost", "127.0.0.1", "[::1]", "a b.example", "-a.example", "status.example.org/x", "*.example.org"]
    {
        let answer = zone.acme.post("/tenants/acme/page/hosts", &json!({"name": wrong})).await;
        assert_eq!(answer.status, 422, "{wrong}: {}", answer.text);
    }
    let upper = zone.acme.post("/tenants/acme/page/hosts", &json!({"name": "Status.Example.ORG."})).await.ok(201);
    assert_eq!(upper["name"], HOST);
    let again = zone.acme.post("/tenants/acme/page/hosts", &json!({"name": HOST})).await;
    assert_eq!(again.status, 409, "{}", again.text);
    let unknown = zone.acme.post("/tenants/acme/page/hosts/other.example.org/verify", &json!({})).await;
    assert_eq!(unknown.status, 404, "{}", unknown.text);
}

async fn proven(setup: Setup) -> Zone {
    let zone = Zone::start(setup).await;
    let claimed = claim(&zone.acme, "acme").await;
    zone.dns.set(RECORD, &[text(&claimed["record_content"])]);
    zone.verify(&zone.acme, "acme").await.ok(200);
    zone.until_it_is("Tenant acme").await;
    zone
}

async fn the_page_is_at_the_root(backing: Backing) {
    let zone = proven(Setup::on(backing).await).await;
    let page = zone.guest.get("/").await;
    assert_eq!(page.status, 200);
    let links = attributes(&page.text, "a[href]", "href");
    assert!(links.iter().all(|href| !href.starts_with("/s/")), "links stay under the name: {links:?}");
    assert!(links.iter().any(|href| href == "/incidents"), "{links:?}");
    for path in [
        "/incidents",
        "/history",
        "/components/web",
        "/feed.atom",
        "/feed.rss",
        "/feed.json",
        "/calendar.ics",
        "/badge.svg",
        "/subscribe",
        "/api/v2/summary.json",
        "/api/v2/status.json",
    ] {
        let answer = zone.guest.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text.contains("/s/acme"), "{path}: {}", answer.text);
    }
    let incidents = zone.guest.get("/incidents").await;
    assert!(incidents.header("content-type").starts_with("text/html"), "it is the page, not the API");
    for asset in attributes(&page.text, "link[rel=stylesheet], link[rel=icon]", "href") {
        assert_eq!(zone.guest.get(&asset).await.status, 200, "{asset}");
    }
    nothing_else_is_there(&zone).await;
    // Under the server's own name nothing has changed.
    assert_eq!(zone.server.anybody().page("/s/acme").await.status, 200);
    assert_eq!(zone.acme.get("/incidents").await.status, 200);
}

async fn nothing_else_is_there(zone: &Zone) {
    for path in [
        "/tenants",
        "/tenants/acme",
        "/tenants/acme/components",
        "/metrics",
        "/health",
        "/openapi.json",
        "/docs",
        "/observability/config",
        "/public/status?tenant=acme",
        "/internal/tls/ask?domain=status.example.org",
        "/s/acme",
        "/s/other",
    ] {
        let answer = zone.guest.get(path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
    }
    let key = zone.guest.with("authorization", &format!("Bearer {}", plimsoll_tests::ROOT_KEY));
    assert_eq!(key.get("/tenants").await.status, 404, "not for the root key either");
    let opened = key.ask("POST", "/incidents", Some("{}".to_owned())).await;
    assert!(opened.status == 404 || opened.status == 405, "{}", opened.status);
    for name in [HOST.to_uppercase(), format!("{HOST}."), format!("{HOST}:8443")] {
        let answer = Visitor::new(&zone.server.anybody(), "acme").at("").with("host", &name).get("/tenants").await;
        assert_eq!(answer.status, 404, "{name}");
    }
    let elsewhere = Visitor::new(&zone.server.anybody(), "acme")
        .at("")
        .with("host", "other.example.org")
        .get("/components/web")
        .await;
    assert_eq!(elsewhere.status, 404, "another name is nobody's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proven_page_stands_at_the_root_of_its_name_and_nothing_else_does_on_the_embedded_store() {
    the_page_is_at_the_root(Backing::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proven_page_stands_at_the_root_of_its_name_and_nothing_else_does_on_mongodb() {
    the_page_is_at_the_root(Backing::MongoDb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_proves_the_name_last_has_it() {
    let zone = proven(Setup::embedded()).await;
    let other = zone.server.tenant("other").await;
    let claimed = claim(&other, "other").await;
    // That somebody else has it is not said; the record still decides.
    let refused = zone.verify(&other, "other").await;
    assert!(refused.status == 422 && !refused.text.contains("acme"), "{}", refused.text);
    zone.until_it_is("Tenant acme").await;
    zone.dns.set(RECORD, &[text(&claimed["record_content"])]);
    zone.verify(&other, "other").await.ok(200);
    zone.until_it_is("Tenant other").await;
    let lost = zone.verify(&zone.acme, "acme").await;
    assert_eq!(lost.status, 422, "{}", lost.text);
    zone.until_it_is("Tenant other").await;
    other.delete(&format!("/tenants/other/page/hosts/{HOST}")).await.ok(204);
    zone.until_it_is("Tenant acme").await;
    zone.acme.delete(&format!("/tenants/acme/page/hosts/{HOST}")).await.ok(204);
    let gone = async || (zone.may_have_certificate(HOST).await == 404).then_some(());
    eventually(10, "nobody has it", gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_is_still_known_after_a_restart() {
    let mut zone = proven(Setup::embedded()).await;
    zone.server.kill9();
    zone.server.start_again().await;
    let page = zone.guest.get("/").await;
    assert_eq!((page.status, zone.guest.get("/tenants").await.status), (200, 404), "from the first request on");
    assert_eq!(zone.may_have_certificate(HOST).await, 200);
    assert_eq!(zone.may_have_certificate("other.example.org").await, 404);
    assert_eq!(zone.may_have_certificate("").await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_page_under_its_name_lets_in_there() {
    let zone = proven(Setup::embedded()).await;
    let access = json!({"access": {"private": true, "password": "open sesame"}});
    zone.acme.put("/tenants/acme/page", &access).await.ok(200);
    let hidden = async || (zone.guest.get("/").await.status == 404).then_some(());
    eventually(10, "it is private", hidden).await;
    let right = zone.guest.post("/login", &[("password", "open sesame")]).await;
    assert_eq!((right.status, right.header("location")), (303, "/"));
    let set = right.header("set-cookie").to_owned();
    assert!(set.contains("; Path=/;") && set.contains("; HttpOnly"), "{set}");
    let member = zone.guest.with("cookie", set.split(';').next().expect("a cookie"));
    assert_eq!((member.get("/").await.status, member.get("/incidents").await.status), (200, 200));
    assert_eq!(member.get("/tenants").await.status, 404);
}
