//! The Sentry tunnel from outside: what it passes on, what it counts, whom it limits, and what it lets nobody do.

mod abuse;
mod counts;
mod frontends;
mod given;
mod limits;
mod smuggling;
