//! Instants, days and months as a reader's own clock and calendar have them.
//!
//! The zone is always named: a page is read from elsewhere, and one hour of each autumn happens twice.

use chrono::{DateTime, NaiveDate, Offset};
use chrono_tz::{OffsetName, Tz};
use plimsoll_domain::time::{Day, Timestamp};

use crate::words::Words;

/// The years 0 to 9999 in milliseconds: the calendar of any zone has them.
const INSTANTS: (i64, i64) = (-62_167_219_200_000 + DAY_MILLIS, 253_402_300_799_999 - DAY_MILLIS);
const DAY_MILLIS: i64 = 86_400_000;

/// An instant for machines and for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// RFC 3339 in UTC, to the millisecond, for `<time datetime>`.
    pub iso: String,
    /// For a reader: `21 Nov 2026, 12:03 UTC`.
    pub text: String,
}

impl Words {
    /// An instant with its date: `21 Nov 2026, 12:03 UTC`.
    pub fn moment(&self, at: Timestamp) -> Moment {
        let local = self.local(at);
        let (date, time, zone) =
            (self.dated(local.date_naive(), "date-pattern"), self.time(local), abbreviation(local));
        let args = [("date", (&date).into()), ("time", (&time).into()), ("zone", (&zone).into())];
        Moment { iso: at.to_string(), text: self.say_with("moment", &args) }
    }

    /// An instant without its date, `12:03 UTC`, where that is the date of `now` in the zone; [`Words::moment`] otherwise.
    pub fn moment_near(&self, at: Timestamp, now: Timestamp) -> Moment {
        let local = self.local(at);
        if local.date_naive() != self.local(now).date_naive() {
            return self.moment(at);
        }
        let (time, zone) = (self.time(local), abbreviation(local));
        let args = [("time", (&time).into()), ("zone", (&zone).into())];
        Moment { iso: at.to_string(), text: self.say_with("moment-same-day", &args) }
    }

    /// A day with its weekday: `Sat 21 Nov 2026`. It is the date that is counted by, whatever the zone.
    pub fn day(&self, day: Day) -> String {
        self.dated(day.date(), "day-pattern")
    }

    /// A day of a year that is known: `21 Nov`.
    pub fn short_day(&self, day: Day) -> String {
        self.dated(day.date(), "short-day-pattern")
    }

    /// A month, January being 1: `November 2026`. What is no month is given back in figures.
    pub fn month(&self, year: i32, month: u32) -> String {
        let first = NaiveDate::from_ymd_opt(year, month, 1);
        first.map_or_else(|| format!("{year}-{month:02}"), |first| self.dated(first, "month-pattern"))
    }

    fn local(&self, at: Timestamp) -> DateTime<Tz> {
        let within = at.millis().clamp(INSTANTS.0, INSTANTS.1);
        DateTime::from_timestamp_millis(within).expect("chrono has the years 0 to 9999").with_timezone(&self.zone())
    }

    fn dated(&self, date: NaiveDate, pattern: &str) -> String {
        date.format_localized(&self.say(pattern), self.locale().language().date_names).to_string()
    }

    fn time(&self, at: DateTime<Tz>) -> String {
        at.format_localized(&self.say("time-pattern"), self.locale().language().date_names).to_string()
    }
}

/// What a zone is called at an instant: `CET`, or `UTC+5:30` where people have no letters for it.
fn abbreviation(at: DateTime<Tz>) -> String {
    let letters = at.offset().abbreviation().filter(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()));
    letters.map_or_else(|| from_utc(at.offset().fix().local_minus_utc() / 60), str::to_owned)
}

