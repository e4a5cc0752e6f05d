//! What the public may see, as a value: the page, its JSON and every feed are views of one [`StatusSnapshot`].
//!
//! It holds nothing that is not public, so that whoever renders it cannot leak, and it says when it was true, so that it
//! can be served when nothing newer is to be had.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::component::Component;
use crate::ids::{ComponentId, TenantId};
use crate::incident::{ComponentStatus, Impact, Incident};
use crate::maintenance::Maintenance;
use crate::rollup::Counts;
use crate::sample::SampleStatus;
use crate::slo::public::PublicSlo;
use crate::tenant::Tenant;
use crate::time::{Day, Interval, Span, Timestamp};

/// How many daily bars a component has, today among them.
pub const DAYS: usize = 90;
/// How long an incident that is over stays on the snapshot.
pub const PAST_INCIDENTS: Span = Span::days(14);

/// Most incidents on a snapshot; open ones come first.
pub const MAX_INCIDENTS: usize = 50;

/// One component's day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DayFigure {
    /// The UTC day.
    pub date: Day,
    /// The day in one word.
    pub status: ComponentStatus,
    /// Good ÷ known samples outside maintenance; `None` when none is known.
    pub uptime: Option<f64>,
    /// Known samples ÷ ticks of the day that are over: 0 to 1.
    pub coverage: f64,
}

/// Uptime over some days, and how much of it is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Uptime {
    /// Good ÷ known samples outside maintenance; `None` when none is known.
    pub ratio: Option<f64>,
    /// Known samples ÷ ticks there have been: 0 to 1.
    pub coverage: f64,
}

/// One component as the public sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComponentFigure {
    /// Its id.
    pub id: ComponentId,
    /// Its name.
    pub name: String,
    /// The heading it stands under.
    pub group: Option<String>,
    /// A sentence about it.
    pub description: Option<String>,
    /// How it is now.
    pub status: ComponentStatus,
    /// Over the last 30 days, today among them.
    pub last_30_days: Uptime,
    /// Over the last 90 days, today among them.
    pub last_90_days: Uptime,
    /// The last 90 days, oldest first, today last.
    pub days: Vec<DayFigure>,
}

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
    /// Maintenance that is not over, soonest first.
    pub maintenances: Vec<Maintenance>,
    /// SLOs that the public sees.
    #[serde(default)]
    pub slos: Vec<PublicSlo>,
}

/// What is known of one component when a snapshot is made.
#[derive(Clone, Debug)]
pub struct ComponentState {
    /// The component.
    pub component: Component,
    /// The newest verdict.
    pub latest: SampleStatus,
    /// Counts of the days before today that hold any, in order.
    pub past_days: Vec<(Day, Counts)>,
    /// Counts of today so far.
    pub today: Counts,
}

/// Everything a snapshot is made of.
#[derive(Debug)]
pub struct SnapshotParts<'a> {
    /// The tenant.
    pub tenant: &'a Tenant,
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

/// The first of the [`DAYS`] days that end with `today`.
pub fn first_shown_day(today: Day) -> Day {
    today.plus(1 - i64::try_from(DAYS).expect("90 fits"))
}

