//! The four tenants of `examples/`: applied, fed with traffic of their kind, and held against what their files say.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_tests::acts::public_status;
use plimsoll_tests::receivers::{Host, Opsgenie, PagerDuty, Slack, Teams, Webhook};
use plimsoll_tests::{ROOT_KEY, Server, Setup, Visitor, eventually, visitor};
use serde_json::Value;
use tempfile::TempDir;

use crate::command::{Ran, run_with};

const TENANTS: [&str; 4] = ["ai-ops", "ci-cd", "federation", "job-api"];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// Whoever is told by the four.
struct Receivers {
    pagerduty: PagerDuty,
    federation: PagerDuty,
    opsgenie: Opsgenie,
    jsm: Opsgenie,
    slack: Slack,
    kansliet: Slack,
    teams: Teams,
    webhook: Webhook,
}

impl Receivers {
    async fn start() -> Self {
        Self {
            pagerduty: PagerDuty::start().await,
            federation: PagerDuty::start().await,
            opsgenie: Opsgenie::start().await,
            jsm: Opsgenie::start_as_jsm().await,
            slack: Slack::start().await,
            kansliet: Slack::start().await,
            teams: Teams::start().await,
            webhook: Webhook::start_signed(&[Webhook::SECRET]).await,
        }
    }

    /// What the files refer to.
    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("JOB_API_PAGERDUTY_ROUTING_KEY", PagerDuty::ROUTING_KEY.to_owned()),
            ("JOB_API_SLACK_URL", self.slack.url()),
            ("CI_CD_OPSGENIE_API_KEY", Opsgenie::API_KEY.to_owned()),
            ("CI_CD_TEAMS_URL", self.teams.url()),
            ("AI_OPS_WEBHOOK_URL", self.webhook.url()),
            ("AI_OPS_WEBHOOK_SECRET", Webhook::SECRET.to_owned()),
            ("AI_OPS_JSM_API_KEY", Opsgenie::API_KEY.to_owned()),
            ("FEDERATION_PAGERDUTY_ROUTING_KEY", PagerDuty::ROUTING_KEY.to_owned()),
            ("FEDERATION_SLACK_URL", self.kansliet.url()),
        ]
    }

    /// The same under the names that an export gives them.
    fn exported(&self) -> Vec<(&'static str, String)> {
        let names = [
            "JOB_API_ON_CALL_ROUTING_KEY",
            "JOB_API_CHAT_URL",
            "CI_CD_PLATFORM_TEAM_API_KEY",
            "CI_CD_BUILDS_CHANNEL_URL",
            "AI_OPS_BOT_TEAM_URL",
            "AI_OPS_BOT_TEAM_SECRET",
            "AI_OPS_FIELD_SERVICE_API_KEY",
            "FEDERATION_JOUR_ROUTING_KEY",
            "FEDERATION_KANSLIET_URL",
        ];
        names.into_iter().zip(self.variables().into_iter().map(|(_, value)| value)).collect()
    }

    /// The examples, of which nothing is changed but that providers are reached on loopback.
    fn tenants(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let endpoints = [
            ("routing_key: {from_env: JOB_API_PAGERDUTY_ROUTING_KEY}", self.pagerduty.endpoint()),
            ("routing_key: {from_env: FEDERATION_PAGERDUTY_ROUTING_KEY}", self.federation.endpoint()),
            ("api_key: {from_env: CI_CD_OPSGENIE_API_KEY}", self.opsgenie.endpoint()),
            ("api_key: {from_env: AI_OPS_JSM_API_KEY}", self.jsm.endpoint()),
        ];
        for tenant in TENANTS {
            let text = fs::read_to_string(examples().join(tenant).join("tenant.yaml")).expect("an example");
            let text = endpoints.iter().fold(text, |text, (line, endpoint)| {
                text.replace(line, &format!("{line}\n      endpoint: {endpoint}"))
            });
            fs::write(folder.path().join(format!("{tenant}.tenant.yaml")), text).expect("written");
        }
        folder
    }

    fn faults(&self) -> Vec<String> {
        let hosts: [&Host; 8] = [
            &self.pagerduty,
            &self.federation,
            &self.opsgenie,
            &self.jsm,
            &self.slack,
            &self.kansliet,
            &self.teams,
            &self.webhook,
        ];
        hosts.into_iter().flat_map(Host::faults).collect()
    }
}

