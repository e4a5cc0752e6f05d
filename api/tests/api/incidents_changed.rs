//! Drafts, incidents that are written down after they were over, and what is called or said better.

use rstest::rstest;
use serde_json::{Value, json};

use plimsoll_domain::incident::Incident;
use plimsoll_domain::time::Span;

use crate::common::World;

async fn world() -> (World, String, String) {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    world.component(&admin, "acme", "web", "push").await;
    let operator = world.key(&admin, "acme", "operator").await;
    (world, admin, operator)
}

fn past() -> Value {
    json!({"title": "Web was down", "impact": "major", "updates": [
        {"status": "investigating", "body": "We looked.", "at": "2026-10-01T10:00:00Z", "components": {"web": "major_outage"}},
        {"status": "resolved", "body": "It was over.", "at": "2026-10-01T11:00:00Z", "components": {"web": "operational"}},
        {"status": "postmortem", "body": "A disk.", "at": "2026-10-02T11:00:00Z"},
    ]})
}

async fn stored(world: &World, id: &Value) -> Incident {
    let id = id.as_str().expect("an id").parse().expect("slug");
    world.store.incident_across_tenants(&id).await.expect("a store").expect("an incident")
}

#[tokio::test]
async fn a_draft_is_published_and_told_of_from_its_newest_update_on() {
    let (world, _, operator) = world().await;
    let made =
        world.post(&operator, "/incidents", json!({"title": "Odd", "body": "Hm.", "draft": true})).await.expect(201);
    assert_eq!(made.body["draft"], true);
    let path = made.header("location");
    world.clock.advance(Span::minutes(1));
    world.patch(&operator, path, json!({"body": "Still odd."})).await.expect(200);
    assert_eq!(world.patch(&operator, path, json!({"publish": false})).await.problem(422), ["/publish"]);
    let tag = world.get(&operator, path).await.expect(200).header("etag").to_owned();
    world.clock.advance(Span::minutes(1));
    let change = json!({"publish": true, "title": "Web is odd", "impact": "critical", "body": "We know."});
    let after = world.matching("PATCH", &operator, (path, &tag), change).await.expect(200);
    assert_eq!(
        (&after.body["draft"], &after.body["title"], &after.body["impact"]),
        (&json!(false), &json!("Web is odd"), &json!("critical"))
    );
    assert_eq!(after.body["updates"].as_array().map(Vec::len), Some(3));
    let held = stored(&world, &made.body["id"]).await;
    assert_eq!((held.version, held.announced), (3, 1), "one version more, and two updates to tell of");
    world.matching("PATCH", &operator, (path, &tag), json!({"title": "Late"})).await.problem(412);
}

#[tokio::test]
async fn every_change_that_is_seen_has_another_tag_and_no_other() {
    let (world, _, operator) = world().await;
    let made = world.post(&operator, "/incidents", json!({"title": "Odd", "body": "Hm."})).await.expect(201);
    let path = made.header("location");
    let mut tags = vec![made.header("etag").to_owned()];
    for change in [json!({"title": "Odder"}), json!({"impact": "major"}), json!({"body": "Hm."})] {
        tags.push(world.patch(&operator, path, change).await.expect(200).header("etag").to_owned());
    }
    let corrected = world.patch(&operator, &format!("{path}/updates/0"), json!({"body": "Hmm."})).await.expect(200);
    tags.push(corrected.header("etag").to_owned());
    let count = tags.len();
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), count, "{tags:?}");
    let held = stored(&world, &made.body["id"]).await;
    let passed_on = Incident { dispatched: 1, announced: 1, version: held.version + 1, ..held };
    world.store.change_incident(&passed_on).await.expect("stored");
    let read = world.get(&operator, path).await.expect(200);
    assert_eq!(read.header("etag"), corrected.header("etag"), "that it was passed on is seen by nobody");
}

