//! Histories placed by hand: over the turns of calendars, and so long that samples are no longer kept.

use rstest::rstest;

use plimsoll_domain::time::{Interval, Span, Tick, Timestamp};

use crate::busy::{slo, tell};
use crate::town::Town;

fn five_minutes() -> Interval {
    Interval::from_seconds(300).expect("an interval")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// Ticks from `from` to `to`, which is not in it.
fn ticks(from: Timestamp, to: Timestamp, interval: Interval) -> impl Iterator<Item = Tick> {
    let first = Tick::containing(from, interval);
    std::iter::successors(Some(first), move |tick| Some(tick.next(interval))).take_while(move |tick| tick.start() < to)
}

/// What turns lies in the middle of the two and a half days that are played.
#[rstest]
#[case::clocks_are_put_forward("Europe/Stockholm", "2026-03-29T01:00:00Z")]
#[case::clocks_are_put_back("Europe/Stockholm", "2026-10-25T01:00:00Z")]
#[case::a_week_begins_after_a_short_day("America/New_York", "2026-03-09T04:00:00Z")]
#[case::a_month_begins_with_a_long_day("America/New_York", "2026-11-01T04:00:00Z")]
#[case::half_an_hour_is_put_back("Australia/Lord_Howe", "2026-04-04T15:00:00Z")]
#[case::half_an_hour_is_put_forward("Australia/Lord_Howe", "2026-10-03T15:30:00Z")]
#[case::a_day_without_a_midnight("Asia/Beirut", "2026-03-28T22:00:00Z")]
#[case::a_week_after_such_a_day("Asia/Beirut", "2026-03-29T21:00:00Z")]
#[case::a_quarter_without_its_midnight("America/Asuncion", "2023-10-01T04:00:00Z")]
#[case::the_last_hour_of_a_month_twice("Africa/Cairo", "2024-10-31T21:00:00Z")]
#[case::the_first_hour_of_a_month_twice("America/Havana", "2026-11-01T04:00:00Z")]
#[case::a_quarter_begins_in_the_middle_of_an_hour("Asia/Kolkata", "2026-03-31T18:30:00Z")]
#[case::a_year_ends("America/New_York", "2026-01-01T05:00:00Z")]
#[case::a_leap_february_ends("Asia/Kolkata", "2024-02-29T18:30:00Z")]
#[case::a_leap_february_ends_in_utc("UTC", "2024-03-01T00:00:00Z")]
fn what_is_moved_over_a_turn_of_the_calendar_is_right(#[case] zone: &str, #[case] turn: &str) {
    let slos = (0..6).map(|number| {
        let unit = ["week", "month", "quarter"][number % 3];
        slo(number, &format!("{unit} {zone}"), 0.9)
    });
    let mut town = Town::new(slos.collect(), five_minutes());
    let turn = at(turn);
    let soon = turn.minus(Span::hours(2))..turn.plus(Span::hours(2));
    for (index, tick) in ticks(turn.minus(Span::hours(30)), turn.plus(Span::hours(30)), town.interval).enumerate() {
        tell(&mut town, tick);
        town.advance(tick);
        if index % 23 == 0 || soon.contains(&tick.start()) {
            town.measure(tick);
        }
        if index % 37 == 0 {
            town.compare_with_afresh(tick);
        }
    }
}

/// Days on which much happens: where the far edges of the windows will be, and the last ones.
fn is_dense(at: Timestamp, last: Timestamp) -> bool {
    let days = last.millis_since(at) / 86_400_000;
    days < 5 || [90, 91, 100, 366].iter().any(|edge| (days - edge).abs() <= 1)
}

#[rstest]
#[case::rolling(["90d", "100d", "366d", "91d", "30d", "90d"])]
#[case::calendar(["quarter Asia/Kolkata", "quarter Europe/Stockholm", "quarter America/New_York", "quarter UTC", "month UTC", "366d"])]
fn windows_longer_than_samples_are_kept_are_right(#[case] windows: [&str; 6]) {
    let slos = windows.into_iter().enumerate().map(|(number, window)| slo(number, window, 0.99));
    let mut town = Town::new(slos.collect(), five_minutes());
    // The end of a quarter of 92 days, so that its first days are not kept in full.
    let last = at("2026-09-30T23:00:00Z");
    for tick in ticks(last.minus(Span::days(400)), last.minus(Span::hours(20)), town.interval) {
        let hour = tick.hour();
        if is_dense(tick.start(), last) || hour.number() % 17 == 0 {
            tell(&mut town, tick);
        }
        if tick.start() == hour.day().start() && hour.day().number() % 9 == 0 {
            town.advance(tick);
            town.pantry.expire(tick.start());
        }
    }
    for (index, tick) in ticks(last.minus(Span::hours(20)), last.plus(Span::hours(4)), town.interval).enumerate() {
        tell(&mut town, tick);
        town.advance(tick);
        town.pantry.expire(tick.start());
        if index % 29 == 0 || tick.end(town.interval).millis() % 3_600_000 == 0 {
            town.measure(tick);
        }
        if index % 97 == 0 {
            town.compare_with_afresh(tick);
        }
    }
}

#[test]
fn a_calm_week_is_followed_without_building_anew_but_at_midnight() {
    let mut town = Town::new(vec![slo(0, "7d", 0.999)], Interval::MINUTE);
    let start = at("2025-11-01T00:00:00Z");
    for tick in ticks(start, start.plus(Span::days(7)), town.interval) {
        let verdict = crate::town::Verdict {
            status: plimsoll_domain::sample::SampleStatus::Operational,
            latency_ms: None,
            maintenance: false,
        };
        town.sample(0, tick, verdict);
        town.advance(tick);
    }
    let components = town.components.len();
    assert_eq!(town.ticker.rebuilt, 7 * components, "once at the start and at each of six midnights");
}
