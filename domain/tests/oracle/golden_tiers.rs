//! Tiers worked out by hand: when their windows are full, what they fire at, and which of them is heard.

use rstest::rstest;

use plimsoll_domain::sample::SampleStatus::{Down, Operational};
use plimsoll_domain::slo::{BurnSeverity, Slo, SloStatus};
use plimsoll_domain::time::{Interval, Span};

use crate::by_hand::{at, close, fires, five_minutes, own, town};

#[test]
fn a_new_slo_fires_no_tier_before_its_long_window_is_full() {
    let mut town = town(0, "30d", Interval::MINUTE);
    let start = at("2026-11-20T12:30:00Z");
    // Of 60 ticks, two may still be on their way: 57 are too few, 58 will do.
    let measured = town.live(start, start.plus(Span::minutes(57)), Down);
    assert_eq!((measured.good, measured.valid, measured.status), (0, 57, Some(SloStatus::Exhausted)));
    assert!(measured.tiers.iter().all(|tier| tier.firing_since.is_none()));
    let measured = town.live(start.plus(Span::minutes(57)), start.plus(Span::hours(1)), Down);
    let since = measured.tiers[0].firing_since;
    assert_eq!(since, Some(start.plus(Span::minutes(58))));
    assert!(measured.tiers[1..].iter().all(|tier| tier.firing_since.is_none()), "six hours are not full");
    // 60 of 43,200 ticks.
    assert!((measured.coverage - 60.0 / 43_200.0).abs() < 1e-12);
}

#[test]
fn a_new_slo_of_events_fires_no_tier_before_its_long_window_is_full() {
    let mut town = town(2, "30d", Interval::MINUTE);
    let first = at("2026-11-20T12:59:30Z");
    for minute in 0..=62 {
        town.push_counts(first.plus(Span::minutes(minute)), 0, 10);
        let end = at("2026-11-20T13:00:00Z").plus(Span::minutes(minute));
        let measured = town.look(end);
        // The window of an hour that ends at 14:00 starts at 13:00, after the first event: then it is full.
        assert_eq!(fires(measured, Span::hours(1)), minute >= 60, "{end}");
        assert!(!fires(measured, Span::hours(6)));
    }
}

#[test]
fn nor_does_it_where_that_window_has_two_ticks() {
    let mut town = town(2, "30d", five_minutes());
    let tiers = vec![own(Span::minutes(10), Span::minutes(5), 0.01, BurnSeverity::Page)];
    town.configure(vec![Slo { tiers, ..town.slos[0].clone() }]);
    let first = at("2026-11-20T12:01:00Z");
    for minute in [0, 5, 10] {
        town.push_counts(first.plus(Span::minutes(minute)), 0, 10);
        // No samples are no history of events. At 12:15 the window begins at 12:05, after the first.
        let measured = town.look(at("2026-11-20T12:05:00Z").plus(Span::minutes(minute)));
        assert_eq!(fires(measured, Span::minutes(10)), minute == 10);
    }
}

#[test]
fn the_first_hours_of_a_month_have_a_history_too() {
    let mut town = town(2, "month UTC", five_minutes());
    let month = at("2026-11-01T00:00:00Z");
    // A few runs a day, for days; then all fail, soon after the month began.
    for run in 1..=20 {
        town.push_counts(month.minus(Span::hours(run * 4)), 5, 0);
    }
    town.look(month);
    town.push_counts(month.plus(Span::minutes(9)), 0, 2);
    let measured = town.look(month.plus(Span::minutes(10)));
    // 2 bad of 2 in an hour, of 7 in six: 1,000 and 285 thousandths.
    assert!(fires(measured, Span::hours(1)) && fires(measured, Span::hours(6)));
}

