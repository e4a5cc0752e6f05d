//! Whose turn it is: each subscriber is told by one worker at a time, and of all turns no tenant has more than its share.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plimsoll_domain::ids::{SubscriberId, TenantId};

use super::shares::Shares;

/// Turns there may be at once; most of them wait for a server.
const MOST: usize = 2_000;

/// One subscriber, of all there are.
pub(super) type Key = (TenantId, SubscriberId);

/// Everybody whose turn it is.
pub(super) struct Turns(Mutex<Held>);

struct Held {
    keys: HashSet<Key>,
    shares: Shares,
    /// Turns that are over since somebody last asked.
    over: usize,
}

impl Default for Turns {
    fn default() -> Self {
        Self(Mutex::new(Held { keys: HashSet::new(), shares: Shares::of(MOST), over: 0 }))
    }
}

impl Turns {
    /// Whether it is this subscriber's turn from now on: not when it was before, and not while the tenant has its share.
    pub(super) fn take(&self, key: &Key) -> bool {
        let mut held = self.lock();
        let is_next = held.shares.has_room(&key.0) && held.keys.insert(key.clone());
        if is_next {
            held.shares.add(&key.0);
        }
        is_next
    }

    /// Ends a turn. How many are left, and how many are over since [`Turns::count`].
    pub(super) fn end(&self, key: &Key) -> (usize, usize) {
        let mut held = self.lock();
        if held.keys.remove(key) {
            held.shares.remove(&key.0);
            held.over += 1;
        }
        (held.shares.total(), held.over)
    }

    /// How many there are; from now on those are counted that end.
    pub(super) fn count(&self) -> usize {
        let mut held = self.lock();
        held.over = 0;
        held.shares.total()
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
