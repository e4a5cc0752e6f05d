//! A Plimsoll to which everything happens that is counted: requests of all kinds, refused keys, alerts that arrive and that
//! die, envelopes, samples, pages that are viewed, and a store that goes away for a while.

use plimsoll_domain::time::Span;
use plimsoll_tests::acts::{http_component, until_status};
use plimsoll_tests::alerts::{Desk, at, pagerduty, trigger, with};
use plimsoll_tests::frontend::Frontend;
use plimsoll_tests::mongod::Mongod;
use plimsoll_tests::prometheus::Prometheus;
use plimsoll_tests::receivers::{Answer, PagerDuty, Sentry, Webhook};
use plimsoll_tests::subscribing::Town;
use plimsoll_tests::{Client, Mode, Setup, Target, TlsTarget, eventually, now};
use serde_json::{Value, json};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

/// The tenant `acme`, and all that it has.
pub(crate) struct Busy {
    pub(crate) town: Town,
    mongod: Mongod,
    target: Target,
    desk: Desk,
    frontend: Frontend,
    away: Frontend,
    ingest: Client,
    /// These answer as long as they are held.
    _held: (TlsTarget, [Sentry; 2], PagerDuty, Webhook),
}

/// A subscriber's address.
fn mailbox(number: u32) -> String {
    format!("reader{number}@example.com")
}

impl Busy {
    pub(crate) async fn start() -> Self {
        let mongod = Mongod::start().await.unwrap_or_else(|error| panic!("mongod: {error:#}"));
        let certified = TlsTarget::start(now().plus(Span::days(40)));
        // Traces, profiles and errors of its own go to where nobody listens: what becomes of them is counted, too.
        let setup = Setup::mongodb(&mongod.uri())
            .with("SSL_CERT_FILE", certified.ca_file().to_str().expect("a readable path"))
            .with("OTEL_EXPORTER_OTLP_ENDPOINT", NOWHERE)
            .with("OTEL_TRACES_SAMPLER", "always_on")
            .with("PLIMSOLL_PYROSCOPE_URL", NOWHERE)
            .with("PLIMSOLL_SENTRY_DSN", "http://0123456789abcdef0123456789abcdef@127.0.0.1:9/1");
        let town = Town::start(setup).await;
        let (target, on_call, broken) = (Target::start().await, PagerDuty::start().await, Webhook::start().await);
        broken.answer_always(Answer::Status(404));
        let admin = &town.admin;
        let desk = Desk::new(admin, "acme");
        let receivers = [pagerduty("on-call", &on_call), at("broken", "webhook", &broken.url())];
        desk.tell(&receivers).await;
        components(admin, &target, &certified).await;
        let sentries = [Sentry::start().await, Sentry::stopped()];
        let frontend = Frontend::new((admin, "acme", "shop"), &sentries[0], 1, &json!({})).await;
        let away = Frontend::new((admin, "acme", "till"), &sentries[1], 2, &json!({})).await;
        let made = admin.post("/tenants/acme/keys", &json!({"name": "ci", "role": "ingest"})).await.ok(201);
        let ingest = admin.with_key(made["key"].as_str().expect("a key"));
        let held = (certified, sentries, on_call, broken);
        Self { town, mongod, target, desk, frontend, away, ingest, _held: held }
    }

    /// Promises what is measured by looking, by pushing, and by asking that Prometheus.
    pub(crate) async fn promise(&self, prometheus: &Prometheus) {
        let asked = json!({"url": prometheus.url(), "ratio": "vector(1)"});
        let objectives = json!([
            {"slo_type": "availability", "kind": "availability", "objective": 0.9, "window": "1h"},
            {"slo_type": "jobs", "kind": "events", "objective": 0.99, "window": "1h"},
            {"slo_type": "asked", "kind": "prometheus", "objective": 0.9, "window": "1h", "prometheus": asked},
        ]);
        let path = "/observability/slo/config/acme";
        self.town.admin.put(path, &json!({"objectives": objectives})).await.ok(200);
    }

    /// What happens once: an incident opens by itself, subscribers are told, and the store goes away and comes back.
    pub(crate) async fn go_through_trouble(&mut self) {
        self.town.joined(&mailbox(0), &[]).await;
        self.target.switch(Mode::Failing).await;
        until_status(&self.town.server.anybody(), "acme", "shop", "major_outage").await;
        self.target.switch(Mode::Healthy).await;
        self.mongod.pause().expect("a mongod of our own");
        let is_away = async || {
            let told = self.town.server.anybody().page("/metrics").await.text;
            // It is asked for what it cannot give, and must say so.
            let asked = self.town.admin.try_ask("GET", "/tenants/acme", &[], None);
            drop(asked.await);
            let failed = |name: &str| told.lines().any(|line| line.starts_with(name));
            (failed("plimsoll_store_errors_total") && told.contains("plimsoll_tick_failures_total 1")).then_some(())
        };
        eventually(90, "the store is away, and a tick fails", is_away).await;
        self.mongod.go_on().expect("a mongod of our own");
        let is_back = async || (self.town.server.anybody().page("/ready").await.status == 200).then_some(());
        eventually(60, "the store is back", is_back).await;
    }

