//! What is wrong with a tenant's file, and where.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fault {
    /// Of which file; empty while only one is looked at.
    pub(super) file: String,
    /// On which line, counted from one, where that is known.
    pub(super) line: Option<u64>,
    /// A JSON pointer into the document; empty: all of it.
    pub(super) pointer: String,
    /// What was expected.
    pub(super) detail: String,
}

impl Fault {
    /// A fault at `pointer`.
    pub(super) fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into(), ..Self::default() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, pointer, detail } = self;
        formatter.write_str(file)?;
        if let Some(line) = line {
            write!(formatter, ":{line}")?;
        }
        if !file.is_empty() || line.is_some() {
            formatter.write_str(": ")?;
        }
        if !pointer.is_empty() {
            write!(formatter, "{pointer}: ")?;
        }
        formatter.write_str(detail)
    }
}

/// Everything that is wrong, so that it can be put right at once.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", lines(.0))]
pub(super) struct Faults(pub(super) Vec<Fault>);

fn lines(faults: &[Fault]) -> String {
    let all: Vec<String> = faults.iter().map(|fault| format!("\n  {fault}")).collect();
    format!(
        "nothing was changed, since {} wrong:{}",
        if all.len() == 1 { "this is" } else { "these are" },
        all.concat()
    )
}
