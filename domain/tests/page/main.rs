//! The page from outside the crate: who is told of what, what is shown and what is not, and a month in figures.

mod incidents;
mod pantry;
mod report;
mod snapshot;
mod subscribers;
