//! The servers that subscribers are reached at, and when to leave one alone.

use std::sync::Arc;

use dashmap::DashMap;
use url::Url;

use plimsoll_domain::subscriber::{Channel, Subscriber};
use plimsoll_domain::time::Timestamp;

use crate::wire::Rest;

/// So many servers are remembered; then those are forgotten at which nothing is going on.
const REMEMBERED: usize = 1_000;
const MAIL: &str = "mail";

/// One server.
pub(super) struct Gate {
    pub(super) server: String,
    pub(super) rest: Rest,
}

/// Every server that was needed lately.
#[derive(Default)]
pub(super) struct Gates(DashMap<String, Arc<Gate>>);

impl Gates {
    /// The one that this subscriber is reached at.
    pub(super) fn of(&self, subscriber: &Subscriber, now: Timestamp) -> Arc<Gate> {
        let server = match &subscriber.channel {
            Channel::Email { .. } => MAIL.to_owned(),
            Channel::Webhook { url, .. } | Channel::Slack { url } => {
                Url::parse(url.expose()).map_or_else(|_| String::new(), |url| url.origin().ascii_serialization())
            }
        };
        if self.0.len() >= REMEMBERED {
            self.0.retain(|_, gate| Arc::strong_count(gate) > 1 || gate.rest.resting(now).is_some());
        }
        let fresh = || Arc::new(Gate { server: server.clone(), rest: Rest::default() });
        Arc::clone(&self.0.entry(server.clone()).or_insert_with(fresh))
    }
}
