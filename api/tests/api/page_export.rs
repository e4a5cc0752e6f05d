//! Everything that the page is made of, in one document.

use serde_json::json;

use plimsoll_domain::page::{LogoKind, PageBundle};

use crate::page::{PAGE, world};

const EXPORT: &str = "/tenants/acme/page/export";
const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"2\" height=\"1\"><rect/></svg>";

#[tokio::test]
async fn a_page_is_exported_with_all_that_is_public_and_nothing_else() {
    let (world, admin) = world().await;
    let settled = json!({"title": "Acme", "hidden": ["db"], "access": {"private": true, "password": "long enough"}});
    world.put(&admin, PAGE, settled).await.expect(200);
    world.post(&admin, "/tenants/acme/page/links", json!({"name": "Board"})).await.expect(201);
    world.put_bytes(&admin, "/tenants/acme/page/logo", SVG).await.expect(200);
    let told = json!({"title": "Slow", "body": "We look.", "components": {"web": "operational", "db": "major_outage"}});
    world.post(&admin, "/incidents", told).await.expect(201);
    world.post(&admin, "/incidents", json!({"title": "Secret", "body": "x", "draft": true})).await.expect(201);
    for component in ["web", "db"] {
        let work = json!({"title": "Work", "components": [component], "starts_at": "2026-11-02T12:00:00Z",
            "ends_at": "2026-11-02T13:00:00Z"});
        world.post(&admin, "/tenants/acme/maintenances", work).await.expect(201);
    }
    let viewer = world.key(&admin, "acme", "viewer").await;
    let answer = world.get(&viewer, EXPORT).await.expect(200);
    assert!(!answer.text.contains("argon2") && !answer.text.contains("lnk-") && !answer.text.contains("Secret"));
    let bundle = PageBundle::read(&answer.text).expect("a bundle");
    assert_eq!(
        (bundle.format, bundle.name.as_str(), bundle.page.look.title.as_deref()),
        (1, "Tenant acme", Some("Acme"))
    );
    assert_eq!((bundle.incidents.len(), bundle.maintenances.len(), bundle.snapshot), (1, 1, None));
    assert_eq!(bundle.incidents[0].updates[0].components.len(), 1, "what is hidden stays so");
    let logo = bundle.logo.expect("a logo");
    assert_eq!(logo.kind, LogoKind::Svg);
    assert!(String::from_utf8(logo.bytes().expect("base64")).is_ok_and(|text| text.contains("<rect")));
}

#[tokio::test]
async fn an_export_is_its_tenants_own() {
    let (world, _) = world().await;
    let stranger = world.tenant("other").await;
    world.get(&stranger, EXPORT).await.problem(404);
    world.get(&stranger, "/tenants/other/page/export").await.expect(200);
}
