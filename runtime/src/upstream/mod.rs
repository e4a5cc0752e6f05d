//! The way out for what is relayed: one streaming HTTP/1.1 exchange after another on kept connections.
//!
//! It stands beside [`crate::http_client`] because a relay is measured against nginx on one core. A connection has no task
//! of its own: whoever waits for the answer drives it, so that nothing is woken across tasks. Rejected: reqwest and
//! hyper-util's client, which spawn a task for each connection and speak to it through channels.

mod answer;
mod client;
mod connect;
mod error;
mod link;
mod pool;

pub use answer::AnswerBody;
pub use client::Upstream;
pub use error::{BoxError, UpstreamError};
pub use link::OutgoingBody;
