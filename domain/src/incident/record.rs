//! An incident as it is kept, and what a person may do to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{ComponentId, IncidentId, TenantId};
use crate::invalid::{Faults, Invalid, check_text};
use crate::sample::SampleStatus;
use crate::time::Timestamp;

/// Most updates of one incident: it is one document.
pub(super) const MAX_UPDATES: usize = 200;
const LONGEST_BODY: usize = 4_000;

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IncidentStatus {
    /// Something is wrong; the cause is not known.
    Investigating,
    /// The cause is known.
    Identified,
    /// It looks well again; watching.
    Monitoring,
    /// It is over.
    Resolved,
    /// It is over, and what happened is written down.
    Postmortem,
}

impl IncidentStatus {
    /// Whether the incident is over.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Resolved | Self::Postmortem)
    }

    /// The status as it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Investigating => "investigating",
            Self::Identified => "identified",
            Self::Monitoring => "monitoring",
            Self::Resolved => "resolved",
            Self::Postmortem => "postmortem",
        }
    }
}

/// How bad an incident is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Impact {
    /// For information.
    None,
    /// Something is slow or partly broken.
    Minor,
    /// Something does not work.
    Major,
    /// Nothing works.
    Critical,
}

/// What the public is told of one component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentStatus {
    /// It works.
    Operational,
    /// Announced work is going on.
    UnderMaintenance,
    /// Nobody knows: neither good nor bad.
    Unknown,
    /// It works, but slowly or in part.
    DegradedPerformance,
    /// It does not work for some.
    PartialOutage,
    /// It does not work.
    MajorOutage,
}

impl ComponentStatus {
    /// The status as it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operational => "operational",
            Self::UnderMaintenance => "under_maintenance",
            Self::Unknown => "unknown",
            Self::DegradedPerformance => "degraded_performance",
            Self::PartialOutage => "partial_outage",
            Self::MajorOutage => "major_outage",
        }
    }
}

impl From<SampleStatus> for ComponentStatus {
    fn from(status: SampleStatus) -> Self {
        match status {
            SampleStatus::Operational => Self::Operational,
            SampleStatus::Degraded => Self::DegradedPerformance,
            SampleStatus::Down => Self::MajorOutage,
            SampleStatus::Unknown => Self::Unknown,
        }
    }
}

/// One entry of an incident's timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentUpdate {
    /// Where the incident stood from then on.
    pub status: IncidentStatus,
    /// What was said.
    pub body: String,
    /// When.
    pub at: Timestamp,
    /// By whom: [`AUTOMATIC`](super::AUTOMATIC) or the name of a key.
    pub by: String,
    /// What the public was told of each component.
    pub components: BTreeMap<ComponentId, ComponentStatus>,
}

/// What opened an incident by itself, and whether it may still change it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Automation {
    /// The component whose samples opened it.
    pub component: ComponentId,
    /// Set once a person has edited the incident: it is theirs from then on.
    pub stopped: bool,
}

/// Something that is, or was, wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Whose.
    pub tenant: TenantId,
    /// Its id.
    pub id: IncidentId,
    /// What the public reads.
    pub title: String,
    /// How bad it is.
    pub impact: Impact,
    /// `None` for one that a person opened.
    pub automation: Option<Automation>,
    /// The timeline, oldest first; never empty.
    pub updates: Vec<IncidentUpdate>,
    /// One more with each change.
    pub version: u64,
    /// How many of the updates have been handed on to be announced; the rest still wait.
    pub dispatched: usize,
}

impl Incident {
    /// A new incident that a person opens.
    pub fn manual(
        tenant: TenantId,
        id: IncidentId,
        title: &str,
        impact: Impact,
        first: IncidentUpdate,
    ) -> Result<Self, Invalid> {
        let mut faults = Faults::default();
        check_text(&mut faults, title, 200, "/title");
        faults.absorb(check_update(&first), "");
        faults.finish()?;
        let title = title.trim().to_owned();
        Ok(Self { tenant, id, title, impact, automation: None, updates: vec![first], version: 1, dispatched: 0 })
    }

    /// The newest update.
    pub fn latest(&self) -> &IncidentUpdate {
        self.updates.last().expect("an incident is opened with its first update")
    }

    /// Where it stands.
    pub fn status(&self) -> IncidentStatus {
        self.latest().status
    }

    /// Whether it is not over.
    pub fn is_open(&self) -> bool {
        !self.status().is_over()
    }

    /// When it began.
    pub fn started_at(&self) -> Timestamp {
        self.updates.first().expect("an incident is opened with its first update").at
    }

    /// When it changed last.
    pub fn updated_at(&self) -> Timestamp {
        self.latest().at
    }

    /// When it was last resolved, if it is over.
    pub fn resolved_at(&self) -> Option<Timestamp> {
        if self.is_open() {
            return None;
        }
        self.updates.iter().rev().take_while(|update| update.status.is_over()).last().map(|update| update.at)
    }

    /// The component that opened it, if it opened by itself and is not over: at most one such incident per component.
    pub fn holds_component(&self) -> Option<&ComponentId> {
        self.automation.as_ref().filter(|_| self.is_open()).map(|automation| &automation.component)
    }

    /// Adds what a person says; the automation leaves the incident alone from then on.
    pub fn edited(&self, update: IncidentUpdate) -> Result<Self, Invalid> {
        check_update(&update)?;
        let ends = self.is_open() && update.status.is_over();
        if self.updates.len() >= MAX_UPDATES && !ends {
            return Err(Invalid::at("/body", format!("expected at most {MAX_UPDATES} updates on one incident")));
        }
        if update.status == IncidentStatus::Postmortem && self.is_open() {
            return Err(Invalid::at("/status", "expected the incident to be resolved before its postmortem"));
        }
        let mut next = self.with(update);
        if let Some(automation) = &mut next.automation {
            automation.stopped = true;
        }
        Ok(next)
    }

    pub(super) fn with(&self, update: IncidentUpdate) -> Self {
        let mut next = self.clone();
        next.updates.push(update);
        next.version += 1;
        next
    }
}

fn check_update(update: &IncidentUpdate) -> Result<(), Invalid> {
    let mut faults = Faults::default();
    check_text(&mut faults, &update.body, LONGEST_BODY, "/body");
    faults.require(update.components.len() <= 100, "/components", || "expected at most 100 components".to_owned());
    faults.finish()
}
