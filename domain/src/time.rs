//! Instants, ticks, hours and days, and the port through which time comes in.
//!
//! Everything is counted in whole milliseconds or seconds of UTC since 1970, as BSON dates are. Local time exists only
//! where a person reads it. A floating-point instant was rejected: it cannot be an identity.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const HOUR_SECONDS: i64 = 3_600;
const DAY_SECONDS: i64 = 86_400;

/// The only way the time of day comes into a decision.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// An instant: whole milliseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 with three decimals and `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `millis` milliseconds after 1970 (negative: before).
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The instant `seconds` seconds after 1970.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds * 1_000)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The next instant there is.
    #[must_use]
    pub const fn next_milli(self) -> Self {
        Self(self.0 + 1)
    }

    /// This instant and `span` more.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0 + span.seconds() * 1_000)
    }

    /// This instant less `span`.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0 - span.seconds() * 1_000)
    }

    /// Milliseconds from `earlier` to this instant; negative when `earlier` is later.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The hour this instant lies in.
    pub const fn hour(self) -> Hour {
        Hour(self.seconds().div_euclid(HOUR_SECONDS))
    }

    /// The UTC day this instant lies in.
    pub const fn day(self) -> Day {
        Day(self.seconds().div_euclid(DAY_SECONDS))
    }

    fn chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Written in RFC 2822 form, as HTTP dates and mails want it.
    pub fn to_rfc2822(self) -> String {
        self.chrono().to_rfc2822()
    }

    /// Written with a chrono format string, in UTC.
    pub fn format(self, pattern: &str) -> String {
        self.chrono().format(pattern).to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chrono().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl FromStr for Timestamp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        DateTime::parse_from_rfc3339(text)
            .map(|instant| Self(instant.timestamp_millis()))
            .map_err(|_| format!("expected an RFC 3339 instant such as 2026-11-01T12:00:00Z, got {text:?}"))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A length of time in whole seconds, written `90s`, `5m`, `1h`, `30d` in the largest unit that divides it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Span {
    /// A span of `seconds` seconds.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// A span of `minutes` minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self(minutes * 60)
    }

    /// A span of `hours` hours.
    pub const fn hours(hours: i64) -> Self {
        Self(hours * HOUR_SECONDS)
    }

    /// A span of `days` days of 24 hours.
    pub const fn days(days: i64) -> Self {
        Self(days * DAY_SECONDS)
    }

    /// Its length in seconds.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// Its length in hours, with a fraction.
    pub fn as_hours(self) -> f64 {
        self.0 as f64 / HOUR_SECONDS as f64
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            s if s % DAY_SECONDS == 0 => write!(f, "{}d", s / DAY_SECONDS),
            s if s % HOUR_SECONDS == 0 => write!(f, "{}h", s / HOUR_SECONDS),
            s if s % 60 == 0 => write!(f, "{}m", s / 60),
            s => write!(f, "{s}s"),
        }
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected a whole number and a unit (s, m, h or d) such as 30d, got {text:?}");
        let unit_at = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at)).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(unit_at);
        let number: i64 = number.parse::<u32>().map_err(|_| wrong())?.into();
        match unit {
            "s" => Ok(Self(number)),
            "m" => Ok(Self::minutes(number)),
            "h" => Ok(Self::hours(number)),
            "d" => Ok(Self::days(number)),
            _ => Err(wrong()),
        }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The length of a tick in seconds, 5 to 300 (`PLIMSOLL_SAMPLING_INTERVAL_SECONDS`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval(i64);

impl Interval {
    /// The default: one minute.
    pub const MINUTE: Self = Self(60);

    /// An interval of `seconds`; the error says what was expected.
    pub fn from_seconds(seconds: i64) -> Result<Self, String> {
        if (5..=300).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(format!("expected 5 to 300 seconds, got {seconds}"))
        }
    }

    /// Its length in seconds.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// Its length as a span.
    pub const fn span(self) -> Span {
        Span(self.0)
    }
}

/// A scheduled minute (or other [`Interval`]), named by the second it starts at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(i64);

