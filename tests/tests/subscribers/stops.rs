//! Whoever is not there, or wants nothing any more, is left alone.

use plimsoll_tests::receivers::{Answer, SubscriberHook};
use plimsoll_tests::subscribing::Town;
use plimsoll_tests::{Backing, Setup, eventually};
use serde_json::json;

async fn bounces_stop(backing: Backing) {
    let town = Town::start(Setup::on(backing).await).await;
    town.joined("ada@example.com", &[]).await;
    town.joined("bob@example.com", &[]).await;
    town.smtp.refuse("ada@example.com");
    town.incident("First", &json!({})).await;
    let stopped = town.until_stopped("email", "a•••@example.com").await;
    assert_eq!(stopped["stop_reason"], "bounced", "{stopped}");
    let words = stopped["stop_words"].as_str().expect("words");
    assert!(
        words.contains("5.1.1") && !words.contains("ada@example.com"),
        "the server's words, without the address: {words}"
    );
    town.incident("Second", &json!({})).await;
    town.mails("bob@example.com", 3).await;
    town.all_is_told().await;
    assert_eq!(town.subjects("ada@example.com").len(), 1, "nothing but what she confirmed by");
    let of_ada = town
        .admin
        .get(&format!("/tenants/acme/subscribers/{}/notices", stopped["id"].as_str().expect("an id")))
        .await
        .ok(200);
    let incidents: Vec<_> =
        of_ada["items"].as_array().expect("a list").iter().filter(|one| one["event"]["kind"] == "incident").collect();
    assert!(incidents.iter().all(|one| one["state"] == "dead" && one["tries"].as_u64() <= Some(1)), "{of_ada}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_nobodys_is_stopped_on_the_embedded_store() {
    bounces_stop(Backing::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_nobodys_is_stopped_on_mongodb() {
    bounces_stop(Backing::MongoDb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_us_stops_nobody() {
    let town = Town::start(Setup::embedded()).await;
    town.joined("ada@example.com", &[]).await;
    town.smtp.answer_with([Answer::Says(554, "5.7.1 looks like spam".to_owned())]);
    town.incident("First", &json!({})).await;
    town.all_is_told().await;
    assert_eq!(town.subscriber("email", "a•••@example.com").await["state"], "active");
    town.incident("Second", &json!({})).await;
    let mails = town.mails("ada@example.com", 2).await;
    assert!(mails[1].header("subject").contains("Second"), "{mails:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_a_machine_says_is_gone_is_stopped() {
    let town = Town::start(Setup::embedded()).await;
    town.joined("ada@example.com", &[]).await;
    for address in ["nobody@example.com", "ada@EXAMPLE.com"] {
        let bounce = json!({"address": address, "reason": "550 mailbox gone"});
        town.admin.post("/tenants/acme/bounces", &bounce).await.ok(204);
    }
    let stopped = town.until_stopped("email", "a•••@example.com").await;
    assert_eq!((&stopped["stop_reason"], &stopped["stop_words"]), (&json!("bounced"), &json!("550 mailbox gone")));
    town.incident("First", &json!({})).await;
    town.all_is_told().await;
    assert_eq!(town.subjects("ada@example.com").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_says_it_is_gone_is_stopped() {
    let town = Town::start(Setup::embedded()).await;
    let hook = SubscriberHook::start().await;
    town.visitor.post("/subscribe", &[("kind", "webhook"), ("address", &hook.url("one"))]).await;
    let look = async || hook.taken_by("one").pop();
    let message = eventually(20, "it is asked", look).await;
    let confirm = message.body["data"]["confirm_url"].as_str().expect("a link").to_owned();
    assert_eq!(town.visitor.post(&confirm, &[]).await.status, 200);
    hook.answer_always(Answer::Status(410));
    town.incident("First", &json!({})).await;
    let stopped = town.until_stopped("webhook", "/••••").await;
    assert_eq!(stopped["stop_reason"], "refused", "{stopped}");
    town.incident("Second", &json!({})).await;
    town.all_is_told().await;
    assert_eq!(hook.received().len(), 2, "it is not asked again");
}
