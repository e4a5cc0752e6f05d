//! Sessions: how many began, how many crashed, and how these become events of an SLO.
//!
//! An SDK tells of one session several times: when it begins (`init`), and when its status changes. Each is counted by
//! what it says, since nothing is remembered of a session: one that began is good until it is told that it crashed.

use serde::Deserialize;

use super::envelope::object;

/// Sessions of an app, as its envelopes told of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionCounts {
    /// Those that began.
    pub started: u64,
    /// Those that crashed; they may have begun earlier.
    pub crashed: u64,
    /// Those that an error ended that nobody handled, though the app is still there. Browsers' SDKs before 11 say
    /// `crashed` of the same.
    pub unhandled: u64,
    /// Those that ended abnormally.
    pub abnormal: u64,
}

#[derive(Deserialize)]
struct Update<'a> {
    #[serde(default)]
    init: bool,
    #[serde(default)]
    status: Option<std::borrow::Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Aggregates {
    #[serde(default)]
    aggregates: Vec<Aggregate>,
}

#[derive(Deserialize)]
struct Aggregate {
    #[serde(default)]
    exited: u64,
    #[serde(default)]
    errored: u64,
    #[serde(default)]
    unhandled: u64,
    #[serde(default)]
    abnormal: u64,
    #[serde(default)]
    crashed: u64,
}

/// Most sessions that one item is believed to tell of: what an app says of itself is not proof.
const MOST_SESSIONS: u64 = 100_000;

impl SessionCounts {
    /// What an item `session` tells; `None` when it cannot be read.
    pub(super) fn of_update(payload: &[u8]) -> Option<Self> {
        let update: Update<'_> = object(payload.trim_ascii_start())?;
        let is = |status: &str| u64::from(update.status.as_deref() == Some(status));
        Some(Self {
            started: u64::from(update.init),
            crashed: is("crashed"),
            unhandled: is("unhandled"),
            abnormal: is("abnormal"),
        })
    }

    /// What an item `sessions` tells; `None` when it cannot be read.
    pub(super) fn of_aggregates(payload: &[u8]) -> Option<Self> {
        let all: Aggregates = object(payload.trim_ascii_start())?;
        let mut counts = Self::default();
        for one in all.aggregates {
            let started = [one.exited, one.errored, one.unhandled, one.abnormal, one.crashed];
            counts.started = started.into_iter().fold(counts.started, u64::saturating_add);
            counts.crashed = counts.crashed.saturating_add(one.crashed);
            counts.unhandled = counts.unhandled.saturating_add(one.unhandled);
            counts.abnormal = counts.abnormal.saturating_add(one.abnormal);
        }
        Some(counts.at_most(MOST_SESSIONS))
    }

    /// The same, as far as it tells of at most so many of each.
    fn at_most(self, most: u64) -> Self {
        let Self { started, crashed, unhandled, abnormal } = self;
        let least = |count: u64| count.min(most);
        Self {
            started: least(started),
            crashed: least(crashed),
            unhandled: least(unhandled),
            abnormal: least(abnormal),
        }
    }

    /// Adds what another envelope told.
    pub const fn add(&mut self, other: Self) {
        self.started = self.started.saturating_add(other.started);
        self.crashed = self.crashed.saturating_add(other.crashed);
        self.unhandled = self.unhandled.saturating_add(other.unhandled);
        self.abnormal = self.abnormal.saturating_add(other.abnormal);
    }
}

/// Sessions that were taken for good when they began and crashed later: as many of those that begin next are left out of
/// the good ones, so that the sum over time is true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionDebt(u64);

impl SessionDebt {
    /// (good, bad) of what was told since the last time: those that crashed or met an error that nobody handled are bad.
    pub fn settle(&mut self, told: SessionCounts) -> (u64, u64) {
        let bad = told.crashed.saturating_add(told.unhandled);
        let owed = self.0.saturating_add(bad);
        let paid = owed.min(told.started);
        self.0 = owed - paid;
        (told.started - paid, bad)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_update_tells_of_one_session() {
        let counts = |payload: &str| SessionCounts::of_update(payload.as_bytes());
        let told = |started, crashed| Some(SessionCounts { started, crashed, ..SessionCounts::default() });
        assert_eq!(counts(r#"{"sid":"x","init":true,"status":"ok"}"#), told(1, 0));
        assert_eq!(counts(r#"{"sid":"x","init":true,"status":"crashed","errors":1}"#), told(1, 1));
        assert_eq!(counts(r#"{"sid":"x","init":false,"status":"crashed"}"#), told(0, 1));
        assert_eq!(counts(r#"{"sid":"x","status":"exited"}"#), told(0, 0));
        assert_eq!(counts("\n {}"), told(0, 0));
        for wrong in ["?", "[true,\"crashed\"]"] {
            assert_eq!(counts(wrong), None);
        }
    }

    #[test]
    fn aggregates_are_added_up_and_not_believed_without_bound() {
        let payload =
            br#"{"aggregates":[{"started":"2026-01-01T00:00:00Z","exited":5,"errored":2,"crashed":1},{"abnormal":3}]}"#;
        let expected = SessionCounts { started: 11, crashed: 1, unhandled: 0, abnormal: 3 };
        assert_eq!(SessionCounts::of_aggregates(payload), Some(expected));
        let boast = br#"{"aggregates":[{"exited":18446744073709551615,"crashed":18446744073709551615}]}"#;
        assert_eq!(SessionCounts::of_aggregates(boast).map(|counts| counts.crashed), Some(MOST_SESSIONS));
    }

    proptest! {
        #[test]
        fn what_began_is_counted_once_over_time(told in prop::collection::vec((0u64..50, 0u64..50), 0..40)) {
            let (mut debt, mut valid, mut bad) = (SessionDebt::default(), 0, 0);
            for (started, crashed) in &told {
                let (good, crashes) = debt.settle(SessionCounts { started: *started, crashed: *crashed, ..SessionCounts::default() });
                valid += good + crashes;
                bad += crashes;
            }
            let (started, crashed) = told.iter().fold((0, 0), |(a, b), (x, y)| (a + x, b + y));
            prop_assert_eq!(bad, crashed);
            // Each crash that nothing has made up for yet is one too many.
            prop_assert_eq!(valid, started + debt.0);
        }
    }
}
