//! Every expression of every panel and of every rule is asked of a real Prometheus that scrapes a Plimsoll under load by the
//! shipped configuration, and has data.

use std::collections::BTreeSet;

use plimsoll_tests::prometheus::{Prometheus, PrometheusSetup};
use plimsoll_tests::{Client, eventually, now};
use serde_json::{Value, json};

use super::files::{alerts, complaint, dashboards, expressions, is_known, list, parsed, rules, selectors, words};
use super::load::Busy;

const PATIENCE: u64 = 150;
/// Failures that a test cannot cause from outside, or not each time: the store refuses an entry of the audit log when it
/// refuses the change itself; no API writes a document that cannot be read; and the other three need a store that goes away in
/// the middle of a tick. What asks for them is held to the catalogue's names, which a test of the metrics holds to what the
/// sources count.
const NOT_CAUSED: [&str; 5] = [
    "plimsoll_announcement_failures_total",
    "plimsoll_audit_failures_total",
    "plimsoll_documents_unreadable_total",
    "plimsoll_incident_failures_total",
    "plimsoll_snapshot_failures_total",
];

/// The shipped configuration: Plimsoll is at `address`, and everything is done each second. The other servers of the stack are
/// not here; whom it tells is `alertmanager`, if there is one.
pub(crate) fn shipped_config(address: &str, alertmanagers: &Value) -> Value {
    let mut config = parsed("prometheus/prometheus.yml");
    let ours: Vec<Value> =
        list(&config["scrape_configs"]).iter().filter(|job| job["job_name"] == "plimsoll").cloned().collect();
    config["scrape_configs"] = ours.into();
    config["scrape_configs"][0]["static_configs"][0]["targets"] = json!([address]);
    config["global"] = json!({"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"});
    config["rule_files"] = json!(["rules.yml"]);
    config["alerting"]["alertmanagers"] = alertmanagers.clone();
    config
}

/// The shipped rules, each evaluated every second.
pub(crate) fn shipped_rules() -> String {
    json!({"groups": [{"name": "shipped", "interval": "1s", "rules": rules()}]}).to_string()
}

/// An expression as Grafana would ask it, of everything.
fn filled(expression: &str) -> String {
    let windows = expression.replace("$__rate_interval", "20s").replace("$__range", "5m");
    ["$job", "$instance", "$tenant", "$slo_type", "$route"].iter().fold(windows, |text, name| text.replace(name, ".*"))
}

/// Everything that must have data, with where it stands: each panel's expression, what each rule records, and of each alert
/// every series that it selects, since its comparison holds only while something is wrong.
fn wanted() -> BTreeSet<(String, String)> {
    let of_panels = dashboards().into_iter().flat_map(|(name, dashboard)| {
        let asked = expressions(&dashboard).into_iter();
        // And what it selects, since some say 0 where there is nothing.
        let with_parts = |(title, expression): (String, String)| {
            let expression = filled(&expression);
            let parts = selectors(&expression).into_iter().chain([expression]);
            parts.map(|part| (format!("{name}: {title}"), part)).collect::<Vec<_>>()
        };
        asked.flat_map(with_parts).collect::<Vec<_>>()
    });
    let recorded = rules().into_iter().filter(|rule| rule["record"].is_string());
    let of_records = recorded.map(|rule| (words(&rule["record"]).to_owned(), words(&rule["expr"]).to_owned()));
    let of_alerts = alerts().into_iter().flat_map(|rule| {
        let name = words(&rule["alert"]).to_owned();
        selectors(words(&rule["expr"])).into_iter().map(move |selector| (name.clone(), selector))
    });
    let all = of_panels.chain(of_records).chain(of_alerts);
    all.filter(|(_, expression)| !NOT_CAUSED.iter().any(|name| expression.starts_with(name))).collect()
}

async fn has_data(prometheus: &Prometheus, expression: &str) -> bool {
    let found = prometheus.query(expression, now()).await;
    found.iter().any(|series| series.points.iter().any(|(_, value)| !value.is_nan()))
}

async fn all_have_data(prometheus: &Prometheus) {
    let mut missing = wanted();
    let count = missing.len();
    assert!(count > 200, "there are {count} expressions");
    let found = async {
        let look = async || {
            let mut still = BTreeSet::new();
            for (place, expression) in &missing {
                if !has_data(prometheus, expression).await {
                    still.insert((place.clone(), expression.clone()));
                }
            }
            missing = still;
            missing.is_empty().then_some(())
        };
        eventually(PATIENCE, "every expression has data", look).await;
    };
    // What is missing is said, and not only that something is.
    let done = tokio::time::timeout(std::time::Duration::from_secs(PATIENCE - 5), found).await;
    assert!(done.is_ok(), "{} of {count} have no data:\n{missing:#?}", missing.len());
}

/// Every series of Plimsoll's is one that is known, so that what is asked for by name is what is there.
async fn what_is_shown_is_whole(anybody: &Client) {
    let metrics = anybody.page("/metrics").await.text;
    assert_eq!(complaint("prometheus", &["promtool", "check", "metrics"], &metrics), None);
    let names = metrics.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(['{', ' ']).next());
    let unknown: BTreeSet<_> = names.filter(|name| !name.is_empty() && !is_known(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// The recording rules tell the API, the pages and the rest apart by routes: whatever is added falls on one side.
async fn every_route_is_promised_or_left_out(anybody: &Client) {
    let document = anybody.page("/openapi.json").await.ok(200);
    let api = regex::Regex::new("^(?:/(tenants|incidents|observability|audit).*|tunnel alias)$").expect("a pattern");
    let page = regex::Regex::new("^(?:/|/s/.*|/public/.*)$").expect("a pattern");
    let aside = ["/health", "/health/detailed", "/ready", "/startup", "/metrics"];
    let shipped = super::files::text("prometheus/rules/recording.yml");
    assert!(shipped.contains(r#"route=~"/(tenants|incidents|observability|audit).*|tunnel alias""#));
    assert!(shipped.contains(r#"route=~"/|/s/.*|/public/.*""#));
    for path in document["paths"].as_object().expect("paths").keys() {
        let is_aside = aside.contains(&path.as_str()) || path.starts_with("/debug/") || path.starts_with("/internal/");
        let sides = [api.is_match(path), page.is_match(path), is_aside].iter().filter(|is_it| **is_it).count();
        assert_eq!(sides, 1, "{path} is neither the API's nor the page's, or both");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_expression_of_every_panel_and_rule_has_data() {
    let mut busy = Busy::start().await;
    let config = shipped_config(&busy.town.server.address(), &json!([]));
    let prometheus = PrometheusSetup::default().configured(config).with_rules(&shipped_rules()).start().await;
    busy.promise(&prometheus).await;
    let anybody = busy.town.server.anybody();
    every_route_is_promised_or_left_out(&anybody).await;
    for round in 0..5 {
        busy.go_on(round).await;
    }
    busy.go_through_trouble().await;
    let on_and_on = async {
        for round in 5.. {
            busy.go_on(round).await;
        }
    };
    tokio::select! {
        () = all_have_data(&prometheus) => {}
        () = on_and_on => {}
    }
    what_is_shown_is_whole(&anybody).await;
}
