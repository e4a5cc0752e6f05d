//! Everything that can be wrong with a file, each with the pointer it is told by.

mod annotations;
mod elsewhere;
mod referred;

use plimsoll_openslo::read;

const SHOP: &str = include_str!("../foreign/shop.yaml");
const CLINIC: &str = include_str!("../foreign/clinic.yaml");
const QUEUE: &str = include_str!("../foreign/queue.yaml");

/// Pointers and details of what is wrong once `from` is `to`.
fn faults(yaml: &str, from: &str, to: &str) -> Vec<(String, String)> {
    assert!(yaml.contains(from), "{from:?} is not there");
    let invalid = read(&yaml.replacen(from, to, 1), &[]).expect_err(to);
    invalid.0.into_iter().map(|fault| (fault.pointer, fault.detail)).collect()
}

fn assert_fault(yaml: &str, from: &str, to: &str, (pointer, detail): (&str, &str)) {
    let found = faults(yaml, from, to);
    let pointers: Vec<_> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, [pointer], "{found:?}");
    assert!(found[0].1.contains(detail), "{found:?}");
}

#[test]
fn all_faults_are_told_at_once() {
    let yaml = SHOP.replace("targetPercent: 99.9", "target: 2").replace("severity: critical", "severity: red");
    let yaml = yaml.replace("https://", "gopher://").replace("name: checkout\nspec", "nam: checkout\nspec");
    let yaml = format!("{}---\nkind: SLO\n---\n7\n", yaml.replace("4w", "4x").replace("Occurrences", "Timeslices"));
    let mut pointers: Vec<_> =
        read(&yaml, &[]).expect_err("refused").0.into_iter().map(|fault| fault.pointer).collect();
    pointers.sort();
    let expected = [
        "/0/spec/budgetingMethod",
        "/0/spec/objectives/0/target",
        "/0/spec/timeWindow/0/duration",
        "/3/spec/severity",
        "/4/spec/connectionDetails/url",
        "/6/metadata/nam",
        "/6/metadata/name",
        "/7/apiVersion",
        "/8",
    ];
    assert_eq!(pointers, expected);
}

#[test]
fn more_slos_than_a_tenant_may_have_are_refused() {
    let head = "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: slo-";
    let source = "{metricSource: {type: Other, spec: {a: 1}}}";
    let tail = format!(
        "}}\nspec:\n  service: a\n  budgetingMethod: Occurrences\n  objectives: [{{target: 0.9}}]\n  indicator: {{metadata: {{name: a}}, spec: {{ratioMetric: {{good: {source}, total: {source}}}}}}}\n---\n"
    );
    let yaml: Vec<_> = (0..201).map(|number| format!("{head}{number}{tail}")).collect();
    let invalid = read(&yaml.concat(), &[]).expect_err("refused");
    assert_eq!(invalid.to_string(), ": expected at most 200 SLOs, got 201");
}
