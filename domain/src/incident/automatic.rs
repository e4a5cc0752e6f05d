//! What a tick's finding does to the automatic incident of a component.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::{Automation, Impact, Incident, IncidentStatus, IncidentUpdate};
use crate::ids::{ComponentId, IncidentId, TenantId};
use crate::sample::SampleStatus;
use crate::time::{Span, Tick, Timestamp};

/// How long a component must stay well before its incident is resolved.
pub const DEFAULT_SETTLE: Span = Span::minutes(5);
/// The author of updates that no person wrote.
pub const AUTOMATIC: &str = "automatic";
/// From here on an automatic update takes the place of the one before it, so that a component that never settles leaves
/// room for what people have to say.
const MAX_AUTOMATIC: usize = 100;

/// What one tick found out about one component.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// Which component.
    pub component: &'a ComponentId,
    /// Its name, for the title.
    pub name: &'a str,
    /// The confirmed verdict.
    pub status: SampleStatus,
    /// Whether announced work is going on.
    pub in_maintenance: bool,
    /// The tick.
    pub tick: Tick,
    /// The present instant.
    pub now: Timestamp,
    /// What is done with an incident that it opens.
    pub mode: AutoIncident,
}

/// What is done with incidents that open by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AutoIncident {
    /// The public sees them.
    #[default]
    Publish,
    /// They are opened, and alerts tell of them; the public sees them once a person publishes them.
    Draft,
    /// None is opened.
    Off,
}

/// What a tick asks the store to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Open this incident, unless the component has an open automatic one.
    Open(Incident),
    /// Put this in the place of the version before it.
    Change(Incident),
}

/// Decides what `finding` means, given the component's open automatic incident. `None`: nothing changes. Nothing is
/// opened inside maintenance; `unknown` neither opens nor closes.
pub fn decide(open: Option<&Incident>, finding: &Finding<'_>, settle: Span) -> Option<Transition> {
    let Some(incident) = open else {
        let opens = is_bad(finding.status) && !finding.in_maintenance && finding.mode != AutoIncident::Off;
        return opens.then(|| Transition::Open(opened(finding)));
    };
    if incident.automation.as_ref().is_none_or(|automation| automation.stopped) {
        return None;
    }
    let told = incident.latest().components.get(finding.component).copied();
    let is_told = told == Some(finding.status.into());
    match (incident.status(), finding.status) {
        (IncidentStatus::Monitoring, SampleStatus::Unknown) if !is_told => {
            let body = format!("Nothing is known of {} at present.", finding.name);
            Some(changed(incident, finding, IncidentStatus::Monitoring, body))
        }
        (_, SampleStatus::Unknown) => None,
        (IncidentStatus::Monitoring, SampleStatus::Operational) if !is_told => Some(watched(incident, finding)),
        (IncidentStatus::Monitoring, SampleStatus::Operational) => settled(incident, finding, settle),
        (_, SampleStatus::Operational) => Some(watched(incident, finding)),
        (IncidentStatus::Monitoring, _) => {
            let body = format!("{} {} again.", finding.name, failing(finding.status));
            Some(changed(incident, finding, IncidentStatus::Investigating, body))
        }
        (_, _) if is_told => None,
        (status, _) => {
            let body = format!("{} now {}.", finding.name, failing(finding.status));
            Some(changed(incident, finding, status, body))
        }
    }
}

const fn is_bad(status: SampleStatus) -> bool {
    matches!(status, SampleStatus::Degraded | SampleStatus::Down)
}

const fn failing(status: SampleStatus) -> &'static str {
    match status {
        SampleStatus::Degraded => "answers slowly or in part",
        _ => "does not answer as it should",
    }
}

const fn impact_of(status: SampleStatus) -> Impact {
    match status {
        SampleStatus::Operational | SampleStatus::Unknown => Impact::None,
        SampleStatus::Degraded => Impact::Minor,
        SampleStatus::Down => Impact::Major,
    }
}

fn update(finding: &Finding<'_>, status: IncidentStatus, body: String) -> IncidentUpdate {
    let components = BTreeMap::from([(finding.component.clone(), finding.status.into())]);
    IncidentUpdate { status, body, at: finding.now, by: AUTOMATIC.to_owned(), components }
}

