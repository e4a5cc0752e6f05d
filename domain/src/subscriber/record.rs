//! One subscriber: where it is reached, what it wants to hear of, and whether it has confirmed that it does.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::channel::Channel;
use crate::entropy::Entropy;
use crate::ids::{ComponentId, SubscriberId, TenantId};
use crate::invalid::Invalid;
use crate::secret::Secret;
use crate::tenant::secret;
use crate::time::{Span, Timestamp};

/// Most subscribers of one tenant, those included that have not confirmed yet.
pub const MAX_SUBSCRIBERS: usize = 50_000;
/// How long a subscription waits to be confirmed.
pub const PENDING_FOR: Span = Span::hours(48);
/// How long after it was asked for a confirmation it is asked for again at the earliest.
pub const RESEND_AFTER: Span = Span::minutes(10);
/// How long whoever is not told anything any more is remembered.
pub const STOPPED_FOR: Span = Span::days(30);
/// How long after its mail came back an address is written to again at the earliest.
const BOUNCED_FOR: Span = Span::days(7);
/// Who asks without a key, in the place of a key's name.
pub const BY_PUBLIC: &str = "public";
/// Notices in a row that must fail for good until nothing is sent any more.
const PATIENCE: u32 = 3;

/// What a subscriber may hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Incidents and what is said of them.
    Incident,
    /// Announced maintenance.
    Maintenance,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Incident, Self::Maintenance];

    /// The kind as it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Maintenance => "maintenance",
        }
    }
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// How they are reached.
    pub channel: Channel,
    /// Of which components they want to hear; none: of all.
    pub components: BTreeSet<ComponentId>,
    /// Of what they want to hear; none: of everything.
    pub events: BTreeSet<EventKind>,
    /// In which language (BCP 47).
    pub locale: Option<String>,
}

/// How far a subscription has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum SubscriberState {
    /// It was asked for, and is not confirmed.
    Pending {
        /// When the confirmation was last asked for.
        asked_at: Timestamp,
    },
    /// Whoever is reached has confirmed it.
    Active {
        /// When.
        since: Timestamp,
    },
    /// Nothing is sent any more.
    Stopped {
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: StopReason,
        /// What was said.
        words: String,
    },
}

/// Why nothing is sent to a subscriber any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StopReason {
    /// The address does not exist, or does not take mail.
    Bounced,
    /// What is reached wants nothing any more.
    Refused,
    /// Nothing has arrived for too long.
    Failing,
}

/// One subscriber. Its id is made of its channel: whoever subscribes again changes what they hear of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriber {
    /// Whose page.
    pub tenant: TenantId,
    /// Its id within the tenant.
    pub id: SubscriberId,
    /// How it is reached.
    pub channel: Channel,
    /// Of which components it hears; none: of all.
    pub components: BTreeSet<ComponentId>,
    /// Of what it hears; none: of everything.
    pub events: BTreeSet<EventKind>,
    /// In which language (BCP 47).
    pub locale: Option<String>,
    /// What stands in the links that it gets: whoever has it may confirm and end the subscription.
    pub token: Secret,
    /// How far it has come.
    #[serde(flatten)]
    pub state: SubscriberState,
    /// Who asked for it: the name of a key, or [`BY_PUBLIC`].
    pub created_by: String,
    /// When it was asked for first.
    pub created_at: Timestamp,
    /// Notices that failed for good since one arrived.
    #[serde(default)]
    pub failures: u32,
    /// One more with each change.
    pub version: u64,
}