impl Tick {
    /// The tick that `at` lies in.
    pub const fn containing(at: Timestamp, interval: Interval) -> Self {
        Self(at.seconds().div_euclid(interval.0) * interval.0)
    }

    /// The tick that starts at this second since 1970: for reading back what was stored.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// The second it starts at.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// When it starts.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_seconds(self.0)
    }

    /// When it ends: the start of the next.
    pub const fn end(self, interval: Interval) -> Timestamp {
        Timestamp::from_seconds(self.0 + interval.0)
    }

    /// The tick after this one.
    #[must_use]
    pub const fn next(self, interval: Interval) -> Self {
        Self(self.0 + interval.0)
    }

    /// The tick before this one.
    #[must_use]
    pub const fn previous(self, interval: Interval) -> Self {
        Self(self.0 - interval.0)
    }

    /// The hour it starts in.
    pub const fn hour(self) -> Hour {
        self.start().hour()
    }
}

/// An hour of UTC: the unit that samples are stored and folded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(i64);

impl Hour {
    /// The hour with this number since 1970.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// Its number since 1970.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// When it starts.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_seconds(self.0 * HOUR_SECONDS)
    }

    /// When it ends: the start of the next.
    pub const fn end(self) -> Timestamp {
        self.plus(1).start()
    }

    /// The hour `hours` later (negative: earlier).
    #[must_use]
    pub const fn plus(self, hours: i64) -> Self {
        Self(self.0 + hours)
    }

    /// The day it lies in.
    pub const fn day(self) -> Day {
        Day(self.0.div_euclid(24))
    }
}

/// A day of UTC: one bar on the status page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// The day with this number since 1970.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// Its number since 1970.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// When it starts.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_seconds(self.0 * DAY_SECONDS)
    }

    /// Its first hour.
    pub const fn first_hour(self) -> Hour {
        Hour(self.0 * 24)
    }

    /// The day `days` later (negative: earlier).
    #[must_use]
    pub const fn plus(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    /// Its calendar date.
    pub fn date(self) -> NaiveDate {
        NaiveDate::default() + TimeDelta::days(self.0)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.date())
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let date: NaiveDate = String::deserialize(deserializer)?.parse().map_err(de::Error::custom)?;
        Ok(Self((date - NaiveDate::default()).num_days()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_and_read_as_rfc_3339() {
        let at: Timestamp = "2026-02-28T23:59:59.250+01:00".parse().expect("valid");
        assert_eq!(at.to_string(), "2026-02-28T22:59:59.250Z");
        assert!("yesterday".parse::<Timestamp>().is_err());
    }

    #[test]
    fn a_span_is_written_in_its_largest_whole_unit() {
        for text in ["45s", "5m", "1h", "6h", "3d", "30d"] {
            assert_eq!(text.parse::<Span>().expect("valid").to_string(), text);
        }
        assert_eq!("90m".parse::<Span>().expect("valid").to_string(), "90m");
        for wrong in ["", "d", "-1h", "1.5h", "10", "1w", "é"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn ticks_start_on_multiples_of_the_interval() {
        let at: Timestamp = "2026-11-01T12:34:56.789Z".parse().expect("valid");
        assert_eq!(Tick::containing(at, Interval::MINUTE).start().to_string(), "2026-11-01T12:34:00.000Z");
        let five = Interval::from_seconds(5).expect("valid");
        assert_eq!(Tick::containing(at, five).start().to_string(), "2026-11-01T12:34:55.000Z");
        assert!(Interval::from_seconds(4).is_err() && Interval::from_seconds(301).is_err());
    }

    #[test]
    fn a_day_is_its_date() {
        let day = "2024-02-29T12:00:00Z".parse::<Timestamp>().expect("valid").day();
        assert_eq!(serde_json::to_string(&day).expect("serialises"), "\"2024-02-29\"");
        assert_eq!(serde_json::from_str::<Day>("\"2024-02-29\"").expect("reads"), day);
        assert_eq!(day.first_hour().day(), day);
    }
}
