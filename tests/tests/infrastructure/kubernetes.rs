//! What the manifests say, beyond having a form: that they name each other, take away what is not needed, ask paths that are
//! there, and give a stop the time it takes.

use std::collections::BTreeSet;
use std::path::Path;

use plimsoll_tests::{Client, Setup};
use regex::Regex;
use serde_json::Value;

use crate::manifests::{EXAMPLE, built, installed, name};
use crate::settings;
use crate::tools::{Copy, assert_complains, is_pinned, items, plimsoll, root, run, text};

const BASE: &str = "infrastructure/kubernetes/base";

fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

fn names_of(objects: &[Value], kind: &str) -> BTreeSet<String> {
    of_kind(objects, kind).filter_map(|object| Some(object["metadata"]["name"].as_str()?.to_owned())).collect()
}

fn complaints(root: &Path) -> Vec<String> {
    let objects = match built(root, EXAMPLE) {
        Ok(objects) => objects,
        Err(complaint) => return vec![complaint],
    };
    let deployments = of_kind(&objects, "Deployment").flat_map(|deployment| deployed(deployment, &objects));
    let all = deployments.chain(references(&objects)).chain(missing(&objects)).chain(network(&objects));
    all.chain(
        objects
            .iter()
            .filter(|object| object["metadata"]["namespace"].is_null() && object["kind"] != "Namespace")
            .map(|object| format!("{}: no namespace", name(object))),
    )
    .collect()
}

fn container(deployment: &Value) -> &Value {
    &deployment["spec"]["template"]["spec"]["containers"][0]
}

/// What a deployment owes.
fn deployed(deployment: &Value, objects: &[Value]) -> Vec<String> {
    let (pod, container) = (&deployment["spec"]["template"]["spec"], container(deployment));
    let quantity = Regex::new(r"^\d+(\.\d+)?(m|k|M|G|Ki|Mi|Gi)?$").expect("a pattern");
    let is_quantity = |value: &Value| value.as_str().is_some_and(|text| quantity.is_match(text));
    let (own, of_pod) = (&container["securityContext"], &pod["securityContext"]);
    let stop = pod["terminationGracePeriodSeconds"].as_i64().unwrap_or(30);
    let before = container["lifecycle"]["preStop"]["sleep"]["seconds"].as_i64().unwrap_or_default();
    let owed = [
        (container["image"].as_str().is_some_and(is_pinned), "its image has no whole version"),
        (of_pod["runAsNonRoot"] == true && of_pod["runAsUser"] == 65_532, "it may run as root"),
        (of_pod["seccompProfile"]["type"] == "RuntimeDefault", "it may make any system call"),
        (own["readOnlyRootFilesystem"] == true, "its root can be written to"),
        (own["allowPrivilegeEscalation"] == false, "it may gain privileges"),
        (own["capabilities"]["drop"][0] == "ALL", "it keeps capabilities"),
        (has_tmp(pod, container), "its profiles have no /tmp"),
        (pod["automountServiceAccountToken"] == false, "it is given a token"),
        (items(&pod["topologySpreadConstraints"]).count() == 2, "it is not spread out"),
        (is_quantity(&container["resources"]["limits"]["memory"]), "its memory has no limit"),
        (is_quantity(&container["resources"]["requests"]["memory"]), "it asks for no memory"),
        (is_quantity(&container["resources"]["requests"]["cpu"]), "it asks for no processor time"),
        (stop >= before + grace() + 5, "it is killed before it has finished"),
        (role(deployment) != Some("status") || is_taken_when_it_runs(container), "it shows no page without its store"),
    ];
    let mut complaints: Vec<String> =
        owed.into_iter().filter(|(holds, _)| !holds).map(|(_, word)| word.to_owned()).collect();
    complaints.extend(settings(container, objects));
    let words = items(&container["args"]).filter_map(Value::as_str);
    complaints.extend(run(plimsoll().args(words).arg("--help")).err());
    complaints.into_iter().map(|complaint| format!("{}: {complaint}", name(deployment))).collect()
}

/// Whether it is given traffic as soon as it runs, ready or not: whoever shows kept pages is not ready.
fn is_taken_when_it_runs(container: &Value) -> bool {
    ["startupProbe", "readinessProbe"].iter().all(|probe| container[probe]["httpGet"]["path"] == "/health")
}

/// Whether there is a folder for the files that profiles are made in, of which nothing is kept.
fn has_tmp(pod: &Value, container: &Value) -> bool {
    let mut mounted = items(&container["volumeMounts"]).filter(|mount| mount["mountPath"] == "/tmp");
    let is_empty = |name: &Value| items(&pod["volumes"]).any(|one| one["name"] == *name && one["emptyDir"].is_object());
    mounted.any(|mount| mount["readOnly"] != true && is_empty(&mount["name"]))
}

