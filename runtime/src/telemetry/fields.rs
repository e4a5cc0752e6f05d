//! The fields of a line, written as soon as they are seen: masked, and no longer than a line may be.

use std::cell::Cell;
use std::fmt::{self, Write};
use std::ops::Range;

use tracing::field::{Field, Visit};

use crate::masking::{self, Bounded, LINE_BYTES, MASKED};

const USUAL_FIELDS: usize = 12;
/// What stands for a value for which a line has no room.
const LEFT_OUT: &str = "\"…\"";

/// Fields as JSON text (`,"name":value`), one after the other, in the order they came: they are written as soon as they
/// are seen, masked, and copied as they are into each line.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) text: String,
    /// Each name, and where its value stands.
    values: Vec<(&'static str, Range<usize>)>,
}

impl Fields {
    /// Fields that follow `text`, in which these names are taken.
    pub(super) fn after(text: String, taken: &[&'static str]) -> Self {
        let mut values = Vec::with_capacity(taken.len() + USUAL_FIELDS);
        values.extend(taken.iter().map(|name| (*name, 0..0)));
        Self { text, values }
    }

    /// The first value of a name stands. Once the line is long, no more values are written.
    fn put(&mut self, name: &'static str, write: impl FnOnce(&mut String)) {
        if self.has(name) {
            return;
        }
        self.text.extend([",\"", name, "\":"]);
        let start = self.text.len();
        if start < LINE_BYTES {
            write(&mut self.text);
        } else {
            self.text.push_str(LEFT_OUT);
        }
        self.values.push((name, start..self.text.len()));
    }

    pub(super) fn put_text(&mut self, name: &'static str, text: &str) {
        let text = if is_sensitive(name) { MASKED.into() } else { masking::fit(text) };
        self.put(name, |out| quote(out, &text));
    }

    /// A number or truth value, which needs no quotes.
    fn put_plain(&mut self, name: &'static str, value: impl fmt::Display) {
        if is_sensitive(name) {
            self.put(name, |out| quote(out, MASKED));
        } else {
            self.put(name, |out| write!(out, "{value}").expect("writing to memory does not fail"));
        }
    }

    /// Something that is shown without anything that needs to be escaped or masked.
    pub(super) fn put_shown(&mut self, name: &'static str, value: impl fmt::Display) {
        self.put(name, |out| write!(out, "\"{value}\"").expect("writing to memory does not fail"));
    }

    fn has(&self, name: &str) -> bool {
        self.values.iter().any(|(held, _)| *held == name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.values.iter().map(|(name, value)| (*name, &self.text[value.clone()]))
    }
}

/// [`masking::is_sensitive`], asked once for each name: they are the same few, for every line.
fn is_sensitive(name: &'static str) -> bool {
    const PLACES: usize = 256;
    thread_local! {
        static ASKED: [Cell<(usize, usize, bool)>; PLACES] = const { [const { Cell::new((0, 0, false)) }; PLACES] };
    }
    let (at, length) = (name.as_ptr().addr(), name.len());
    ASKED.with(|asked| {
        let place = &asked[(at ^ length) % PLACES];
        if (place.get().0, place.get().1) != (at, length) {
            place.set((at, length, masking::is_sensitive(name)));
        }
        place.get().2
    })
}

fn quote(out: &mut String, text: &str) {
    // Nearly every text is plain; the rest is escaped by the library.
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.extend(["\"", text, "\""]);
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if is_sensitive(field.name()) {
            self.put(field.name(), |out| quote(out, MASKED));
        } else {
            let printed = Bounded::debug(value);
            self.put(field.name(), |out| quote(out, &printed.fit()));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put_text(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put_plain(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put_plain(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.put_plain(field.name(), value);
        } else {
            self.put_text(field.name(), &value.to_string());
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put_plain(field.name(), value);
    }
}
