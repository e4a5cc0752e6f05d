//! How often the same client, or anybody at the same page, may try something, and how often the same address is written to.
//!
//! The caller's clock decides, so that tests do. What is held is bounded: when it is full, what has run out goes, and if that
//! is not enough, the half that runs out first. governor was rejected here: it reads a clock of its own.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use plimsoll_domain::time::Timestamp;

const MAX_KEYS: usize = 20_000;
const MINUTE_MILLIS: i64 = 60_000;

/// So many at once, and then as many again in the course of `within`.
#[derive(Clone, Copy, Debug)]
struct Quota {
    most: i64,
    within_millis: i64,
}

/// Limits by key: all quotas must allow it.
#[derive(Debug)]
pub struct Limits<K> {
    quotas: Vec<Quota>,
    /// By key, for each quota: when all of it will be there again, in milliseconds.
    whole_at: Mutex<HashMap<K, Vec<i64>>>,
}

impl<K: Hash + Eq> Limits<K> {
    /// `most` in so many minutes, for each pair.
    pub fn per_minutes(quotas: &[(i64, i64)]) -> Self {
        let quota = |(most, minutes): &(i64, i64)| Quota { most: *most, within_millis: minutes * MINUTE_MILLIS };
        Self { quotas: quotas.iter().map(quota).collect(), whole_at: Mutex::default() }
    }

    /// Counts one try of `key`. `Err`: it is one too many, and is not counted; after so many seconds it would not be.
    pub fn take(&self, key: K, now: Timestamp) -> Result<(), u64> {
        let now = now.millis();
        let mut held = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= MAX_KEYS && !held.contains_key(&key) {
            make_room(&mut held, now);
        }
        let whole_at = held.entry(key).or_insert_with(|| vec![i64::MIN; self.quotas.len()]);
        let next: Vec<i64> = self.quotas.iter().zip(&*whole_at).map(|(quota, at)| quota.after_one(*at, now)).collect();
        let wait = self.quotas.iter().zip(&next).map(|(quota, at)| at - now - quota.within_millis).max().unwrap_or(0);
        if wait > 0 {
            return Err(u64::try_from(wait).unwrap_or(0).div_ceil(1_000));
        }
        *whole_at = next;
        Ok(())
    }
}

/// Forgets what has run out, or else the half that runs out first.
fn make_room<K: Hash + Eq>(held: &mut HashMap<K, Vec<i64>>, now: i64) {
    let end = |whole_at: &[i64]| whole_at.iter().copied().max().unwrap_or(i64::MIN);
    held.retain(|_, whole_at| end(whole_at) > now);
    if held.len() >= MAX_KEYS {
        let mut ends: Vec<i64> = held.values().map(|whole_at| end(whole_at)).collect();
        let middle = *ends.select_nth_unstable(MAX_KEYS / 2).1;
        held.retain(|_, whole_at| end(whole_at) > middle);
    }
}

impl Quota {
    fn after_one(self, whole_at: i64, now: i64) -> i64 {
        // A clock that was set back must not lock anybody out for long.
        whole_at.clamp(now, now + self.within_millis) + self.within_millis / self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn five_a_minute_and_twenty_an_hour_are_taken() {
        let limits = Limits::per_minutes(&[(5, 1), (20, 60)]);
        let tries = |now: i64, count: usize| (0..count).filter(|_| limits.take("a", at(now)).is_ok()).count();
        assert_eq!(tries(0, 9), 5);
        assert_eq!(limits.take("a", at(0)), Err(12));
        assert_eq!(limits.take("b", at(0)), Ok(()), "another client");
        assert_eq!(tries(12, 3), 1);
        let more: usize = (1..60).map(|minute| tries(minute * 60, 9)).sum();
        assert!((20..=40).contains(&(6 + more)), "{more}");
        assert_eq!(tries(100_000, 9), 5);
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let limits = Limits::per_minutes(&[(1, 1)]);
        assert_eq!(limits.take("a", at(1_000_000)), Ok(()));
        assert!(limits.take("a", at(10)).is_err_and(|wait| wait <= 60));
    }

    #[test]
    fn what_is_held_is_bounded_and_who_tried_most_is_remembered() {
        let limits = Limits::per_minutes(&[(3, 60)]);
        (0..3).for_each(|_| limits.take(0, at(0)).expect("is allowed"));
        for key in 1..=2 * MAX_KEYS {
            limits.take(key, at(1)).expect("is allowed");
        }
        assert!(limits.whole_at.lock().expect("nobody panicked").len() <= MAX_KEYS);
        assert!(limits.take(0, at(2)).is_err());
    }
}
