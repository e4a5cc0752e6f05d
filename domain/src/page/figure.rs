//! The figures of one component: its days, its uptime, how fast it answered.

use serde::{Deserialize, Serialize};

use crate::component::Component;
use crate::ids::ComponentId;
use crate::incident::ComponentStatus;
use crate::rollup::Counts;
use crate::sample::SampleStatus;
use crate::time::{Day, Interval, Timestamp};

/// How many daily bars a component has, today among them.
pub const DAYS: usize = 90;
/// How many hours of latency a component has.
pub const LATENCY_HOURS: usize = 48;

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

/// How fast a component answered in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyPoint {
    /// When the hour began.
    pub at: Timestamp,
    /// Half of the answers took at most so many ms.
    pub p50_ms: u32,
    /// 95 % of the answers took at most so many ms.
    pub p95_ms: u32,
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
    /// Since when it is so, as far as is known.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// When it was set up.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// Over the last 30 days, today among them.
    pub last_30_days: Uptime,
    /// Over the last 90 days, today among them.
    pub last_90_days: Uptime,
    /// The last 90 days, oldest first, today last.
    pub days: Vec<DayFigure>,
    /// The last [`LATENCY_HOURS`] hours that are over, oldest first; hours in which nothing was timed are left out.
    #[serde(default)]
    pub latency: Vec<LatencyPoint>,
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
    /// What the snapshot before said of it, and since when it was so.
    pub before: Option<(ComponentStatus, Timestamp)>,
    /// How fast it answered in the last hours, oldest first.
    pub latency: Vec<LatencyPoint>,
}

/// The first of the [`DAYS`] days that end with `today`.
pub fn first_shown_day(today: Day) -> Day {
    today.plus(1 - i64::try_from(DAYS).expect("90 fits"))
}

/// The figures of what is known of a component that is in this state.
pub(super) fn figure(
    state: ComponentState,
    status: ComponentStatus,
    interval: Interval,
    now: Timestamp,
) -> ComponentFigure {
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
    let since = state.before.filter(|(before, _)| *before == status).map_or(now, |(_, since)| since);
    ComponentFigure {
        since: Some(since),
        created_at: Some(state.component.created_at),
        latency: state.latency,
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
