//! What happens by itself: the tick, and the clearing away of what has outlived its time.
//!
//! A tick is a reconciler. No step uses what the step before it returned, only what it stored: a process that is killed
//! anywhere comes up again, and its next tick mends the state.

mod changes;
pub mod deliver;
mod driver;
pub mod notices;
pub mod relay;
mod retention;
pub mod share;
pub mod tick;
mod wire;

pub use changes::waker;
pub use driver::{JobsSettings, JobsState, run};
pub use tick::{TickReport, Ticker};
