//! Deliveries: what is to be sent of alerts, sent.
//!
//! What is to be sent lies in the store, and nothing else carries correctness: a process that is killed leaves leases that
//! end, and whoever comes next sends. A receiver that does not answer keeps nobody else waiting: each has a lane of its
//! own, with so many attempts at once, a pace, and a rest after failures in a row.
//!
//! An alert that comes in is stored with the lease of the process that took it, where that can send at once; so between the
//! signal and its delivery there is one write to the disk.

mod attempt;
mod engine;
mod finish;
mod health;
mod lane;
mod reconsider;
pub mod send;
mod waiting;

pub use engine::{DeliverSettings, Deliverer};
