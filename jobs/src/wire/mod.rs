//! What alerts and notices to subscribers are sent by: one request and what its answer means, texts that fit, secrets that
//! are not repeated, and when to leave somebody alone. What is said, and to whom, is for those who send.

pub(crate) mod exchange;
pub(crate) mod limits;
pub(crate) mod mail;
pub(crate) mod rest;
pub(crate) mod signature;
pub(crate) mod slack;
mod veil;

use std::sync::Arc;
use std::time::Duration;

use plimsoll_domain::time::Clock;
use plimsoll_runtime::http_client::HttpClient;

pub(crate) use rest::Rest;
pub(crate) use veil::{Veil, parts};

/// How long we wait for providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For one answer, and so for an attempt.
    pub attempt: Duration,
    /// For an attempt whose provider is asked again and again whether it is done.
    pub asking: Duration,
    /// Before it is asked first; each wait is twice the one before, up to 4 s.
    pub first_wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(15),
            asking: Duration::from_secs(25),
            first_wait: Duration::from_millis(250),
        }
    }
}

/// What senders send by.
pub(crate) struct Wire {
    pub(crate) http: HttpClient,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) patience: Patience,
}

impl Wire {
    pub(crate) fn new(http: HttpClient, clock: Arc<dyn Clock>) -> Self {
        Self { http, clock, patience: Patience::default() }
    }
}