/// The seconds that Plimsoll takes to stop, as its command line has them.
fn grace() -> i64 {
    let source = text(&root(), "src/cli.rs");
    let said =
        Regex::new(r"const GRACE: Duration = Duration::from_secs\((\d+)\)").expect("a pattern").captures(&source);
    said.expect("src/cli.rs says how long a stop may take")[1].parse().expect("a number")
}

/// Variables, from where they come: they must be there, and Plimsoll's own.
fn settings(container: &Value, objects: &[Value]) -> Vec<String> {
    let mut set = settings::variables(&container["env"]);
    for source in items(&container["envFrom"]) {
        let (kind, name) = match (&source["configMapRef"]["name"], &source["secretRef"]["name"]) {
            (Value::String(name), _) => ("ConfigMap", name),
            (_, Value::String(name)) => ("Secret", name),
            _ => return vec!["it takes variables from nowhere".to_owned()],
        };
        let Some(object) = of_kind(objects, kind).find(|object| object["metadata"]["name"] == **name) else {
            return vec![format!("there is no {kind} {name}")];
        };
        // A Secret's values are in base64; which names it has is what counts, and what an example fills in is valid.
        let filled = settings::variables(&object["data"]).into_iter().map(|(variable, value)| match kind {
            "Secret" => (variable.clone(), settings::filled_in(&variable).to_owned()),
            _ => (variable, value),
        });
        set.extend(filled);
    }
    settings::complaints(&set)
}

/// Objects that name others.
fn references(objects: &[Value]) -> Vec<String> {
    let (deployments, services) = (names_of(objects, "Deployment"), names_of(objects, "Service"));
    let roles: BTreeSet<&str> = of_kind(objects, "Deployment").filter_map(role).collect();
    let mut complaints = Vec::new();
    let mut expect = |holds: bool, object: &Value, word: &str| {
        if !holds {
            complaints.push(format!("{}: {word}", name(object)));
        }
    };
    for scaler in of_kind(objects, "HorizontalPodAutoscaler") {
        let target = scaler["spec"]["scaleTargetRef"]["name"].as_str().unwrap_or_default();
        expect(deployments.contains(target), scaler, "it scales what is not there");
        let has_count = of_kind(objects, "Deployment")
            .any(|one| one["metadata"]["name"] == target && !one["spec"]["replicas"].is_null());
        expect(!has_count, scaler, "its deployment says how many there are, too");
    }
    for budget in of_kind(objects, "PodDisruptionBudget") {
        let component = budget["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"].as_str();
        expect(component.is_some_and(|role| roles.contains(role)), budget, "it is for nobody");
    }
    for service in of_kind(objects, "Service").filter(|service| service["metadata"]["name"] != "plimsoll-nobody") {
        let component = service["spec"]["selector"]["app.kubernetes.io/component"].as_str();
        expect(component.is_some_and(|role| roles.contains(role)), service, "it leads to nobody");
    }
    for ingress in of_kind(objects, "Ingress") {
        for path in items(&ingress["spec"]["rules"][0]["http"]["paths"]) {
            let backend = path["backend"]["service"]["name"].as_str().unwrap_or_default();
            expect(services.contains(backend), ingress, &format!("{} leads nowhere", path["path"]));
        }
    }
    complaints
}

/// What each role must have.
fn missing(objects: &[Value]) -> Vec<String> {
    let mut complaints = Vec::new();
    for kind in ["HorizontalPodAutoscaler", "PodDisruptionBudget", "Service"] {
        let owed: &[&str] =
            if kind == "HorizontalPodAutoscaler" { &["api", "status"] } else { &["api", "jobs", "status"] };
        let present = names_of(objects, kind);
        complaints.extend(
            owed.iter()
                .filter(|role| !present.contains(&format!("plimsoll-{role}")))
                .map(|role| format!("{role} has no {kind}")),
        );
    }
    complaints
}

fn role(deployment: &Value) -> Option<&str> {
    deployment["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"].as_str()
}

/// Nothing comes in or goes out unless it is named; and names, the store, the collector, and what one role alone needs are.
fn network(objects: &[Value]) -> Vec<String> {
    let policies = || of_kind(objects, "NetworkPolicy").map(|policy| &policy["spec"]);
    let is_closed = |spec: &Value| {
        spec["podSelector"].as_object().is_some_and(serde_json::Map::is_empty)
            && items(&spec["policyTypes"]).count() == 2
            && spec["ingress"].is_null()
            && spec["egress"].is_null()
    };
    let is_for = |spec: &Value, role: Option<&str>| {
        role == spec["podSelector"]["matchLabels"]["app.kubernetes.io/component"].as_str()
    };
    let is_open = |role: Option<&str>, wanted: u64| {
        let rules = policies().filter(|spec| is_for(spec, role)).flat_map(|spec| items(&spec["egress"]));
        rules.flat_map(|rule| items(&rule["ports"])).any(|port| port["port"] == wanted)
    };
    let (all, jobs, status) = (None, Some("jobs"), Some("status"));
    let owed = [(all, 53), (all, 27_017), (all, 4_317), (jobs, 9_093), (jobs, 9_090), (status, 443)];
    let mut complaints = Vec::new();
    complaints.extend((!policies().any(is_closed)).then(|| "what is not named is open".to_owned()));
    let closed = owed.into_iter().filter(|(role, port)| !is_open(*role, *port));
    complaints.extend(closed.map(|(role, port)| format!("port {port} is closed to {}", role.unwrap_or("all"))));
    complaints
}

