//! The API from outside, on a real store.

mod common;
mod edge;
mod incidents;
mod openapi;
mod probes;
mod queries;
mod repetition;
mod samples;
mod slo;
mod slo_measure;
mod tenants;
