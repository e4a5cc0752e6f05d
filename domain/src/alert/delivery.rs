//! One delivery: what one receiver is to be told once, how often that was tried, and when it is tried next.

use serde::{Deserialize, Serialize};

use super::receiver::ReceiverName;
use super::severity::Severity;
use crate::time::{Span, Timestamp};

/// How long after the attempt before the next one follows; the last one again and again.
pub const SCHEDULE: [Span; 6] = [
    Span::from_seconds(5),
    Span::from_seconds(30),
    Span::minutes(2),
    Span::minutes(10),
    Span::minutes(30),
    Span::hours(1),
];
/// How long a delivery is tried.
pub const GIVE_UP_AFTER: Span = Span::days(1);
/// The share of its delay by which an attempt may come earlier or later.
pub const JITTER: f64 = 0.1;
/// Bytes that are kept of a provider's words.
pub const MAX_WORDS: usize = 1_024;
/// Attempts that are kept of one delivery.
const MAX_ATTEMPTS: usize = 40;

/// What a receiver is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryAction {
    /// It is wrong.
    Trigger,
    /// Somebody works on it.
    Acknowledge,
    /// It is over.
    Resolve,
}

impl DeliveryAction {
    /// The action as it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Acknowledge => "acknowledge",
            Self::Resolve => "resolve",
        }
    }
}

/// Leave to send, for one process, until an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Which process.
    pub holder: String,
    /// From then on somebody else may send it.
    pub until: Timestamp,
}

/// How far a delivery has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum DeliveryState {
    /// It is to be tried.
    Waiting {
        /// Not before.
        ready_at: Timestamp,
    },
    /// A process tries it.
    Leased(Lease),
    /// The receiver took it.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// Nobody tries it any more.
    Dead {
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: String,
    },
    /// It need not be sent.
    Collapsed {
        /// Since when.
        at: Timestamp,
        /// Why not.
        reason: String,
    },
}

impl DeliveryState {
    /// From when on somebody may try it; `None` when it is finished.
    pub const fn ready_at(&self) -> Option<Timestamp> {
        match self {
            Self::Waiting { ready_at } => Some(*ready_at),
            Self::Leased(lease) => Some(lease.until),
            Self::Delivered { .. } | Self::Dead { .. } | Self::Collapsed { .. } => None,
        }
    }

    /// The state as it is written in the API.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Leased(_) => "sending",
            Self::Delivered { .. } => "delivered",
            Self::Dead { .. } => "dead",
            Self::Collapsed { .. } => "collapsed",
        }
    }

    /// What becomes of what was tried `tries` times since `since`, the last time just now.
    pub fn after(outcome: &Outcome, (tries, since): (u32, Timestamp), (now, chance): (Timestamp, f64)) -> Self {
        let dead = |reason: String| Self::Dead { at: now, reason };
        match outcome.verdict {
            Verdict::Delivered => Self::Delivered { at: now },
            Verdict::Dead | Verdict::SwitchOff => dead(outcome.words.clone()),
            Verdict::Retry { after, .. } => match next_attempt(tries, since, now, after, chance) {
                Some(ready_at) => Self::Waiting { ready_at },
                None => dead(format!("given up after a day; the last words were: {}", outcome.words)),
            },
        }
    }
}

/// What one receiver is to be told once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Counts the deliveries of an alert.
    pub number: u32,
    /// Who is told.
    pub receiver: ReceiverName,
    /// What.
    pub action: DeliveryAction,
    /// How bad it was then.
    pub severity: Severity,
    /// Since when it is to be sent.
    pub created_at: Timestamp,
    /// Since when it is tried: later than `created_at` for one that was replayed.
    pub since: Timestamp,
    /// How far it has come.
    #[serde(flatten)]
    pub state: DeliveryState,
    /// How often it was tried since `since`.
    pub tries: u32,
    /// The newest attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// The trace of what asked for it, as W3C's `traceparent`: its attempts belong to it, whichever process makes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in ms.
    pub duration_ms: u32,
    /// What came of it: `delivered`, `retry`, `dead` or `unknown`.
    pub result: AttemptResult,
    /// The provider's status code, of HTTP or SMTP.
    pub status: Option<u16>,
    /// The provider's words or our own, at most 1 KiB.
    pub words: String,
    /// Whether the receiver may have it although nothing says so.
    pub may_have_arrived: bool,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttemptResult {
    /// The receiver took it.
    Delivered,
    /// It is tried again.
    Retry,
    /// It is not tried again.
    Dead,
    /// Who tried it was gone before it could say.
    Unknown,
}

impl AttemptResult {
    /// The result as it is written in the API and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry => "retry",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
        }
    }
}

/// What a try comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver took it.
    Delivered,
    /// It is worth trying again.
    Retry {
        /// Not before so long, as the receiver asks.
        after: Option<Span>,
        /// Whether the receiver may have it although nothing says so.
        may_have_arrived: bool,
    },
    /// It will never be taken.
    Dead,
    /// The receiver wants nothing any more.
    SwitchOff,
}

/// What a try comes to, with the provider's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// In one word.
    pub verdict: Verdict,
    /// The provider's status code, of HTTP or SMTP.
    pub status: Option<u16>,
    /// What the provider said, or what happened; without secrets.
    pub words: String,
}

impl Outcome {
    /// An outcome; of `words` the first 1 KiB is kept.
    pub fn new(verdict: Verdict, status: Option<u16>, words: impl Into<String>) -> Self {
        let mut words: String = words.into();
        if words.len() > MAX_WORDS {
            let end = (0..=MAX_WORDS - '…'.len_utf8()).rev().find(|at| words.is_char_boundary(*at)).unwrap_or(0);
            words.truncate(end);
            words.push('…');
        }
        Self { verdict, status, words }
    }

