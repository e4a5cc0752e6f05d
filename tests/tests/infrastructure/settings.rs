//! Whether variables that a file sets are keys of Plimsoll's configuration with values that it takes: Plimsoll says so itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::tools::{Copy, document, items, plimsoll, root, run, text};

/// What is filled in where an example says that something must be.
pub(crate) fn filled_in(name: &str) -> &'static str {
    match name {
        "PLIMSOLL_SECRET_KEY" => "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "PLIMSOLL_ROOT_KEY" => "5e1f0c7ad0b94b0c9b7d5a2f4c6e8091a3b5c7d9e1f20416283a4c5e6f708192",
        "PLIMSOLL_STORE" => "mongodb://plimsoll:word@mongodb.example.com/plimsoll?replicaSet=rs0",
        "PLIMSOLL_DOMAIN" => "status.example.com",
        "ACME_EMAIL" => "somebody@example.com",
        _ => "a-word-of-the-tests",
    }
}

/// An example of `NAME=value` lines with what is empty and wanted filled in.
pub(crate) fn filled(example: &str, is_wanted: impl Fn(&str) -> bool) -> String {
    let fill = |line: &str| match line.strip_suffix('=') {
        Some(name) if !line.starts_with('#') && is_wanted(name) => format!("{line}{}\n", filled_in(name)),
        _ => format!("{line}\n"),
    };
    example.lines().map(fill).collect()
}

/// What Plimsoll would complain of if it were started with these variables, of which there are others for other programs.
pub(crate) fn complaints(variables: &BTreeMap<String, String>) -> Vec<String> {
    let is_ours = |name: &str| ["PLIMSOLL_", "OTEL_", "LOG_", "RUST_"].iter().any(|prefix| name.starts_with(prefix));
    let ours = || variables.iter().filter(|(name, _)| is_ours(name));
    let listed = match run(plimsoll().arg("config").envs(ours())) {
        Ok(listed) => listed,
        Err(listed) => return listed.lines().filter(|line| line.contains("wrong:")).map(str::to_owned).collect(),
    };
    let known: BTreeSet<&str> = listed.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').collect();
    // A name with the prefix OTEL_ that Plimsoll does not heed may be there for other programs, and is not refused.
    let unknown = ours().filter(|(name, _)| !known.contains(name.as_str()));
    unknown.map(|(name, _)| format!("{name} is no key of the configuration")).collect()
}

/// The variables of a systemd unit's `Environment=` lines.
fn unit_variables(root: &Path) -> BTreeMap<String, String> {
    let unit = text(root, "infrastructure/systemd/plimsoll.service");
    let set = unit.lines().filter_map(|line| line.strip_prefix("Environment="));
    let pairs = set.flat_map(str::split_whitespace).filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn unit_complaints(root: &Path) -> Vec<String> {
    complaints(&unit_variables(root))
}

#[test]
fn what_the_unit_sets_is_known_to_plimsoll() {
    assert!(!unit_variables(&root()).is_empty());
    assert_eq!(unit_complaints(&root()), Vec::<String>::new());
    let broken = Copy::new().with("infrastructure/systemd/plimsoll.service", "PLIMSOLL_STORE", "PLIMSOLL_SHOP");
    assert_ne!(unit_complaints(broken.root()), Vec::<String>::new());
}

#[test]
fn a_name_that_nobody_reads_is_complained_of_whatever_its_prefix() {
    for (name, value) in [("PLIMSOLL_SHOP", "x"), ("OTEL_TRACES_SAMPLE", "x"), ("LOG_FORMAT", "xml")] {
        let set = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        assert_ne!(complaints(&set), Vec::<String>::new(), "{name}");
    }
}

/// A list of `{name, value}` or an object of names and values, as variables.
pub(crate) fn variables(set: &Value) -> BTreeMap<String, String> {
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let listed = items(set).filter_map(|pair| Some((pair["name"].as_str()?.to_owned(), word(&pair["value"]))));
    let named = set.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), word(value)));
    listed.chain(named).collect()
}

#[test]
fn the_example_of_compose_names_every_variable_of_compose_and_no_other() {
    fn asked(compose: &str) -> BTreeSet<&str> {
        let after = compose.split("${").skip(1);
        after.map(|rest| rest.split([':', '}', '?', '-']).next().unwrap_or_default()).collect()
    }
    let (root, compose) = (root(), "infrastructure/compose.yaml");
    let example = text(&root, "infrastructure/.env.example");
    let given: BTreeSet<&str> = example
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once('=')?.0))
        .collect();
    assert_eq!(asked(&text(&root, compose)), given);
    assert!(document(&root, compose)["services"].is_object());
    assert_ne!(asked(&text(&root, compose).replacen("${RUST_LOG", "${RUST_LOGS", 1)), given);
}
