//! A real Prometheus and a real Alertmanager tell Plimsoll of what fires, again and again, and somebody on call hears of it
//! once, and of its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use plimsoll_tests::acts::metric;
use plimsoll_tests::alertmanager::Alertmanager;
use plimsoll_tests::alerts::{Desk, events, pagerduty, taken, told, until_taken};
use plimsoll_tests::prometheus::PrometheusSetup;
use plimsoll_tests::receivers::PagerDuty;
use plimsoll_tests::{Client, Server, Setup, eventually, now};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const RULES: &str = r#"groups: [{name: hull, rules: [{alert: TooDeep, expr: "draught_metres > 5", for: "0s",
  labels: {severity: page, team: bridge}, annotations: {summary: "The ship lies {{ $value }} m deep"}}]}]"#;

/// An exporter of one figure, which serves until the set is dropped.
async fn exporter(figure: &Arc<AtomicU32>) -> (SocketAddr, JoinSet<std::io::Result<()>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port of loopback");
    let address = listener.local_addr().expect("it is bound");
    let figure = Arc::clone(figure);
    let said = move || {
        let metres = figure.load(Ordering::Acquire);
        async move { format!("# TYPE draught_metres gauge\ndraught_metres {metres}\n") }
    };
    let router = Router::new().route("/metrics", get(said));
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await });
    (address, serving)
}

async fn start() -> (Server, Desk, PagerDuty, String) {
    let server = Setup::embedded().start().await;
    let admin = server.tenant("acme").await;
    let made = admin.post("/tenants/acme/keys", &json!({"name": "prometheus", "role": "ingest"})).await.ok(201);
    let desk = Desk::new(&admin, "acme");
    let pd = PagerDuty::start().await;
    desk.tell(&[pagerduty("pd", &pd)]).await;
    (server, desk, pd, made["key"].as_str().expect("a key").to_owned())
}

/// The one key that the receiver was told of first.
async fn first_key(pd: &PagerDuty) -> String {
    let first = eventually(60, "the alert arrives", async || pd.accepted().first().map(told)).await;
    assert_eq!(first.0, "trigger");
    first.1
}

