//! What handlers ask for in their signatures. Authority is one of these: a handler that compiles is authorised.

mod caller;
mod foreign;
mod given;
mod idempotency;
mod ids;
mod incident;
mod json;
mod paging;
mod precondition;
mod query;
mod request_id;
mod verdict;

pub(crate) use caller::{Admin, Holder, Ingest, Needs, Operator, Root, Scoped, Viewer};
pub(crate) use foreign::{Foreign, ForeignScope, Words};
pub(crate) use given::Given;
pub(crate) use idempotency::IdempotencyKey;
pub(crate) use ids::{DeliveryId, PathId, UpdateNumber};
pub(crate) use incident::IncidentOf;
pub(crate) use json::{Json, JsonBytes, RawBytes, escaped, read_slice, read_value};
pub(crate) use paging::{Listed, Page, Paged};
pub(crate) use precondition::{IfMatch, etag};
pub(crate) use query::Query;
pub use request_id::RequestId;
pub(crate) use verdict::Verdicts;
