//! Who speaks to whom in `compose.yaml`: whatever a file names as `host:port` must be a service that listens there, on a network that
//! the two share.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;
use serde_json::Value;

use crate::compose::{model, services};
use crate::tools::{Copy, assert_complains, document, items, names, root, text};

/// Files in which a service is told of others.
const TOLD: [(&str, &str); 4] = [
    ("prometheus", "infrastructure/prometheus/prometheus.yml"),
    ("otel-collector", "infrastructure/otel/collector.yaml"),
    ("alloy", "infrastructure/alloy/config.alloy"),
    ("proxy", "infrastructure/caddy/Caddyfile"),
];
/// Folders of such files, which may hold any number of them.
const FOLDERS: [(&str, &str); 2] =
    [("alertmanager", "infrastructure/alertmanager"), ("grafana", "infrastructure/grafana/provisioning/datasources")];
/// Where programs listen unless they are told otherwise, and nobody here does.
const USUAL: [(&str, u64); 7] = [
    ("prometheus", 9_090),
    ("alertmanager", 9_093),
    ("grafana", 3_000),
    ("pyroscope", 4_040),
    ("mongo-1", 27_017),
    ("mongo-2", 27_017),
    ("mongo-3", 27_017),
];

/// Each `host:port` of a text that is not commented out and not the speaker's own.
fn told(text: &str) -> BTreeSet<(String, u64)> {
    let address = Regex::new(r#"(?:^|[/@,"'\s\[])([a-z][a-z0-9-]*):(\d{2,5})\b"#).expect("a pattern");
    let lines = text.lines().filter(|line| !line.trim_start().starts_with(['#', '/']));
    let found = lines.flat_map(|line| address.captures_iter(line).collect::<Vec<_>>());
    found
        .filter(|found| &found[1] != "localhost")
        .map(|found| (found[1].to_owned(), found[2].parse().expect("a number")))
        .collect()
}

/// Where a service listens, as its own files say.
fn listens(root: &Path, model: &Value, service: &str) -> BTreeSet<u64> {
    let port = |address: &Value| address.as_str().and_then(|text| text.rsplit(':').next()?.parse().ok());
    let usual = USUAL.iter().filter(|(name, _)| *name == service).map(|(_, port)| *port);
    let said: Vec<u64> = match service {
        "otel-collector" => {
            let file = document(root, "infrastructure/otel/collector.yaml");
            let protocols = &file["receivers"]["otlp"]["protocols"];
            let own = &file["service"]["telemetry"]["metrics"]["readers"][0]["pull"]["exporter"]["prometheus"]["port"];
            [port(&protocols["grpc"]["endpoint"]), port(&protocols["http"]["endpoint"]), own.as_u64()]
                .into_iter()
                .flatten()
                .collect()
        }
        "tempo" => {
            let file = document(root, "infrastructure/tempo/tempo.yaml");
            let grpc = port(&file["distributor"]["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"]);
            file["server"]["http_listen_port"].as_u64().into_iter().chain(grpc).collect()
        }
        "loki" => {
            document(root, "infrastructure/loki/loki.yaml")["server"]["http_listen_port"].as_u64().into_iter().collect()
        }
        "alloy" => {
            let words = items(&model["services"][service]["command"]).filter_map(Value::as_str);
            words
                .filter_map(|word| word.strip_prefix("--server.http.listen-addr=")?.rsplit(':').next()?.parse().ok())
                .collect()
        }
        _ if service.starts_with("plimsoll-") => {
            let image = text(&crate::tools::root(), "infrastructure/docker/Dockerfile");
            let port = Regex::new(r"PLIMSOLL_HTTP_ADDR=0\.0\.0\.0:(\d+)").expect("a pattern");
            port.captures(&image).and_then(|found| found[1].parse().ok()).into_iter().collect()
        }
        _ => Vec::new(),
    };
    said.into_iter().chain(usual).collect()
}

fn folder(root: &Path, folder: &str) -> String {
    let files = std::fs::read_dir(root.join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let paths = files.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file());
    paths.map(|path| std::fs::read_to_string(path).expect("a text") + "\n").collect()
}

fn complaints(root: &Path) -> Vec<String> {
    let model = model(root).expect("compose is read");
    let files = TOLD.iter().map(|(who, file)| (*who, text(root, file)));
    let folders = FOLDERS.iter().map(|(who, path)| (*who, folder(root, path)));
    let variables =
        services(&model).map(|(who, service)| (who, format!("{:#}\n{:#}", service["environment"], service["command"])));
    let all: Vec<(&str, String)> = files.chain(folders).chain(variables).collect();
    let of = |(who, text): &(&str, String)| {
        told(text).into_iter().filter_map(|(host, port)| refused(root, &model, (who, &host, port))).collect::<Vec<_>>()
    };
    all.iter().flat_map(of).collect()
}

fn refused(root: &Path, model: &Value, (who, host, port): (&str, &str, u64)) -> Option<String> {
    let (from, to) = (&model["services"][who], &model["services"][host]);
    let shared = || names(&from["networks"]).any(|network| to["networks"].get(network).is_some());
    let fault = if to.is_null() {
        "is no service"
    } else if !listens(root, model, host).contains(&port) {
        "does not listen there"
    } else if who != host && !shared() {
        "is on none of its networks"
    } else {
        return None;
    };
    Some(format!("{who} speaks to {host}:{port}, which {fault}"))
}

#[test]
fn whoever_is_spoken_to_listens_and_can_be_reached() {
    assert_eq!(complaints(&root()), Vec::<String>::new());
    let prometheus = told(&text(&root(), "infrastructure/prometheus/prometheus.yml"));
    for role in ["api", "jobs", "status"] {
        assert!(prometheus.contains(&(format!("plimsoll-{role}"), 8_080)), "{role} is scraped");
    }
}

#[test]
fn speaking_to_nobody_is_complained_of() {
    for (file, from, to, complaint) in [
        (
            "compose.yaml",
            "http://pyroscope:4040",
            "http://pyroscop:4040",
            "speaks to pyroscop:4040, which is no service",
        ),
        (
            "compose.yaml",
            "http://otel-collector:4317",
            "http://otel-collector:4316",
            "otel-collector:4316, which does not listen",
        ),
        ("compose.yaml", "networks: [database]", "networks: [internal]", "mongo-1:27017, which is on none"),
        ("otel/collector.yaml", "endpoint: tempo:4317", "endpoint: tempo:4319", "tempo:4319, which does not listen"),
        ("tempo/tempo.yaml", "http_listen_port: 3200", "http_listen_port: 3201", "tempo:3200, which does not listen"),
        ("alloy/config.alloy", "http://loki:3100", "http://lokki:3100", "lokki:3100, which is no service"),
        ("caddy/Caddyfile", "plimsoll-status:8080/", "plimsoll-page:8080/", "plimsoll-page:8080, which is no service"),
        (
            "prometheus/prometheus.yml",
            "plimsoll-jobs:8080",
            "plimsoll-job:8080",
            "plimsoll-job:8080, which is no service",
        ),
    ] {
        let broken = Copy::new().with(&format!("infrastructure/{file}"), from, to);
        assert_complains(&complaints(broken.root()), complaint);
    }
}
