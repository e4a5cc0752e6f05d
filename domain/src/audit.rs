//! Who changed what: one entry for each request that changed something by the authority of a key, or was refused for want
//! of it.
//!
//! An entry names who asked, for what, and what became of it. What was sent is not in it: bodies hold secrets, and what they
//! made is stored already. What machines push (samples, measurements, alerts) leaves none: it is stored by itself, and
//! there is too much of it for anybody to read.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::ids::{AuditId, KeyId, TenantId};
use crate::tenant::{ApiKey, Role};
use crate::time::{Span, Timestamp};

/// Entries are kept for so long: a year, and time to look at it.
pub const AUDIT_RETENTION: Span = Span::days(400);
/// What the platform owner is called, as an actor, as its id, and in place of a role.
pub const ROOT: &str = "root";
/// Somebody's key is not enough.
const REFUSED: u16 = 403;
/// Longest target in characters. No path that leads anywhere is as long.
const MAX_TARGET: usize = 400;

/// One request, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Names it, across tenants.
    pub id: AuditId,
    /// Whose data was meant; `None`: the platform's.
    pub tenant: Option<TenantId>,
    /// When it was carried out, or refused.
    pub at: Timestamp,
    /// Who asked.
    pub actor: Actor,
    /// The operation, by its id in the `OpenAPI` document, e.g. `put_tenants_tenant_id_page`: one of a closed set.
    pub action: String,
    /// The path that was asked for, without its query; of what was created, its own path.
    pub target: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The id of the request, as in its answer and in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The id of its trace: 32 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Where it came from, as far as trusted proxies tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<IpAddr>,
}

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Actor {
    /// The platform owner.
    Root,
    /// A key, as it was then: it may have been removed since.
    Key {
        /// Which.
        id: KeyId,
        /// What people call it.
        name: String,
        /// What it may do.
        role: Role,
    },
}

impl Actor {
    /// The key's id, or `root`.
    pub fn id(&self) -> &str {
        match self {
            Self::Root => ROOT,
            Self::Key { id, .. } => id.as_str(),
        }
    }

    /// The key's name, or `root`.
    pub fn name(&self) -> &str {
        match self {
            Self::Root => ROOT,
            Self::Key { name, .. } => name,
        }
    }

    /// The key's role, or `root`.
    pub const fn role(&self) -> &'static str {
        match self {
            Self::Root => ROOT,
            Self::Key { role, .. } => role.as_str(),
        }
    }
}

impl From<&ApiKey> for Actor {
    fn from(key: &ApiKey) -> Self {
        Self::Key { id: key.id.clone(), name: key.name.clone(), role: key.role }
    }
}

/// Whether a request that was answered with `status` leaves an entry: one that was carried out (2xx), one that was refused
/// for want of authority (403; the first of many alike), and one that failed (5xx), since it may have been carried out all
/// the same. Whatever else was refused changed nothing, and is a matter of whoever wrote the request.
pub const fn leaves_entry(status: u16) -> bool {
    matches!(status, 200..=299 | REFUSED | 500..)
}

/// Whether `status` is a refusal for want of authority: anybody with a key may cause as many as they like, so of those
/// that are alike one a minute leaves an entry.
pub const fn is_refusal(status: u16) -> bool {
    status == REFUSED
}

/// `path` as a target: what leads nowhere may be of any length, and is cut.
pub fn target(path: &str) -> String {
    match path.char_indices().nth(MAX_TARGET) {
        Some((end, _)) => format!("{}…", &path[..end]),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_something_or_was_beyond_somebody_leaves_an_entry() {
        let leaving = [200, 201, 202, 204, 403, 500, 503];
        assert!(leaving.into_iter().all(leaves_entry));
        let not = [101, 304, 400, 401, 404, 406, 408, 409, 412, 413, 415, 422, 429];
        assert!(!not.into_iter().any(leaves_entry));
        assert!(is_refusal(403) && !leaving.into_iter().chain(not).any(|status| status != 403 && is_refusal(status)));
    }

    #[test]
    fn a_target_is_cut_between_characters() {
        assert_eq!(target("/tenants/acme"), "/tenants/acme");
        let whole = "å".repeat(MAX_TARGET);
        assert_eq!(target(&whole), whole);
        assert_eq!(target(&format!("{whole}åå")), format!("{whole}…"));
    }

    #[test]
    fn an_actor_is_known_by_id_name_and_role() {
        let key = Actor::Key { id: "key-1".parse().expect("an id"), name: "CI".to_owned(), role: Role::Operator };
        assert_eq!([key.id(), key.name(), key.role()], ["key-1", "CI", "operator"]);
        assert_eq!([Actor::Root.id(), Actor::Root.name(), Actor::Root.role()], [ROOT; 3]);
    }
}
