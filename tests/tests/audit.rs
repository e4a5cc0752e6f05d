//! Who changed what: nothing that somebody changed is missing in the audit log, and nothing secret is in it.

use plimsoll_tests::acts::{metric, push_component, slo};
use plimsoll_tests::mongod::Mongod;
use plimsoll_tests::{Answer, Backing, Client, Setup, eventually};
use serde_json::{Value, json};

const SECRET: &str = "s3cr3t-of-the-audit-suite";

/// All entries at `path`, newest first, read in pages.
async fn entries(reader: &Client, path: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = reader.get(&format!("{path}?limit=3{cursor}")).await.ok(200);
        all.extend(page["items"].as_array().expect("a list").iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { return all };
        cursor = format!("&cursor={next}");
    }
}

/// What somebody changes: method, path, body, and the status it is answered with.
type Change = (&'static str, &'static str, Value, u16);

fn changes() -> Vec<Change> {
    let maintenance = json!({"id": "work", "title": "Work", "components": ["web"],
        "starts_at": "2099-01-01T00:00:00Z", "ends_at": "2099-01-01T01:00:00Z"});
    let silence = json!({"id": "quiet", "matchers": ["team=\"db\""], "until_resolved": true, "comment": SECRET});
    let hook = json!({"name": "hook", "kind": "webhook", "url": format!("https://example.com/{SECRET}")});
    let promised = json!({"objectives": [slo("availability", 0.99, &json!("all"))]});
    let app = json!({"id": "shop", "name": "Shop", "dsn": "https://public@sentry.example/1"});
    let probe = json!({"kind": "http", "url": "https://example.com/", "headers": {"authorization": SECRET}});
    vec![
        ("POST", "/tenants/acme/components", push_component("web"), 201),
        ("POST", "/tenants/acme/components", json!({"id": "api", "name": "API", "probe": probe}), 201),
        ("PUT", "/tenants/acme/components/web", json!({"name": "Web", "probe": {"kind": "push"}}), 200),
        ("DELETE", "/tenants/acme/components/api", Value::Null, 204),
        ("POST", "/tenants/acme/keys", json!({"name": "CI", "role": "ingest"}), 201),
        ("POST", "/tenants/acme/maintenances", maintenance, 201),
        ("DELETE", "/tenants/acme/maintenances/work", Value::Null, 204),
        ("POST", "/tenants/acme/silences", silence, 201),
        ("DELETE", "/tenants/acme/silences/quiet", Value::Null, 204),
        ("PUT", "/observability/slo/config/acme", promised, 200),
        ("PUT", "/observability/alerts/config/acme", json!({"receivers": [hook]}), 200),
        ("POST", "/tenants/acme/apps", app, 201),
        ("DELETE", "/tenants/acme/apps/shop", Value::Null, 204),
        ("POST", "/tenants/acme/page/links", json!({"name": "For the board"}), 201),
        ("POST", "/incidents", json!({"tenant": "acme", "title": "Trouble", "body": SECRET}), 201),
    ]
}

async fn carry_out(by: &Client, (method, path, body, status): &Change) -> Answer {
    let path = if path.ends_with("/silences") { format!("{path}?token={SECRET}") } else { (*path).to_owned() };
    let body = (!body.is_null()).then(|| body.to_string());
    let answer = by.ask(method, &path, &[], body).await;
    answer.ok(*status);
    answer
}

