//! What is wrong with a value, and where: the one error type of everything a person configures.
//!
//! All faults are collected before anything is refused, so that one round trip shows them all.

use std::fmt;

/// One fault: a JSON pointer (RFC 6901) to the field, and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, e.g. `/probe/url`.
    pub pointer: String,
    /// What was expected and what came, as a sentence without a full stop.
    pub detail: String,
}

/// A refused value: one or more [`Fault`]s.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Invalid(pub Vec<Fault>);

impl Invalid {
    /// A single fault.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self(vec![Fault { pointer: pointer.into(), detail: detail.into() }])
    }

    /// The same faults, seen from `prefix` further up.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        for fault in &mut self.0 {
            fault.pointer.insert_str(0, prefix);
        }
        self
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", fault.pointer, fault.detail)?;
        }
        Ok(())
    }
}

/// Gathers faults while a value is looked over.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Notes a fault at `pointer` unless `holds`.
    pub fn require(&mut self, holds: bool, pointer: &str, detail: impl FnOnce() -> String) {
        if !holds {
            self.0.push(Fault { pointer: pointer.to_owned(), detail: detail() });
        }
    }

    /// Keeps the value of `result`, or notes its message at `pointer`.
    pub fn keep<T>(&mut self, result: Result<T, String>, pointer: &str) -> Option<T> {
        result.map_err(|detail| self.require(false, pointer, || detail)).ok()
    }

    /// Takes over the faults of a part that stands under `prefix`.
    pub fn absorb<T>(&mut self, result: Result<T, Invalid>, prefix: &str) -> Option<T> {
        result.map_err(|invalid| self.0.extend(invalid.under(prefix).0)).ok()
    }

    /// `Ok` when nothing was noted.
    pub fn finish(self) -> Result<(), Invalid> {
        if self.0.is_empty() { Ok(()) } else { Err(Invalid(self.0)) }
    }
}

/// A text a person wrote: at least one character that is no blank, at most `max` in all, no control characters but newlines.
pub fn check_text(faults: &mut Faults, text: &str, max: usize, pointer: &str) {
    let length = if text.trim().is_empty() { 0 } else { text.chars().count() };
    faults.require((1..=max).contains(&length), pointer, || format!("expected 1 to {max} characters, got {length}"));
    let clean = text.chars().all(|c| !c.is_control() || c == '\n');
    faults.require(clean, pointer, || "expected no control characters".to_owned());
}
