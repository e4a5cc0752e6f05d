//! What `compose.yaml` promises as a whole: that it starts again, that pages are shown without the store, that the watchdog sees
//! Alertmanager, and that operators reach each process where the runbooks say.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::compose::{model, services};
use crate::tools::{Copy, assert_complains, items, names, root, run, text};

const FILE: &str = "infrastructure/compose.yaml";
const SETTINGS: &str = "infrastructure/.env.example";

fn complaints(root: &Path) -> Vec<String> {
    let model = model(root).expect("compose is read");
    let all = services(&model).flat_map(|(name, service)| homeless(name, service));
    all.chain(waits_for_the_store(&model)).chain(unwatched(&model)).chain(unreached(&model, root)).collect()
}

/// Root without capabilities cannot enter a folder of the image that is another's: what it writes must lie at the top.
fn homeless(name: &str, service: &Value) -> Vec<String> {
    let is_root = service["user"] == "0:0" && items(&service["cap_add"]).all(|cap| cap != "DAC_OVERRIDE");
    let targets: Vec<&str> = items(&service["volumes"])
        .filter(|volume| is_root && volume["type"] == "volume")
        .filter_map(|volume| volume["target"].as_str())
        .collect();
    let deep = targets.iter().filter(|target| target.matches('/').count() > 1);
    let mut complaints: Vec<String> = deep.map(|target| format!("{name} may not be let into {target}")).collect();
    let storage = items(&service["command"]).filter_map(|word| word.as_str()?.strip_prefix("--storage.path="));
    complaints.extend(
        storage
            .filter(|path| is_root && !targets.contains(path))
            .map(|path| format!("{name} keeps nothing of what is in {path}")),
    );
    complaints
}

/// Who shows pages may wait for nobody who waits for the store.
fn waits_for_the_store(model: &Value) -> Vec<String> {
    let (mut awaited, mut next) = (BTreeSet::new(), vec!["proxy", "plimsoll-status"]);
    while let Some(name) = next.pop() {
        if awaited.insert(name) {
            next.extend(names(&model["services"][name]["depends_on"]));
        }
    }
    let stores = awaited.into_iter().filter(|name| name.starts_with("mongo-"));
    stores.map(|name| format!("pages wait for {name}")).collect()
}

/// Alertmanager has an address that is nobody else's, and jobs may look there.
fn unwatched(model: &Value) -> Vec<String> {
    let network = &model["networks"]["internal"]["ipam"]["config"][0];
    let (subnet, range) = (network["subnet"].as_str().unwrap_or("?"), network["ip_range"].as_str().unwrap_or("?"));
    let address = model["services"]["alertmanager"]["networks"]["internal"]["ipv4_address"].as_str().unwrap_or("none");
    let inside = subnet.strip_suffix(".0/24").and_then(|prefix| address.strip_prefix(prefix)?.strip_prefix('.'));
    let is_own = inside.and_then(|last| last.parse::<u8>().ok()).is_some_and(|last| (2..128).contains(&last));
    let allowed = model["services"]["plimsoll-jobs"]["environment"]["PLIMSOLL_EGRESS_ALLOW"].as_str();
    let is_allowed = allowed.unwrap_or_default().split(',').any(|network| network == format!("{address}/32"));
    let owed = [
        (
            is_own && range.ends_with(".128/25"),
            format!("Alertmanager's address, {address}, may be another's in {subnet}"),
        ),
        (is_allowed, format!("the watchdog may not look at {address}")),
    ];
    owed.into_iter().filter(|(holds, _)| !holds).map(|(_, complaint)| complaint).collect()
}

/// What the runbooks have for the address of each process.
fn unreached(model: &Value, root: &Path) -> Vec<String> {
    let index = text(root, "infrastructure/runbooks/README.md");
    let stack = index.split("**The stack").nth(1).and_then(|rest| rest.split("**A cluster").next()).unwrap_or_default();
    let roles = [("api", "PLIMSOLL_URL=http://"), ("jobs", "JOBS_URL=http://"), ("status", "http://")];
    let is_told = |role: &str, before: &str| {
        items(&model["services"][format!("plimsoll-{role}")]["ports"]).any(|port| {
            let own = format!("{before}127.0.0.1:{}", port["published"].as_str().unwrap_or("?"));
            port["host_ip"] == "127.0.0.1" && port["target"] == 8_080 && stack.contains(&own)
        })
    };
    let untold = roles.into_iter().filter(|(role, before)| !is_told(role, before));
    untold.map(|(role, _)| format!("the runbooks do not reach {role}")).collect()
}

