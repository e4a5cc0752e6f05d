//! Silences: alerts that nobody wants to hear of for a while.

use serde::{Deserialize, Serialize};

use super::content::Content;
use super::matcher::{Matcher, all_match};
use crate::ids::{SilenceId, TenantId};
use crate::invalid::{Faults, Invalid, check_text};
use crate::time::{Span, Timestamp};

/// Most silences that one tenant may have, those that are over included.
pub const MAX_SILENCES: usize = 500;
/// A silence that is over is forgotten after so long.
pub const KEPT: Span = Span::days(30);
const LONGEST: Span = Span::days(366);
const MAX_MATCHERS: usize = 20;

/// What is not heard, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Whose.
    pub tenant: TenantId,
    /// Its id within the tenant.
    pub id: SilenceId,
    /// All of them must hold; at least one.
    pub matchers: Vec<Matcher>,
    /// When it starts.
    pub starts_at: Timestamp,
    /// When it ends: the first instant after it. `None` while it waits for what it silences to be resolved.
    pub ends_at: Option<Timestamp>,
    /// Whether it ends once everything that it silences is resolved.
    pub until_resolved: bool,
    /// Whether anything that it silences was seen: only then can it be over.
    pub has_matched: bool,
    /// Why.
    pub comment: String,
    /// Who made it.
    pub by: String,
    /// One more with each change.
    pub version: u64,
}

/// Where a silence stands, by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SilenceStatus {
    /// It has not started.
    Pending,
    /// It is in force.
    Active,
    /// It is over.
    Expired,
}

impl Silence {
    /// Refuses one without matchers, without an end, or with an end before its start or too far away.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        faults.require((1..=MAX_MATCHERS).contains(&self.matchers.len()), "/matchers", || {
            format!("expected 1 to {MAX_MATCHERS} matchers, got {}", self.matchers.len())
        });
        check_text(&mut faults, &self.comment, 1_000, "/comment");
        faults.require(self.ends_at.is_some() || self.until_resolved, "/ends_at", || {
            "expected an instant, unless until_resolved is true".to_owned()
        });
        if let Some(ends_at) = self.ends_at {
            let length = ends_at.millis_since(self.starts_at);
            faults.require(length > 0, "/ends_at", || "expected an instant after starts_at".to_owned());
            faults.require(length <= LONGEST.seconds() * 1_000, "/ends_at", || {
                format!("expected at most {LONGEST} after starts_at")
            });
        }
        faults.finish()
    }

    /// Where it stands at `now`.
    pub fn status(&self, now: Timestamp) -> SilenceStatus {
        if now < self.starts_at {
            SilenceStatus::Pending
        } else if self.ends_at.is_none_or(|end| now < end) {
            SilenceStatus::Active
        } else {
            SilenceStatus::Expired
        }
    }

    /// Whether an alert that says this is not heard at `now`.
    pub fn covers(&self, content: &Content, now: Timestamp) -> bool {
        self.status(now) == SilenceStatus::Active && all_match(&self.matchers, content)
    }

    /// The silence as it is to be stored, given what is open now; `None` when nothing changes. One that waits for what it
    /// silences notes that it has seen some, and ends when none of it is open any more.
    pub fn after_looking<'a>(&self, open: impl Iterator<Item = &'a Content>, now: Timestamp) -> Option<Self> {
        if !self.until_resolved || self.status(now) != SilenceStatus::Active {
            return None;
        }
        let matches = open.into_iter().any(|content| all_match(&self.matchers, content));
        match (matches, self.has_matched) {
            (true, false) => Some(Self { has_matched: true, ..self.next() }),
            (false, true) => Some(Self { ends_at: Some(now), ..self.next() }),
            _ => None,
        }
    }

    /// The silence ended at `now`; as it was where it is over already.
    #[must_use]
    pub fn ended(&self, now: Timestamp) -> Self {
        if self.status(now) == SilenceStatus::Expired {
            return self.clone();
        }
        // One that has not started does not start any more.
        Self { starts_at: self.starts_at.min(now), ends_at: Some(now), ..self.next() }
    }

    fn next(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }
}
