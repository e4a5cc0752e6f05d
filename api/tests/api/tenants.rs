//! Tenants, keys, components, maintenance, and who may do what.

use axum::body::Body;
use serde_json::json;

use crate::common::{NOON, ROOT, World, request};

#[tokio::test]
async fn a_tenant_is_created_by_the_platform_owner_and_read_by_its_own_key() {
    let world = World::new().await;
    let answer = world.post(ROOT, "/tenants", json!({"id": "acme", "name": " Acme "})).await.expect(201);
    assert_eq!(answer.header("location"), "/tenants/acme");
    assert_eq!((&answer.body["id"], &answer.body["name"]), (&json!("acme"), &json!("Acme")));
    let admin = answer.body["admin_key"].as_str().expect("a key");
    assert!(admin.starts_with("plk_"));
    let read = world.get(admin, "/tenants/acme").await.expect(200);
    assert_eq!(read.body, json!({"id": "acme", "name": "Acme", "created_at": NOON}));
    world.post(ROOT, "/tenants", json!({"id": "acme", "name": "Again"})).await.problem(409);
    world.post(admin, "/tenants", json!({"id": "other", "name": "Other"})).await.problem(403);
    world.get(admin, "/tenants").await.problem(403);
}

#[tokio::test]
async fn a_wrong_key_is_401_and_says_how_to_show_one() {
    let world = World::new().await;
    world.tenant("acme").await;
    for key in ["", "plk_wrong"] {
        let answer = world.get(key, "/tenants/acme").await;
        answer.problem(401);
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    let mut basic = request("GET", "", "/tenants/acme", Body::empty());
    basic.headers_mut().insert("authorization", "Basic YTpi".parse().expect("a header"));
    world.send(basic).await.problem(401);
}

#[tokio::test]
async fn another_tenant_and_an_unknown_one_look_the_same() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    world.tenant("other").await;
    let mut bodies = Vec::new();
    for path in ["/tenants/other", "/tenants/nobody", "/tenants/NOT-a-slug", "/tenants/other/components"] {
        let answer = world.get(&admin, path).await;
        answer.problem(404);
        bodies.push(answer.body["detail"].clone());
    }
    assert!(bodies.iter().all(|body| body == &bodies[0]));
    world.get(ROOT, "/tenants/nobody").await.problem(404);
    world.get(ROOT, "/tenants/other").await.expect(200);
}

#[tokio::test]
async fn a_missing_role_is_403_in_ones_own_tenant() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let viewer = world.key(&admin, "acme", "viewer").await;
    let ingest = world.key(&admin, "acme", "ingest").await;
    world.get(&viewer, "/tenants/acme/components").await.expect(200);
    world.get(&viewer, "/tenants/acme/keys").await.problem(403);
    world.post(&viewer, "/tenants/acme/components", json!({})).await.problem(403);
    world.post(&ingest, "/tenants/acme/maintenances", json!({})).await.problem(403);
    world.post(&viewer, "/tenants/acme/samples", json!({"samples": []})).await.problem(403);
    world.put(&viewer, "/observability/slo/config/acme", json!({"objectives": []})).await.problem(403);
    world.post(&viewer, "/incidents", json!({"title": "x", "body": "x"})).await.problem(403);
}

#[tokio::test]
async fn a_key_is_shown_once_listed_without_itself_and_revoked() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let viewer = world.key(&admin, "acme", "viewer").await;
    let list = world.get(&admin, "/tenants/acme/keys").await.expect(200);
    assert_eq!(list.body["items"].as_array().map(Vec::len), Some(2));
    assert!(!list.text.contains(&viewer) && !list.text.contains("hash"));
    let ids: Vec<_> = ["admin", "viewer"]
        .map(|role| {
            let items = list.body["items"].as_array().expect("items");
            items.iter().find(|item| item["role"] == role).expect("listed")["id"].as_str().expect("an id").to_owned()
        })
        .to_vec();
    world.delete(&admin, &format!("/tenants/acme/keys/{}", ids[0])).await.problem(409);
    world.delete(&admin, &format!("/tenants/acme/keys/{}", ids[1])).await.expect(204);
    world.delete(&admin, &format!("/tenants/acme/keys/{}", ids[1])).await.problem(404);
    world.get(&viewer, "/tenants/acme").await.problem(401);
    let refused = world.post(&admin, "/tenants/acme/keys", json!({"name": "x", "role": "king"})).await;
    assert_eq!(refused.problem(422), ["/role"]);
}

#[tokio::test]
async fn a_list_comes_page_by_page() {
    let world = World::new().await;
    for id in ["a", "b", "c", "d", "e"] {
        world.tenant(id).await;
    }
    let mut seen = Vec::new();
    let mut path = "/tenants?limit=2".to_owned();
    loop {
        let page = world.get(ROOT, &path).await.expect(200);
        seen.extend(page.body["items"].as_array().expect("items").iter().map(|item| item["id"].clone()));
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        path = format!("/tenants?limit=2&cursor={cursor}");
    }
    assert_eq!(json!(seen), json!(["a", "b", "c", "d", "e"]));
    assert_eq!(world.get(ROOT, "/tenants?limit=501").await.problem(422), ["/limit"]);
    assert_eq!(world.get(ROOT, "/tenants?limit=0").await.problem(422), ["/limit"]);
    assert_eq!(world.get(ROOT, "/tenants?cursor=!").await.problem(422), ["/cursor"]);
    world.get(ROOT, "/tenants?limit=many").await.problem(400);
}

