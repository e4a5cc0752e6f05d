//! What a check found, and how it is told.

use std::io::{self, Write};

use serde_json::{Value, json};

use plimsoll_runtime::masking;

/// What a finding means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and will be regretted.
    Warning,
    /// It does not work.
    Failed,
    /// Nothing is known of it.
    NotChecked,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) about: &'static str,
    pub(crate) verdict: Verdict,
    /// What was seen.
    pub(crate) seen: String,
    /// What to do.
    pub(crate) advice: Option<String>,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::NotChecked => "not checked",
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "words are made for a finding, and not used again")]
impl Finding {
    pub(crate) fn ok(about: &'static str, seen: impl ToString) -> Self {
        Self { about, verdict: Verdict::Ok, seen: seen.to_string(), advice: None }
    }

    pub(crate) fn not_checked(about: &'static str, seen: impl ToString) -> Self {
        Self { about, verdict: Verdict::NotChecked, seen: seen.to_string(), advice: None }
    }

    pub(crate) fn warning(about: &'static str, seen: impl ToString, advice: impl ToString) -> Self {
        Self { about, verdict: Verdict::Warning, seen: seen.to_string(), advice: Some(advice.to_string()) }
    }

    pub(crate) fn failed(about: &'static str, seen: impl ToString, advice: impl ToString) -> Self {
        Self { about, verdict: Verdict::Failed, seen: seen.to_string(), advice: Some(advice.to_string()) }
    }

    /// Writes it for people. Whatever a server says goes through here, so it is masked here.
    pub(crate) fn tell(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { about, verdict, seen, advice } = self;
        writeln!(out, "{:<12} {about:<14} {}", verdict.word(), masking::mask_text(seen))?;
        if let Some(advice) = advice {
            writeln!(out, "{:<27} -> {}", "", masking::mask_text(advice))?;
        }
        Ok(())
    }

    fn as_json(&self) -> Value {
        json!({
            "check": self.about,
            "verdict": self.verdict.word().replace(' ', "_"),
            "seen": masking::mask_text(&self.seen),
            "advice": self.advice.as_deref().map(masking::mask_text),
        })
    }
}

/// How many there are of each verdict, in words.
pub(crate) fn summary(findings: &[Finding]) -> String {
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let each = [Verdict::Ok, Verdict::Warning, Verdict::Failed, Verdict::NotChecked];
    each.map(|verdict| format!("{} {}", count(verdict), verdict.word())).join(", ")
}

/// Whether nothing failed.
pub(crate) fn is_well(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.verdict != Verdict::Failed)
}

/// All of them, for programs.
pub(crate) fn as_json(findings: &[Finding]) -> Value {
    json!({
        "well": is_well(findings),
        "findings": findings.iter().map(Finding::as_json).collect::<Vec<_>>(),
    })
}
