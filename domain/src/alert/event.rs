//! What happened to an alert: each signal that came in, what the clock did to it, and what kept it from being sent.

use serde::{Deserialize, Serialize};

use super::severity::Severity;
use crate::time::{Span, Timestamp};

/// How soon what keeps an alert back is looked at again, should it end early.
const LOOK_AGAIN: Span = Span::from_seconds(30);
/// The same, where it is known when it ends by itself.
const LOOK_LATER: Span = Span::minutes(5);

/// Something that happened to an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// How bad it was then.
    pub severity: Severity,
    /// By whom: the name of a key, or `automatic`.
    pub by: String,
    /// Why nothing was sent of it, if so.
    pub suppressed: Option<Suppression>,
    /// More about it, e.g. which silence.
    pub detail: Option<String>,
    /// The numbers of the deliveries that were made of it.
    pub deliveries: Vec<u32>,
    /// Names the request that it came in by.
    pub request: Option<String>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// It was said to be wrong.
    Trigger,
    /// Somebody works on it.
    Acknowledge,
    /// It was said to be over.
    Resolve,
    /// What kept it back has ended, and it was sent.
    Released,
    /// It was sent again, since nobody has acknowledged it.
    Repeat,
    /// It was not said again in time, and so it is over.
    Expired,
    /// Somebody had a dead delivery sent again.
    Replayed,
}

/// Why nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suppression {
    /// The same was sent a short time ago, and it was no milder.
    Cooldown,
    /// Somebody silenced it.
    Silence,
    /// Announced work is going on at its component.
    Maintenance,
    /// Somebody works on it.
    Acknowledged,
    /// It is known to be wrong already, and is said again only to say that it is still so.
    AlreadyOpen,
    /// No receiver is configured.
    NoReceiver,
    /// Nothing of this key is open.
    NothingOpen,
    /// What would be closed was never delivered, and so neither was sent.
    NeverDelivered,
}

impl Suppression {
    /// The reason as it is written in the API and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cooldown => "cooldown",
            Self::Silence => "silence",
            Self::Maintenance => "maintenance",
            Self::Acknowledged => "acknowledged",
            Self::AlreadyOpen => "already_open",
            Self::NoReceiver => "no_receiver",
            Self::NothingOpen => "nothing_open",
            Self::NeverDelivered => "never_delivered",
        }
    }
}

/// What keeps an alert back that is still wrong: when it ends, the alert is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// What it is.
    pub reason: Suppression,
    /// Which one, e.g. the id of a silence.
    pub detail: Option<String>,
    /// When it ends, where that is known.
    pub until: Option<Timestamp>,
    /// When to look whether it has ended.
    pub look_at: Timestamp,
}

impl Hold {
    /// Kept back by `reason`, which ends at `until` if that is known.
    pub fn new(reason: Suppression, detail: Option<String>, until: Option<Timestamp>, now: Timestamp) -> Self {
        let look_at = until.map_or_else(|| now.plus(LOOK_AGAIN), |until| until.min(now.plus(LOOK_LATER)));
        Self { reason, detail, until, look_at }
    }
}
