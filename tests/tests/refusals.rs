//! What is refused, and in which words.

use plimsoll_tests::acts::{http_component, metric, public_status, push_component, slo, until_status};
use plimsoll_tests::{Answer, Client, Operation, Server, Setup, Target, eventually};
use serde_json::{Value, json};

/// A problem of `status`, with the request's id in it.
#[track_caller]
fn problem(answer: &Answer, status: u16) -> Value {
    let body = answer.ok(status);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.asked);
    assert_eq!(body["instance"], answer.header("x-request-id"), "{}: {body}", answer.asked);
    assert_eq!(body["status"], status, "{body}");
    body
}

/// Two tenants with something of every kind in the first: the first's administrator, and the second's.
async fn two_tenants(server: &Server) -> (Client, Client) {
    let (owner, stranger) = (server.tenant("acme").await, server.tenant("other").await);
    for tenant in [(&owner, "acme"), (&stranger, "other")] {
        let path = format!("/tenants/{}/components", tenant.1);
        tenant.0.post(&path, &push_component("web")).await.ok(201);
    }
    let work = json!({"id": "work", "title": "Work", "components": ["web"], "starts_at": "2099-01-01T00:00:00Z",
        "ends_at": "2099-01-01T01:00:00Z"});
    owner.post("/tenants/acme/maintenances", &work).await.ok(201);
    let quiet = json!({"id": "quiet", "matchers": ["team=\"db\""], "until_resolved": true, "comment": "New disks"});
    owner.post("/tenants/acme/silences", &quiet).await.ok(201);
    let hook = json!({"name": "hook", "kind": "webhook", "url": "https://example.com/"});
    owner.put("/observability/alerts/config/acme", &json!({"receivers": [hook]})).await.ok(200);
    let app = json!({"id": "web", "name": "Web", "dsn": "https://key@sentry.example/1"});
    owner.post("/tenants/acme/apps", &app).await.ok(201);
    (owner, stranger)
}

async fn incident(owner: &Client) -> String {
    let body = json!({"title": "Trouble", "status": "investigating", "impact": "minor", "body": "We look into it.",
        "components": {"web": "degraded_performance"}});
    owner.post("/incidents", &body).await.ok(201)["id"].as_str().expect("an id").to_owned()
}

/// The path of an operation, with ids of things that are there.
fn example(operation: &Operation, tenant: &str, incident: &str, key: &str) -> String {
    let ids = [
        ("tenant_id", tenant),
        ("component_id", "web"),
        ("maintenance_id", "work"),
        ("key_id", key),
        ("slo_type", "availability"),
        ("silence_id", "quiet"),
        ("app_id", "web"),
        ("name", "hook"),
        ("alert_id", "alt-0102030405060708090a"),
        ("delivery_id", "alt-0102030405060708090a-1"),
        ("subscriber_id", "sub-0102030405060708090a"),
        ("link_id", "lnk-0102030405060708090a"),
        ("host", "status.example.org"),
        ("number", "0"),
        ("id", incident),
    ];
    let path = ids.iter().fold(operation.path.clone(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id));
    assert!(!path.contains('{'), "this test knows no id for {path}");
    path
}

/// A body for the methods that take one. It is wrong, and must not even be looked at.
fn body_for(operation: &Operation) -> Option<String> {
    ["POST", "PUT", "PATCH"].contains(&operation.method.as_str()).then(|| "{".to_owned())
}

