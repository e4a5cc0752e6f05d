//! Dashboards and how Grafana is given them, as files.

use std::collections::BTreeSet;

use super::files::{
    RUNBOOKS, annotations, dashboards, expressions, is_known, list, name, names, parsed, selectors, words,
};
use serde_json::Value;

const NAMES: [&str; 8] = [
    "alert-delivery",
    "api-overview",
    "frontend-errors",
    "jobs",
    "red-per-route",
    "slo-burn-down",
    "status-samples",
    "use-per-process",
];
/// What the overview shows, in this order.
const OVERVIEW: [&str; 12] = [
    "Request rate",
    "Latency",
    "In flight",
    "Error rate",
    "Health status",
    "Health latency",
    "Tenant traffic",
    "Database latency",
    "Auth operations",
    "Alerts",
    "Audit writes",
    "Tick lag",
];
/// The columns of a dashboard.
const COLUMNS: u64 = 24;

fn panels(dashboard: &Value) -> &[Value] {
    list(&dashboard["panels"])
}

/// Every address that a dashboard leads to.
fn links(dashboard: &Value) -> Vec<String> {
    let of_panels = panels(dashboard).iter().flat_map(|panel| list(&panel["links"]));
    let all = list(&dashboard["links"]).iter().chain(of_panels);
    all.map(|link| words(&link["url"]).to_owned()).filter(|url| !url.is_empty()).collect()
}

#[test]
fn the_eight_dashboards_are_there_and_the_overview_has_its_twelve_panels() {
    let all = dashboards();
    let named: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(named, NAMES);
    for (name, dashboard) in &all {
        assert_eq!(dashboard["uid"], format!("plimsoll-{name}"), "addresses stay as they are");
        assert_eq!((&dashboard["schemaVersion"], &dashboard["tags"][0]), (&39.into(), &"plimsoll".into()), "{name}");
        assert!(!words(&dashboard["description"]).is_empty(), "{name}");
        assert!(dashboard.get("id").is_none(), "{name}: an id is a Grafana's own");
    }
    let titles: Vec<_> = panels(&all[1].1).iter().map(|panel| words(&panel["title"])).collect();
    assert_eq!(titles, OVERVIEW);
}

#[test]
fn every_panel_says_what_it_shows_and_in_which_unit() {
    for (name, dashboard) in dashboards() {
        let mut seen = BTreeSet::new();
        for panel in panels(&dashboard) {
            let title = words(&panel["title"]);
            assert!(seen.insert(title.to_owned()), "{name}: {title} is there twice");
            let description = words(&panel["description"]);
            assert!(description.len() > 20 && description.ends_with('.'), "{name}: {title}: {description:?}");
            assert!(!words(&panel["fieldConfig"]["defaults"]["unit"]).is_empty(), "{name}: {title}");
            assert!(!list(&panel["targets"]).is_empty(), "{name}: {title}");
            for asked in std::iter::once(panel).chain(list(&panel["targets"])) {
                assert_eq!(asked["datasource"]["uid"], "${datasource}", "{name}: {title}");
            }
            let place = &panel["gridPos"];
            let end = place["x"].as_u64().zip(place["w"].as_u64()).map(|(x, w)| x + w);
            assert!(end.is_some_and(|end| end <= COLUMNS), "{name}: {title} does not fit");
        }
    }
}

#[test]
fn dashboards_ask_for_what_is_counted_and_of_no_process_by_name() {
    let variable = regex::Regex::new(r"\$\{?([a-z_]+)").expect("a pattern");
    let mut wrong = BTreeSet::new();
    for (file, dashboard) in dashboards() {
        let held = list(&dashboard["templating"]["list"]).iter().map(|one| words(&one["name"]));
        let held: BTreeSet<_> = held.chain(["__rate_interval", "__range"]).collect();
        for (title, expression) in expressions(&dashboard).into_iter().chain(annotations(&dashboard)) {
            for selector in selectors(&expression) {
                let asks_all = selector.contains(r#"job=~"$job", instance=~"$instance""#);
                let is_of_all = name(&selector).contains(':') || name(&selector) == "ALERTS";
                if !is_known(name(&selector)) || asks_all == is_of_all {
                    wrong.insert(format!("{file}: {title}: {selector}"));
                }
            }
            let unknown = variable.captures_iter(&expression).filter(|found| !held.contains(&found[1]));
            wrong.extend(unknown.map(|found| format!("{file}: {title}: ${}", &found[1])));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn dashboards_lead_to_each_other_and_to_runbooks_that_are_there() {
    let all = dashboards();
    let uids: BTreeSet<_> = all.iter().map(|(_, dashboard)| words(&dashboard["uid"]).to_owned()).collect();
    let runbooks: BTreeSet<_> = names("runbooks", ".md").into_iter().collect();
    for (file, dashboard) in &all {
        let held = list(&dashboard["templating"]["list"]).iter().find(|one| one["name"] == "runbooks");
        assert_eq!(held.expect("a variable")["query"], RUNBOOKS, "{file}");
        let to_all = list(&dashboard["links"]).iter().find(|link| link["type"] == "dashboards");
        assert_eq!(to_all.expect("a link")["tags"][0], "plimsoll", "{file}");
        for url in links(dashboard) {
            let is_dashboard = url.strip_prefix("/d/").and_then(|rest| rest.split('?').next());
            let is_runbook = url.strip_prefix("${runbooks}/").and_then(|rest| rest.strip_suffix(".md"));
            let is_there = is_dashboard.is_some_and(|uid| uids.contains(uid))
                || is_runbook.is_some_and(|name| runbooks.contains(name))
                || url == "${runbooks}";
            assert!(is_there, "{file} leads to {url}");
        }
    }
    let led: BTreeSet<_> = all.iter().flat_map(|(_, dashboard)| links(dashboard)).collect();
    let unled = |name: &&String| !led.contains(&format!("${{runbooks}}/{name}.md"));
    let unled: Vec<_> =
        runbooks.iter().filter(unled).filter(|name| !matches!(name.as_str(), "README" | "Watchdog")).collect();
    assert!(unled.is_empty(), "no panel leads to {unled:?}");
}

#[test]
fn grafana_is_given_every_source_by_a_name_that_stays() {
    let sources = parsed("grafana/provisioning/datasources/plimsoll.yaml");
    let sources: Vec<_> = list(&sources["datasources"]).to_vec();
    let kinds: Vec<_> = sources.iter().map(|source| words(&source["type"])).collect();
    assert_eq!(kinds, ["prometheus", "alertmanager", "tempo", "loki", "grafana-pyroscope-datasource"]);
    let uids: BTreeSet<_> = sources.iter().map(|source| words(&source["uid"])).collect();
    let services = parsed("compose.yaml")["services"].as_object().expect("services").clone();
    for source in &sources {
        let host = words(&source["url"]).strip_prefix("http://").and_then(|rest| rest.split(':').next());
        assert!(host.is_some_and(|host| services.contains_key(host)), "compose.yaml has no {host:?}");
        for named in ["tracesToLogsV2", "tracesToProfiles"] {
            let uid = source["jsonData"][named]["datasourceUid"].as_str();
            assert!(uid.is_none_or(|uid| uids.contains(uid)), "{named} leads to {uid:?}");
        }
    }
    let providers = parsed("grafana/provisioning/dashboards/plimsoll.yaml");
    assert_eq!(providers["providers"][0]["options"]["path"], "/etc/grafana/dashboards");
}
