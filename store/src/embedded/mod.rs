//! The store in one folder of this machine: a SQLite database in WAL mode, fsynced at every commit.
//!
//! One thread writes. It takes all intentions that wait, carries each out in a savepoint of its own and commits them
//! together, so that many writers share one fsync; only then does it answer. Reads go to a small pool of read-only
//! connections and never wait for the writer. An aggregate is one JSON text, with the columns that are searched beside
//! it. Rejected: a connection per request (they queue on the database's lock, and each pays its own fsync), and
//! memory-mapped reads (an I/O error would be a signal that ends the process).

mod alert_configs;
mod alert_filter;
mod alert_row;
mod alerts;
mod app_counts;
mod audit;
mod changes;
mod components;
mod error;
mod expiry;
mod folder;
mod folds;
mod frontends;
mod incidents;
mod inspect;
mod known_keys;
mod leases;
mod maintenances;
mod measurements;
mod notices;
mod pages;
mod public_reads;
mod readers;
mod receiver_states;
mod reseal;
mod rows;
mod samples;
mod schema;
mod silences;
mod slo_configs;
mod snapshots;
mod spool;
mod store;
mod subscribers;
mod tenants;
mod writer;

pub use folder::Limits;
pub(crate) use inspect::inspect;
pub use store::EmbeddedStore;
