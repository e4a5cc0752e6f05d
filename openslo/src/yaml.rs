//! YAML itself: a stream of documents, and back. Tenants' files are read by the same rules.
//!
//! The values of a document are few and small, so that what is needed beside is little: aliases and merge keys are
//! refused rather than followed, since a short file of them unfolds into gigabytes; depth and number of values are
//! bounded; a key given twice is a fault, not a choice.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{DuplicateKeyPolicy, Error, MergeKeyPolicy, UserMessageFormatter};

/// Most values, keys and lists of one text.
const MAX_NODES: usize = 250_000;
/// Longest message about YAML, in characters: it may quote a key, and a key may be as long as the text.
const MAX_MESSAGE: usize = 300;

/// How much is taken.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most documents.
    pub documents: usize,
    /// Most values, one within the other.
    pub depth: usize,
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The line and the column, counted from one, where they are known.
    pub place: Option<(u64, u64)>,
    /// What was expected; the words of a few hundred characters at most.
    pub words: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.place {
            write!(out, "line {line}, column {column}: ")?;
        }
        out.write_str(&self.words)
    }
}

/// The documents of `text`. Those that hold nothing are passed over, and not counted.
pub fn parse<T: DeserializeOwned>(text: &str, bounds: Bounds) -> Result<Vec<T>, Malformed> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_aliases: 0,
            max_documents: bounds.documents,
            max_nodes: MAX_NODES,
            max_depth: bounds.depth,
            flow_nesting_limit: bounds.depth,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        // `no` and `on` are words, as YAML 1.2 has it.
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| explain(&error, bounds))
}

/// One stream of `documents`.
pub(crate) fn emit<T: Serialize>(documents: &[T]) -> String {
    // Long lines are left alone: a folded query cannot be copied into Prometheus.
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    serde_saphyr::to_string_multiple_with_options(documents, options).expect("texts and numbers can always be written")
}

fn explain(error: &Error, Bounds { documents, depth }: Bounds) -> Malformed {
    let what = match error.without_snippet() {
        Error::Budget { breach: BudgetBreach::Aliases { .. }, .. } => {
            "expected no alias: write out what *name stands for".to_owned()
        }
        Error::Budget { .. } => {
            format!("expected at most {documents} documents and {MAX_NODES} values, at most {depth} deep in each other")
        }
        error => error.render_with_formatter(&UserMessageFormatter),
    };
    let what: String = what.chars().take(MAX_MESSAGE).collect();
    let words = format!("expected YAML: {what}").replace("expected YAML: expected", "expected");
    Malformed { place: error.location().map(|at| (at.line(), at.column())), words }
}
