//! What we write is OpenSLO v1: held against a JSON schema, and what the schema cannot say (that names lead somewhere).
//!
//! The schema is our own reading of the specification: see its description for why the project's own is not used.

use std::collections::BTreeSet;

use jsonschema::Validator;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::Value;

use plimsoll_domain::slo::SloConfig;
use plimsoll_openslo::write;

use crate::strategies::{any_config, any_tenant};

fn schema() -> Validator {
    let schema: Value = serde_json::from_str(include_str!("openslo-v1.schema.json")).expect("JSON");
    jsonschema::validator_for(&schema).expect("a schema")
}

fn documents(yaml: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(yaml).expect("YAML")
}

fn faults(schema: &Validator, documents: &[Value]) -> Vec<String> {
    let of = |(index, document)| {
        let faults: Vec<_> = schema.iter_errors(document).collect();
        faults.into_iter().map(move |error| format!("/{index}{}: {error}", error.instance_path()))
    };
    documents.iter().enumerate().flat_map(of).collect()
}

/// Kind and name of every document.
fn names(documents: &[Value]) -> Vec<(&str, &str)> {
    documents
        .iter()
        .filter_map(|document| Some((document["kind"].as_str()?, document["metadata"]["name"].as_str()?)))
        .collect()
}

/// Every `…Ref` in the documents, with the kind that it names.
fn references(value: &Value, found: &mut Vec<(&'static str, String)>) {
    const KINDS: [(&str, &str); 5] = [
        ("metricSourceRef", "DataSource"),
        ("alertPolicyRef", "AlertPolicy"),
        ("conditionRef", "AlertCondition"),
        ("targetRef", "AlertNotificationTarget"),
        ("service", "Service"),
    ];
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(map) => {
            for (name, kind) in KINDS {
                found.extend(map.get(name).and_then(Value::as_str).map(|text| (kind, text.to_owned())));
            }
            map.values().for_each(|value| references(value, found));
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn what_is_written_follows_the_schema_and_every_name_leads_somewhere(
        config in any_config(6),
        tenant in any_tenant(),
    ) {
        let documents = documents(&write(&config, &tenant));
        prop_assert_eq!(faults(&schema(), &documents), Vec::<String>::new());
        let names = names(&documents);
        let unique: BTreeSet<_> = names.iter().copied().collect();
        prop_assert_eq!(unique.len(), names.len(), "a name is used twice");
        let mut found = Vec::new();
        for document in &documents {
            references(document, &mut found);
        }
        for (kind, name) in found {
            prop_assert!(unique.contains(&(kind, name.as_str())), "there is no {} {}", kind, name);
        }
    }
}

/// That the schema finds anything at all.
#[rstest]
#[case::another_version("openslo/v1", "openslo/v2")]
#[case::a_name_with_an_underscore("name: latency-p95", "name: latency_p95")]
#[case::a_reserved_annotation("plimsoll.dev/kind", "openslo.com/kind")]
#[case::a_number_in_an_annotation("\"0.25\"", "0.25")]
#[case::an_unknown_unit("duration: 30d", "duration: 30s")]
#[case::no_service("  service: acme\n", "")]
#[case::an_unknown_method("Occurrences", "Events")]
#[case::a_target_of_one("target: 0.999", "target: 1")]
#[case::a_threshold_without_a_value("    value: 300.0\n", "")]
#[case::a_calendar_that_rolls(
    "isRolling: true",
    "isRolling: true\n    calendar: {startTime: '2024-01-01 00:00:00', timeZone: UTC}"
)]
#[case::no_calendar("isRolling: true", "isRolling: false")]
#[case::neither_good_nor_raw("good:", "bad:")]
#[case::an_unknown_operator("op: gt", "op: above")]
#[case::no_target("  notificationTargets:\n  - targetRef: plimsoll\n", "")]
#[case::an_unknown_field("severity: page", "severity: page\n  urgency: high")]
fn what_is_not_openslo_is_found(#[case] from: &str, #[case] to: &str) {
    let yaml = write(&SloConfig::default(), &"acme".parse().expect("a valid id"));
    assert!(yaml.contains(from), "{from}");
    assert_ne!(faults(&schema(), &documents(&yaml.replace(from, to))), Vec::<String>::new());
}
