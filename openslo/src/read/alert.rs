//! Alert policies as burn tiers.
//!
//! A condition of OpenSLO has one window, and a tier has two and a share of the budget. What we wrote ourselves has the
//! rest in annotations; of others, `alertAfter` (how long it must go on) is taken for the short window, which says
//! whether it still goes on.

use std::collections::BTreeMap;

use plimsoll_domain::invalid::Faults;
use plimsoll_domain::slo::{BurnSeverity, Tier, Window};
use plimsoll_domain::time::Span;

use crate::annotation::{BUDGET_SHARE, SHORT_WINDOW, nominal_length};
use crate::duration::span_of;
use crate::read::node::{Fields, Node, note};
use crate::read::object::{self, Object, only};

/// One part of the long window is the short one, where nothing is said.
const SHORT_PART: i64 = 12;

/// What an alert condition says.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    severity: BurnSeverity,
    threshold: f64,
    long: Span,
    short: Span,
    /// What we wrote beside the threshold.
    budget_share: Option<f64>,
    /// Where the long window, the short window and the share stand.
    pub(super) pointers: [String; 3],
}

/// The conditions, or policies, of the file by name. `None` where one has faults, which are noted.
pub(super) type Conditions<'a> = BTreeMap<&'a str, Option<Condition>>;

impl Condition {
    /// Reads an `AlertCondition`.
    pub(super) fn read(object: &Object<'_>, faults: &mut Faults) -> Option<Self> {
        let spec = object.spec.fields(&["description", "severity", "condition"], faults)?;
        let severity = spec.required("severity", "page or ticket", faults);
        let severity = severity.and_then(|node| node.parse(severity_of, faults));
        let known = ["kind", "op", "threshold", "lookbackWindow", "alertAfter"];
        let condition = spec.required("condition", "a mapping", faults)?.fields(&known, faults)?;
        if let Some(kind) = condition.optional("kind") {
            kind.parse(only("burnrate"), faults);
        }
        let op = condition.required("op", "gt or gte", faults);
        op.and_then(|node| node.parse(faster, faults));
        let threshold = condition.required("threshold", "a number", faults);
        let threshold = threshold.and_then(|node| positive(&node, faults));
        let lookback = condition.required("lookbackWindow", "a duration such as 1h", faults);
        let long = lookback.and_then(|node| node.parse(span_of, faults));
        let (short, short_pointer) = short_window(object, &condition, long, faults);
        let budget_share = object.annotations.value(BUDGET_SHARE, "a share of the budget such as 0.02", faults);
        let share_pointer = condition.pointer_of("threshold");
        Some(Self {
            severity: severity?,
            threshold: threshold?,
            long: long?,
            short: short?,
            budget_share,
            pointers: [condition.pointer_of("lookbackWindow"), short_pointer, share_pointer],
        })
    }

    /// The tier that it is for an SLO of this window.
    pub(super) fn tier(&self, window: Window, faults: &mut Faults) -> Tier {
        let length = nominal_length(window);
        let tier = |budget_share| Tier { long: self.long, short: self.short, budget_share, severity: self.severity };
        // What OpenSLO says counts: a threshold that is no longer the one of the share was edited.
        let is_unchanged = |tier: &Tier| tier.factor(length).to_bits() == self.threshold.to_bits();
        if let Some(written) = self.budget_share.map(tier).filter(is_unchanged) {
            return written;
        }
        let most = length.seconds() as f64 / self.long.seconds() as f64;
        // Of a long window that is too long for the SLO, that is the fault.
        let fits = self.threshold <= most || self.long > window.shortest();
        faults.require(fits, &self.pointers[2], || {
            format!("expected at most {most}, which over {} uses up the whole budget of {window}", self.long)
        });
        tier((self.threshold / most).min(1.0))
    }
}

