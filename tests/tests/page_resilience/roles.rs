//! The page in a process of its own, on one MongoDB with another that has the API and the jobs.

use plimsoll_tests::acts::{public_status, push_component};
use plimsoll_tests::receivers::SubscriberHook;
use plimsoll_tests::{Backing, Client, Server, Setup, Visitor, eventually, now};
use serde_json::json;

const SECRET: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// A tenant made by a process that need not show pages.
async fn acme(server: &Server) -> Client {
    let root = server.root();
    let made = root.post("/tenants", &json!({"id": "acme", "name": "Acme"})).await.ok(201);
    root.with_key(made["admin_key"].as_str().expect("a key"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_role_alone_shows_the_page_and_takes_subscribers() {
    let setup = Setup::on(Backing::MongoDb).await.with("PLIMSOLL_SECRET_KEY", SECRET);
    let (mut back, mut front) = (setup.clone().stopped(), setup.stopped());
    back.take_roles("api,jobs");
    front.take_roles("status");
    back.start_again().await;
    front.start_again().await;
    let admin = acme(&back).await;
    admin.post("/tenants/acme/components", &push_component("web")).await.ok(201);
    let visitor = Visitor::new(&Client::new(&front.url()), "acme");
    let shown = async || visitor.get("/components/web").await.text.contains("web").then_some(());
    eventually(30, "the page is shown by the other process", shown).await;
    for path in ["/tenants", "/incidents", "/observability/config", "/docs"] {
        assert_eq!(visitor.at("").get(path).await.status, 404, "{path} is not served there");
    }
    for path in ["/health", "/ready", "/metrics"] {
        assert_eq!(visitor.at("").get(path).await.status, 200, "{path}");
    }
    assert_eq!(Client::new(&back.url()).page("/s/acme").await.status, 404, "the page is not served by the other");

    let hook = SubscriberHook::start().await;
    let asked = visitor.post("/subscribe", &[("kind", "webhook"), ("address", &hook.url("one"))]).await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    let message = eventually(60, "the other process asks", async || hook.taken_by("one").pop()).await;
    let confirm = message.body["data"]["confirm_url"].as_str().expect("a link").to_owned();
    assert_eq!(visitor.post(&confirm, &[]).await.status, 200, "by the process that takes subscribers");
    admin
        .post("/incidents", &json!({"title": "Trouble", "body": "x", "components": {"web": "major_outage"}}))
        .await
        .ok(201);
    let told = async || hook.taken_by("one").iter().any(|one| one.body["type"] == "incident.created").then_some(());
    eventually(30, "it is told", told).await;
    let there = async || visitor.get("").await.text.contains("Trouble").then_some(());
    eventually(30, "the page says it", there).await;

    // The page stays while the other process is gone, and says how old it is.
    back.kill9();
    let stale = async || {
        let status = visitor.at("").get("/public/status?tenant=acme").await;
        (status.status == 200 && status.json()["stale"] == true).then_some(())
    };
    eventually(90, "nothing newer is overdue", stale).await;
    assert_eq!(visitor.get("").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_to_the_api_alone_is_shown_without_waiting_for_the_tick_of_another_process() {
    let setup = Setup::on(Backing::MongoDb).await.with("PLIMSOLL_SECRET_KEY", SECRET);
    let setup = setup.with("PLIMSOLL_SAMPLING_INTERVAL_SECONDS", "60");
    let (mut front, mut back) = (setup.clone().stopped(), setup.stopped());
    front.take_roles("api");
    back.take_roles("jobs,status");
    front.start_again().await;
    let admin = acme(&front).await;
    admin.post("/tenants/acme/components", &push_component("web")).await.ok(201);
    let early = async || (now().seconds().rem_euclid(60) < 30).then_some(());
    eventually(40, "the next tick is far away", early).await;
    back.start_again().await;
    let page = Client::new(&back.url());
    let shown = async || {
        let status = public_status(&page, "acme").await;
        status["as_of"].is_string().then_some(status)
    };
    let before = eventually(10, "the first tick has shown it", shown).await;
    let body = json!({"title": "Trouble", "body": "x", "components": {"web": "major_outage"}});
    admin.post("/incidents", &body).await.ok(201);
    let said = async || {
        let status = public_status(&page, "acme").await;
        (status["incidents"].as_array().map(Vec::len) == Some(1)).then_some(status)
    };
    let after = eventually(15, "the page says it", said).await;
    assert_eq!((&before["incidents"], &before["as_of"]), (&json!([]), &after["as_of"]), "no tick has run since");
}
