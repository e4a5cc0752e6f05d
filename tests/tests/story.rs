//! The whole loop, with real parts: a service breaks, Prometheus notices, somebody is paged, the page tells the public; the
//! service is rolled back, and all of it ends by itself. What the log says of it is found at the collector of traces.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use plimsoll_tests::acts::{http_component, public_status, slo, status_of, until_status};
use plimsoll_tests::alerts::{Desk, pagerduty, told};
use plimsoll_tests::prometheus::{Prometheus, PrometheusSetup};
use plimsoll_tests::receivers::{Otlp, PagerDuty};
use plimsoll_tests::{Client, Server, Setup, eventually, now};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// In seconds: so soon somebody is paged.
const PAGED: u64 = 60;
const SOON: u64 = 90;
const RULES: &str = r#"groups: [{name: shop, rules: [{alert: ShopFails, for: "0s",
  expr: 'sum(rate(shop_requests_total{code=~"5.."}[5s])) / sum(rate(shop_requests_total[5s])) > 0.5',
  labels: {severity: critical, component: shop},
  annotations: {summary: "More than half of what is asked of the shop fails"}}]}]"#;

/// A tenant's service, which can be broken and rolled back.
#[derive(Clone, Default)]
struct Shop(Arc<Inside>);

#[derive(Default)]
struct Inside {
    is_broken: AtomicBool,
    good: AtomicU64,
    bad: AtomicU64,
}

impl Shop {
    /// Serves it, with customers who ask ten times a second, until the set is dropped.
    async fn open(&self) -> (SocketAddr, JoinSet<()>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port of loopback");
        let address = listener.local_addr().expect("it is bound");
        let (asked, counted) = (self.clone(), self.clone());
        let router = Router::new()
            .route("/", get(move || async move { asked.answer() }))
            .route("/metrics", get(move || async move { counted.metrics() }));
        let mut open = JoinSet::new();
        open.spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        let customer = Client::new(&format!("http://{address}"));
        open.spawn(async move {
            let mut turn = tokio::time::interval(Duration::from_millis(100));
            loop {
                turn.tick().await;
                // A customer who is not served asks again.
                let _answer = customer.try_ask("GET", "/", &[], None).await;
            }
        });
        (address, open)
    }

    fn answer(&self) -> StatusCode {
        let is_broken = self.0.is_broken.load(Ordering::Acquire);
        let (counter, status) =
            if is_broken { (&self.0.bad, StatusCode::INTERNAL_SERVER_ERROR) } else { (&self.0.good, StatusCode::OK) };
        counter.fetch_add(1, Ordering::AcqRel);
        status
    }

    fn metrics(&self) -> String {
        let count = |code: &str, counter: &AtomicU64| {
            format!("shop_requests_total{{code=\"{code}\"}} {}\n", counter.load(Ordering::Acquire))
        };
        format!("# TYPE shop_requests_total counter\n{}{}", count("200", &self.0.good), count("500", &self.0.bad))
    }

    fn set_broken(&self, is_broken: bool) {
        self.0.is_broken.store(is_broken, Ordering::Release);
    }
}

/// Where the tenant's SLO stands: its share of the budget that is left, and how fast it burns.
async fn burndown(admin: &Client) -> (f64, f64) {
    let down = admin.get("/observability/slo/burndown/acme").await.ok(200);
    let of = &down["objectives"][0];
    (of["budget_remaining_ratio"].as_f64().unwrap_or(1.0), of["burn_rates"]["5m"].as_f64().unwrap_or(0.0))
}

/// The trace in which somebody was told of `key` for the first time.
fn trace_of(pd: &PagerDuty, key: &str) -> String {
    let received = pd.accepted();
    let first = received.iter().find(|one| told(one).1 == key).expect("it was told");
    let parent = first.headers["traceparent"].to_str().expect("text");
    parent.split('-').nth(1).expect("an id").to_owned()
}

/// Everything that there is in the story.
struct World {
    server: Server,
    admin: Client,
    desk: Desk,
    otlp: Otlp,
    pd: PagerDuty,
    shop: Shop,
    prometheus: Prometheus,
    _open: JoinSet<()>,
}

impl World {
    async fn start() -> Self {
        let (otlp, pd, shop) = (Otlp::start().await, PagerDuty::start().await, Shop::default());
        let setup = Setup::embedded().with("OTEL_EXPORTER_OTLP_ENDPOINT", &otlp.endpoint());
        let setup = setup.with("OTEL_TRACES_SAMPLER", "always_on").with("OTEL_BSP_SCHEDULE_DELAY", "200");
        let server = setup.start().await;
        let (address, open) = shop.open().await;
        let admin = server.tenant("acme").await;
        let desk = Desk::new(&admin, "acme");
        desk.tell(&[pagerduty("on-call", &pd)]).await;
        let component = http_component("shop", "Shop", &format!("http://{address}/"));
        admin.post("/tenants/acme/components", &component).await.ok(201);
        let objectives = json!({"objectives": [slo("shop-works", 0.9, &json!({"component": "shop"}))]});
        admin.put("/observability/slo/config/acme", &objectives).await.ok(200);
        let key = admin.post("/tenants/acme/keys", &json!({"name": "prometheus", "role": "ingest"})).await.ok(201);
        let key = key["key"].as_str().expect("a key").to_owned();
        let prometheus = PrometheusSetup::default().scraping("shop", &address.to_string()).with_rules(RULES);
        let prometheus = prometheus.alerting(&server.address(), "/observability/alerts/acme", &key).start().await;
        Self { server, admin, desk, otlp, pd, shop, prometheus, _open: open }
    }

