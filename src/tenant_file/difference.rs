//! What differs between two values, field by field, in words.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

/// Fields that tell the things of a list from each other.
const NAMES: [&str; 4] = ["slo_type", "id", "name", "label"];
/// Longest value that is shown, in characters.
const SHOWN: usize = 120;

/// One field that differs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    /// Which, such as `objectives[availability].window`.
    pub(super) field: String,
    /// What stands there; `None`: nothing.
    pub(super) old: Option<Value>,
    /// What is wanted; `None`: nothing.
    pub(super) new: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, old, new } = self;
        match (old, new) {
            (None, Some(new)) => write!(formatter, "+ {field}: {}", Short(new)),
            (Some(old), None) => write!(formatter, "- {field}: {}", Short(old)),
            (Some(old), Some(new)) => write!(formatter, "~ {field}: {} → {}", Short(old), Short(new)),
            (None, None) => write!(formatter, "~ {field}"),
        }
    }
}

/// A value in one line that is not too long.
struct Short<'a>(&'a Value);

impl fmt::Display for Short<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let mut shown: String = text.chars().take(SHOWN).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        formatter.write_str(&shown)
    }
}

/// What has to change for `old` to become `new`, in the order of the fields' names.
pub(super) fn between(old: &Value, new: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(old), Some(new), &mut found);
    found
}

fn compare(field: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<Difference>) {
    match (old, new) {
        (Some(old), Some(new)) if old == new => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                let inner = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
                compare(&inner, old.get(name), new.get(name), found);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) if !compare_named(field, before, after, found) => {
            found.push(Difference { field: field.to_owned(), old: old.cloned(), new: new.cloned() });
        }
        (Some(Value::Array(_)), Some(Value::Array(_))) => {}
        _ => found.push(Difference { field: field.to_owned(), old: old.cloned(), new: new.cloned() }),
    }
}

/// Compares two lists of things that have names; `false`: they are none.
fn compare_named(field: &str, old: &[Value], new: &[Value], found: &mut Vec<Difference>) -> bool {
    let Some((old_names, new_names)) = NAMES.iter().find_map(|by| names(old, by).zip(names(new, by))) else {
        return false;
    };
    let place = |names: &[&str], name: &str| names.iter().position(|other| *other == name);
    let all = old_names.iter().chain(new_names.iter().filter(|name| !old_names.contains(name)));
    for name in all {
        let before = place(&old_names, name).map(|at| &old[at]);
        let after = place(&new_names, name).map(|at| &new[at]);
        compare(&format!("{field}[{name}]"), before, after, found);
    }
    let common = |names: &[&str], others: &[&str]| -> Vec<Value> {
        names.iter().filter(|name| others.contains(name)).map(|name| Value::from(*name)).collect()
    };
    let (before, after) = (common(&old_names, &new_names), common(&new_names, &old_names));
    if before != after {
        let order = |names| Some(Value::Array(names));
        found.push(Difference { field: format!("{field} (order)"), old: order(before), new: order(after) });
    }
    true
}

/// The names of `things`, if each has one of its own.
fn names<'a>(things: &'a [Value], by: &str) -> Option<Vec<&'a str>> {
    let names: Vec<&str> = things.iter().map(|thing| thing.get(by)?.as_str()).collect::<Option<_>>()?;
    let apart: BTreeSet<&str> = names.iter().copied().collect();
    (apart.len() == names.len()).then_some(names)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(old: &Value, new: &Value) -> Vec<String> {
        between(old, new).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn fields_are_told_one_by_one() {
        let old = json!({"name": "A", "probe": {"kind": "heartbeat", "every_seconds": 60}, "group": "x"});
        let new = json!({"name": "A", "probe": {"kind": "heartbeat", "every_seconds": 90}, "description": "y"});
        let expected = ["+ description: \"y\"", "- group: \"x\"", "~ probe.every_seconds: 60 → 90"];
        assert_eq!(told(&old, &new), expected);
        assert_eq!(told(&old, &old), [""; 0]);
    }

    #[test]
    fn things_of_a_list_are_known_by_their_names_and_their_order_counts() {
        let old = json!({"objectives": [{"slo_type": "a", "x": 1}, {"slo_type": "b", "x": 1}, {"slo_type": "c"}]});
        let new = json!({"objectives": [{"slo_type": "b", "x": 2}, {"slo_type": "a", "x": 1}, {"slo_type": "d"}]});
        let expected = [
            "~ objectives[b].x: 1 → 2",
            "- objectives[c]: {\"slo_type\":\"c\"}",
            "+ objectives[d]: {\"slo_type\":\"d\"}",
            "~ objectives (order): [\"a\",\"b\"] → [\"b\",\"a\"]",
        ];
        assert_eq!(told(&old, &new), expected);
        assert_eq!(told(&json!({"to": ["a"]}), &json!({"to": ["b"]})), ["~ to: [\"a\"] → [\"b\"]"]);
        assert_eq!(told(&json!([]), &json!([{"id": "a"}])), ["+ [a]: {\"id\":\"a\"}"]);
    }

    #[test]
    fn a_long_value_is_cut() {
        let shown = told(&json!({}), &json!({"body": "å".repeat(1_000)})).remove(0);
        assert!(shown.ends_with('…') && shown.chars().count() < 150, "{shown}");
    }
}
