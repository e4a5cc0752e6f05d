//! The names under which a page is found.

use rstest::rstest;
use serde_json::json;

use crate::common::NOON;
use crate::page::{PAGE, world};

const HOSTS: &str = "/tenants/acme/page/hosts";
const HOST: &str = "/tenants/acme/page/hosts/status.acme.example";

#[tokio::test]
async fn a_name_is_added_proven_listed_and_removed() {
    let (world, admin) = world().await;
    let made = world.post(&admin, HOSTS, json!({"name": "Status.Acme.Example."})).await.expect(201);
    assert_eq!((made.header("location"), &made.body["verified_at"]), (HOST, &json!(null)));
    assert_eq!(made.body["record_name"], "_plimsoll.status.acme.example");
    let content = made.body["record_content"].as_str().expect("a record").to_owned();
    assert!(content.starts_with("plimsoll-verify=") && content.len() == 48, "{content}");
    let verify = format!("{HOST}/verify");
    let nothing = world.post(&admin, &verify, json!({})).await;
    assert_eq!(nothing.problem(422), [""]);
    assert!(nothing.text.contains(&content) && nothing.text.contains("found no TXT record"), "{}", nothing.text);
    world.records.set("_plimsoll.status.acme.example", "v=spf1 -all");
    let other = world.post(&admin, &verify, json!({})).await;
    assert!(other.text.contains("v=spf1 -all") && other.status.as_u16() == 422, "{}", other.text);
    world.records.set("_plimsoll.status.acme.example", &content);
    let proven = world.post(&admin, &verify, json!({})).await.expect(200);
    assert_eq!(proven.body["verified_at"], NOON);
    world.put(&admin, PAGE, json!({})).await.expect(200);
    let read = world.get(&admin, PAGE).await.expect(200).body;
    assert_eq!(read["hosts"], json!([proven.body]), "a PUT of the page keeps its hosts");
    assert_eq!(world.get(&admin, HOSTS).await.expect(200).body["items"], json!([proven.body]));
    world.delete(&admin, HOST).await.expect(204);
    world.delete(&admin, HOST).await.problem(404);
    world.post(&admin, &verify, json!({})).await.problem(404);
}

#[tokio::test]
async fn a_name_is_added_once() {
    let (world, admin) = world().await;
    let body = json!({"name": "status.acme.example"});
    let made = world.post_once(&admin, HOSTS, ("k-1", &body)).await.expect(201);
    assert_eq!(world.post_once(&admin, HOSTS, ("k-1", &body)).await.expect(200).body, made.body);
    world.post(&admin, HOSTS, body).await.problem(409);
    for number in 1..20 {
        world.post(&admin, HOSTS, json!({"name": format!("s{number}.acme.example")})).await.expect(201);
    }
    let full = world.post(&admin, HOSTS, json!({"name": "one.more.example"})).await;
    full.problem(409);
    assert!(full.text.contains("at most 20"), "{}", full.text);
    let first = world.get(&admin, &format!("{HOSTS}?limit=1")).await.expect(200).body;
    assert!(first["next_cursor"].is_string() && first["items"][0]["name"] == "s1.acme.example", "{first}");
}

#[tokio::test]
async fn without_an_answer_from_dns_nothing_is_said_of_the_name() {
    let (world, admin) = world().await;
    world.post(&admin, HOSTS, json!({"name": "status.acme.example"})).await.expect(201);
    world.records.cut_off();
    let away = world.post(&admin, &format!("{HOST}/verify"), json!({})).await;
    away.problem(503);
    assert_eq!(away.header("retry-after"), "5");
}

#[rstest]
#[case(json!({}), "/name")]
#[case(json!({"name": "localhost"}), "/name")]
#[case(json!({"name": "192.0.2.1"}), "/name")]
#[case(json!({"name": "a.example/x"}), "/name")]
#[case(json!({"name": "a.example", "token": "mine"}), "/token")]
#[tokio::test]
async fn what_is_no_name_is_refused(#[case] body: serde_json::Value, #[case] pointer: &str) {
    let (world, admin) = world().await;
    assert_eq!(world.post(&admin, HOSTS, body).await.problem(422), [pointer]);
}

#[tokio::test]
async fn a_name_is_its_own_admins() {
    let (world, admin) = world().await;
    let stranger = world.tenant("other").await;
    let viewer = world.key(&admin, "acme", "viewer").await;
    world.post(&admin, HOSTS, json!({"name": "status.acme.example"})).await.expect(201);
    for (key, status) in [(&stranger, 404), (&viewer, 403)] {
        world.post(key, HOSTS, json!({"name": "b.example"})).await.problem(status);
        world.post(key, &format!("{HOST}/verify"), json!({})).await.problem(status);
        world.delete(key, HOST).await.problem(status);
    }
    world.get(&stranger, HOSTS).await.problem(404);
    world.get(&viewer, HOSTS).await.expect(200);
}