#[test]
fn own_tiers_fire_where_they_say() {
    let mut town = town(0, "7d", Interval::MINUTE);
    // 0.01 × 168 h ÷ 0.5 h = 3.36; 0.2 × 168 ÷ 48 = 0.7.
    let tiers = vec![
        own(Span::minutes(30), Span::minutes(3), 0.01, BurnSeverity::Ticket),
        own(Span::hours(48), Span::hours(3), 0.2, BurnSeverity::Page),
    ];
    town.configure(vec![Slo { tiers, minimum_bad_samples: 1, ..town.slos[0].clone() }]);
    let bad = at("2026-11-20T00:00:00Z");
    town.tell(bad.minus(Span::days(7)), bad, Operational);
    let measured = town.live(bad, bad.plus(Span::minutes(1)), Down);
    assert!(measured.tiers.iter().zip([3.36, 0.7]).all(|(tier, want)| close(Some(tier.factor), want)));
    // 1 of 30 is 33 thousandths; 1 of 2,880 is 0.35.
    assert_eq!((fires(measured, Span::minutes(30)), fires(measured, Span::hours(48))), (true, false));
    // 1 of 10,080 leaves 0.90 of the budget, so that only the ticket tells.
    assert_eq!(measured.status, Some(SloStatus::Warning));
    // 2 of 2,880 are 0.69, 3 are 1.04; of the last three hours, 3 of 180 are 17.
    let measured = town.live(bad.plus(Span::minutes(1)), bad.plus(Span::minutes(2)), Down);
    assert!(!fires(measured, Span::hours(48)));
    let measured = town.live(bad.plus(Span::minutes(2)), bad.plus(Span::minutes(3)), Down);
    assert_eq!(measured.tiers.iter().map(|tier| tier.quiet).collect::<Vec<_>>(), [false, true]);
    assert_eq!(measured.status, Some(SloStatus::Critical));
    // Windows that are asked for are measured.
    for minutes in [3, 30, 180, 2_880] {
        assert!(measured.burn_over(Span::minutes(minutes).into()).is_some(), "{minutes}");
    }
}

#[test]
fn a_faster_tier_is_heard_wherever_it_stands_in_the_list() {
    let mut town = town(0, "30d", five_minutes());
    let tiers = vec![
        own(Span::days(3), Span::hours(6), 0.1, BurnSeverity::Ticket),
        own(Span::hours(1), Span::minutes(5), 0.02, BurnSeverity::Page),
    ];
    town.configure(vec![Slo { tiers, ..town.slos[0].clone() }]);
    let bad = at("2026-11-20T00:00:00Z");
    town.tell(bad.minus(Span::days(4)), bad, Operational);
    // 2 of 864 and 2 of 12 ticks are 2.3 and 167 thousandths: more than 1 and 14.4.
    let measured = town.live(bad, bad.plus(Span::minutes(10)), Down);
    assert!(measured.tiers.iter().all(|tier| tier.firing_since.is_some()));
    assert_eq!(measured.tiers.iter().map(|tier| tier.quiet).collect::<Vec<_>>(), [true, false]);
}

#[rstest]
#[case::a_rolling_week("7d", "2026-11-20T12:00:00Z", [3.36, 1.4, 0.7, 0.233_333_333])]
#[case::a_rolling_month("30d", "2026-11-20T12:00:00Z", [14.4, 6.0, 3.0, 1.0])]
#[case::a_month_of_thirty_days("month UTC", "2026-11-20T12:00:00Z", [14.4, 6.0, 3.0, 1.0])]
#[case::a_month_of_31_days("month UTC", "2026-12-20T12:00:00Z", [14.88, 6.2, 3.1, 1.033_333_333])]
#[case::a_month_of_743_hours("month Europe/Stockholm", "2026-03-20T12:00:00Z", [14.86, 6.191_666_667, 3.095_833_333, 1.031_944_444])]
#[case::a_quarter_of_92_days("quarter UTC", "2026-11-20T12:00:00Z", [44.16, 18.4, 9.2, 3.066_666_667])]
fn the_default_tiers_follow_the_window(#[case] window: &str, #[case] end: &str, #[case] factors: [f64; 4]) {
    let mut town = town(0, window, five_minutes());
    let measured = town.look(at(end));
    assert_eq!(measured.tiers.len(), 4);
    for (tier, want) in measured.tiers.iter().zip(factors) {
        assert!(close(Some(tier.factor), want), "{} fires at {}, not {want}", tier.long, tier.factor);
    }
}

#[test]
fn tiers_longer_than_the_window_are_passed_over() {
    let mut town = town(0, "6h", five_minutes());
    let measured = town.look(at("2026-11-20T12:00:00Z"));
    // 0.02 × 6 h ÷ 1 h; 0.05 × 6 ÷ 6.
    let tiers: Vec<_> = measured.tiers.iter().map(|tier| (tier.long, tier.factor)).collect();
    assert!(tiers.len() == 2 && close(Some(tiers[0].1), 0.12) && close(Some(tiers[1].1), 0.05), "{tiers:?}");
}
