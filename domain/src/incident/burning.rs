//! What a burning error budget does to the automatic incident of its SLO.
//!
//! A component that fails has an incident of its own: while there is one of a component that the SLO speaks of, the budget
//! opens none, since it would tell the same again.

use super::automatic::{AutoIncident, Transition, follow, said};
use super::record::{Automation, Impact, Incident, IncidentStatus};
use crate::ids::{IncidentId, SloType, TenantId};
use crate::time::{Span, Tick, Timestamp};

/// What one tick found out about one public SLO.
#[derive(Clone, Copy, Debug)]
pub struct Burning<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// Which SLO.
    pub slo: &'a SloType,
    /// Whether one of its tiers that page fires; `None`: nothing is known, so nothing changes.
    pub pages: Option<bool>,
    /// Whether an automatic incident of one of its components is open, or one of a person that says that it is not well.
    pub is_told: bool,
    /// The tick.
    pub tick: Tick,
    /// The present instant.
    pub now: Timestamp,
    /// What is done with an incident that it opens.
    pub mode: AutoIncident,
}

/// Decides what `burning` means, given the SLO's open automatic incident. `None`: nothing changes.
pub fn decide_burning(open: Option<&Incident>, burning: &Burning<'_>, settle: Span) -> Option<Transition> {
    let pages = burning.pages?;
    let Some(incident) = open else {
        let opens = pages && !burning.is_told && burning.mode != AutoIncident::Off;
        return opens.then(|| Transition::Open(opened(burning)));
    };
    if incident.automation.as_ref().is_none_or(|automation| automation.stopped) {
        return None;
    }
    let change = |status, body: String| Some(Transition::Change(follow(incident, said(status, body, burning.now))));
    match (incident.status(), pages) {
        (IncidentStatus::Monitoring, true) => {
            change(IncidentStatus::Investigating, format!("The error budget of {} burns fast again.", burning.slo))
        }
        (_, true) => None,
        (IncidentStatus::Monitoring, false) => {
            let well_since = incident.latest().at;
            let is_settled = burning.now.millis_since(well_since) >= settle.seconds() * 1_000;
            let body = || {
                let since = well_since.format("%H:%M");
                format!("The error budget of {} has not been burning fast since {since} UTC.", burning.slo)
            };
            if is_settled { change(IncidentStatus::Resolved, body()) } else { None }
        }
        (_, false) => {
            let body = format!("The error budget of {} no longer burns fast. We keep watching it.", burning.slo);
            change(IncidentStatus::Monitoring, body)
        }
    }
}

fn opened(burning: &Burning<'_>) -> Incident {
    let body = format!(
        "More of what {} promises is going wrong than its error budget can bear for long. We are looking into it.",
        burning.slo
    );
    Incident {
        tenant: burning.tenant.clone(),
        id: IncidentId::of_slo(burning.tenant, burning.slo, burning.tick),
        title: format!("Raised error rate: {}", burning.slo),
        impact: Impact::Minor,
        automation: Some(Automation { opener: burning.slo.into(), stopped: false }),
        updates: vec![said(IncidentStatus::Investigating, body, burning.now)],
        version: 1,
        dispatched: 0,
        announced: 0,
        draft: burning.mode == AutoIncident::Draft,
        published_at: None,
        backfilled: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(ticks: &[Option<bool>], is_told: bool, mode: AutoIncident) -> Vec<Incident> {
        let (tenant, slo) = ("acme".parse().expect("slug"), "availability".parse().expect("a name"));
        let mut incidents: Vec<Incident> = Vec::new();
        for (minute, pages) in (0i64..).zip(ticks) {
            let tick = Tick::from_seconds(minute * 60);
            let burning = Burning { tenant: &tenant, slo: &slo, pages: *pages, is_told, tick, now: tick.start(), mode };
            let open = incidents.iter().position(Incident::is_open);
            match decide_burning(open.map(|at| &incidents[at]), &burning, Span::minutes(5)) {
                Some(Transition::Open(incident)) => incidents.push(incident),
                Some(Transition::Change(incident)) => incidents[open.expect("only an open one changes")] = incident,
                None => {}
            }
        }
        incidents
    }

    fn timeline(incident: &Incident) -> Vec<&str> {
        incident.updates.iter().map(|update| update.status.as_str()).collect()
    }

    #[test]
    fn it_opens_settles_and_closes_and_freezes_on_what_is_not_known() {
        let mut ticks = vec![Some(true), None, Some(true), Some(false)];
        ticks.extend([Some(false); 6]);
        let incidents = run(&ticks, false, AutoIncident::Publish);
        assert_eq!(incidents.len(), 1);
        assert_eq!(timeline(&incidents[0]), ["investigating", "monitoring", "resolved"]);
        assert!(run(&[None; 5], false, AutoIncident::Publish).is_empty());
    }

    #[test]
    fn a_budget_that_burns_again_goes_on_with_the_same_incident() {
        let incidents = run(&[Some(true), Some(false), Some(true)], false, AutoIncident::Publish);
        assert_eq!(timeline(&incidents[0]), ["investigating", "monitoring", "investigating"]);
        assert_eq!(incidents.len(), 1);
    }

    #[test]
    fn what_a_component_tells_already_is_not_told_again() {
        assert!(run(&[Some(true); 3], true, AutoIncident::Publish).is_empty());
        assert!(run(&[Some(true); 3], false, AutoIncident::Off).is_empty());
        assert!(run(&[Some(true); 3], false, AutoIncident::Draft)[0].draft);
    }
}
