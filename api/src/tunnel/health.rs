//! How the Sentry of an app does, as this process sees it: where nobody answers, the next envelopes need not find out
//! again, each for three seconds.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use plimsoll_domain::time::Timestamp;

/// Bad answers in a row after which it counts as away; one that cannot be reached is so at once.
const BAD_ANSWERS: u32 = 3;
/// How long nobody tries, at first and at most.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(30);
/// How long the one that tries first has until another may, in milliseconds.
const PROBE: i64 = 5_000;

/// How it does.
#[derive(Debug, Default)]
pub(crate) struct Health {
    failures: AtomicU32,
    rests_until: AtomicI64,
    last_success: AtomicI64,
    last_failure: Mutex<Option<(Timestamp, String)>>,
}

/// What is known, to be shown.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Whether it counts as away; `None`: nothing was sent yet.
    pub(crate) is_away: Option<bool>,
    /// When it last took something.
    pub(crate) last_success: Option<Timestamp>,
    /// When and why it last did not.
    pub(crate) last_failure: Option<(Timestamp, String)>,
}

impl Health {
    /// Whether to try at `now`. After a rest one tries first, and the others wait for how it goes.
    pub(super) fn may_try(&self, now: Timestamp) -> bool {
        let until = self.rests_until.load(Ordering::Relaxed);
        if until == 0 {
            return true;
        }
        let next = now.millis().saturating_add(PROBE);
        until <= now.millis()
            && self.rests_until.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    pub(super) fn succeeded(&self, now: Timestamp) {
        self.last_success.store(now.millis(), Ordering::Relaxed);
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
            self.rests_until.store(0, Ordering::Relaxed);
        }
    }

    /// Notes that what began at `began` has failed by `now`; `is_unreachable`: there was no answer at all. What began
    /// before an earlier failure was known says nothing new. Whether it counts as away from now on, and did not before.
    pub(super) fn failed(&self, (began, now): (Timestamp, Timestamp), reason: String, is_unreachable: bool) -> bool {
        let mut last = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.failures.load(Ordering::Relaxed);
        let is_news = before == 0 || last.as_ref().is_none_or(|(known, _)| began >= *known);
        *last = Some((now, reason));
        if !is_news {
            return false;
        }
        let after = before.saturating_add(1).max(if is_unreachable { BAD_ANSWERS } else { 1 });
        self.failures.store(after, Ordering::Relaxed);
        if after >= BAD_ANSWERS {
            let rest = FIRST_REST.saturating_mul(1 << (after - BAD_ANSWERS).min(5)).min(LONGEST_REST);
            let millis = i64::try_from(rest.as_millis()).unwrap_or(i64::MAX);
            self.rests_until.store(now.millis().saturating_add(millis), Ordering::Relaxed);
        }
        before < BAD_ANSWERS && after >= BAD_ANSWERS
    }

    /// What is known.
    pub(crate) fn known(&self) -> Known {
        let failures = self.failures.load(Ordering::Relaxed);
        let last_success = Some(self.last_success.load(Ordering::Relaxed)).filter(|millis| *millis != 0);
        let last_failure = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_known = last_success.is_some() || last_failure.is_some();
        Known {
            is_away: is_known.then_some(failures >= BAD_ANSWERS),
            last_success: last_success.map(Timestamp::from_millis),
            last_failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(1_000 + second)
    }

    /// Fails at once at this second, without an answer.
    fn refused(health: &Health, second: i64) -> bool {
        health.failed((at(second), at(second)), "refused".to_owned(), true)
    }

    #[test]
    fn who_cannot_be_reached_is_left_alone_for_longer_and_longer() {
        let health = Health::default();
        assert_eq!((health.may_try(at(0)), health.known().is_away), (true, None));
        assert!(refused(&health, 0));
        assert!(!health.may_try(at(0)) && health.may_try(at(1)));
        assert!(!refused(&health, 1));
        assert!(!health.may_try(at(2)) && health.may_try(at(3)));
        (0..50).for_each(|second| assert!(!refused(&health, 3 + second)));
        assert!(!health.may_try(at(81)) && health.may_try(at(82)));
        health.succeeded(at(82));
        assert!(health.may_try(at(82)));
        assert_eq!(health.known().is_away, Some(false));
    }

    #[test]
    fn after_a_rest_one_tries_first() {
        let health = Health::default();
        assert!(refused(&health, 0));
        assert_eq!([1, 1, 5, 6, 6].map(|second| health.may_try(at(second))), [true, false, false, true, false]);
        health.succeeded(at(7));
        assert!(health.may_try(at(7)) && health.may_try(at(7)));
    }

    #[test]
    fn many_that_fail_together_are_one_failure() {
        let health = Health::default();
        assert!(health.failed((at(0), at(3)), "no connection".to_owned(), true));
        (0..50).for_each(|_| assert!(!health.failed((at(1), at(4)), "no connection".to_owned(), true)));
        assert!(!health.may_try(at(3)) && health.may_try(at(4)));
    }

    #[test]
    fn one_bad_answer_is_not_the_end() {
        let health = Health::default();
        let bad = |second| health.failed((at(second), at(second)), "500".to_owned(), false);
        assert!(!bad(0) && health.may_try(at(0)));
        assert!(!bad(1) && health.may_try(at(1)));
        assert!(bad(2) && !health.may_try(at(2)));
        assert_eq!(health.known().last_failure.map(|(_, why)| why).as_deref(), Some("500"));
    }
}
