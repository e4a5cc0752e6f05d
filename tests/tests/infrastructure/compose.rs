//! `compose.yaml`, as Docker Compose reads it, and what every service of it owes.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::settings::{self, filled};
use crate::tools::{Copy, assert_complains, is_pinned, items, names, plimsoll, program, root, run, text};

const FILE: &str = "infrastructure/compose.yaml";

/// What Docker Compose makes of the file under `root`, with the example's settings filled in.
pub(crate) fn model(root: &Path) -> Result<Value, String> {
    let compose = text(root, FILE);
    let is_wanted = |name: &str| compose.contains(&format!("${{{name}:?"));
    let settings = filled(&text(root, "infrastructure/.env.example"), is_wanted);
    model_with(root, &settings)
}

fn model_with(root: &Path, settings: &str) -> Result<Value, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("env");
    std::fs::write(&path, settings).expect("it is written");
    let mut command = program("docker-compose");
    command.arg("--file").arg(root.join(FILE)).arg("--env-file").arg(path).args(["config", "--format", "json"]);
    run(&mut command).map(|json| serde_json::from_str(&json).expect("it wrote JSON"))
}

pub(crate) fn services(model: &Value) -> impl Iterator<Item = (&str, &Value)> {
    model["services"].as_object().into_iter().flatten().map(|(name, service)| (name.as_str(), service))
}

fn complaints(root: &Path) -> Vec<String> {
    let model = match model(root) {
        Ok(model) => model,
        Err(complaint) => return vec![complaint],
    };
    let of = |(name, service)| {
        let all = hardening(service).into_iter().chain(files(service, root)).chain(orders(service, &model));
        all.chain(plimsolls(service)).map(move |complaint| format!("{name}: {complaint}")).collect::<Vec<_>>()
    };
    services(&model).flat_map(of).chain(ports(&model)).collect()
}

/// What a container is not given, and how much it may use.
fn hardening(service: &Value) -> Vec<String> {
    let is_positive =
        |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok()).is_some_and(|size| size > 0.0);
    let owed = [
        (service["image"].as_str().is_some_and(is_pinned), "its image has no whole version"),
        (service["read_only"] == true, "its root can be written to"),
        (items(&service["cap_drop"]).any(|cap| cap == "ALL"), "it keeps capabilities"),
        (items(&service["security_opt"]).any(|option| option == "no-new-privileges:true"), "it may gain privileges"),
        (service["privileged"] != true, "it is privileged"),
        (is_positive(&service["mem_limit"]), "its memory has no limit"),
        (is_positive(&service["cpus"]), "its processor time has no limit"),
        (service["restart"].is_string(), "nobody said whether it is started again"),
        (service["logging"]["options"]["max-size"].is_string(), "its log has no end"),
    ];
    owed.into_iter().filter(|(holds, _)| !holds).map(|(_, complaint)| complaint.to_owned()).collect()
}

/// Files of ours that it is given must be there, and cannot be written to.
fn files(service: &Value, root: &Path) -> Vec<String> {
    let mut complaints = Vec::new();
    for volume in items(&service["volumes"]).filter(|volume| volume["type"] == "bind") {
        let source = volume["source"].as_str().unwrap_or_default();
        let is_ours = Path::new(source).starts_with(root);
        if is_ours && !Path::new(source).exists() {
            complaints.push(format!("{source} is not there"));
        }
        if volume["read_only"] != true {
            complaints.push(format!("{source} can be written to"));
        }
    }
    let build = &service["build"];
    if build.is_object() {
        let file = Path::new(build["context"].as_str().unwrap_or_default())
            .join(build["dockerfile"].as_str().unwrap_or_default());
        complaints.extend((!file.is_file()).then(|| format!("{} is not there", file.display())));
    }
    complaints
}

/// Whom it waits for must be able to become what is waited for.
fn orders(service: &Value, model: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    for name in names(&service["depends_on"]) {
        let other = &model["services"][name];
        let is_possible = match service["depends_on"][name]["condition"].as_str() {
            Some("service_healthy") => other["healthcheck"]["test"].is_array(),
            Some("service_completed_successfully") => {
                other["restart"].as_str().is_some_and(|how| how == "no" || how.starts_with("on-failure"))
            }
            condition => condition == Some("service_started"),
        };
        complaints.extend((!is_possible).then(|| format!("{name} never becomes what it waits for")));
    }
    complaints
}

