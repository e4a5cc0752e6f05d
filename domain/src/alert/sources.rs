//! What Plimsoll itself has to say: budgets that burn, heartbeats that are missed, certificates that are about to expire,
//! and incidents. They come in as signals like those of everybody else.
//!
//! The first three are states: each tick says which of them hold, and a signal is made only where that is not what the open
//! alerts say. So a tick that is run again, or half run, says nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use super::content::{Content, Signal, SignalAction};
use super::feedback::SLO_LABEL;
use super::record::Alert;
use super::severity::Severity;
use crate::component::Component;
use crate::incident::{AUTOMATIC, Impact, Incident};
use crate::probe::ProbeOutcome;
use crate::sample::SampleStatus;
use crate::slo::{BurnSeverity, Measurement, Slo, TierReading};
use crate::time::{Span, Timestamp};

/// All sources of ours.
pub const OURS: [&str; 4] = [SLO, HEARTBEAT, CERTIFICATE, INCIDENT];
/// Those of what is a state.
const STATES: [&str; 3] = [SLO, HEARTBEAT, CERTIFICATE];
const SLO: &str = "slo";
const HEARTBEAT: &str = "heartbeat";
const CERTIFICATE: &str = "certificate";
const INCIDENT: &str = "incident";

/// A certificate is about to expire when it has so long to go.
const EXPIRES_SOON: Span = Span::days(14);
/// And somebody must be woken when it has so long.
const EXPIRES_NOW: Span = Span::days(3);

/// Whether something holds at a tick.
#[derive(Clone, Debug, PartialEq)]
pub enum Watch {
    /// It does, under this key.
    Holds(String, Box<Content>),
    /// It does not.
    Calm(String),
    /// Nobody knows: an alert stays as it is.
    Unknown(String),
}

impl Watch {
    fn key(&self) -> &str {
        match self {
            Self::Holds(key, _) | Self::Calm(key) | Self::Unknown(key) => key,
        }
    }
}

/// The signals that bring the open alerts of a tenant in line with what holds. An alert of which nothing is said any more,
/// since its SLO or its component is gone, is over.
pub fn bring_in_line(open: &[Alert], watches: &[Watch]) -> Vec<Signal> {
    let said: BTreeSet<&str> = watches.iter().map(Watch::key).collect();
    let found = |key: &str| open.iter().find(|alert| alert.dedup_key == key);
    let resolve = |key: &str| Signal::new(SignalAction::Resolve, key, None, AUTOMATIC);
    let of_watch = watches.iter().filter_map(|watch| match (watch, found(watch.key())) {
        (Watch::Holds(_, content), Some(alert)) if alert.content.severity >= content.severity => None,
        (Watch::Holds(key, content), _) => {
            Some(Signal::new(SignalAction::Trigger, key, Some(content.as_ref().clone()), AUTOMATIC))
        }
        (Watch::Calm(key), Some(_)) => Some(resolve(key)),
        _ => None,
    });
    let gone = open.iter().filter(|alert| is_ours(alert) && !said.contains(alert.dedup_key.as_str()));
    of_watch.chain(gone.map(|alert| resolve(&alert.dedup_key))).collect()
}

/// Whether an alert is of a state. Somebody else may name a source as we do; keys begin with it only here.
fn is_ours(alert: &Alert) -> bool {
    STATES.contains(&alert.content.source.as_str())
        && alert.dedup_key.strip_prefix(&alert.content.source).is_some_and(|rest| rest.starts_with('/'))
        && alert.events.first().is_some_and(|event| event.by == AUTOMATIC)
}

/// Whether each tier of an SLO fires, and is heard.
pub fn of_measurement(measurement: &Measurement) -> Vec<Watch> {
    let each = measurement.tiers.iter().map(|tier| {
        let key = format!("{SLO}/{}/{}", measurement.slo_type, tier.long);
        match tier.firing_since {
            Some(_) if tier.quiet => Watch::Unknown(key),
            Some(_) => Watch::Holds(key, Box::new(burning(measurement, tier))),
            None => Watch::Calm(key),
        }
    });
    each.collect()
}

/// Nothing is known of an SLO that was not measured: what is open of it stays.
pub fn unmeasured(slo: &Slo) -> Vec<Watch> {
    slo.tiers.iter().map(|tier| Watch::Unknown(format!("{SLO}/{}/{}", slo.slo_type, tier.long))).collect()
}

