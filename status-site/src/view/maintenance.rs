//! Announced maintenance.

use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::maintenance::{Maintenance, MaintenanceStatus};
use plimsoll_domain::page::StatusSnapshot;

use super::words::{self, Moment};

/// One announced maintenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MaintenanceCard {
    /// Its title.
    pub(crate) title: String,
    /// Whether it was going on when the snapshot was made.
    pub(crate) in_progress: bool,
    /// When it starts.
    pub(crate) starts: Moment,
    /// When it ends.
    pub(crate) ends: Moment,
    /// How long it is meant to take.
    pub(crate) lasts: String,
    /// The names of what is worked on; the id of what is gone.
    pub(crate) components: Vec<String>,
}

impl MaintenanceCard {
    /// All that is announced, soonest first.
    pub(crate) fn all(snapshot: &StatusSnapshot) -> Vec<Self> {
        snapshot.maintenances.iter().map(|maintenance| card(maintenance, snapshot)).collect()
    }

    /// What is announced of one component, soonest first.
    pub(crate) fn of_component(id: &ComponentId, snapshot: &StatusSnapshot) -> Vec<Self> {
        let its = snapshot.maintenances.iter().filter(|maintenance| maintenance.components.contains(id));
        its.map(|maintenance| card(maintenance, snapshot)).collect()
    }
}

fn card(maintenance: &Maintenance, snapshot: &StatusSnapshot) -> MaintenanceCard {
    let name = |id: &ComponentId| {
        let found = snapshot.components.iter().find(|component| &component.id == id);
        found.map_or_else(|| id.to_string(), |component| component.name.clone())
    };
    MaintenanceCard {
        title: maintenance.title.clone(),
        in_progress: maintenance.status(snapshot.as_of) == MaintenanceStatus::InProgress,
        starts: Moment::full(maintenance.starts_at),
        ends: Moment::near(maintenance.ends_at, maintenance.starts_at),
        lasts: words::duration(maintenance.ends_at.millis_since(maintenance.starts_at) / 60_000),
        components: maintenance.components.iter().map(name).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn maintenance_is_told_with_its_names_and_its_length() {
        let cards = MaintenanceCard::all(&samples::busy());
        assert_eq!(cards.len(), 2);
        assert!(cards[0].in_progress && !cards[1].in_progress);
        assert_eq!((cards[0].components.as_slice(), cards[0].lasts.as_str()), (&["Uploads".to_owned()][..], "2 hours"));
    }
}
