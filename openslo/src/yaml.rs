//! YAML itself: a stream of documents as JSON values, and back.
//!
//! The values of a document are few and small, so that what is needed beside is little: aliases and merge keys are
//! refused rather than followed, since a short file of them unfolds into gigabytes; depth and number of values are
//! bounded; a key given twice is a fault, not a choice.

use plimsoll_domain::invalid::Invalid;
use serde::Serialize;
use serde_json::Value;
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{DuplicateKeyPolicy, Error, MergeKeyPolicy, UserMessageFormatter};

/// Most documents of one file: more than the most that a tenant's SLOs are written as.
pub(crate) const MAX_DOCUMENTS: usize = 5_000;
/// Most values, keys and lists of one file.
const MAX_NODES: usize = 250_000;
/// Deepest value.
const MAX_DEPTH: usize = 32;
/// Longest message about YAML: it may quote a key, and a key may be as long as the file.
const MAX_MESSAGE: usize = 300;

/// The documents of `text`. Those that hold nothing are passed over, and not counted.
pub(crate) fn parse(text: &str) -> Result<Vec<Value>, Invalid> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_aliases: 0,
            max_documents: MAX_DOCUMENTS,
            max_nodes: MAX_NODES,
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        // `no` and `on` are words, as YAML 1.2 has it.
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| Invalid::at("", explain(&error)))
}

/// One stream of `documents`.
pub(crate) fn emit<T: Serialize>(documents: &[T]) -> String {
    // Long lines are left alone: a folded query cannot be copied into Prometheus.
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    serde_saphyr::to_string_multiple_with_options(documents, options).expect("texts and numbers can always be written")
}

fn explain(error: &Error) -> String {
    let place = error.location().map_or_else(String::new, |at| format!("line {}, column {}: ", at.line(), at.column()));
    let what = match error.without_snippet() {
        Error::Budget { breach: BudgetBreach::Aliases { .. }, .. } => {
            "expected no alias: write out what *name stands for".to_owned()
        }
        Error::Budget { .. } => {
            format!(
                "expected at most {MAX_DOCUMENTS} documents and {MAX_NODES} values, at most {MAX_DEPTH} deep in each \
                 other"
            )
        }
        error => error.render_with_formatter(&UserMessageFormatter),
    };
    let what: String = what.chars().take(MAX_MESSAGE).collect();
    format!("{place}expected YAML: {what}").replace("expected YAML: expected", "expected")
}