/// The short window, and where it is said.
fn short_window(
    object: &Object<'_>,
    condition: &Fields<'_>,
    long: Option<Span>,
    faults: &mut Faults,
) -> (Option<Span>, String) {
    let annotated = object.annotations.get(SHORT_WINDOW);
    let after = condition.optional("alertAfter");
    let after_span = after.as_ref().and_then(|node| node.parse(span_of, faults)).filter(|span| span.seconds() > 0);
    let guessed = long.map(|long| Span::minutes((long.seconds() / 60 / SHORT_PART).max(1)));
    match (annotated, after) {
        (Some(node), _) => (node.parse(span_of, faults), node.pointer.clone()),
        (None, Some(node)) => (after_span.or(guessed), node.pointer),
        (None, None) => (guessed, condition.pointer_of("lookbackWindow")),
    }
}

fn positive(node: &Node<'_>, faults: &mut Faults) -> Option<f64> {
    let number = node.number(faults)?;
    faults.require(number > 0.0, &node.pointer, || format!("expected a burn rate above 0, got {number}"));
    (number > 0.0).then_some(number)
}

fn faster(op: &str) -> Result<(), String> {
    match op {
        "gt" | "gte" => Ok(()),
        _ => Err(format!("expected gt or gte: a tier fires when the budget goes too fast, got {op:?}")),
    }
}

/// The words that others have for what wakes somebody, and for what does not.
fn severity_of(text: &str) -> Result<BurnSeverity, String> {
    match text.to_ascii_lowercase().as_str() {
        "page" | "critical" | "high" | "p1" | "sev1" => Ok(BurnSeverity::Page),
        "ticket" | "warning" | "medium" | "low" | "info" | "p2" | "p3" | "sev2" | "sev3" => Ok(BurnSeverity::Ticket),
        _ => Err(format!("expected page or ticket, got {text:?}")),
    }
}

/// Reads an `AlertPolicy`: its one condition, which may stand in it or under a name of its own.
pub(super) fn policy(object: &Object<'_>, conditions: &Conditions<'_>, faults: &mut Faults) -> Option<Condition> {
    let known = [
        "description",
        "alertWhenNoData",
        "alertWhenResolved",
        "alertWhenBreaching",
        "conditions",
        "notificationTargets",
    ];
    let spec = object.spec.fields(&known, faults)?;
    let switch = |name, faults: &mut Faults| -> Option<(Node<'_>, bool)> {
        let node = spec.optional(name)?;
        let is_on = node.boolean(faults)?;
        Some((node, is_on))
    };
    if let Some((node, true)) = switch("alertWhenNoData", faults) {
        note(faults, &node.pointer, "expected false: a tier stays as it was while there is no data");
    }
    if let Some((node, false)) = switch("alertWhenBreaching", faults) {
        note(faults, &node.pointer, "expected true: a tier does nothing else");
    }
    switch("alertWhenResolved", faults);
    if let Some(targets) = spec.optional("notificationTargets") {
        targets.items(faults);
    }
    let condition = spec.required("conditions", "a list of one condition", faults)?.only_item(" condition", faults)?;
    resolve(&condition, ("conditionRef", "AlertCondition"), conditions, faults, |object, faults| {
        Condition::read(object, faults)
    })
}

/// What an item of an SLO's `alertPolicies` means.
pub(super) fn policy_of(
    item: &Node<'_>,
    policies: &Conditions<'_>,
    conditions: &Conditions<'_>,
    faults: &mut Faults,
) -> Option<Condition> {
    resolve(item, ("alertPolicyRef", "AlertPolicy"), policies, faults, |object, faults| {
        policy(object, conditions, faults)
    })
}

/// The condition that `item` names by `reference`, or by a plain text, or holds as an object of `kind`.
fn resolve<'a>(
    item: &Node<'a>,
    (reference, kind): (&'static str, &'static str),
    known: &Conditions<'_>,
    faults: &mut Faults,
    read: impl FnOnce(&Object<'a>, &mut Faults) -> Option<Condition>,
) -> Option<Condition> {
    let named = match item.value.get(reference) {
        Some(_) => item.fields(&[reference], faults)?.optional(reference),
        None => item.value.is_string().then(|| item.clone()),
    };
    let Some(named) = named else { return read(&object::inline(kind, item, faults)?, faults) };
    let name = named.text(faults)?;
    let found = known.get(name);
    faults.require(found.is_some(), &named.pointer, || {
        format!("expected the name of an {kind} in this file, got {name:?}")
    });
    found?.clone()
}