fn burning(measurement: &Measurement, tier: &TierReading) -> Content {
    let slo = measurement.slo_type.as_str();
    let rate = measurement.burn_over(tier.long.into());
    let remaining = measurement.budget.map(|budget| budget.remaining_ratio);
    let pace = rate.map_or_else(String::new, |rate| format!(" {rate:.1} times as fast as it may"));
    let summary = format!("The error budget of {slo} burns{pace} (over {} and {})", tier.long, tier.short);
    let labels = [(SLO_LABEL, slo.to_owned()), ("long", tier.long.to_string()), ("short", tier.short.to_string())];
    let details = serde_json::json!({
        "objective": measurement.objective.ratio(),
        "window": measurement.window.to_string(),
        "burn_rate": rate,
        "fires_above": tier.factor,
        "budget_remaining_ratio": remaining,
    });
    let severity = match tier.severity {
        BurnSeverity::Page => Severity::Critical,
        BurnSeverity::Ticket => Severity::Warning,
    };
    content(SLO, summary, severity, None, (labels, Some(details.to_string())))
}

/// Whether a component with a heartbeat is silent, and whether a certificate is about to expire.
pub fn of_look(component: &Component, outcome: &ProbeOutcome, now: Timestamp) -> Vec<Watch> {
    let mut watches = Vec::new();
    if component.probe.kind() == HEARTBEAT {
        watches.push(of_heartbeat(component, outcome));
    }
    if component.probe.kind() == "http" {
        watches.push(of_certificate(component, outcome.certificate_expires_at, now));
    }
    watches
}

fn of_heartbeat(component: &Component, outcome: &ProbeOutcome) -> Watch {
    let key = format!("{HEARTBEAT}/{}", component.id);
    match outcome.status {
        SampleStatus::Unknown => Watch::Unknown(key),
        SampleStatus::Down => {
            let reason = outcome.reason.clone().unwrap_or_else(|| "it reports that it is down".to_owned());
            let summary = format!("The heartbeat of {} is missed: {reason}", component.name);
            Watch::Holds(key, Box::new(content(HEARTBEAT, summary, Severity::Critical, Some(component), ([], None))))
        }
        SampleStatus::Operational | SampleStatus::Degraded => Watch::Calm(key),
    }
}

fn of_certificate(component: &Component, expires_at: Option<Timestamp>, now: Timestamp) -> Watch {
    let key = format!("{CERTIFICATE}/{}", component.id);
    let Some(expires_at) = expires_at else { return Watch::Unknown(key) };
    let severity = if now.plus(EXPIRES_NOW) >= expires_at { Severity::Critical } else { Severity::Warning };
    if now.plus(EXPIRES_SOON) < expires_at {
        return Watch::Calm(key);
    }
    let days = expires_at.millis_since(now).max(0) / 86_400_000;
    let summary = format!(
        "The certificate of {} expires in {days} days, on {} UTC",
        component.name,
        expires_at.format("%Y-%m-%d %H:%M")
    );
    let labels = [("expires_at", expires_at.to_string())];
    Watch::Holds(key, Box::new(content(CERTIFICATE, summary, severity, Some(component), (labels, None))))
}

/// What an incident has to say that was not said yet, `open` being the open alerts of its tenant. The updates that are to be
/// noted as said are all there are. That something was said may not be noted, where somebody changed the incident in that
/// moment: then its open alert tells.
pub fn of_incident(incident: &Incident, open: &[Alert]) -> Option<Signal> {
    let key = format!("{INCIDENT}/{}", incident.id);
    let was_told = || incident.dispatched > 0 || open.iter().any(|alert| alert.dedup_key == key);
    if incident.dispatched >= incident.updates.len() || !(incident.is_open() || was_told()) {
        return None;
    }
    let action = if incident.is_open() { SignalAction::Trigger } else { SignalAction::Resolve };
    let severity = match incident.impact {
        Impact::None => Severity::Info,
        Impact::Minor => Severity::Warning,
        Impact::Major | Impact::Critical => Severity::Critical,
    };
    let latest = incident.latest();
    let labels = [("incident_id", incident.id.to_string()), ("status", latest.status.as_str().to_owned())];
    let details = serde_json::json!({ "status": latest.status.as_str(), "body": latest.body, "by": latest.by });
    let mut said = content(INCIDENT, incident.title.clone(), severity, None, (labels, Some(details.to_string())));
    let opener = incident.automation.as_ref().and_then(|automation| automation.opener.component());
    said.component = opener.as_ref().or_else(|| latest.components.keys().next()).map(ToString::to_string);
    let mut signal = Signal::new(action, key, Some(said), &latest.by);
    (signal.is_refresh, signal.mark) = (true, Some(incident.updates.len() as u64));
    Some(signal)
}

fn content<const N: usize>(
    source: &str,
    summary: String,
    severity: Severity,
    component: Option<&Component>,
    (labels, details): ([(&str, String); N], Option<String>),
) -> Content {
    let labels: BTreeMap<_, _> = labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let component = component.map(|component| component.id.to_string());
    Content { summary, severity, source: source.to_owned(), component, labels, details, runbook_url: None }
}