fn opened(finding: &Finding<'_>) -> Incident {
    let what = if finding.status == SampleStatus::Degraded { "is degraded" } else { "is down" };
    let body = format!("{} {}. We are looking into it.", finding.name, failing(finding.status));
    Incident {
        tenant: finding.tenant.clone(),
        id: IncidentId::automatic(finding.tenant, finding.component, finding.tick),
        title: format!("{} {what}", finding.name),
        impact: impact_of(finding.status),
        automation: Some(Automation { opener: finding.component.into(), stopped: false }),
        updates: vec![update(finding, IncidentStatus::Investigating, body)],
        version: 1,
        dispatched: 0,
        announced: 0,
        draft: finding.mode == AutoIncident::Draft,
        published_at: None,
        backfilled: false,
    }
}

/// What becomes of an open automatic incident whose component was removed; `None` when it is a person's.
pub fn end_of_removed(incident: &Incident, now: Timestamp) -> Option<Transition> {
    let automation = incident.automation.as_ref().filter(|automation| incident.is_open() && !automation.stopped)?;
    let name = automation.opener.slo().map_or_else(|| automation.opener.to_string(), |slo| slo.to_string());
    Some(Transition::Change(incident.with(said(
        IncidentStatus::Resolved,
        format!("{name} is no longer watched."),
        now,
    ))))
}

fn watched(incident: &Incident, finding: &Finding<'_>) -> Transition {
    let body = format!("{} answers again. We keep watching it.", finding.name);
    changed(incident, finding, IncidentStatus::Monitoring, body)
}

fn changed(incident: &Incident, finding: &Finding<'_>, status: IncidentStatus, body: String) -> Transition {
    let mut next = follow(incident, update(finding, status, body));
    next.impact = incident.impact.max(impact_of(finding.status));
    Transition::Change(next)
}

/// `incident` with an update more. From some number of updates on it takes the place of the automatic one before it.
pub(super) fn follow(incident: &Incident, update: IncidentUpdate) -> Incident {
    let is_over = update.status.is_over();
    let mut next = incident.with(update);
    if next.updates.len() > MAX_AUTOMATIC && !is_over {
        let before = next.updates.len() - 2;
        if next.updates[before].by == AUTOMATIC {
            next.updates.remove(before);
            next.dispatched = next.dispatched.min(before);
            next.announced = next.announced.min(before);
        }
    }
    next
}

/// An automatic update that names no component.
pub(super) fn said(status: IncidentStatus, body: String, at: Timestamp) -> IncidentUpdate {
    IncidentUpdate { status, body, at, by: AUTOMATIC.to_owned(), components: BTreeMap::new() }
}

