//! How one letter reaches its subscriber: one file for each kind of channel, behind one trait.

mod mail;
mod slack;
mod webhook;
mod wording;

use std::sync::Arc;

use async_trait::async_trait;

use plimsoll_domain::alert::Outcome;
use plimsoll_domain::subscriber::{BY_PUBLIC, Channel, StopReason, Subscriber};
use plimsoll_domain::time::Clock;
use plimsoll_runtime::http_client::HttpClient;
use plimsoll_runtime::mailer::Mailer;

use super::letter::Letter;
use crate::wire::exchange::Finding;
use crate::wire::{Patience, Veil, Wire, parts};

/// What a try came to, and what else it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// What it came to.
    pub outcome: Outcome,
    /// Of whom it tells something.
    pub tells: Tells,
}

/// What a failure for good tells beyond the notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tells {
    /// Nothing: it counts as one of a few that the subscriber may miss.
    Nothing,
    /// That nothing need be sent to this subscriber any more.
    Gone(StopReason),
    /// That something is wrong on our side: it is not held against the subscriber.
    OfUs,
}

/// Sends to a subscriber, by whatever channel.
#[async_trait]
pub trait Sender: Send + Sync {
    /// Sends `letter` once, within the time that an attempt may take, and says what came of it. It never fails: a failure
    /// is an outcome.
    async fn send(&self, letter: &Letter) -> Sent;
}

/// Sends by channels of every kind.
pub struct Senders {
    wire: Wire,
    /// For whoever was subscribed by the public.
    public_wire: Wire,
    mailer: Option<Arc<Mailer>>,
}

impl Senders {
    /// Sends by `http` to whoever was subscribed with a key and by `for_public` to the others, both of which should keep their
    /// connections, and by `mailer`, if there is one. What the public asks for must not reach whatever tenants may reach.
    pub fn new(
        (http, for_public): (HttpClient, HttpClient),
        mailer: Option<Arc<Mailer>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { wire: Wire::new(http, Arc::clone(&clock)), public_wire: Wire::new(for_public, clock), mailer }
    }

    /// The same, waiting for as long as `patience` says.
    #[must_use]
    pub const fn with_patience(mut self, patience: Patience) -> Self {
        self.wire.patience = patience;
        self.public_wire.patience = patience;
        self
    }
}

#[async_trait]
impl Sender for Senders {
    async fn send(&self, letter: &Letter) -> Sent {
        let wire = if letter.subscriber.created_by == BY_PUBLIC { &self.public_wire } else { &self.wire };
        let (found, tells) = match &letter.subscriber.channel {
            Channel::Email { address } => mail::send(wire, self.mailer.as_deref(), letter, address).await,
            Channel::Webhook { url, secret } => webhook::send(wire, letter, url, secret).await,
            Channel::Slack { url } => slack::send(wire, letter, url).await,
        };
        let Finding { verdict, status, words } = found;
        let words = veil_of(&letter.subscriber).over(&words);
        Sent { outcome: Outcome::new(verdict, status, words), tells }
    }
}

/// Over where the subscriber is reached, and over what its links and signatures are made of.
fn veil_of(subscriber: &Subscriber) -> Veil {
    let mut secrets = vec![subscriber.token.expose().to_owned()];
    match &subscriber.channel {
        Channel::Email { address } => secrets.push(address.expose().to_owned()),
        Channel::Webhook { url, secret } => {
            secrets.extend(parts(url.expose()));
            secrets.extend([secret.expose(), secret.expose().trim_start_matches("whsec_")].map(str::to_owned));
        }
        Channel::Slack { url } => secrets.extend(parts(url.expose())),
    }
    Veil::new(&secrets)
}