impl StatusSnapshot {
    /// The snapshot of `parts`.
    pub fn build(parts: SnapshotParts<'_>) -> Self {
        let SnapshotParts { tenant, components, mut incidents, mut maintenances, slos, interval, now } = parts;
        incidents.retain(|incident| incident.resolved_at().is_none_or(|over| now.minus(PAST_INCIDENTS) < over));
        incidents.sort_by_key(|incident| (!incident.is_open(), Reverse(incident.started_at()), incident.id.clone()));
        incidents.truncate(MAX_INCIDENTS);
        incidents.sort_by_key(|incident| (Reverse(incident.started_at()), incident.id.clone()));
        maintenances.retain(|maintenance| now < maintenance.ends_at);
        maintenances.sort_by_key(|maintenance| (maintenance.starts_at, maintenance.id.clone()));
        let mut figures: Vec<_> = components
            .into_iter()
            .map(|state| {
                let status = public_status(&state, &incidents, &maintenances, now);
                figure(state, status, interval, now)
            })
            .collect();
        figures.sort_by(|a, b| (&a.group, &a.name, &a.id).cmp(&(&b.group, &b.name, &b.id)));
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
        incident.is_open() && is_by_hand(incident) && names_none && incident.impact >= Impact::Minor
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

fn figure(state: ComponentState, status: ComponentStatus, interval: Interval, now: Timestamp) -> ComponentFigure {
    let today = now.day();
    let counts_of = |day: Day| {
        if day == today {
            return state.today;
        }
        let found = state.past_days.binary_search_by_key(&day, |(day, _)| *day);
        found.map(|at| state.past_days[at].1).unwrap_or_default()
    };
    let first = first_shown_day(today);
    let days: Vec<(Day, Counts)> = (0..).take(DAYS).map(|on| first.plus(on)).map(|day| (day, counts_of(day))).collect();
    let over = |days: &[(Day, Counts)]| {
        let counts: Counts = days.iter().map(|(_, counts)| *counts).sum();
        let ticks = days.iter().map(|(day, _)| ticks_so_far(*day, interval, now)).sum();
        Uptime { ratio: uptime(&counts), coverage: coverage(&counts, ticks) }
    };
    ComponentFigure {
        last_30_days: over(&days[DAYS - 30..]),
        last_90_days: over(&days),
        days: days.iter().map(|(day, counts)| day_figure(*day, counts, interval, now)).collect(),
        id: state.component.id,
        name: state.component.name,
        group: state.component.group,
        description: state.component.description,
        status,
    }
}

fn day_figure(date: Day, counts: &Counts, interval: Interval, now: Timestamp) -> DayFigure {
    let coverage = coverage(counts, ticks_so_far(date, interval, now));
    DayFigure { date, status: day_status(counts), uptime: uptime(counts), coverage }
}

/// A day in one word: what share of it was bad, not whether a single minute was.
fn day_status(counts: &Counts) -> ComponentStatus {
    match uptime(counts) {
        None if counts.maintenance.total() > 0 => ComponentStatus::UnderMaintenance,
        None => ComponentStatus::Unknown,
        Some(ratio) if ratio < 0.95 => ComponentStatus::MajorOutage,
        Some(ratio) if ratio < 0.99 => ComponentStatus::PartialOutage,
        Some(ratio) if ratio < 1.0 || counts.normal.degraded > 0 => ComponentStatus::DegradedPerformance,
        Some(_) => ComponentStatus::Operational,
    }
}

fn uptime(counts: &Counts) -> Option<f64> {
    let known = counts.normal.known();
    (known > 0).then(|| floored(counts.normal.good() as f64 / known as f64))
}

/// To six decimals, down: a shortfall never reads as whole, and a page need not be stored anew for what nobody sees.
fn floored(ratio: f64) -> f64 {
    (ratio * 1e6 + 1e-6).floor() / 1e6
}

/// Ticks of `day` that had ended by `now`.
fn ticks_so_far(day: Day, interval: Interval, now: Timestamp) -> u64 {
    let until = now.min(day.plus(1).start());
    u64::try_from(until.millis_since(day.start()) / (interval.seconds() * 1_000)).unwrap_or(0)
}

fn coverage(counts: &Counts, ticks: u64) -> f64 {
    if ticks == 0 { 0.0 } else { floored((counts.all().known() as f64 / ticks as f64).min(1.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::ProbeSpec;
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
        ComponentState { component: component(name), latest, past_days, today: counts(60, 0) }
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
        let maintenance = Maintenance {
            tenant: "acme".parse().expect("slug"),
            id: "m".parse().expect("slug"),
            title: "Upgrade".to_owned(),
            components: vec!["api".parse().expect("slug")],
            starts_at: at("2026-11-21T00:30:00Z"),
            ends_at: at("2026-11-21T02:00:00Z"),
        };
        let snapshot = snapshot(vec![state("API", SampleStatus::Down)], vec![maintenance]);
        assert_eq!(snapshot.overall, ComponentStatus::UnderMaintenance);
    }
}