#[test]
fn the_stack_keeps_what_it_promises() {
    assert_eq!(complaints(&root()), Vec::<String>::new());
    let more = Copy::new().with(SETTINGS, "PLIMSOLL_EGRESS_ALLOW=\n", "PLIMSOLL_EGRESS_ALLOW=10.20.0.0/16\n");
    let told = model(more.root()).expect("compose is read");
    let allowed = |role: &str| told["services"][role]["environment"]["PLIMSOLL_EGRESS_ALLOW"].clone();
    assert_eq!(
        (allowed("plimsoll-api"), allowed("plimsoll-jobs")),
        ("10.20.0.0/16".into(), "172.30.20.10/32,10.20.0.0/16".into())
    );
}

#[test]
fn a_promise_that_is_not_kept_is_complained_of() {
    for (from, to, complaint) in [
        ("alloy-data:/data", "alloy-data:/var/lib/alloy/data", "alloy may not be let into /var/lib/alloy/data"),
        ("--storage.path=/data", "--storage.path=/var/lib/alloy/data", "alloy keeps nothing"),
        ("    depends_on: {}\n", "", "pages wait for mongo-init"),
        (
            "depends_on:\n      plimsoll-status",
            "depends_on:\n      plimsoll-api: { condition: service_healthy }\n      plimsoll-status",
            "pages wait for mongo-1",
        ),
        ("}.10/32", "}.11/32", "the watchdog may not look"),
        (
            "ipv4_address: \"${INTERNAL_PREFIX:-172.30.20}.10\"",
            "ipv4_address: \"${INTERNAL_PREFIX:-172.30.20}.130\"",
            "may be another's",
        ),
        ("}.0/24", "}.0/25", "may be another's"),
        ("127.0.0.1:8082:8080", "127.0.0.1:8084:8080", "do not reach jobs"),
        ("127.0.0.1:8081:8080", "127.0.0.1:8081:8081", "do not reach api"),
    ] {
        assert_complains(&complaints(Copy::new().with(FILE, from, to).root()), complaint);
    }
}

/// What makes the key file, run twice with `folder` for its volume and with the one capability that its container has. Whoever
/// is not root cannot give files away: for them, what is given away is what cannot be written to any more.
fn made_twice(at: &Path, folder: &Path) -> Result<(), String> {
    let model = model(at).expect("compose is read");
    let service = &model["services"]["mongo-keyfile"];
    assert_eq!(service["cap_add"], Value::from(vec!["CHOWN"]), "the one that it is run with here");
    let script = service["command"][0].as_str().expect("it has a script").replace("$$", "$");
    let script = script.replace("/keys", &folder.display().to_string());
    let is_root = fs::metadata(folder).expect("it is there").uid() == 0;
    for key in ["the first", "the second"] {
        let mut command = Command::new(if is_root { "setpriv" } else { "env" });
        if is_root {
            command.args(["--bounding-set=-all,+chown", "--inh-caps=-all"]);
        }
        let script = if is_root { script.clone() } else { script.replace("chown 999:999", "chmod a-w") };
        run(command.args(["sh", "-euc", &script]).env("MONGO_KEYFILE", key))?;
        let (file, kept) = (folder.join("keyfile"), fs::read_to_string(folder.join("keyfile")).expect("it is made"));
        let made = fs::metadata(file).expect("it is there");
        assert_eq!((kept.as_str(), made.permissions().mode() & 0o777), (key, 0o400));
        assert!(!is_root || made.uid() == 999, "MongoDB reads it");
    }
    Ok(())
}

#[test]
fn the_key_file_of_the_replica_set_is_made_again_at_each_start() {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    assert_eq!(made_twice(&root(), folder.path()), Ok(()));
    let broken = Copy::new().with(FILE, "chown 999:999 /keys/keyfile", "chown 999:999 /keys /keys/keyfile");
    let complaint = made_twice(broken.root(), other.path()).expect_err("the folder is another's");
    assert!(complaint.contains("ermission denied"), "{complaint}");
    fs::set_permissions(other.path(), fs::Permissions::from_mode(0o700)).expect("it is ours to remove");
}
