//! The document says what there is, and the page that shows it needs no other host.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::common::World;

const OPERATIONS: [&str; 95] = [
    "POST /tenants",
    "GET /tenants",
    "GET /tenants/{tenant_id}",
    "POST /tenants/{tenant_id}/keys",
    "GET /tenants/{tenant_id}/keys",
    "DELETE /tenants/{tenant_id}/keys/{key_id}",
    "POST /tenants/{tenant_id}/components",
    "GET /tenants/{tenant_id}/components",
    "GET /tenants/{tenant_id}/components/{component_id}",
    "PUT /tenants/{tenant_id}/components/{component_id}",
    "DELETE /tenants/{tenant_id}/components/{component_id}",
    "POST /tenants/{tenant_id}/components/{component_id}/heartbeat",
    "POST /tenants/{tenant_id}/samples",
    "POST /tenants/{tenant_id}/maintenances",
    "GET /tenants/{tenant_id}/maintenances",
    "DELETE /tenants/{tenant_id}/maintenances/{maintenance_id}",
    "GET /tenants/{tenant_id}/maintenances/{maintenance_id}",
    "PATCH /tenants/{tenant_id}/maintenances/{maintenance_id}",
    "GET /tenants/{tenant_id}/page",
    "PUT /tenants/{tenant_id}/page",
    "PUT /tenants/{tenant_id}/page/logo",
    "DELETE /tenants/{tenant_id}/page/logo",
    "POST /tenants/{tenant_id}/page/hosts",
    "GET /tenants/{tenant_id}/page/hosts",
    "POST /tenants/{tenant_id}/page/hosts/{host}/verify",
    "DELETE /tenants/{tenant_id}/page/hosts/{host}",
    "POST /tenants/{tenant_id}/page/links",
    "GET /tenants/{tenant_id}/page/links",
    "DELETE /tenants/{tenant_id}/page/links/{link_id}",
    "GET /tenants/{tenant_id}/page/export",
    "GET /tenants/{tenant_id}/groups",
    "GET /tenants/{tenant_id}/report",
    "GET /tenants/{tenant_id}/audit",
    "GET /audit",
    "GET /tenants/{tenant_id}/incident-templates",
    "PUT /tenants/{tenant_id}/incident-templates",
    "POST /tenants/{tenant_id}/subscribers",
    "GET /tenants/{tenant_id}/subscribers",
    "GET /tenants/{tenant_id}/subscribers/{subscriber_id}",
    "DELETE /tenants/{tenant_id}/subscribers/{subscriber_id}",
    "GET /tenants/{tenant_id}/subscribers/{subscriber_id}/notices",
    "GET /tenants/{tenant_id}/notices",
    "POST /tenants/{tenant_id}/bounces",
    "GET /observability/slo/config/{tenant_id}",
    "PUT /observability/slo/config/{tenant_id}",
    "GET /observability/slo/openslo/{tenant_id}",
    "PUT /observability/slo/openslo/{tenant_id}",
    "POST /observability/slo/measure/{tenant_id}",
    "POST /observability/slo/backtest/{tenant_id}",
    "GET /observability/slo/status/{tenant_id}",
    "GET /observability/slo/history/{tenant_id}/{slo_type}",
    "GET /observability/slo/burndown/{tenant_id}",
    "GET /observability/alerts/config/{tenant_id}",
    "PUT /observability/alerts/config/{tenant_id}",
    "GET /observability/alerts/config/{tenant_id}/receivers",
    "POST /observability/alerts/config/{tenant_id}/receivers/{name}/test",
    "POST /observability/alerts/config/{tenant_id}/receivers/{name}/enable",
    "POST /observability/alerts/fire/{tenant_id}",
    "GET /observability/alerts/history/{tenant_id}",
    "GET /observability/alerts/history/{tenant_id}/{alert_id}",
    "POST /observability/alerts/history/{tenant_id}/{alert_id}/feedback",
    "GET /observability/alerts/dead/{tenant_id}",
    "POST /observability/alerts/dead/{tenant_id}/replay",
    "POST /observability/alerts/dead/{tenant_id}/{delivery_id}/replay",
    "POST /observability/alerts/alertmanager/{tenant_id}",
    "POST /observability/alerts/{tenant_id}/api/v2/alerts",
    "GET /observability/alerts/{tenant_id}/api/v2/status",
    "POST /tenants/{tenant_id}/silences",
    "GET /tenants/{tenant_id}/silences",
    "GET /tenants/{tenant_id}/silences/{silence_id}",
    "DELETE /tenants/{tenant_id}/silences/{silence_id}",
    "POST /tenants/{tenant_id}/apps",
    "GET /tenants/{tenant_id}/apps",
    "GET /tenants/{tenant_id}/apps/{app_id}",
    "PUT /tenants/{tenant_id}/apps/{app_id}",
    "DELETE /tenants/{tenant_id}/apps/{app_id}",
    "GET /tenants/{tenant_id}/apps/{app_id}/stats",
    "GET /tenants/{tenant_id}/tunnel",
    "PUT /tenants/{tenant_id}/tunnel",
    "GET /observability/sentry/config",
    "POST /observability/sentry/envelope",
    "POST /observability/sentry/report",
    "POST /incidents",
    "GET /incidents",
    "GET /incidents/{id}",
    "PATCH /incidents/{id}",
    "PATCH /incidents/{id}/updates/{number}",
    "GET /health",
    "GET /ready",
    "GET /health/detailed",
    "GET /observability/config",
    "GET /metrics",
    "GET /debug/pprof/profile",
    "GET /debug/pprof/flamegraph",
    "GET /debug/pprof/heap",
];

