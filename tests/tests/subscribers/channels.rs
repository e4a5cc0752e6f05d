//! By webhook, signed as Standard Webhooks has it, and by Slack.

use plimsoll_domain::time::Span;
use plimsoll_tests::receivers::{Received, Slack, SubscriberHook};
use plimsoll_tests::subscribing::{Town, link};
use plimsoll_tests::visitor::texts;
use plimsoll_tests::{Setup, eventually, now};
use serde_json::{Value, json};

async fn taken(hook: &SubscriberHook, name: &str, count: usize) -> Vec<Received> {
    let look = async || Some(hook.taken_by(name)).filter(|all| all.len() >= count);
    eventually(40, &format!("{count} messages to {name}"), look).await
}

/// Subscribes the webhook `name`, and confirms by what it is sent; its secret.
async fn joined(town: &Town, hook: &SubscriberHook, name: &str) -> String {
    let url = hook.url(name);
    let asked = town.visitor.post("/subscribe", &[("kind", "webhook"), ("address", &url)]).await;
    assert_eq!((asked.status, asked.text.contains("whsec_")), (200, false), "{}", asked.text);
    let message = taken(hook, name, 1).await.remove(0);
    assert_eq!(message.body["type"], "subscription.confirm");
    assert!(!message.body.to_string().contains("whsec_"), "the secret is not sent: {}", message.body);
    let confirm = message.body["data"]["confirm_url"].as_str().expect("a link").to_owned();
    let shown = town.visitor.get(&confirm).await;
    assert!(shown.status == 200 && !shown.text.contains("whsec_"), "{}", shown.text);
    let done = town.visitor.post(&confirm, &[]).await;
    let secret = texts(&done.text, "code.secret").remove(0);
    assert_eq!(done.header("cache-control"), "no-store", "it is in nobody's cache");
    let again = town.visitor.post(&confirm, &[]).await;
    assert!(!again.text.contains("whsec_"), "it is shown once: {}", again.text);
    SubscriberHook::verify(&secret, &message);
    secret
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_confirms_by_itself_and_what_it_is_sent_is_signed() {
    let town = Town::start(Setup::embedded()).await;
    let hook = SubscriberHook::start().await;
    let secret = joined(&town, &hook, "one").await;
    let other = joined(&town, &hook, "two").await;
    assert_ne!(secret, other, "each has its own");
    let incident = town.incident("Web <is> slow", &json!({})).await;
    town.say(&incident, "identified", "It is the *cache*.").await;
    town.say(&incident, "resolved", "It was.").await;
    let messages = taken(&hook, "one", 4).await;
    let kinds: Vec<&Value> = messages.iter().map(|one| &one.body["type"]).collect();
    assert_eq!(kinds, ["subscription.confirm", "incident.created", "incident.updated", "incident.resolved"]);
    for message in &messages {
        SubscriberHook::verify(&secret, message);
    }
    let data = &messages[2].body["data"];
    let page = json!({"id": "acme", "name": "Tenant acme", "url": format!("{}/s/acme", town.server.url())});
    assert_eq!(data["page"], page);
    assert_eq!(data["incident"]["name"], "Web <is> slow");
    assert_eq!(data["incident"]["update"]["body"], "It is the *cache*.", "Markdown, as it was written");
    assert_eq!(data["incident"]["components"], json!([{"id": "web", "name": "web", "status": "degraded_performance"}]));
    let ids: std::collections::BTreeSet<_> = messages
        .iter()
        .map(|one| one.headers["webhook-id"].clone())
        .map(|id| id.to_str().expect("text").to_owned())
        .collect();
    assert_eq!(ids.len(), 4, "each has an id of its own");
    assert!(!hook.taken_by("one").iter().any(|one| one.body.to_string().contains("/hooks/two")));
    let leave = data["unsubscribe_url"].as_str().expect("a link");
    assert_eq!(town.visitor.post(leave, &[("List-Unsubscribe", "One-Click")]).await.status, 200);
    town.incident("Afterwards", &json!({})).await;
    taken(&hook, "two", 5).await;
    town.all_is_told().await;
    assert_eq!((hook.taken_by("one").len(), hook.faults()), (4, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_told_of_each_step_of_maintenance() {
    let town = Town::start(Setup::embedded()).await;
    let hook = SubscriberHook::start().await;
    let secret = joined(&town, &hook, "one").await;
    let at = |seconds| now().plus(Span::from_seconds(seconds)).to_string();
    let work = json!({"id": "work", "title": "New disks", "components": ["db"], "remind_minutes": 0,
        "starts_at": at(12), "ends_at": at(20)});
    town.admin.post("/tenants/acme/maintenances", &work).await.ok(201);
    let messages = taken(&hook, "one", 4).await;
    let kinds: Vec<_> =
        messages[1..].iter().map(|one| (&one.body["type"], &one.body["data"]["maintenance"]["status"])).collect();
    let wanted = [("scheduled", "scheduled"), ("started", "in_progress"), ("completed", "completed")];
    let wanted = wanted.map(|(kind, status)| (json!(format!("maintenance.{kind}")), json!(status)));
    assert_eq!(kinds, wanted.each_ref().map(|(kind, status)| (kind, status)));
    for message in &messages {
        SubscriberHook::verify(&secret, message);
    }
    assert_eq!(hook.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_is_asked_and_then_told() {
    let town = Town::start(Setup::embedded()).await;
    let slack = Slack::start().await;
    let asked = town.visitor.post("/subscribe", &[("kind", "slack"), ("address", &slack.url())]).await;
    assert_eq!((asked.status, texts(&asked.text, "h1")), (200, vec!["Nearly there".to_owned()]));
    let count = async |count: usize| {
        let look = async || Some(slack.accepted()).filter(|all| all.len() >= count);
        eventually(40, &format!("{count} messages to Slack"), look).await
    };
    let asking = count(1).await.remove(0).body.to_string();
    let confirm = link(&asking, "/subscribe/confirm?");
    assert_eq!(town.visitor.post(&confirm, &[]).await.status, 200);
    let incident = town
        .incident("<!channel> Web & db", &json!({"body": "<script>alert(1)</script> & <https://x.example|y>"}))
        .await;
    town.say(&incident, "resolved", "It is over.").await;
    let messages: Vec<_> = count(3).await.iter().map(|one| one.body.to_string()).collect();
    assert!(messages[1].contains("Investigating") && messages[2].contains("Resolved"), "{messages:?}");
    assert!(messages[1].contains("&lt;!channel&gt; Web &amp; db"), "nobody is called: {}", messages[1]);
    assert!(messages[1].contains("\"unfurl_links\":false"), "nothing follows the links: {}", messages[1]);
    assert_eq!(slack.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_subscribe_as_at_a_statuspage_and_learn_nothing_either() {
    let town = Town::start(Setup::embedded()).await;
    let ask = async |email: &str| {
        let fields = [("subscriber[email]", email), ("subscriber[component_ids][]", "db")];
        town.visitor.from("192.0.2.7").post("/api/v2/subscribers.json", &fields).await
    };
    let first = ask("ada@example.com").await.ok(201);
    town.mails("ada@example.com", 1).await;
    let again = ask("ada@example.com").await.ok(201);
    for field in ["id", "mode", "email", "skip_confirmation_notification", "quarantined_at", "purge_at"] {
        assert_eq!(first["subscriber"][field], again["subscriber"][field], "{field}");
    }
    assert_eq!(town.subscriber("email", "a•••@example.com").await["components"], json!(["db"]));
    let refused = town.visitor.post("/api/v2/subscribers.json", &[("subscriber[email]", "nobody")]).await;
    assert_eq!((refused.status, refused.header("content-type")), (422, "application/problem+json"));
    town.all_is_told().await;
    assert_eq!(town.subjects("ada@example.com").len(), 1);
}
