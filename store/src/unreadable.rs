//! Reads for everybody pass over what cannot be read: a document that is damaged, or that a newer version wrote, stops the
//! one it belongs to and nobody else. It is counted, and said once for each such read.

use crate::{Result, StoreError};

/// The documents of one kind that one read passed over.
pub(crate) struct PassedOver {
    kind: &'static str,
    count: u64,
    /// The id of the first, and why it cannot be read.
    first: Option<(String, String)>,
}

impl PassedOver {
    /// None so far.
    pub(crate) const fn new(kind: &'static str) -> Self {
        Self { kind, count: 0, first: None }
    }

    /// What was read; `None` when it is unreadable. Any other error stays one.
    pub(crate) fn unless_unreadable<T>(
        &mut self,
        read: Result<T>,
        id: impl FnOnce() -> Option<String>,
    ) -> Result<Option<T>> {
        match read {
            Err(StoreError::Unreadable { reason, .. }) => {
                self.count += 1;
                self.first.get_or_insert_with(|| (id().unwrap_or_else(|| "unknown".to_owned()), reason));
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    /// Counts them, for a read that is done each second and would say each time what another says once in a while.
    pub(crate) fn count(self) {
        if self.count > 0 {
            metrics::counter!("plimsoll_documents_unreadable_total", "kind" => self.kind).increment(self.count);
        }
    }

    /// Counts and logs them, if there were any.
    pub(crate) fn report(self) {
        let Self { kind, count, first: Some((id, reason)) } = self else { return };
        metrics::counter!("plimsoll_documents_unreadable_total", "kind" => kind).increment(count);
        tracing::error!(kind, id, count, reason, "stored documents cannot be read; the others are served without them");
    }
}
