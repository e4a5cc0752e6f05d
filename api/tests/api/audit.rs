//! Who changed what: which requests leave an entry, what it says, and who reads it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderValue;
use futures_util::poll;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tower::ServiceExt;

use plimsoll_api::RequestId;
use plimsoll_domain::time::Span;
use plimsoll_runtime::dns::{DnsUnavailable, TxtRecords};
use plimsoll_store::faulty::{Faulty, When};

use crate::common::{Answer, NOON, ROOT, World, request};

const AUDIT: &str = "/tenants/acme/audit";
const COMPONENTS: &str = "/tenants/acme/components";
/// What machines push, and a question that comes by POST.
const NOT_AUDITED: [&str; 10] = [
    "POST /tenants/{tenant_id}/samples",
    "POST /tenants/{tenant_id}/components/{component_id}/heartbeat",
    "POST /tenants/{tenant_id}/bounces",
    "POST /observability/slo/measure/{tenant_id}",
    "POST /observability/slo/backtest/{tenant_id}",
    "POST /observability/alerts/fire/{tenant_id}",
    "POST /observability/alerts/alertmanager/{tenant_id}",
    "POST /observability/alerts/{tenant_id}/api/v2/alerts",
    // Of an incident that is not there, nobody is told that they may not change it.
    "PATCH /incidents/{id}",
    "PATCH /incidents/{id}/updates/{number}",
];

async fn world() -> (World, String) {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    (world, admin)
}

fn push(id: &str) -> Value {
    json!({"id": id, "name": id, "probe": {"kind": "push"}})
}

async fn entries(world: &World, key: &str, path: &str) -> Vec<Value> {
    let answer = world.get(key, path).await.expect(200);
    answer.body["items"].as_array().expect("a list").clone()
}

/// What was done, newest first: action, target, status, and by whom.
fn told(entries: &[Value]) -> Vec<[String; 4]> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let one = |entry: &Value| [&entry["action"], &entry["target"], &entry["status"], &entry["actor"]["name"]].map(text);
    entries.iter().map(one).collect()
}

#[tokio::test]
async fn every_change_leaves_one_entry_that_says_who_did_what() {
    let (world, admin) = world().await;
    let step = || world.clock.advance(Span::from_seconds(1));
    let operator = world.key(&admin, "acme", "operator").await;
    step();
    world.post(&admin, COMPONENTS, push("web")).await.expect(201);
    step();
    let opened = json!({"title": "T", "body": "B"});
    let incident = world.post(&operator, "/incidents", opened).await.expect(201).body["id"].clone();
    let incident = format!("/incidents/{}", incident.as_str().expect("an id"));
    step();
    world.patch(ROOT, &incident, json!({"status": "resolved", "body": "Over."})).await.expect(200);
    step();
    world.delete(&admin, "/tenants/acme/components/web?now=yes").await.expect(204);
    step();
    world.delete(&operator, "/tenants/acme/components/api").await.problem(403);
    let found = entries(&world, &admin, AUDIT).await;
    let component = "delete_tenants_tenant_id_components_component_id";
    let key = format!("/tenants/acme/keys/{}", found[0]["actor"]["id"].as_str().expect("an id"));
    assert_eq!(
        told(&found),
        [
            [component, "/tenants/acme/components/api", "403", "a operator"],
            [component, "/tenants/acme/components/web", "204", "admin"],
            ["patch_incidents_id", incident.as_str(), "200", "root"],
            ["post_incidents", incident.as_str(), "201", "a operator"],
            ["post_tenants_tenant_id_components", "/tenants/acme/components/web", "201", "admin"],
            ["post_tenants_tenant_id_keys", key.as_str(), "201", "admin"],
        ]
    );
    assert_eq!((&found[0]["actor"]["role"], &found[2]["actor"]["role"]), (&json!("operator"), &json!("root")));
    assert_eq!((&found[0]["tenant"], &found[5]["at"]), (&json!("acme"), &json!(NOON)));
    assert!(found.iter().all(|entry| entry["id"].as_str().is_some_and(|id| id.starts_with("aud-"))));
}

/// Everything that needs a key and is not only read: method, path, and its place in the document.
fn changes(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().expect("paths").iter();
    let all = paths.flat_map(|(path, item)| {
        let operations = item.as_object().expect("an item").iter();
        operations.map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation.clone()))
    });
    all.filter(|(method, _, operation)| method != "GET" && !operation["security"].is_null()).collect()
}