    async fn until_well(&self) {
        until_status(&self.server.anybody(), "acme", "shop", "operational").await;
        let sees = async || {
            self.prometheus.value("sum(rate(shop_requests_total[5s]))", now()).await.filter(|rate| *rate > 0.0)
        };
        eventually(SOON, "Prometheus sees customers", sees).await;
    }

    /// The key under which somebody is paged by Prometheus's rule.
    async fn paged(&self) -> String {
        let told_of_it = async || {
            let history = self.desk.history().await;
            let alert = history.into_iter().find(|alert| alert["labels"]["alertname"] == "ShopFails")?;
            let key = alert["dedup_key"].as_str()?.to_owned();
            self.pd.accepted().iter().any(|one| told(one) == ("trigger".to_owned(), key.clone())).then_some(key)
        };
        eventually(PAGED, "somebody is paged by Prometheus's rule", told_of_it).await
    }

    /// The incident that the public is told of, once the page shows it.
    async fn incident(&self) -> Value {
        let anybody = self.server.anybody();
        let is_wrong = async || {
            let status = public_status(&anybody, "acme").await;
            let is_open = status["incidents"].as_array().is_some_and(|incidents| !incidents.is_empty());
            let shop = status_of(&status, "shop").to_owned();
            let wrong = ["degraded_performance", "partial_outage", "major_outage"];
            (is_open && wrong.contains(&shop.as_str())).then(|| status["incidents"][0].clone())
        };
        let incident = eventually(PAGED, "the public is told of an incident", is_wrong).await;
        let title = incident["title"].as_str().expect("a title").to_owned();
        let shown = async || anybody.page("/s/acme").await.text.contains(&title).then_some(());
        eventually(SOON, "the page shows the incident", shown).await;
        incident
    }

    /// From what somebody was sent to the log line, and from there to the spans.
    async fn check_trace(&self, paged: &str) {
        let trace = trace_of(&self.pd, paged);
        let lines = self.server.log();
        let line =
            lines.iter().find(|line| line["trace_id"] == trace.as_str() && line["message"] == "request answered");
        let line = line.expect("the log has the request that fired it");
        assert_eq!((&line["route"], &line["tenant_id"]), (&PROMETHEUS_ROUTE.into(), &"acme".into()), "{line}");
        assert_eq!(line["user_id"], "prometheus");
        let spans = async || {
            Some(self.otlp.trace(&trace)).filter(|spans| spans.iter().any(|one| one.name == "deliver pagerduty"))
        };
        let spans = eventually(SOON, "the collector has the trace", spans).await;
        let of_line = spans.iter().find(|span| line["span_id"] == span.id.as_str()).expect("the span of the line");
        let request = of_line.attributes["plimsoll.request_id"].as_str();
        assert_eq!((of_line.kind, request), ("server", line["request_id"].as_str()));
    }

    async fn until_resolved(&self, paged: &str) {
        let all_over = async || {
            let told: Vec<_> = self.pd.accepted().iter().map(told).collect();
            let of_key: Vec<&str> = told.iter().filter(|one| one.1 == paged).map(|one| one.0.as_str()).collect();
            (self.pd.open().is_empty() && of_key == ["trigger", "resolve"]).then_some(())
        };
        eventually(SOON, "every alert is resolved under the key that it was opened with", all_over).await;
    }

    async fn until_closed(&self, incident: &Value) -> Value {
        let path = format!("/incidents/{}", incident["id"].as_str().expect("an id"));
        let closed = async || {
            let incident = self.admin.get(&path).await.ok(200);
            (incident["status"] == "resolved").then_some(incident)
        };
        eventually(SOON, "the incident closes itself", closed).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_breaks_and_is_rolled_back() {
    let world = World::start().await;
    world.until_well().await;
    assert!(world.pd.received().is_empty(), "nothing is wrong yet");

    world.shop.set_broken(true);
    let broken_at = now();
    let paged = world.paged().await;
    assert!(now().millis_since(broken_at) < 60_000, "within a minute");
    let incident = world.incident().await;
    let burns = async || Some(burndown(&world.admin).await).filter(|(left, rate)| *left < 1.0 && *rate > 0.0);
    let (left_at_worst, rate_at_worst) = eventually(SOON, "the budget burns", burns).await;
    world.check_trace(&paged).await;

    world.shop.set_broken(false);
    world.until_well().await;
    world.until_resolved(&paged).await;
    check_timeline(&world.until_closed(&incident).await);
    let recovers = async || {
        let (left, rate) = burndown(&world.admin).await;
        (left > left_at_worst && rate < rate_at_worst).then_some(())
    };
    eventually(SOON, "the burn-down recovers", recovers).await;
    assert!(world.pd.faults().is_empty(), "{:?}", world.pd.faults());
}

const PROMETHEUS_ROUTE: &str = "/observability/alerts/{tenant_id}/api/v2/alerts";

/// It begins with being looked into, ends with being resolved, and goes neither back in time nor over the same twice.
fn check_timeline(incident: &Value) {
    let updates = incident["updates"].as_array().expect("a timeline");
    let at = |update: &Value| update["at"].as_str().expect("an instant").to_owned();
    let mut said: Vec<(String, String)> =
        updates.iter().map(|update| (at(update), update["status"].as_str().expect("a status").to_owned())).collect();
    said.sort();
    let (first, last) = (&said[0].1, &said[said.len() - 1].1);
    assert_eq!((first.as_str(), last.as_str()), ("investigating", "resolved"), "{incident}");
    let mut statuses: Vec<&str> = said.iter().map(|one| one.1.as_str()).collect();
    let before = statuses.len();
    statuses.dedup();
    assert_eq!(statuses.len(), before, "nothing is said twice: {incident}");
}
