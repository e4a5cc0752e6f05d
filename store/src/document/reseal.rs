//! New seals for old ones, anywhere within a document.

use std::cell::RefCell;

use serde_json::Value;

use plimsoll_domain::sealing::BEGINNING;

use crate::{Result, StoreError};

/// What people write and nobody seals: a text there that looks like a seal is none.
pub(crate) const UNSEALED: [&str; 7] =
    ["content", "events", "deliveries", "feedback", "description", "words", "created_by"];

/// The document with what `reseal` makes of each of its sealed texts; `None` when all of them stay.
pub(crate) fn reseal_json(
    text: &str,
    reseal: impl Fn(&str) -> std::result::Result<Option<String>, String>,
) -> Result<Option<String>> {
    let unreadable = |reason: String| StoreError::Unreadable { what: "document", reason };
    let mut document: Value = serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
    let changed = walk(&mut document, &reseal).map_err(unreadable)?;
    Ok(changed.then(|| document.to_string()))
}

/// Every sealed text of the document.
pub(crate) fn seals_of(text: &str) -> Result<Vec<String>> {
    let seals = RefCell::new(Vec::new());
    reseal_json(text, |seal| {
        seals.borrow_mut().push(seal.to_owned());
        Ok(None)
    })?;
    Ok(seals.into_inner())
}

/// Whether anything changed.
pub(crate) fn walk(
    value: &mut Value,
    reseal: &impl Fn(&str) -> std::result::Result<Option<String>, String>,
) -> std::result::Result<bool, String> {
    let mut changed = false;
    match value {
        Value::String(text) if text.starts_with(BEGINNING) => {
            if let Some(new) = reseal(text)? {
                *text = new;
                changed = true;
            }
        }
        Value::Array(items) => {
            for item in items {
                changed |= walk(item, reseal)?;
            }
        }
        Value::Object(fields) => {
            for (_, field) in fields.iter_mut().filter(|(name, _)| !UNSEALED.contains(&name.as_str())) {
                changed |= walk(field, reseal)?;
            }
        }
        _ => {}
    }
    Ok(changed)
}
