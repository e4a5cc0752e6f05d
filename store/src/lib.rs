//! What Plimsoll remembers, and the two places where it can: one file on this machine, or MongoDB.
//!
//! A method is one atomic, idempotent intention with its preconditions as arguments, not a getter and setter pair, and
//! there is no transaction to hold open: whatever must change together fits one document (see
//! `docs/adr/001-documents-without-transactions.md`). The tenant comes first; a method that crosses tenants says so in
//! its name. One contract suite runs on every adapter: a method without a test there does not exist.

pub mod accounts;
pub mod alerting;
mod alerts;
mod audit;
mod changes;
pub mod contract;
pub mod document;
pub mod embedded;
mod error;
pub mod faulty;
mod frontends;
pub mod inspect;
pub mod limits;
mod methods;
pub mod mongo;
mod observed;
mod open;
mod pages;
mod retention;
pub mod sealed;
pub mod subscribing;
pub mod tally;
mod traits;
mod unreadable;

pub use alerts::{AlertConfigs, AlertFilter, AlertScene, Alerts, Backlog, ReceiverStates, Silences, Told};
pub use audit::{Audit, AuditFilter};
pub use changes::Changes;
pub use error::StoreError;
pub use frontends::{AppCounting, Frontends, Spool};
pub use open::{OpenOptions, open};
pub use pages::{Notices, Pages, PublicPage, PublicReads, Subscribers};
pub use traits::{
    Components, Fold, Incidents, Leases, Maintenances, Measurements, Reseal, Samples, SeriesRecord, SloConfigs,
    Snapshots, Store, Tenants, UnfoldedHour,
};

/// What every method answers with.
pub type Result<T> = std::result::Result<T, StoreError>;
