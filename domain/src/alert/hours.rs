//! Hours of the week in which a route is taken, in the time zone of those who sleep.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveTime, Timelike, Weekday};
use serde::{Deserialize, Serialize};

use crate::invalid::{Faults, Invalid};
use crate::slo::Zone;
use crate::time::Timestamp;

/// When a route is taken. A span that ends before it starts goes over midnight, and belongs to the day that it starts on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveHours {
    /// Where the clock hangs.
    pub time_zone: Zone,
    /// On which days: `mon` to `sun`; all of them when empty.
    #[serde(default)]
    pub days: BTreeSet<Day>,
    /// The first minute, `HH:MM`.
    pub from: Minute,
    /// The first minute after, `HH:MM`; the same as `from` is the whole day.
    pub to: Minute,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "they are the days of the week")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl From<Weekday> for Day {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Mon => Self::Mon,
            Weekday::Tue => Self::Tue,
            Weekday::Wed => Self::Wed,
            Weekday::Thu => Self::Thu,
            Weekday::Fri => Self::Fri,
            Weekday::Sat => Self::Sat,
            Weekday::Sun => Self::Sun,
        }
    }
}

/// A minute of the day, written `HH:MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Minute(NaiveTime);

impl TryFrom<String> for Minute {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let time = NaiveTime::parse_from_str(&text, "%H:%M").ok().filter(|_| text.len() == 5);
        time.map(Self).ok_or_else(|| format!("expected a time of day such as 08:30, got {text:?}"))
    }
}

impl From<Minute> for String {
    fn from(minute: Minute) -> Self {
        format!("{:02}:{:02}", minute.0.hour(), minute.0.minute())
    }
}

impl ActiveHours {
    /// Hours of a route as they are written; faults are at `/time_zone`, `/days`, `/from` and `/to`.
    pub fn read(time_zone: &str, days: &[String], from: &str, to: &str) -> Result<Self, Invalid> {
        let mut faults = Faults::default();
        let zone = faults.keep(time_zone.parse(), "/time_zone");
        let mut read = BTreeSet::new();
        for (index, day) in days.iter().enumerate() {
            let named = serde_json::from_value::<Day>(day.as_str().into());
            let named = named.map_err(|_| format!("expected mon, tue, wed, thu, fri, sat or sun, got {day:?}"));
            read.extend(faults.keep(named, &format!("/days/{index}")));
        }
        let from = faults.keep(Minute::try_from(from.to_owned()), "/from");
        let to = faults.keep(Minute::try_from(to.to_owned()), "/to");
        faults.finish()?;
        let known = "every part is there when no fault was noted";
        Ok(Self { time_zone: zone.expect(known), days: read, from: from.expect(known), to: to.expect(known) })
    }

    /// Whether `at` lies in them.
    pub fn hold(&self, at: Timestamp) -> bool {
        let Some(utc) = DateTime::from_timestamp_millis(at.millis()) else { return false };
        let local = utc.with_timezone(&self.time_zone.tz());
        let (today, time) = (local.weekday(), local.time());
        let on = |day: Weekday| self.days.is_empty() || self.days.contains(&day.into());
        if self.from < self.to {
            return on(today) && self.from.0 <= time && time < self.to.0;
        }
        (on(today) && self.from.0 <= time) || (on(today.pred()) && time < self.to.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(days: &[&str], from: &str, to: &str) -> ActiveHours {
        let days: Vec<_> = days.iter().map(|day| (*day).to_owned()).collect();
        ActiveHours::read("Europe/Stockholm", &days, from, to).expect("valid")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn hours_are_those_of_the_zone_in_summer_and_in_winter() {
        let office = hours(&["mon", "tue", "wed", "thu", "fri"], "08:00", "17:00");
        assert!(office.hold(at("2026-11-02T07:00:00Z")) && !office.hold(at("2026-11-02T06:59:59Z")));
        assert!(office.hold(at("2026-07-06T06:00:00Z")) && !office.hold(at("2026-07-06T15:00:00Z")));
        assert!(!office.hold(at("2026-11-01T10:00:00Z")), "a Sunday");
    }

    #[test]
    fn a_night_belongs_to_the_day_that_it_starts_on() {
        let night = hours(&["fri"], "22:00", "06:00");
        assert!(night.hold(at("2026-11-06T21:30:00Z")) && night.hold(at("2026-11-07T04:59:00Z")));
        assert!(!night.hold(at("2026-11-06T03:00:00Z")) && !night.hold(at("2026-11-07T21:30:00Z")));
        let always = hours(&[], "00:00", "00:00");
        assert!(always.hold(at("2026-11-07T21:30:00Z")));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let wrong = ActiveHours::read("Mars/Base", &["mon".to_owned(), "moon".to_owned()], "8:00", "24:00");
        let pointers: Vec<_> = wrong.expect_err("refused").0.into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(pointers, ["/time_zone", "/days/1", "/from", "/to"]);
    }
}
