//! A month of incidents and maintenance.

use plimsoll_domain::incident::Incident;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::report::Month;

use super::maintenance::MaintenanceCard;
use super::past::PastDays;
use crate::scene::Scene;

/// What there is to tell of a month.
#[derive(Clone, Debug)]
pub(crate) struct HistoryMonth {
    /// Which month.
    pub(crate) month: Month,
    /// Incidents that began in it.
    pub(crate) incidents: Vec<Incident>,
    /// Each time that maintenance took place in it.
    pub(crate) maintenances: Vec<Maintenance>,
    /// The month before it, when there is anything to tell of it or of an earlier one.
    pub(crate) older: Option<Month>,
    /// The month after it, unless this is the present one.
    pub(crate) newer: Option<Month>,
    /// Whether the store was silent, and only what the snapshot holds is told.
    pub(crate) partial: bool,
}

/// A month as its page tells it.
#[derive(Clone, Debug)]
pub(crate) struct MonthView {
    /// `November 2026`.
    pub(crate) title: String,
    /// Days with incidents, newest first.
    pub(crate) days: Vec<PastDays>,
    /// Each time of maintenance, newest first.
    pub(crate) maintenances: Vec<MaintenanceCard>,
    /// Where the month before is, and what it is called.
    pub(crate) older: Option<(String, String)>,
    /// Where the month after is, and what it is called.
    pub(crate) newer: Option<(String, String)>,
    /// Whether it may not be all.
    pub(crate) partial: bool,
}

impl MonthView {
    /// What the page of `held` tells.
    pub(crate) fn of(held: &HistoryMonth, scene: &Scene<'_>) -> Self {
        let link = |month: Month| (scene.link(&path(month)), name(month, scene));
        Self {
            title: name(held.month, scene),
            days: PastDays::only(held.incidents.iter(), scene),
            maintenances: MaintenanceCard::each(&held.maintenances, scene),
            older: held.older.map(link),
            newer: held.newer.map(link),
            partial: held.partial,
        }
    }

    /// Whether there is nothing to tell.
    pub(crate) fn is_empty(&self) -> bool {
        self.days.is_empty() && self.maintenances.is_empty()
    }
}

/// Where a month is.
pub(crate) fn path(month: Month) -> String {
    format!("/history/{month}")
}

fn name(month: Month, scene: &Scene<'_>) -> String {
    scene.words.month(month.year(), month.number())
}
