//! What came of keys that were asked for, counted.

use metrics::{Counter, counter};

/// What came of a key that was asked for.
#[derive(Clone, Copy)]
pub(crate) enum Verdict {
    /// It was shown, and known.
    Ok,
    /// None was shown.
    Missing,
    /// What was shown is none.
    Malformed,
    /// Nobody's.
    Unknown,
    /// Known, and not enough.
    Forbidden,
}

/// Counts verdicts.
pub(crate) struct Verdicts([Counter; Verdict::ALL.len()]);

impl Verdict {
    /// In the order in which they are declared.
    const ALL: [Self; 5] = [Self::Ok, Self::Missing, Self::Malformed, Self::Unknown, Self::Forbidden];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Forbidden => "forbidden",
        }
    }
}

impl Verdicts {
    /// Bound to the recorder that is installed when this is called.
    pub(crate) fn new() -> Self {
        Self(Verdict::ALL.map(|verdict| counter!("plimsoll_auth_total", "result" => verdict.as_str())))
    }

    pub(super) fn count(&self, verdict: Verdict) {
        self.0[verdict as usize].increment(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_has_its_own_counter() {
        for (at, verdict) in Verdict::ALL.into_iter().enumerate() {
            assert_eq!(verdict as usize, at, "{}", verdict.as_str());
        }
    }
}
