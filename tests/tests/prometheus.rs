//! The harness's own Prometheus: what it scrapes, holds and records can be read back.

use std::fmt::Write as _;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_tests::prometheus::{AUTHORIZATION, PrometheusSetup};
use plimsoll_tests::{Client, eventually, now};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// An exporter of one figure, which serves until the set is dropped.
async fn exporter() -> (SocketAddr, JoinSet<std::io::Result<()>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port of loopback");
    let address = listener.local_addr().expect("it is bound");
    let router = Router::new().route("/metrics", get(async || "# TYPE draught_metres gauge\ndraught_metres 7.25\n"));
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await });
    (address, serving)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_scraped_is_read_back_and_recorded() {
    let (address, _serving) = exporter().await;
    let rules = "groups: [{name: hull, rules: [{record: 'draught:double', expr: 'draught_metres * 2'}]}]";
    let server = PrometheusSetup::default().scraping("ship", &address.to_string()).with_rules(rules).start().await;

    let scraped = async || server.value("draught_metres{job=\"ship\"}", now()).await;
    let draught = eventually(20, "the exporter is scraped", scraped).await;
    let recorded = eventually(20, "the rule is evaluated", async || server.value("draught:double", now()).await).await;
    assert_eq!((draught.to_bits(), recorded.to_bits()), (7.25_f64.to_bits(), 14.5_f64.to_bits()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_of_ten_days_is_read_minute_by_minute_behind_a_password() {
    let begin: Timestamp = "2026-02-26T00:00:00Z".parse().expect("a time");
    let end = begin.plus(Span::days(10));
    let minutes = 10 * 24 * 60;
    let mut history = String::from("# TYPE tide gauge\n");
    for minute in 0..=minutes {
        let at = begin.plus(Span::minutes(minute)).seconds();
        writeln!(history, "tide{{port=\"north\"}} {minute} {at}").expect("a string takes it");
    }
    history.push_str("# EOF\n");
    let server = PrometheusSetup::default().with_history(&history).with_password().start().await;

    let series = server.query_range("tide", begin, end, Span::minutes(1)).await;
    let [tide] = series.as_slice() else { panic!("one series: {series:?}") };
    assert_eq!(tide.labels["port"], "north");
    let expected = (0..=minutes).map(|minute| (begin.plus(Span::minutes(minute)), minute as f64));
    assert!(tide.points.iter().copied().eq(expected), "every minute once, each with its own figure");
    assert_eq!(server.value("sum_over_time(tide[1h])", begin.plus(Span::hours(1))).await, Some(1_830.0));
    assert_eq!(server.value("tide", begin.minus(Span::hours(1))).await, None);

    let anybody = Client::new(&server.url());
    assert_eq!(anybody.page("/api/v1/query?query=1").await.status, 401);
    let known = anybody.ask("GET", "/api/v1/query?query=1", &[("authorization", AUTHORIZATION)], None).await;
    assert_eq!(known.status, 200);
}
