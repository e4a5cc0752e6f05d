//! Incidents as they are shown.

use serde::Serialize;
use utoipa::ToSchema;

use plimsoll_domain::ids::{IncidentId, TenantId};
use plimsoll_domain::incident::{Impact, Incident, IncidentStatus, IncidentUpdate};
use plimsoll_domain::time::Timestamp;

use super::body::Told;

#[derive(Serialize, ToSchema)]
pub(super) struct IncidentView {
    #[schema(value_type = String)]
    id: IncidentId,
    #[schema(value_type = String)]
    tenant: TenantId,
    title: String,
    #[schema(value_type = String)]
    status: IncidentStatus,
    #[schema(value_type = String)]
    impact: Impact,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    resolved_at: Option<Timestamp>,
    /// Whether it opened by itself.
    automatic: bool,
    /// Whether the public does not see it yet.
    draft: bool,
    /// Whether it was written down after it was over.
    backfilled: bool,
    /// What the public is told of each component now.
    #[schema(value_type = BTreeMap<String, String>)]
    components: Told,
    /// The timeline, the oldest first.
    updates: Vec<UpdateView>,
    /// How many updates it has. `ETag` names its whole state.
    version: u64,
}

#[derive(Serialize, ToSchema)]
struct UpdateView {
    #[schema(value_type = String)]
    status: IncidentStatus,
    body: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `automatic`, or the name of a key.
    by: String,
    #[schema(value_type = BTreeMap<String, String>)]
    components: Told,
}

impl IncidentView {
    /// Names what is shown, and nothing else: that it has been passed on is no change that anybody sees.
    pub(super) fn tag(&self) -> String {
        let content = serde_json::to_vec(self).expect("an incident serialises");
        blake3::hash(&content).to_hex()[..16].to_owned()
    }
}

impl From<Incident> for IncidentView {
    fn from(incident: Incident) -> Self {
        Self {
            status: incident.status(),
            started_at: incident.started_at(),
            updated_at: incident.updated_at(),
            resolved_at: incident.resolved_at(),
            automatic: incident.automation.is_some(),
            draft: incident.draft,
            backfilled: incident.backfilled,
            components: incident.latest().components.clone(),
            id: incident.id,
            tenant: incident.tenant,
            title: incident.title,
            impact: incident.impact,
            version: incident.updates.len() as u64,
            updates: incident.updates.into_iter().map(UpdateView::from).collect(),
        }
    }
}

impl From<IncidentUpdate> for UpdateView {
    fn from(update: IncidentUpdate) -> Self {
        let IncidentUpdate { status, body, at, by, components } = update;
        Self { status, body, at, by, components }
    }
}