/// Waits until so many signals came to nothing for this reason.
async fn until_suppressed(anybody: &Client, reason: &str, times: f64) {
    let label = format!("reason=\"{reason}\"");
    let looking = async || {
        let count = metric(anybody, "plimsoll_alerts_suppressed_total", &label).await;
        (count >= Some(times)).then_some(())
    };
    eventually(60, &format!("{times} signals are {reason}"), looking).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prometheus_that_takes_us_for_its_alertmanager_is_heard_once_and_to_the_end() {
    let (server, desk, pd, key) = start().await;
    let depth = Arc::new(AtomicU32::new(3));
    let (address, _serving) = exporter(&depth).await;
    let setup = PrometheusSetup::default().scraping("ship", &address.to_string()).with_rules(RULES);
    let prometheus = setup.alerting(&server.address(), "/observability/alerts/acme", &key).start().await;
    let scraped = async || prometheus.value("draught_metres", now()).await;
    assert_eq!(eventually(30, "it is scraped", scraped).await.to_bits(), 3.0_f64.to_bits());
    assert!(desk.history().await.is_empty(), "nothing is wrong yet");

    depth.store(7, Ordering::Release);
    let id = first_key(&pd).await;
    // It says so every second, and each time that it holds for 4 s.
    until_suppressed(&server.anybody(), "already_open", 8.0).await;
    assert_eq!((pd.received().len(), pd.open().len()), (1, 1), "it was sent once, and still holds");
    let alert = desk.of_key(&id).await;
    assert_eq!((&alert["source"], &alert["severity"]), (&json!("prometheus"), &json!("critical")), "{alert}");
    assert_eq!((&alert["labels"]["alertname"], &alert["labels"]["team"]), (&json!("TooDeep"), &json!("bridge")));
    assert_eq!(alert["summary"], "The ship lies 7 m deep", "{alert}");
    depth.store(4, Ordering::Release);
    until_taken(30, &pd, &id, &["trigger", "resolve"]).await;
    until_suppressed(&server.anybody(), "nothing_open", 3.0).await;
    assert_eq!(pd.received().len(), 2, "the end is told once");

    depth.store(9, Ordering::Release);
    until_taken(30, &pd, &id, &["trigger", "resolve", "trigger"]).await;
    let went = now();
    drop(prometheus);
    until_taken(30, &pd, &id, &["trigger", "resolve", "trigger", "resolve"]).await;
    let waited = pd.received().last().expect("some").at.millis_since(went);
    assert!(waited < 10_000, "what nobody says again is over after 4 s; it was {waited} ms");
    assert_eq!(events(&desk.of_key(&id).await), ["trigger", "expired"]);
    assert!(pd.faults().is_empty() && pd.received().len() == 4, "{:?}", pd.faults());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alertmanager_is_heard_once_and_to_the_end() {
    let (server, desk, pd, key) = start().await;
    let webhook = format!("{}/observability/alerts/alertmanager/acme", server.url());
    let alertmanager = Alertmanager::start(&webhook, &key, "4s").await;
    let labels = json!({"alertname": "DiskFull", "severity": "warning", "instance": "a:9100", "component": "db"});
    let alerts = json!([{"labels": labels, "annotations": {"summary": "The disk of a is full"}}]);
    alertmanager.post(&alerts).await;
    let id = first_key(&pd).await;
    let said_again = async || {
        alertmanager.post(&alerts).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let count = metric(&server.anybody(), "plimsoll_alerts_suppressed_total", "reason=\"already_open\"").await;
        (count >= Some(6.0)).then_some(())
    };
    eventually(60, "it is told again and again", said_again).await;
    assert_eq!((pd.received().len(), pd.open().len()), (1, 1), "it was sent once");
    let alert = desk.of_key(&id).await;
    assert_eq!((&alert["source"], &alert["severity"]), (&json!("alertmanager"), &json!("warning")), "{alert}");
    assert_eq!((&alert["component"], &alert["summary"]), (&json!("db"), &json!("The disk of a is full")), "{alert}");
    assert_eq!(events(&alert), ["trigger"]);

    // Nobody says it any more: the Alertmanager resolves it after 4 s.
    let stopped = now();
    until_taken(30, &pd, &id, &["trigger", "resolve"]).await;
    let waited = pd.received()[1].at.millis_since(stopped);
    assert!((2_500..12_000).contains(&waited), "it was over after {waited} ms");
    // A group of two, one of which is over before the other.
    let other = json!({"labels": {"alertname": "DiskFull", "severity": "warning", "instance": "b:9100"}});
    alertmanager.post(&json!([other, alerts[0]])).await;
    let both = async || (pd.open().len() == 2).then_some(());
    eventually(30, "both arrive", both).await;
    let ends = async || {
        alertmanager.post(&json!([other])).await;
        (taken(&pd, &id) == ["trigger", "resolve", "trigger", "resolve"] && pd.open().len() == 1).then_some(())
    };
    eventually(30, "one is over, and the other is not", ends).await;
    assert!(pd.faults().is_empty(), "{:?}", pd.faults());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_say_for_how_long_it_holds_is_over_when_the_tenant_says() {
    let (_server, desk, pd, key) = start().await;
    let config = json!({"receivers": [pagerduty("pd", &pd)], "resolve_timeout_seconds": 4, "cooldown_seconds": 0});
    desk.configure(&config).await;
    let path = "/observability/alerts/acme/api/v2/alerts";
    let client = desk.client.with_key(&key);
    let alerts = json!([{"labels": {"alertname": "Old"}, "endsAt": "0001-01-01T00:00:00Z"}]);
    let began = now();
    client.post(path, &alerts).await.ok(200);
    let id = first_key(&pd).await;
    let said_again = async || {
        client.post(path, &alerts).await.ok(200);
        (now().millis_since(began) > 6_000).then(now)
    };
    let last = eventually(20, "it is said again for longer than it holds", said_again).await;
    assert_eq!(taken(&pd, &id), ["trigger"], "each time it holds anew");
    until_taken(20, &pd, &id, &["trigger", "resolve"]).await;
    let waited = pd.received()[1].at.millis_since(last);
    assert!((3_900..9_000).contains(&waited), "it was over after {waited} ms");
    let nobody = desk.client.without_key().post(path, &alerts).await;
    assert_eq!(nobody.status, 401, "{}", nobody.text);
}
