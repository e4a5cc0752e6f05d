//! What a tenant says of its alerts: who can be told, who is told of what, and how often.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::receiver::{Receiver, ReceiverName};
use super::route::{Route, Router};
use crate::invalid::{Faults, Invalid, check_text};
use crate::time::Span;

/// The default length of a cooldown.
pub const DEFAULT_COOLDOWN: Span = Span::minutes(5);
/// The default time after which an alert of a Prometheus is over unless it is said again.
pub const DEFAULT_RESOLVE_TIMEOUT: Span = Span::minutes(5);
const MAX_RECEIVERS: usize = 100;
const MAX_ROUTES: usize = 500;
const DEEPEST: usize = 10;
const MAX_MATCHERS: usize = 20;
/// Regular expressions in all routes: they are made anew for each signal.
const MAX_REGEXES: usize = 100;
const LONGEST: Span = Span::days(7);

/// A tenant's receivers and routes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertConfig {
    /// One more with each change; 0: never configured.
    pub version: u64,
    /// Who can be told.
    pub receivers: Vec<Receiver>,
    /// Who is told of what.
    pub router: Router,
    /// How long the same dedup key is not sent again.
    pub cooldown: Span,
    /// How often an alert that nobody has acknowledged is sent again; never unless given.
    pub repeat_after: Option<Span>,
    /// When an alert of a Prometheus is over that does not say when.
    pub resolve_timeout: Span,
}

impl Default for AlertConfig {
    fn default() -> Self {
        Self {
            version: 0,
            receivers: Vec::new(),
            router: Router::default(),
            cooldown: DEFAULT_COOLDOWN,
            repeat_after: None,
            resolve_timeout: DEFAULT_RESOLVE_TIMEOUT,
        }
    }
}

impl AlertConfig {
    /// The receiver of this name.
    pub fn receiver(&self, name: &ReceiverName) -> Option<&Receiver> {
        self.receivers.iter().find(|receiver| receiver.name == *name)
    }

    /// Refuses receivers that cannot work or share a name, routes that lead to nobody, and spans that make no sense.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        self.check_receivers(&mut faults);
        let known: BTreeSet<_> = self.receivers.iter().map(|receiver| &receiver.name).collect();
        let check = Review { known: &known };
        let mut count = 0;
        check.routes(&mut faults, &self.router.routes, "/routes", (1, &mut count));
        faults.require(count <= MAX_ROUTES, "/routes", || format!("expected at most {MAX_ROUTES} routes, got {count}"));
        let regexes = regexes(&self.router.routes);
        faults.require(regexes <= MAX_REGEXES, "/routes", || {
            format!("expected at most {MAX_REGEXES} regular expressions in all routes, got {regexes}")
        });
        check.names(&mut faults, &self.router.default_receivers, "/default_receivers");
        let somebody = self.receivers.is_empty() || !self.router.default_receivers.is_empty();
        faults.require(somebody, "/default_receivers", || {
            "expected at least one receiver: what no route takes must go to somebody".to_owned()
        });
        for (severity, receivers) in &self.router.severity_tiers {
            check.names(&mut faults, receivers, &format!("/severity_tiers/{severity}"));
        }
        let within = |span: Span, least: i64| (least..=LONGEST.seconds()).contains(&span.seconds());
        let expected = |least: i64| format!("expected {least} to {} seconds", LONGEST.seconds());
        faults.require(within(self.cooldown, 0), "/cooldown_seconds", || expected(0));
        faults.require(self.repeat_after.is_none_or(|span| within(span, 60)), "/repeat_after_seconds", || expected(60));
        faults.require(within(self.resolve_timeout, 1), "/resolve_timeout_seconds", || expected(1));
        faults.finish()
    }

    fn check_receivers(&self, faults: &mut Faults) {
        faults.require(self.receivers.len() <= MAX_RECEIVERS, "/receivers", || {
            format!("expected at most {MAX_RECEIVERS} receivers, got {}", self.receivers.len())
        });
        let mut names = BTreeSet::new();
        for (index, receiver) in self.receivers.iter().enumerate() {
            faults.absorb(receiver.target.validate(), &format!("/receivers/{index}"));
            faults.require(names.insert(&receiver.name), &format!("/receivers/{index}/name"), || {
                format!("expected a name used once, got {:?} again", receiver.name.as_str())
            });
        }
    }
}

fn regexes(routes: &[Route]) -> usize {
    let of = |route: &Route| route.matchers.iter().filter(|one| one.is_regex()).count() + regexes(&route.routes);
    routes.iter().map(of).sum()
}

struct Review<'a> {
    known: &'a BTreeSet<&'a ReceiverName>,
}

impl Review<'_> {
    fn routes(&self, faults: &mut Faults, routes: &[Route], pointer: &str, (depth, count): (usize, &mut usize)) {
        faults.require(routes.is_empty() || depth <= DEEPEST, pointer, || format!("expected at most {DEEPEST} levels"));
        if depth > DEEPEST {
            return;
        }
        for (index, route) in routes.iter().enumerate() {
            *count += 1;
            let here = format!("{pointer}/{index}");
            if let Some(name) = &route.name {
                check_text(faults, name, 120, &format!("{here}/name"));
            }
            faults.require(route.matchers.len() <= MAX_MATCHERS, &format!("{here}/matchers"), || {
                format!("expected at most {MAX_MATCHERS} matchers, got {}", route.matchers.len())
            });
            self.names(faults, &route.receivers, &format!("{here}/receivers"));
            let leads = depth > 1 || !route.receivers.is_empty();
            faults.require(leads, &format!("{here}/receivers"), || {
                "expected at least one receiver: only a child may leave it to its parent".to_owned()
            });
            self.routes(faults, &route.routes, &format!("{here}/routes"), (depth + 1, &mut *count));
        }
    }

    fn names(&self, faults: &mut Faults, names: &[ReceiverName], pointer: &str) {
        for (index, name) in names.iter().enumerate() {
            faults.require(self.known.contains(name), &format!("{pointer}/{index}"), || {
                format!("expected the name of one of the receivers, got {:?}", name.as_str())
            });
        }
    }
}
