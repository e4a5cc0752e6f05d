//! Components: what the page lists, what is sampled, what SLOs speak of.

use serde::{Deserialize, Serialize};

use crate::ids::{ComponentId, TenantId};
use crate::invalid::{Faults, Invalid, check_text};
use crate::probe::ProbeSpec;
use crate::time::Timestamp;

/// One thing whose health is sampled each tick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id within the tenant.
    pub id: ComponentId,
    /// Its name, as the public reads it.
    pub name: String,
    /// The heading it stands under on the page.
    pub group: Option<String>,
    /// A sentence that the page shows under its name.
    pub description: Option<String>,
    /// How its health is learnt.
    pub probe: ProbeSpec,
    /// When it was created. An id that is used again keeps its past.
    pub created_at: Timestamp,
    /// Since when it is looked at in this way; `None`: since it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_since: Option<Timestamp>,
}

/// Most components one tenant may have.
pub const MAX_COMPONENTS: usize = 500;

impl Component {
    /// Since when it is looked at in the way it is now.
    pub fn probed_since(&self) -> Timestamp {
        self.probe_since.unwrap_or(self.created_at)
    }

    /// Refuses texts that are empty or too long and probes that cannot work.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        check_text(&mut faults, &self.name, 120, "/name");
        if let Some(group) = &self.group {
            check_text(&mut faults, group, 80, "/group");
        }
        if let Some(description) = &self.description {
            check_text(&mut faults, description, 500, "/description");
        }
        faults.absorb(self.probe.validate(), "/probe");
        faults.finish()
    }
}