impl Subscriber {
    /// Somebody asks for `wanted`; it waits to be confirmed. Refuses addresses that are none.
    pub fn new(
        tenant: TenantId,
        wanted: Subscription,
        by: &str,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, Invalid> {
        wanted.channel.validate()?;
        let Subscription { channel, components, events, locale } = wanted;
        Ok(Self {
            id: SubscriberId::of_address(&tenant, channel.kind().as_str(), &channel.key()),
            tenant,
            channel,
            components,
            events,
            locale,
            token: Secret::new(secret("", entropy)),
            state: SubscriberState::Pending { asked_at: now },
            created_by: by.to_owned(),
            created_at: now,
            failures: 0,
            version: 1,
        })
    }

    /// The same, asked for again as `wanted`, which leads to the same place. What was confirmed stays as it is: whoever asks
    /// may be somebody else, and learns nothing. `None`: it was asked for a moment ago, and nothing changes.
    pub fn asked_again(&self, wanted: &Self, now: Timestamp) -> Option<Self> {
        let may_ask = match &self.state {
            SubscriberState::Pending { asked_at } => now.millis_since(*asked_at) >= RESEND_AFTER.seconds() * 1_000,
            SubscriberState::Stopped { at, reason, .. } => {
                let rest = if *reason == StopReason::Bounced { BOUNCED_FOR } else { RESEND_AFTER };
                now.millis_since(*at) >= rest.seconds() * 1_000
            }
            SubscriberState::Active { .. } => false,
        };
        may_ask.then(|| Self {
            components: wanted.components.clone(),
            events: wanted.events.clone(),
            locale: wanted.locale.clone(),
            state: SubscriberState::Pending { asked_at: now },
            failures: 0,
            version: self.version + 1,
            ..self.clone()
        })
    }

    /// Whether `token` is the one that stands in its links.
    pub fn knows(&self, token: &str) -> bool {
        // Hashed first: the comparison then tells nothing of how much of it was right.
        blake3::hash(token.as_bytes()) == blake3::hash(self.token.expose().as_bytes())
    }

    /// The same, confirmed. `None`: there is nothing to confirm any more.
    pub fn confirmed(&self, now: Timestamp) -> Option<Self> {
        let is_pending = matches!(&self.state, SubscriberState::Pending { asked_at }
            if now.millis_since(*asked_at) < PENDING_FOR.seconds() * 1_000);
        let state = SubscriberState::Active { since: now };
        is_pending.then(|| Self { state, version: self.version + 1, ..self.clone() })
    }

    /// The same, changed by whoever holds its token: what it hears of.
    #[must_use]
    pub fn rechosen(&self, components: BTreeSet<ComponentId>, events: BTreeSet<EventKind>) -> Self {
        Self { components, events, version: self.version + 1, ..self.clone() }
    }

    /// The same; nothing is sent any more.
    #[must_use]
    pub fn stopped(&self, reason: StopReason, words: &str, now: Timestamp) -> Self {
        let state = SubscriberState::Stopped { at: now, reason, words: words.to_owned() };
        Self { state, version: self.version + 1, ..self.clone() }
    }

    /// The same after a notice has arrived, or failed for good. `None`: nothing changes.
    pub fn after_notice(&self, arrived: bool, words: &str, now: Timestamp) -> Option<Self> {
        let failures = if arrived { 0 } else { self.failures + 1 };
        if failures == self.failures || !self.is_active() {
            return None;
        }
        let next = Self { failures, ..self.clone() };
        if failures >= PATIENCE {
            return Some(next.stopped(StopReason::Failing, words, now));
        }
        Some(Self { version: self.version + 1, ..next })
    }

    /// Whether it hears of anything.
    pub const fn is_active(&self) -> bool {
        matches!(self.state, SubscriberState::Active { .. })
    }

    /// Whether it hears of something of this kind that touches `components` (none: everything), and came to be at `at`.
    pub fn wants<'a>(
        &self,
        kind: EventKind,
        mut components: impl Iterator<Item = &'a ComponentId>,
        at: Timestamp,
    ) -> bool {
        let since = match &self.state {
            SubscriberState::Active { since } => *since,
            _ => return false,
        };
        if at < since || !(self.events.is_empty() || self.events.contains(&kind)) {
            return false;
        }
        let Some(first) = components.next() else { return true };
        let is_of_interest =
            |component: &ComponentId| self.components.is_empty() || self.components.contains(component);
        is_of_interest(first) || components.any(is_of_interest)
    }

    /// The state as it is written in the API.
    pub const fn state_name(&self) -> &'static str {
        match self.state {
            SubscriberState::Pending { .. } => "pending",
            SubscriberState::Active { .. } => "active",
            SubscriberState::Stopped { .. } => "stopped",
        }
    }
}
