//! A rule that fires reaches somebody on call: by Alertmanager as it is shipped, and by Prometheus alone. And when nothing
//! can fire any more, that is noticed, too.

use plimsoll_tests::acts::until_status;
use plimsoll_tests::alertmanager::Alertmanager;
use plimsoll_tests::alerts::{Desk, at, pagerduty, told, until_taken};
use plimsoll_tests::prometheus::{Prometheus, PrometheusSetup};
use plimsoll_tests::receivers::{Answer, PagerDuty, Webhook};
use plimsoll_tests::{Client, Server, Setup, eventually};
use serde_json::{Value, json};

use super::files::{RUNBOOKS, list, parsed, words};
use super::walk::{shipped_config, shipped_rules};

const OWN: &str = "/observability/alerts/alertmanager/plimsoll";

/// A Plimsoll that watches itself, whoever is on call for it, and a key for what tells it.
struct Watched {
    server: Server,
    root: Client,
    on_call: PagerDuty,
    key: String,
}

impl Watched {
    async fn start() -> Self {
        let server = Setup::embedded().start().await;
        let (root, on_call) = (server.root(), PagerDuty::start().await);
        let made = root.post("/tenants/plimsoll/keys", &json!({"name": "alerts", "role": "ingest"})).await.ok(201);
        Desk::new(&root, "plimsoll").tell(&[pagerduty("on-call", &on_call)]).await;
        Self { server, root, on_call, key: made["key"].as_str().expect("a key").to_owned() }
    }

    /// A tenant's alert dies: its receiver refuses it.
    async fn have_an_alert_die(&self) -> Webhook {
        let broken = Webhook::start().await;
        broken.answer_always(Answer::Status(404));
        let desk = Desk::new(&self.server.tenant("acme").await, "acme");
        desk.tell(&[at("broken", "webhook", &broken.url())]).await;
        let fired = desk.trigger("lost").await;
        desk.until(20, &fired, &["dead"]).await;
        broken
    }

    async fn prometheus(&self, alertmanagers: &Value) -> Prometheus {
        let config = shipped_config(&self.server.address(), alertmanagers);
        PrometheusSetup::default().configured(config).with_rules(&shipped_rules()).start().await
    }

    /// Waits until whoever is on call was told of dead letters; the key of it.
    async fn until_told(&self) -> String {
        let look = async || {
            let found =
                self.on_call.accepted().into_iter().find(|one| one.body.to_string().contains("PlimsollDeadLetters"));
            found.map(|one| (told(&one), one.body))
        };
        let ((action, key), body) = eventually(60, "somebody is told of dead letters", look).await;
        assert_eq!(action, "trigger");
        let all = body.to_string();
        assert!(all.contains("1 alerts to webhook are dead"), "{all}");
        assert!(all.contains(&format!("{RUNBOOKS}/PlimsollDeadLetters.md")), "{all}");
        assert_eq!(body["payload"]["severity"], "warning", "{all}");
        key
    }
}

/// The shipped configuration with these in place of what stands in compose.yaml, and nothing waited for.
fn alertmanager(webhook: &str, key: &str, direct: &PagerDuty) -> Value {
    let mut config = parsed("alertmanager/alertmanager.yml");
    for field in ["group_wait", "group_interval"] {
        config["route"][field] = "1s".into();
    }
    for receiver in config["receivers"].as_array_mut().expect("receivers") {
        if let Some(hook) = receiver.pointer_mut("/webhook_configs/0") {
            let path = words(&hook["url"]).strip_prefix("http://plimsoll-api:8080").expect("the API of compose.yaml");
            assert_eq!(path, OWN);
            hook["url"] = format!("{webhook}{path}").into();
            hook["http_config"]["authorization"] = json!({"type": "Bearer", "credentials": key});
        }
        if let Some(pages) = receiver.pointer_mut("/pagerduty_configs/0") {
            pages["url"] = format!("{}/v2/enqueue", direct.endpoint()).into();
            pages.as_object_mut().expect("an object").remove("routing_key_file");
            pages["routing_key"] = PagerDuty::ROUTING_KEY.into();
        }
    }
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_fires_reaches_on_call_by_alertmanager_and_by_a_way_around_plimsoll() {
    let watched = Watched::start().await;
    let direct = PagerDuty::start().await;
    let config = alertmanager(&watched.server.url(), &watched.key, &direct);
    let alertmanager = Alertmanager::configured(&config).await;
    let told = json!([{"static_configs": [{"targets": [alertmanager.address()]}]}]);
    let _prometheus = watched.prometheus(&told).await;
    let _broken = watched.have_an_alert_die().await;
    watched.until_told().await;
    let look =
        async || direct.received().into_iter().find(|one| one.body.to_string().contains("alerts to webhook are dead"));
    let around = eventually(30, "Alertmanager tells somebody itself", look).await;
    assert_eq!(around.body["event_action"], "trigger");
    assert!(around.accepted, "{:?}", direct.faults());
    let all: Vec<_> = watched.on_call.received().iter().map(|one| one.body.to_string()).collect();
    assert!(!all.iter().any(|body| body.contains("Watchdog")), "nobody is told of the watchdog: {all:?}");
    assert!(watched.on_call.faults().is_empty(), "{:?}", watched.on_call.faults());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_fires_reaches_on_call_from_prometheus_alone() {
    let watched = Watched::start().await;
    // As the comment in prometheus.yml has it.
    let told = json!([{
        "path_prefix": "/observability/alerts/plimsoll",
        "authorization": {"credentials": watched.key},
        "static_configs": [{"targets": [watched.server.address()]}],
    }]);
    let prometheus = watched.prometheus(&told).await;
    let _broken = watched.have_an_alert_die().await;
    let key = watched.until_told().await;
    drop(prometheus);
    // Nobody says it any more.
    until_taken(90, &watched.on_call, &key, &["trigger", "resolve"]).await;
    assert!(watched.on_call.faults().is_empty(), "{:?}", watched.on_call.faults());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watchdog_that_is_heard_no_more_is_an_outage_of_the_alerting() {
    let watched = Watched::start().await;
    let direct = PagerDuty::start().await;
    let config = alertmanager(&watched.server.url(), &watched.key, &direct);
    let alertmanager = Alertmanager::configured(&config).await;
    let mut component = parsed("alertmanager/watchdog-component.json");
    let url = words(&component["probe"]["url"]).replace("alertmanager:9093", &alertmanager.address());
    component["probe"]["url"] = url.into();
    watched.root.post("/tenants/plimsoll/components", &component).await.ok(201);
    let anybody = watched.server.anybody();
    until_status(&anybody, "plimsoll", "watchdog", "major_outage").await;
    let told = json!([{"static_configs": [{"targets": [alertmanager.address()]}]}]);
    let prometheus = watched.prometheus(&told).await;
    until_status(&anybody, "plimsoll", "watchdog", "operational").await;
    drop(prometheus);
    until_status(&anybody, "plimsoll", "watchdog", "major_outage").await;
    let bodies = async || {
        let all = watched.on_call.accepted();
        all.iter().any(|one| one.body.to_string().contains("Alerting is down")).then_some(())
    };
    eventually(30, "somebody on call hears of it", bodies).await;
    assert!(list(&component["probe"]["expected_status"]).is_empty(), "any 2xx will do");
}
