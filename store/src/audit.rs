//! The port's part for the audit log.

use std::ops::Range;

use async_trait::async_trait;

use plimsoll_domain::audit::AuditEntry;
use plimsoll_domain::ids::{AuditId, TenantId};
use plimsoll_domain::time::Timestamp;

use crate::Result;

/// Which entries are wanted. Everything that is given must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFilter {
    /// When.
    pub at: Range<Timestamp>,
    /// By whom: a key's id, or `root`.
    pub actor: Option<String>,
    /// What was done.
    pub action: Option<String>,
}

impl AuditFilter {
    /// All of a span.
    pub const fn all(at: Range<Timestamp>) -> Self {
        Self { at, actor: None, action: None }
    }
}

/// Who changed what. Entries are only added, and go after
/// [`AUDIT_RETENTION`](plimsoll_domain::audit::AUDIT_RETENTION).
#[async_trait]
pub trait Audit: Send + Sync {
    /// Stores an entry; one whose id is known changes nothing.
    async fn append_audit_entry(&self, entry: &AuditEntry) -> Result<()>;
    /// The entries of a tenant, or, without one, of the platform: newest first, then by id; those that come after `after`
    /// (instant and id), at most `limit`.
    async fn audit_entries(
        &self,
        tenant: Option<&TenantId>,
        filter: &AuditFilter,
        after: Option<(Timestamp, AuditId)>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>>;
    /// The entries of everybody, in the same order. One that cannot be read is an error here too: nothing is passed over in
    /// silence.
    async fn audit_entries_across_tenants(
        &self,
        filter: &AuditFilter,
        after: Option<(Timestamp, AuditId)>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>>;
}
