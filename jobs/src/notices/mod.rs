//! Notices: what subscribers are to be told, sent.
//!
//! What is to be told lies in the store, one notice for each subscriber and event; what it says is read from what it speaks
//! of when it is sent, so that nobody is told what has been taken back meanwhile. Nothing but the store carries correctness:
//! a process that is killed leaves leases that end, and whoever comes next sends.
//!
//! Alerts have an engine of their own (see [`deliver`](crate::deliver)): there, a few receivers are told of much, at once,
//! and each has a lane; here, thousands are told of little, each in order, and they share the servers they are reached at.

mod engine;
mod gates;
mod letter;
mod line;
mod scenes;
pub mod send;
mod shares;
mod tell;
mod turns;

pub use engine::{Announcer, NoticeSettings};
pub use letter::{Letter, Says};
pub use scenes::PageScene;