#[tokio::test]
async fn a_component_lives_from_post_to_delete() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let path = "/tenants/acme/components";
    let body = json!({"id": "web", "name": "Web", "group": "Edge", "probe": {"kind": "tcp", "address": "web.example.com:443"}});
    let made = world.post(&admin, path, body.clone()).await.expect(201);
    assert_eq!(made.header("location"), "/tenants/acme/components/web");
    assert_eq!(made.body["probe"]["timeout_ms"], 10_000);
    world.post(&admin, path, body).await.problem(409);
    let unnamed = world.post(&admin, path, json!({"name": "B", "probe": {"kind": "push"}})).await.expect(201);
    assert!(unnamed.body["id"].as_str().is_some_and(|id| id.starts_with("cmp-")));
    let read = world.get(&admin, "/tenants/acme/components/web").await.expect(200);
    assert_eq!(read.header("etag"), made.header("etag"));
    let changed = json!({"name": "Website", "probe": {"kind": "push"}});
    let put = world.put(&admin, "/tenants/acme/components/web", changed.clone()).await.expect(200);
    assert_eq!((&put.body["name"], &put.body["group"]), (&json!("Website"), &json!(null)));
    let stale =
        world.matching("PUT", &admin, ("/tenants/acme/components/web", made.header("etag")), changed.clone()).await;
    stale.problem(412);
    world
        .matching("PUT", &admin, ("/tenants/acme/components/web", put.header("etag")), changed.clone())
        .await
        .expect(200);
    world.put(&admin, "/tenants/acme/components/none", changed).await.problem(404);
    assert_eq!(world.get(&admin, path).await.expect(200).body["items"].as_array().map(Vec::len), Some(2));
    world.delete(&admin, "/tenants/acme/components/web").await.expect(204);
    world.delete(&admin, "/tenants/acme/components/web").await.problem(404);
    world.get(&admin, "/tenants/acme/components/web").await.problem(404);
}

#[tokio::test]
async fn all_faults_of_a_component_are_named_at_once() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let post = |body| world.post(&admin, "/tenants/acme/components", body);
    let bad = json!({"id": "A!", "name": "", "probe": {"kind": "http", "url": "ftp://x", "timeout_ms": 1}});
    assert_eq!(post(bad).await.problem(422), ["/id", "/name", "/probe/url", "/probe/timeout_ms"]);
    let unknown = json!({"name": "A", "probe": {"kind": "push"}, "colour": "red"});
    assert_eq!(post(unknown).await.problem(422), ["/colour"]);
    let inside = json!({"name": "A", "probe": {"kind": "push", "colour": "red"}});
    assert_eq!(post(inside).await.problem(422), ["/probe/colour"]);
    assert_eq!(post(json!({"name": "A"})).await.problem(422), ["/probe"]);
    assert_eq!(post(json!({"name": 5, "probe": {"kind": "push"}})).await.problem(422), ["/name"]);
}

#[tokio::test]
async fn a_secret_header_is_read_back_masked_and_its_mask_keeps_it() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let path = "/tenants/acme/components/web";
    let probe = |secret: &str, url: &str| json!({"kind": "http", "url": url, "headers": {"Authorization": secret, "Accept": "text/plain"}});
    let body = json!({"id": "web", "name": "Web", "probe": probe("Bearer hunter2-hunter2", "https://a.example/")});
    let made = world.post(&admin, "/tenants/acme/components", body).await.expect(201);
    assert_eq!(made.body["probe"]["headers"], json!({"Authorization": "••••ter2", "Accept": "text/plain"}));
    let back = json!({"name": "Web", "probe": probe("••••ter2", "https://a.example/b")});
    let put = world.put(&admin, path, back).await.expect(200);
    assert_eq!(put.body["probe"]["headers"]["Authorization"], "••••ter2");
    let (tenant, id) = ("acme".parse().expect("slug"), "web".parse().expect("slug"));
    let stored = world.store.component(&tenant, &id).await.expect("reads").expect("is there");
    assert!(serde_json::to_string(&stored).expect("serialises").contains("Bearer hunter2-hunter2"));
    let other = json!({"name": "Web", "probe": probe("••••nope", "https://a.example/")});
    assert_eq!(world.put(&admin, path, other).await.problem(422), ["/probe/headers"]);
    for path in [path, "/tenants/acme/components"] {
        assert!(!world.get(&admin, path).await.text.contains("hunter2-h"));
    }
}

#[tokio::test]
async fn maintenance_is_announced_listed_and_called_off() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let operator = world.key(&admin, "acme", "operator").await;
    world.component(&admin, "acme", "web", "push").await;
    let path = "/tenants/acme/maintenances";
    let body = json!({"id": "move", "title": "Move", "components": ["web"],
        "starts_at": "2026-11-01T11:00:00Z", "ends_at": "2026-11-01T13:00:00Z"});
    let made = world.post(&operator, path, body.clone()).await.expect(201);
    assert_eq!(made.body["status"], "in_progress");
    world.post(&operator, path, body).await.problem(409);
    let bad =
        json!({"title": "", "components": ["web", "nope"], "starts_at": "soon", "ends_at": "2026-11-01T13:00:00Z"});
    assert_eq!(world.post(&operator, path, bad).await.problem(422), ["/starts_at", "/components/1", "/title"]);
    let backwards = json!({"title": "x", "components": ["web"],
        "starts_at": "2026-11-01T13:00:00Z", "ends_at": "2026-11-01T12:00:00Z"});
    assert_eq!(world.post(&operator, path, backwards).await.problem(422), ["/ends_at"]);
    assert_eq!(world.get(&operator, path).await.expect(200).body["items"][0]["id"], "move");
    world.delete(&operator, "/tenants/acme/maintenances/move").await.expect(204);
    world.delete(&operator, "/tenants/acme/maintenances/move").await.problem(404);
}
