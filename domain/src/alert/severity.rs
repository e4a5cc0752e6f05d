//! How bad an alert is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How bad it is; the worse, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// To be known.
    Info,
    /// To be looked at in working hours.
    Warning,
    /// Something does not work.
    Error,
    /// Somebody must be woken.
    Critical,
}

impl Severity {
    /// All of them, the mildest first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    /// The severity as it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// What others call it: the values that the label `severity` has in the field. `None` for what nobody knows.
    pub fn of_label(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "critical" | "page" | "emergency" | "fatal" => Some(Self::Critical),
            "error" | "major" | "high" => Some(Self::Error),
            "warning" | "warn" | "ticket" | "minor" => Some(Self::Warning),
            "info" | "informational" | "none" | "low" | "debug" => Some(Self::Info),
            _ => None,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str() == text)
            .ok_or_else(|| format!("expected critical, error, warning or info, got {text:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_is_the_greater_and_every_name_reads_back() {
        assert!(Severity::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(Severity::ALL.into_iter().all(|severity| severity.as_str().parse() == Ok(severity)));
        assert!("page".parse::<Severity>().is_err());
        assert_eq!(Severity::of_label("Page"), Some(Severity::Critical));
        assert_eq!(Severity::of_label("purple"), None);
    }
}
