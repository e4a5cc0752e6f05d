//! Rules and their runbooks, as files.

use std::collections::{BTreeMap, BTreeSet};

use super::files::{RUNBOOKS, alerts, complaint, is_known, list, name, names, parsed, rules, selectors, text, words};

/// What each runbook says, in this order.
const CHAPTERS: [&str; 6] =
    ["## Means", "## Impact", "## First five minutes", "## Causes and mending", "## Escalate when", "## Over when"];

#[test]
fn prometheus_takes_its_configuration_and_its_rules() {
    let checks: [&[&str]; 2] = [
        &["promtool", "check", "config", "prometheus.yml"],
        &["promtool", "check", "rules", "rules/recording.yml", "rules/alerts.yml"],
    ];
    let complaints: Vec<_> = checks.iter().filter_map(|check| complaint("prometheus", check, "")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[test]
fn alertmanager_takes_its_configuration() {
    assert_eq!(complaint("alertmanager", &["amtool", "check-config", "alertmanager.yml"], ""), None);
}

/// Each file by itself, two at a time.
#[test]
fn every_rule_fires_when_it_should_and_not_before() {
    let files = names("prometheus/rules/tests", ".yml");
    let test =
        |name: &String| complaint("prometheus", &["promtool", "test", "rules", &format!("rules/tests/{name}.yml")], "");
    let complaints: Vec<_> = std::thread::scope(|scope| {
        let halves = files.chunks(files.len().div_ceil(2));
        let running: Vec<_> =
            halves.map(|half| scope.spawn(move || half.iter().filter_map(test).collect::<Vec<_>>())).collect();
        running.into_iter().flat_map(|half| half.join().expect("it does not panic")).collect()
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not() {
    let mut fires: BTreeMap<String, [bool; 2]> = BTreeMap::new();
    for file in names("prometheus/rules/tests", ".yml") {
        for test in list(&parsed(&format!("prometheus/rules/tests/{file}.yml"))["tests"]) {
            for check in list(&test["alert_rule_test"]) {
                let does_fire = usize::from(!list(&check["exp_alerts"]).is_empty());
                fires.entry(words(&check["alertname"]).to_owned()).or_default()[does_fire] = true;
            }
        }
    }
    let always = fires.remove("Watchdog");
    assert_eq!(always, Some([false, true]), "the watchdog always fires");
    let named: BTreeSet<_> = alerts().iter().map(|rule| words(&rule["alert"]).to_owned()).collect();
    let tested: BTreeSet<_> = fires.iter().filter(|(_, both)| **both == [true, true]).map(|(name, _)| name).collect();
    let untested: Vec<_> = named.iter().filter(|name| *name != "Watchdog" && !tested.contains(name)).collect();
    assert!(untested.is_empty() && tested.len() + 1 == named.len(), "{untested:?}");
}

#[test]
fn every_alert_says_how_bad_it_is_what_is_wrong_and_where_to_read_on() {
    for rule in alerts() {
        let (alert, said) = (words(&rule["alert"]), &rule["annotations"]);
        assert!(matches!(words(&rule["labels"]["severity"]), "critical" | "warning" | "info" | "none"), "{alert}");
        assert_eq!(said["runbook_url"], format!("{RUNBOOKS}/{alert}.md"));
        let (summary, description) = (words(&said["summary"]), words(&said["description"]));
        assert!(!summary.is_empty() && !summary.ends_with('.') && description.ends_with(['.', ')']), "{alert}");
        let has_figures = [summary, description].iter().any(|text| text.contains("{{ $"));
        assert!(has_figures || matches!(alert, "Watchdog" | "PlimsollAbsent"), "{alert} has no figure in it");
        assert!(rule["labels"]["reach"].is_null() || rule["labels"]["reach"] == "direct", "{alert}");
    }
}

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
    let named: BTreeSet<_> = alerts().iter().map(|rule| words(&rule["alert"]).to_owned()).collect();
    let written: BTreeSet<_> = names("runbooks", ".md").into_iter().filter(|name| name != "README").collect();
    assert_eq!(named, written);
    let index = text("runbooks/README.md");
    for name in &named {
        let runbook = text(&format!("runbooks/{name}.md"));
        assert!(runbook.starts_with(&format!("# {name}\n")), "{name} has its name for a title");
        let places: Vec<_> = CHAPTERS.iter().map(|chapter| runbook.find(&format!("\n{chapter}\n"))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{name} lacks a chapter: {places:?}");
        assert!(runbook.contains("```sh\n"), "{name} has commands");
        assert!(index.contains(&format!("({name}.md)")), "the index names {name}");
    }
}

/// What runbooks ask of Prometheus, of the repository and of each other.
#[test]
fn what_runbooks_speak_of_is_there() {
    let link = regex::Regex::new(r"\]\(([^)#:]+)(?:#[^)]*)?\)").expect("a pattern");
    for runbook in names("runbooks", ".md") {
        let path = format!("runbooks/{runbook}.md");
        let text = text(&path);
        assert!(!text.contains("```sh\nplimsoll "), "{path}: no image has a shell to run it in: `doctor` is how");
        for selector in selectors(&text) {
            assert!(is_known(name(&selector)), "{path} speaks of {selector}");
        }
        for found in link.captures_iter(&text) {
            let target = super::files::shipped("runbooks").join(&found[1]);
            assert!(target.exists(), "{path} leads to {}", &found[1]);
        }
    }
}

/// One service, the stack of compose.yaml, a cluster.
#[test]
fn what_runbooks_take_for_granted_is_set_in_each_of_three_ways() {
    let index = text("runbooks/README.md");
    for given in ["export PLIMSOLL_URL=", " JOBS_URL=", " PROM=", "export PLIMSOLL_KEY=", "lines() {", "doctor() {"] {
        assert_eq!(index.matches(given).count(), 3, "{given}");
    }
}

#[test]
fn rules_and_their_tests_ask_for_what_is_counted() {
    let mut unknown = BTreeSet::new();
    let mut look = |place: &str, expression: &str| {
        let names = selectors(expression).into_iter().filter(|selector| !is_known(name(selector)));
        unknown.extend(names.map(|selector| format!("{place}: {selector}")));
    };
    for rule in rules() {
        let place = rule["alert"].as_str().or(rule["record"].as_str()).expect("a name").to_owned();
        look(&place, words(&rule["expr"]));
    }
    for file in names("prometheus/rules/tests", ".yml") {
        for test in list(&parsed(&format!("prometheus/rules/tests/{file}.yml"))["tests"]) {
            for series in list(&test["input_series"]) {
                look(&file, words(&series["series"]));
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn what_the_compose_file_scrapes_and_tells_is_named_once() {
    let config = parsed("prometheus/prometheus.yml");
    let jobs: Vec<_> = list(&config["scrape_configs"]).iter().map(|job| words(&job["job_name"])).collect();
    let stack =
        ["plimsoll", "prometheus", "alertmanager", "otel-collector", "tempo", "pyroscope", "loki", "grafana", "alloy"];
    assert_eq!(jobs, stack);
    let services = parsed("compose.yaml")["services"].as_object().expect("services").clone();
    for job in list(&config["scrape_configs"]) {
        for target in list(&job["static_configs"][0]["targets"]) {
            let (host, _) = words(target).split_once(':').expect("host:port");
            assert!(services.contains_key(host), "compose.yaml has no {host}");
        }
    }
}
