//! YAML as a tenant's file holds it: documents as JSON values, and the line that each value stands on.
//!
//! What is taken of YAML is the same as for OpenSLO.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

use plimsoll_openslo::yaml::{self, Bounds, Malformed};

use super::fault::Fault;

/// Largest file, in bytes.
pub(super) const MAX_BYTES: usize = 4 * 1_024 * 1_024;
/// Routes within routes go deepest.
const BOUNDS: Bounds = Bounds { documents: 1_000, depth: 64 };

/// A document, and where in its file its values stand.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Located {
    pub(super) value: Value,
    /// By JSON pointer: the line, counted from one.
    pub(super) lines: Lines,
}

/// Lines by JSON pointer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lines(BTreeMap<String, u64>);

impl Lines {
    /// The line of what `pointer` names, or of the nearest thing around it that stands in the file.
    pub(super) fn of(&self, pointer: &str) -> Option<u64> {
        let mut at = pointer;
        loop {
            if let Some(line) = self.0.get(at) {
                return Some(*line);
            }
            at = &at[..at.rfind('/')?];
        }
    }
}

/// The documents of `text`. Those that hold nothing are passed over.
pub(super) fn parse(text: &str) -> Result<Vec<Located>, Fault> {
    if text.len() > MAX_BYTES {
        return Err(Fault::at("", format!("expected at most {MAX_BYTES} bytes")));
    }
    let nodes: Vec<Spanned<Node>> = yaml::parse(text, BOUNDS).map_err(explain)?;
    Ok(nodes.into_iter().map(located).collect())
}

/// `value` as one YAML document. Of its fields, those come first that say what something is.
pub(super) fn emit(value: &Value) -> String {
    // Long lines are left alone: a folded query cannot be copied elsewhere.
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    serde_saphyr::to_string_with_options(&Ordered(value), options).expect("texts and numbers can always be written")
}

/// A value whose fields are in the order that people read them.
struct Ordered<'a>(&'a Value);

const FIRST: [&str; 9] = ["tenant", "id", "slo_type", "name", "title", "kind", "url", "components", "apps"];

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(fields) => {
                let place = |name: &str| FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len());
                let mut ordered: Vec<_> = fields.iter().collect();
                ordered.sort_by_key(|(name, _)| place(name));
                serializer.collect_map(ordered.into_iter().map(|(name, value)| (name, Ordered(value))))
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(Ordered)),
            plain => plain.serialize(serializer),
        }
    }
}

fn explain(malformed: Malformed) -> Fault {
    Fault { line: malformed.place.map(|(line, _)| line), ..Fault::at("", malformed.words) }
}

/// A value of YAML that knows where its parts stand.
#[derive(Debug)]
enum Node {
    Plain(Value),
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<String>, Spanned<Self>)>),
}

fn located(root: Spanned<Node>) -> Located {
    let mut lines = BTreeMap::new();
    lines.insert(String::new(), root.referenced.line());
    let value = unfold(root.value, "", &mut lines);
    Located { value, lines: Lines(lines) }
}

fn unfold(node: Node, pointer: &str, lines: &mut BTreeMap<String, u64>) -> Value {
    match node {
        Node::Plain(value) => value,
        Node::List(items) => {
            let unfolded = items.into_iter().enumerate().map(|(index, item)| {
                let pointer = format!("{pointer}/{index}");
                lines.insert(pointer.clone(), item.referenced.line());
                unfold(item.value, &pointer, lines)
            });
            Value::Array(unfolded.collect())
        }
        Node::Map(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let pointer = format!("{pointer}/{}", escaped(&key.value));
                // A mapping begins where its first key does, which is below the key that it belongs to.
                lines.insert(pointer.clone(), key.referenced.line());
                map.insert(key.value, unfold(value.value, &pointer, lines));
            }
            Value::Object(map)
        }
    }
}

/// A key as it stands in a JSON pointer.
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value that JSON has")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Plain(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Plain(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Plain(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("expected a finite number"))?;
        Ok(Node::Plain(Value::Number(number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Plain(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Plain(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Plain(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut map: Vec<(Spanned<String>, Spanned<Node>)> = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        let mut keys: Vec<&str> = map.iter().map(|(key, _)| key.value.as_str()).collect();
        keys.sort_unstable();
        // `1` and `"1"` are two keys for YAML and one for JSON.
        if let Some([twice, _]) = keys.array_windows().find(|[one, other]| one == other) {
            return Err(A::Error::custom(format!("expected each key once, got {twice:?} twice")));
        }
        Ok(Node::Map(map))
    }
}

#[cfg(test)]
mod tests;
