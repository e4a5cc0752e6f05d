//! The collector, Tempo, Loki and Alloy: no registry has their programs, so that their files are held against schemas of the
//! keys that are used, and what they say is held against each other and against the lines that Plimsoll writes.

use std::collections::BTreeSet;
use std::path::Path;

use plimsoll_tests::Setup;
use regex::{Captures, Regex};
use serde_json::Value;

use crate::tools::{Copy, assert_complains, document, items, names, root, text};

const ALLOY: &str = "infrastructure/alloy/config.alloy";

/// Alloy's file, whose form is HCL's but for dots in the names of blocks: those become underscores.
fn alloy(root: &Path) -> Result<Value, String> {
    let block = Regex::new(r#"(?m)^(\s*)([a-z_.]+)((?: "[a-z]+")? \{)"#).expect("a pattern");
    let file = text(root, ALLOY);
    let hcl = block
        .replace_all(&file, |found: &Captures| format!("{}{}{}", &found[1], found[2].replace('.', "_"), &found[3]));
    hcl::from_str(&hcl).map_err(|error| error.to_string())
}

fn complaints(root: &Path) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, file) in
        [("collector", "otel/collector.yaml"), ("tempo", "tempo/tempo.yaml"), ("loki", "loki/loki.yaml")]
    {
        let told = document(root, &format!("infrastructure/{file}"));
        complaints.extend(faults(name, &told));
        if name == "collector" {
            complaints.extend(pipelines(&told));
        }
    }
    match alloy(root) {
        Ok(told) => complaints.extend(faults("alloy", &told).into_iter().chain(references(&told)).chain(labels(&told))),
        Err(complaint) => complaints.push(complaint),
    }
    complaints
}

fn faults(name: &str, told: &Value) -> Vec<String> {
    let schema = text(&root(), &format!("tests/infrastructure/schemas/{name}.json"));
    let schema: Value = serde_json::from_str(&schema).expect("it is JSON");
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    validator.iter_errors(told).map(|fault| format!("{name}: {}: {fault}", fault.instance_path())).collect()
}

/// Whatever a pipeline names must be there, and what limits memory stands first.
fn pipelines(told: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    for name in names(&told["service"]["pipelines"]) {
        let pipeline = &told["service"]["pipelines"][name];
        for part in ["receivers", "processors", "exporters"] {
            let missing = items(&pipeline[part]).filter(|one| one.as_str().is_none_or(|one| told[part][one].is_null()));
            complaints.extend(missing.map(|one| format!("collector: {name}: there is no {one} among {part}")));
        }
        if pipeline["processors"][0] != "memory_limiter" {
            complaints.push(format!("collector: {name}: memory is not limited first"));
        }
    }
    complaints
}

/// Whatever Alloy's components name must be a component.
fn references(told: &Value) -> Vec<String> {
    let reference = Regex::new(r"\$\{([a-z_.]+)\.([a-z]+)\.[a-z]+\}").expect("a pattern");
    let whole = told.to_string();
    let named = reference.captures_iter(&whole).filter(|found| told[found[1].replace('.', "_")][&found[2]].is_null());
    named.map(|found| format!("alloy: there is no {} {:?}", &found[1], &found[2])).collect()
}

/// What makes a stream is a closed set, and what Loki's retention tells apart is among it.
fn labels(told: &Value) -> Vec<String> {
    let stages = &told["loki_process"]["lines"]["stage_match"];
    let made: BTreeSet<&str> = names(&stages["stage_labels"]["values"]).collect();
    let read: BTreeSet<&str> =
        names(&stages["stage_json"]["expressions"]).chain(stages["stage_template"]["source"].as_str()).collect();
    let mut complaints = Vec::new();
    if made != BTreeSet::from(["level", "kind"]) {
        complaints.push(format!("alloy: the labels are {made:?}"));
    }
    let kept = names(&stages["stage_structured_metadata"]["values"]).chain(made);
    complaints.extend(kept.filter(|name| !read.contains(name)).map(|name| format!("alloy: nothing reads {name}")));
    complaints
}

#[test]
fn the_collector_tempo_loki_and_alloy_are_told_what_they_know() {
    assert_eq!(complaints(&root()), Vec::<String>::new());
}

#[test]
fn what_they_do_not_know_is_complained_of() {
    for (file, from, to, complaint) in [
        ("otel/collector.yaml", "limit_percentage: 75", "limit_percent: 75", "limit_percent"),
        ("otel/collector.yaml", "processors: [memory_limiter, batch]", "processors: [batch]", "not limited first"),
        ("otel/collector.yaml", "exporters: [otlp_grpc/tempo]", "exporters: [otlp_grpc/jaeger]", "there is no"),
        ("tempo/tempo.yaml", "block_retention", "retention", "retention"),
        ("tempo/tempo.yaml", "/var/tempo/wal", "/tmp/wal", "/tmp/wal"),
        ("loki/loki.yaml", "delete_request_store: filesystem", "delete_requests: filesystem", "delete_request"),
        ("loki/loki.yaml", "schema: v13", "schema: v12", "v13"),
        ("loki/loki.yaml", "priority: 1", "priority: first", "first"),
        (
            "alloy/config.alloy",
            "forward_to = [loki.write.local.receiver]",
            "forward_to = [loki.write.remote.receiver]",
            "there is no loki.write",
        ),
        ("alloy/config.alloy", "stage.timestamp {", "stage.time {", "stage_time"),
        (
            "alloy/config.alloy",
            "kind  = \"kind\",",
            "kind  = \"kind\",\n        tenant_id = \"tenant_id\",",
            "the labels are",
        ),
        ("alloy/config.alloy", "span_id    = \"span_id\",", "", "nothing reads span_id"),
        ("alloy/config.alloy", "loki.write \"local\" {", "loki.write \"local\" ", "expected"),
    ] {
        let broken = Copy::new().with(&format!("infrastructure/{file}"), from, to);
        assert_complains(&complaints(broken.root()), complaint);
    }
}

/// What Alloy reads of a line is what Plimsoll writes: a request and a tick are told apart by their messages.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_of_a_line_is_what_plimsoll_writes() {
    let server = Setup::embedded().start().await;
    let log = plimsoll_tests::eventually(20, "a request is in the log", async || {
        let log = server.log_text();
        log.contains("request answered").then_some(log)
    });
    let log = log.await;
    let line = log.lines().find(|line| line.contains("request answered")).expect("it is there");
    let line: Value = serde_json::from_str(line).expect("a line is JSON");
    for name in ["timestamp", "level", "target", "message", "request_id"] {
        assert!(line[name].is_string(), "{name}: {line}");
    }
    assert_eq!(line["message"], "request answered");
    let told = alloy(&root()).expect("it is read");
    let template = &told["loki_process"]["lines"]["stage_match"]["stage_template"]["template"];
    let report = text(&root(), "jobs/src/tick/report.rs");
    for message in ["request answered", "tick"] {
        assert!(template.as_str().is_some_and(|template| template.contains(&format!("\"{message}\""))), "{template}");
    }
    assert!(report.contains("duration_ms, \"tick\")"), "a tick's line says \"tick\"");
}
