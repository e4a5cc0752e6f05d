//! Keys of callers: right, wrong, revoked and malformed ones; where they belong, and where they do not.

use serde_json::json;

use crate::world::World;

/// Shows a key in every place where somebody may show one.
async fn shown_everywhere(world: &World, key: &str) {
    let by = world.server.anybody().with_key(key);
    let anybody = by.without_key();
    let escaped = key.replace('_', "%5F").replace('-', "%2D");
    for path in ["/tenants/acme", "/observability/alerts/history/acme", "/audit", "/observability/config", "/nowhere"] {
        world.ask(&by, ("GET", path), None).await;
    }
    world.ask(&by, ("POST", "/tenants/acme/components"), Some(&json!({"id": key}))).await;
    for authorization in [format!("bearer {key}"), format!("Basic {key}"), key.to_owned(), format!("Bearer {key} x")] {
        let headers = [("authorization", authorization.as_str()), ("cookie", key), ("x-api-key", key)];
        world.ask_with(&anybody, ("GET", "/tenants/acme"), &headers, None).await;
    }
    for name in ["key", "api_key", "access_token", "x"] {
        world.ask(&anybody, ("GET", &format!("/tenants/acme?{name}={key}")), None).await;
        world.ask(&anybody, ("GET", &format!("/tenants/acme/audit?{name}={escaped}")), None).await;
    }
    let segments = [key, escaped.as_str()];
    for segment in segments {
        for path in ["/tenants/{}", "/{}", "/observability/alerts/{}/acme", "/s/{}", "/s/{}/feed.atom", "/s/acme/x/{}"]
        {
            let path = path.replace("{}", segment);
            // A page repeats to its reader where they are.
            let answer = anybody.page(&path).await;
            if !path.starts_with("/s/") {
                world.tell(&answer.asked, &answer.text);
            }
            world.ask(&world.admin, ("DELETE", &path), None).await;
        }
        world.ask(&world.admin, ("DELETE", &format!("/tenants/acme/keys/{segment}")), None).await;
        world.ask(&world.admin, ("DELETE", &format!("/tenants/acme/components/{segment}")), None).await;
    }
    for body in [json!({"key": key}), json!({"name": {"secret": key}, "role": [key]}), json!([key])] {
        world.ask(&world.admin, ("POST", "/tenants/acme/keys"), Some(&body)).await;
    }
    let mut headers = vec![("traceparent", key), ("user-agent", key), ("x-forwarded-for", key)];
    // An id is told from a key by nothing but how keys of ours begin.
    headers.extend(key.starts_with("plk_").then_some(("x-request-id", key)));
    world.ask_with(&anybody, ("GET", "/tenants/acme"), &headers, Some(format!("{{\"{key}"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_key_is_said_nowhere_wherever_it_is_shown() {
    let world = World::start().await;
    let mut keys = vec![world.root.key().to_owned(), world.admin.key().to_owned()];
    for role in ["operator", "ingest", "viewer"] {
        let made = world.admin.post("/tenants/acme/keys", &json!({"name": role, "role": role})).await.ok(201);
        keys.push(world.secrets.note(role, made["key"].as_str().expect("a key")));
    }
    let made = world.admin.post("/tenants/acme/keys", &json!({"name": "gone", "role": "admin"})).await;
    let made = made.ok(201);
    keys.push(world.secrets.note("a revoked key", made["key"].as_str().expect("a key")));
    let id = made["id"].as_str().expect("an id");
    world.admin.delete(&format!("/tenants/acme/keys/{id}")).await.ok(204);
    keys.push(format!("plk_{}", world.secrets.core("a wrong key")));
    keys.push(format!("plk_{}.~-x", world.secrets.core("a malformed key")));
    for key in &keys {
        shown_everywhere(&world, key).await;
    }
    world.ends_without_a_word().await;
}
