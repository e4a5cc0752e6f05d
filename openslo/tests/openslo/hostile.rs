//! Text that nobody wrote in good faith: never a panic, never more than a moment, never more memory than its size
//! explains.

use proptest::prelude::*;

use plimsoll_domain::slo::SloConfig;
use plimsoll_openslo::{read, write};

use crate::strategies::{any_config, any_tenant};

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = read(&text, &[]);
    }

    #[test]
    fn anything_like_yaml_is_read_or_refused(text in "([-:#&*!|>'\"%@{}\\[\\],?~ \n\t]|[a-c0-9.]{1,4}|apiVersion: openslo/v1|kind: SLO){0,40}") {
        let _ = read(&text, &[]);
    }
}

/// What a line is replaced with.
fn any_line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("---".to_owned()),
        " {0,8}[a-zA-Z]{1,9}: [a-z0-9.{}\\[\\]]{0,9}",
        " {0,8}- [a-z]{1,5}",
        prop::sample::select(vec![
            "spec: [1]",
            "  metadata:",
            "kind: SLI",
            "  objectives: {}",
            "    value: -1e300",
            "  labels: {a: [b, 1]}"
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #[test]
    fn a_document_with_lines_changed_is_read_or_refused(
        config in any_config(2),
        tenant in any_tenant(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any_line(), any::<bool>()), 1..6),
    ) {
        let yaml = write(&config, &tenant);
        let mut lines: Vec<_> = yaml.lines().map(str::to_owned).collect();
        for (index, line, keep_key) in changes {
            let line_at = &mut lines[index.index(yaml.lines().count())];
            let key = line_at.split_once(": ").filter(|_| keep_key).map(|(key, _)| format!("{key}: "));
            *line_at = format!("{}{line}", key.unwrap_or_default());
        }
        let _ = read(&lines.join("\n"), &[]);
    }
}

fn refused(yaml: &str) -> Vec<(String, String)> {
    let invalid = read(yaml, &[]).expect_err("refused");
    invalid.0.into_iter().map(|fault| (fault.pointer, fault.detail)).collect()
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect::<Vec<_>>().concat()
}

#[test]
fn aliases_are_not_followed() {
    let ten = |name: char| format!("*{name}, ").repeat(10);
    let unfolding = ('a'..'y').zip('b'..).map(|(of, name)| format!("{name}: &{name} [{}]\n", ten(of)));
    let bomb = "a: &a [x]\n".to_owned() + &unfolding.collect::<Vec<_>>().concat();
    let [(pointer, detail)] = &refused(&bomb)[..] else { panic!("one fault") };
    assert_eq!(pointer, "");
    assert!(detail.starts_with("line 2, column 8: expected no alias"), "{detail}");
    assert!(refused("a: &a {b: 1}\nc:\n  <<: {a: 1}\n")[0].1.contains("merge key"));
}

#[test]
fn depth_documents_and_values_are_bounded() {
    let deep = "[".repeat(500_000);
    let deeper = lines(1_000, |depth| format!("{}a:\n", " ".repeat(depth)));
    let many = "[x]\n---\n".repeat(100_000);
    let wide = "{},".repeat(300_000);
    for yaml in [deep, deeper, many, format!("[{wide}]"), format!("[{}]", "{},".repeat(50_000))] {
        let faults = refused(&yaml);
        assert_eq!((faults.len(), faults[0].0.as_str()), (1, ""), "{faults:?}");
    }
}

#[test]
fn a_megabyte_of_faults_is_a_short_answer() {
    let unknown = lines(100_000, |number| format!("k{number}: 1\n"));
    let head = "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: a}\n";
    let policies = format!("{head}spec:\n  alertPolicies:\n{}", "  - 1\n".repeat(100_000));
    let key = "k".repeat(500_000);
    let label = format!("{head}spec: {{}}\nx: {{\"{key}\": [{}]}}\n", "1,".repeat(100_000));
    let labels = format!("{head}spec: {{}}\n")
        .replace("{name: a}", &format!("{{name: a, labels: {{? \"{key}\" : [{}]}}}}", "1,".repeat(100_000)));
    let objects = format!("[{}]", "{apiVersion: openslo/v1},".repeat(4_000));
    for yaml in [unknown, policies, label, labels, objects] {
        let faults = refused(&yaml);
        let size: usize = faults.iter().map(|(pointer, detail)| pointer.len() + detail.len()).sum();
        assert!(size < 1_100_000 && faults.len() <= 1_001, "{} faults of {size} bytes", faults.len());
    }
}

#[test]
fn a_syntax_error_says_line_and_column() {
    for (yaml, place) in [
        ("a: 1\n b: 2\n", "line 2, column 3: expected YAML"),
        ("a: 'x", "line 1, column 4: expected YAML"),
        ("a: 1\nb: 2\na: 3\n", "line 3, column 1: expected YAML: duplicate"),
        ("a: 1e999", "line 1, column 4: expected YAML"),
    ] {
        let [(pointer, detail)] = &refused(yaml)[..] else { panic!("one fault") };
        assert!(pointer.is_empty() && detail.starts_with(place), "{detail}");
    }
    for nothing in ["", "---\n", "# a comment\n", "---\n...\n", "null\n"] {
        assert_eq!(refused(nothing), [(String::new(), "expected at least one OpenSLO document, got none".to_owned())]);
    }
}

#[test]
fn a_truncated_file_is_refused_or_shorter() {
    let yaml = write(&SloConfig::default(), &"acme".parse().expect("a valid id"));
    for end in (0..yaml.len()).step_by(41).filter(|end| yaml.is_char_boundary(*end)) {
        let _ = read(&yaml[..end], &[]);
    }
}
