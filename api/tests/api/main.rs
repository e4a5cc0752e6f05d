//! The API from outside, on a real store.

mod alerts;
mod alerts_config;
mod alerts_dead;
mod alerts_foreign;
mod alerts_history;
mod alerts_receivers;
mod alerts_silences;
mod apps;
mod common;
mod edge;
mod incidents;
mod ingest;
mod openapi;
mod probes;
mod queries;
mod repetition;
mod samples;
mod slo;
mod slo_measure;
mod tenants;
mod tunnel;
mod tunnel_spool;
