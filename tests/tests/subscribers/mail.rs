//! By mail: double opt-in, and what is told of incidents and maintenance.

use plimsoll_domain::time::Span;
use plimsoll_tests::acts::http_component;
use plimsoll_tests::receivers::Mail;
use plimsoll_tests::subscribing::{Town, link, unsubscribe_link};
use plimsoll_tests::visitor::{attributes, texts};
use plimsoll_tests::{Backing, Mode, Setup, Target, eventually, now};
use serde_json::json;

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

/// Everything that a mail to a subscriber must carry, and nothing of anybody else.
#[track_caller]
fn is_well_made(mail: &Mail, address: &str, others: &[&str], town: &Town) {
    assert_eq!(mail.to, [address.to_owned()]);
    let url = unsubscribe_link(mail);
    assert!(url.starts_with(&format!("{}/s/acme/unsubscribe?id=sub-", town.server.url())), "{url}");
    assert!(url.contains("&token="), "{url}");
    assert_eq!(mail.header("list-unsubscribe-post"), "List-Unsubscribe=One-Click");
    assert_eq!(mail.header("auto-submitted"), "auto-generated");
    assert_eq!(mail.header("precedence"), "bulk");
    assert!(mail.header("list-id").starts_with('<') && mail.header("list-id").ends_with('>'), "{mail:?}");
    let id = mail.header("message-id");
    assert!(id.starts_with('<') && id.ends_with('>') && id.contains('@') && !id.contains(address), "{id}");
    assert!(mail.header("to").contains(address) && mail.header("content-language") == "en", "{mail:?}");
    assert!(!mail.text.is_empty() && mail.html.contains("<html"), "both parts");
    let whole = format!("{mail:?}");
    for other in others {
        assert!(!whole.contains(other), "{other} in a mail to {address}");
    }
}

/// The form as it stands on the page, filled in by hand: no script is needed.
async fn asks_by_the_form(town: &Town) {
    let form = town.visitor.get("/subscribe").await;
    assert_eq!(attributes(&form.text, "form.card", "action"), ["/s/acme/subscribe"]);
    assert_eq!(attributes(&form.text, "form.card", "method"), ["post"]);
    assert_eq!(attributes(&form.text, "[name=kind]", "value"), ["email", "webhook", "slack"]);
    assert_eq!(attributes(&form.text, "[name=events]", "value"), ["incident", "maintenance"]);
    let answer = town.asked(ADA, &[("events", "incident"), ("events", "maintenance"), ("website", "")]).await;
    assert_eq!(texts(&answer.text, "h1"), ["Nearly there"]);
    assert!(!answer.text.contains(ADA), "what was sent is not shown: {}", answer.text);
}

async fn nothing_is_told_unconfirmed(town: &Town) -> String {
    let asking = town.mails(ADA, 1).await.remove(0);
    assert_eq!(asking.header("subject"), "Confirm your subscription to Tenant acme");
    is_well_made(&asking, ADA, &[BOB], town);
    let confirm = link(&asking.text, "/subscribe/confirm?");
    assert!(asking.html.replace("&amp;", "&").contains(&confirm), "the same link in both parts");
    town.incident("Before", &json!({})).await;
    town.mails(BOB, 2).await;
    // A program that follows links confirms nothing.
    let shown = town.visitor.get(&confirm).await;
    assert_eq!((shown.status, texts(&shown.text, "main button")), (200, vec!["Confirm".to_owned()]));
    assert!(!shown.text.contains(ADA), "the address is masked");
    assert_eq!(town.subscriber("email", "a•••@example.com").await["state"], "pending");
    town.all_is_told().await;
    assert_eq!(town.subjects(ADA), ["Confirm your subscription to Tenant acme"]);
    confirm
}

