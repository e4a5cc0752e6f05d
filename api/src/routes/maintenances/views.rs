//! Maintenance as it is shown.

use serde::Serialize;
use utoipa::ToSchema;

use plimsoll_domain::ids::{ComponentId, MaintenanceId};
use plimsoll_domain::maintenance::{Maintenance, MaintenanceStatus};
use plimsoll_domain::time::{Span, Timestamp};

/// Occurrences that are shown.
const SHOWN: usize = 3;
/// How far ahead they are looked for: what recurs often is not followed for years.
const REACHES: [Span; 3] = [Span::days(31), Span::days(400), Span::days(1_500)];

#[derive(Serialize, ToSchema)]
pub(super) struct MaintenanceView {
    #[schema(value_type = String)]
    id: MaintenanceId,
    title: String,
    /// Markdown.
    body: Option<String>,
    #[schema(value_type = Vec<String>)]
    components: Vec<ComponentId>,
    /// The first time, if it recurs.
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    verify_minutes: i64,
    /// Null: it takes place once.
    recurrence: Option<RecurrenceView>,
    /// 0: nobody is reminded.
    remind_minutes: i64,
    /// `scheduled`, `in_progress`, `verifying` or `completed`, by the clock; of what recurs, of the next time.
    #[schema(value_type = String)]
    status: MaintenanceStatus,
    /// The next times that it takes place, at most 3, soonest first.
    occurrences: Vec<OccurrenceView>,
}

#[derive(Serialize, ToSchema)]
struct RecurrenceView {
    rule: String,
    time_zone: String,
}

#[derive(Serialize, ToSchema)]
struct OccurrenceView {
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// `scheduled`, `in_progress` or `verifying`, by the clock.
    #[schema(value_type = String)]
    status: MaintenanceStatus,
}

impl MaintenanceView {
    /// `maintenance` as it stands at `now`.
    pub(super) fn of(maintenance: Maintenance, now: Timestamp) -> Self {
        let occurrences = upcoming(&maintenance, now);
        let next = occurrences.first().map_or(MaintenanceStatus::Completed, |next| next.status(now));
        let occurrence = |held: Maintenance| OccurrenceView {
            status: held.status(now),
            starts_at: held.starts_at,
            ends_at: held.ends_at,
        };
        let recurrence = maintenance.recurrence.as_ref().map(|recurrence| RecurrenceView {
            rule: recurrence.rule().to_owned(),
            time_zone: recurrence.zone().name().to_owned(),
        });
        Self {
            status: next,
            occurrences: occurrences.into_iter().map(occurrence).collect(),
            recurrence,
            verify_minutes: maintenance.verifying.seconds() / 60,
            remind_minutes: maintenance.reminder.unwrap_or_default().seconds() / 60,
            id: maintenance.id,
            title: maintenance.title,
            body: maintenance.body,
            components: maintenance.components,
            starts_at: maintenance.starts_at,
            ends_at: maintenance.ends_at,
        }
    }
}

fn upcoming(maintenance: &Maintenance, now: Timestamp) -> Vec<Maintenance> {
    let mut found = Vec::new();
    if maintenance.recurrence.is_none() {
        found.extend((now < maintenance.completed_at()).then(|| maintenance.clone()));
        return found;
    }
    for reach in REACHES {
        found = maintenance.occurrences(&(now..now.max(maintenance.starts_at).plus(reach)));
        if found.len() >= SHOWN {
            break;
        }
    }
    found.truncate(SHOWN);
    found
}

/// Names what a person settled: neither where it stands by the clock, nor what subscribers have been told.
pub(super) fn tag_of(maintenance: &Maintenance) -> String {
    let settled = Maintenance { announced_at: None, told_until: None, version: 0, ..maintenance.clone() };
    let content = serde_json::to_vec(&settled).expect("a maintenance serialises");
    blake3::hash(&content).to_hex()[..16].to_owned()
}
