//! Days as the tenant's own calendar has them. What people read beside an instant must lie on the same day as the instant.

use chrono::{DateTime, Datelike, NaiveDate, Timelike};
use chrono_tz::Tz;
use plimsoll_domain::time::{Day, Span, Timestamp};
use plimsoll_words::Words;

/// The number of 1970-01-01 among the days of the common era.
const EPOCH: i64 = 719_163;
/// Hours between two marks on an axis of hours.
const MARK: u32 = 12;

/// The day that `at` lies in, in this zone.
pub(crate) fn day(at: Timestamp, zone: Tz) -> Day {
    local(at, zone).map_or_else(|| at.day(), |local| number(local.date_naive()))
}

/// Midnights and noons of the zone in this stretch of time, each with what is written there.
pub(crate) fn marks(from: Timestamp, to: Timestamp, words: &Words) -> Vec<(Timestamp, String)> {
    let mut marks = Vec::new();
    let mut at = from;
    while at <= to {
        let Some(local) = local(at, words.zone()) else { break };
        let over = i64::from(local.minute()) * 60 + i64::from(local.second());
        let sharp = at.minus(Span::from_seconds(over));
        if local.hour() % MARK == 0 && sharp >= from {
            let is_midnight = local.hour() == 0;
            let time = || local.format(&words.say("time-pattern")).to_string();
            let label = if is_midnight { words.short_day(number(local.date_naive())) } else { time() };
            marks.push((sharp, label));
        }
        at = at.plus(Span::hours(1));
    }
    marks
}

fn local(at: Timestamp, zone: Tz) -> Option<DateTime<Tz>> {
    DateTime::from_timestamp_millis(at.millis()).map(|utc| utc.with_timezone(&zone))
}

fn number(date: NaiveDate) -> Day {
    Day::from_number(i64::from(date.num_days_from_ce()) - EPOCH)
}

#[cfg(test)]
mod tests {
    use plimsoll_words::Locale;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn an_instant_lies_on_the_day_of_its_zone() {
        let late = at("2026-11-20T23:30:00Z");
        assert_eq!(day(late, Tz::UTC), late.day());
        assert_eq!(day(late, Tz::Europe__Stockholm), late.day().plus(1));
        assert_eq!(day(at("2026-11-21T03:00:00Z"), Tz::America__New_York), late.day());
    }

    #[test]
    fn an_axis_is_marked_at_midnight_and_noon_of_the_zone() {
        let marked = |zone| {
            let words = Words::new(Locale::english(), zone);
            let marks = marks(at("2026-11-19T12:00:00Z"), at("2026-11-21T11:00:00Z"), &words);
            marks.into_iter().map(|(at, label)| format!("{at} {label}")).collect::<Vec<_>>()
        };
        let utc = [
            "2026-11-19T12:00:00.000Z 12:00",
            "2026-11-20T00:00:00.000Z 20 Nov",
            "2026-11-20T12:00:00.000Z 12:00",
            "2026-11-21T00:00:00.000Z 21 Nov",
        ];
        assert_eq!(marked(Tz::UTC), utc);
        let kathmandu = marked(Tz::Asia__Kathmandu);
        assert_eq!(kathmandu.first().map(String::as_str), Some("2026-11-19T18:15:00.000Z 20 Nov"));
        assert_eq!(kathmandu.len(), 4);
    }
}
