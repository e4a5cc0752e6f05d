//! Alerts: what came in, who is told of it, what keeps it from being told, and how far the telling has come.
//!
//! One [`Alert`] is one episode of a dedup key, from its first trigger until it is resolved and everything that was to be
//! sent of it is sent. All of it is one document, so that what was decided and what must be sent of it are stored by one
//! write, and so that the order in which one receiver hears of one key is the order in which it stands there.

pub mod config;
pub mod content;
mod decide;
pub mod delivery;
mod event;
pub mod feedback;
pub mod hours;
mod matcher;
mod obstacle;
pub mod receiver;
pub mod record;
mod replay;
pub mod route;
mod sending;
mod severity;
pub mod silence;
pub mod sources;

pub use config::AlertConfig;
pub use content::{Content, Signal, SignalAction, fingerprint};
pub use decide::{Applied, Fired, Scene, apply, reconsider};
pub use delivery::{Attempt, AttemptResult, Delivery, DeliveryAction, DeliveryState, Lease, Outcome, Verdict};
pub use event::{Event, EventKind, Hold, Suppression};
pub use feedback::{Feedback, Noise, NoiseShare, Usefulness};
pub use matcher::{Matcher, all_match};
pub use receiver::{Receiver, ReceiverName, ReceiverState, Region, Target};
pub use record::{Alert, AlertStatus, Opening};
pub use route::{Route, Routed, Router};
pub use sending::Queued;
pub use severity::Severity;
pub use silence::Silence;
