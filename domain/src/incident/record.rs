//! An incident as it is kept, and what a person may do to it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{ComponentId, IncidentId, Series, TenantId};
use crate::invalid::{Faults, Invalid, check_text};
use crate::sample::SampleStatus;
use crate::time::Timestamp;

/// Most updates of one incident: it is one document.
pub(super) const MAX_UPDATES: usize = 200;
const LONGEST_BODY: usize = 4_000;
const LONGEST_TITLE: usize = 200;

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

impl Impact {
    /// The impact as it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Critical => "critical",
        }
    }
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
    /// The component whose samples opened it, or the SLO whose budget burns.
    #[serde(rename = "component")]
    pub opener: Series,
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
    /// How many of the updates have been handed on as alerts; the rest still wait.
    pub dispatched: usize,
    /// How many of the updates have been handed on to subscribers; the rest still wait.
    #[serde(default)]
    pub announced: usize,
    /// Whether the public does not see it yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub draft: bool,
    /// When a draft was shown to the public; `None` for what was never one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    /// Whether it was written down after it was over: nobody is told of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub backfilled: bool,
}

/// What an incident begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// What the public reads.
    pub title: String,
    /// How bad it is.
    pub impact: Impact,
    /// Whether the public does not see it yet.
    pub draft: bool,
    /// The timeline, oldest first: one update, or a whole one of what is over.
    pub updates: Vec<IncidentUpdate>,
}

impl Incident {
    /// A new incident that a person opens. One with more than one update is backfilled: it must be over, and lie in the past.
    pub fn manual(tenant: TenantId, id: IncidentId, begins: Beginning, now: Timestamp) -> Result<Self, Invalid> {
        let Beginning { title, impact, draft, updates } = begins;
        let mut faults = Faults::default();
        check_text(&mut faults, &title, LONGEST_TITLE, "/title");
        let count = updates.len();
        let backfilled = count > 1;
        faults.require((1..=MAX_UPDATES).contains(&count), "/updates", || {
            format!("expected 1 to {MAX_UPDATES} updates, got {count}")
        });
        for (index, update) in updates.iter().enumerate() {
            let prefix = if backfilled { format!("/updates/{index}") } else { String::new() };
            faults.absorb(check_update(update), &prefix);
            faults.require(update.at <= now, &format!("{prefix}/at"), || "expected an instant in the past".to_owned());
        }
        if backfilled {
            let in_order = updates.windows(2).all(|pair| pair[0].at < pair[1].at);
            faults
                .require(in_order, "/updates", || "expected them in order, each later than the one before".to_owned());
            let is_over = updates.last().is_some_and(|last| last.status.is_over());
            faults.require(is_over, "/updates", || "expected the last one to be resolved or a postmortem".to_owned());
            let ends_once = updates.windows(2).all(|pair| !pair[0].status.is_over() || pair[1].status.is_over());
            faults
                .require(ends_once, "/updates", || "expected nothing but postmortems after it is resolved".to_owned());
        }
        faults.finish()?;
        let title = title.trim().to_owned();
        let told = if backfilled { count } else { 0 };
        let (dispatched, announced, version) = (told, told, 1);
        Ok(Self {
            tenant,
            id,
            title,
            impact,
            automation: None,
            updates,
            version,
            dispatched,
            announced,
            draft,
            published_at: None,
            backfilled,
        })
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

    /// Since when nothing happens to it any more, if it is over: a postmortem may come long after it was resolved.
    pub fn quiet_since(&self) -> Option<Timestamp> {
        if self.is_open() { None } else { Some(self.told_at(self.latest())) }
    }

    /// Since when the public can read `update`, which is one of its own.
    pub fn told_at(&self, update: &IncidentUpdate) -> Timestamp {
        self.published_at.map_or(update.at, |published| published.max(update.at))
    }

    /// What opened it, if it opened by itself and is not over: at most one such incident per component and per SLO.
    pub fn holds(&self) -> Option<&Series> {
        self.automation.as_ref().filter(|_| self.is_open()).map(|automation| &automation.opener)
    }

    /// Whether it is the open automatic incident of `component`.
    pub fn holds_component(&self, component: &ComponentId) -> bool {
        self.holds().is_some_and(|opener| opener.as_str() == component.as_str())
    }

    /// Every component that was named in any of its updates.
    pub fn touched(&self) -> BTreeSet<&ComponentId> {
        self.updates.iter().flat_map(|update| update.components.keys()).collect()
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

    /// The same under another title or impact, or shown to the public at the instant `publish`. What was never shown was never told: subscribers hear
    /// of a draft from its newest update on.
    pub fn relabelled(
        &self,
        title: Option<&str>,
        impact: Option<Impact>,
        publish: Option<Timestamp>,
    ) -> Result<Self, Invalid> {
        let mut faults = Faults::default();
        if let Some(title) = title {
            check_text(&mut faults, title, LONGEST_TITLE, "/title");
        }
        faults.finish()?;
        let mut next = self.clone();
        next.title = title.map_or_else(|| self.title.clone(), |title| title.trim().to_owned());
        next.impact = impact.unwrap_or(self.impact);
        if publish.is_some() && self.draft {
            (next.draft, next.published_at) = (false, publish);
            next.announced = self.updates.len() - 1;
        }
        if let Some(automation) = next.automation.as_mut().filter(|_| title.is_some() || impact.is_some()) {
            automation.stopped = true;
        }
        next.version += 1;
        Ok(next)
    }

    /// The same with another text in the update of this number, 0 for the oldest. Nobody is told of it again.
    pub fn corrected(&self, number: usize, body: &str) -> Result<Self, Invalid> {
        let mut next = self.clone();
        let Some(update) = next.updates.get_mut(number) else {
            return Err(Invalid::at("", format!("expected an update from 0 to {}", self.updates.len() - 1)));
        };
        body.clone_into(&mut update.body);
        check_update(update)?;
        next.version += 1;
        Ok(next)
    }

    pub(super) fn with(&self, update: IncidentUpdate) -> Self {
        let mut next = self.clone();
        // An update is known by its instant: no two have the same.
        let at = update.at.max(self.latest().at.next_milli());
        next.updates.push(IncidentUpdate { at, ..update });
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
