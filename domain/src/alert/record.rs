//! An alert as it is kept.

use serde::{Deserialize, Serialize};

use super::content::{Content, Signal};
use super::delivery::Delivery;
use super::event::{Event, Hold};
use super::feedback::Feedback;
use super::receiver::{Receiver, ReceiverName};
use super::severity::Severity;
use crate::ids::{AlertId, TenantId};
use crate::time::{Span, Timestamp};

/// How long an alert is kept after it changed last: 13 months.
pub const ALERT_RETENTION: Span = Span::days(396);
const MAX_EVENTS: usize = 100;
const MAX_DELIVERIES: usize = 200;

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertStatus {
    /// It is wrong, and nobody says that they work on it.
    Triggered,
    /// Somebody works on it.
    Acknowledged,
    /// It is over.
    Resolved,
}

impl AlertStatus {
    /// The status as it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Triggered => "triggered",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

/// A receiver that was told of an alert, as it was configured then: an edited route or receiver still closes what was
/// opened there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The receiver, frozen while anything is open there.
    pub receiver: Receiver,
    /// Whether the alert is, or may be, open there.
    pub open: bool,
}

/// What was sent last, for the cooldown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// When it was decided to send it.
    pub at: Timestamp,
    /// How bad it was.
    pub severity: Severity,
}

/// One episode of a dedup key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Whose.
    pub tenant: TenantId,
    /// Its id: derived from tenant, dedup key and episode.
    pub id: AlertId,
    /// Names the problem, here and at the providers.
    pub dedup_key: String,
    /// Counts the episodes of the key.
    pub episode: u64,
    /// One more with each change.
    pub version: u64,
    /// Where it stands.
    pub status: AlertStatus,
    /// What it says.
    pub content: Content,
    /// When it came in first.
    pub fired_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// The routes that it took, by name.
    pub routes: Vec<String>,
    /// Who was told of it.
    pub openings: Vec<Opening>,
    /// What keeps it back, while it has not been sent.
    pub hold: Option<Hold>,
    /// What was sent last of this key.
    pub sent: Option<Sent>,
    /// When it is sent again unless somebody acknowledges it.
    pub repeat_at: Option<Timestamp>,
    /// When it is over unless it is said again.
    pub expires_at: Option<Timestamp>,
    /// The greatest mark of its signals.
    pub mark: Option<u64>,
    /// The newest events, oldest first.
    pub events: Vec<Event>,
    /// Events that are not kept any more.
    pub events_left_out: u64,
    /// The newest deliveries, oldest first.
    pub deliveries: Vec<Delivery>,
    /// Deliveries that are not kept any more.
    pub deliveries_left_out: u64,
    /// The number of the next delivery.
    pub next_delivery: u32,
    /// What somebody says of it.
    pub feedback: Option<Feedback>,
}

impl Alert {
    /// A new episode of the signal's key, after the episode `before`.
    pub(super) fn opened(
        tenant: &TenantId,
        signal: &Signal,
        content: Content,
        before: Option<&Self>,
        now: Timestamp,
    ) -> Self {
        let episode = before.map_or(1, |before| before.episode + 1);
        Self {
            tenant: tenant.clone(),
            id: AlertId::of_episode(tenant, &signal.dedup_key, episode),
            dedup_key: signal.dedup_key.clone(),
            episode,
            version: 1,
            status: AlertStatus::Triggered,
            content,
            fired_at: now,
            updated_at: now,
            routes: Vec::new(),
            openings: Vec::new(),
            hold: None,
            sent: before.and_then(|before| before.sent),
            repeat_at: None,
            expires_at: signal.expires_at,
            mark: before.and_then(|before| before.mark),
            events: Vec::new(),
            events_left_out: 0,
            deliveries: Vec::new(),
            deliveries_left_out: 0,
            next_delivery: 1,
            feedback: None,
        }
    }

    /// The same, to be changed at `now` and stored in place of this version.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self.clone() }
    }

    /// Whether it is not over.
    pub fn is_open(&self) -> bool {
        self.status != AlertStatus::Resolved
    }

    /// Whether it is over and nothing is to be sent of it: only then does a new episode of its key begin.
    pub fn is_settled(&self) -> bool {
        !self.is_open() && self.deliveries.iter().all(Delivery::is_finished)
    }

    /// When the clock may change it, without anybody sending anything.
    pub fn reconsider_at(&self) -> Option<Timestamp> {
        if !self.is_open() {
            return None;
        }
        let held = self.hold.as_ref().map(|hold| hold.look_at);
        [held, self.repeat_at, self.expires_at].into_iter().flatten().min()
    }

    /// Whether anything of it died.
    pub fn has_dead(&self) -> bool {
        self.deliveries.iter().any(|delivery| delivery.state_name() == "dead")
    }

    /// The receiver as it is to be sent to.
    pub fn opening(&self, receiver: &ReceiverName) -> Option<&Opening> {
        self.openings.iter().find(|opening| opening.receiver.name == *receiver)
    }

    /// The delivery of this number.
    pub fn delivery(&self, number: u32) -> Option<&Delivery> {
        self.deliveries.iter().find(|delivery| delivery.number == number)
    }

    /// The id of a delivery, which tells the alert's as well.
    pub fn delivery_id(&self, number: u32) -> String {
        format!("{}-{number}", self.id)
    }

    pub(super) fn push_event(&mut self, event: Event) {
        self.events.push(event);
        if self.events.len() > MAX_EVENTS {
            self.events.remove(0);
            self.events_left_out += 1;
        }
    }

    /// Forgets the oldest finished deliveries where there are too many: an alert is one document. The last word to each
    /// receiver is kept, since it says what the receiver knows.
    pub(super) fn forget_old_deliveries(&mut self) {
        while self.deliveries.len() > MAX_DELIVERIES {
            let is_last = |at: usize| {
                let one = &self.deliveries[at];
                let later = |later: &Delivery| later.receiver == one.receiver && later.speaks();
                one.speaks() && !self.deliveries[at + 1..].iter().any(later)
            };
            let mut finished = (0..self.deliveries.len()).filter(|at| self.deliveries[*at].is_finished());
            let Some(oldest) = finished.find(|at| !is_last(*at)) else { return };
            self.deliveries.remove(oldest);
            self.deliveries_left_out += 1;
        }
    }
}

/// The alert and the number in the id of a delivery.
pub fn read_delivery_id(id: &str) -> Option<(AlertId, u32)> {
    let (alert, number) = id.rsplit_once('-')?;
    Some((alert.parse().ok()?, number.parse().ok()?))
}
