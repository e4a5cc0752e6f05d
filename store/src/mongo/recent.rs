//! Hours that were written a moment ago, as they were written: a component that reports each minute need not have its
//! hour read again each minute. What is held may be out of date: every write says which revision it was made from, and
//! one that is refused is made again from what the server has.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use plimsoll_domain::ids::HourKey;

/// Hours that are held, some hundred bytes each. When there are more, all are forgotten: it costs one reading of each.
const MOST: usize = 50_000;

/// An hour as it was last written: packed, and with which revision.
type Held = (Vec<u8>, u64);

/// Hours that were written a moment ago.
#[derive(Debug, Default)]
pub(super) struct RecentHours(Mutex<HashMap<HourKey, Held>>);

impl RecentHours {
    /// What is held of these hours.
    pub(super) fn get<'a>(&self, keys: impl Iterator<Item = &'a HourKey>) -> Vec<(HourKey, Held)> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.filter_map(|key| Some((key.clone(), held.get(key)?.clone()))).collect()
    }

    /// Holds hours that have just been written.
    pub(super) fn put(&self, hours: impl Iterator<Item = (HourKey, Held)>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() > MOST {
            held.clear();
        }
        held.extend(hours);
    }
}
