//! Subscribers as they are written and shown.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::{ComponentId, SubscriberId};
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::subscriber::{
    Channel, ChannelKind, EventKind, StopReason, Subscriber, SubscriberState, Subscription,
};
use plimsoll_domain::time::Timestamp;

use crate::routes::members;
use crate::routes::page::locale;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSubscriber {
    /// `email`, `webhook` or `slack`.
    kind: String,
    /// An address of mail, or the URL of a webhook.
    #[schema(write_only)]
    address: String,
    /// Ids of components; all of them unless given.
    #[serde(default)]
    components: Vec<String>,
    /// `incident`, `maintenance`; both unless given.
    #[serde(default)]
    events: Vec<String>,
    /// In which language, such as `sv`; the page's unless given.
    locale: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct SubscriberView {
    #[schema(value_type = String)]
    id: SubscriberId,
    #[schema(value_type = String)]
    kind: ChannelKind,
    /// Masked.
    address: String,
    /// Of which it hears; none: of all.
    #[schema(value_type = Vec<String>)]
    components: BTreeSet<ComponentId>,
    /// Of which it hears; none: of both.
    #[schema(value_type = Vec<String>)]
    events: BTreeSet<EventKind>,
    locale: Option<String>,
    /// `pending`, `active` or `stopped`.
    state: &'static str,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Why nothing is sent any more, of one that is stopped: `bounced`, `refused` or `failing`.
    #[schema(value_type = Option<String>)]
    stop_reason: Option<StopReason>,
    /// What was said then.
    stop_words: Option<String>,
    /// The name of a key, or `public`.
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl NewSubscriber {
    /// What is asked for, of a tenant with the components `known`.
    pub(super) fn read(&self, known: &BTreeSet<ComponentId>, entropy: &dyn Entropy) -> Result<Subscription, Invalid> {
        let mut faults = Faults::default();
        let kind = faults.keep(kind_of(&self.kind), "/kind");
        let components = members(&mut faults, &self.components, "/components", known);
        let mut events = BTreeSet::new();
        for (index, word) in self.events.iter().enumerate() {
            events.extend(faults.keep(event_of(word), &format!("/events/{index}")));
        }
        let locale = self.locale.as_deref().and_then(|tag| faults.keep(locale(tag), "/locale"));
        let channel = kind.map(|kind| Channel::new(kind, &self.address, entropy));
        faults.absorb(channel.as_ref().map_or(Ok(()), Channel::validate), "");
        faults.finish()?;
        let channel = channel.expect("there is a kind when no fault was noted");
        Ok(Subscription { channel, components: components.into_iter().collect(), events, locale })
    }
}

fn kind_of(word: &str) -> Result<ChannelKind, String> {
    let all = [ChannelKind::Email, ChannelKind::Webhook, ChannelKind::Slack];
    let found = all.into_iter().find(|kind| kind.as_str() == word);
    found.ok_or_else(|| format!("expected email, webhook or slack, got {word:?}"))
}

fn event_of(word: &str) -> Result<EventKind, String> {
    let found = EventKind::ALL.into_iter().find(|kind| kind.as_str() == word);
    found.ok_or_else(|| format!("expected incident or maintenance, got {word:?}"))
}

impl From<Subscriber> for SubscriberView {
    fn from(subscriber: Subscriber) -> Self {
        let state = subscriber.state_name();
        let (since, stop) = match subscriber.state {
            SubscriberState::Pending { asked_at } => (asked_at, None),
            SubscriberState::Active { since } => (since, None),
            SubscriberState::Stopped { at, reason, words } => (at, Some((reason, words))),
        };
        let (stop_reason, stop_words) = stop.unzip();
        Self {
            id: subscriber.id,
            kind: subscriber.channel.kind(),
            address: subscriber.channel.masked(),
            components: subscriber.components,
            events: subscriber.events,
            locale: subscriber.locale,
            state,
            since,
            stop_reason,
            stop_words,
            created_by: subscriber.created_by,
            created_at: subscriber.created_at,
        }
    }
}
