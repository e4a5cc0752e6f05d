//! Receivers of alerts and of envelopes for tests: real servers on loopback that hold to what the providers write down,
//! and hold us to it.
//!
//! Each checks every field, limit and header of what it is sent, and answers a violation as its provider would. What it
//! found wrong is kept in [`Host::faults`], which a test expects to be empty. Servers that take anything were rejected:
//! against them a message passes that no provider would take.

pub(crate) mod certificate;
mod check;
mod host;
mod opsgenie;
mod otlp;
mod pagerduty;
mod sentry;
mod sentry_envelope;
mod sentry_rules;
#[cfg(test)]
mod sentry_tests;
mod sentry_wire;
mod slack;
mod smtp;
mod subscriber_hook;
mod teams;
#[cfg(test)]
mod tests;
mod webhook;

pub use host::{Answer, Host, Received};
pub use opsgenie::{Opsgenie, Processing};
pub use otlp::{Otlp, Span};
pub use pagerduty::PagerDuty;
pub use sentry::{Reply, Sentry};
pub use sentry_envelope::{Came, Item};
pub use slack::Slack;
pub use smtp::{Mail, Smtp, SmtpSetup};
pub use subscriber_hook::SubscriberHook;
pub use teams::Teams;
pub use webhook::Webhook;