    /// The attempt that came to this.
    pub fn attempt(&self, at: Timestamp, duration_ms: u32) -> Attempt {
        let (result, may_have_arrived) = match self.verdict {
            Verdict::Delivered => (AttemptResult::Delivered, true),
            Verdict::Retry { may_have_arrived, .. } => (AttemptResult::Retry, may_have_arrived),
            Verdict::Dead | Verdict::SwitchOff => (AttemptResult::Dead, false),
        };
        Attempt { at, duration_ms, result, status: self.status, words: self.words.clone(), may_have_arrived }
    }
}

impl Delivery {
    /// Whether nothing is to be done with it any more.
    pub const fn is_finished(&self) -> bool {
        self.state.ready_at().is_none()
    }

    /// Whether it opens or closes something, as far as anything was sent of it.
    pub(super) const fn speaks(&self) -> bool {
        !matches!(self.action, DeliveryAction::Acknowledge) && !matches!(self.state, DeliveryState::Collapsed { .. })
    }

    /// From when on somebody may try it; `None` when it is finished.
    pub const fn ready_at(&self) -> Option<Timestamp> {
        self.state.ready_at()
    }

    /// The state as it is written in the API.
    pub const fn state_name(&self) -> &'static str {
        self.state.name()
    }

    /// Whether the receiver certainly has not got it, though it could have by `now`: nobody is trying it, no try may have
    /// arrived, and it has failed or waited for longer than the first delay.
    pub fn never_arrived(&self, now: Timestamp) -> bool {
        let is_waiting = matches!(self.state, DeliveryState::Waiting { .. });
        let waited = now.millis_since(self.since) >= SCHEDULE[0].seconds() * 1_000;
        is_waiting && !self.attempts.iter().any(|attempt| attempt.may_have_arrived) && (self.tries > 0 || waited)
    }

    pub(super) fn note(&mut self, attempt: Attempt) {
        self.tries += 1;
        self.attempts.push(attempt);
        if self.attempts.len() > MAX_ATTEMPTS {
            self.attempts.remove(0);
        }
    }
}

/// When a delivery that was tried `tries` times since `since`, the last time just now, is tried again; `None`: never.
/// `chance`, 0 to 1, spreads those that failed together.
pub fn next_attempt(
    tries: u32,
    since: Timestamp,
    now: Timestamp,
    retry_after: Option<Span>,
    chance: f64,
) -> Option<Timestamp> {
    let step = SCHEDULE[(tries.max(1) as usize - 1).min(SCHEDULE.len() - 1)];
    let spread = 1.0 - JITTER + 2.0 * JITTER * chance.clamp(0.0, 1.0);
    #[expect(clippy::cast_possible_truncation, reason = "an hour has few milliseconds")]
    let delay = (step.seconds() as f64 * 1_000.0 * spread) as i64;
    let usual = Timestamp::from_millis(now.millis() + delay);
    let end = since.plus(GIVE_UP_AFTER);
    if usual > end {
        return None;
    }
    let asked = retry_after.map_or(usual, |after| now.plus(after.min(GIVE_UP_AFTER)));
    // Asked to wait beyond the end, it is tried once more at the end.
    Some(usual.max(asked).min(end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_000_000);

    /// The seconds after the start at which a delivery that always fails is tried.
    fn tried(chance: f64) -> Vec<i64> {
        let (mut at, mut all) = (START, vec![0]);
        for tries in 1.. {
            match next_attempt(tries, START, at, None, chance) {
                Some(next) => at = next,
                None => break,
            }
            all.push(at.seconds() - START.seconds());
        }
        all
    }

    #[test]
    fn a_delivery_that_always_fails_is_tried_as_promised_for_a_day() {
        let all = tried(0.5);
        assert_eq!(all[..7], [0, 5, 35, 155, 755, 2_555, 6_155]);
        assert!(all[6..].windows(2).all(|pair| pair[1] - pair[0] == 3_600));
        let last = *all.last().expect("several");
        assert!((86_400 - 3_600..=86_400).contains(&last), "{last}");
    }

    #[test]
    fn words_are_cut_at_a_kibibyte_and_at_a_character() {
        let outcome = Outcome::new(Verdict::Dead, Some(400), "å".repeat(2_000));
        assert!(outcome.words.len() <= MAX_WORDS && outcome.words.ends_with("å…"), "{}", outcome.words.len());
        assert_eq!(Outcome::new(Verdict::Dead, None, "ok").words, "ok");
    }

    proptest! {
        #[test]
        fn an_attempt_is_never_early_never_after_the_end_and_heeds_the_receiver(
            tries in 1u32..60, passed in 0i64..100_000, after in prop::option::of(0i64..200_000), chance in 0.0f64..=1.0
        ) {
            let now = START.plus(Span::from_seconds(passed));
            let end = START.plus(GIVE_UP_AFTER);
            match next_attempt(tries, START, now, after.map(Span::from_seconds), chance) {
                Some(next) => {
                    let step = SCHEDULE[(tries as usize - 1).min(5)].seconds() as f64 * 1_000.0;
                    let waited = next.millis_since(now) as f64;
                    prop_assert!(waited >= step * 0.9 - 1.0 && next <= end);
                    let asked = after.map_or(0, |after| after.min(86_400)) * 1_000;
                    prop_assert!(next.millis_since(now) >= asked || next == end);
                    prop_assert!(after.is_some_and(|after| after as f64 * 1_000.0 > step) || waited <= step * 1.1 + 1.0);
                }
                None => prop_assert!(now.plus(SCHEDULE[(tries as usize - 1).min(5)]).millis_since(end) > -400_000),
            }
        }
    }
}
