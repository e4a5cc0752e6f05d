//! The relaying client against real servers on loopback: which connections it keeps, that it streams, and what it says of
//! what fails.

mod connections;
mod failures;
mod peer;
mod streaming;
mod tls;
