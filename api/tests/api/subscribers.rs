//! Who is told of what happens.

use rstest::rstest;
use serde_json::{Value, json};

use plimsoll_domain::alert::Attempt;
use plimsoll_domain::alert::delivery::{AttemptResult, Lease, Outcome, Verdict};
use plimsoll_domain::ids::{SubscriberId, TenantId};
use plimsoll_domain::subscriber::{Notice, NoticeEvent, Subscriber};
use plimsoll_domain::time::{Clock, Span};

use crate::common::{NOON, World};

const SUBSCRIBERS: &str = "/tenants/acme/subscribers";

async fn world() -> (World, String) {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    world.component(&admin, "acme", "web", "push").await;
    (world, admin)
}

fn ops() -> Value {
    json!({"kind": "email", "address": "ops@Example.org", "components": ["web"], "events": ["incident"], "locale": "sv"})
}

async fn stored(world: &World, id: &Value) -> Subscriber {
    let (tenant, id): (TenantId, SubscriberId) =
        ("acme".parse().expect("slug"), id.as_str().expect("an id").parse().expect("slug"));
    world.store.subscriber(&tenant, &id).await.expect("a store").expect("a subscriber")
}

#[tokio::test]
async fn whoever_is_named_is_asked_first_and_shown_masked() {
    let (world, admin) = world().await;
    let asked = world.post(&admin, SUBSCRIBERS, ops()).await.expect(202);
    let id = asked.body["id"].clone();
    let expected = json!({"id": id, "kind": "email", "address": "o•••@Example.org", "components": ["web"],
        "events": ["incident"], "locale": "sv", "state": "pending", "since": NOON, "stop_reason": null,
        "stop_words": null, "created_by": "admin", "created_at": NOON});
    assert_eq!(asked.body, expected);
    let read = world.get(&admin, asked.header("location")).await.expect(200);
    assert_eq!(read.body, expected);
    let again =
        world.post(&admin, SUBSCRIBERS, json!({"kind": "email", "address": "ops@example.ORG"})).await.expect(202);
    assert_eq!(again.body, expected, "asked a moment ago, and the same whatever the case of its host");
    let notices = world.get(&admin, &format!("{}/notices", asked.header("location"))).await.expect(200).body;
    assert_eq!(notices["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(notices["items"][0]["event"], json!({"kind": "confirmation", "at": NOON}));
    assert_eq!(
        (&notices["items"][0]["state"], &notices["items"][0]["next_attempt_at"]),
        (&json!("waiting"), &json!(NOON))
    );
    world.delete(&admin, asked.header("location")).await.expect(204);
    world.delete(&admin, asked.header("location")).await.problem(404);
    world.get(&admin, asked.header("location")).await.problem(404);
    world.get(&admin, &format!("{}/notices", asked.header("location"))).await.problem(404);
}

#[tokio::test]
async fn no_answer_holds_what_a_subscriber_keeps_to_itself() {
    let (world, admin) = world().await;
    let hook = json!({"kind": "webhook", "address": "https://hooks.example/T0/s3cr3t-token"});
    let asked = world.post(&admin, SUBSCRIBERS, hook).await.expect(202);
    assert_eq!(asked.body["address"], "https://hooks.example/••••");
    let held = stored(&world, &asked.body["id"]).await;
    for path in [SUBSCRIBERS, asked.header("location"), "/tenants/acme/notices"] {
        let text = world.get(&admin, path).await.expect(200).text;
        assert!(!text.contains("s3cr3t") && !text.contains("whsec") && !text.contains(held.token.expose()), "{text}");
    }
}

#[tokio::test]
async fn subscribers_are_listed_page_by_page() {
    let (world, admin) = world().await;
    for number in 0..5 {
        let body = json!({"kind": "email", "address": format!("a{number}@example.org")});
        world.post(&admin, SUBSCRIBERS, body).await.expect(202);
    }
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    loop {
        let page = world.get(&admin, &format!("{SUBSCRIBERS}?limit=2{cursor}")).await.expect(200).body;
        seen.extend(page["items"].as_array().expect("items").iter().map(|one| one["id"].to_string()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert!(seen.len() == 5 && seen.is_sorted(), "{seen:?}");
    for path in [SUBSCRIBERS, "/tenants/acme/notices"] {
        assert_eq!(world.get(&admin, &format!("{path}?cursor=Lg")).await.problem(422), ["/cursor"]);
    }
}

#[tokio::test]
async fn what_was_told_stands_with_its_attempts_newest_first() {
    let (world, admin) = world().await;
    let asked = world.post(&admin, SUBSCRIBERS, ops()).await.expect(202);
    let held = stored(&world, &asked.body["id"]).await;
    let active = held.confirmed(world.clock.now()).expect("pending");
    world.store.change_subscriber(&active).await.expect("stored");
    let at = world.clock.now().plus(Span::minutes(1));
    let event = NoticeEvent::Incident { incident: "inc-1".parse().expect("slug"), at };
    let notice = Notice::new(&active, event, (at, 0));
    world.store.put_notices_if_absent(std::slice::from_ref(&notice)).await.expect("stored");
    let leased = notice.leased(Lease { holder: "me".to_owned(), until: at.plus(Span::minutes(1)) });
    assert!(world.store.change_notice(&leased).await.expect("stored"));
    let attempt = Attempt {
        at,
        duration_ms: 12,
        result: AttemptResult::Dead,
        status: Some(550),
        words: "No such user".to_owned(),
        may_have_arrived: false,
    };
    let outcome = Outcome { verdict: Verdict::Dead, status: Some(550), words: "No such user".to_owned() };
    assert!(world.store.change_notice(&leased.tried(&outcome, attempt, (at, 0.5))).await.expect("stored"));
    let all = world.get(&admin, "/tenants/acme/notices").await.expect(200).body;
    let expected = json!({"id": notice.id, "subscriber_id": asked.body["id"],
        "event": {"kind": "incident", "incident_id": "inc-1", "at": at}, "state": "dead", "reason": "No such user",
        "next_attempt_at": null, "created_at": at, "tries": 1, "attempts": [{"at": at, "duration_ms": 12,
        "result": "dead", "status": 550, "words": "No such user"}]});
    assert_eq!((&all["items"][0], &all["items"][1]["event"]["kind"]), (&expected, &json!("confirmation")));
    let first = world.get(&admin, "/tenants/acme/notices?limit=1").await.expect(200).body;
    let cursor = first["next_cursor"].as_str().expect("another page");
    let second = world.get(&admin, &format!("/tenants/acme/notices?limit=1&cursor={cursor}")).await.expect(200).body;
    assert_eq!((&second["items"][0], &second["next_cursor"]), (&all["items"][1], &json!(null)));
}

#[tokio::test]
async fn a_bounce_stops_whoever_it_is_about_and_says_nothing_of_who_is_there() {
    let (world, admin) = world().await;
    let ingest = world.key(&admin, "acme", "ingest").await;
    let asked = world.post(&admin, SUBSCRIBERS, ops()).await.expect(202);
    let bounce = |address: &str| json!({"address": address, "reason": "550 no such user"});
    for address in ["ops@example.org", "nobody@example.org", "no address"] {
        assert_eq!(world.post(&ingest, "/tenants/acme/bounces", bounce(address)).await.expect(204).text, "");
    }
    let read = world.get(&admin, asked.header("location")).await.expect(200).body;
    assert_eq!(
        (&read["state"], &read["stop_reason"], &read["stop_words"]),
        (&json!("stopped"), &json!("bounced"), &json!("550 no such user"))
    );
    for (wrong, pointer) in [
        (json!({"reason": "x"}), "/address"),
        (json!({"address": "", "reason": "x"}), "/address"),
        (json!({"address": "a@b.example", "reason": " "}), "/reason"),
        (json!({"address": "a@b.example", "reason": "x".repeat(501)}), "/reason"),
        (json!({"address": "a@b.example", "reason": "x", "kind": "email"}), "/kind"),
    ] {
        assert_eq!(world.post(&ingest, "/tenants/acme/bounces", wrong).await.problem(422), [pointer]);
    }
    let (stranger, viewer) = (world.tenant("other").await, world.key(&admin, "acme", "viewer").await);
    world.post(&stranger, "/tenants/acme/bounces", bounce("a@b.example")).await.problem(404);
    world.post(&viewer, "/tenants/acme/bounces", bounce("a@b.example")).await.problem(403);
}

#[rstest]
#[case(json!({}), &["/kind"])]
#[case(json!({"kind": "fax", "address": "1"}), &["/kind"])]
#[case(json!({"kind": "email", "address": "nobody"}), &["/address"])]
#[case(json!({"kind": "webhook", "address": "ftp://a.example/"}), &["/address"])]
#[case(json!({"kind": "slack", "address": "https://u:p@a.example/"}), &["/address"])]
#[case(json!({"kind": "email", "address": "x", "components": ["none"], "events": ["incident", "rain"], "locale": "tlh"}),
    &["/components/0", "/events/1", "/locale", "/address"])]
#[case(json!({"kind": "email", "address": "a@b.example", "state": "active"}), &["/state"])]
#[tokio::test]
async fn a_subscription_that_makes_no_sense_is_refused(#[case] body: Value, #[case] pointers: &[&str]) {
    let (world, admin) = world().await;
    assert_eq!(world.post(&admin, SUBSCRIBERS, body).await.problem(422), pointers);
}

#[tokio::test]
async fn subscribers_are_a_tenants_own() {
    let (world, admin) = world().await;
    let stranger = world.tenant("other").await;
    let (viewer, operator) = (world.key(&admin, "acme", "viewer").await, world.key(&admin, "acme", "operator").await);
    let asked = world.post(&admin, SUBSCRIBERS, ops()).await.expect(202);
    let path = asked.header("location");
    for read in [SUBSCRIBERS, path, &format!("{path}/notices"), "/tenants/acme/notices"] {
        world.get(&stranger, read).await.problem(404);
        world.get(&viewer, read).await.expect(200);
    }
    for (key, status) in [(&stranger, 404), (&operator, 403)] {
        world.post(key, SUBSCRIBERS, ops()).await.problem(status);
        world.delete(key, path).await.problem(status);
    }
}

#[tokio::test]
async fn one_address_is_asked_only_so_often_whoever_asks_and_forgets_it_again() {
    let (world, admin) = world().await;
    let other = world.tenant("other").await;
    let asking = json!({"kind": "email", "address": "ops@example.org"});
    for _ in 0..2 {
        let asked = world.post(&admin, SUBSCRIBERS, asking.clone()).await.expect(202);
        world.delete(&admin, asked.header("location")).await.expect(204);
    }
    let shouted = json!({"kind": "email", "address": "OPS@example.org"});
    world.post(&other, "/tenants/other/subscribers", shouted).await.expect(202);
    let refused = world.post(&admin, SUBSCRIBERS, asking.clone()).await;
    assert_eq!((refused.problem(429), refused.header("retry-after")), (vec![], "1200"));
    assert_eq!(world.get(&admin, SUBSCRIBERS).await.expect(200).body["items"], json!([]));
    let another = json!({"kind": "email", "address": "dev@example.org"});
    world.post(&admin, SUBSCRIBERS, another).await.expect(202);
    world.clock.advance(Span::minutes(20));
    world.post(&admin, SUBSCRIBERS, asking).await.expect(202);
}
