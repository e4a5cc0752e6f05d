//! A text that must not be shown: not in a log, not in an error, not when a value is printed for debugging.
//!
//! It is written into a document as it is: what keeps documents sees to it that it lies there sealed (see
//! [`sealing`](crate::sealing)).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A secret that a person configured.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for whoever must use it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text itself, to be replaced where it lies.
    pub const fn expose_mut(&mut self) -> &mut String {
        &mut self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(••••)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_not_printed() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2"))), "Some(Secret(••••))");
    }
}
