//! Our own errors at a Sentry: exactly those, with all that helps and without any secret; and nothing else depends on it.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plimsoll_tests::acts::metric;
use plimsoll_tests::receivers::{Reply, Sentry};
use plimsoll_tests::{Answer, Client, Server, Setup, eventually};
use serde_json::{Value, json};

const PROJECT: u64 = 7;
const SECRET: &str = "czNjcjN0-of-the-prometheus";

/// A server whose store holds something that it cannot read, since the key under which it is sealed is another now; and
/// the administrator of whoever wrote that.
async fn troubled(sentry: &Sentry) -> (Server, Client) {
    let key = |byte: u8| STANDARD.encode([byte; 32]);
    let setup =
        Setup::embedded().with("PLIMSOLL_SECRET_KEY", &key(1)).with("PLIMSOLL_SENTRY_DSN", &sentry.dsn(PROJECT));
    let mut server = setup.with("PLIMSOLL_SENTRY_ENVIRONMENT", "staging").start().await;
    let admin = server.tenant("acme").await;
    let source = json!({"url": "http://127.0.0.1:9/", "ratio": "up", "bearer": SECRET});
    let slo =
        json!({"slo_type": "asked", "kind": "prometheus", "objective": 0.5, "window": "1h", "prometheus": source});
    admin.put("/observability/slo/config/acme", &json!({"objectives": [slo]})).await.ok(200);
    assert!(server.stop().await.success());
    assert!(sentry.came().is_empty(), "there was no error yet");
    server.configure("PLIMSOLL_SECRET_KEY", Some(&key(2)));
    // What the jobs find is told, too: here it is one request each.
    server.take_roles("api");
    server.start_again().await;
    (server, admin)
}

/// Asks for what cannot be read.
async fn fail(admin: &Client, request_id: &str) -> Answer {
    let path = "/observability/slo/config/acme";
    let answer = admin.ask("GET", path, &[("x-request-id", request_id)], None).await;
    assert_eq!(answer.status, 500, "{}", answer.text);
    answer
}

async fn came(sentry: &Sentry, count: usize) -> Vec<Value> {
    let all = async || {
        let events: Vec<_> = sentry.came().iter().map(|came| came.json("event")).collect();
        (events.len() >= count).then_some(events)
    };
    eventually(20, "the events are there", all).await
}

