//! What subscribers are to be told of a maintenance.

use serde::{Deserialize, Serialize};

use super::Maintenance;
use crate::time::{Span, Timestamp};

/// How far ahead it is looked for the next time of what recurs.
const FARTHEST: Span = Span::days(400);

/// What subscribers are told of an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaintenanceEvent {
    /// It is planned. Of what recurs this is told once.
    Scheduled,
    /// It begins soon.
    Reminder,
    /// It has begun.
    Started,
    /// It is over.
    Completed,
}

impl MaintenanceEvent {
    /// The event as it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Reminder => "reminder",
            Self::Started => "started",
            Self::Completed => "completed",
        }
    }
}

impl Maintenance {
    /// What subscribers have not been told yet at `now`, each with the occurrence it speaks of, in order of when it came to
    /// be. What was due when nobody looked is told only while it still says something that is true: no start of what is over.
    pub fn untold(&self, now: Timestamp) -> Vec<(MaintenanceEvent, Self)> {
        let since = self.told_until.unwrap_or(Timestamp::from_millis(i64::MIN / 2));
        let mut events: Vec<(Timestamp, MaintenanceEvent, Self)> = Vec::new();
        if let Some(announced_at) = self.announced_at.filter(|at| *at > since && *at <= now) {
            let reach = now.plus(FARTHEST).max(self.starts_at.next_milli());
            let next = self.occurrences(&(now..reach)).into_iter().find(|next| now < next.ends_at);
            // What is going on when it is announced has begun, for whoever hears of it.
            let event = |next: &Self| {
                let has_begun = next.starts_at <= announced_at;
                if has_begun { MaintenanceEvent::Started } else { MaintenanceEvent::Scheduled }
            };
            events.extend(next.map(|next| (announced_at, event(&next), next)));
        }
        let reach = self.reminder.unwrap_or_default();
        let earliest = self.told_until.or(self.announced_at).unwrap_or(now);
        for held in self.occurrences(&(earliest.minus(Span::minutes(1))..now.plus(reach).next_milli())) {
            let due = held.due(now);
            events.extend(
                due.into_iter()
                    .filter(|(at, _)| *at > earliest && *at <= now)
                    .map(|(at, event)| (at, event, held.clone())),
            );
        }
        events.sort_by_key(|(at, event, _)| (*at, *event));
        events.into_iter().map(|(_, event, held)| (event, held)).collect()
    }

    /// What there is to say of this occurrence at `now`, and since when.
    fn due(&self, now: Timestamp) -> Vec<(Timestamp, MaintenanceEvent)> {
        let mut due = Vec::new();
        if let Some(reminder) = self.reminder.filter(|_| now < self.starts_at) {
            due.push((self.starts_at.minus(reminder), MaintenanceEvent::Reminder));
        }
        if now < self.ends_at {
            due.push((self.starts_at, MaintenanceEvent::Started));
        }
        due.push((self.completed_at(), MaintenanceEvent::Completed));
        due
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, weekly};
    use super::*;

    #[test]
    fn subscribers_hear_of_each_step_once_and_in_order() {
        let mut held = weekly();
        let mut heard = Vec::new();
        let mut now = at("2026-10-20T12:00:01Z");
        while now < at("2026-11-08T12:00:00Z") {
            heard.extend(
                held.untold(now)
                    .into_iter()
                    .map(|(event, of)| format!("{} {}", event.as_str(), of.starts_at.format("%d"))),
            );
            held.told_until = Some(now);
            now = now.plus(Span::minutes(5));
        }
        let want =
            ["scheduled 01", "reminder 01", "started 01", "completed 01", "reminder 08", "started 08", "completed 08"];
        assert_eq!(heard, want);
    }

    #[test]
    fn work_that_has_begun_when_it_is_announced_is_told_as_begun() {
        let (tenant, id) = ("acme".parse().expect("slug"), "now".parse().expect("slug"));
        let span = at("2026-11-01T02:00:00Z")..at("2026-11-01T03:00:00Z");
        let api = vec!["api".parse().expect("slug")];
        let mut held = Maintenance::once(tenant, id, "Now", api, span);
        held.announced_at = Some(at("2026-11-01T02:00:02Z"));
        let heard = |held: &Maintenance, now: &str| -> Vec<_> {
            held.untold(at(now)).into_iter().map(|(event, _)| event).collect()
        };
        assert_eq!(heard(&held, "2026-11-01T02:00:03Z"), [MaintenanceEvent::Started]);
        held.told_until = Some(at("2026-11-01T02:00:03Z"));
        assert_eq!(heard(&held, "2026-11-01T02:30:00Z"), []);
        assert_eq!(heard(&held, "2026-11-01T03:00:00Z"), [MaintenanceEvent::Completed]);
        held.announced_at = Some(at("2026-11-01T02:30:00Z"));
        assert_eq!(heard(&held, "2026-11-01T02:30:01Z"), [MaintenanceEvent::Started], "its end was moved");
    }

    #[test]
    fn what_lies_years_ahead_is_announced_as_well() {
        let (tenant, id) = ("acme".parse().expect("slug"), "far".parse().expect("slug"));
        let span = at("2029-11-01T02:00:00Z")..at("2029-11-01T03:00:00Z");
        let mut held = Maintenance::once(tenant, id, "Far", vec!["api".parse().expect("slug")], span);
        held.announced_at = Some(at("2026-11-01T02:00:02Z"));
        let events: Vec<_> = held.untold(at("2026-11-01T02:00:03Z")).into_iter().map(|(event, _)| event).collect();
        assert_eq!(events, [MaintenanceEvent::Scheduled]);
    }

    #[test]
    fn after_a_long_absence_nobody_hears_of_what_is_over_as_if_it_began() {
        let mut held = weekly();
        held.told_until = Some(at("2026-10-31T00:00:00Z"));
        let events: Vec<_> = held.untold(at("2026-11-01T05:00:00Z")).into_iter().map(|(event, _)| event).collect();
        assert_eq!(events, [MaintenanceEvent::Completed]);
    }
}
