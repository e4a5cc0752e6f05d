//! The rules of Plimsoll, as pure functions of (state, now).
//!
//! Nothing here knows of a runtime, a database, a socket, a clock or a log: those are at the edges, and they ask this
//! crate what to do. That is what makes a budget explainable and an incident reproducible: the same samples and the same
//! instant give the same answer, in a test as in production.

pub mod accounts;
pub mod alert;
pub mod audit;
pub mod component;
pub mod entropy;
pub mod frontend;
pub mod ids;
pub mod incident;
pub mod invalid;
pub mod ledger;
pub mod maintenance;
pub mod page;
pub mod probe;
pub mod recurrence;
pub mod report;
pub mod rollup;
pub mod sample;
pub mod sealing;
pub mod secret;
pub mod sketch;
pub mod slo;
pub mod subscriber;
pub mod tenant;
pub mod time;
