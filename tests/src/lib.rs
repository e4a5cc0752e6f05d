//! What the black-box suites share: the real program and its real peers, driven from outside.
//!
//! Everything here panics instead of returning errors: it is called by tests, and a panic carries the place it was
//! called from.

pub mod acts;
pub mod alertmanager;
pub mod alerts;
mod answer;
mod chance;
mod client;
mod dns;
mod document;
pub mod frontend;
pub mod mongod;
pub mod node;
pub mod port;
pub mod prometheus;
mod raw;
pub mod receivers;
mod server;
mod setup;
pub mod static_files;
pub mod subscribing;
mod target;
mod tls_target;
pub mod visitor;
mod wait;

pub use answer::Answer;
pub use chance::Chance;
pub use client::Client;
pub use dns::Dns;
pub use document::{Document, Operation};
pub use raw::Raw;
pub use server::Server;
pub use setup::{Backing, INTERVAL, ROOT_KEY, Setup};
pub use target::{Mode, Target};
pub use tls_target::TlsTarget;
pub use visitor::Visitor;
pub use wait::{eventually, now, tick_boundary};
