//! Whoever wants the tunnel to speak to somebody else, or to look into what is another's, gets nowhere.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

use plimsoll_tests::frontend::{envelope, event_id};
use plimsoll_tests::receivers::Sentry;
use plimsoll_tests::{Setup, port};
use serde_json::{Value, json};

use super::given::{given, given_by};

fn error() -> Value {
    json!({"level": "error"})
}

/// DSNs that are none of the app's, which is project 1 of the Sentry at the port `here`.
fn foreign_dsns(here: u16, there: u16) -> Vec<String> {
    let (key, other) = (Sentry::key(1), Sentry::key(2));
    vec![
        format!("http://{key}@127.0.0.1:{there}/1"),
        format!("http://{key}@127.0.0.2:{here}/1"),
        format!("http://{key}@localhost:{here}/1"),
        format!("http://{key}@127.0.0.1/1"),
        format!("https://{key}@127.0.0.1:{here}/1"),
        format!("ftp://{key}@127.0.0.1:{here}/1"),
        format!("//{key}@127.0.0.1:{here}/1"),
        format!("http://{key}@127.0.0.1:{here}/2"),
        format!("http://{key}@127.0.0.1:{here}/01"),
        format!("http://{key}@127.0.0.1:{here}/1/"),
        format!("http://{key}@127.0.0.1:{here}/1?x=1"),
        format!("http://{key}@127.0.0.1:{here}/1#x"),
        format!("http://{key}@127.0.0.1:{here}/x/1"),
        format!("http://{key}@127.0.0.1:{here}//1"),
        format!("http://{other}@127.0.0.1:{here}/1"),
        format!("http://{}@127.0.0.1:{here}/1", key.to_uppercase()),
        format!("http://127.0.0.1:{here}/1"),
        format!("http://{key}@127.0.0.1:{there}@127.0.0.1:{here}/1"),
        format!("http://{key}@127.0.0.1:{here}@127.0.0.1:{there}/1"),
        format!("http://{key}:secret@127.0.0.1:{here}/1"),
        format!("http://{key}@127.0.0.1:{there}\\@127.0.0.1:{here}/1"),
        format!("http://{key}@127.0.0.1:{there}#@127.0.0.1:{here}/1"),
        format!("http://{key}%40127.0.0.1:{here}/1"),
        format!("http://{key}@127.0.0.1.evil.example:{here}/1"),
        format!("http://{key}@xn--127-0.example:{here}/1"),
        format!("http://{key}@bücher.example:{here}/1"),
        format!("http://{key}@[::1]:{here}/1"),
        format!("http://{key}@[::ffff:127.0.0.1]:{here}/1"),
        String::new(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_of_another_dsn_goes_nowhere() {
    let given = given().await;
    let (key, here) = (Sentry::key(1), given.sentry.port());
    let elsewhere = Sentry::start().await;
    let there = elsewhere.port();
    for dsn in foreign_dsns(here, there) {
        let answer = given.web.send(envelope(&dsn, 1, &[("event", error())]), &[]).await;
        assert_eq!(answer.status, 403, "{dsn}");
        assert!(!answer.text.contains(&key), "{}", answer.text);
    }
    assert_eq!((given.sentry.connections(), elsewhere.connections()), (0, 0));
    given.still_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_whose_dsn_is_only_written_otherwise_goes_where_the_record_says() {
    let given = given().await;
    let (key, port) = (Sentry::key(1), given.sentry.port());
    let hosts = ["127.0.0.1", "127.1", "2130706433", "0x7F.0.0.1", "127.0.0.1.", "１２７.0.0.1", "127。0。0。1"];
    for (number, host) in (1..).zip(hosts) {
        let dsn = format!("HTTP://{key}@{host}:{port}/1");
        given.web.send(envelope(&dsn, number, &[("event", error())]), &[]).await.ok(200);
    }
    assert_eq!((given.sentry.accepted().len(), given.sentry.faults()), (hosts.len(), Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_line_that_two_readers_could_take_for_two_things_is_refused() {
    let given = given().await;
    let (dsn, elsewhere) = (given.web.dsn.clone(), Sentry::start().await);
    let (id, there) = (event_id(1), elsewhere.dsn(1));
    for line in [
        format!("{{\"event_id\":\"{id}\",\"dsn\":\"{dsn}\",\"dsn\":\"{there}\"}}"),
        format!("{{\"event_id\":\"{id}\",\"dsn\":\"{there}\",\"dsn\":\"{dsn}\"}}"),
        format!("{{\"event_id\":\"{id}\",\"dsn\":\"{dsn}\",\"\\u0064sn\":\"{there}\"}}"),
        format!("{{\"event_id\":\"{id}\",\"dsn\":[\"{dsn}\"]}}"),
        format!("{{\"event_id\":\"{id}\",\"dsn\":\"{dsn}\"}} {{\"dsn\":\"{there}\"}}"),
        format!("\u{feff}{{\"event_id\":\"{id}\",\"dsn\":\"{dsn}\"}}"),
        format!("[\"{dsn}\",\"{id}\"]"),
        format!("{{\"event_id\":\"{id}\"}}"),
        String::new(),
        "\0".to_owned(),
    ] {
        let body = format!("{line}\n{{\"type\":\"event\"}}\n{{\"level\":\"error\"}}\n");
        given.web.send(body.into_bytes(), &[]).await.ok(400);
    }
    assert_eq!((given.sentry.connections(), elsewhere.connections()), (0, 0));
    given.still_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_refused_hears_why_however_much_they_were_sending() {
    let given = given().await;
    let long = json!({"message": "x".repeat(1_500_000)});
    let foreign = envelope("http://key@127.0.0.1/1", 1, &[("event", long.clone())]);
    let headless = [b"no header\n".to_vec(), given.web.envelope(1, &[("event", long)])].concat();
    for _ in 0..10 {
        given.web.send(foreign.clone(), &[]).await.ok(403);
        given.web.send(headless.clone(), &[]).await.ok(400);
        given.web.send(vec![b'x'; 1_500_000], &[]).await.ok(413);
        given.web.send(foreign.clone(), &[("content-encoding", "gzip")]).await.ok(400);
    }
    assert_eq!(given.sentry.connections(), 0);
    given.still_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_whose_sentry_is_on_this_machine_is_never_connected_to_unless_that_is_allowed() {
    let given = given_by(Setup::embedded().without("PLIMSOLL_EGRESS_ALLOW"), &json!({})).await;
    let port = port::free();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free");
    // Where there is no IPv6, nobody can be reached by it.
    let listeners: Vec<_> =
        std::iter::once(listener).chain(TcpListener::bind((Ipv6Addr::LOCALHOST, port)).ok()).collect();
    let hosts = ["localhost", "LOCALHOST", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "127.1"];
    for (number, host) in (1..).zip(hosts) {
        let dsn = format!("http://{}@{host}:{port}/{number}", Sentry::key(number));
        let app = json!({"id": format!("app-{number}"), "name": "x", "dsn": dsn});
        given.admin.post("/tenants/acme/apps", &app).await.ok(201);
        let answer = given.web.send(envelope(&dsn, number, &[("event", error())]), &[]).await;
        answer.ok(502);
        for told in [host, "127.0.0.1", "::1", "PLIMSOLL"] {
            assert!(!answer.text.contains(told), "{}", answer.text);
        }
        let stats = given.admin.get(&format!("/tenants/acme/apps/app-{number}/stats")).await.ok(200);
        assert_eq!((&stats["totals"]["envelopes_failed"], &stats["spool"]["envelopes"]), (&json!(1), &json!(0)));
    }
    for listener in listeners {
        listener.set_nonblocking(true).expect("it may be nonblocking");
        let nobody = listener.accept().map(|(_, from)| from).map_err(|error| error.kind());
        assert_eq!(nobody, Err(ErrorKind::WouldBlock), "somebody connected");
    }
    given.web.send(given.web.numbered(1), &[]).await.ok(502);
    assert_eq!(given.sentry.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_apps_are_not_there_by_any_path() {
    let given = given().await;
    let stranger = given.server.tenant("other").await;
    let app = json!({"name": "x", "dsn": given.sentry.dsn(9)});
    let alias = json!({"alias": "/mine"});
    for (method, path, body) in [
        ("POST", "/tenants/acme/apps", Some(&app)),
        ("GET", "/tenants/acme/apps", None),
        ("GET", "/tenants/acme/apps/web", None),
        ("PUT", "/tenants/acme/apps/web", Some(&app)),
        ("DELETE", "/tenants/acme/apps/web", None),
        ("GET", "/tenants/acme/apps/web/stats", None),
        ("GET", "/tenants/acme/apps/web/stats?days=1", None),
        ("GET", "/tenants/acme/tunnel", None),
        ("PUT", "/tenants/acme/tunnel", Some(&alias)),
        ("GET", "/tenants/other/apps/web", None),
        ("PUT", "/tenants/other/apps/web", Some(&app)),
        ("DELETE", "/tenants/other/apps/web", None),
        ("GET", "/tenants/other/apps/web/stats", None),
        ("GET", "/tenants/other/apps/..%2F..%2Facme%2Fapps%2Fweb", None),
        ("GET", "/tenants/acme%2Fapps/apps/web", None),
    ] {
        let answer = stranger.try_ask(method, path, &[], body.map(Value::to_string)).await.expect("an answer");
        assert!(answer.status == 404 || (answer.status == 400 && path.contains('%')), "{answer:?}");
        assert!(!answer.text.contains("127.0.0.1"), "{}", answer.text);
    }
    assert_eq!(stranger.get("/tenants/other/apps").await.ok(200)["items"], json!([]));
    // A DSN that another tenant has may be had twice; on the path of all, it stays whose it was.
    let squat = json!({"id": "squat", "name": "x", "dsn": given.web.dsn, "rate_limits": {"app_per_minute": 1}});
    stranger.post("/tenants/other/apps", &squat).await.ok(201);
    for _ in 0..3 {
        given.still_works().await;
    }
    assert_eq!(given.web.stats().await["totals"]["envelopes_relayed"], 3);
    let stats = stranger.get("/tenants/other/apps/squat/stats").await.ok(200);
    assert_eq!(stats["totals"]["envelopes_relayed"], 0);
}
