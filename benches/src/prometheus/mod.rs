//! Prometheus as the peer of burn evaluation: the rules that a generator writes for objectives, over a month of history.
//!
//! Comparing with somebody's published figures was rejected: they were made on another machine, of other rules. Here a real
//! server is given what it would have after a month of this work, and its own counters and the kernel say what it took.

mod history;
mod rules;
mod run;
mod server;
mod target;

pub(crate) use rules::RULES;
pub(crate) use run::{PrometheusFigures, measure};
