//! How one delivery becomes a message at its receiver: one file for each kind, behind one trait.

mod email;
mod jsm;
mod opsgenie;
mod opsgenie_request;
mod pagerduty;
mod slack;
mod teams;
mod webhook;
mod wording;

use std::sync::Arc;

use async_trait::async_trait;

use plimsoll_domain::alert::{Alert, Delivery, Outcome, Target};
use plimsoll_domain::time::Clock;
use plimsoll_runtime::http_client::HttpClient;
use plimsoll_runtime::mailer::Mailer;

pub use crate::wire::Patience;
use crate::wire::exchange::Finding;
use crate::wire::{Veil, Wire, parts};

/// What is to be sent, and to whom.
pub struct Message<'a> {
    /// The alert: what it says, its key, its labels.
    pub alert: &'a Alert,
    /// Which of its deliveries: the action, and how bad it was.
    pub delivery: &'a Delivery,
    /// Where to; its secrets are open.
    pub target: &'a Target,
    /// How the outside names this installation, for links, without a slash at its end.
    pub public_url: &'a str,
}

/// Sends to a receiver, of whatever kind it is.
#[async_trait]
pub trait Sender: Send + Sync {
    /// Sends `message` once, within the time that an attempt may take, and says what came of it. It never fails: a
    /// failure is an outcome.
    async fn send(&self, message: &Message<'_>) -> Outcome;
}

/// Sends to receivers of every kind.
pub struct Senders {
    wire: Wire,
    mailer: Option<Mailer>,
}

impl Senders {
    /// Sends by `http`, which should keep its connections, and by `mailer`, if there is one.
    pub fn new(http: HttpClient, mailer: Option<Mailer>, clock: Arc<dyn Clock>) -> Self {
        Self { wire: Wire::new(http, clock), mailer }
    }

    /// The same, waiting for as long as `patience` says.
    #[must_use]
    pub const fn with_patience(mut self, patience: Patience) -> Self {
        self.wire.patience = patience;
        self
    }

    async fn find(&self, message: &Message<'_>) -> Finding {
        let wire = &self.wire;
        match message.target {
            Target::Pagerduty { routing_key, endpoint } => {
                pagerduty::send(wire, message, (routing_key, endpoint.as_deref())).await
            }
            Target::Opsgenie { api_key, region, endpoint } => {
                let base = opsgenie::base(*region, endpoint.as_deref());
                opsgenie::send(wire, message, (api_key, base)).await
            }
            Target::Jsm { api_key, endpoint } => {
                opsgenie::send(wire, message, (api_key, jsm::base(endpoint.as_deref()))).await
            }
            Target::Slack { url } => slack::send(wire, message, url).await,
            Target::Teams { url } => teams::send(wire, message, url).await,
            Target::Email { to } => email::send(self.mailer.as_ref(), wire.patience, message, to).await,
            Target::Webhook { url, secret, previous_secret } => {
                let secrets = [secret.as_ref(), previous_secret.as_ref()];
                webhook::send(wire, message, url, secrets).await
            }
        }
    }
}

#[async_trait]
impl Sender for Senders {
    async fn send(&self, message: &Message<'_>) -> Outcome {
        let found = self.find(message).await;
        Outcome::new(found.verdict, found.status, veil_of(message.target).over(&found.words))
    }
}

/// Over the secrets of `target`. Of an address everything after the host is one, in whole and in parts.
fn veil_of(target: &Target) -> Veil {
    let mut secrets = Vec::new();
    match target {
        Target::Pagerduty { routing_key: key, .. }
        | Target::Opsgenie { api_key: key, .. }
        | Target::Jsm { api_key: key, .. } => secrets.push(key.expose().to_owned()),
        Target::Slack { url } | Target::Teams { url } => secrets.extend(parts(url.expose())),
        Target::Email { .. } => {}
        Target::Webhook { url, secret, previous_secret } => {
            secrets.extend(parts(url.expose()));
            for secret in [secret, previous_secret].into_iter().flatten() {
                secrets.push(secret.expose().to_owned());
                secrets.push(secret.expose().trim_start_matches("whsec_").to_owned());
            }
        }
    }
    Veil::new(&secrets)
}
