//! What the public may see, as a value: the page, its JSON and every feed are views of one [`StatusSnapshot`].
//!
//! It holds nothing that is not public, so that whoever renders it cannot leak, and it says when it was true, so that it
//! can be served when nothing newer is to be had.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::config::PageConfig;
use super::figure::{ComponentFigure, ComponentState, figure};
use crate::ids::TenantId;
use crate::incident::{ComponentStatus, Impact, Incident};
use crate::maintenance::Maintenance;
use crate::slo::public::PublicSlo;
use crate::tenant::Tenant;
use crate::time::{Interval, Span, Timestamp};

/// How long an incident that is over stays on the snapshot.
pub const PAST_INCIDENTS: Span = Span::days(14);

/// How far ahead the times of a maintenance that recurs are shown.
pub const UPCOMING: Span = Span::days(14);

/// Most maintenance on a snapshot, soonest first.
const MAX_MAINTENANCES: usize = 50;

/// Most incidents on a snapshot; open ones come first.
pub const MAX_INCIDENTS: usize = 50;

/// Everything the public may see of one tenant at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusSnapshot {
    /// Whose.
    pub tenant: TenantId,
    /// The tenant's name.
    pub name: String,
    /// When this was true.
    pub as_of: Timestamp,
    /// Length of a tick in seconds: something newer is due after it.
    pub interval_seconds: i64,
    /// The worst of it, in one word.
    pub overall: ComponentStatus,
    /// The components, in the order of their groups.
    pub components: Vec<ComponentFigure>,
    /// Open incidents, and those of the last 14 days; newest first.
    pub incidents: Vec<Incident>,
    /// Each time of maintenance that is not over, soonest first; of what recurs those of the next two weeks.
    pub maintenances: Vec<Maintenance>,
    /// SLOs that the public sees.
    #[serde(default)]
    pub slos: Vec<PublicSlo>,
}

/// Everything a snapshot is made of.
#[derive(Debug)]
pub struct SnapshotParts<'a> {
    /// The tenant.
    pub tenant: &'a Tenant,
    /// What it has settled about its page.
    pub page: &'a PageConfig,
    /// Its components.
    pub components: Vec<ComponentState>,
    /// Its open and recent incidents.
    pub incidents: Vec<Incident>,
    /// Its maintenance.
    pub maintenances: Vec<Maintenance>,
    /// Its public SLOs.
    pub slos: Vec<PublicSlo>,
    /// How long a tick is.
    pub interval: Interval,
    /// The present instant.
    pub now: Timestamp,
}

impl StatusSnapshot {
    /// Of a tenant of which nothing was sampled yet: nothing is known.
    pub const fn unsampled(tenant: TenantId, name: String, now: Timestamp) -> Self {
        Self {
            tenant,
            name,
            as_of: now,
            interval_seconds: Interval::MINUTE.seconds(),
            overall: ComponentStatus::Unknown,
            components: Vec::new(),
            incidents: Vec::new(),
            maintenances: Vec::new(),
            slos: Vec::new(),
        }
    }

    /// The snapshot of `parts`.
    pub fn build(parts: SnapshotParts<'_>) -> Self {
        let SnapshotParts { tenant, page, components, incidents, maintenances, slos, interval, now } = parts;
        let incidents = shown_incidents(incidents, page, now);
        let maintenances = shown_maintenances(&maintenances, page, now);
        let arrangement = &page.arrangement;
        let mut shown = components;
        shown.retain(|one| !arrangement.hidden.contains(&one.component.id));
        shown.sort_by(|a, b| arrangement.place(&a.component).cmp(&arrangement.place(&b.component)));
        let figure_of = |state: ComponentState| {
            let status = public_status(&state, &incidents, &maintenances, now);
            figure(state, status, interval, now)
        };
        let figures: Vec<_> = shown.into_iter().map(figure_of).collect();
        Self {
            tenant: tenant.id.clone(),
            name: tenant.name.clone(),
            as_of: now,
            interval_seconds: interval.seconds(),
            overall: overall(&figures, &incidents),
            components: figures,
            incidents,
            maintenances,
            slos,
        }
    }
}

