//! Checks of JSON against what a provider writes down, with a pointer to each violation.

use std::ops::RangeInclusive;

use serde_json::Value;

/// What was found wrong so far.
#[derive(Debug, Default)]
pub(super) struct Check {
    pub(super) faults: Vec<String>,
}

impl Check {
    pub(super) fn require(&mut self, holds: bool, fault: &str) {
        if !holds {
            self.faults.push(fault.to_owned());
        }
    }

    /// An object with all of `required` and nothing but these and `optional`.
    pub(super) fn object(&mut self, value: &Value, pointer: &str, required: &[&str], optional: &[&str]) {
        let Some(object) = value.as_object() else {
            return self.faults.push(format!("{pointer}: expected an object, got {value}"));
        };
        for name in required.iter().filter(|name| !object.contains_key(**name)) {
            self.faults.push(format!("{pointer}/{name}: missing"));
        }
        for name in object.keys().filter(|name| !required.contains(&name.as_str())) {
            self.require(optional.contains(&name.as_str()), &format!("{pointer}/{name}: unknown"));
        }
    }

    /// A text of so many UTF-16 units.
    pub(super) fn text(&mut self, value: &Value, pointer: &str, length: RangeInclusive<usize>) {
        match value.as_str().map(units) {
            Some(units) => self.require(length.contains(&units), &format!("{pointer}: {units} characters")),
            None => self.faults.push(format!("{pointer}: expected a text, got {value}")),
        }
    }

    /// The same, where it is there at all.
    pub(super) fn optional_text(&mut self, object: &Value, name: &str, pointer: &str, length: RangeInclusive<usize>) {
        if let Some(value) = object.get(name) {
            self.text(value, &format!("{pointer}/{name}"), length);
        }
    }

    pub(super) fn one_of(&mut self, value: &Value, pointer: &str, allowed: &[&str]) {
        let holds = value.as_str().is_some_and(|text| allowed.contains(&text));
        self.require(holds, &format!("{pointer}: expected one of {allowed:?}, got {value}"));
    }

    pub(super) fn boolean(&mut self, value: &Value, pointer: &str) {
        self.require(value.is_boolean(), &format!("{pointer}: expected true or false, got {value}"));
    }

    pub(super) fn url(&mut self, value: &Value, pointer: &str) {
        let parsed = value.as_str().and_then(|text| reqwest::Url::parse(text).ok());
        let holds = parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https"));
        self.require(holds, &format!("{pointer}: expected a URL, got {value}"));
    }

    pub(super) fn instant(&mut self, value: &Value, pointer: &str) {
        let parsed = value.as_str().map(str::parse::<plimsoll_domain::time::Timestamp>);
        self.require(matches!(parsed, Some(Ok(_))), &format!("{pointer}: expected an instant, got {value}"));
    }
}

/// The length of a text as most providers count.
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}
