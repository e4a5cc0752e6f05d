//! Components that the page does not show are nowhere.

use plimsoll_domain::time::Span;
use plimsoll_tests::visitor::PATHS;
use plimsoll_tests::{Setup, Visitor, eventually, now};
use serde_json::json;

use crate::timeline::{start, until_said};

const ID: &str = "xyzzy";
const NAME: &str = "The Plugh Room";

/// What still speaks of it.
async fn said(visitor: &Visitor, paths: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for path in paths {
        let answer = visitor.get(path).await;
        let named = [ID, NAME, "Plover", "Hollow voice"].iter().filter(|words| answer.text.contains(**words));
        found.extend(named.map(|words| format!("{path} says {words}")));
    }
    for path in ["/public/status?tenant=acme", "/public/status/incidents?tenant=acme"] {
        let answer = visitor.at("").get(path).await;
        let named = [ID, NAME].iter().filter(|words| answer.text.contains(**words));
        found.extend(named.map(|words| format!("{path} says {words}")));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_component_is_on_no_path_whatever_happens_to_it() {
    let (server, admin, visitor) = start(Setup::embedded()).await;
    admin.put("/tenants/acme/page", &json!({"hidden": []})).await.ok(200);
    let component =
        json!({"id": ID, "name": NAME, "group": "Plover", "description": "Hollow voice", "probe": {"kind": "push"}});
    admin.post("/tenants/acme/components", &component).await.ok(201);
    until_said(&visitor, &format!("/components/{ID}"), NAME).await;
    let of_both =
        json!({"title": "Mixed", "body": "x", "components": {ID: "major_outage", "web": "degraded_performance"}});
    let mixed = admin.post("/incidents", &of_both).await.ok(201);
    let at = |hours: i64| now().plus(Span::minutes(60 * hours)).to_string();
    let work =
        json!({"id": "mixed", "title": "Mixed work", "components": [ID, "web"], "starts_at": at(2), "ends_at": at(3)});
    admin.post("/tenants/acme/maintenances", &work).await.ok(201);
    until_said(&visitor, "", "Mixed work").await;
    admin.put("/tenants/acme/page", &json!({"hidden": [ID]})).await.ok(200);
    let gone = async || (visitor.get(&format!("/components/{ID}")).await.status == 404).then_some(());
    eventually(20, "its page is gone", gone).await;
    let fresh = async || (!visitor.get("").await.text.contains(NAME)).then_some(());
    eventually(20, "the overview does not name it", fresh).await;

    let month = &now().to_string()[..7];
    let mut paths: Vec<String> = PATHS.iter().map(|path| (*path).to_owned()).collect();
    paths.extend([
        format!("/incidents/{}", mixed["id"].as_str().expect("an id")),
        format!("/history/{month}"),
        format!("/badge.svg?component={ID}"),
        format!("/components/{ID}"),
        "/calendar.ics".to_owned(),
    ]);
    // What is held of months and calendars is held for a quarter of a minute.
    let (mut found, end) = (vec![String::new()], now().plus(Span::from_seconds(40)));
    while !found.is_empty() && now() < end {
        found = said(&visitor, &paths).await;
    }
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(visitor.get(&format!("/badge.svg?component={ID}")).await.status, 404);
    assert!(admin.get("/tenants/acme/groups").await.text.contains(ID), "whoever has a key still sees it");
    drop(server);
}
