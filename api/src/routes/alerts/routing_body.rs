//! Receivers and routes as a tenant writes and reads them.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use plimsoll_domain::alert::config::DEFAULT_COOLDOWN;
use plimsoll_domain::alert::hours::ActiveHours;
use plimsoll_domain::alert::{AlertConfig, ReceiverName, Route, Router, Severity};
use plimsoll_domain::invalid::{Fault, Faults, Invalid};
use plimsoll_domain::time::Span;

use super::kept::keep_secrets;
use super::receiver_body::ReceiverBody;
use crate::extract::escaped;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertConfigRequest {
    /// Who can be told, at most 100.
    #[serde(default)]
    receivers: Vec<ReceiverBody>,
    /// Who is told of what: asked in order. At most 500, in at most 10 levels.
    #[serde(default)]
    routes: Vec<RouteBody>,
    /// Who is told, by severity, of what no route takes, e.g. `{"critical": ["pd"], "info": ["mail"]}`.
    #[serde(default)]
    severity_tiers: BTreeMap<String, Vec<String>>,
    /// Who is told of everything else; all receivers unless given.
    default_receivers: Option<Vec<String>>,
    /// How long the same dedup key is not sent again; 300 unless given.
    cooldown_seconds: Option<i64>,
    /// How often an alert that nobody has acknowledged is sent again; never unless given.
    repeat_after_seconds: Option<i64>,
    /// When an alert of a Prometheus is over that does not say when; 300 unless given.
    resolve_timeout_seconds: Option<i64>,
}

/// One node of the tree of routes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RouteBody {
    /// What the history calls it; its place in the tree unless given.
    name: Option<String>,
    /// Such as `severity="critical"`, with `=`, `!=`, `=~` or `!~`. All of them must hold; none always hold.
    #[serde(default)]
    matchers: Vec<String>,
    /// Who is told when no child is taken; a child may leave it to its parent.
    #[serde(default)]
    receivers: Vec<String>,
    /// Whether the routes after this one are asked, too.
    #[serde(default, rename = "continue")]
    goes_on: bool,
    /// When it may be taken; always unless given.
    active_hours: Option<HoursBody>,
    /// Asked when this one is taken.
    #[serde(default)]
    #[schema(no_recursion)]
    routes: Vec<Self>,
}

/// Hours of the week. A span that ends before it starts goes over midnight.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HoursBody {
    /// E.g. `Europe/Stockholm`.
    time_zone: String,
    /// `mon` to `sun`; all of them unless given.
    #[serde(default)]
    days: Vec<String>,
    /// The first minute, `HH:MM`.
    from: String,
    /// The first minute after, `HH:MM`; the same as `from` is the whole day.
    to: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct AlertConfigView {
    /// 0 until configured for the first time, then one more with each change.
    version: u64,
    receivers: Vec<ReceiverBody>,
    #[schema(value_type = Vec<RouteBody>)]
    routes: Vec<Route>,
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    severity_tiers: BTreeMap<Severity, Vec<ReceiverName>>,
    #[schema(value_type = Vec<String>)]
    default_receivers: Vec<ReceiverName>,
    cooldown_seconds: i64,
    repeat_after_seconds: Option<i64>,
    resolve_timeout_seconds: i64,
}

/// What was asked for, as far as it could be read: masks still stand where stored secrets are to stay.
pub(super) struct Asked {
    config: AlertConfig,
    faults: Vec<Fault>,
}