async fn nothing_that_somebody_changed_is_missing(backing: Backing) {
    let server = Setup::on(backing).await.start().await;
    let (admin, root, other) = (server.tenant("acme").await, server.root(), server.tenant("other").await);
    let viewer = admin.post("/tenants/acme/keys", &json!({"name": "Auditor", "role": "viewer"})).await.ok(201);
    let viewer = admin.with_key(viewer["key"].as_str().expect("a key"));
    let mut known = entries(&viewer, "/tenants/acme/audit").await.len();
    for (number, change) in changes().iter().enumerate() {
        let (by, name) = if number % 4 == 3 { (&root, "root") } else { (&admin, "admin") };
        let answer = carry_out(by, change).await;
        let all = entries(&viewer, "/tenants/acme/audit").await;
        assert_eq!(all.len(), known + 1, "{}: exactly one entry", answer.asked);
        known += 1;
        let newest = &all[0];
        assert_eq!((&newest["status"], &newest["actor"]["name"]), (&json!(answer.status), &json!(name)), "{newest}");
        assert_eq!(newest["request_id"], answer.header("x-request-id"), "{newest}");
        // From where the platform owner asks is no tenant's business.
        let address = if name == "root" { Value::Null } else { json!("127.0.0.1") };
        assert_eq!(newest["client_ip"], address, "{newest}");
        let location = answer.header("location");
        let target = if location.is_empty() { change.1 } else { location };
        assert_eq!(newest["target"], target, "{newest}");
        assert!(newest["action"].as_str().is_some_and(|action| action.starts_with(&change.0.to_lowercase())));
    }
    viewer.delete("/tenants/acme/components/web").await.ok(403);
    let all = entries(&viewer, "/tenants/acme/audit").await;
    assert_eq!((&all[0]["status"], &all[0]["actor"]["role"]), (&json!(403), &json!("viewer")));
    other.get("/tenants/acme/audit").await.ok(404);
    assert!(entries(&other, "/tenants/other/audit").await.is_empty());
    let platform = root.get("/audit?platform=true").await.ok(200);
    let made = platform["items"].as_array().expect("a list").iter().filter(|one| one["target"] == "/tenants/acme");
    assert_eq!(made.count(), 1);
    nothing_secret_is_told(&viewer, &root).await;
    counted(&server.anybody()).await;
}

async fn nothing_secret_is_told(viewer: &Client, root: &Client) {
    let table = viewer.get("/tenants/acme/audit?format=csv&limit=500").await;
    let everything = root.get("/audit?limit=500").await;
    for text in [table.text, everything.text] {
        for secret in [SECRET, "plk_", "whsec_", "access=", viewer.key(), root.key()] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

async fn counted(anybody: &Client) {
    let by = async |role: &str| metric(anybody, "plimsoll_audit_entries_total", &format!("role=\"{role}\"")).await;
    assert!(by("root").await >= Some(5.0) && by("admin").await >= Some(12.0));
    assert_eq!((by("viewer").await, by("ingest").await), (Some(1.0), None));
    assert!(metric(anybody, "plimsoll_audit_failures_total", "").await.unwrap_or_default() < 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_somebody_changed_is_missing_on_the_embedded_store() {
    nothing_that_somebody_changed_is_missing(Backing::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_somebody_changed_is_missing_on_mongodb() {
    nothing_that_somebody_changed_is_missing(Backing::MongoDb).await;
}

async fn what_was_answered_is_there_after_a_kill(backing: Backing) {
    let mut server = Setup::on(backing).await.start().await;
    let admin = server.tenant("acme").await;
    for number in 0..4 {
        let id = format!("c-{number}");
        admin.post("/tenants/acme/components", &push_component(&id)).await.ok(201);
        server.kill9();
        server.start_again().await;
        let newest = &entries(&admin, "/tenants/acme/audit").await[0];
        assert_eq!(newest["target"], format!("/tenants/acme/components/{id}"));
    }
    assert_eq!(entries(&admin, "/tenants/acme/audit").await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_after_a_kill_on_the_embedded_store() {
    what_was_answered_is_there_after_a_kill(Backing::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_after_a_kill_on_mongodb() {
    what_was_answered_is_there_after_a_kill(Backing::MongoDb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_cannot_be_stored_is_counted_and_stands_in_the_log() {
    let mut mongod = Mongod::start().await.unwrap_or_else(|error| panic!("mongod: {error:#}"));
    let server = Setup::mongodb(&mongod.uri()).start().await;
    mongod.kill().expect("it can be killed");
    // The root key is known without the store.
    let answer = server.root().post("/tenants", &json!({"id": "acme", "name": "Acme"})).await;
    answer.ok(503);
    let anybody = server.anybody();
    assert_eq!(metric(&anybody, "plimsoll_audit_failures_total", "").await, Some(1.0));
    let told = async || {
        let is_it = |line: &Value| line["message"] == "an entry of the audit log could not be stored";
        server.log().into_iter().find(is_it)
    };
    let line = eventually(5, "it is in the log", told).await;
    let said = ["actor", "actor_role", "action", "path"].map(|name| line[name].clone());
    assert_eq!(said, ["root", "root", "post_tenants", "/tenants"].map(Value::from), "{line}");
    assert_eq!((&line["status"], &line["client_ip"]), (&json!(503), &json!("127.0.0.1")), "{line}");
    assert_eq!(line["request_id"], answer.header("x-request-id"), "{line}");
}
