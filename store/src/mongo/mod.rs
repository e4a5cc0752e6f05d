//! The MongoDB adapter, for installations of more than one machine.
//!
//! Plain collections with identities of our own, so that writing anything again writes the same document. A
//! time-series collection was rejected: it has no unique index, so a repeated batch would be stored twice. Transactions
//! were rejected: whatever changes together is one document, and a revision in the filter keeps two writers apart. What
//! has a retention carries the date it ends at, and the server removes it by itself.
//!
//! Writes wait for the journals of a majority. Reads ask the primary for what a majority has: a sample that is answered
//! as "already known" must not vanish with a primary that nobody followed.

mod alert_configs;
mod alerts;
mod app_counts;
mod audit;
mod bulk;
mod call;
mod changes;
mod client;
mod collections;
mod components;
mod documents;
mod folds;
mod frontends;
mod hours;
mod incidents;
mod inspect;
mod keys;
mod leases;
mod maintenances;
mod measurements;
mod notices;
mod pages;
mod public_reads;
mod receiver_states;
mod recent;
mod record;
mod reseal;
mod silences;
mod slo_configs;
mod snapshots;
mod spool;
mod subscribers;
mod tenants;

pub use client::MongoStore;
pub(crate) use client::is_uri;
pub(crate) use inspect::inspect;