async fn counted(server: &Server, result: &str) -> f64 {
    metric(&server.anybody(), "plimsoll_own_errors_total", &format!("{result:?}")).await.unwrap_or(0.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_comes_to_the_sentry_once_and_without_a_secret() {
    let sentry = Sentry::start_for_servers().await;
    let (server, admin) = troubled(&sentry).await;
    let answer = fail(&admin, "req-plk_5ecre7").await;
    let events = came(&sentry, 1).await;
    let event = &events[0];
    let release = format!("plimsoll@{}", env!("CARGO_PKG_VERSION"));
    for (name, expected) in [
        ("message", "request failed"),
        ("release", release.as_str()),
        ("environment", "staging"),
        ("logger", "plimsoll_api::edge"),
    ] {
        assert_eq!(event[name], expected, "{event}");
    }
    assert!(event["server_name"].as_str().is_some_and(|name| !name.is_empty()), "{event}");
    // An error is what an event is unless it says otherwise.
    assert!(event["level"].is_null() || event["level"] == "error", "{event}");
    assert_eq!(event["tags"]["tenant_id"], "acme", "{event}");
    assert_eq!(event["tags"]["request_id"], "req-plk_••••", "{event}");
    assert_eq!(event["contexts"]["trace"]["trace_id"], answer.header("x-trace-id"), "{event}");
    assert!(event["extra"]["cause"].is_string(), "{event}");
    assert!(server.log().iter().any(|line| line["message"] == "request failed" && line["level"] == "error"));

    // Nothing else is told: not what is well, and not what is the client's mistake.
    admin.get("/tenants/nobody").await.ok(404);
    assert!(fail(&admin, "req-2").await.header("x-request-id") == "req-2");
    let events = came(&sentry, 2).await;
    assert_eq!(events.iter().filter(|event| event["message"] == "request failed").count(), events.len(), "{events:?}");
    assert_ne!(events[0]["event_id"], events[1]["event_id"]);
    assert_eq!(sentry.faults(), Vec::<String>::new());
    let wire: String = sentry.came().iter().map(|came| String::from_utf8_lossy(&came.body).into_owned()).collect();
    for secret in ["5ecre7", SECRET, admin.key(), plimsoll_tests::ROOT_KEY] {
        assert!(!wire.contains(secret), "{wire}");
    }
    assert!(!server.log_text().contains(&Sentry::key(PROJECT)), "the DSN is not logged");
    eventually(10, "both are counted", async || (counted(&server, "sent").await >= 2.0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_error_over_and_over_is_told_a_few_times_and_costs_no_more() {
    let sentry = Sentry::start_for_servers().await;
    let (server, admin) = troubled(&sentry).await;
    for number in 0..30 {
        fail(&admin, &format!("req-{number}")).await;
    }
    let rest = async || (counted(&server, "dropped").await + counted(&server, "sent").await >= 30.0).then_some(());
    eventually(20, "all of them are counted", rest).await;
    // The minute in which five may be sent can end meanwhile.
    assert!((5..=10).contains(&sentry.came().len()), "{}", sentry.came().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sentry_that_has_had_enough_is_left_alone() {
    let sentry = Sentry::start_for_servers().await;
    let (server, admin) = troubled(&sentry).await;
    sentry.answer_with([Reply::AcceptWithLimits("3600:transaction:key, 3600:error:organization:quota".to_owned())]);
    fail(&admin, "req-1").await;
    came(&sentry, 1).await;
    eventually(10, "it is counted", async || (counted(&server, "sent").await >= 1.0).then_some(())).await;
    fail(&admin, "req-2").await;
    eventually(10, "the next is dropped", async || (counted(&server, "dropped").await >= 1.0).then_some(())).await;
    assert_eq!(sentry.came().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sentry_that_is_away_loses_nothing_else_and_is_told_of_once() {
    let sentry = Sentry::start_for_servers().await;
    let (mut server, admin) = troubled(&sentry).await;
    sentry.answer_always(Reply::Hang);
    let began = Instant::now();
    for number in 0..4 {
        fail(&admin, &format!("req-{number}")).await;
    }
    // One event alone is waited for, for seconds: nobody else waits.
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    sentry.stop();
    let said = |server: &Server, words: &str| {
        server.log().iter().filter(|line| line["message"].to_string().contains(words)).count()
    };
    eventually(30, "they fail", async || (counted(&server, "failed").await >= 4.0).then_some(())).await;
    assert_eq!(said(&server, "our errors cannot be sent"), 1);
    sentry.answer_always(Reply::Accept);
    sentry.start_again().await;
    fail(&admin, "req-later").await;
    eventually(20, "it is sent again", async || (said(&server, "are sent to the Sentry again") == 1).then_some(()))
        .await;
    assert!(counted(&server, "sent").await >= 1.0);
    assert!(server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_waits_for_the_last_errors_and_not_for_long() {
    let sentry = Sentry::start_for_servers().await;
    let (mut server, admin) = troubled(&sentry).await;
    sentry.answer_with([Reply::After(Duration::from_millis(700))]);
    for number in 0..3 {
        fail(&admin, &format!("req-{number}")).await;
    }
    assert!(server.stop().await.success());
    let ids: std::collections::BTreeSet<_> =
        sentry.accepted().iter().map(|came| came.header["event_id"].to_string()).collect();
    assert_eq!(ids.len(), 3, "all of them came before the end");
    sentry.answer_always(Reply::Hang);
    server.start_again().await;
    fail(&admin, "req-last").await;
    let asked = Instant::now();
    assert!(server.stop().await.success());
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}
