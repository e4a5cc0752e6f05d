//! What is held for a while and may be forgotten at any time: at most so many bytes of it.
//!
//! Whoever asks for pages out of the air fills it, and what was used longest ago makes room. A library's cache was
//! rejected: none that was looked at counts bytes without bringing threads or a clock of its own.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values by key, each with what it weighs.
#[derive(Debug)]
pub(crate) struct Shelf<K, V> {
    most: usize,
    held: Mutex<Held<K, V>>,
}

#[derive(Debug)]
struct Held<K, V> {
    entries: HashMap<K, Entry<V>>,
    /// The keys, by when each was used last.
    by_use: BTreeMap<u64, K>,
    weight: usize,
    uses: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    weight: usize,
    used: u64,
}

impl<K: Hash + Eq + Clone, V: Clone> Shelf<K, V> {
    /// An empty one that bears `most` bytes.
    pub(crate) fn new(most: usize) -> Self {
        let held = Held { entries: HashMap::new(), by_use: BTreeMap::new(), weight: 0, uses: 0 };
        Self { most, held: Mutex::new(held) }
    }

    /// The value of `key`, if it is held.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let mut held = self.held();
        held.uses += 1;
        let now = held.uses;
        let Held { entries, by_use, .. } = &mut *held;
        let entry = entries.get_mut(key)?;
        let key = by_use.remove(&entry.used)?;
        by_use.insert(now, key);
        entry.used = now;
        Some(entry.value.clone())
    }

    /// Puts a value in the place of what is held under `key`. One that outweighs the whole shelf is not put.
    pub(crate) fn put(&self, key: K, value: V, weight: usize) {
        let mut held = self.held();
        held.remove(&key);
        if weight > self.most {
            return;
        }
        held.uses += 1;
        let used = held.uses;
        held.weight += weight;
        held.by_use.insert(used, key.clone());
        held.entries.insert(key, Entry { value, weight, used });
        while held.weight > self.most {
            let Some((_, oldest)) = held.by_use.pop_first() else { break };
            held.remove(&oldest);
        }
    }

    fn held(&self) -> MutexGuard<'_, Held<K, V>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq, V> Held<K, V> {
    fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.weight -= entry.weight;
            self.by_use.remove(&entry.used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_makes_room() {
        let shelf = Shelf::new(10);
        shelf.put("a", 1, 4);
        shelf.put("b", 2, 4);
        assert_eq!(shelf.get(&"a"), Some(1));
        shelf.put("c", 3, 4);
        assert_eq!((shelf.get(&"a"), shelf.get(&"b"), shelf.get(&"c")), (Some(1), None, Some(3)));
        shelf.put("a", 5, 1);
        shelf.put("d", 6, 5);
        assert_eq!((shelf.get(&"a"), shelf.get(&"c"), shelf.get(&"d")), (Some(5), Some(3), Some(6)));
        shelf.put("a", 7, 11);
        assert_eq!(shelf.get(&"a"), None, "it outweighs everything");
    }

    #[test]
    fn a_full_shelf_makes_room_without_looking_at_all_of_it() {
        let shelf = Shelf::new(20_000);
        for key in 0..200_000 {
            shelf.put(key, (), 1);
            shelf.get(&(key / 2));
        }
        let held = shelf.held();
        assert_eq!((held.entries.len(), held.by_use.len(), held.weight), (20_000, 20_000, 20_000));
        assert!(held.by_use.iter().all(|(used, key)| held.entries[key].used == *used));
    }
}