/// The words of a refusal: of a problem, or, where Alertmanager's API is spoken, of a JSON string.
fn refused(answer: &Answer, status: u16) -> Value {
    if answer.asked.contains("/api/v2/") {
        let words = answer.ok(status);
        assert!(words.is_string(), "{}: {words}", answer.asked);
        return words;
    }
    problem(answer, status)["detail"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_that_needs_a_key_is_closed_without_a_good_one() {
    let server = Setup::embedded().start().await;
    let operations = server.anybody().document().operations();
    let closed: Vec<_> = operations.iter().filter(|operation| operation.needs_key).collect();
    assert!(closed.len() > 20, "{closed:?}");
    for operation in closed {
        let path = example(operation, "plimsoll", "none", "none");
        for caller in [server.anybody(), server.anybody().with_key("plk_wrong")] {
            let answer = caller.ask(&operation.method, &path, &[], body_for(operation)).await;
            refused(&answer, 401);
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{}", answer.asked);
        }
    }
    // What stands on a page is for the public; who sees a private one is another suite's matter.
    let is_page = |path: &str| path.starts_with("/s/{slug}/");
    let open = operations.iter().filter(|operation| !operation.needs_key).map(|one| one.path.as_str());
    let open: Vec<_> = open.filter(|path| !is_page(path)).collect();
    let meant = [
        "/health",
        "/health/detailed",
        "/internal/tls/ask",
        "/metrics",
        "/observability/sentry/config",
        "/observability/sentry/envelope",
        "/observability/sentry/report",
        "/public/status",
        "/public/status/incidents",
        "/ready",
        "/startup",
    ];
    assert_eq!(std::collections::BTreeSet::from_iter(open), meant.into(), "only these need no key");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_key_finds_nothing_on_any_path() {
    let server = Setup::embedded().start().await;
    let (owner, stranger) = two_tenants(&server).await;
    let incident = incident(&owner).await;
    let key = owner.get("/tenants/acme/keys").await.ok(200)["items"][0]["id"].as_str().expect("an id").to_owned();
    let operations = owner.document().operations();
    let scoped: Vec<_> =
        operations.iter().filter(|one| one.path.contains("{tenant_id}") || one.path.contains("/{id}")).collect();
    assert!(scoped.len() > 20, "{scoped:?}");
    for operation in scoped {
        let theirs = example(operation, "acme", &incident, &key);
        let nobodys = example(operation, "nobody", "nothing", &key);
        let mut words = Vec::new();
        for path in [theirs, nobodys] {
            let answer = stranger.ask(&operation.method, &path, &[], body_for(operation)).await;
            words.push(refused(&answer, 404));
        }
        assert_eq!(words[0], words[1], "{operation:?}: the words tell that there is something");
    }
    problem(&stranger.get("/incidents?tenant=acme").await, 404);
    let foreign = json!({"tenant": "acme", "title": "T", "body": "B"});
    problem(&stranger.post("/incidents", &foreign).await, 404);
    let still_there = owner.get("/tenants/acme/components").await.ok(200);
    assert_eq!(still_there["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_the_role_is_told_which_one_it_needs() {
    let server = Setup::embedded().start().await;
    let (admin, _) = two_tenants(&server).await;
    let mut keys = Vec::new();
    for role in ["viewer", "ingest", "operator"] {
        let made = admin.post("/tenants/acme/keys", &json!({"name": role, "role": role})).await.ok(201);
        keys.push(server.anybody().with_key(made["key"].as_str().expect("a key")));
    }
    let [viewer, ingest, operator] = keys.try_into().expect("three keys");
    let samples = json!({"samples": []});
    let opened = json!({"title": "T", "body": "B"});
    viewer.get("/tenants/acme/components").await.ok(200);
    ingest.post("/tenants/acme/samples", &samples).await.ok(200);
    operator.post("/incidents", &opened).await.ok(201);
    for (answer, needed) in [
        (viewer.post("/tenants/acme/samples", &samples).await, "ingest"),
        (viewer.post("/incidents", &opened).await, "operator"),
        (ingest.post("/incidents", &opened).await, "operator"),
        (operator.post("/tenants/acme/samples", &samples).await, "ingest"),
        (operator.post("/tenants/acme/components", &push_component("x")).await, "admin"),
        (operator.put("/observability/slo/config/acme", &json!({"objectives": []})).await, "admin"),
        (ingest.get("/tenants/acme/keys").await, "admin"),
        (admin.get("/tenants").await, "root key"),
    ] {
        let body = problem(&answer, 403);
        assert!(body["detail"].as_str().is_some_and(|detail| detail.contains(needed)), "{}: {body}", answer.asked);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_taken_is_refused_with_its_place() {
    let server = Setup::embedded().start().await;
    let (admin, _) = two_tenants(&server).await;
    let components = "/tenants/acme/components";
    let pointer_of = async |path: &str, body: Value| {
        let answer = if path.contains("/slo/") { admin.put(path, &body).await } else { admin.post(path, &body).await };
        let problem = problem(&answer, 422);
        (problem["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned(), problem.to_string())
    };
    let mut unknown = push_component("new");
    unknown["colour"] = json!(1);
    assert_eq!(pointer_of(components, unknown).await.0, "/colour");
    let nested =
        json!({"id": "new", "name": "N", "probe": {"kind": "http", "url": "https://example.com", "retries": 3}});
    assert_eq!(pointer_of(components, nested).await.0, "/probe/retries");
    assert_eq!(pointer_of(components, json!({"id": "new", "probe": {"kind": "push"}})).await.0, "/name");
    let sample = json!({"samples": [{"component": "web", "at": "yesterday", "status": "operational"}]});
    assert_eq!(pointer_of("/tenants/acme/samples", sample).await.0, "/samples/0/at");
    let percent = json!({"objectives": [slo("availability", 99.9, &json!("all"))]});
    let (pointer, words) = pointer_of("/observability/slo/config/acme", percent).await;
    assert_eq!(pointer, "/objectives/0/objective");
    assert!(words.contains("write 0.999"), "{words}");

    problem(&admin.ask("POST", components, &[], Some("{\"id\": ".to_owned())).await, 400);
    let huge = format!("{{\"id\": \"new\", \"name\": \"{}\"}}", "x".repeat(2 << 20));
    problem(&admin.ask("POST", components, &[], Some(huge)).await, 413);
    assert_eq!(admin.get(components).await.ok(200)["items"].as_array().map(Vec::len), Some(1), "nothing was created");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_and_what_is_stale_is_said_so() {
    let server = Setup::embedded().start().await;
    let (admin, _) = two_tenants(&server).await;
    let ask = async |method: &str, path: &str| admin.try_ask(method, path, &[], None).await.expect("an answer");
    problem(&ask("GET", "/no/such/path").await, 404);
    let answer = ask("PATCH", "/tenants").await;
    problem(&answer, 405);
    let mut allowed: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);

    let config = "/observability/slo/config/acme";
    let read = admin.get(config).await;
    let tag = read.header("etag").to_owned();
    let wanted = json!({"objectives": [slo("availability", 0.99, &json!("all"))]}).to_string();
    let put = async |path: &str, tag: &str, body: &str| {
        admin.ask("PUT", path, &[("if-match", tag)], Some(body.to_owned())).await
    };
    let changed = put(config, &tag, &wanted).await;
    changed.ok(200);
    problem(&put(config, &tag, &wanted).await, 412);
    put(config, changed.header("etag"), &wanted).await.ok(200);

    let component = "/tenants/acme/components/web";
    let (tag, body) = (admin.get(component).await.header("etag").to_owned(), push_component("web").to_string());
    put(component, &tag, &body.replace("\"name\":\"web\"", "\"name\":\"Web\"")).await.ok(200);
    problem(&put(component, &tag, &body).await, 412);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_does_not_reach_into_private_networks() {
    let server = Setup::embedded().without("PLIMSOLL_EGRESS_ALLOW").start().await;
    let target = Target::start().await;
    let (admin, anybody) = (server.tenant("acme").await, server.anybody());
    admin.post("/tenants/acme/components", &http_component("web", "Web", &target.url("/"))).await.ok(201);
    let by_name = target.url("/").replace("127.0.0.1", "localhost");
    admin.post("/tenants/acme/components", &http_component("named", "Named", &by_name)).await.ok(201);
    let db = json!({"id": "db", "name": "Database", "probe": {"kind": "tcp", "address": target.address()}});
    admin.post("/tenants/acme/components", &db).await.ok(201);
    let looked = async || metric(&anybody, "plimsoll_samples_total", "unknown").await.filter(|looks| *looks >= 6.0);
    eventually(60, "each was looked at twice", looked).await;
    for component in ["web", "named", "db"] {
        until_status(&anybody, "acme", component, "unknown").await;
    }
    let status = public_status(&anybody, "acme").await;
    assert_eq!((target.hits("/"), status["incidents"].as_array().map(Vec::len)), (0, Some(0)));
}
