//! What is counted of envelopes, where it is shown, and that nothing else of them is left anywhere.

use plimsoll_tests::acts::{metric, slo_status};
use plimsoll_tests::frontend::encode;
use plimsoll_tests::{Setup, eventually, now};
use serde_json::{Value, json};

use super::given::{Given, given, given_by};

/// One envelope with items of every kind but sessions, and what it counts as.
fn of_every_kind(given: &Given) -> (Vec<u8>, Value) {
    let event = |level: &str| ("event", json!({"level": level}));
    let some = json!({});
    let items = [
        event("fatal"),
        event("error"),
        ("event", json!({"message": "no level"})),
        event("warning"),
        event("info"),
        event("log"),
        event("debug"),
        event("loud"),
        ("transaction", json!({"type": "transaction"})),
        ("replay_event", some.clone()),
        ("replay_recording", json!("not\0JSON\nat all")),
        ("feedback", some.clone()),
        ("user_report", some.clone()),
        ("attachment", json!("")),
        ("profile", some.clone()),
        ("profile_chunk", some.clone()),
        ("check_in", some.clone()),
        ("log", some.clone()),
        ("span", some.clone()),
        ("trace_metric", some.clone()),
        ("client_report", some.clone()),
        ("of_tomorrow", some),
    ];
    let counted = json!({
        "events_fatal": 1, "events_error": 2, "events_warning": 1, "events_info": 2, "events_debug": 1,
        "events_unknown": 1, "transactions": 1, "replays": 1, "replay_recordings": 1, "feedback": 2,
        "attachments": 1, "profiles": 2, "check_ins": 1, "logs": 1, "spans": 1, "metrics": 1, "client_reports": 1,
        "other_items": 1, "envelopes_relayed": 1, "envelopes_unreadable": 0,
    });
    (given.web.envelope(1, &items), counted)
}