fn from_utc(minutes: i32) -> String {
    let (sign, size) = (if minutes < 0 { '\u{2212}' } else { '+' }, minutes.abs());
    match (size / 60, size % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::format::{Item, StrftimeItems};

    use super::*;
    use crate::Locale;

    fn words(tag: &str, zone: Tz) -> Words {
        Words::new(Locale::find(tag).expect("it is built in"), zone)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    /// One instant in English and in Swedish, as Stockholm's clocks have it.
    fn stockholm(text: &str) -> [String; 2] {
        ["en", "sv"].map(|tag| words(tag, Tz::Europe__Stockholm).moment(at(text)).text)
    }

    #[test]
    fn an_instant_is_exact_for_machines_and_short_for_people() {
        let moment = words("en", Tz::UTC).moment(at("2026-11-21T12:03:59.250Z"));
        assert_eq!(moment.iso, "2026-11-21T12:03:59.250Z");
        assert_eq!(moment.text, "21 Nov 2026, 12:03 UTC");
        assert_eq!(words("sv", Tz::UTC).moment(at("2026-11-21T12:03:59Z")).text, "21 nov 2026 12:03 UTC");
    }

    #[test]
    fn midnight_is_that_of_the_zone() {
        assert_eq!(stockholm("2026-11-20T22:59:59Z"), ["20 Nov 2026, 23:59 CET", "20 nov 2026 23:59 CET"]);
        assert_eq!(stockholm("2026-11-20T23:00:00Z"), ["21 Nov 2026, 00:00 CET", "21 nov 2026 00:00 CET"]);
        assert_eq!(stockholm("2026-12-31T23:00:00Z")[1], "1 jan 2027 00:00 CET");
    }

    #[test]
    fn the_hour_that_happens_twice_is_told_apart_and_the_one_that_does_not_is_never_told() {
        let autumn = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"].map(|text| stockholm(text)[1].clone());
        assert_eq!(autumn, ["25 okt 2026 02:30 CEST", "25 okt 2026 02:30 CET"]);
        let spring = ["2026-03-29T00:59:00Z", "2026-03-29T01:00:00Z"].map(|text| stockholm(text)[1].clone());
        assert_eq!(spring, ["29 mar 2026 01:59 CET", "29 mar 2026 03:00 CEST"]);
    }

    #[test]
    fn an_instant_of_another_day_of_the_zone_carries_its_date() {
        let near = |zone, one, now| words("en", zone).moment_near(at(one), at(now)).text;
        assert_eq!(near(Tz::UTC, "2026-11-20T12:03:00Z", "2026-11-20T23:59:00Z"), "12:03 UTC");
        assert_eq!(near(Tz::UTC, "2026-11-20T12:03:00Z", "2026-11-21T00:03:00Z"), "20 Nov 2026, 12:03 UTC");
        let stockholm = Tz::Europe__Stockholm;
        assert_eq!(near(stockholm, "2026-11-20T23:30:00Z", "2026-11-21T12:00:00Z"), "00:30 CET");
        assert_eq!(near(stockholm, "2026-11-20T22:30:00Z", "2026-11-20T23:30:00Z"), "20 Nov 2026, 23:30 CET");
    }

    #[test]
    fn days_and_months_have_their_names() {
        let day = at("2026-11-21T23:59:00Z").day();
        let said = ["en", "sv"].map(|tag| words(tag, Tz::Pacific__Kiritimati)).map(|words| {
            [words.day(day), words.short_day(day), words.month(2026, 11), words.month(2026, 5), words.month(2026, 13)]
        });
        assert_eq!(said[0], ["Sat 21 Nov 2026", "21 Nov", "November 2026", "May 2026", "2026-13"]);
        assert_eq!(said[1], ["lör 21 nov 2026", "21 nov", "november 2026", "maj 2026", "2026-13"]);
    }

    #[test]
    fn a_zone_without_letters_is_told_by_its_distance() {
        let zone = |zone| words("en", zone).moment_near(at("2026-11-21T12:00:00Z"), at("2026-11-21T12:00:00Z")).text;
        assert_eq!(zone(Tz::Asia__Kathmandu), "17:45 UTC+5:45");
        assert_eq!(zone(Tz::America__Sao_Paulo), "09:00 UTC\u{2212}3");
        assert_eq!(zone(Tz::Europe__London), "12:00 GMT");
    }

    #[test]
    fn instants_beyond_the_calendar_are_told_as_its_ends() {
        for millis in [i64::MIN, i64::MAX] {
            for zone in [Tz::Pacific__Kiritimati, Tz::Pacific__Pago_Pago] {
                assert!(!words("sv", zone).moment(Timestamp::from_millis(millis)).text.is_empty());
            }
        }
    }

    #[test]
    fn every_pattern_of_every_language_can_be_filled_in() {
        for words in Locale::all().map(|locale| Words::new(locale, Tz::UTC)) {
            for key in ["date-pattern", "time-pattern", "day-pattern", "short-day-pattern", "month-pattern"] {
                let pattern = words.say(key);
                let wrong = StrftimeItems::new(&pattern).any(|item| matches!(item, Item::Error));
                assert!(!wrong, "{key} of {:?}: {pattern}", words.locale());
            }
            let day = at("2026-11-21T12:00:00Z").day();
            assert!(!words.day(day).is_empty() && !words.moment(day.start()).text.is_empty());
        }
    }
}