/// Those that are published, without what the page does not show.
fn shown_incidents(mut incidents: Vec<Incident>, page: &PageConfig, now: Timestamp) -> Vec<Incident> {
    let is_recent = |over: Timestamp| now.minus(PAST_INCIDENTS) < over;
    incidents.retain(|incident| !incident.draft && incident.resolved_at().is_none_or(is_recent));
    incidents.sort_by_key(|incident| (!incident.is_open(), Reverse(incident.started_at()), incident.id.clone()));
    incidents.truncate(MAX_INCIDENTS);
    incidents.sort_by_key(|incident| (Reverse(incident.started_at()), incident.id.clone()));
    for update in incidents.iter_mut().flat_map(|incident| &mut incident.updates) {
        update.components.retain(|component, _| !page.arrangement.hidden.contains(component));
    }
    incidents
}

fn shown_maintenances(all: &[Maintenance], page: &PageConfig, now: Timestamp) -> Vec<Maintenance> {
    let reach = |held: &Maintenance| {
        // What takes place once is announced as soon as it is known.
        let until = if held.recurrence.is_some() { now.plus(UPCOMING) } else { held.completed_at() };
        now..until
    };
    let mut shown: Vec<_> = all.iter().flat_map(|held| held.occurrences(&reach(held))).collect();
    for held in &mut shown {
        held.components.retain(|component| !page.arrangement.hidden.contains(component));
    }
    shown.retain(|held| !held.components.is_empty());
    shown.sort_by_key(|held| (held.starts_at, held.id.clone()));
    shown.truncate(MAX_MAINTENANCES);
    shown
}

fn public_status(
    state: &ComponentState,
    incidents: &[Incident],
    maintenances: &[Maintenance],
    now: Timestamp,
) -> ComponentStatus {
    let id = &state.component.id;
    if maintenances.iter().any(|maintenance| maintenance.covers(id, now)) {
        return ComponentStatus::UnderMaintenance;
    }
    let by_hand = incidents.iter().filter(|incident| incident.is_open() && is_by_hand(incident));
    let told = by_hand.filter_map(|incident| incident.latest().components.get(id)).max();
    told.copied().unwrap_or(ComponentStatus::Operational).max(state.latest.into())
}

/// Whether a person opened it, or has taken it over.
fn is_by_hand(incident: &Incident) -> bool {
    incident.automation.as_ref().is_none_or(|automation| automation.stopped)
}

fn overall(components: &[ComponentFigure], incidents: &[Incident]) -> ComponentStatus {
    use ComponentStatus::{MajorOutage, Operational, PartialOutage, Unknown};
    let count = |status| components.iter().filter(|component| component.status == status).count();
    let open = incidents.iter().any(|incident| {
        let names_none = incident.latest().components.is_empty();
        incident.is_open() && names_none && incident.impact >= Impact::Minor
    });
    let said = if open { ComponentStatus::DegradedPerformance } else { Operational };
    let seen = match components.iter().map(|component| component.status).max() {
        None => Operational,
        Some(MajorOutage) if count(MajorOutage) < components.len() => PartialOutage,
        Some(Unknown) if count(Unknown) < components.len() => Operational,
        Some(worst) => worst,
    };
    seen.max(said)
}

#[cfg(test)]
mod tests {
    use super::super::figure::DAYS;
    use super::*;
    use crate::component::Component;
    use crate::probe::ProbeSpec;
    use crate::rollup::Counts;
    use crate::sample::SampleStatus;
    use crate::tenant::{ApiKey, Role};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn component(name: &str) -> Component {
        Component {
            tenant: "acme".parse().expect("slug"),
            id: name.to_lowercase().parse().expect("slug"),
            name: name.to_owned(),
            group: None,
            description: None,
            probe: ProbeSpec::Push,
            created_at: at("2026-01-01T00:00:00Z"),
            probe_since: None,
        }
    }