fn operations(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().expect("paths");
    let of = |(path, item): (&String, &Value)| {
        let methods =
            item.as_object().expect("an item").keys().map(|method| format!("{} {path}", method.to_uppercase()));
        methods.collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_operation_is_in_the_document_and_every_reference_leads_somewhere() {
    let world = World::new().await;
    let document = world.get("", "/openapi.json").await.expect(200).body;
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")));
    let mut expected: BTreeSet<String> = OPERATIONS.into_iter().map(str::to_owned).collect();
    expected.insert("GET /startup".to_owned());
    assert_eq!(operations(&document), expected);
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.contains(&"#/components/schemas/ProblemBody"));
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a reference into the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    assert_eq!(document.pointer("/components/securitySchemes/key/scheme"), Some(&Value::from("bearer")));
}

#[tokio::test]
async fn every_documented_operation_is_routed_and_can_fail_as_a_problem() {
    let world = World::new().await;
    let document = world.get("", "/openapi.json").await.expect(200).body;
    let mut ids = BTreeSet::new();
    for operation in operations(&document) {
        let (method, path) = operation.split_once(' ').expect("a method and a path");
        let place = &document["paths"][path][method.to_lowercase()];
        // Whoever speaks to an Alertmanager reads errors as that writes them.
        let kind = if path.contains("/api/v2/") { "application~1json" } else { "application~1problem+json" };
        assert!(place.pointer(&format!("/responses/default/content/{kind}")).is_some(), "{operation}");
        assert!(place["summary"].is_string() && place["tags"].is_array(), "{operation}");
        ids.insert(place["operationId"].to_string());
        let concrete = path.split('/').map(|part| if part.starts_with('{') { "some" } else { part });
        let concrete = concrete.collect::<Vec<_>>().join("/");
        let answer = world.send(crate::common::request(method, "", &concrete, axum::body::Body::empty())).await;
        let needs_key = place.get("security").is_some();
        assert_eq!(answer.status.as_u16() == 401, needs_key, "{operation}: {}", answer.status);
        assert_ne!(answer.status.as_u16(), 404, "{operation}");
    }
    assert_eq!(ids.len(), operations(&document).len(), "operation ids are unique: {ids:?}");
}

#[tokio::test]
async fn no_example_in_the_document_is_a_secret() {
    let world = World::new().await;
    let document = world.get("", "/openapi.json").await.expect(200).text;
    assert!(!document.contains("plk_") || !document.contains("whsec_A"));
    assert!(!document.contains("hooks.slack.com"));
}

#[tokio::test]
async fn what_another_crate_serves_stands_in_the_same_document() {
    let extra = serde_json::from_value(serde_json::json!({
        "openapi": "3.1.0", "info": {"title": "Site", "version": "1"},
        "paths": {"/public/status": {"get": {"responses": {"200": {"description": "The page"}}}}}
    }));
    let world = World::with(Some(extra.expect("a document")), |app| app).await;
    let document = world.get("", "/openapi.json").await.expect(200).body;
    assert!(operations(&document).contains("GET /public/status"));
    assert_eq!(document["info"]["title"], "Plimsoll");
}

#[tokio::test]
async fn the_reference_page_needs_no_other_host() {
    let world = World::new().await;
    let page = world.get("", "/docs/").await.expect(200);
    assert!(page.text.contains("swagger-ui") && !page.text.contains("//"), "{}", page.text);
    let start = world.get("", "/docs/swagger-initializer.js").await.expect(200);
    assert!(start.text.contains("/openapi.json"));
}
