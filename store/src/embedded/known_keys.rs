//! Whose keys were asked for lately. Every request asks, and this process alone changes keys: so what is remembered is
//! always what is stored, and forgotten with the first change.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::tenant::ApiKey;

/// Keys that are remembered; with one more, all are forgotten.
const MOST: usize = 10_000;

/// Whose keys were asked for lately, by hash.
#[derive(Debug, Default)]
pub(super) struct KnownKeys(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// One more with each change: what was read before it is not remembered.
    changes: u64,
    keys: HashMap<String, (TenantId, ApiKey)>,
}

impl KnownKeys {
    /// Whose key has this hash, if that is remembered; else which state of the keys is about to be read.
    pub(super) fn get(&self, hash: &str) -> Result<(TenantId, ApiKey), u64> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.keys.get(hash).cloned().ok_or(known.changes)
    }

    /// Remembers what was read of the state `read`, if that is still the state of the keys.
    pub(super) fn put(&self, read: u64, found: &(TenantId, ApiKey)) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.changes != read {
            return;
        }
        if known.keys.len() >= MOST {
            known.keys.clear();
        }
        known.keys.insert(found.1.hash.clone(), found.clone());
    }

    /// Forgets everything: a key is about to change, or has.
    pub(super) fn forget(&self) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.changes += 1;
        known.keys.clear();
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::tenant::Role;
    use plimsoll_domain::time::Timestamp;

    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let (known, hash) = (KnownKeys::default(), "00".to_owned());
        let (id, created_at) = ("ci".parse().expect("an id"), Timestamp::from_seconds(0));
        let key = ApiKey { id, name: "CI".to_owned(), role: Role::Ingest, hash: hash.clone(), created_at };
        let found = ("acme".parse().expect("an id"), key);
        let read = known.get(&hash).expect_err("nothing is known");
        known.put(read, &found);
        assert_eq!(known.get(&hash), Ok(found.clone()));
        known.forget();
        assert!(known.get(&hash).is_err());
        known.put(read, &found);
        assert!(known.get(&hash).is_err(), "it was read before the change");
    }
}
