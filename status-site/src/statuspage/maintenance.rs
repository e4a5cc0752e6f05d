//! Announced maintenance: an incident whose updates the clock makes.

use plimsoll_domain::incident::ComponentStatus;
use plimsoll_domain::maintenance::{Maintenance as Planned, MaintenanceStatus};
use plimsoll_domain::time::Timestamp;
use serde::Serialize;

use super::component;
use super::incident::{Affected, Incident, Update};
use crate::feeds::announced::{self, Step};
use crate::feeds::{names, one_line};
use crate::scene::Scene;

/// One time a maintenance takes place.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Maintenance<'a> {
    #[serde(flatten)]
    incident: Incident<'a>,
    scheduled_for: Timestamp,
    scheduled_until: Timestamp,
}

impl<'a> Maintenance<'a> {
    /// An occurrence as the API has it.
    pub(super) fn of(held: &Planned, scene: &Scene<'a>) -> Self {
        let as_of = scene.snapshot.as_of;
        let (id, steps) = (announced::occurrence_id(held), announced::steps(held, as_of));
        let reached = |status: MaintenanceStatus| steps.iter().find(|step| step.status == status).map(|step| step.at);
        let announced = announced::announced_at(held, as_of);
        let numbered = (1..=steps.len()).rev().zip(&steps);
        let incident = Incident {
            name: one_line(&held.title),
            status: held.status(as_of).as_str(),
            created_at: announced,
            updated_at: steps.first().map_or(announced, |step| step.at),
            monitoring_at: None,
            resolved_at: reached(MaintenanceStatus::Completed),
            impact: "maintenance",
            // There is no page of it alone.
            shortlink: scene.address(""),
            started_at: held.starts_at,
            page_id: scene.snapshot.tenant.as_str(),
            updates: numbered.map(|(number, step)| update(number, &id, (held, *step), scene)).collect(),
            components: component::those(scene, |id| held.components.iter().any(|component| component.as_str() == id)),
            id,
        };
        Self { incident, scheduled_for: held.starts_at, scheduled_until: held.ends_at }
    }
}

fn update(number: usize, of: &str, (held, step): (&Planned, Step), scene: &Scene<'_>) -> Update {
    use ComponentStatus::{Operational, UnderMaintenance};
    let (old, new) = match step.status {
        MaintenanceStatus::Scheduled => (Operational, Operational),
        MaintenanceStatus::InProgress => (Operational, UnderMaintenance),
        MaintenanceStatus::Verifying => (UnderMaintenance, UnderMaintenance),
        MaintenanceStatus::Completed => (UnderMaintenance, Operational),
    };
    let affected = held.components.iter().map(|id| Affected {
        code: id.to_string(),
        name: names(scene.snapshot, [id]).concat(),
        old_status: component::status(old),
        new_status: component::status(new),
    });
    let body = announced::said(held, step, &scene.words).unwrap_or_else(|| announced::span(held, &scene.words));
    Update {
        affected_components: Some(affected.collect()),
        ..Update::new(number, of, step.status.as_str(), body, step.at)
    }
}
