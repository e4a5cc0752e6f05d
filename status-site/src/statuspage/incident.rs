//! Incidents with their updates.

use std::collections::BTreeMap;

use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::incident::{ComponentStatus, Incident as Told, IncidentStatus, IncidentUpdate};
use plimsoll_domain::time::Timestamp;
use serde::Serialize;

use super::component::{self, Component};
use crate::feeds::{names, one_line};
use crate::scene::Scene;

/// An incident; a maintenance has the same fields and two more.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Incident<'a> {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: &'static str,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) monitoring_at: Option<Timestamp>,
    pub(super) resolved_at: Option<Timestamp>,
    pub(super) impact: &'static str,
    pub(super) shortlink: String,
    pub(super) started_at: Timestamp,
    pub(super) page_id: &'a str,
    /// Newest first.
    #[serde(rename = "incident_updates")]
    pub(super) updates: Vec<Update>,
    pub(super) components: Vec<Component<'a>>,
}

/// One entry of a timeline.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Update {
    pub(super) id: String,
    pub(super) status: &'static str,
    /// Markdown, as it was written.
    pub(super) body: String,
    pub(super) incident_id: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) display_at: Timestamp,
    /// Null when it names none.
    pub(super) affected_components: Option<Vec<Affected>>,
    pub(super) deliver_notifications: bool,
    pub(super) custom_tweet: Option<&'static str>,
    pub(super) tweet_id: Option<&'static str>,
}

/// What an update says of a component.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Affected {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) old_status: &'static str,
    pub(super) new_status: &'static str,
}

impl<'a> Incident<'a> {
    /// `incident` as the API has it.
    pub(super) fn of(incident: &Told, scene: &Scene<'a>) -> Self {
        let watched = incident.updates.iter().rev().find(|update| update.status == IncidentStatus::Monitoring);
        let touched = incident.touched();
        Self {
            id: incident.id.to_string(),
            name: one_line(&incident.title),
            status: incident.status().as_str(),
            created_at: incident.started_at(),
            updated_at: incident.updated_at(),
            monitoring_at: watched.map(|update| update.at),
            resolved_at: incident.resolved_at(),
            impact: incident.impact.as_str(),
            shortlink: scene.address(&format!("/incidents/{}", incident.id)),
            started_at: incident.started_at(),
            page_id: scene.snapshot.tenant.as_str(),
            updates: updates(incident, scene),
            components: component::those(scene, |id| touched.iter().any(|held| held.as_str() == id)),
        }
    }
}

impl Update {
    /// The update of this number, 1 for the oldest: it keeps its number, since nothing is put before what was told.
    pub(super) fn new(number: usize, of: &str, status: &'static str, body: String, at: Timestamp) -> Self {
        Self {
            id: format!("{of}-{number}"),
            status,
            body,
            incident_id: of.to_owned(),
            created_at: at,
            updated_at: at,
            display_at: at,
            affected_components: None,
            deliver_notifications: true,
            custom_tweet: None,
            tweet_id: None,
        }
    }
}

fn updates(incident: &Told, scene: &Scene<'_>) -> Vec<Update> {
    let mut known: BTreeMap<&ComponentId, ComponentStatus> = BTreeMap::new();
    let mut updates: Vec<Update> = Vec::with_capacity(incident.updates.len());
    for (said, number) in incident.updates.iter().zip(1..) {
        let status = said.status.as_str();
        let affected = affected(said, &known, scene);
        updates.push(Update {
            affected_components: (!affected.is_empty()).then_some(affected),
            deliver_notifications: !incident.backfilled,
            ..Update::new(number, incident.id.as_str(), status, said.body.clone(), said.at)
        });
        known.extend(said.components.iter().map(|(id, status)| (id, *status)));
    }
    updates.reverse();
    updates
}

/// What an update says of components, beside what was known of them: what no update has named yet was well.
fn affected(
    said: &IncidentUpdate,
    known: &BTreeMap<&ComponentId, ComponentStatus>,
    scene: &Scene<'_>,
) -> Vec<Affected> {
    let one = |(id, new): (&ComponentId, &ComponentStatus)| Affected {
        code: id.to_string(),
        name: names(scene.snapshot, [id]).concat(),
        old_status: component::status(known.get(id).copied().unwrap_or(ComponentStatus::Operational)),
        new_status: component::status(*new),
    };
    said.components.iter().map(one).collect()
}
