//! Hours that were written a moment ago, as they were written: a component that reports each minute need not have its
//! hour read again each minute. What is held may be out of date: every write says which revision it was made from, and
//! one that is refused is made again from what the server has.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use plimsoll_domain::ids::HourKey;

/// Hours that are held. When there are more, all are forgotten: it costs one reading of each.
const MOST: usize = 50_000;
/// Bytes of hours that are held: some hundred for an hour of samples, and many times that for one of events with
/// latencies.
const MOST_BYTES: usize = 64 << 20;

/// An hour as it was last written: packed, and with which revision.
type Held = (Vec<u8>, u64);

/// Hours that were written a moment ago.
#[derive(Debug, Default)]
pub(super) struct RecentHours(Mutex<Hours>);

#[derive(Debug, Default)]
struct Hours {
    held: HashMap<HourKey, Held>,
    bytes: usize,
}

impl RecentHours {
    /// What is held of these hours.
    pub(super) fn get<'a>(&self, keys: impl Iterator<Item = &'a HourKey>) -> Vec<(HourKey, Held)> {
        let hours = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.filter_map(|key| Some((key.clone(), hours.held.get(key)?.clone()))).collect()
    }

    /// Holds hours that have just been written.
    pub(super) fn put(&self, written: impl Iterator<Item = (HourKey, Held)>) {
        let mut hours = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, held) in written {
            if hours.held.len() > MOST || hours.bytes > MOST_BYTES {
                *hours = Hours::default();
            }
            hours.bytes += held.0.len();
            if let Some((before, _)) = hours.held.insert(key, held) {
                hours.bytes -= before.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::time::Hour;

    use super::*;

    fn key(hour: i64) -> HourKey {
        let (tenant, series) = ("acme".parse().expect("slug"), "slo:checkout".parse().expect("a series"));
        HourKey { tenant, series, hour: Hour::from_number(hour) }
    }

    #[test]
    fn an_hour_is_held_as_it_was_written_last() {
        let recent = RecentHours::default();
        recent.put([(key(1), (vec![1], 1)), (key(2), (vec![2], 1)), (key(1), (vec![1, 1], 2))].into_iter());
        assert_eq!(recent.get([key(1), key(3)].iter()), [(key(1), (vec![1, 1], 2))]);
    }

    #[test]
    fn what_is_held_stays_small() {
        let recent = RecentHours::default();
        for number in 0..200 {
            recent.put(std::iter::once((key(number % 150), (vec![0; 1 << 20], 1))));
            let hours = recent.0.lock().expect("nothing panics while it is held");
            assert_eq!(hours.bytes, hours.held.values().map(|held| held.0.len()).sum::<usize>());
            assert!(hours.bytes <= MOST_BYTES + (1 << 20));
        }
    }
}
