//! Announced maintenance: a time in which a component's samples are flagged, and nothing is opened for it.
//!
//! What recurs is one maintenance with a rule (RFC 5545); each time it takes place is an occurrence, a plain maintenance
//! made from it, and everything but keeping it works with occurrences. Where one stands is read off the clock: nobody has to
//! start or end it.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::ids::{ComponentId, MaintenanceId, TenantId};
use crate::invalid::{Faults, Invalid, check_text};
use crate::recurrence::Recurrence;
use crate::time::{Span, Timestamp};

mod untold;

pub use untold::MaintenanceEvent;

const LONGEST: Span = Span::days(31);
const LONGEST_VERIFYING: Span = Span::hours(24);
const EARLIEST_REMINDER: Span = Span::days(14);
/// Most maintenance that one tenant may have announced.
pub const MAX_MAINTENANCES: usize = 500;
/// How long before it begins people are reminded, unless it says otherwise.
pub const DEFAULT_REMINDER: Span = Span::hours(24);

/// A planned time of work on some components.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maintenance {
    /// Whose.
    pub tenant: TenantId,
    /// Its id within the tenant.
    pub id: MaintenanceId,
    /// What the public reads.
    pub title: String,
    /// What is done and what it means for whom; Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// What is worked on.
    pub components: Vec<ComponentId>,
    /// When it starts; the first time, if it recurs.
    pub starts_at: Timestamp,
    /// When the work ends: the first instant after it.
    pub ends_at: Timestamp,
    /// For how long after its end it is seen whether all is well: still maintenance.
    #[serde(default)]
    pub verifying: Span,
    /// When it takes place again; `None`: once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrence: Option<Recurrence>,
    /// Whether this is one time of what recurs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_occurrence: bool,
    /// How long before it begins people are reminded; none: they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminder: Option<Span>,
    /// When it was announced; `None` for those from before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced_at: Option<Timestamp>,
    /// Up to which instant subscribers have been told what the clock made of it; `None`: of nothing yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_until: Option<Timestamp>,
    /// One more with each change.
    #[serde(default = "first_version")]
    pub version: u64,
}

const fn first_version() -> u64 {
    1
}

/// Where a maintenance stands, by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaintenanceStatus {
    /// It has not started.
    Scheduled,
    /// It is going on.
    InProgress,
    /// The work is done, and is looked over.
    Verifying,
    /// It is over.
    Completed,
}

impl MaintenanceStatus {
    /// The status as it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::InProgress => "in_progress",
            Self::Verifying => "verifying",
            Self::Completed => "completed",
        }
    }
}

impl Maintenance {
    /// One that takes place once, with nothing but what it must have.
    pub fn once(
        tenant: TenantId,
        id: MaintenanceId,
        title: &str,
        components: Vec<ComponentId>,
        span: Range<Timestamp>,
    ) -> Self {
        Self {
            tenant,
            id,
            title: title.to_owned(),
            body: None,
            components,
            starts_at: span.start,
            ends_at: span.end,
            verifying: Span::default(),
            recurrence: None,
            is_occurrence: false,
            reminder: None,
            announced_at: None,
            told_until: None,
            version: 1,
        }
    }

