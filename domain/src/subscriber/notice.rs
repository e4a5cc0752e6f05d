//! What one subscriber is told once, and how often that was tried.

use serde::{Deserialize, Serialize};

use super::record::{EventKind, Subscriber};
use crate::alert::delivery::{Attempt, DeliveryState, Lease, Outcome};
use crate::ids::{ComponentId, IncidentId, MaintenanceId, NoticeId, SubscriberId, TenantId};
use crate::maintenance::MaintenanceEvent;
use crate::time::{Span, Timestamp};

/// Attempts that are kept.
const MAX_ATTEMPTS: usize = 10;
const INTERRUPTED_AFTER: Span = Span::from_seconds(5);

/// What a notice tells of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum NoticeEvent {
    /// That somebody asked for this subscription: the link to confirm it.
    Confirmation {
        /// When it was asked for.
        asked_at: Timestamp,
    },
    /// What was said of an incident.
    Incident {
        /// Which.
        incident: IncidentId,
        /// The instant of the update.
        at: Timestamp,
    },
    /// What the clock made of a maintenance.
    Maintenance {
        /// Which.
        maintenance: MaintenanceId,
        /// The start of the occurrence.
        starts_at: Timestamp,
        /// What happened.
        event: MaintenanceEvent,
        /// When it was last announced: what is moved there and back again is told each time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        announced_at: Option<Timestamp>,
    },
}

impl NoticeEvent {
    /// What it is known by: telling it again is the same.
    pub fn identity(&self) -> String {
        match self {
            Self::Confirmation { asked_at } => format!("confirmation {}", asked_at.millis()),
            Self::Incident { incident, at } => format!("incident {incident} {}", at.millis()),
            Self::Maintenance { maintenance, starts_at, event, announced_at } => {
                let announced = announced_at.map_or(0, Timestamp::millis);
                format!("maintenance {maintenance} {} {} {announced}", starts_at.millis(), event.as_str())
            }
        }
    }

    /// What it is about: of one subject a subscriber hears in order.
    pub fn subject(&self) -> String {
        match self {
            Self::Confirmation { .. } => "confirmation".to_owned(),
            Self::Incident { incident, .. } => format!("incident {incident}"),
            Self::Maintenance { maintenance, starts_at, .. } => {
                format!("maintenance {maintenance} {}", starts_at.millis())
            }
        }
    }
}

/// What one subscriber is told once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Whose page.
    pub tenant: TenantId,
    /// Its id within the tenant: derived from the subscriber and the event.
    pub id: NoticeId,
    /// Who is told.
    pub subscriber: SubscriberId,
    /// Of what.
    pub event: NoticeEvent,
    /// Since when it is to be sent. Of one subscriber, notices are in the order of this instant and then of their place.
    pub created_at: Timestamp,
    /// Its place among those that came to be at the same instant.
    pub place: u32,
    /// How far it has come.
    #[serde(flatten)]
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: u32,
    /// The newest attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// One more with each change.
    pub version: u64,
}

impl Notice {
    /// What `subscriber` is to be told of `event`, ready at once.
    pub fn new(subscriber: &Subscriber, event: NoticeEvent, (created_at, place): (Timestamp, u32)) -> Self {
        Self {
            tenant: subscriber.tenant.clone(),
            id: NoticeId::of_event(&subscriber.id, &event.identity()),
            subscriber: subscriber.id.clone(),
            event,
            created_at,
            place,
            state: DeliveryState::Waiting { ready_at: created_at },
            tries: 0,
            attempts: Vec::new(),
            version: 1,
        }
    }

    /// From when on somebody may try it; `None`: it is finished.
    pub const fn ready_at(&self) -> Option<Timestamp> {
        self.state.ready_at()
    }

    /// When it was finished, if it is.
    pub const fn finished_at(&self) -> Option<Timestamp> {
        match &self.state {
            DeliveryState::Delivered { at } | DeliveryState::Dead { at, .. } => Some(*at),
            _ => None,
        }
    }

    /// Those of one subscriber that may be tried at `now`, of `all` its unfinished ones: of each subject the first, if it is
    /// ready.
    pub fn ready(all: &[Self], now: Timestamp) -> Vec<&Self> {
        let mut in_order: Vec<&Self> = all.iter().filter(|notice| notice.ready_at().is_some()).collect();
        in_order.sort_by_key(|notice| (notice.created_at, notice.place));
        let mut subjects = std::collections::HashSet::new();
        in_order.retain(|notice| subjects.insert(notice.event.subject()));
        in_order.retain(|notice| notice.ready_at().is_some_and(|ready_at| ready_at <= now));
        in_order
    }

    /// The same, given to the holder of `lease`.
    #[must_use]
    pub fn leased(&self, lease: Lease) -> Self {
        Self { state: DeliveryState::Leased(lease), version: self.version + 1, ..self.clone() }
    }

    /// The same, taken back from whoever is known to be gone.
    #[must_use]
    pub fn released(&self, now: Timestamp) -> Self {
        let ready_at = if self.tries == 0 { now } else { now.plus(INTERRUPTED_AFTER) };
        Self { state: DeliveryState::Waiting { ready_at }, version: self.version + 1, ..self.clone() }
    }

    /// The same after a try.
    #[must_use]
    pub fn tried(&self, outcome: &Outcome, attempt: Attempt, (now, chance): (Timestamp, f64)) -> Self {
        let mut next = self.clone();
        next.version += 1;
        next.tries += 1;
        next.attempts.push(attempt);
        if next.attempts.len() > MAX_ATTEMPTS {
            next.attempts.remove(0);
        }
        next.state = DeliveryState::after(outcome, (next.tries, self.created_at), (now, chance));
        next
    }

    /// The same; it need not be sent any more.
    #[must_use]
    pub fn dropped(&self, reason: &str, now: Timestamp) -> Self {
        let state = DeliveryState::Dead { at: now, reason: reason.to_owned() };
        Self { state, version: self.version + 1, ..self.clone() }
    }

    /// The state as it is written in the API.
    pub const fn state_name(&self) -> &'static str {
        self.state.name()
    }
}

/// The notices of one event to those of `subscribers` that want to hear of it. `at`: when it came to be; `place`: its place
/// among those of the same instant.
pub fn tell_of<'a>(
    event: &NoticeEvent,
    components: impl Iterator<Item = &'a ComponentId>,
    subscribers: &[Subscriber],
    (at, place): (Timestamp, u32),
) -> Vec<Notice> {
    let kind = match event {
        NoticeEvent::Confirmation { .. } => return Vec::new(),
        NoticeEvent::Incident { .. } => EventKind::Incident,
        NoticeEvent::Maintenance { .. } => EventKind::Maintenance,
    };
    let components: Vec<_> = components.collect();
    let wants = |one: &&Subscriber| one.wants(kind, components.iter().copied(), at);
    subscribers.iter().filter(wants).map(|one| Notice::new(one, event.clone(), (at, place))).collect()
}