fn with(server: &Server, arguments: &[&str], variables: &[(&'static str, String)]) -> Ran {
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    run_with(server, ROOT_KEY, arguments, &variables)
}

/// Plays a tenant's traffic with the first key of role ingest that was made for it.
fn play(server: &Server, keys: &str, tenant: &str) {
    let keys = keys.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let key =
        keys.filter(|key| key["tenant"] == tenant && key["role"] == "ingest").map(|key| key["key"].clone()).next();
    let installed = examples().join("../.tools/node/bin/node");
    let node = if installed.is_file() { installed } else { "node".into() };
    let mut command = Command::new(node);
    command.arg(examples().join("traffic.mjs")).args([tenant, "--seed", "1"]);
    command.env("PLIMSOLL_URL", server.url()).env("PLIMSOLL_KEY", key.as_ref().and_then(Value::as_str).expect("a key"));
    let ran = Ran::of(&mut command).expect(0);
    assert!(ran.err.is_empty(), "{}", ran.err);
}

async fn statuses(server: &Server, tenant: &str) -> BTreeMap<String, String> {
    let measured = server.root().ask("POST", &format!("/observability/slo/measure/{tenant}"), &[], None).await.ok(200);
    let objectives = measured["objectives"].as_array().expect("a list").clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    objectives.iter().map(|slo| (text(&slo["slo_type"]), text(&slo["status"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_four_tenants_come_out_as_their_files_say() {
    let receivers = Receivers::start().await;
    let server = Setup::embedded().start().await;
    let folder = receivers.tenants();
    let (files, keys) = (folder.path().to_str().expect("a path"), folder.path().join("keys"));
    let variables = receivers.variables();
    let planned = with(&server, &["diff", "-f", files], &variables).expect(2);
    assert!(TENANTS.iter().all(|tenant| planned.out.contains(&format!("+ tenant {tenant}"))), "{}", planned.out);
    let keys_out = keys.to_str().expect("a path");
    let applied = with(&server, &["apply", "-f", files, "--keys-out", keys_out], &variables).expect(0);
    assert!(applied.err.is_empty(), "no secret stands in an example: {}", applied.err);
    let again = with(&server, &["apply", "-f", files], &variables).expect(0).out;
    assert_eq!(again.matches("nothing to change").count(), 4, "{again}");
    with(&server, &["diff", "-f", files], &variables).expect(0);

    let keys = fs::read_to_string(&keys).expect("keys");
    std::thread::scope(|players| {
        for tenant in TENANTS {
            players.spawn(|| play(&server, &keys, tenant));
        }
    });
    promises_are_kept_or_not_as_the_readmes_say(&server).await;
    who_is_named_is_told(&receivers);
    pages_are_as_they_are_settled(&server).await;
    exports_are_equal_on_another_server(&server, &receivers.exported()).await;
}

async fn promises_are_kept_or_not_as_the_readmes_say(server: &Server) {
    for tenant in TENANTS {
        let readme = fs::read_to_string(examples().join(tenant).join("README.md")).expect("a README");
        let measured = statuses(server, tenant).await;
        for (slo, status) in &measured {
            let line = format!("| `{slo}` | {status} |");
            assert!(readme.contains(&line), "{tenant}: {line} does not stand in its README.md: {measured:?}");
        }
        assert!(measured.len() >= 3, "{measured:?}");
    }
}

fn who_is_named_is_told(receivers: &Receivers) {
    let told = |host: &Host| {
        host.accepted().iter().map(|one| format!("{} {}", one.path, one.body)).collect::<Vec<_>>().join("\n")
    };
    let expected: [(&Host, &[&str], &[&str]); 8] = [
        (&receivers.pagerduty, &["10% of jobs fail"], &["800 jobs wait"]),
        (&receivers.slack, &["10% of jobs fail", "800 jobs wait"], &[]),
        (&receivers.opsgenie, &["No runner is free"], &[]),
        (&receivers.teams, &["No runner is free"], &[]),
        (&receivers.jsm, &["The appliance in turin"], &["to be understood"]),
        (&receivers.webhook, &["to be understood"], &["The appliance in turin"]),
        (&receivers.federation, &["Scores are shown"], &[]),
        (&receivers.kansliet, &["Scores are shown"], &[]),
    ];
    for (host, wanted, unwanted) in expected {
        let told = told(host);
        assert!(wanted.iter().all(|text| told.contains(text)), "{wanted:?}: {told}");
        assert!(!unwanted.iter().any(|text| told.contains(text)), "{unwanted:?}: {told}");
    }
    assert!(receivers.pagerduty.open().is_empty() && receivers.federation.open().is_empty(), "all is resolved");
    assert_eq!(receivers.faults(), [""; 0]);
}

async fn pages_are_as_they_are_settled(server: &Server) {
    let anybody = server.anybody();
    for (tenant, locale, title, components) in [
        ("job-api", "en", "Runforge status", &["api", "queue", "worker"][..]),
        ("ci-cd", "en", "Conveyor", &["pipelines", "runners", "artefacts", "scheduler"]),
        ("ai-ops", "en", "Steward", &["actions", "parser", "appliance-oslo", "appliance-turin"]),
        ("federation", "sv", "Driftläge", &["match-scores", "sync", "licences", "audit"]),
    ] {
        let page = Visitor::new(&anybody, tenant).get("").await;
        assert_eq!(page.status, 200);
        assert_eq!(visitor::attributes(&page.text, "html", "lang"), [locale]);
        assert!(visitor::texts(&page.text, "title").concat().contains(title), "{tenant}: {title}");
        let status = public_status(&anybody, tenant).await;
        let shown = status["components"].as_array().expect("a list").iter().map(|one| one["id"].clone());
        assert_eq!(shown.collect::<Vec<_>>(), components, "in the order that the file settles");
    }
    let swedish = Visitor::new(&anybody, "federation").get("").await.text;
    assert!(swedish.contains("Licenssystemet uppgraderas") && swedish.contains("Föreningar"), "{swedish}");
    // Down for fifteen of a hundred and twenty minutes.
    let has_been_down = async || {
        let status = public_status(&anybody, "ci-cd").await;
        let uptime = status["components"][1]["uptime_30d"].as_f64();
        uptime.filter(|uptime| (0.87..0.88).contains(uptime))
    };
    eventually(60, "the page shows the bad quarter of an hour", has_been_down).await;
}

async fn exports_are_equal_on_another_server(server: &Server, variables: &[(&'static str, String)]) {
    let other = Setup::embedded().start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut exports = BTreeMap::new();
    for tenant in TENANTS {
        let path = folder.path().join(format!("{tenant}.tenant.yaml"));
        with(server, &["export", "--tenant", tenant, "-f", path.to_str().expect("a path")], variables).expect(0);
        exports.insert(tenant, fs::read_to_string(&path).expect("an export"));
    }
    let files = folder.path().to_str().expect("a path");
    with(server, &["diff", "-f", files], variables).expect(0);
    with(&other, &["apply", "-f", files], variables).expect(0);
    for (tenant, export) in exports {
        assert_eq!(with(&other, &["export", "--tenant", tenant], variables).expect(0).out, export);
    }
}

#[test]
fn the_rules_of_the_four_are_valid_and_fire_when_they_should() {
    for tenant in TENANTS {
        let promtool = |arguments: &[&str]| {
            Ran::of(Command::new("promtool").args(arguments).current_dir(examples().join(tenant))).expect(0)
        };
        promtool(&["check", "rules", "rules.yaml"]);
        promtool(&["test", "rules", "rules.test.yaml"]);
    }
}

#[test]
fn traffic_dashboards_and_rules_speak_of_what_the_tenants_have() {
    let traffic = fs::read_to_string(examples().join("traffic.mjs")).expect("a script");
    for tenant in TENANTS {
        let read = |name: &str| fs::read_to_string(examples().join(tenant).join(name)).expect("a file");
        let (file, rules, dashboard) = (read("tenant.yaml"), read("rules.yaml"), read("dashboard.json"));
        for component in rules.lines().filter_map(|line| line.trim().strip_prefix("component: ")) {
            assert!(file.contains(&format!("- id: {component}\n")), "{tenant}: {component}");
        }
        let dashboard: Value = serde_json::from_str(&dashboard).expect("JSON");
        let panels = dashboard["panels"].as_array().expect("panels");
        let expressions: Vec<&str> = panels.iter().filter_map(|panel| panel["targets"][0]["expr"].as_str()).collect();
        assert!(expressions.len() == panels.len() && panels.len() >= 6, "{tenant}");
        let own = format!("plimsoll_error_budget_remaining_ratio{{tenant=\"{tenant}\"}}");
        assert!(expressions.contains(&own.as_str()), "{expressions:?}");
    }
    let alerts = traffic.lines().filter_map(|line| line.split_once("[['").map(|(_, rest)| rest));
    let rules: String =
        TENANTS.map(|tenant| fs::read_to_string(examples().join(tenant).join("rules.yaml")).expect("rules")).concat();
    for name in alerts.filter_map(|rest| rest.split('\'').next()) {
        assert!(rules.contains(&format!("alert: {name}\n")), "{name}");
    }
}
