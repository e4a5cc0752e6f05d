//! Maintenance as it is written.

use std::collections::BTreeSet;

use serde::Deserialize;
use utoipa::ToSchema;

use plimsoll_domain::ids::{ComponentId, MaintenanceId, TenantId};
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::maintenance::{DEFAULT_REMINDER, Maintenance};
use plimsoll_domain::recurrence::Recurrence;
use plimsoll_domain::time::{Span, Timestamp};

use crate::extract::Given;
use crate::routes::members;

/// Stands in for times that cannot be read, so that the rest is looked over too.
const NEVER: (Timestamp, Timestamp) = (Timestamp::from_millis(0), Timestamp::from_millis(1));

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMaintenance {
    /// A slug of a-z, 0-9 and -; made when it is not given.
    pub(super) id: Option<String>,
    /// As the public reads it.
    title: String,
    /// What is done and what it means for whom, in Markdown, in at most 4,000 characters.
    body: Option<String>,
    /// Ids of the components that are worked on, 1 to 100.
    components: Vec<String>,
    /// The first time, if it recurs.
    #[schema(format = DateTime)]
    starts_at: String,
    /// After `starts_at`, by at most 31 days.
    #[schema(format = DateTime)]
    ends_at: String,
    /// For how long after its end it is seen whether all is well, 0 to 1,440; 0 unless given. Still maintenance.
    verify_minutes: Option<i64>,
    /// When it takes place again; once unless given.
    recurrence: Option<RecurrenceBody>,
    /// How long before it begins subscribers are reminded, 0 to 20,160; 1,440 unless given. 0: they are not.
    remind_minutes: Option<i64>,
}

/// What is not given stays as it was.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MaintenanceChange {
    title: Option<String>,
    /// Null: none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    body: Given<String>,
    components: Option<Vec<String>>,
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    #[schema(format = DateTime)]
    ends_at: Option<String>,
    verify_minutes: Option<i64>,
    /// Null: it takes place once.
    #[serde(default)]
    #[schema(value_type = Option<RecurrenceBody>)]
    recurrence: Given<RecurrenceBody>,
    remind_minutes: Option<i64>,
}

/// When something takes place again.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecurrenceBody {
    /// A rule of RFC 5545 that recurs daily or less often, such as `FREQ=WEEKLY;BYDAY=SU`.
    rule: String,
    /// Whose clock it follows, such as `Europe/Stockholm`; UTC unless given.
    time_zone: Option<String>,
}

impl RecurrenceBody {
    fn read(&self, faults: &mut Faults) -> Option<Recurrence> {
        let name = self.time_zone.as_deref().unwrap_or("UTC");
        let wrong = |_| format!("expected a time zone such as Europe/Stockholm, got {name:?}");
        let zone = faults.keep(name.parse().map_err(wrong), "/recurrence/time_zone")?;
        Some(Recurrence::new(&self.rule, zone))
    }
}

impl NewMaintenance {
    /// The maintenance that is asked for at `now`; its id is `made` unless it is given.
    pub(super) fn read(
        &self,
        (tenant, made): (&TenantId, MaintenanceId),
        known: &BTreeSet<ComponentId>,
        now: Timestamp,
    ) -> Result<Maintenance, Invalid> {
        let mut faults = Faults::default();
        let id = self.id.as_deref().and_then(|id| faults.keep(id.parse(), "/id"));
        let mut blank = Maintenance::once(tenant.clone(), id.unwrap_or(made), "", Vec::new(), NEVER.0..NEVER.1);
        blank.reminder = Some(DEFAULT_REMINDER);
        let change = MaintenanceChange {
            title: Some(self.title.clone()),
            body: self.body.clone().into(),
            components: Some(self.components.clone()),
            starts_at: Some(self.starts_at.clone()),
            ends_at: Some(self.ends_at.clone()),
            verify_minutes: self.verify_minutes,
            recurrence: self.recurrence.clone().into(),
            remind_minutes: self.remind_minutes,
        };
        let read = faults.absorb(change.after(&blank, known, now), "");
        faults.finish()?;
        let read = read.expect("it is there when no fault was noted");
        Ok(Maintenance { announced_at: Some(now), version: 1, ..read })
    }
}

impl MaintenanceChange {
    /// What this makes of `held` at `now`: one version more. Of another schedule subscribers are told anew; of what was due
    /// until now they have been told. A component that has been removed since may stay.
    pub(super) fn after(
        &self,
        held: &Maintenance,
        known: &BTreeSet<ComponentId>,
        now: Timestamp,
    ) -> Result<Maintenance, Invalid> {
        let mut faults = Faults::default();
        let known = held.components.iter().chain(known).cloned().collect();
        let mut next = Maintenance { version: held.version + 1, ..held.clone() };
        self.schedule(&mut faults, &mut next);
        if let Some(ids) = &self.components {
            next.components = members(&mut faults, ids, "/components", &known);
        }
        if let Some(title) = &self.title {
            title.trim().clone_into(&mut next.title);
        }
        next.body = self.body.over(next.body, |body| Some(body.clone()));
        if let Some(minutes) = self.verify_minutes {
            next.verifying = within_reason(minutes);
        }
        if let Some(minutes) = self.remind_minutes {
            next.reminder = (minutes != 0).then(|| within_reason(minutes));
        }
        let times = |of: &Maintenance| (of.starts_at, of.ends_at, of.recurrence.clone());
        if times(&next) != times(held) {
            next.announced_at = Some(now);
        }
        faults.absorb(next.validate(), "");
        faults.finish().map(|()| next)
    }

    fn schedule(&self, faults: &mut Faults, next: &mut Maintenance) {
        let mut instant = |text: &Option<String>, held, pointer| match text {
            Some(text) => faults.keep(text.parse::<Timestamp>(), pointer),
            None => Some(held),
        };
        let starts_at = instant(&self.starts_at, next.starts_at, "/starts_at");
        let ends_at = instant(&self.ends_at, next.ends_at, "/ends_at");
        next.recurrence = self.recurrence.over(next.recurrence.take(), |body| body.read(faults));
        let times = starts_at.zip(ends_at);
        (next.starts_at, next.ends_at) = times.unwrap_or(NEVER);
        if times.is_none() {
            // No rule can be held against times that cannot be read.
            next.recurrence = None;
        }
    }
}

/// As a span, which the domain refuses where it is too long or less than nothing.
fn within_reason(minutes: i64) -> Span {
    Span::minutes(minutes.clamp(-1, 1_000_000))
}