async fn hears_of_what_follows(backing: Backing) {
    let town = Town::start(Setup::on(backing).await).await;
    town.joined(BOB, &[]).await;
    asks_by_the_form(&town).await;
    let confirm = nothing_is_told_unconfirmed(&town).await;
    let done = town.visitor.post(&confirm, &[]).await;
    assert_eq!((done.status, texts(&done.text, "h1")), (200, vec!["Subscribed".to_owned()]));
    assert_eq!(town.subscriber("email", "a•••@example.com").await["state"], "active");

    let incident = town.incident("Web is slow", &json!({})).await;
    town.say(&incident, "identified", "It is the *cache*.").await;
    town.say(&incident, "monitoring", "It is mended.").await;
    town.say(&incident, "resolved", "It was the cache.").await;
    let mails = town.mails(ADA, 5).await;
    let said = ["Investigating", "Identified", "Monitoring", "Resolved"];
    let subjects: Vec<_> = said.iter().map(|word| format!("[Tenant acme] {word}: Web is slow")).collect();
    assert_eq!(town.subjects(ADA)[1..], subjects, "in order");
    let mut ids = std::collections::BTreeSet::new();
    for mail in &mails[1..] {
        is_well_made(mail, ADA, &[BOB], &town);
        assert!(ids.insert(mail.header("message-id").to_owned()), "each has an id of its own");
        assert_eq!(mail.header("references"), mails[1].header("references"), "they belong together");
        assert!(mail.text.contains(&format!("/s/acme/incidents/{incident}")), "{}", mail.text);
    }
    assert!(mails[2].text.contains("It is the cache.") && mails[2].html.contains("<em>cache</em>"), "{:?}", mails[2]);
    assert!(mails[1].text.contains("web: Degraded"), "{}", mails[1].text);
    assert_eq!(town.smtp.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_confirmed_hears_of_what_follows_and_nobody_else_on_the_embedded_store() {
    hears_of_what_follows(Backing::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_confirmed_hears_of_what_follows_and_nobody_else_on_mongodb() {
    hears_of_what_follows(Backing::MongoDb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_fails_is_told_of_and_so_is_its_end() {
    let town = Town::start(Setup::embedded()).await;
    let mut target = Target::start().await;
    town.admin.post("/tenants/acme/components", &http_component("shop", "Shop", &target.url("/"))).await.ok(201);
    town.joined(ADA, &[]).await;
    target.switch(Mode::Failing).await;
    let opened = town.mails(ADA, 2).await.remove(1);
    assert!(opened.text.contains("Shop: Down"), "{}", opened.text);
    target.switch(Mode::Healthy).await;
    let closed = async || town.subjects(ADA).iter().any(|one| one.contains("Resolved")).then(|| town.subjects(ADA));
    let subjects = eventually(60, "its end is told", closed).await;
    let place =
        |word: &str| subjects.iter().position(|one| one.contains(word)).unwrap_or_else(|| panic!("{subjects:?}"));
    assert!(place("Investigating") < place("Monitoring") && place("Monitoring") < place("Resolved"), "{subjects:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_hears_of_what_they_chose_only() {
    let town = Town::start(Setup::embedded()).await;
    town.joined("web@example.com", &[("components", "web")]).await;
    town.joined("db@example.com", &[("components", "db")]).await;
    town.joined("works@example.com", &[("events", "maintenance")]).await;
    town.joined("both@example.com", &[("components", "web"), ("components", "db"), ("events", "incident")]).await;
    town.incident("Of web", &json!({})).await;
    town.incident("Of db", &json!({"components": {"db": "major_outage"}})).await;
    town.incident("Of nothing", &json!({"components": {}})).await;
    let in_an_hour = |minutes: i64| now().plus(Span::minutes(60 + minutes)).to_string();
    let work = json!({"id": "work", "title": "New disks", "components": ["db"], "remind_minutes": 0,
        "starts_at": in_an_hour(0), "ends_at": in_an_hour(30)});
    town.admin.post("/tenants/acme/maintenances", &work).await.ok(201);
    town.all_is_told().await;
    let heard = |name: &str| {
        let mut all: Vec<_> = town.subjects(&format!("{name}@example.com")).into_iter().skip(1).collect();
        all.sort();
        all.iter().map(|one| one.rsplit_once(": ").expect("a title").1.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(heard("web"), ["Of nothing", "Of web"]);
    assert_eq!(heard("db"), ["Of db", "Of nothing", "New disks"]);
    assert_eq!(heard("works"), ["New disks"]);
    assert_eq!(heard("both"), ["Of db", "Of nothing", "Of web"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance_is_told_of_when_it_is_planned_begins_and_ends() {
    let town = Town::start(Setup::embedded()).await;
    town.joined(ADA, &[]).await;
    let at = |seconds| now().plus(Span::from_seconds(seconds)).to_string();
    let work = json!({"id": "work", "title": "New disks", "body": "Nothing is *slow*.", "components": ["db"],
        "remind_minutes": 0, "starts_at": at(12), "ends_at": at(20)});
    town.admin.post("/tenants/acme/maintenances", &work).await.ok(201);
    let mails = town.mails(ADA, 4).await;
    let said = ["Maintenance planned", "Maintenance has begun", "Maintenance is over"];
    let subjects: Vec<_> = said.iter().map(|words| format!("[Tenant acme] {words}: New disks")).collect();
    assert_eq!(town.subjects(ADA)[1..], subjects);
    for mail in &mails[1..] {
        is_well_made(mail, ADA, &[BOB], &town);
        assert!(mail.text.contains("Nothing is slow.") && mail.text.contains("- db"), "{}", mail.text);
    }
    town.all_is_told().await;
    assert_eq!(town.subjects(ADA).len(), 4, "each step is told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_click_ends_it() {
    let town = Town::start(Setup::embedded()).await;
    let leave = town.joined(ADA, &[]).await;
    let other = town.joined(BOB, &[]).await;
    let wrong = leave.replace("&token=", "&token=x");
    for unknown in [&wrong, &wrong.replace("id=sub-", "id=sub-ff")] {
        assert_eq!(town.visitor.get(unknown).await.status, 404);
        assert_eq!(town.visitor.post(unknown, &[]).await.status, 404);
        let confirm = unknown.replace("/unsubscribe?", "/subscribe/confirm?");
        assert_eq!(town.visitor.post(&confirm, &[]).await.status, 404);
    }
    let shown = town.visitor.get(&leave).await;
    assert_eq!(
        (shown.status, town.subscriber("email", "a•••@example.com").await["state"].clone()),
        (200, json!("active"))
    );
    let click = [("List-Unsubscribe", "One-Click")];
    assert_eq!(town.visitor.post(&leave, &click).await.status, 200);
    assert_eq!(town.visitor.post(&leave, &click).await.status, 200, "a mail program may ask twice");
    // By hand it is the same.
    assert_eq!(texts(&town.visitor.post(&other, &[]).await.text, "h1"), ["Unsubscribed"]);
    assert_eq!(town.visitor.post(&other, &[]).await.status, 404);
    let left = town.admin.get("/tenants/acme/subscribers").await.ok(200);
    assert_eq!(left["items"], json!([]), "nothing is kept of them");
    town.incident("Afterwards", &json!({})).await;
    town.all_is_told().await;
    assert_eq!((town.subjects(ADA).len(), town.subjects(BOB).len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_choice_can_be_changed_by_the_link_and_the_language_is_the_readers() {
    let town = Town::start(Setup::embedded()).await;
    let swedish = Town { visitor: town.visitor.with("accept-language", "sv"), ..town };
    let leave = swedish.joined("sara@example.com", &[]).await;
    let manage = leave.replace("/unsubscribe?", "/subscribe/manage?");
    let saved = swedish.visitor.post(&manage, &[("components", "db"), ("events", "incident")]).await;
    assert_eq!(saved.status, 200, "{}", saved.text);
    let checked = |name: &str| attributes(&saved.text, &format!("[name={name}][checked]"), "value");
    assert_eq!((checked("components"), checked("events")), (vec!["db".to_owned()], vec!["incident".to_owned()]));
    swedish.incident("Of web", &json!({})).await;
    swedish.incident("Of db", &json!({"components": {"db": "major_outage"}})).await;
    let mails = swedish.mails("sara@example.com", 2).await;
    assert_eq!(mails[1].header("content-language"), "sv");
    swedish.all_is_told().await;
    assert_eq!(swedish.subjects("sara@example.com").len(), 2, "{:?}", swedish.subjects("sara@example.com"));
}
