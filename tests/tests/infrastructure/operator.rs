//! The objects of Prometheus' operator: known to it in every field, and holding the very rules of `infrastructure/prometheus`.
//! kustomize cannot make the rules' object from their files (it takes none from outside its folder, and makes no list of a
//! text), so that the object is a file of its own, which is held against them here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::manifests::{EXAMPLE, built, installed};
use crate::tools::{Copy, assert_complains, document, items, root, run};

const OBJECT: &str = "infrastructure/kubernetes/monitoring/rules.yaml";
const RULES: &str = "infrastructure/prometheus/rules";

fn node() -> PathBuf {
    let installed = root().join(".tools/node/bin/node");
    if installed.is_file() { installed } else { "node".into() }
}

fn complaints(root_of: &Path) -> Vec<String> {
    let objects = built(root_of, EXAMPLE).expect("it builds");
    let of_operator = |object: &Value| object["apiVersion"] == "monitoring.coreos.com/v1";
    let told: Vec<Value> = objects.into_iter().filter(of_operator).collect();
    assert_eq!(told.len(), 2, "what is scraped, and the rules");
    let (script, folder) =
        (root().join("tests/infrastructure/operator.mjs"), root().join(".tools/infrastructure/node"));
    let ran = run(Command::new(node()).arg(script).arg(folder).arg(Value::from(told).to_string()));
    serde_json::from_str(&ran.expect("the script runs")).expect("it answers with a list")
}

/// The files of rules, one object.
fn made(root: &Path) -> Value {
    let mut files: Vec<String> = fs::read_dir(root.join(RULES))
        .expect("the folder is there")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|file| Path::new(file).extension().is_some_and(|extension| extension == "yml"))
        .collect();
    files.sort();
    let groups: Vec<Value> = files
        .iter()
        .flat_map(|file| items(&document(root, &format!("{RULES}/{file}"))["groups"]).cloned().collect::<Vec<_>>())
        .collect();
    json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": { "name": "plimsoll", "labels": { "app.kubernetes.io/name": "plimsoll" } },
        "spec": { "groups": groups },
    })
}

#[test]
fn the_operator_knows_every_field_of_its_objects() {
    assert_eq!(complaints(installed().root()), Vec::<String>::new());
    for (file, from, to, complaint) in [
        ("servicemonitor.yaml", "scrapeTimeout: 10s", "scrapeTimeOut: 10s", "'\"scrapeTimeOut\"' does not exist"),
        ("servicemonitor.yaml", "interval: 15s", "interval: 15 s", "must match pattern"),
        ("servicemonitor.yaml", "matchLabels", "matchLabel", "matchLabel"),
        ("rules.yaml", "expr:", "exp:", "exp"),
    ] {
        let broken = installed().with(&format!("infrastructure/kubernetes/monitoring/{file}"), from, to);
        assert_complains(&complaints(broken.root()), complaint);
    }
}

/// The operator of kube-prometheus-stack looks at the objects of its own Helm release.
#[test]
fn the_operator_is_shown_its_objects() {
    let unseen = |root: &Path| {
        let objects = built(root, EXAMPLE).expect("it builds");
        let ours = objects.into_iter().filter(|object| object["apiVersion"] == "monitoring.coreos.com/v1");
        ours.filter(|object| object["metadata"]["labels"]["release"] != "kube-prometheus-stack").count()
    };
    assert_eq!(unseen(installed().root()), 0);
    let patch = "path: /metadata/labels/release,";
    let broken = installed().with(&format!("{EXAMPLE}/kustomization.yaml"), patch, "path: /metadata/labels/releases,");
    assert_eq!(unseen(broken.root()), 2);
}

#[test]
fn the_operators_rules_are_those_of_prometheus() {
    let made = made(&root());
    let kept =
        fs::read_to_string(root().join(OBJECT)).ok().and_then(|text| serde_saphyr::from_str::<Value>(&text).ok());
    if kept.as_ref() != Some(&made) {
        let yaml = serde_saphyr::to_string(&made).expect("it can be written");
        let new = root().join(".tools/infrastructure/rules.yaml");
        fs::write(
            &new,
            format!("# The rules of infrastructure/prometheus/rules, made from them: change those.\n{yaml}"),
        )
        .expect("it is written");
        panic!("{OBJECT} holds other rules than {RULES}: copy {} there", new.display());
    }
    let changed = Copy::new().with(&format!("{RULES}/alerts.yml"), "for: 1m", "for: 3m");
    assert_ne!(Some(self::made(changed.root())), kept);
}
