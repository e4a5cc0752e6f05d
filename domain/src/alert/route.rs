//! The routing tree: who is told of an alert, and why.
//!
//! A route is taken when its matchers and its hours hold. Then its children are asked; when none of them is taken, its own
//! receivers are told. After a route that is taken the next one is asked only if it says `continue`. An alert that no route
//! takes goes to the receivers of its severity's tier, and where there is no tier to the default ones: it is never dropped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::content::Content;
use super::hours::ActiveHours;
use super::matcher::{Matcher, all_match};
use super::receiver::ReceiverName;
use super::severity::Severity;
use crate::time::Timestamp;

/// One node of the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// What the history and the report of noise call it; its place in the tree unless given.
    pub name: Option<String>,
    /// All of them must hold; none always hold.
    pub matchers: Vec<Matcher>,
    /// Who is told when no child is taken; those of the parent when empty.
    pub receivers: Vec<ReceiverName>,
    /// Whether the routes after this one are asked, too.
    #[serde(rename = "continue")]
    pub goes_on: bool,
    /// When it may be taken; always unless given.
    pub active_hours: Option<ActiveHours>,
    /// Asked when this one is taken.
    pub routes: Vec<Self>,
}

/// The routing of one tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Router {
    /// Asked in order.
    pub routes: Vec<Route>,
    /// Who is told, by severity, of what no route takes.
    #[serde(default)]
    pub severity_tiers: BTreeMap<Severity, Vec<ReceiverName>>,
    /// Who is told of everything else.
    pub default_receivers: Vec<ReceiverName>,
}

/// Where an alert goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routed {
    /// Who is told, each once, in the order of the routes.
    pub receivers: Vec<ReceiverName>,
    /// The routes that were taken, by name.
    pub routes: Vec<String>,
    /// Each step of the way, in words.
    pub path: Vec<String>,
}

impl Route {
    /// What it is called: its name, or its place among its siblings.
    fn label(&self, place: &str) -> String {
        self.name.clone().unwrap_or_else(|| place.to_owned())
    }
}

impl Router {
    /// Who is told of `content` at `now`.
    pub fn resolve(&self, content: &Content, now: Timestamp) -> Routed {
        let mut routed = Routed::default();
        let walk = Walk { content, now };
        if !walk.ask(&self.routes, &[], "routes", &mut routed) {
            self.fall_back(content.severity, &mut routed);
        }
        routed
    }

    fn fall_back(&self, severity: Severity, routed: &mut Routed) {
        let tier = self.severity_tiers.get(&severity).filter(|receivers| !receivers.is_empty());
        let (route, receivers) = match tier {
            Some(receivers) => (format!("tier {severity}"), receivers),
            None => ("default".to_owned(), &self.default_receivers),
        };
        routed.path.push(format!("no route is taken: {route}"));
        routed.tell(route, receivers);
    }
}

impl Routed {
    fn tell(&mut self, route: String, receivers: &[ReceiverName]) {
        self.routes.push(route);
        for receiver in receivers {
            if !self.receivers.contains(receiver) {
                self.receivers.push(receiver.clone());
            }
        }
    }
}

struct Walk<'a> {
    content: &'a Content,
    now: Timestamp,
}

impl Walk<'_> {
    /// Whether any of `routes` was taken.
    fn ask(&self, routes: &[Route], inherited: &[ReceiverName], parent: &str, found: &mut Routed) -> bool {
        let mut taken = false;
        for (index, route) in routes.iter().enumerate() {
            let place = format!("{parent}/{index}");
            let label = route.label(&place);
            if let Some(obstacle) = self.obstacle(route) {
                found.path.push(format!("{label} is not taken: {obstacle}"));
                continue;
            }
            taken = true;
            found.path.push(format!("{label} is taken"));
            let own = if route.receivers.is_empty() { inherited } else { &route.receivers };
            if !self.ask(&route.routes, own, &format!("{place}/routes"), found) {
                found.tell(label, own);
            }
            if !route.goes_on {
                break;
            }
        }
        taken
    }

    fn obstacle(&self, route: &Route) -> Option<String> {
        if !all_match(&route.matchers, self.content) {
            let failing = route.matchers.iter().find(|matcher| !matcher.matches(self.content));
            return Some(failing.map_or_else(String::new, |matcher| format!("{matcher} does not hold")));
        }
        let outside = route.active_hours.as_ref().is_some_and(|hours| !hours.hold(self.now));
        outside.then(|| "it is not within its hours".to_owned())
    }
}