    /// Refuses texts that are empty or too long, no components, an end that is not after the start or over 31 days away, a
    /// rule that cannot be followed, and occurrences that would overlap.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        check_text(&mut faults, &self.title, 200, "/title");
        if let Some(body) = &self.body {
            check_text(&mut faults, body, 4_000, "/body");
        }
        faults.require((1..=100).contains(&self.components.len()), "/components", || {
            format!("expected 1 to 100 components, got {}", self.components.len())
        });
        let length = self.ends_at.millis_since(self.starts_at);
        faults.require(length > 0, "/ends_at", || "expected an instant after starts_at".to_owned());
        faults.require(length <= LONGEST.seconds() * 1_000, "/ends_at", || {
            format!("expected at most {LONGEST} after starts_at")
        });
        let verifying = self.verifying.seconds();
        faults.require((0..=LONGEST_VERIFYING.seconds()).contains(&verifying), "/verify_minutes", || {
            "expected 0 to 1440 minutes".to_owned()
        });
        let reminder = self.reminder.map_or(0, Span::seconds);
        faults.require((0..=EARLIEST_REMINDER.seconds()).contains(&reminder), "/remind_minutes", || {
            "expected 0 to 20160 minutes".to_owned()
        });
        let checked = faults.finish();
        if let (Ok(()), Some(recurrence)) = (&checked, &self.recurrence) {
            let whole = Span::from_seconds(self.over_after().seconds());
            recurrence.check(self.starts_at, whole).map_err(|reason| Invalid::at("/recurrence", reason))?;
        }
        checked
    }

    /// How long after its start it is over.
    fn over_after(&self) -> Span {
        Span::from_seconds(self.ends_at.millis_since(self.starts_at).div_euclid(1_000) + self.verifying.seconds())
    }

    /// Where it stands at `now`; for what recurs, ask its occurrences.
    pub fn status(&self, now: Timestamp) -> MaintenanceStatus {
        if now < self.starts_at {
            MaintenanceStatus::Scheduled
        } else if now < self.ends_at {
            MaintenanceStatus::InProgress
        } else if now < self.completed_at() {
            MaintenanceStatus::Verifying
        } else {
            MaintenanceStatus::Completed
        }
    }

    /// When it is over.
    pub fn completed_at(&self) -> Timestamp {
        self.ends_at.plus(self.verifying)
    }

    /// When nothing of it follows any more; `None`: never.
    pub fn ends_for_good_at(&self) -> Option<Timestamp> {
        match &self.recurrence {
            None => Some(self.completed_at()),
            Some(recurrence) => recurrence.last_start(self.starts_at).map(|last| last.plus(self.over_after())),
        }
    }

    /// Each time it takes place that is not over at the start of `span` and begins before its end: plain maintenances of the
    /// same id, in order.
    pub fn occurrences(&self, span: &Range<Timestamp>) -> Vec<Self> {
        let Some(recurrence) = &self.recurrence else {
            let is_inside = span.start < self.completed_at() && self.starts_at < span.end;
            return if is_inside { vec![self.clone()] } else { Vec::new() };
        };
        let (whole, work) = (self.over_after(), self.ends_at.millis_since(self.starts_at));
        let starts = recurrence.starts(self.starts_at, &(span.start.minus(whole).next_milli()..span.end));
        let at = |starts_at: Timestamp| Self {
            starts_at,
            ends_at: Timestamp::from_millis(starts_at.millis() + work),
            recurrence: None,
            is_occurrence: true,
            ..self.clone()
        };
        starts.into_iter().map(at).collect()
    }

    /// Whether `component` is being worked on at `at`.
    pub fn covers(&self, component: &ComponentId, at: Timestamp) -> bool {
        if !self.components.contains(component) {
            return false;
        }
        let is_on =
            |held: &Self| matches!(held.status(at), MaintenanceStatus::InProgress | MaintenanceStatus::Verifying);
        match &self.recurrence {
            None => is_on(self),
            Some(_) => self.occurrences(&(at..at.next_milli())).iter().any(is_on),
        }
    }

    /// Until when `component` is worked on, if it is at `at`.
    pub fn covers_until(&self, component: &ComponentId, at: Timestamp) -> Option<Timestamp> {
        let covering = self.occurrences(&(at..at.next_milli())).into_iter().find(|held| held.covers(component, at));
        covering.map(|held| held.completed_at())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(super) fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    pub(super) fn weekly() -> Maintenance {
        let (tenant, id) = ("acme".parse().expect("slug"), "patches".parse().expect("slug"));
        let span = at("2026-11-01T02:00:00Z")..at("2026-11-01T03:00:00Z");
        Maintenance {
            verifying: Span::minutes(30),
            recurrence: Some(Recurrence::new("FREQ=WEEKLY;BYDAY=SU", chrono_tz::UTC)),
            reminder: Some(Span::hours(24)),
            announced_at: Some(at("2026-10-20T12:00:00Z")),
            ..Maintenance::once(tenant, id, "Patches", vec!["api".parse().expect("slug")], span)
        }
    }

    #[test]
    fn it_goes_through_its_states_by_the_clock() {
        use MaintenanceStatus::{Completed, InProgress, Scheduled, Verifying};
        let once = Maintenance { recurrence: None, ..weekly() };
        let states = ["01:59", "02:00", "02:59", "03:00", "03:29", "03:30"]
            .map(|time| once.status(at(&format!("2026-11-01T{time}:00Z"))));
        assert_eq!(states, [Scheduled, InProgress, InProgress, Verifying, Verifying, Completed]);
        assert_eq!(once.ends_for_good_at(), Some(at("2026-11-01T03:30:00Z")));
    }

    #[test]
    fn what_recurs_covers_each_of_its_times_and_nothing_between() {
        let (weekly, api) = (weekly(), "api".parse().expect("slug"));
        assert_eq!(weekly.validate(), Ok(()));
        assert_eq!(weekly.ends_for_good_at(), None);
        for (time, covered) in [
            ("2026-11-08T02:30:00Z", true),
            ("2026-11-08T03:29:00Z", true),
            ("2026-11-08T03:30:00Z", false),
            ("2026-11-09T02:30:00Z", false),
        ] {
            assert_eq!(weekly.covers(&api, at(time)), covered, "{time}");
        }
        let november = weekly.occurrences(&(at("2026-11-01T00:00:00Z")..at("2026-12-01T00:00:00Z")));
        assert_eq!(november.len(), 5);
        assert!(november.iter().all(|held| held.recurrence.is_none() && held.is_occurrence && held.id == weekly.id));
        assert_eq!(weekly.covers_until(&api, at("2026-11-15T02:10:00Z")), Some(at("2026-11-15T03:30:00Z")));
    }
}
