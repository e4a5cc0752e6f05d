//! A plan in words.

use std::io::Write;

use super::document::TenantFile;
use super::plan::{Action, Plan, Step};

/// What whoever typed the command is told, and how.
#[derive(Clone, Copy)]
pub(crate) struct Voice<'a> {
    /// What was asked for: a line on standard output.
    pub(crate) say: &'a dyn Fn(&str),
    /// What should be known besides: a line on standard error.
    pub(crate) warn: &'a dyn Fn(&str),
}

impl Voice<'static> {
    /// To whoever typed the command. Whoever reads it may stop when they have seen enough.
    pub(crate) fn aloud() -> Self {
        Self {
            say: &|line| drop(writeln!(std::io::stdout(), "{line}")),
            warn: &|line| drop(writeln!(std::io::stderr(), "{line}")),
        }
    }
}

/// The line above a plan.
pub(super) fn heading(file: &TenantFile, plan: &Plan) -> String {
    let state = if plan.steps.is_empty() { ": nothing to change" } else { "" };
    format!("{} ({}){state}", file.tenant, file.file)
}

/// A step in lines.
pub(super) fn step(step: &Step) -> String {
    let what = &step.what;
    match &step.action {
        Action::Create => format!("  + {what}"),
        Action::Remove => format!("  - {what}"),
        Action::Change(differences) if differences.is_empty() => format!("  ~ {what}\n      ~ its secrets, sent anew"),
        Action::Change(differences) => {
            let lines: Vec<String> = differences.iter().map(|one| format!("\n      {one}")).collect();
            format!("  ~ {what}{}", lines.concat())
        }
    }
}

/// What is not touched, and what was taken for granted.
pub(super) fn remarks(plan: &Plan) -> Vec<String> {
    let left = plan.left.iter().map(|what| {
        let how = if what.starts_with("key ") { "keys are revoked by hand" } else { "--prune removes it" };
        format!("  · {what} is not in the file, and left alone ({how})")
    });
    let masks = plan.trusts_masks.then(|| {
        "  · secrets that show the same last characters, and passwords that are set, were taken to be the same \
         (--send-secrets sends them anew)"
            .to_owned()
    });
    left.chain(masks).collect()
}

/// How many steps of each kind there are.
pub(super) fn sum(plans: &[&Plan]) -> String {
    let steps = || plans.iter().flat_map(|plan| &plan.steps);
    let count = |is: fn(&Action) -> bool| steps().filter(|step| is(&step.action)).count();
    let created = count(|action| matches!(action, Action::Create));
    let changed = count(|action| matches!(action, Action::Change(_)));
    let removed = count(|action| matches!(action, Action::Remove));
    format!("{created} to create, {changed} to change, {removed} to remove")
}
