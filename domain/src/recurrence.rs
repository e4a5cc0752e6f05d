//! When something takes place again: a rule of RFC 5545 in a time zone.
//!
//! Rules that recur more than daily are refused: what goes on all day is no announced maintenance. The rule is kept as it
//! was written, since nothing says it better, and is followed anew each time from its first start: a handful of dates.

use std::ops::Range;

use chrono::TimeZone;
use chrono_tz::Tz;
use rrule::{Frequency, RRule, RRuleSet, Unvalidated};
use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp};

/// Most characters of a rule.
const LONGEST_RULE: usize = 500;
/// Occurrences that are looked at when a rule is checked.
const LOOKED_AT: u16 = 100;
/// Most occurrences that are followed: daily, for over fifty years.
const MOST: u16 = 20_000;
/// What recurs cannot have begun before: following it from its start must stay cheap.
const EARLIEST: Timestamp = Timestamp::from_seconds(1_577_836_800);
/// What begins at the same time each day is at least so far apart, whatever a clock does.
const APART: Span = Span::hours(22);

/// When something takes place again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurrence {
    /// The rule, such as `FREQ=WEEKLY;BYDAY=SU`, without a start.
    rule: String,
    /// Whose clock the start is read from: at two in the night stays so when summer begins.
    zone: Tz,
}

impl Recurrence {
    /// A rule, not yet checked.
    pub fn new(rule: &str, zone: Tz) -> Self {
        let rule = rule.trim();
        Self { rule: rule.strip_prefix("RRULE:").unwrap_or(rule).to_owned(), zone }
    }

    /// The rule as it was written.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// Whose clock it follows.
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// Refuses what is no rule, what recurs more than daily, and what would begin again before it is over after `length`.
    pub fn check(&self, first: Timestamp, length: Span) -> Result<(), String> {
        if self.rule.len() > LONGEST_RULE {
            return Err(format!("expected a rule of at most {LONGEST_RULE} characters"));
        }
        if first < EARLIEST || first.millis() % 1_000 != 0 {
            return Err("expected starts_at on a whole second, and not before 2020".to_owned());
        }
        let set = self.set(first)?;
        let once_a_day = |rule: &RRule| {
            let of_the_day = [rule.get_by_hour().len(), rule.get_by_minute().len(), rule.get_by_second().len()];
            rule.get_freq() <= Frequency::Daily && of_the_day.iter().all(|count| *count <= 1)
        };
        if !set.get_rrule().iter().all(once_a_day) {
            return Err("expected a rule that recurs daily or less often".to_owned());
        }
        let starts: Vec<_> = set.all(LOOKED_AT).dates;
        let Some(begins) = starts.first() else {
            return Err("expected a rule by which it takes place at least once".to_owned());
        };
        if begins.timestamp_millis() != first.millis() {
            return Err(format!(
                "expected a rule that starts_at follows, its first time would be {}",
                begins.to_rfc3339()
            ));
        }
        let least = starts.windows(2).map(|pair| (pair[1] - pair[0]).num_seconds()).min().unwrap_or(i64::MAX);
        if least < APART.seconds() {
            return Err("expected a rule that recurs daily or less often".to_owned());
        }
        let overlaps = least < length.seconds();
        if overlaps { Err("expected each time to be over before the next one begins".to_owned()) } else { Ok(()) }
    }

    /// The starts in `span`, in order, of what starts first at `first`.
    pub fn starts(&self, first: Timestamp, span: &Range<Timestamp>) -> Vec<Timestamp> {
        let Ok(set) = self.set(first) else { return Vec::new() };
        let zone = rrule::Tz::Tz(self.zone);
        let bounds = [span.start.max(first), span.end].map(|at| zone.timestamp_millis_opt(at.millis()).single());
        let [Some(from), Some(to)] = bounds else { return Vec::new() };
        // Both bounds of the library are inclusive; ours has no end.
        let found = set.after(from).before(to).all(MOST).dates;
        let starts = found.into_iter().map(|at| Timestamp::from_millis(at.timestamp_millis()));
        starts.filter(|at| span.contains(at)).collect()
    }