#[tokio::test(flavor = "multi_thread")]
async fn items_of_every_kind_are_counted_by_day_and_errors_by_level() {
    let mut given = given().await;
    let (envelope, counted) = of_every_kind(&given);
    let bytes = envelope.len();
    given.web.send(envelope, &[]).await.ok(200);
    let anybody = given.server.anybody();
    for (level, many) in
        [("fatal", 1.0), ("error", 2.0), ("warning", 1.0), ("info", 2.0), ("debug", 1.0), ("unknown", 1.0)]
    {
        let label = format!("level=\"{level}\"");
        assert_eq!(metric(&anybody, "plimsoll_frontend_errors_total", &label).await, Some(many), "{level}");
    }
    assert_eq!(metric(&anybody, "plimsoll_envelopes_total", "result=\"relayed\"").await, Some(1.0));
    let stats = given.web.stats().await;
    for (name, many) in counted.as_object().expect("an object") {
        assert_eq!(stats["totals"][name], *many, "{name}: {stats}");
    }
    assert_eq!(stats["totals"]["bytes_received"], bytes);
    let days = stats["days"].as_array().expect("days").clone();
    let today = days.last().expect("fourteen");
    assert_eq!((days.len(), &today["date"]), (14, &json!(now().format("%Y-%m-%d"))), "the oldest comes first");
    assert_eq!(today["counts"], stats["totals"]);
    assert_eq!(stats["upstream"]["status"], "up");
    // A server that is stopped has stored it all; the counters of the process begin anew.
    assert!(given.server.stop().await.success());
    given.server.start_again().await;
    let again = given.web.client.get(&format!("{}/stats?days=1", given.web.path())).await.ok(200);
    assert_eq!((&again["totals"], again["days"].as_array().map(Vec::len)), (&stats["totals"], Some(1)));
    assert_eq!(given.sentry.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_encoding_is_counted_and_passed_on_byte_for_byte() {
    let given = given().await;
    for (number, encoding) in (1..).zip(["gzip", "deflate", "br", "zstd"]) {
        let body = encode(encoding, &given.web.numbered(number));
        given.web.send(body.clone(), &[("content-encoding", encoding)]).await.ok(200);
        let last = given.sentry.accepted().pop().expect("it came");
        assert!(last.body == body && last.header("content-encoding") == encoding, "{encoding}: {last:?}");
        assert_eq!(given.web.stats().await["totals"]["events_error"], number);
    }
    let twice = given.web.numbered(9);
    for encoding in ["gzip, br", "compress", "aws-chunked"] {
        given.web.send(twice.clone(), &[("content-encoding", encoding)]).await.ok(415);
    }
    // What cannot be read to its end is passed on as it is, and said so in the counts.
    let odd = [given.web.numbered(8), b"no header of an item\n".to_vec()].concat();
    given.web.send(odd, &[]).await.ok(400);
    let totals = given.web.stats().await["totals"].clone();
    assert_eq!((&totals["envelopes_unreadable"], &totals["envelopes_refused"]), (&json!(1), &json!(1)), "{totals}");
    assert_eq!(given.sentry.faults().len(), 1, "the Sentry of the tests minds that one: {:?}", given.sentry.faults());
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_become_the_crash_free_rate_of_an_slo() {
    let given = given().await;
    let slo = json!({"slo_type": "crash-free", "kind": "crash_free_sessions", "objective": 0.99, "window": "7d"});
    given.admin.put("/observability/slo/config/acme", &json!({"objectives": [slo]})).await.ok(200);
    let items = [
        ("session", json!({"sid": "a", "init": true, "status": "ok"})),
        ("session", json!({"sid": "b", "init": true, "status": "crashed"})),
        ("session", json!({"sid": "a", "init": false, "status": "crashed"})),
        ("session", json!({"sid": "c", "init": false, "status": "exited"})),
        ("sessions", json!({"aggregates": [{"exited": 190, "errored": 4, "crashed": 3}, {"abnormal": 1}]})),
    ];
    given.web.send(given.web.envelope(1, &items), &[]).await.ok(200);
    let totals = given.web.stats().await["totals"].clone();
    let counted = ["sessions_started", "sessions_crashed", "sessions_abnormal"].map(|name| totals[name].clone());
    assert_eq!(counted, [200, 5, 1].map(|many| json!(many)));
    let looking = async || {
        let status = slo_status(&given.admin, "acme", "crash-free").await;
        (status["valid"] == 200).then_some(status)
    };
    let status = eventually(60, "the SLO knows of the sessions", looking).await;
    assert_eq!((&status["good"], &status["sli"]), (&json!(195), &json!(0.975)), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_event_and_no_key_is_in_the_log_and_whose_it_was_is() {
    let given = given_by(Setup::embedded().with("RUST_LOG", "debug"), &json!({})).await;
    let marker = "very-private-words-of-an-event";
    let mail = "somebody@shop.example";
    let event = || json!({"message": marker, "user": {"email": mail}, "level": "error"});
    given.web.send(given.web.envelope(1, &[("event", event())]), &[("x-marker", marker)]).await.ok(200);
    given.web.send(given.web.envelope(2, &[("event", event()), (marker, event())]), &[]).await.ok(200);
    given.web.send(format!("{{\"dsn\":\"{marker}\"}}\n").into_bytes(), &[]).await.ok(403);
    given.web.send(format!("{{{marker}\n").into_bytes(), &[]).await.ok(400);
    let report = json!({"message": marker, "url": format!("https://shop.example/?user={mail}")});
    let path = format!("/observability/sentry/report?app={}", given.web.key);
    given.web.client.without_key().post(&path, &report).await.ok(200);
    given.sentry.stop();
    given.web.send(given.web.envelope(3, &[("event", event())]), &[]).await.ok(200);
    given.sentry.start_again().await;
    given.web.until_all_is_relayed(30).await;
    let log = given.server.log_text();
    let key = given.web.dsn.split(['/', '@']).nth(2).expect("a key");
    for secret in [marker, mail, key, &given.web.key] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
    let of_route = |line: &&Value| {
        let text = line.to_string();
        text.contains("/observability/sentry/envelope") && text.contains("request answered")
    };
    let lines = given.server.log();
    let answered: Vec<String> = lines.iter().filter(of_route).map(Value::to_string).collect();
    let named = answered.iter().filter(|line| line.contains("\"tenant_id\":\"acme\"")).count();
    assert_eq!((answered.len(), named), (5, 3), "{answered:?}");
}