#[tokio::test]
async fn whatever_changes_something_is_audited_and_what_machines_push_is_not() {
    let (world, admin) = world().await;
    let viewer = world.key(&admin, "acme", "viewer").await;
    let keys = entries(&world, &admin, "/tenants/acme/keys").await;
    let key = keys.iter().find(|key| key["role"] == "viewer").expect("the viewer's key");
    let newest = format!("/audit?limit=1&actor={}", key["id"].as_str().expect("an id"));
    let document = world.get("", "/openapi.json").await.expect(200).body;
    let all = changes(&document);
    assert!(all.len() > 40, "{}", all.len());
    let mut last = Value::Null;
    for (method, path, operation) in all {
        let concrete = path.replace("{tenant_id}", "acme").replace(['{', '}'], "");
        world.clock.advance(Span::from_seconds(1));
        let answer = world.send(request(&method, &viewer, &concrete, Body::from("{}"))).await;
        let found = entries(&world, ROOT, &newest).await.into_iter().next().unwrap_or_default();
        let name = format!("{method} {path}");
        if NOT_AUDITED.contains(&name.as_str()) {
            assert_eq!(found, last, "{name} left an entry");
            continue;
        }
        assert_eq!(answer.status, 403, "{name}");
        assert_eq!(found["action"], operation["operationId"], "{name} left no entry");
        assert_eq!((&found["target"], &found["status"]), (&json!(concrete), &json!(403)), "{name}");
        last = found;
    }
}

#[tokio::test]
async fn a_key_that_is_refused_over_and_over_leaves_one_entry_for_each_thing_it_tries() {
    let (world, admin) = world().await;
    let viewer = world.key(&admin, "acme", "viewer").await;
    let another = world.key(&admin, "acme", "viewer").await;
    let before = entries(&world, &admin, AUDIT).await.len();
    for number in 0..20 {
        world.delete(&viewer, &format!("{COMPONENTS}/c-{number}")).await.problem(403);
        world.post(&viewer, COMPONENTS, push("web")).await.problem(403);
    }
    world.delete(&another, &format!("{COMPONENTS}/c-1")).await.problem(403);
    assert_eq!(entries(&world, &admin, AUDIT).await.len(), before + 3);
    // What is carried out leaves its entry each time.
    for number in 0..3 {
        world.post(&admin, COMPONENTS, push(&format!("c-{number}"))).await.expect(201);
    }
    assert_eq!(entries(&world, &admin, AUDIT).await.len(), before + 6);
}