/// The paths that probes and Prometheus ask.
fn asked(root: &Path) -> Vec<String> {
    let objects = built(root, EXAMPLE).expect("it builds");
    let probes = ["startupProbe", "readinessProbe", "livenessProbe"];
    let of_pods =
        of_kind(&objects, "Deployment").flat_map(|one| probes.map(|probe| &container(one)[probe]["httpGet"]["path"]));
    let scraped = of_kind(&objects, "ServiceMonitor").map(|monitor| &monitor["spec"]["endpoints"][0]["path"]);
    of_pods.chain(scraped).map(|path| path.as_str().unwrap_or("none").to_owned()).collect()
}

async fn unanswered(server: &str, paths: &[String]) -> Vec<String> {
    let mut refused = Vec::new();
    for path in paths {
        let answer = Client::new(server).ask("GET", path, &[], None).await;
        refused.extend((answer.status != 200).then(|| path.clone()));
    }
    refused
}

#[test]
fn the_manifests_name_each_other_take_away_what_is_not_needed_and_give_a_stop_its_time() {
    assert_eq!(complaints(installed().root()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_probes_and_prometheus_ask_is_answered() {
    let server = Setup::embedded().start().await;
    let paths = asked(installed().root());
    assert_eq!(paths.len(), 10, "three of each role, and one of all: {paths:?}");
    assert_eq!(unanswered(&server.url(), &paths).await, Vec::<String>::new());
    let broken = installed().with(&format!("{BASE}/jobs.yaml"), "path: /ready", "path: /readyz");
    assert_eq!(unanswered(&server.url(), &asked(broken.root())).await, ["/readyz"]);
}

#[test]
fn what_the_manifests_leave_out_is_complained_of() {
    let broken = |file: &str, from: &str, to: &str| -> Copy { installed().with(&format!("{BASE}/{file}"), from, to) };
    for (file, from, to, complaint) in [
        ("api.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "plimsoll-api: it may run as root"),
        ("jobs.yaml", "RuntimeDefault", "Unconfined", "any system call"),
        ("status.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "can be written to"),
        ("api.yaml", "drop: [ALL]", "drop: [NET_RAW]", "keeps capabilities"),
        ("status.yaml", "mountPath: /tmp", "mountPath: /temp", "plimsoll-status: its profiles have no /tmp"),
        ("api.yaml", "terminationGracePeriodSeconds: 40", "terminationGracePeriodSeconds: 30", "killed before"),
        ("api.yaml", "memory: 1Gi", "memory: 1GiB", "memory has no limit"),
        ("api.yaml", "serve, --roles, api", "serve, --roles, apis", "apis"),
        ("api.yaml", "secretRef: { name: plimsoll }", "secretRef: { name: plimsol }", "no Secret plimsol"),
        ("plimsoll.env", "PLIMSOLL_DATA_DIR", "PLIMSOLL_DATA_DIRECTORY", "PLIMSOLL_DATA_DIRECTORY is no key"),
        ("autoscaling.yaml", "name: plimsoll-api }", "name: plimsoll-apis }", "scales what is not there"),
        ("disruption.yaml", "component: jobs", "component: job", "it is for nobody"),
        ("disruption.yaml", "name: plimsoll-jobs", "name: plimsoll-job", "jobs has no PodDisruptionBudget"),
        (
            "services.yaml",
            "selector: { app.kubernetes.io/component: status }",
            "selector: { app.kubernetes.io/component: page }",
            "leads to nobody",
        ),
        ("ingress.yaml", "name: plimsoll-status", "name: plimsoll-site", "leads nowhere"),
        ("network.yaml", "policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]", "what is not named is open"),
        ("network.yaml", "port: 27017", "port: 27018", "port 27017 is closed"),
        ("network.yaml", "port: 9093", "port: 9094", "port 9093 is closed to jobs"),
        ("network.yaml", "port: 443", "port: 444", "port 443 is closed to status"),
        (
            "status.yaml",
            "readinessProbe:\n            httpGet: { path: /health",
            "readinessProbe:\n            httpGet: { path: /ready",
            "no page without its store",
        ),
        (
            "status.yaml",
            "startupProbe:\n            httpGet: { path: /health",
            "startupProbe:\n            httpGet: { path: /startup",
            "no page without its store",
        ),
    ] {
        assert_complains(&complaints(broken(file, from, to).root()), complaint);
    }
    let moved = installed().with(&format!("{EXAMPLE}/kustomization.yaml"), "newTag: 0.1.0", "newTag: main");
    assert_complains(&complaints(moved.root()), "no whole version");
}