/// Plimsoll's own: its variables and its command lines must be such as it takes, and it needs a folder for profiles.
fn plimsolls(service: &Value) -> Vec<String> {
    if !service["image"].as_str().is_some_and(|image| image.starts_with("plimsoll:")) {
        return Vec::new();
    }
    let mut complaints = settings::complaints(&settings::variables(&service["environment"]));
    let words = items(&service["command"]).filter_map(Value::as_str);
    complaints.extend(run(plimsoll().args(words).arg("--help")).err());
    let asked: Vec<&str> = items(&service["healthcheck"]["test"]).filter_map(Value::as_str).collect();
    match asked.as_slice() {
        ["CMD", "/usr/local/bin/plimsoll", "health", words @ ..] => {
            complaints.extend(run(plimsoll().arg("health").args(words).arg("--help")).err());
        }
        _ => complaints.push("nobody asks how it is".to_owned()),
    }
    let is_tmp = |mount: &str| mount == "/tmp" || mount.starts_with("/tmp:");
    if !items(&service["tmpfs"]).filter_map(Value::as_str).any(is_tmp) {
        complaints.push("its profiles have no /tmp".to_owned());
    }
    complaints
}

/// What is reached from outside: each port once, by a network that leads there, and only the proxy's from elsewhere.
fn ports(model: &Value) -> Vec<String> {
    let (mut taken, mut complaints) = (BTreeSet::new(), Vec::new());
    for (name, service) in services(model) {
        let leads_out = names(&service["networks"]).any(|network| model["networks"][network]["internal"] != true);
        for port in items(&service["ports"]) {
            let published = (port["published"].to_string(), port["protocol"].to_string());
            if !taken.insert(published.clone()) {
                complaints.push(format!("{name}: port {} is published twice", published.0));
            }
            if !leads_out {
                complaints.push(format!("{name}: port {} leads to an internal network", published.0));
            }
            if name != "proxy" && port["host_ip"] != "127.0.0.1" {
                complaints.push(format!("{name}: port {} is open to everybody", published.0));
            }
        }
    }
    complaints
}

#[test]
fn compose_is_what_docker_compose_takes_and_every_service_gives_what_it_owes() {
    assert_eq!(complaints(&root()), Vec::<String>::new());
    let model = model(&root()).expect("it is read");
    let present: BTreeSet<&str> = services(&model).map(|(name, _)| name).collect();
    for service in ["plimsoll-api", "plimsoll-jobs", "plimsoll-status", "prometheus", "alertmanager", "grafana", "loki"]
    {
        assert!(present.contains(service), "{service}");
    }
    assert_eq!(
        present.iter().filter(|name| name.starts_with("mongo-")).count(),
        5,
        "three members and two that prepare"
    );
}

#[test]
fn a_setting_that_is_left_out_is_asked_for_by_name() {
    let example = text(&root(), "infrastructure/.env.example");
    let complaint = model_with(&root(), &example).expect_err("nothing is filled in");
    for name in ["PLIMSOLL_ROOT_KEY", "PLIMSOLL_SECRET_KEY", "MONGO_KEYFILE", "PLIMSOLL_DOMAIN"] {
        assert!(complaint.contains(name), "{complaint}");
    }
}

#[test]
fn a_broken_compose_file_is_complained_of() {
    for (from, to, complaint) in [
        ("stop_grace_period", "stop_grace_periode", "stop_grace_periode"),
        ("grafana/loki:3.7.7", "grafana/loki:latest", "no whole version"),
        ("read_only: true", "read_only: false", "can be written to"),
        ("cap_drop: [ALL]", "cap_drop: [NET_RAW]", "keeps capabilities"),
        ("mem_limit: 256m", "mem_limit: 0", "memory has no limit"),
        ("mem_limit: 256m", "mem_limit: much", "much"),
        ("./loki:/etc/loki:ro", "./lokki:/etc/loki:ro", "lokki is not there"),
        ("./loki:/etc/loki:ro", "./loki:/etc/loki", "can be written to"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_ENDPOINT", "OTEL_EXPORTER_ENDPOINT is no key"),
        ("PLIMSOLL_PUBLIC_URL", "PLIMSOLL_PUBLIK_URL", "PLIMSOLL_PUBLIK_URL is no key"),
        ("--roles, status", "--roles, stats", "stats"),
        ("127.0.0.1:9093:9093", "9093:9093", "open to everybody"),
        ("127.0.0.1:9093:9093", "127.0.0.1:9090:9093", "published twice"),
        ("networks: [internal, operators]", "networks: [internal]", "leads to an internal network"),
        ("tempo: { condition: service_started }", "tempo: { condition: service_healthy }", "tempo never becomes"),
        ("docker/Dockerfile", "docker/Dockerfil", "Dockerfil is not there"),
        ("plimsoll, health, --live", "plimsoll, health, --alive", "plimsoll-status: "),
        ("test: [CMD, /usr/local/bin/plimsoll, health]", "test: [CMD, curl, /ready]", "nobody asks how it is"),
        ("/tmp:size=64m", "/temp:size=64m", "its profiles have no /tmp"),
    ] {
        assert_complains(&complaints(Copy::new().with(FILE, from, to).root()), complaint);
    }
}
