//! The manifests, as kubectl builds them, and whether Kubernetes knows every field of them.

use std::collections::HashMap;
use std::path::Path;

use jsonschema::{Registry, Validator};
use serde_json::Value;

use crate::settings::filled;
use crate::tools::{Copy, assert_complains, documents, program, root, run, text};

pub(crate) const EXAMPLE: &str = "infrastructure/kubernetes/overlays/example";
/// The oldest that they are for, and the newest: as in `scripts/schemas.sh`.
const VERSIONS: [&str; 2] = ["v1.31.0", "v1.37.0"];
const DEFINITIONS: &str = "https://kubernetes.io/api/_definitions.json";

/// The objects that kubectl builds from a folder under `root`.
pub(crate) fn built(root: &Path, folder: &str) -> Result<Vec<Value>, String> {
    documents(&run(program("kubectl").arg("kustomize").arg(root.join(folder)))?)
}

/// A copy whose example is filled in, as somebody would who installs it.
pub(crate) fn installed() -> Copy {
    let example = text(&root(), &format!("{EXAMPLE}/secret.env.example"));
    Copy::new().holding(&format!("{EXAMPLE}/secret.env"), &filled(&example, |_| true))
}

/// How an object is spoken of: `Deployment plimsoll-api`.
pub(crate) fn name(object: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    format!("{} {}", word(&object["kind"]), word(&object["metadata"]["name"]))
}

/// The schemas of one version of Kubernetes, in which no unknown field passes.
struct Kubernetes {
    version: &'static str,
    definitions: Value,
    known: HashMap<String, Validator>,
}

impl Kubernetes {
    fn new(version: &'static str) -> Self {
        let definitions = schema(version, "_definitions").expect("`make schemas` installs them");
        Self { version, definitions, known: HashMap::new() }
    }

    fn complaints(&mut self, object: &Value) -> Vec<String> {
        let (whose, version) = (name(object), self.version);
        let Some(file) = file(object) else { return vec![format!("{whose}: no apiVersion and kind")] };
        if !self.known.contains_key(&file) {
            let Some(schema) = schema(version, &file) else {
                return vec![format!("{whose}: {version} knows no {file}")];
            };
            let registry = Registry::new()
                .add(DEFINITIONS, self.definitions.clone())
                .and_then(jsonschema::RegistryBuilder::prepare);
            let registry = registry.expect("the definitions are a schema");
            let validator = jsonschema::options().with_registry(&registry).build(&schema);
            self.known.insert(file.clone(), validator.unwrap_or_else(|error| panic!("{file}: {error}")));
        }
        let faults = self.known[&file].iter_errors(object);
        faults.map(|fault| format!("{whose}: {version}: {}: {fault}", fault.instance_path())).collect()
    }
}

/// Where an object's schema lies: `deployment-apps-v1`, `ingress-networking-v1`, `service-v1`.
fn file(object: &Value) -> Option<String> {
    let (kind, version) = (object["kind"].as_str()?.to_lowercase(), object["apiVersion"].as_str()?);
    let version = match version.split_once('/') {
        Some((group, version)) => format!("{}-{version}", group.split('.').next().unwrap_or_default()),
        None => version.to_owned(),
    };
    Some(format!("{kind}-{version}"))
}

fn schema(version: &str, file: &str) -> Option<Value> {
    let path = root().join(".tools/infrastructure/kubernetes").join(version).join(format!("{file}.json"));
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).expect("it is JSON"))
}

fn is_operators(object: &Value) -> bool {
    object["apiVersion"].as_str().is_some_and(|version| version.starts_with("monitoring.coreos.com/"))
}

fn complaints(root: &Path) -> Vec<String> {
    let objects = match built(root, EXAMPLE) {
        Ok(objects) => objects,
        Err(complaint) => return vec![complaint],
    };
    let own = || objects.iter().filter(|object| !is_operators(object));
    VERSIONS
        .into_iter()
        .flat_map(|version| {
            let mut kubernetes = Kubernetes::new(version);
            own().flat_map(|object| kubernetes.complaints(object)).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_object_has_only_fields_that_kubernetes_knows_in_the_oldest_version_and_the_newest() {
    assert_eq!(complaints(installed().root()), Vec::<String>::new());
}

#[test]
fn the_base_and_the_example_build_and_the_example_only_with_its_secrets() {
    let count = |root: &Path, folder| built(root, folder).map(|objects| objects.len());
    assert!(count(&root(), "infrastructure/kubernetes/base").is_ok_and(|count| count > 15));
    assert!(count(installed().root(), EXAMPLE).is_ok_and(|count| count > 18));
    let complaint = count(Copy::new().root(), EXAMPLE).expect_err("nobody filled it in");
    assert!(complaint.contains("secret.env"), "{complaint}");
}

#[test]
fn a_broken_manifest_is_complained_of() {
    let base = "infrastructure/kubernetes/base";
    for (file, from, to, complaint) in [
        ("api.yaml", "revisionHistoryLimit", "revisionHistory", "revisionHistory"),
        ("api.yaml", "periodSeconds: 2", "periodSeconds: often", "often"),
        ("jobs.yaml", "replicas: 2", "replicas: two", "two"),
        (
            "autoscaling.yaml",
            "autoscaling/v2",
            "autoscaling/v2beta2",
            "knows no horizontalpodautoscaler-autoscaling-v2beta2",
        ),
        ("network.yaml", "policyTypes: [Ingress, Egress]", "policyType: [Ingress]", "policyType"),
        ("ingress.yaml", "pathType: Exact", "pathTyp: Exact", "pathTyp"),
        ("kustomization.yaml", "  - jobs.yaml", "  - job.yaml", "job.yaml"),
    ] {
        let broken = installed().with(&format!("{base}/{file}"), from, to);
        assert_complains(&complaints(broken.root()), complaint);
    }
    let patched = installed().with(&format!("{EXAMPLE}/kustomization.yaml"), "name: plimsoll }", "name: plimsol }");
    let unpatched = built(patched.root(), EXAMPLE).expect("kubectl patches nothing, and says nothing");
    assert!(unpatched.iter().any(|object| object.to_string().contains("status.example.com")));
}