impl AlertConfigRequest {
    pub(super) fn read(self) -> Asked {
        let mut faults = Faults::default();
        let all = self.receivers.into_iter().enumerate();
        let receivers: Vec<_> = all.map(|(index, receiver)| receiver.read(index, &mut faults)).collect();
        let routes = read_routes(self.routes, "/routes", &mut faults);
        let mut severity_tiers = BTreeMap::new();
        for (severity, names) in self.severity_tiers {
            let pointer = format!("/severity_tiers/{}", escaped(&severity));
            let names = read_names(&names, &pointer, &mut faults);
            severity_tiers.extend(faults.keep(severity.parse(), &pointer).map(|severity| (severity, names)));
        }
        let default_receivers = match self.default_receivers {
            Some(names) => read_names(&names, "/default_receivers", &mut faults),
            None => receivers.iter().map(|receiver| receiver.name.clone()).collect(),
        };
        let default = AlertConfig::default();
        let config = AlertConfig {
            version: 0,
            receivers,
            router: Router { routes, severity_tiers, default_receivers },
            cooldown: self.cooldown_seconds.map_or(DEFAULT_COOLDOWN, Span::from_seconds),
            repeat_after: self.repeat_after_seconds.map(Span::from_seconds),
            resolve_timeout: self.resolve_timeout_seconds.map_or(default.resolve_timeout, Span::from_seconds),
        };
        Asked { config, faults: faults.finish().err().map_or_else(Vec::new, |invalid| invalid.0) }
    }
}

impl Asked {
    /// The configuration that follows `held`. All faults are told at once, of each field the first one.
    pub(super) fn after(&self, held: &AlertConfig) -> Result<AlertConfig, Invalid> {
        let mut config = AlertConfig { version: held.version + 1, ..self.config.clone() };
        let mut faults = self.faults.clone();
        let kept = keep_secrets(&mut config.receivers, &held.receivers);
        for found in [kept, config.validate()] {
            faults.extend(found.err().into_iter().flat_map(|invalid| invalid.0));
        }
        let mut seen = HashSet::new();
        faults.retain(|fault| seen.insert(fault.pointer.clone()));
        if faults.is_empty() { Ok(config) } else { Err(Invalid(faults)) }
    }
}

fn read_routes(routes: Vec<RouteBody>, parent: &str, faults: &mut Faults) -> Vec<Route> {
    let all = routes.into_iter().enumerate();
    all.map(|(index, route)| route.read(&format!("{parent}/{index}"), faults)).collect()
}

/// Names of receivers, with a stand-in for each that is none.
fn read_names(names: &[String], pointer: &str, faults: &mut Faults) -> Vec<ReceiverName> {
    let read = |(index, name): (usize, &String)| {
        let known = faults.keep(name.parse(), &format!("{pointer}/{index}"));
        known.unwrap_or_else(|| "refused".parse().expect("a valid name"))
    };
    names.iter().enumerate().map(read).collect()
}

impl RouteBody {
    fn read(self, pointer: &str, faults: &mut Faults) -> Route {
        let mut matchers = Vec::with_capacity(self.matchers.len());
        for (index, text) in self.matchers.iter().enumerate() {
            matchers.extend(faults.keep(text.parse(), &format!("{pointer}/matchers/{index}")));
        }
        let hours = self.active_hours.map(|hours| hours.read());
        let active_hours = hours.and_then(|hours| faults.absorb(hours, &format!("{pointer}/active_hours")));
        Route {
            name: self.name,
            matchers,
            receivers: read_names(&self.receivers, &format!("{pointer}/receivers"), faults),
            goes_on: self.goes_on,
            active_hours,
            routes: read_routes(self.routes, &format!("{pointer}/routes"), faults),
        }
    }
}

impl HoursBody {
    fn read(&self) -> Result<ActiveHours, Invalid> {
        ActiveHours::read(&self.time_zone, &self.days, &self.from, &self.to)
    }
}

impl From<AlertConfig> for AlertConfigView {
    fn from(config: AlertConfig) -> Self {
        Self {
            version: config.version,
            receivers: config.receivers.iter().map(ReceiverBody::from).collect(),
            routes: config.router.routes,
            severity_tiers: config.router.severity_tiers,
            default_receivers: config.router.default_receivers,
            cooldown_seconds: config.cooldown.seconds(),
            repeat_after_seconds: config.repeat_after.map(Span::seconds),
            resolve_timeout_seconds: config.resolve_timeout.seconds(),
        }
    }
}
