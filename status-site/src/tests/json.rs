//! The public JSON.

use axum::http::StatusCode;

use super::{World, header, text};
use crate::samples;

#[tokio::test]
async fn the_json_tells_the_same_and_no_names_of_keys() {
    let world = World::new(vec![samples::busy()]);
    let response = world.send("GET", "/public/status?tenant=acme", &[]).await;
    assert_eq!(header(&response, "access-control-allow-origin"), "*");
    let body = text(response).await;
    assert!(!body.contains(samples::KEY_NAME));
    let json: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(
        (&json["tenant"], &json["overall"], &json["stale"]),
        (&"acme".into(), &"partial_outage".into(), &false.into())
    );
    assert_eq!(json["components"][1]["id"], "api");
    assert_eq!(json["components"][1]["days"].as_array().map(Vec::len), Some(90));
    assert_eq!(json["components"][0]["uptime_30d"], serde_json::Value::Null);
    assert_eq!(json["incidents"][0]["components"]["api"], "major_outage");
    assert_eq!(json["incidents"][0]["updates"][1]["by"], "operator");
    assert_eq!(json["maintenances"][0]["status"], "in_progress");
    let incidents = world.json("/public/status/incidents").await;
    assert_eq!(incidents["incidents"], json["incidents"]);
    let missing = world.send("GET", "/public/status?tenant=nobody", &[]).await;
    assert_eq!(
        (missing.status(), header(&missing, "content-type")),
        (StatusCode::NOT_FOUND, "application/problem+json")
    );
}

#[tokio::test]
async fn the_age_in_json_moves_while_its_tag_stays() {
    let world = World::new(vec![samples::quiet()]);
    let first = world.send("GET", "/public/status", &[]).await;
    let etag = header(&first, "etag").to_owned();
    world.pass(7);
    assert_eq!(world.json("/public/status").await["age_seconds"], 7);
    let again = world.send("GET", "/public/status", &[("if-none-match", &etag)]).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
}

#[test]
fn both_json_routes_are_described() {
    let described = serde_json::to_value(crate::openapi()).expect("serialises");
    for path in ["/public/status", "/public/status/incidents"] {
        assert!(described["paths"][path]["get"]["responses"]["200"].is_object(), "{path}");
    }
    assert!(described["components"]["schemas"]["PublicIncident"]["properties"]["updates"].is_object());
}
