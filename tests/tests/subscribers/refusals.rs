//! What the form keeps to itself, and whom it refuses.

use plimsoll_tests::Answer;
use plimsoll_tests::Setup;
use plimsoll_tests::subscribing::Town;
use plimsoll_tests::visitor::texts;
use serde_json::json;

const ADA: &str = "ada@example.com";

/// Everything of an answer that somebody can see but the request's own ids.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<_> = answer.headers.keys().map(|name| name.as_str().to_owned()).collect();
    headers.sort();
    headers.dedup();
    headers.retain(|name| !["date", "x-request-id", "x-trace-id"].contains(&name.as_str()));
    let headers = headers.into_iter().map(|name| (name.clone(), answer.header(&name).to_owned())).collect();
    (answer.status, headers, answer.text.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_an_address_learns_nothing_of_it() {
    let town = Town::start(Setup::embedded()).await;
    let new = seen(&town.asked(ADA, &[]).await);
    let pending = seen(&town.asked(ADA, &[]).await);
    let mail = town.mails(ADA, 1).await.remove(0);
    let confirm = plimsoll_tests::subscribing::link(&mail.text, "/subscribe/confirm?");
    assert_eq!(town.visitor.post(&confirm, &[]).await.status, 200);
    let active = seen(&town.asked(ADA, &[("components", "db"), ("events", "maintenance")]).await);
    town.admin.post("/tenants/acme/bounces", &json!({"address": ADA, "reason": "gone"})).await.ok(204);
    let stopped = seen(&town.asked(ADA, &[]).await);
    assert_eq!([&pending, &active, &stopped], [&new, &new, &new]);
    assert_eq!(texts(&new.2, "h1"), ["Nearly there"]);
    assert!(!new.2.contains(ADA) && !new.2.contains("sub-"), "{}", new.2);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_changes_nothing_and_confirms_nothing() {
    let town = Town::start(Setup::embedded()).await;
    town.joined(ADA, &[("components", "web")]).await;
    let before = town.subscriber("email", "a•••@example.com").await;
    town.asked(ADA, &[("components", "db"), ("events", "maintenance")]).await;
    assert_eq!(town.subscriber("email", "a•••@example.com").await, before, "what was confirmed stays");
    town.asked("eve@example.com", &[]).await;
    let eve = town.subscriber("email", "e•••@example.com").await;
    let id = eve["id"].as_str().expect("an id");
    // The id is known from the address; without the token it is worth nothing.
    for token in ["", "x", id] {
        for part in ["/subscribe/confirm", "/subscribe/manage", "/unsubscribe"] {
            let path = format!("{part}?id={id}&token={token}");
            assert_eq!(town.visitor.post(&path, &[]).await.status, 404, "{path}");
            assert_eq!(town.visitor.get(&path).await.status, 404, "{path}");
        }
    }
    assert_eq!(town.subscriber("email", "e•••@example.com").await["state"], "pending");
    town.all_is_told().await;
    assert_eq!((town.subjects(ADA).len(), town.subjects("eve@example.com").len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_fills_in_what_nobody_sees_is_thanked_and_forgotten() {
    let town = Town::start(Setup::embedded()).await;
    let honest = seen(&town.asked(ADA, &[]).await);
    let robot = seen(&town.asked("robot@example.com", &[("website", "https://spam.example")]).await);
    assert_eq!(robot, honest, "a program learns nothing from it");
    town.mails(ADA, 1).await;
    town.all_is_told().await;
    assert_eq!(town.subjects("robot@example.com"), Vec::<String>::new());
    let listed = town.admin.get("/tenants/acme/subscribers").await.ok(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_from_one_place_are_told_when_to_come_again() {
    let town = Town::start(Setup::embedded()).await;
    let ask = async |place: &str, number: usize| {
        let address = format!("many-{number}@example.com");
        town.visitor.from(place).post("/subscribe", &[("kind", "email"), ("address", &address)]).await
    };
    for number in 0..5 {
        assert_eq!(ask("192.0.2.1", number).await.status, 200);
    }
    let refused = ask("192.0.2.1", 5).await;
    assert_eq!(refused.status, 429, "{}", refused.text);
    let seconds: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(ask("192.0.2.2", 6).await.status, 200, "others are not kept waiting");
    // A network of IPv6 is one place; so is whoever writes the first entry of the header.
    for number in 10..15 {
        assert_eq!(ask(&format!("2001:db8:0:1::{number}"), number).await.status, 200);
    }
    assert_eq!(ask("2001:db8:0:1::ffff", 15).await.status, 429);
    assert_eq!(ask("198.51.100.9, 192.0.2.1", 16).await.status, 429, "what the client says is not believed");
    let known = town.admin.get("/tenants/acme/subscribers").await.ok(200);
    assert_eq!(known["items"].as_array().map(Vec::len), Some(11));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_said_and_nothing_is_kept() {
    let town = Town::start(Setup::embedded()).await;
    let wrong: [&[(&str, &str)]; 7] = [
        &[("kind", "email"), ("address", "nobody")],
        &[("kind", "email"), ("address", "a@b.example\r\nBcc: eve@example.com")],
        &[("kind", "email"), ("address", "Ada <ada@example.com>")],
        &[("kind", "webhook"), ("address", "ftp://example.com/")],
        &[("kind", "fax"), ("address", ADA)],
        &[("kind", "email"), ("address", ADA), ("components", "none")],
        &[("kind", "email"), ("address", ADA), ("events", "none")],
    ];
    for (number, fields) in wrong.iter().enumerate() {
        let answer = town.visitor.from(&format!("192.0.2.{number}")).post("/subscribe", fields).await;
        assert_eq!((answer.status, texts(&answer.text, ".faults").len()), (422, 1), "{fields:?}: {}", answer.text);
    }
    let long = "x".repeat(9_000);
    assert_eq!(town.visitor.from("192.0.2.99").post("/subscribe", &[("address", &long)]).await.status, 413);
    let known = town.admin.get("/tenants/acme/subscribers").await.ok(200);
    assert_eq!(known["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_takes_no_subscribers_has_no_form() {
    let town = Town::start(Setup::embedded()).await;
    town.admin.put("/tenants/acme/page", &json!({"subscribable": false})).await.ok(200);
    let gone = async || (town.visitor.get("/subscribe").await.status == 404).then_some(());
    plimsoll_tests::eventually(10, "the form is gone", gone).await;
    assert_eq!(town.visitor.post("/subscribe", &[("kind", "email"), ("address", ADA)]).await.status, 404);
    assert_eq!(town.visitor.post("/api/v2/subscribers.json", &[("subscriber[email]", ADA)]).await.status, 404);
    assert_eq!(town.admin.get("/tenants/acme/subscribers").await.ok(200)["items"], json!([]));
}
