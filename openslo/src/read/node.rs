//! A value in the file together with the pointer that names it, so that every fault can say where it stands.

use plimsoll_domain::invalid::Faults;
use serde_json::{Map, Value};

/// Most fields of one mapping whose names are noted as wrong: a file of nothing else is told so soon enough.
const MOST_UNKNOWN: usize = 20;

/// One value of the file.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) value: &'a Value,
    /// RFC 6901, the first part being the document's index.
    pub(super) pointer: String,
}

/// The fields of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    pub(super) pointer: String,
}

/// Notes what was expected at `pointer`.
pub(super) fn note(faults: &mut Faults, pointer: &str, detail: impl Into<String>) {
    faults.require(false, pointer, || detail.into());
}

/// The pointer of `field` of what `pointer` names.
pub(super) fn join(pointer: &str, field: &str) -> String {
    format!("{pointer}/{}", field.replace('~', "~0").replace('/', "~1"))
}

impl<'a> Node<'a> {
    /// Its fields, of which others than `known` are noted as faults.
    pub(super) fn fields(&self, known: &[&str], faults: &mut Faults) -> Option<Fields<'a>> {
        let fields = self.any_fields(faults)?;
        for name in fields.names().filter(|name| !known.contains(name)).take(MOST_UNKNOWN) {
            note(faults, &fields.pointer_of(name), format!("expected one of {}", known.join(", ")));
        }
        Some(fields)
    }

    /// Its fields, whatever their names.
    pub(super) fn any_fields(&self, faults: &mut Faults) -> Option<Fields<'a>> {
        let Some(map) = self.value.as_object() else { return self.refuse("a mapping", faults) };
        Some(Fields { map, pointer: self.pointer.clone() })
    }

    /// Its text. Numbers and booleans are no text: they are written in quotes.
    pub(super) fn text(&self, faults: &mut Faults) -> Option<&'a str> {
        self.value.as_str().map_or_else(|| self.refuse("a text", faults), Some)
    }

    /// Its number, which is finite.
    pub(super) fn number(&self, faults: &mut Faults) -> Option<f64> {
        self.value.as_f64().map_or_else(|| self.refuse("a number", faults), Some)
    }

    pub(super) fn boolean(&self, faults: &mut Faults) -> Option<bool> {
        self.value.as_bool().map_or_else(|| self.refuse("true or false", faults), Some)
    }

    pub(super) fn items(&self, faults: &mut Faults) -> Option<Vec<Self>> {
        let Some(items) = self.value.as_array() else { return self.refuse("a list", faults) };
        let item = |(index, value)| Self { value, pointer: format!("{}/{index}", self.pointer) };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// The one item of a list that may hold no more.
    pub(super) fn only_item(&self, of_more: &str, faults: &mut Faults) -> Option<Self> {
        let mut items = self.items(faults)?;
        if items.len() == 1 {
            return items.pop();
        }
        note(faults, &self.pointer, format!("expected exactly one{of_more}, got {}", items.len()));
        None
    }

    /// What `parse` makes of its text, or a fault.
    pub(super) fn parse<T>(&self, parse: impl FnOnce(&str) -> Result<T, String>, faults: &mut Faults) -> Option<T> {
        let text = self.text(faults)?;
        faults.keep(parse(text), &self.pointer)
    }

    fn refuse<T>(&self, expected: &str, faults: &mut Faults) -> Option<T> {
        let got = match self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(_) | Value::Number(_) => format!("{} (unquoted)", self.value),
            Value::String(_) => "a text".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "a mapping".to_owned(),
        };
        note(faults, &self.pointer, format!("expected {expected}, got {got}"));
        None
    }
}

impl<'a> Fields<'a> {
    /// The names of all that are there.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.map.keys().map(String::as_str)
    }

    /// Where `name` stands, or would.
    pub(super) fn pointer_of(&self, name: &str) -> String {
        join(&self.pointer, name)
    }

    /// The field, if it is there and says something.
    pub(super) fn optional(&self, name: &str) -> Option<Node<'a>> {
        let value = self.map.get(name).filter(|value| !value.is_null())?;
        Some(Node { value, pointer: self.pointer_of(name) })
    }

    /// The field, or a fault.
    pub(super) fn required(&self, name: &str, expected: &str, faults: &mut Faults) -> Option<Node<'a>> {
        let found = self.optional(name);
        if found.is_none() {
            note(faults, &self.pointer_of(name), format!("expected {expected}, got nothing"));
        }
        found
    }

    /// Notes a fault at each of `names` that is there.
    pub(super) fn refuse(&self, names: &[&str], expected: &str, faults: &mut Faults) {
        for node in names.iter().filter_map(|name| self.optional(name)) {
            note(faults, &node.pointer, expected);
        }
    }
}
