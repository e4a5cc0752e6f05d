//! The page in a process of its own, on one MongoDB with another that has the API and the jobs.

use plimsoll_tests::acts::push_component;
use plimsoll_tests::receivers::SubscriberHook;
use plimsoll_tests::{Backing, Client, Setup, Visitor, eventually};
use serde_json::json;

const SECRET: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

#[tokio::test(flavor = "multi_thread")]
async fn the_status_role_alone_shows_the_page_and_takes_subscribers() {
    let setup = Setup::on(Backing::MongoDb).await.with("PLIMSOLL_SECRET_KEY", SECRET);
    let (mut back, mut front) = (setup.clone().stopped(), setup.stopped());
    back.take_roles("api,jobs");
    front.take_roles("status");
    back.start_again().await;
    front.start_again().await;
    let root = back.root();
    let made = root.post("/tenants", &json!({"id": "acme", "name": "Acme"})).await.ok(201);
    let admin = root.with_key(made["admin_key"].as_str().expect("a key"));
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
