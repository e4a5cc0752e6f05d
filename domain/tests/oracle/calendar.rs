//! Windows by other means: walking over local dates a day at a time, and over instants a quarter of an hour at a time,
//! never asking which instant a local time is.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;

use plimsoll_domain::slo::{CalendarUnit, Window};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// How long samples are kept: a longer window begins on a full hour.
const KEPT_MS: i64 = 90 * DAY_MS;

/// Where a window that ends at `end` starts, in milliseconds since 1970.
pub(crate) fn start(window: Window, end: i64) -> i64 {
    match window {
        Window::Rolling(span) if span.seconds() * 1_000 > KEPT_MS => full_hour(end - span.seconds() * 1_000),
        Window::Rolling(span) => end - span.seconds() * 1_000,
        Window::Calendar(unit, zone) => {
            let zone: Tz = zone.name().parse().expect("a zone");
            let start = dawn(first_date(unit, zone, end), zone);
            // A quarter may be longer than 90 days.
            if unit == CalendarUnit::Quarter { full_hour(start) } else { start }
        }
    }
}

/// How long the whole of it is, in milliseconds.
pub(crate) fn length(window: Window, end: i64) -> i64 {
    match window {
        Window::Rolling(span) => span.seconds() * 1_000,
        Window::Calendar(unit, zone) => {
            let zone: Tz = zone.name().parse().expect("a zone");
            let first = first_date(unit, zone, end);
            let mut next = first + TimeDelta::days(1);
            while !begins(unit, next) {
                next += TimeDelta::days(1);
            }
            dawn(next, zone) - dawn(first, zone)
        }
    }
}

fn full_hour(at: i64) -> i64 {
    at - at.rem_euclid(HOUR_MS)
}

fn local_date(at: i64, zone: Tz) -> NaiveDate {
    DateTime::<Utc>::from_timestamp_millis(at).expect("an instant").with_timezone(&zone).date_naive()
}

fn first_date(unit: CalendarUnit, zone: Tz, end: i64) -> NaiveDate {
    let mut date = local_date(end - 1, zone);
    while !begins(unit, date) {
        date -= TimeDelta::days(1);
    }
    date
}

fn begins(unit: CalendarUnit, date: NaiveDate) -> bool {
    match unit {
        CalendarUnit::Week => date.weekday() == Weekday::Mon,
        CalendarUnit::Month => date.day() == 1,
        CalendarUnit::Quarter => date.day() == 1 && [1, 4, 7, 10].contains(&date.month()),
    }
}

/// The first instant that is of this date in this zone. No zone is further than 14 hours from UTC, and since 1972 each
/// is whole quarters of an hour from it.
fn dawn(date: NaiveDate, zone: Tz) -> i64 {
    let midnight = date.and_hms_opt(0, 0, 0).expect("midnight").and_utc().timestamp_millis();
    let mut at = midnight - 15 * HOUR_MS;
    while local_date(at, zone) != date {
        at += 15 * MINUTE_MS;
        assert!(at < midnight + 15 * HOUR_MS, "{date} is not a date of {zone}");
    }
    at
}
