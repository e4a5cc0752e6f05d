//! The names under which we keep what OpenSLO has no word for.

use plimsoll_domain::slo::{Scope, Window};
use plimsoll_domain::time::Span;

/// What our annotations start with. Those of others are theirs, and are passed over.
pub(crate) const PREFIX: &str = "plimsoll.dev/";

/// `availability`, `latency`, `events`, `prometheus` or `crash_free_sessions`.
pub(crate) const KIND: &str = "plimsoll.dev/kind";
/// The SLO's name here, where `metadata.name` may not be the same: a label holds no `_`.
pub(crate) const SLO_TYPE: &str = "plimsoll.dev/slo-type";
/// `all`, `group:` and its name, or `component:` and its id.
pub(crate) const SCOPE: &str = "plimsoll.dev/scope";
/// `true` or `false`.
pub(crate) const COUNT_MAINTENANCE: &str = "plimsoll.dev/count-maintenance";
/// A whole number.
pub(crate) const MINIMUM_BAD_SAMPLES: &str = "plimsoll.dev/minimum-bad-samples";
/// A share of the budget, such as `0.25`.
pub(crate) const WARNING: &str = "plimsoll.dev/warning-below";
/// A share of the budget, such as `0.1`.
pub(crate) const CRITICAL: &str = "plimsoll.dev/critical-below";
/// `default` or `own`. The defaults that are longer than an SLO's window are kept, and are no alert policies.
pub(crate) const TIERS: &str = "plimsoll.dev/tiers";
/// `true` or `false`.
pub(crate) const PUBLIC: &str = "plimsoll.dev/public";
/// JSON: `{"basic":{"username":…,"password":…}}` or `{"bearer":…}`, the secrets masked.
pub(crate) const PROMETHEUS_AUTH: &str = "plimsoll.dev/prometheus-auth";
/// A whole number.
pub(crate) const PROMETHEUS_TIMEOUT: &str = "plimsoll.dev/prometheus-timeout-seconds";

/// All that an SLO may have.
pub(crate) const OF_SLO: [&str; 11] = [
    KIND,
    SLO_TYPE,
    SCOPE,
    COUNT_MAINTENANCE,
    MINIMUM_BAD_SAMPLES,
    WARNING,
    CRITICAL,
    TIERS,
    PUBLIC,
    PROMETHEUS_AUTH,
    PROMETHEUS_TIMEOUT,
];

/// A tier's short window, such as `5m`.
pub(crate) const SHORT_WINDOW: &str = "plimsoll.dev/short-window";
/// The share of the budget whose loss in the long window is too much, such as `0.02`.
pub(crate) const BUDGET_SHARE: &str = "plimsoll.dev/budget-share";

/// All that an alert condition may have.
pub(crate) const OF_CONDITION: [&str; 2] = [SHORT_WINDOW, BUDGET_SHARE];

/// The default tiers are meant, whichever of them fit.
pub(crate) const DEFAULT_TIERS: &str = "default";
/// The alert policies are all there is.
pub(crate) const OWN_TIERS: &str = "own";

const GROUP: &str = "group:";
const COMPONENT: &str = "component:";

/// The scope as it is written.
pub(crate) fn scope_text(scope: &Scope) -> String {
    match scope {
        Scope::All => "all".to_owned(),
        Scope::Group(name) => format!("{GROUP}{name}"),
        Scope::Component(id) => format!("{COMPONENT}{id}"),
    }
}

/// The scope that `text` says; the error says what was expected.
pub(crate) fn scope_of(text: &str) -> Result<Scope, String> {
    if let Some(name) = text.strip_prefix(GROUP) {
        return Ok(Scope::Group(name.to_owned()));
    }
    if let Some(id) = text.strip_prefix(COMPONENT) {
        return id.parse().map(Scope::Component);
    }
    let wrong = || format!("expected all, {GROUP} and its name or {COMPONENT} and its id, got {text:?}");
    (text == "all").then_some(Scope::All).ok_or_else(wrong)
}

/// The length by which thresholds of burn rates are reckoned. Those of a calendar's periods differ by a few days, and
/// an alert condition has one threshold for all of them.
pub(crate) fn nominal_length(window: Window) -> Span {
    use plimsoll_domain::slo::CalendarUnit::{Month, Quarter, Week};
    match window {
        Window::Rolling(span) => span,
        Window::Calendar(Week, _) => Span::days(7),
        Window::Calendar(Month, _) => Span::days(30),
        Window::Calendar(Quarter, _) => Span::days(90),
    }
}
