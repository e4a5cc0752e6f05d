//! Over which time an SLO is measured: the last hours or days, or the present week, month or quarter of somebody's
//! calendar.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::sample::SAMPLE_RETENTION;
use crate::time::{Span, Timestamp};

/// Shortest rolling window.
pub const SHORTEST_WINDOW: Span = Span::hours(1);
/// Longest rolling window.
pub const LONGEST_WINDOW: Span = Span::days(366);
/// No zone's clocks have ever been put on by more at a time.
const LONGEST_GAP_HOURS: i64 = 24;

/// A period of the calendar, from its first local midnight to that of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CalendarUnit {
    /// From Monday, as in ISO 8601.
    Week,
    /// From the first.
    Month,
    /// From the first of January, April, July or October.
    Quarter,
}

impl CalendarUnit {
    /// The unit as it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
        }
    }

    fn first(self, date: NaiveDate) -> NaiveDate {
        match self {
            Self::Week => date - Days::new(date.weekday().num_days_from_monday().into()),
            Self::Month => date - Days::new(date.day0().into()),
            Self::Quarter => Self::Month.first(date) - Months::new(date.month0() % 3),
        }
    }

    fn next(self, first: NaiveDate) -> NaiveDate {
        match self {
            Self::Week => first + Days::new(7),
            Self::Month => first + Months::new(1),
            Self::Quarter => first + Months::new(3),
        }
    }

    /// The shortest that such a period can be, clocks put forward included: each year by two hours in Antarctica/Troll,
    /// some years by three in Antarctica/Casey.
    const fn shortest(self) -> Span {
        match self {
            Self::Week => Span::hours(7 * 24 - 3),
            Self::Month => Span::hours(28 * 24 - 3),
            Self::Quarter => Span::hours(90 * 24 - 3),
        }
    }
}

/// The time an SLO is measured over. Written `30d`, or `month Europe/Stockholm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// The last so many hours or days.
    Rolling(Span),
    /// The present period of the calendar of a time zone, as far as it has come.
    Calendar(CalendarUnit, Zone),
}

/// A time zone of the IANA database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Zone(Tz);

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl PartialOrd for Zone {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Zone {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.name().cmp(other.0.name())
    }
}

impl Zone {
    /// The name in the IANA database.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The zone's rules.
    pub const fn tz(self) -> Tz {
        self.0
    }

    /// The first instant of a local day: where clocks are put forward at midnight, the first that there is.
    fn midnight(self, date: NaiveDate) -> Timestamp {
        let midnight = date.and_time(NaiveTime::MIN);
        let mut minutes = (0..LONGEST_GAP_HOURS * 60).map(|minute| midnight + TimeDelta::minutes(minute));
        let first = minutes.find_map(|local| self.0.from_local_datetime(&local).earliest());
        Timestamp::from_millis(first.map_or(0, |instant| instant.timestamp_millis()))
    }

    fn date(self, at: Timestamp) -> NaiveDate {
        let at = DateTime::from_timestamp_millis(at.millis()).unwrap_or(DateTime::UNIX_EPOCH);
        at.with_timezone(&self.0).date_naive()
    }
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |_| format!("expected a time zone of the IANA database such as Europe/Stockholm, got {text:?}");
        text.parse().map(Self).map_err(wrong)
    }
}

impl Window {
    /// The start of the window that ends (exclusively) at `end`. One that may reach further back than samples are kept
    /// starts on a full hour of UTC, since of what is older only whole hours are known.
    pub fn start(self, end: Timestamp) -> Timestamp {
        let start = match self {
            Self::Rolling(span) => end.minus(span),
            Self::Calendar(unit, zone) => zone.midnight(unit.first(zone.date(last_instant(end)))),
        };
        if self.outlives_samples() { start.hour().start() } else { start }
    }

    /// How long the whole window is, the part of a calendar's period that is still to come included.
    pub fn length(self, end: Timestamp) -> Span {
        match self {
            Self::Rolling(span) => span,
            Self::Calendar(unit, zone) => {
                let first = unit.first(zone.date(last_instant(end)));
                let millis = zone.midnight(unit.next(first)).millis_since(zone.midnight(first));
                Span::from_seconds(millis / 1_000)
            }
        }
    }

    /// The shortest that the window ever is.
    pub const fn shortest(self) -> Span {
        match self {
            Self::Rolling(span) => span,
            Self::Calendar(unit, _) => unit.shortest(),
        }
    }

    /// The window in one word, for a label: `30d`, or `month`.
    pub fn label(self) -> String {
        match self {
            Self::Rolling(span) => span.to_string(),
            Self::Calendar(unit, _) => unit.as_str().to_owned(),
        }
    }