fn settled(incident: &Incident, finding: &Finding<'_>, settle: Span) -> Option<Transition> {
    let well_since = incident.latest().at;
    if finding.now.millis_since(well_since) < settle.seconds() * 1_000 {
        return None;
    }
    let body = format!("{} has been well since {} UTC.", finding.name, well_since.format("%H:%M"));
    Some(changed(incident, finding, IncidentStatus::Resolved, body))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::record::MAX_UPDATES;
    use super::*;

    const SETTLE: Span = Span::minutes(5);

    fn run(statuses: &[(SampleStatus, bool)]) -> Vec<Incident> {
        let (tenant, component) = ("acme".parse().expect("slug"), "api".parse().expect("slug"));
        let mut incidents: Vec<Incident> = Vec::new();
        for (minute, (status, in_maintenance)) in (0i64..).zip(statuses) {
            let tick = Tick::from_seconds(minute * 60);
            let finding = Finding {
                tenant: &tenant,
                component: &component,
                name: "API",
                status: *status,
                in_maintenance: *in_maintenance,
                tick,
                now: tick.start(),
                mode: AutoIncident::Publish,
            };
            let open = incidents.iter().position(Incident::is_open);
            match decide(open.map(|at| &incidents[at]), &finding, SETTLE) {
                Some(Transition::Open(incident)) => incidents.push(incident),
                Some(Transition::Change(incident)) => incidents[open.expect("only an open one changes")] = incident,
                None => {}
            }
        }
        incidents
    }

    fn statuses(text: &str) -> Vec<(SampleStatus, bool)> {
        let status = |c| match c {
            'o' => SampleStatus::Operational,
            'g' => SampleStatus::Degraded,
            'd' | 'D' => SampleStatus::Down,
            _ => SampleStatus::Unknown,
        };
        text.chars().map(|c| (status(c), c.is_uppercase())).collect()
    }

    fn timeline(text: &str) -> String {
        let incidents = run(&statuses(text));
        let line = |incident: &Incident| {
            incident.updates.iter().map(|update| &update.status.as_str()[..3]).collect::<Vec<_>>().join(" ")
        };
        incidents.iter().map(line).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn an_incident_opens_settles_and_closes_by_itself() {
        assert_eq!(timeline("oodddoooooo"), "inv mon res");
        assert_eq!(timeline("oodddooooo"), "inv mon");
    }

    #[test]
    fn flapping_writes_one_incident() {
        assert_eq!(timeline("dodod"), "inv mon inv mon inv");
        assert_eq!(timeline("doddoooooo"), "inv mon inv mon res");
    }

    #[test]
    fn unknown_neither_opens_nor_closes_and_maintenance_does_not_open() {
        assert_eq!(timeline("uuuu"), "");
        assert_eq!(timeline("duuuuuuuuu"), "inv");
        assert_eq!(timeline("DDDD"), "");
    }

    #[test]
    fn what_is_not_known_does_not_settle() {
        assert_eq!(timeline("douuuuuuuuo"), "inv mon mon mon");
        assert_eq!(timeline("douuuoooooo"), "inv mon mon mon res");
    }

    #[test]
    fn a_component_that_never_settles_leaves_room_for_people() {
        let mut incident = run(&statuses(&"do".repeat(400))).remove(0);
        assert!(incident.updates.len() <= MAX_AUTOMATIC, "{}", incident.updates.len());
        for _ in 0..MAX_UPDATES {
            let said = IncidentUpdate { body: "Still at it.".to_owned(), ..incident.latest().clone() };
            match incident.edited(said) {
                Ok(next) => incident = next,
                Err(_) => break,
            }
        }
        let over = IncidentUpdate { status: IncidentStatus::Resolved, ..incident.latest().clone() };
        let over = incident.edited(over).expect("it can always be resolved");
        assert!(!over.is_open() && over.edited(over.latest().clone()).is_err(), "and then it is full");
    }

    #[test]
    fn an_incident_of_a_removed_component_ends() {
        let incident = run(&statuses("d")).remove(0);
        let Some(Transition::Change(ended)) = end_of_removed(&incident, Timestamp::from_seconds(600)) else {
            panic!("it ends");
        };
        assert!(!ended.is_open() && end_of_removed(&ended, Timestamp::from_seconds(660)).is_none());
    }

    #[test]
    fn the_impact_follows_the_worst_verdict() {
        let incidents = run(&statuses("gdg"));
        assert_eq!(incidents[0].impact, Impact::Major);
        assert_eq!(incidents[0].updates.len(), 3);
    }

    #[test]
    fn a_persons_edit_stops_the_automation() {
        let incident = run(&statuses("d")).remove(0);
        let by_hand = IncidentUpdate { by: "alice".to_owned(), body: "On it.".to_owned(), ..incident.latest().clone() };
        let edited = incident.edited(by_hand).expect("valid");
        let (tenant, component) = (incident.tenant.clone(), "api".parse().expect("slug"));
        let now = Timestamp::from_seconds(86_400);
        let status = SampleStatus::Operational;
        let tick = Tick::from_seconds(86_400);
        let (in_maintenance, mode) = (false, AutoIncident::Publish);
        let finding =
            Finding { tenant: &tenant, component: &component, name: "API", status, in_maintenance, tick, now, mode };
        assert_eq!(decide(Some(&edited), &finding, SETTLE), None);
        assert!(
            edited.holds_component(&"api".parse().expect("slug")),
            "it stays the one open incident of its component"
        );
    }

    proptest! {
        #[test]
        fn there_is_never_more_than_one_open_incident_and_every_timeline_is_in_order(
            history in prop::collection::vec(prop::sample::select(vec!['o', 'g', 'd', 'u', 'D']), 0..120)
        ) {
            let text: String = history.into_iter().collect();
            let incidents = run(&statuses(&text));
            prop_assert!(incidents.iter().filter(|incident| incident.is_open()).count() <= 1);
            for incident in &incidents {
                prop_assert_eq!(incident.version, incident.updates.len() as u64);
                prop_assert!(incident.updates.windows(2).all(|pair| pair[0].at < pair[1].at));
                prop_assert!(incident.updates.windows(2).all(|pair| !pair[0].status.is_over()));
            }
        }
    }
}