    /// What happens again and again. Answers are not looked at: some of it is meant to be refused.
    pub(crate) async fn go_on(&self, round: u64) {
        self.ask_with_good_and_bad_keys().await;
        self.alert(round).await;
        self.send(round).await;
        self.change_and_view(round).await;
    }

    async fn ask_with_good_and_bad_keys(&self) {
        let anybody = self.town.server.anybody();
        let paths = ["/tenants/acme", "/observability/slo/status/acme", "/observability/slo/burndown/acme"];
        for path in paths {
            ask(&self.town.admin, "GET", path, None).await;
        }
        ask(&anybody, "GET", "/tenants/acme", None).await;
        ask(&anybody.with_key("plk_nobody_has_this_one"), "GET", "/tenants/acme", None).await;
        let malformed = anybody.try_ask("GET", "/tenants/acme", &[("authorization", "Digest x")], None).await;
        drop(malformed);
        ask(&self.ingest, "PUT", "/observability/alerts/config/acme", Some(json!({}))).await;
        ask(&anybody, "GET", "/nothing/of/ours", None).await;
    }

    async fn alert(&self, round: u64) {
        let key = format!("key-{round}");
        let path = self.desk.path("fire");
        let say = |action: &str, key: &str| json!({"event_action": action, "dedup_key": key});
        let signals =
            [with(trigger(&key), &json!({})), say("acknowledge", &key), say("resolve", &key), say("resolve", "none")];
        for signal in signals {
            ask(&self.ingest, "POST", &path, Some(signal)).await;
        }
        let fired = json!({"labels": {"alertname": key}, "annotations": {}, "status": "firing"});
        let group = json!({"version": "4", "truncatedAlerts": 1, "alerts": [fired]});
        ask(&self.ingest, "POST", "/observability/alerts/alertmanager/acme", Some(group)).await;
    }

    async fn send(&self, round: u64) {
        let sample = json!({"component": "db", "at": now().to_string(), "status": "operational", "latency_ms": 7});
        let samples = json!({"samples": [sample]});
        let events = json!({"slo_type": "jobs", "at": now().to_string(), "good": 9, "valid": 10});
        for _twice in 0..2 {
            ask(&self.ingest, "POST", "/tenants/acme/samples", Some(samples.clone())).await;
            ask(&self.ingest, "POST", "/observability/slo/measure/acme", Some(events.clone())).await;
        }
        ask(&self.ingest, "POST", "/tenants/acme/components/worker/heartbeat", None).await;
        drop(self.frontend.try_send(self.frontend.numbered(round), &[]).await);
        drop(self.away.try_send(self.away.numbered(round), &[]).await);
    }

    async fn change_and_view(&self, round: u64) {
        let root = self.town.server.root();
        for (who, id) in [(&self.town.admin, "changed-by-admin"), (&root, "changed-by-root")] {
            let path = format!("/tenants/acme/components/{id}");
            let body = json!({"id": id, "name": format!("Version {round}"), "probe": {"kind": "push"}});
            ask(who, "POST", "/tenants/acme/components", Some(body)).await;
            ask(who, "DELETE", &path, None).await;
        }
        for part in
            ["", "/incidents", "/history", "/components/shop", "/feed.atom", "/subscribe", "/api/v2/summary.json"]
        {
            self.town.visitor.get(part).await;
        }
        self.town.server.anybody().page("/public/status?tenant=acme").await;
    }
}

async fn ask(who: &Client, method: &str, path: &str, body: Option<Value>) {
    // The store is away for a while.
    drop(who.try_ask(method, path, &[], body.map(|body| body.to_string())).await);
}

async fn components(admin: &Client, target: &Target, certified: &TlsTarget) {
    let worker = json!({"id": "worker", "name": "Worker", "probe": {"kind": "heartbeat", "every_seconds": 60}});
    let all = [
        http_component("shop", "Shop", &target.url("/")),
        http_component("certified", "Certified", &certified.url()),
        worker,
    ];
    for component in all {
        admin.post("/tenants/acme/components", &component).await.ok(201);
    }
}