#[tokio::test]
async fn an_update_is_corrected_where_it_stands() {
    let (world, admin, operator) = world().await;
    let made = world.post(&operator, "/incidents", json!({"title": "Odd", "body": "Hm."})).await.expect(201);
    let (path, tag) = (made.header("location"), made.header("etag"));
    let update = format!("{path}/updates/0");
    let after = world.matching("PATCH", &operator, (&update, tag), json!({"body": "Well."})).await.expect(200);
    assert_eq!(
        after.body["updates"],
        json!([{"status": "investigating", "body": "Well.", "at": crate::common::NOON,
        "by": "a operator", "components": {}}])
    );
    world.matching("PATCH", &operator, (&update, tag), json!({"body": "Late."})).await.problem(412);
    for (wrong, pointer) in
        [(json!({}), "/body"), (json!({"body": ""}), "/body"), (json!({"body": "x", "at": "x"}), "/at")]
    {
        assert_eq!(world.patch(&operator, &update, wrong).await.problem(422), [pointer]);
    }
    for number in ["1", "-1", "x", "99999999999999999999999"] {
        world.patch(&operator, &format!("{path}/updates/{number}"), json!({"body": "x"})).await.problem(404);
    }
    let (stranger, viewer) = (world.tenant("other").await, world.key(&admin, "acme", "viewer").await);
    world.patch(&stranger, &update, json!({"body": "x"})).await.problem(404);
    world.patch(&viewer, &update, json!({"body": "x"})).await.problem(403);
}

#[tokio::test]
async fn what_is_over_is_written_down_with_its_whole_timeline_and_told_to_nobody() {
    let (world, _, operator) = world().await;
    let made = world.post(&operator, "/incidents", past()).await.expect(201).body;
    assert_eq!((&made["backfilled"], &made["status"]), (&json!(true), &json!("postmortem")));
    assert_eq!(
        (&made["started_at"], &made["resolved_at"]),
        (&json!("2026-10-01T10:00:00.000Z"), &json!("2026-10-01T11:00:00.000Z"))
    );
    assert_eq!(made["updates"][0]["components"], json!({"web": "major_outage"}));
    let held = stored(&world, &made["id"]).await;
    assert_eq!((held.dispatched, held.announced), (3, 3));
}

#[rstest]
#[case("/updates", json!([]), &["/updates"])]
#[case("/updates", json!([{"status": "resolved", "body": "x", "at": "2026-10-01T10:00:00Z"}]), &["/updates"])]
#[case("/updates/1/status", json!("odd"), &["/updates/1/status"])]
#[case("/updates/1/at", json!("soon"), &["/updates/1/at"])]
#[case("/updates/1/body", json!(""), &["/updates/1/body"])]
#[case("/updates/2/at", json!("2026-11-01T12:00:01Z"), &["/updates/2/at"])]
#[case("/updates/2/at", json!("2026-10-01T10:30:00Z"), &["/updates"])]
#[case("/updates/2/status", json!("monitoring"), &["/updates", "/updates"])]
#[case("/updates/0/components", json!({"none": "operational"}), &["/updates/0/components/none"])]
#[case("/updates/0/by", json!("me"), &["/updates/0/by"])]
#[case("/body", json!("x"), &["/body"])]
#[case("/status", json!("resolved"), &["/status"])]
#[case("/components", json!({}), &["/components"])]
#[case("/impact", json!("odd"), &["/impact"])]
#[case("/title", json!(null), &["/title"])]
#[tokio::test]
async fn a_timeline_that_makes_no_sense_is_refused(#[case] at: &str, #[case] value: Value, #[case] pointers: &[&str]) {
    let (world, _, operator) = world().await;
    let mut body = past();
    let (parent, field) = at.rsplit_once('/').expect("a pointer");
    body.pointer_mut(parent).expect("a place").as_object_mut().expect("an object").insert(field.to_owned(), value);
    let refused = world.post(&operator, "/incidents", body).await;
    let mut found = refused.problem(422);
    found.dedup();
    let mut expected = pointers.to_vec();
    expected.dedup();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_change_that_makes_no_sense_is_refused() {
    let (world, _, operator) = world().await;
    let made = world.post(&operator, "/incidents", json!({"title": "Odd", "body": "Hm."})).await.expect(201);
    for (wrong, pointers) in [
        (json!({"title": ""}), vec!["/title"]),
        (json!({"impact": "odd", "status": "odd"}), vec!["/impact", "/status"]),
        (json!({"title": "", "body": ""}), vec!["/title", "/body"]),
        (json!({"draft": true}), vec!["/draft"]),
    ] {
        assert_eq!(world.patch(&operator, made.header("location"), wrong).await.problem(422), pointers);
    }
    assert_eq!(world.post(&operator, "/incidents", json!({})).await.problem(422), ["/body", "/title"]);
}
