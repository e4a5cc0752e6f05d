//! What nobody is told of.

use plimsoll_domain::time::Span;
use plimsoll_tests::subscribing::Town;
use plimsoll_tests::{Setup, now};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn drafts_and_what_is_written_down_later_are_silent_until_a_draft_is_published() {
    let town = Town::start(Setup::embedded()).await;
    town.joined("ada@example.com", &[]).await;
    let draft = town.incident("Drafted", &json!({"draft": true})).await;
    town.say(&draft, "identified", "Still a draft.").await;
    let ago = |minutes: i64| now().minus(Span::minutes(minutes)).to_string();
    let past = json!({"title": "Long over", "impact": "major", "updates": [
        {"status": "investigating", "body": "It began.", "at": ago(600), "components": {"web": "major_outage"}},
        {"status": "resolved", "body": "It ended.", "at": ago(500)},
    ]});
    let past = town.admin.post("/incidents", &past).await.ok(201);
    assert_eq!(past["backfilled"], true, "{past}");
    let path = format!("/incidents/{}", past["id"].as_str().expect("an id"));
    town.admin.patch(&path, &json!({"status": "postmortem", "body": "Why it happened."})).await.ok(200);
    town.all_is_told().await;
    assert_eq!(town.subjects("ada@example.com").len(), 1, "{:?}", town.subjects("ada@example.com"));

    town.admin.patch(&format!("/incidents/{draft}"), &json!({"publish": true})).await.ok(200);
    town.mails("ada@example.com", 2).await;
    // A correction of what was told is told to nobody.
    town.admin.patch(&format!("/incidents/{draft}/updates/0"), &json!({"body": "Better words."})).await.ok(200);
    town.all_is_told().await;
    assert_eq!(town.subjects("ada@example.com")[1..], ["[Tenant acme] Identified: Drafted"], "how it stands, once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_is_published_is_told_to_all_who_have_confirmed_by_then() {
    let town = Town::start(Setup::embedded()).await;
    let draft = town.incident("Drafted", &json!({"draft": true})).await;
    town.joined("ada@example.com", &[]).await;
    town.admin.patch(&format!("/incidents/{draft}"), &json!({"publish": true})).await.ok(200);
    let mails = town.mails("ada@example.com", 2).await;
    assert_eq!(mails[1].header("subject"), "[Tenant acme] Investigating: Drafted");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_confirms_later_does_not_hear_of_what_was_said_before() {
    let town = Town::start(Setup::embedded()).await;
    let incident = town.incident("Old", &json!({})).await;
    town.all_is_told().await;
    town.joined("late@example.com", &[]).await;
    town.say(&incident, "identified", "New words.").await;
    town.mails("late@example.com", 2).await;
    town.all_is_told().await;
    assert_eq!(town.subjects("late@example.com")[1..], ["[Tenant acme] Identified: Old"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_subscribers_hear_of_their_own_page_only() {
    let town = Town::start(Setup::embedded()).await;
    let other = town.server.tenant("other").await;
    town.joined("ada@example.com", &[]).await;
    let neighbour = Town { admin: other, visitor: town.visitor.at("/s/other"), ..town };
    neighbour.visitor.from("192.0.2.3").post("/subscribe", &[("kind", "email"), ("address", "olga@example.com")]).await;
    let mail = neighbour.mails("olga@example.com", 1).await.remove(0);
    let confirm = plimsoll_tests::subscribing::link(&mail.text, "/s/other/subscribe/confirm?");
    // A link of one page opens nothing at another.
    let astray = confirm.replace("/s/other/", "/s/acme/");
    assert_eq!(neighbour.visitor.post(&astray, &[]).await.status, 404);
    assert_eq!(neighbour.visitor.post(&confirm, &[]).await.status, 200);
    let body = json!({"title": "At the neighbour's", "status": "investigating", "impact": "minor", "body": "Hm."});
    neighbour.admin.post("/incidents", &body).await.ok(201);
    neighbour.mails("olga@example.com", 2).await;
    assert_eq!(neighbour.subjects("ada@example.com").len(), 1);
}
