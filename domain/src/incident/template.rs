//! Incidents that are written down before they happen: the words for a bad hour, chosen in a good one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::record::{ComponentStatus, Impact, IncidentStatus};
use crate::ids::{ComponentId, TemplateId, TenantId};
use crate::invalid::{Faults, Invalid, check_text};

/// Most templates of one tenant.
pub const MAX_TEMPLATES: usize = 100;

/// All templates of a tenant: one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentTemplates {
    /// Whose.
    pub tenant: TenantId,
    /// One more with each change; 0 for a tenant that never had any.
    pub version: u64,
    /// In the order they are offered.
    pub templates: Vec<IncidentTemplate>,
}

/// What an incident begins with when nothing else is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentTemplate {
    /// What requests call it.
    pub id: TemplateId,
    /// What the public reads on top.
    pub title: String,
    /// What is said first; Markdown.
    pub body: String,
    /// Where it stands.
    pub status: IncidentStatus,
    /// How bad it is.
    pub impact: Impact,
    /// What is told of each component.
    pub components: BTreeMap<ComponentId, ComponentStatus>,
}

impl IncidentTemplates {
    /// None yet.
    pub const fn none(tenant: TenantId) -> Self {
        Self { tenant, version: 0, templates: Vec::new() }
    }

    /// The template of this id.
    pub fn find(&self, id: &str) -> Option<&IncidentTemplate> {
        self.templates.iter().find(|template| template.id.as_str() == id)
    }

    /// Refuses texts that are empty or too long, ids that stand twice, and more than there may be.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        let count = self.templates.len();
        faults.require(count <= MAX_TEMPLATES, "/templates", || {
            format!("expected at most {MAX_TEMPLATES} templates, got {count}")
        });
        let mut seen = BTreeSet::new();
        for (index, template) in self.templates.iter().enumerate() {
            let prefix = format!("/templates/{index}");
            faults.require(seen.insert(&template.id), &format!("{prefix}/id"), || {
                format!("expected another id, {} stands before", template.id)
            });
            check_text(&mut faults, &template.title, 200, &format!("{prefix}/title"));
            check_text(&mut faults, &template.body, 4_000, &format!("{prefix}/body"));
            let is_open = !template.status.is_over();
            faults.require(is_open, &format!("{prefix}/status"), || {
                "expected investigating, identified or monitoring".to_owned()
            });
        }
        faults.finish()
    }
}
