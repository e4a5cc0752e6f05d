//! Announced maintenance: a time in which a component's samples are flagged, and nothing is opened for it.

use serde::{Deserialize, Serialize};

use crate::ids::{ComponentId, MaintenanceId, TenantId};
use crate::invalid::{Faults, Invalid, check_text};
use crate::time::{Span, Timestamp};

const LONGEST: Span = Span::days(31);
/// Most maintenance that one tenant may have announced.
pub const MAX_MAINTENANCES: usize = 500;

/// A planned time of work on some components.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maintenance {
    /// Whose.
    pub tenant: TenantId,
    /// Its id within the tenant.
    pub id: MaintenanceId,
    /// What the public reads.
    pub title: String,
    /// What is worked on.
    pub components: Vec<ComponentId>,
    /// When it starts.
    pub starts_at: Timestamp,
    /// When it ends: the first instant after it.
    pub ends_at: Timestamp,
}

/// Where a maintenance stands, by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaintenanceStatus {
    /// It has not started.
    Scheduled,
    /// It is going on.
    InProgress,
    /// It is over.
    Completed,
}

impl Maintenance {
    /// Refuses an empty title, no components, and an end that is not after the start or over 31 days away.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        check_text(&mut faults, &self.title, 200, "/title");
        faults.require((1..=100).contains(&self.components.len()), "/components", || {
            format!("expected 1 to 100 components, got {}", self.components.len())
        });
        let length = self.ends_at.millis_since(self.starts_at);
        faults.require(length > 0, "/ends_at", || "expected an instant after starts_at".to_owned());
        faults.require(length <= LONGEST.seconds() * 1_000, "/ends_at", || {
            format!("expected at most {LONGEST} after starts_at")
        });
        faults.finish()
    }

    /// Where it stands at `now`.
    pub fn status(&self, now: Timestamp) -> MaintenanceStatus {
        if now < self.starts_at {
            MaintenanceStatus::Scheduled
        } else if now < self.ends_at {
            MaintenanceStatus::InProgress
        } else {
            MaintenanceStatus::Completed
        }
    }

    /// Whether `component` is being worked on at `at`.
    pub fn covers(&self, component: &ComponentId, at: Timestamp) -> bool {
        self.status(at) == MaintenanceStatus::InProgress && self.components.contains(component)
    }
}
