//! When to leave somebody alone who does not answer, or asks for it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use plimsoll_domain::time::{Span, Timestamp};

/// Failures in a row after which somebody is left alone for a while.
pub(crate) const PATIENCE: u32 = 10;
pub(crate) const LONGEST_REST: i64 = 30;
const LONGEST_ASKED_REST: i64 = 300;

/// How often somebody failed in a row, and until when they are left alone.
#[derive(Default)]
pub(crate) struct Rest {
    failures: AtomicU32,
    until: Mutex<Option<Timestamp>>,
}

impl Rest {
    /// Until when they were left alone last; it may be over.
    pub(crate) fn until(&self) -> Option<Timestamp> {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until when they are left alone, if they are at `now`.
    pub(crate) fn resting(&self, now: Timestamp) -> Option<Timestamp> {
        self.until().filter(|until| now < *until)
    }

    pub(crate) fn note_success(&self) {
        self.failures.store(0, Ordering::Release);
        self.set(None);
    }

    /// A failure that is theirs, and not this message's; they may ask to be left alone for so long.
    pub(crate) fn note_failure(&self, now: Timestamp, asked: Option<Span>) {
        let failures = self.failures.fetch_add(1, Ordering::AcqRel) + 1;
        let own = if failures < PATIENCE { 0 } else { (1 << (failures - PATIENCE).min(5)).min(LONGEST_REST) };
        let asked = asked.map_or(0, |asked| asked.seconds().min(LONGEST_ASKED_REST));
        if own.max(asked) > 0 {
            self.set(Some(now.plus(Span::from_seconds(own.max(asked)))));
        }
    }

    fn set(&self, until: Option<Timestamp>) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    #[test]
    fn failures_in_a_row_ask_for_longer_and_longer_rests_and_a_success_ends_them() {
        let rest = Rest::default();
        (1..PATIENCE).for_each(|_| rest.note_failure(NOW, None));
        assert_eq!(rest.resting(NOW), None, "a few failures change nothing");
        rest.note_failure(NOW, None);
        assert_eq!(rest.resting(NOW), Some(NOW.plus(Span::from_seconds(1))));
        (0..20).for_each(|_| rest.note_failure(NOW, None));
        assert_eq!(rest.resting(NOW), Some(NOW.plus(Span::from_seconds(LONGEST_REST))));
        rest.note_success();
        assert_eq!(rest.resting(NOW), None);
        rest.note_failure(NOW, Some(Span::from_seconds(7)));
        assert_eq!(rest.resting(NOW), Some(NOW.plus(Span::from_seconds(7))));
    }
}
