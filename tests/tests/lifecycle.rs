//! From the first start to the last: what is there at once, what is written down, and how it ends.

use std::os::unix::fs::PermissionsExt;

use plimsoll_tests::acts::{good_and_valid, metric, public_status};
use plimsoll_tests::{ROOT_KEY, Server, Setup, eventually};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The secret that a first start made, as it lies in the folder.
fn made_root_key(server: &Server) -> String {
    let path = server.data().join("root.key");
    let mode = std::fs::metadata(&path).expect("it was made").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "only its owner may read it");
    std::fs::read_to_string(path).expect("it can be read").trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_watches_itself_with_real_samples() {
    let setup = Setup::embedded().without("PLIMSOLL_EGRESS_ALLOW").without("PLIMSOLL_ROOT_KEY");
    let mut server = setup.start().await;
    let anybody = server.anybody();
    let root = anybody.with_key(&made_root_key(&server));
    let tenants = root.get("/tenants").await.ok(200);
    assert_eq!(tenants["items"][0]["id"], "plimsoll", "{tenants}");
    let living = async || {
        let status = anybody.get("/public/status").await.ok(200);
        let components = status["components"].as_array().expect("a list");
        let well = components.iter().filter(|component| component["status"] == "operational").count();
        (components.len() == 3 && well == 3).then_some(status)
    };
    let status = eventually(30, "its three components are operational", living).await;
    assert_eq!((&status["tenant"], &status["overall"]), (&json!("plimsoll"), &json!("operational")));
    let measured = async || good_and_valid(&root, "plimsoll", "availability").await.filter(|(_, valid)| *valid >= 6);
    let (good, valid) = eventually(30, "two ticks are measured", measured).await;
    assert_eq!(good, valid);
    for path in ["/", "/s/plimsoll"] {
        let page = anybody.page(path).await;
        assert!(page.status == 200 && page.text.contains("Status page"), "{path}: {}", page.status);
    }

    let key = made_root_key(&server);
    assert_eq!(server.stop().await.code(), Some(0));
    server.start_again().await;
    assert_eq!(made_root_key(&server), key, "the key stays");
    let status = public_status(&server.anybody(), "plimsoll").await;
    assert_eq!(status["components"].as_array().map(Vec::len), Some(3), "the page is there before the next tick");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_finishes_the_request_in_hand_and_ends_well() {
    let mut server = Setup::embedded().start().await;
    let body = json!({"id": "acme", "name": "Acme"}).to_string();
    let (begin, rest) = body.split_at(5);
    let mut stream = TcpStream::connect(server.address()).await.expect("it listens");
    let head = format!(
        "POST /tenants HTTP/1.1\r\nhost: plimsoll\r\nauthorization: Bearer {ROOT_KEY}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{begin}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("it is taken");
    let anybody = server.anybody();
    // One is the request that asks.
    let in_hand = async || metric(&anybody, "plimsoll_http_requests_in_flight", "").await.filter(|count| *count >= 2.0);
    eventually(10, "the request is in hand", in_hand).await;

    server.ask_to_stop();
    let asked = async || server.log_text().contains("asked to stop").then_some(());
    eventually(10, "it was told to stop", asked).await;
    stream.write_all(rest.as_bytes()).await.expect("it is still taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it is answered");
    assert!(answer.starts_with("HTTP/1.1 201 ") && answer.contains("\"admin_key\":\"plk_"), "{answer}");
    assert_eq!(server.ended().await.code(), Some(0));
    assert!(TcpStream::connect(server.address()).await.is_err(), "nobody listens any more");
    assert_eq!(server.log().last().expect("a line")["message"], "stopped");

    server.start_again().await;
    let tenants = server.root().get("/tenants/acme").await.ok(200);
    assert_eq!(tenants["name"], "Acme", "what was answered 201 is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_configuration_is_refused_by_name() {
    for (name, value, named) in [
        ("PLIMSOLL_HTPP_ADDR", "127.0.0.1:1", "PLIMSOLL_HTTP_ADDR"),
        ("PLIMSOLL_SAMPLING_INTERVAL_SECONDS", "1", "PLIMSOLL_SAMPLING_INTERVAL_SECONDS"),
        ("PLIMSOLL_STORE", "sqlite:here", "PLIMSOLL_STORE"),
        ("PLIMSOLL_ROOT_KEY", "short", "PLIMSOLL_ROOT_KEY"),
        ("PLIMSOLL_EGRESS_ALLOW", "everything", "PLIMSOLL_EGRESS_ALLOW"),
    ] {
        let mut server = Setup::embedded().with(name, value).stopped();
        server.spawn();
        let status = server.ended().await;
        assert!(status.code().is_some_and(|code| code != 0), "{name}={value}: {status}");
        let words = server.log_text();
        assert!(words.contains(named), "{name}={value}: {words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_one_line_for_each_request_and_no_secret() {
    let server = Setup::embedded().start().await;
    let admin = server.tenant("acme").await;
    let made = admin.post("/tenants/acme/keys", &json!({"name": "ci", "role": "ingest"})).await.ok(201);
    let key = made["key"].as_str().expect("a key").to_owned();
    let header = json!({"id": "web", "name": "Web", "probe": {"kind": "http", "url": "http://127.0.0.1:9/?token=hidden-1",
        "headers": {"authorization": "Bearer hidden-2"}}});
    let created = admin.post("/tenants/acme/components", &header).await.ok(201);
    assert!(!created.to_string().contains("hidden-2"), "a secret is not read back: {created}");

    let mut answers = vec![
        admin.get("/tenants/acme").await,
        server.anybody().with_key("plk_hidden_3").get("/tenants/acme").await,
        server.anybody().page(&format!("/s/acme?key={key}")).await,
        server.anybody().page(&format!("/nothing/{key}")).await,
    ];
    let given = admin.ask("GET", "/tenants/acme/keys", &[("x-request-id", "mine-1")], None).await;
    assert_eq!(given.header("x-request-id"), "mine-1");
    answers.push(given);
    for answer in &answers {
        let id = answer.header("x-request-id");
        assert!(!id.is_empty(), "{answer:?}");
        let written = async || {
            let lines = server.log().into_iter().filter(|line| line["request_id"] == id).collect::<Vec<_>>();
            (!lines.is_empty()).then_some(lines)
        };
        let lines = eventually(5, "the line is written", written).await;
        assert_eq!(lines.len(), 1, "{lines:?}");
        let line = &lines[0];
        assert_eq!((line["status"].as_u64(), &line["method"]), (Some(answer.status.into()), &json!("GET")), "{line}");
        assert!(line["duration_ms"].is_number() && line["client_ip"] == "127.0.0.1", "{line}");
        assert!(line["route"].is_string() && line["path"].is_string(), "{line}");
    }
    let log = server.log();
    let mine = log.iter().find(|line| line["request_id"] == "mine-1").expect("it is there");
    assert_eq!((&mine["tenant_id"], &mine["user_id"]), (&json!("acme"), &json!("admin")), "{mine}");
    assert_eq!(mine["route"], "/tenants/{tenant_id}/keys", "{mine}");
    start_is_told(&server).await;
    let text = server.log_text();
    for secret in [ROOT_KEY, key.as_str(), "hidden-1", "hidden-2", "hidden_3"] {
        let line = text.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
}

/// It answers a little before it says so.
async fn start_is_told(server: &Server) {
    let told = async || {
        let starts: Vec<_> = server.log().into_iter().filter(|line| line["message"] == "started").collect();
        (!starts.is_empty()).then_some(starts)
    };
    let starts = eventually(5, "the start is told", told).await;
    assert_eq!(starts.len(), 1, "{starts:?}");
    assert_eq!(starts[0]["roles"], "api,jobs,status");
    for field in ["version", "store", "address", "timestamp", "level"] {
        assert!(starts[0][field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {}", starts[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_tell_of_requests_ticks_samples_and_budgets() {
    let server = Setup::embedded().start().await;
    let anybody = server.anybody();
    let measured =
        async || metric(&anybody, "plimsoll_slo_compliance_ratio", "plimsoll").await.filter(|sli| *sli > 0.0);
    eventually(30, "Plimsoll's own SLO is measured", measured).await;
    for (name, label, at_least) in [
        ("plimsoll_http_requests_total", "route=\"/metrics\"", 1.0),
        ("plimsoll_http_request_duration_seconds_count", "route=\"/ready\"", 1.0),
        ("plimsoll_tick_duration_seconds_count", "", 1.0),
        ("plimsoll_samples_total", "status=\"operational\"", 3.0),
        ("plimsoll_slo_compliance_ratio", "slo_type=\"availability\"", 1.0),
        ("plimsoll_error_budget_remaining_ratio", "tenant=\"plimsoll\"", 1.0),
        ("plimsoll_slo_burn_rate", "window=\"1h\"", 0.0),
        ("process_resident_memory_bytes", "", 1.0),
    ] {
        let value = metric(&anybody, name, label).await;
        assert!(value >= Some(at_least), "{name}{{{label}}} is {value:?}, expected at least {at_least}");
    }
    assert_eq!(metric(&anybody, "plimsoll_http_requests_total", "/tenants/").await, None, "labels are closed sets");
    anybody.get("/health").await.ok(200);
    anybody.get("/startup").await.ok(200);
    let config = server.root().get("/observability/config").await.ok(200);
    assert_eq!(config["sampling_interval_seconds"], 5, "{config}");
    assert!(!config.to_string().contains(ROOT_KEY), "{config}");
}

#[test]
fn a_start_without_ca_certificates_says_what_is_missing_and_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Setup::embedded().with("SSL_CERT_DIR", &folder.path().display().to_string()).stopped();
    let output = server.run(&["serve"]);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("no CA certificates") && words.contains("SSL_CERT_FILE"), "{words}");
    assert!(!words.contains("panicked"), "{words}");
}
