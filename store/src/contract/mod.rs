//! What every store must do, as cases that run on any of them. An adapter's test opens a fresh store and hands it to
//! [`run`]; a method of the port that has no case here does not exist.
//!
//! Every case uses tenants of its own, so that one database serves all. They lie in the year 2100, where no server that
//! expires documents by its own clock takes them away. Compiled always, and not only for tests: the wrappers and the
//! adapters are tested from several places, and a feature would have to be switched on in each.

mod alert_configs;
mod alerts;
mod audit;
mod changes;
mod components;
mod events;
mod folds;
mod frontends;
mod given;
mod incidents;
mod leases;
mod maintenances;
mod measurements;
mod notices;
mod pages;
mod public_reads;
mod samples;
mod silences;
mod slo_configs;
mod snapshots;
mod spool;
mod subscribers;
mod tenants;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::Store;

pub use subscribers::a_tenant_has_only_so_many_subscribers;

/// One thing that every store must do. It panics when the store does not.
#[derive(Clone, Copy)]
pub struct Case {
    /// What is demanded, as a sentence.
    pub name: &'static str,
    /// Tries it on a store where this case did not run before.
    pub run: fn(Arc<dyn Store>) -> BoxFuture<'static, ()>,
}

macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        &[$($crate::contract::Case { name: stringify!($case), run: |store| Box::pin($case(store)) }),*]
    };
}
use cases;

/// All cases, by aggregate.
pub const CASES: &[&[Case]] = &[
    tenants::CASES,
    components::CASES,
    samples::CASES,
    events::CASES,
    folds::CASES,
    slo_configs::CASES,
    measurements::CASES,
    incidents::CASES,
    maintenances::CASES,
    alert_configs::CASES,
    silences::CASES,
    alerts::CASES,
    frontends::CASES,
    spool::CASES,
    pages::CASES,
    subscribers::CASES,
    notices::CASES,
    snapshots::CASES,
    public_reads::CASES,
    leases::CASES,
    changes::CASES,
    audit::CASES,
];

/// Runs every case on `store`, and answers with the names of those that failed; what was wrong is on standard error.
pub async fn run(store: &Arc<dyn Store>) -> Vec<&'static str> {
    let mut failed = Vec::new();
    for case in CASES.iter().copied().flatten() {
        if AssertUnwindSafe((case.run)(Arc::clone(store))).catch_unwind().await.is_err() {
            failed.push(case.name);
        }
    }
    failed
}
