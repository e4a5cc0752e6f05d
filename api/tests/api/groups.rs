//! The groups that components stand in on the page.

use serde_json::json;

use crate::common::World;

#[tokio::test]
async fn groups_stand_in_the_order_of_the_page() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    for (id, group) in [("api", Some("Back")), ("db", Some("Back")), ("web", Some("Front")), ("mail", None)] {
        let body = json!({"id": id, "name": id.to_uppercase(), "group": group, "probe": {"kind": "push"}});
        world.post(&admin, "/tenants/acme/components", body).await.expect(201);
    }
    let order = json!({"groups": ["Front", "Back"], "components": ["db"], "hidden": ["api"]});
    world.put(&admin, "/tenants/acme/page", order).await.expect(200);
    let viewer = world.key(&admin, "acme", "viewer").await;
    let member = |id: &str, hidden: bool| json!({"id": id, "name": id.to_uppercase(), "hidden": hidden});
    let expected = json!({"groups": [
        {"name": null, "components": [member("mail", false)]},
        {"name": "Front", "components": [member("web", false)]},
        {"name": "Back", "components": [member("db", false), member("api", true)]},
    ]});
    assert_eq!(world.get(&viewer, "/tenants/acme/groups").await.expect(200).body, expected);
    let stranger = world.tenant("other").await;
    world.get(&stranger, "/tenants/acme/groups").await.problem(404);
    assert_eq!(world.get(&stranger, "/tenants/other/groups").await.expect(200).body, json!({"groups": []}));
}
