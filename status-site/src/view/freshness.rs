//! How old a snapshot is, and for how long that sentence stays true.
//!
//! An age below zero is no age: a snapshot from well ahead of the clock tells that a clock is wrong, here or where it was
//! made, and counts as stale rather than as very fresh.

use std::ops::Range;

use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::time::Timestamp;
use plimsoll_words::Words;

const GRACE_MILLIS: i64 = 30_000;
const MINUTE_MILLIS: i64 = 60_000;

/// The age of a snapshot at one instant, in no language yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Freshness {
    /// How old it is.
    pub(crate) age: Age,
    /// When it was true.
    pub(crate) as_of: Timestamp,
    /// The instants at which this is so; at any other it must be told anew.
    pub(crate) holds: Range<Timestamp>,
}

/// How old a snapshot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// Nothing newer is overdue: at most two ticks and 30 s, and at most a tick ahead of the clock.
    Fresh,
    /// Something newer is overdue. Whole minutes.
    Minutes(i64),
    /// More than a tick ahead of the clock.
    Ahead,
}

impl Freshness {
    /// The age of `snapshot` at `now`.
    pub(crate) fn of(snapshot: &StatusSnapshot, now: Timestamp) -> Self {
        let as_of = snapshot.as_of;
        let age = now.millis_since(as_of);
        let tick = snapshot.interval_seconds * 1_000;
        let overdue = 2 * tick + GRACE_MILLIS;
        let after = |millis: i64| Timestamp::from_millis(as_of.millis() + millis);
        if age < -tick {
            return Self { age: Age::Ahead, as_of, holds: Timestamp::from_millis(i64::MIN)..after(-tick) };
        }
        if age <= overdue {
            return Self { age: Age::Fresh, as_of, holds: after(-tick)..after(overdue + 1) };
        }
        let minutes = age / MINUTE_MILLIS;
        let holds = after((minutes * MINUTE_MILLIS).max(overdue + 1))..after((minutes + 1) * MINUTE_MILLIS);
        Self { age: Age::Minutes(minutes), as_of, holds }
    }

    /// Whether how things are now is not known.
    pub(crate) fn is_stale(&self) -> bool {
        self.age != Age::Fresh
    }

    /// What is to be said beside the instant when it is stale: `4 minutes ago`.
    pub(crate) fn remark(&self, words: &Words) -> Option<String> {
        match self.age {
            Age::Fresh => None,
            Age::Minutes(minutes) => {
                Some(words.say_with("duration-ago", &[("length", (&words.duration(minutes)).into())]))
            }
            Age::Ahead => Some(words.say("stale-ahead")),
        }
    }

    /// Why how things are now is not known.
    pub(crate) fn reason(&self, words: &Words) -> String {
        words.say(match self.age {
            Age::Ahead => "stale-clock",
            Age::Fresh | Age::Minutes(_) => "stale-silence",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use crate::view::stage;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(samples::noon().millis() + millis)
    }

    fn age(millis: i64) -> Age {
        Freshness::of(&samples::quiet(), at(millis)).age
    }

    fn remark(fresh: &Freshness) -> Option<String> {
        fresh.remark(&stage::english())
    }

    #[test]
    fn a_snapshot_is_fresh_for_two_ticks_and_half_a_minute() {
        assert_eq!((age(150_000), age(151_000), age(-5_000)), (Age::Fresh, Age::Minutes(2), Age::Fresh));
    }

    #[test]
    fn a_snapshot_more_than_a_tick_ahead_of_the_clock_is_stale() {
        assert_eq!((age(-60_000), age(-60_001), age(-86_400_000)), (Age::Fresh, Age::Ahead, Age::Ahead));
        let ahead = Freshness::of(&samples::quiet(), at(-61_000));
        assert!(ahead.is_stale() && ahead.holds.contains(&at(-61_000)) && !ahead.holds.contains(&at(-60_000)));
        assert_eq!(remark(&ahead).as_deref(), Some("which is ahead of the clock"));
    }

    #[test]
    fn the_age_is_told_anew_when_its_minute_is_over_or_the_clock_is_set() {
        let fresh = Freshness::of(&samples::quiet(), at(0));
        assert_eq!(fresh.holds, at(-60_000)..at(150_001));
        let four = Freshness::of(&samples::quiet(), at(299_999));
        assert_eq!((remark(&four).as_deref(), four.holds), (Some("4 minutes ago"), at(240_000)..at(300_000)));
        assert_eq!(Freshness::of(&samples::quiet(), at(151_000)).holds.start, at(150_001));
        assert_eq!(age(300_000), Age::Minutes(5));
    }
}