    fn counts(operational: u64, down: u64) -> Counts {
        let mut counts = Counts::default();
        counts.normal.operational = operational;
        counts.normal.down = down;
        counts
    }

    fn state(name: &str, latest: SampleStatus) -> ComponentState {
        let yesterday = at("2026-11-20T00:00:00Z").day();
        let past_days = vec![(yesterday, counts(1_430, 10))];
        let (before, latency) = (None, Vec::new());
        ComponentState { component: component(name), latest, past_days, today: counts(60, 0), before, latency }
    }

    fn snapshot(states: Vec<ComponentState>, maintenances: Vec<Maintenance>) -> StatusSnapshot {
        let now = at("2026-11-21T01:00:00Z");
        let key = ApiKey {
            id: "k".parse().expect("slug"),
            name: "k".to_owned(),
            role: Role::Admin,
            hash: String::new(),
            created_at: now,
        };
        let tenant = Tenant::new("acme".parse().expect("slug"), "Acme", key, now).expect("valid");
        let (incidents, interval) = (Vec::new(), Interval::MINUTE);
        StatusSnapshot::build(SnapshotParts {
            tenant: &tenant,
            page: &PageConfig::of(tenant.id.clone()),
            components: states,
            incidents,
            maintenances,
            slos: Vec::new(),
            interval,
            now,
        })
    }

    #[test]
    fn days_end_today_and_unknown_ones_are_not_good() {
        let snapshot = snapshot(vec![state("API", SampleStatus::Operational)], Vec::new());
        let api = &snapshot.components[0];
        assert_eq!((api.days.len(), api.days[89].coverage), (DAYS, 1.0));
        assert_eq!((api.days[0].status, api.days[0].uptime), (ComponentStatus::Unknown, None));
        assert_eq!(api.days[88].status, ComponentStatus::DegradedPerformance, "ten bad minutes of a day");
        assert_eq!(api.last_30_days.ratio, Some(0.993_333));
        assert!(api.last_30_days.coverage < 0.04, "most of the days nobody looked: {}", api.last_30_days.coverage);
    }

    #[test]
    fn the_whole_is_as_bad_as_what_is_down_and_says_whether_it_is_all() {
        use SampleStatus::{Degraded, Down, Operational, Unknown};
        let overall = |statuses: &[SampleStatus]| {
            let states = ["A", "B", "C"].iter().zip(statuses).map(|(name, status)| state(name, *status)).collect();
            snapshot(states, Vec::new()).overall
        };
        assert_eq!(overall(&[Operational, Operational]), ComponentStatus::Operational);
        assert_eq!(overall(&[Operational, Down]), ComponentStatus::PartialOutage);
        assert_eq!(overall(&[Down, Down]), ComponentStatus::MajorOutage);
        assert_eq!(overall(&[Degraded, Unknown, Operational]), ComponentStatus::DegradedPerformance);
        assert_eq!(overall(&[Unknown, Unknown]), ComponentStatus::Unknown);
        assert_eq!(overall(&[]), ComponentStatus::Operational);
    }

    #[test]
    fn announced_work_stands_before_what_the_samples_say() {
        let (tenant, id) = ("acme".parse().expect("slug"), "m".parse().expect("slug"));
        let span = at("2026-11-21T00:30:00Z")..at("2026-11-21T02:00:00Z");
        let maintenance = Maintenance::once(tenant, id, "Upgrade", vec!["api".parse().expect("slug")], span);
        let snapshot = snapshot(vec![state("API", SampleStatus::Down)], vec![maintenance]);
        assert_eq!(snapshot.overall, ComponentStatus::UnderMaintenance);
    }
}
