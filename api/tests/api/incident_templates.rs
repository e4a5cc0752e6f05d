//! Incidents that are written down before they happen.

use rstest::rstest;
use serde_json::{Value, json};

use crate::common::World;

const TEMPLATES: &str = "/tenants/acme/incident-templates";

async fn world() -> (World, String, String) {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    world.component(&admin, "acme", "web", "push").await;
    let operator = world.key(&admin, "acme", "operator").await;
    (world, admin, operator)
}

fn templates() -> Value {
    json!({"templates": [
        {"id": "down", "title": "Web is down", "body": "We look.", "status": "identified", "impact": "major",
            "components": {"web": "major_outage"}},
        {"id": "slow", "title": "Web is slow", "body": "We look."},
    ]})
}

#[tokio::test]
async fn templates_are_replaced_as_a_whole() {
    let (world, _, operator) = world().await;
    let before = world.get(&operator, TEMPLATES).await.expect(200);
    assert_eq!((&before.body, before.header("etag")), (&json!({"templates": [], "version": 0}), "\"v0\""));
    let put = world.matching("PUT", &operator, (TEMPLATES, "\"v0\""), templates()).await.expect(200);
    assert_eq!((put.header("etag"), &put.body["templates"][0]["id"]), ("\"v1\"", &json!("down")));
    let slow = json!({"id": "slow", "title": "Web is slow", "body": "We look.", "status": "investigating",
        "impact": "minor", "components": {}});
    assert_eq!(put.body["templates"][1], slow);
    assert_eq!(world.get(&operator, TEMPLATES).await.expect(200).body, put.body);
    world.matching("PUT", &operator, (TEMPLATES, "\"v0\""), templates()).await.problem(412);
}

#[tokio::test]
async fn an_incident_begins_as_its_template_says_unless_something_else_is_said() {
    let (world, admin, operator) = world().await;
    world.put(&operator, TEMPLATES, templates()).await.expect(200);
    let made = world.post(&operator, "/incidents", json!({"template": "down"})).await.expect(201).body;
    assert_eq!(
        (&made["title"], &made["status"], &made["impact"]),
        (&json!("Web is down"), &json!("identified"), &json!("major"))
    );
    assert_eq!(
        (&made["updates"][0]["body"], &made["components"]),
        (&json!("We look."), &json!({"web": "major_outage"}))
    );
    let said = json!({"template": "down", "title": "Other", "status": "monitoring", "impact": "none", "body": "Else.",
        "components": {"web": "operational"}});
    let other = world.post(&operator, "/incidents", said).await.expect(201).body;
    assert_eq!(
        (&other["title"], &other["status"], &other["impact"]),
        (&json!("Other"), &json!("monitoring"), &json!("none"))
    );
    assert_eq!((&other["updates"][0]["body"], &other["components"]), (&json!("Else."), &json!({"web": "operational"})));
    assert_eq!(world.post(&operator, "/incidents", json!({"template": "none"})).await.problem(422), ["/template"]);
    world.delete(&admin, "/tenants/acme/components/web").await.expect(204);
    let without = world.post(&operator, "/incidents", json!({"template": "down"})).await.expect(201).body;
    assert_eq!(without["components"], json!({}), "what has been removed is left out");
    world.put(&operator, TEMPLATES, templates()).await.expect(200);
}

#[rstest]
#[case(json!({}), &["/templates"])]
#[case(json!({"templates": [{"id": "a", "title": "x"}]}), &["/templates/0/body"])]
#[case(json!({"templates": [{"id": "A B", "title": "x", "body": "x", "status": "odd"}]}), &["/templates/0/id", "/templates/0/status"])]
#[case(json!({"templates": [{"id": "a", "title": "", "body": "", "status": "resolved", "impact": "odd", "components": {"none": "odd"}}]}),
    &["/templates/0/impact", "/templates/0/components/none", "/templates/0/components/none", "/templates/0/title",
      "/templates/0/body", "/templates/0/status"])]
#[case(json!({"templates": [{"id": "a", "title": "x", "body": "x"}, {"id": "a", "title": "x", "body": "x"}]}), &["/templates/1/id"])]
#[case(json!({"templates": [{"id": "a", "title": "x", "body": "x", "draft": true}]}), &["/templates/0/draft"])]
#[tokio::test]
async fn a_template_that_makes_no_sense_is_refused(#[case] body: Value, #[case] pointers: &[&str]) {
    let (world, _, operator) = world().await;
    assert_eq!(world.put(&operator, TEMPLATES, body).await.problem(422), pointers);
}

#[tokio::test]
async fn templates_are_a_tenants_own_operators() {
    let (world, admin, _) = world().await;
    let stranger = world.tenant("other").await;
    let viewer = world.key(&admin, "acme", "viewer").await;
    world.get(&stranger, TEMPLATES).await.problem(404);
    world.put(&stranger, TEMPLATES, templates()).await.problem(404);
    world.get(&viewer, TEMPLATES).await.expect(200);
    world.put(&viewer, TEMPLATES, templates()).await.problem(403);
}
