//! Secrets of private pages and of those who subscribe: passwords, links, addresses, and what stands in the links of mails.

use plimsoll_tests::acts::push_component;
use plimsoll_tests::receivers::SubscriberHook;
use plimsoll_tests::visitor::texts;
use plimsoll_tests::{Answer, Visitor, eventually, port};
use serde_json::json;

use crate::world::World;

/// What follows a name in the query of a link.
fn in_query(link: &str, name: &str) -> String {
    let url = reqwest::Url::parse(link).expect("an address");
    let found = url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    found.unwrap_or_else(|| panic!("no {name} in {link}"))
}

async fn page_with(world: &World, access: &serde_json::Value) {
    world.admin.put("/tenants/acme/page", &json!({"access": access})).await.ok(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lets_somebody_in_is_said_nowhere() {
    let world = World::start().await;
    let visitor = Visitor::new(&world.server.anybody(), "acme");
    let password = format!("{}\"é/", world.secrets.core("a page's password"));
    page_with(&world, &json!({"private": true, "password": password})).await;
    let door = async || (visitor.get("").await.status == 404).then_some(());
    eventually(20, "the page is private", door).await;
    let wrong = [world.secrets.core("a wrong password"), format!("{password} ")];
    for guess in wrong {
        assert_eq!(visitor.post("/login", &[("password", &guess)]).await.status, 422);
    }
    let entered = visitor.post("/login", &[("password", &password)]).await;
    let cookie = entered.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    world.secrets.note("a session", cookie.split_once('=').expect("a name").1);
    for cookie in [cookie.clone(), format!("{cookie}x")] {
        visitor.with("cookie", &cookie).get("/incidents").await;
    }
    let made = world.admin.post("/tenants/acme/page/links", &json!({"name": "Board"})).await.ok(201);
    let link = made["url"].as_str().expect("a link");
    let token = world.secrets.note("a link's token", &in_query(link, "access"));
    let opens = async || (visitor.get(link).await.status == 303).then_some(());
    eventually(20, "the link opens", opens).await;
    for part in [
        format!("/feed.atom?access={token}"),
        format!("/feed.atom?access={token}x"),
        format!("/x/{token}"),
        format!("/incidents/{token}"),
        format!("/history/{token}"),
    ] {
        world.tell(&part.replace(&token, "TOKEN"), &visitor.get(&part).await.text.replace(&token, "as it was asked"));
    }
    let id = made["id"].as_str().expect("an id");
    world.ask(&world.admin, ("DELETE", &format!("/tenants/acme/page/links/{id}")), None).await;
    for access in [
        json!({"private": true, "password": [world.secrets.core("a list for a password")]}),
        json!({"private": true, "password": world.secrets.core("a long password").repeat(90)}),
    ] {
        world.ask(&world.admin, ("PUT", "/tenants/acme/page"), Some(&json!({"access": access}))).await;
    }
    world.ends_without_a_word().await;
}

/// Takes note of the token of a link, and follows it: with what is right and with what is wrong.
async fn follow(world: &World, visitor: &Visitor, link: &str, what: &str) -> Answer {
    let token = world.secrets.note(what, &in_query(link, "token"));
    for wrong in [link.replace("token=", "token=x"), link.replace("id=", "id=x"), link.replace("token=", "key=")] {
        visitor.get(&wrong).await;
        visitor.post(&wrong, &[]).await;
    }
    visitor.get(&format!("/subscribe/{token}")).await;
    visitor.get(link).await;
    visitor.post(link, &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_subscriber_is_reached_and_leaves_is_said_nowhere() {
    let world = World::start().await;
    let hook = SubscriberHook::start().await;
    world.admin.post("/tenants/acme/components", &push_component("web")).await.ok(201);
    let visitor = Visitor::new(&world.server.anybody(), "acme");
    let form = async || (visitor.get("/subscribe").await.status == 200).then_some(());
    eventually(20, "there is a form", form).await;
    let name = format!("{}-tail", world.secrets.core("a subscriber's address"));
    visitor.post("/subscribe", &[("kind", "webhook"), ("address", &hook.url(&name))]).await;
    let asked = eventually(40, "it is asked", async || hook.taken_by(&name).pop()).await;
    let data = &asked.body["data"];
    let done = follow(&world, &visitor, data["confirm_url"].as_str().expect("a link"), "a confirming link").await;
    world.secrets.note("a subscriber's secret", &texts(&done.text, "code.secret").remove(0));
    let away = format!("http://127.0.0.1:{}", port::free());
    let refused = world.secrets.core("an address that refuses");
    for (kind, address) in [
        ("slack", format!("{}/services/T0/B0/{}", world.echo.url(), world.secrets.core("a subscriber's Slack"))),
        ("webhook", format!("{}/{refused}?token={refused}", world.echo.url())),
        ("webhook", format!("{away}/{}", world.secrets.core("an address that is away"))),
        ("webhook", format!("http://u:{}@127.0.0.1/", world.secrets.core("an address with a user"))),
        ("email", "ada@example.com".to_owned()),
    ] {
        visitor.post("/subscribe", &[("kind", kind), ("address", &address)]).await;
    }
    let opened = json!({"title": "Slow", "status": "investigating", "impact": "minor", "body": "We look.",
        "components": {"web": "degraded_performance"}});
    world.admin.post("/incidents", &opened).await.ok(201);
    let told = async || hook.taken_by(&name).into_iter().find(|one| one.body["type"] == "incident.created");
    let told = eventually(40, "it is told", told).await;
    let leave = told.body["data"]["unsubscribe_url"].as_str().expect("a link");
    follow(&world, &visitor, leave, "a link to leave").await;
    world.ends_without_a_word().await;
}