    /// When it takes place for the last time; `None`: it never ends.
    pub fn last_start(&self, first: Timestamp) -> Option<Timestamp> {
        let set = self.set(first).ok()?;
        let ends = set.get_rrule().iter().all(|rule| rule.get_count().is_some() || rule.get_until().is_some());
        if !ends {
            return None;
        }
        set.all(MOST).dates.last().map(|at| Timestamp::from_millis(at.timestamp_millis()))
    }

    fn set(&self, first: Timestamp) -> Result<RRuleSet, String> {
        let begins = rrule::Tz::Tz(self.zone)
            .timestamp_millis_opt(first.millis())
            .single()
            .ok_or_else(|| "expected a start within the calendar".to_owned())?;
        let wrong = |error: &dyn std::fmt::Display| {
            format!("expected a rule of RFC 5545 such as FREQ=WEEKLY;BYDAY=SU: {error}")
        };
        let rule: RRule<Unvalidated> = self.rule.parse().map_err(|error: rrule::RRuleError| wrong(&error))?;
        rule.build(begins).map_err(|error| wrong(&error))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn stockholm(rule: &str) -> Recurrence {
        Recurrence::new(rule, chrono_tz::Europe::Stockholm)
    }

    #[test]
    fn two_in_the_night_stays_so_when_summer_ends() {
        let starts = stockholm("FREQ=WEEKLY;BYDAY=SU")
            .starts(at("2026-10-18T00:00:00Z"), &(at("2026-10-18T00:00:00Z")..at("2026-11-02T00:00:00Z")));
        assert_eq!(starts, ["2026-10-18T00:00:00Z", "2026-10-25T00:00:00Z", "2026-11-01T01:00:00Z"].map(at));
    }

    #[test]
    fn the_end_is_known_where_there_is_one() {
        let first = at("2026-11-01T02:00:00Z");
        assert_eq!(stockholm("FREQ=DAILY;COUNT=3").last_start(first), Some(at("2026-11-03T02:00:00Z")));
        assert_eq!(stockholm("FREQ=DAILY").last_start(first), None);
    }

    #[test]
    fn what_cannot_be_followed_is_refused_with_the_reason() {
        let first = at("2026-11-01T02:00:00Z");
        let check = |rule: &str| stockholm(rule).check(first, Span::hours(2));
        assert_eq!(check("FREQ=WEEKLY;BYDAY=SU"), Ok(()));
        assert_eq!(check("RRULE:FREQ=MONTHLY;BYMONTHDAY=1"), Ok(()));
        for (rule, says) in [
            ("every sunday", "RFC 5545"),
            ("", "RFC 5545"),
            ("FREQ=HOURLY", "daily or less often"),
            ("FREQ=WEEKLY;BYDAY=MO", "first time would be"),
            ("FREQ=DAILY;BYHOUR=3,4,5", "daily or less often"),
            ("FREQ=DAILY;BYMINUTE=0,20,40", "daily or less often"),
            ("FREQ=DAILY;BYSECOND=0,1,2,3", "daily or less often"),
        ] {
            let reason = check(rule).expect_err(rule);
            assert!(reason.contains(says), "{rule}: {reason}");
        }
        assert!(stockholm("FREQ=DAILY").check(first, Span::hours(25)).is_err());
        for wrong in ["0001-01-02T00:00:00Z", "2026-11-01T02:00:00.500Z"] {
            let reason = stockholm("FREQ=DAILY").check(at(wrong), Span::hours(2)).expect_err(wrong);
            assert!(reason.contains("whole second") && reason.contains("2020"), "{reason}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn no_text_upsets_it(rule in "[A-Z=;,0-9+:-]{0,60}") {
            let first = at("2026-11-01T02:00:00Z");
            if stockholm(&rule).check(first, Span::minutes(1)).is_ok() {
                let starts = stockholm(&rule).starts(first, &(first..first.plus(Span::days(40))));
                prop_assert!(starts.windows(2).all(|pair| pair[0] < pair[1]));
                prop_assert!(starts.first() == Some(&first));
            }
        }
    }
}
