//! The lane of one receiver: how many attempts go on at once, how fast they follow each other, and when to leave it alone.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota};
use tokio::sync::{Notify, Semaphore};

use plimsoll_domain::alert::Target;
use plimsoll_domain::time::{Span, Timestamp};

use crate::wire::Rest;

/// Attempts that go on at once.
const AT_ONCE: usize = 16;
/// Deliveries that this process holds for one receiver, until it is known what kind it is of.
const HELD_AT_FIRST: usize = 64;
const HELD: usize = 512;

/// How fast a provider may be spoken to.
struct Pacer {
    kind: &'static str,
    /// Deliveries that are held while they wait for their turn.
    held: usize,
    limiter: Option<DefaultDirectRateLimiter>,
}

impl Pacer {
    /// PagerDuty takes 120 a minute for each key: 30 at once and 1.5 a second come to that. Slack takes one a second.
    fn of(target: &Target) -> Self {
        let (held, every, burst) = match target {
            Target::Pagerduty { .. } => (30, Duration::from_millis(667), 30),
            Target::Slack { .. } => (8, Duration::from_secs(1), 1),
            _ => return Self { kind: target.kind(), held: HELD, limiter: None },
        };
        let burst = NonZeroU32::new(burst).expect("not zero");
        let quota = Quota::with_period(every).expect("not zero").allow_burst(burst);
        Self { kind: target.kind(), held, limiter: Some(DefaultDirectRateLimiter::direct(quota)) }
    }
}

/// The lane of one receiver.
pub(super) struct Lane {
    /// Who is woken when there is room again for what was left in the store.
    woken: Arc<Notify>,
    pub(super) permits: Semaphore,
    held: AtomicUsize,
    rest: Rest,
    pacer: Mutex<Option<Arc<Pacer>>>,
    /// Whether more lies in the store than could be taken.
    backlog: AtomicBool,
}

impl Lane {
    pub(super) fn new(woken: Arc<Notify>) -> Self {
        Self {
            woken,
            permits: Semaphore::new(AT_ONCE),
            held: AtomicUsize::new(0),
            rest: Rest::default(),
            pacer: Mutex::default(),
            backlog: AtomicBool::new(false),
        }
    }

    /// How many deliveries more may be taken at `now`. After a rest, one alone shows whether it is over.
    pub(super) fn room(&self, now: Timestamp) -> usize {
        self.most(now).saturating_sub(self.held.load(Ordering::Acquire))
    }

    /// Takes room for one delivery, if there is any at `now`.
    pub(super) fn reserve(self: &Arc<Self>, now: Timestamp) -> Option<Seat> {
        let most = self.most(now);
        let one_more = |held| (held < most).then_some(held + 1);
        self.held.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        Some(Seat(Arc::clone(self)))
    }

    fn most(&self, now: Timestamp) -> usize {
        match self.rest.until() {
            Some(until) if now < until => 0,
            Some(_) => 1,
            None => self.held_at_most(),
        }
    }

    fn held_at_most(&self) -> usize {
        self.pacer().as_ref().map_or(HELD_AT_FIRST, |pacer| pacer.held)
    }

    fn pacer(&self) -> Option<Arc<Pacer>> {
        self.pacer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Until when it is left alone, if it is at `now`.
    pub(super) fn resting(&self, now: Timestamp) -> Option<Timestamp> {
        self.rest.resting(now)
    }

    pub(super) fn note_backlog(&self) {
        self.backlog.store(true, Ordering::Release);
    }

    /// Waits until `target` may be spoken to again.
    pub(super) async fn keep_pace(&self, target: &Target) {
        let pacer = self.pacer().filter(|pacer| pacer.kind == target.kind()).unwrap_or_else(|| {
            let pacer = Arc::new(Pacer::of(target));
            *self.pacer.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&pacer));
            pacer
        });
        if let Some(limiter) = &pacer.limiter {
            limiter.until_ready().await;
        }
    }

    pub(super) fn note_success(&self) {
        self.rest.note_success();
    }

    /// A failure that is the receiver's, and not this message's; it may ask to be left alone for so long.
    pub(super) fn note_failure(&self, now: Timestamp, asked: Option<Span>) {
        self.rest.note_failure(now, asked);
    }
}

/// The room of one delivery in a lane, which is given back by dropping it.
pub(super) struct Seat(Arc<Lane>);

impl Drop for Seat {
    fn drop(&mut self) {
        let lane = &self.0;
        let held = lane.held.fetch_sub(1, Ordering::AcqRel) - 1;
        if held <= lane.held_at_most() / 2 && lane.backlog.swap(false, Ordering::AcqRel) {
            lane.woken.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::wire::rest::{LONGEST_REST, PATIENCE};

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    #[test]
    fn a_receiver_that_fails_again_and_again_is_left_alone_and_then_tried_once() {
        let lane = Lane::new(Arc::default());
        (1..PATIENCE).for_each(|_| lane.note_failure(NOW, None));
        assert!(lane.room(NOW) > 1, "a few failures change nothing");
        lane.note_failure(NOW, None);
        assert_eq!((lane.room(NOW), lane.room(NOW.plus(Span::from_seconds(1)))), (0, 1));
        (0..20).for_each(|_| lane.note_failure(NOW, None));
        assert_eq!(lane.resting(NOW), Some(NOW.plus(Span::from_seconds(LONGEST_REST))));
        lane.note_success();
        assert!(lane.room(NOW) > 1);
    }

    #[tokio::test]
    async fn a_lane_has_so_much_room_and_says_when_there_is_some_again() {
        let woken = Arc::<Notify>::default();
        let lane = Arc::new(Lane::new(Arc::clone(&woken)));
        let mut seats: Vec<Seat> = (0..HELD_AT_FIRST).filter_map(|_| lane.reserve(NOW)).collect();
        assert!(seats.len() == HELD_AT_FIRST && lane.room(NOW) == 0 && lane.reserve(NOW).is_none());
        lane.note_backlog();
        seats.truncate(HELD_AT_FIRST / 2 + 1);
        assert!(woken.notified().now_or_never().is_none(), "not for each one that goes");
        drop(seats);
        assert!(woken.notified().now_or_never().is_some() && woken.notified().now_or_never().is_none(), "once");
        assert_eq!(lane.room(NOW), HELD_AT_FIRST);
    }
}
