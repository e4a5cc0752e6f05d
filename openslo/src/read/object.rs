//! What all kinds of documents have in common: a version, a kind, a name, annotations and a spec.

use std::collections::BTreeMap;

use plimsoll_domain::invalid::{Faults, Invalid};
use serde_json::Value;

use crate::annotation::{OF_CONDITION, OF_SLO, PREFIX};
use crate::document::API_VERSION;
use crate::read::MOST;
use crate::read::node::{Fields, Node, join, note};

/// The kinds there are.
const KINDS: [&str; 7] =
    ["DataSource", "SLO", "SLI", "AlertPolicy", "AlertCondition", "AlertNotificationTarget", "Service"];

/// A document, or a part of one that has a name of its own.
#[derive(Debug)]
pub(super) struct Object<'a> {
    /// `/{document}`, or where it stands within another one.
    pub(super) pointer: String,
    /// Its `metadata.name`, as it is written.
    pub(super) name: &'a str,
    pub(super) annotations: Annotations<'a>,
    pub(super) spec: Node<'a>,
}

/// What stands under our prefix.
#[derive(Debug, Default)]
pub(super) struct Annotations<'a> {
    ours: BTreeMap<&'a str, Node<'a>>,
    pointer: String,
}

impl<'a> Annotations<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&Node<'a>> {
        self.ours.get(name)
    }

    /// Where the annotation stands, or would.
    pub(super) fn pointer_of(&self, name: &str) -> String {
        join(&self.pointer, name)
    }

    /// What `parse` makes of the annotation; `None` when it is not there, or no good, which is noted.
    pub(super) fn parse<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
        faults: &mut Faults,
    ) -> Option<T> {
        self.get(name)?.parse(parse, faults)
    }

    /// The value that the annotation says in the form that Rust reads.
    pub(super) fn value<T: std::str::FromStr>(&self, name: &str, expected: &str, faults: &mut Faults) -> Option<T> {
        self.parse(name, |text| text.parse().map_err(|_| format!("expected {expected}, got {text:?}")), faults)
    }
}

/// Every document of the file, and where a document is a list of objects, as some tools write them, each of those.
pub(super) fn documents(values: &[Value]) -> Result<Vec<Node<'_>>, Invalid> {
    let mut nodes = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let pointer = format!("/{index}");
        match value {
            Value::Array(items) => {
                let item = |(index, value)| Node { value, pointer: format!("{pointer}/{index}") };
                nodes.extend(items.iter().enumerate().map(item));
            }
            value => nodes.push(Node { value, pointer }),
        }
    }
    match nodes.len() {
        0 => Err(Invalid::at("", "expected at least one OpenSLO document, got none")),
        1..=MOST => Ok(nodes),
        count => Err(Invalid::at("", format!("expected at most {MOST} OpenSLO documents, got {count}"))),
    }
}

/// A document and its kind; `None` when it is no OpenSLO document, which is noted.
pub(super) fn read<'a>(node: &Node<'a>, faults: &mut Faults) -> Option<(&'static str, Object<'a>)> {
    let fields = node.fields(&["apiVersion", "kind", "metadata", "spec"], faults)?;
    let version = fields.required("apiVersion", API_VERSION, faults);
    let version = version.and_then(|version| version.parse(only(API_VERSION), faults));
    let kind = fields.required("kind", &format!("one of {}", KINDS.join(", ")), faults);
    let kind = kind.and_then(|kind| kind.parse(known_kind, faults));
    // What is of another version or kind has other fields, and nothing can be said of them.
    version?;
    let kind = kind?;
    Some((kind, parts(kind, &fields, faults)?))
}

/// An object that stands within another one: without a version, and of a kind that is clear from where it stands.
pub(super) fn inline<'a>(kind: &'static str, node: &Node<'a>, faults: &mut Faults) -> Option<Object<'a>> {
    let fields = node.fields(&["kind", "metadata", "spec"], faults)?;
    if let Some(node) = fields.optional("kind") {
        node.parse(only(kind), faults);
    }
    parts(kind, &fields, faults)
}

fn parts<'a>(kind: &str, fields: &Fields<'a>, faults: &mut Faults) -> Option<Object<'a>> {
    let metadata = fields.required("metadata", "a mapping with a name", faults);
    let spec = fields.required("spec", "a mapping", faults);
    let metadata = metadata?.fields(&["name", "displayName", "labels", "annotations"], faults)?;
    if let Some(node) = metadata.optional("displayName") {
        node.text(faults);
    }
    if let Some(node) = metadata.optional("labels") {
        check_labels(&node, faults);
    }
    let ours: &[&str] = match kind {
        "SLO" => &OF_SLO,
        "AlertCondition" => &OF_CONDITION,
        _ => &[],
    };
    let annotations = metadata.optional("annotations").and_then(|node| annotations(&node, ours, faults));
    let name = metadata.required("name", "a name", faults)?.text(faults)?;
    if name.is_empty() {
        note(faults, &metadata.pointer_of("name"), "expected a name, got an empty text");
    }
    let pointer = metadata.pointer_of("annotations");
    let annotations = annotations.unwrap_or(Annotations { ours: BTreeMap::new(), pointer });
    Some(Object { pointer: fields.pointer.clone(), name, annotations, spec: spec? })
}

fn annotations<'a>(node: &Node<'a>, known: &[&str], faults: &mut Faults) -> Option<Annotations<'a>> {
    let fields = node.any_fields(faults)?;
    let mut ours = BTreeMap::new();
    for name in fields.names() {
        let Some(value) = fields.optional(name) else { continue };
        if !name.starts_with(PREFIX) {
            value.text(faults);
        } else if known.contains(&name) {
            ours.insert(name, value);
        } else {
            let known = if known.is_empty() { "none".to_owned() } else { format!("one of {}", known.join(", ")) };
            note(faults, &value.pointer, format!("expected {known} under {PREFIX}"));
        }
    }
    Some(Annotations { ours, pointer: fields.pointer })
}

/// Labels are for others: only their shape is looked at.
fn check_labels(node: &Node<'_>, faults: &mut Faults) {
    let Some(fields) = node.any_fields(faults) else { return };
    for label in fields.names().filter_map(|name| fields.optional(name)) {
        let texts = label.value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
        faults.require(texts || label.value.is_string(), &label.pointer, || {
            "expected a text or a list of texts".to_owned()
        });
    }
}

fn known_kind(text: &str) -> Result<&'static str, String> {
    let found = KINDS.into_iter().find(|kind| *kind == text);
    found.ok_or_else(|| format!("expected one of {}, got {text:?}", KINDS.join(", ")))
}

/// Accepts `expected` and nothing else.
pub(super) fn only(expected: &str) -> impl FnOnce(&str) -> Result<(), String> {
    move |text| if text == expected { Ok(()) } else { Err(format!("expected {expected}, got {text:?}")) }
}
