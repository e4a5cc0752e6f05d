//! What a notice says to its subscriber: read from what it speaks of, as that is now.

use std::sync::Arc;

use plimsoll_domain::incident::{Incident, IncidentUpdate};
use plimsoll_domain::maintenance::{Maintenance, MaintenanceEvent};
use plimsoll_domain::subscriber::{Notice, NoticeEvent, PENDING_FOR, Subscriber, SubscriberState};
use plimsoll_domain::time::Timestamp;
use plimsoll_store::{Result, Store};

use super::scenes::PageScene;

/// One notice, with all that is needed to send it.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The notice.
    pub notice: Notice,
    /// Who is told; secrets are open.
    pub subscriber: Subscriber,
    /// Whose page it is about.
    pub page: Arc<PageScene>,
    /// What it says.
    pub says: Says,
}

/// What a letter says.
#[derive(Clone, Debug)]
pub enum Says {
    /// That the subscription is to be confirmed.
    Confirm,
    /// The newest update of an incident, as it stood then.
    Incident(Incident),
    /// What the clock made of one time of a maintenance.
    Maintenance(MaintenanceEvent, Maintenance),
}

/// Why a notice is not sent any more.
pub(super) type Reason = &'static str;

/// Somebody who left and came back may find notices that were for who they were before.
const LATE: Reason = "the subscription was confirmed later";

/// Why `notice` is not for this subscriber, as they are now.
pub(super) fn unwanted(notice: &Notice, subscriber: Option<&Subscriber>, now: Timestamp) -> Option<Reason> {
    let Some(subscriber) = subscriber else { return Some("the subscription was ended") };
    match (&notice.event, &subscriber.state) {
        (NoticeEvent::Confirmation { asked_at }, SubscriberState::Pending { asked_at: last }) => {
            if asked_at != last {
                Some("it was asked for again")
            } else if now.millis_since(*last) >= PENDING_FOR.seconds() * 1_000 {
                Some("it is too late to confirm it")
            } else {
                None
            }
        }
        (NoticeEvent::Confirmation { .. }, SubscriberState::Active { .. }) => Some("it is confirmed"),
        // What was said of an incident is known by when it was shown: see `says`.
        (NoticeEvent::Maintenance { .. }, SubscriberState::Active { since }) if notice.created_at < *since => {
            Some(LATE)
        }
        (_, SubscriberState::Active { .. }) => None,
        (_, SubscriberState::Pending { .. }) => Some("the subscription is not confirmed"),
        (_, SubscriberState::Stopped { .. }) => Some("nothing is sent to this subscriber any more"),
    }
}

/// What `notice` says to the subscriber at `now`, or why it says nothing any more.
pub(super) async fn says(
    store: &dyn Store,
    notice: &Notice,
    (subscriber, page): (&Subscriber, &PageScene),
    now: Timestamp,
) -> Result<std::result::Result<Says, Reason>> {
    match &notice.event {
        NoticeEvent::Confirmation { .. } => Ok(Ok(Says::Confirm)),
        NoticeEvent::Incident { incident, at } => {
            let found = store.incident_across_tenants(incident).await?;
            Ok(of_incident(found, subscriber, (*at, notice.place)))
        }
        NoticeEvent::Maintenance { maintenance, starts_at, event, .. } => {
            let found = store.maintenance(&notice.tenant, maintenance).await?;
            Ok(of_maintenance(found, page, (*starts_at, *event), now))
        }
    }
}

fn of_incident(
    found: Option<Incident>,
    subscriber: &Subscriber,
    (at, place): (Timestamp, u32),
) -> std::result::Result<Says, Reason> {
    let found = found.filter(|incident| incident.tenant == subscriber.tenant && !incident.draft);
    let mut incident = found.ok_or("the incident is gone")?;
    let is_it = |update: &IncidentUpdate| update.at == at;
    let place = place as usize;
    let index = Some(place).filter(|place| incident.updates.get(*place).is_some_and(is_it));
    let index = index.or_else(|| incident.updates.iter().position(is_it)).ok_or("the update is gone")?;
    let told_at = incident.told_at(&incident.updates[index]);
    if matches!(subscriber.state, SubscriberState::Active { since } if told_at < since) {
        return Err(LATE);
    }
    incident.updates.truncate(index + 1);
    Ok(Says::Incident(incident))
}

fn of_maintenance(
    found: Option<Maintenance>,
    page: &PageScene,
    (starts_at, event): (Timestamp, MaintenanceEvent),
    now: Timestamp,
) -> std::result::Result<Says, Reason> {
    let held = found.ok_or("the maintenance is gone")?;
    if held.components.iter().all(|component| page.name_of(component).is_none()) {
        return Err("the page shows nothing of it");
    }
    let times = held.occurrences(&(starts_at..starts_at.next_milli()));
    let time = times.into_iter().find(|time| time.starts_at == starts_at).ok_or("the maintenance was moved")?;
    let is_past = match event {
        MaintenanceEvent::Scheduled | MaintenanceEvent::Reminder => time.starts_at <= now,
        MaintenanceEvent::Started => time.completed_at() <= now,
        MaintenanceEvent::Completed => false,
    };
    if is_past { Err("it was too late to say it") } else { Ok(Says::Maintenance(event, time)) }
}