    /// The time zone of its calendar, if it has one.
    pub fn zone(self) -> Option<&'static str> {
        match self {
            Self::Rolling(_) => None,
            Self::Calendar(_, zone) => Some(zone.name()),
        }
    }

    /// Whether the window starts at the same instant until its period is over.
    pub const fn is_anchored(self) -> bool {
        matches!(self, Self::Calendar(..))
    }

    fn outlives_samples(self) -> bool {
        match self {
            Self::Rolling(span) => span > SAMPLE_RETENTION,
            Self::Calendar(unit, _) => unit == CalendarUnit::Quarter,
        }
    }
}

/// The last instant before `end`.
pub(crate) const fn last_instant(end: Timestamp) -> Timestamp {
    Timestamp::from_millis(end.millis() - 1)
}

impl From<Span> for Window {
    fn from(span: Span) -> Self {
        Self::Rolling(span)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rolling(span) => span.fmt(f),
            Self::Calendar(unit, zone) => write!(f, "{} {}", unit.as_str(), zone.name()),
        }
    }
}

impl FromStr for Window {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, zone) = text.split_once(' ').unwrap_or((text, "UTC"));
        let unit = match name {
            "week" => CalendarUnit::Week,
            "month" => CalendarUnit::Month,
            "quarter" => CalendarUnit::Quarter,
            _ => {
                let wrong =
                    |_| format!("expected a rolling window such as 30d, or week, month or quarter, got {text:?}");
                return text.parse().map(Self::Rolling).map_err(wrong);
            }
        };
        zone.parse().map(|zone| Self::Calendar(unit, zone))
    }
}

impl Serialize for Window {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[rstest]
    #[case::an_ordinary_month("month Europe/Stockholm", "2026-11-21T12:00:00Z", "2026-10-31T23:00:00Z", 30 * 24)]
    #[case::a_leap_february("month UTC", "2024-02-29T12:00:00Z", "2024-02-01T00:00:00Z", 29 * 24)]
    #[case::clocks_put_forward("week Europe/Stockholm", "2026-03-29T12:00:00Z", "2026-03-22T23:00:00Z", 7 * 24 - 1)]
    #[case::clocks_put_forward_by_two_hours("week Antarctica/Troll", "2026-03-29T12:00:00Z", "2026-03-23T00:00:00Z", 7 * 24 - 2)]
    #[case::clocks_put_forward_by_three("week Antarctica/Casey", "2018-10-05T12:00:00Z", "2018-09-30T16:00:00Z", 7 * 24 - 3)]
    #[case::clocks_put_back("week Europe/Stockholm", "2026-10-25T12:00:00Z", "2026-10-18T22:00:00Z", 7 * 24 + 1)]
    #[case::no_midnight_on_its_first_day("month Asia/Beirut", "2025-03-31T12:00:00Z", "2025-02-28T22:00:00Z", 31 * 24 - 1)]
    #[case::the_end_is_not_in_it("month UTC", "2026-11-01T00:00:00Z", "2026-10-01T00:00:00Z", 31 * 24)]
    #[case::a_quarter("quarter America/New_York", "2026-05-05T00:00:00Z", "2026-04-01T04:00:00Z", 91 * 24)]
    #[case::a_quarter_starts_on_the_hour("quarter Asia/Kolkata", "2026-05-05T00:00:00Z", "2026-03-31T18:00:00Z", 91 * 24)]
    #[case::a_week_need_not("week Asia/Kolkata", "2026-05-05T00:00:00Z", "2026-05-03T18:30:00Z", 7 * 24)]
    #[case::rolling("30d", "2026-11-21T12:00:00Z", "2026-10-22T12:00:00Z", 30 * 24)]
    #[case::longer_than_samples_are_kept("366d", "2026-11-21T12:34:00Z", "2025-11-20T12:00:00Z", 366 * 24)]
    fn a_window_starts_where_its_calendar_says(
        #[case] window: &str,
        #[case] end: &str,
        #[case] start: &str,
        #[case] hours: i64,
    ) {
        let window: Window = window.parse().expect("a window");
        assert_eq!(window.start(at(end)), at(start));
        assert_eq!(window.length(at(end)), Span::hours(hours));
        assert!(window.shortest() <= window.length(at(end)));
    }

    #[test]
    fn a_window_is_written_as_it_is_read() {
        for text in ["1h", "30d", "week UTC", "quarter America/New_York"] {
            assert_eq!(text.parse::<Window>().expect("a window").to_string(), text);
        }
        for wrong in ["", "year", "month Europe/Atlantis", "-1d", "30d UTC"] {
            assert!(wrong.parse::<Window>().is_err(), "{wrong}");
        }
    }
}