#[tokio::test]
async fn what_changed_nothing_leaves_none() {
    let (world, admin) = world().await;
    let other = world.tenant("other").await;
    let ingest = world.key(&admin, "acme", "ingest").await;
    let once = push("once");
    world.post_once(&admin, COMPONENTS, ("k", &once)).await.expect(201);
    let before = entries(&world, &admin, AUDIT).await;
    world.post_once(&admin, COMPONENTS, ("k", &once)).await.expect(200);
    world.post(&admin, COMPONENTS, push("once")).await.problem(409);
    world.post(&admin, COMPONENTS, json!({"name": "N"})).await.problem(422);
    world.post(&other, COMPONENTS, push("theirs")).await.problem(404);
    world.post("plk_wrong", COMPONENTS, push("nobody")).await.problem(401);
    world.delete(&admin, "/tenants/acme/components/nothing").await.problem(404);
    world.put(&admin, COMPONENTS, push("put")).await.problem(405);
    world.get(&ingest, "/tenants/acme/keys").await.problem(403);
    let sample = json!({"samples": [{"component": "once", "at": "2026-11-01T11:59:00Z", "status": "down"}]});
    world.post(&ingest, "/tenants/acme/samples", sample).await.expect(200);
    assert_eq!(entries(&world, &admin, AUDIT).await, before);
    assert_eq!(entries(&world, &other, "/tenants/other/audit").await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_idempotency_key_hides_nothing_where_it_means_nothing() {
    let (world, admin) = world().await;
    let mut put = request("PUT", &admin, "/observability/slo/config/acme", Body::from("{\"objectives\":[]}"));
    put.headers_mut().insert("idempotency-key", HeaderValue::from_static("k"));
    world.send(put).await.expect(200);
    assert_eq!(told(&entries(&world, &admin, AUDIT).await)[0][0], "put_observability_slo_config_tenant_id");
}

#[tokio::test]
async fn the_platform_owner_reads_everything_and_nobody_else_does() {
    let (world, admin) = world().await;
    let other = world.tenant("other").await;
    let viewer = world.key(&admin, "acme", "viewer").await;
    world.post(&other, "/tenants", json!({"id": "more", "name": "More"})).await.problem(403);
    assert_eq!(entries(&world, ROOT, "/audit").await.len(), 4);
    let platform = entries(&world, ROOT, "/audit?platform=true").await;
    let mut targets: Vec<_> = told(&platform).into_iter().map(|[_, target, ..]| target).collect();
    targets.sort_unstable();
    assert_eq!(targets, ["/tenants/acme", "/tenants/other"]);
    assert!(platform.iter().all(|entry| entry["tenant"].is_null() && entry["actor"]["id"] == "root"));
    let refused = entries(&world, &other, "/tenants/other/audit").await;
    assert_eq!(told(&refused), [["post_tenants", "/tenants", "403", "admin"]]);
    assert_eq!(entries(&world, &viewer, AUDIT).await.len(), 1);
    world.get(&other, AUDIT).await.problem(404);
    world.get(&admin, "/audit").await.problem(403);
    world.get("", AUDIT).await.problem(401);
}

#[tokio::test]
async fn entries_are_paged_and_found_by_time_actor_and_action() {
    let (world, admin) = world().await;
    for number in 0..5 {
        world.clock.advance(Span::minutes(1));
        world.post(&admin, COMPONENTS, push(&format!("c-{number}"))).await.expect(201);
    }
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    loop {
        let page = world.get(&admin, &format!("{AUDIT}?limit=2{cursor}")).await.expect(200).body;
        seen.extend(page["items"].as_array().expect("a list").iter().map(|entry| entry["target"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, [4, 3, 2, 1, 0].map(|number| json!(format!("{COMPONENTS}/c-{number}"))));
    let count = async |query: &str| entries(&world, &admin, &format!("{AUDIT}?{query}")).await.len();
    assert_eq!(count("from=2026-11-01T12:02:00Z&to=2026-11-01T12:04:00Z").await, 2);
    assert_eq!(count("action=post_tenants_tenant_id_components").await, 5);
    assert_eq!(count("action=post_incidents").await, 0);
    assert_eq!(count("actor=root").await, 0);
    for (query, pointer) in [
        ("limit=501", "/limit"),
        ("cursor=x", "/cursor"),
        ("from=now", "/from"),
        ("from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", "/to"),
        ("format=html", "/format"),
    ] {
        assert_eq!(world.get(&admin, &format!("{AUDIT}?{query}")).await.problem(422), [pointer], "{query}");
    }
}

async fn as_csv(world: &World, key: &str, path: &str) -> Answer {
    let mut request = request("GET", key, path, Body::empty());
    request.headers_mut().insert("accept", HeaderValue::from_static("text/csv"));
    let answer = world.send(request).await.expect(200);
    assert!(answer.header("content-type").starts_with("text/csv"));
    answer
}

#[tokio::test]
async fn a_spreadsheet_gets_a_table_without_formulas_and_the_way_to_the_next_page() {
    let (world, admin) = world().await;
    let formula = json!({"name": "=cmd|' /C calc'!A0", "role": "admin"});
    let evil = world.post(&admin, "/tenants/acme/keys", formula).await.expect(201).body["key"].clone();
    let evil = evil.as_str().expect("a key");
    world.clock.advance(Span::minutes(1));
    world.post(evil, COMPONENTS, push("one")).await.expect(201);
    let first = as_csv(&world, &admin, &format!("{AUDIT}?limit=1&from=2026-11-01T00:00:00Z")).await;
    let mut lines = first.text.lines();
    let columns = "at,tenant,actor,actor_name,actor_role,action,target,status,client_ip,request_id,trace_id,id";
    assert_eq!(lines.next(), Some(columns));
    let row = lines.next().expect("a row");
    assert!(row.contains(",'=cmd|' /C calc'!A0,admin,post_tenants_tenant_id_components,"), "{row}");
    let link = first.header("link").to_owned();
    let next = link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\"")).expect("a link");
    let second = as_csv(&world, &admin, next).await;
    assert!(second.text.contains("post_tenants_tenant_id_keys") && second.header("link").is_empty(), "{}", second.text);
    let wanted = world.get(&admin, &format!("{AUDIT}?format=csv")).await.expect(200);
    assert_eq!(wanted.text.lines().count(), 3);
}

#[tokio::test]
async fn an_entry_says_where_the_request_came_from_and_what_it_is_called() {
    let id = RequestId(HeaderValue::from_static("r-17"));
    let world = World::with(None, |app| app.layer(axum::Extension(id))).await;
    let admin = world.tenant("acme").await;
    let mut asked: Request = request("POST", &admin, COMPONENTS, Body::from(push("web").to_string()));
    let peer: std::net::SocketAddr = "10.1.2.3:4711".parse().expect("an address");
    asked.extensions_mut().insert(ConnectInfo(peer));
    asked.headers_mut().insert("x-forwarded-for", HeaderValue::from_static("203.0.113.9"));
    asked.headers_mut().insert("x-request-id", HeaderValue::from_static("r-17"));
    world.send(asked).await.expect(201);
    let entry = &entries(&world, &admin, AUDIT).await[0];
    assert_eq!((&entry["client_ip"], &entry["request_id"]), (&json!("203.0.113.9"), &json!("r-17")));
}

#[tokio::test]
async fn from_where_the_platform_owner_asked_is_told_to_no_tenant() {
    let (world, admin) = world().await;
    let from = |key: &str, id: &str, ip: &str| {
        let mut asked = request("POST", key, COMPONENTS, Body::from(push(id).to_string()));
        let peer: std::net::SocketAddr = format!("{ip}:4711").parse().expect("an address");
        asked.extensions_mut().insert(ConnectInfo(peer));
        world.send(asked)
    };
    from(&admin, "one", "203.0.113.9").await.expect(201);
    world.clock.advance(Span::from_seconds(1));
    from(ROOT, "two", "198.51.100.7").await.expect(201);
    let addresses = async |key: &str| {
        let found = entries(&world, key, AUDIT).await;
        found.iter().map(|entry| entry["client_ip"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let viewer = world.key(&admin, "acme", "viewer").await;
    assert!(addresses(&viewer).await.contains(&"203.0.113.9".to_owned()));
    for key in [&viewer, &admin] {
        assert!(!addresses(key).await.contains(&"198.51.100.7".to_owned()));
        assert!(!as_csv(&world, key, AUDIT).await.text.contains("198.51.100.7"));
    }
    assert!(addresses(ROOT).await.contains(&"198.51.100.7".to_owned()));
}

/// A name server that is asked and says nothing.
#[derive(Default)]
struct Silent(Notify);

#[async_trait]
impl TxtRecords for Silent {
    async fn txt(&self, _: &str) -> Result<Vec<String>, DnsUnavailable> {
        self.0.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn what_never_ends_is_given_up_and_leaves_an_entry() {
    let silent = Arc::new(Silent::default());
    let world = World::altered(|parts| parts.txt_records = Arc::<Silent>::clone(&silent)).await;
    let admin = world.tenant("acme").await;
    world.post(&admin, "/tenants/acme/page/hosts", json!({"name": "status.acme.example"})).await.expect(201);
    world.clock.advance(Span::from_seconds(1));
    let path = "/tenants/acme/page/hosts/status.acme.example/verify";
    let mut asking = Box::pin(world.app.clone().oneshot(request("POST", &admin, path, Body::empty())));
    tokio::select! {
        _ = &mut asking => panic!("it ends"),
        () = silent.0.notified() => {}
    }
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(36)).await;
    assert_eq!(asking.await.expect("infallible").status(), 503);
    tokio::time::advance(Duration::from_secs(25)).await;
    tokio::time::resume();
    for _ in 0..1_000 {
        let newest = &entries(&world, &admin, AUDIT).await[0];
        if newest["target"] == path {
            assert_eq!(newest["status"], 503, "{newest}");
            return;
        }
    }
    panic!("it goes on for ever");
}

#[tokio::test]
async fn what_was_done_is_answered_also_when_its_entry_cannot_be_stored() {
    let mut faulty = None;
    let world = World::altered(|parts| {
        let wrapped = Arc::new(Faulty::new(Arc::clone(&parts.store)));
        faulty = Some(Arc::clone(&wrapped));
        parts.store = wrapped;
    });
    let world = world.await;
    let faulty = faulty.expect("the store is wrapped");
    let admin = world.tenant("acme").await;
    faulty.fail_method("append_audit_entry", When::Before);
    world.post(&admin, COMPONENTS, push("web")).await.expect(201);
    faulty.heal();
    assert!(entries(&world, &admin, AUDIT).await.is_empty());
    faulty.fail_method("create_component", When::After);
    world.post(&admin, COMPONENTS, push("lost")).await.problem(503);
    let expected = [["post_tenants_tenant_id_components", COMPONENTS, "503", "admin"]];
    assert_eq!(told(&entries(&world, &admin, AUDIT).await), expected, "it may have been done, and it was");
}

#[tokio::test]
async fn whoever_hangs_up_in_the_middle_leaves_an_entry_all_the_same() {
    let (world, admin) = world().await;
    let asked = request("POST", &admin, COMPONENTS, Body::from(push("web").to_string()));
    let mut asking = Box::pin(world.app.clone().oneshot(asked));
    assert!(poll!(&mut asking).is_pending());
    drop(asking);
    for _ in 0..1_000 {
        if !entries(&world, &admin, AUDIT).await.is_empty() {
            world.get(&admin, &format!("{COMPONENTS}/web")).await.expect(200);
            return;
        }
    }
    panic!("it was given up");
}
