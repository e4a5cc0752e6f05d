//! Budgets worked out by hand. The arithmetic stands beside each.

use rstest::rstest;

use plimsoll_domain::sample::SampleStatus::{self, Down, Operational};
use plimsoll_domain::slo::{Objective, Slo, SloStatus};
use plimsoll_domain::time::{Interval, Span, Timestamp};

use crate::busy;
use crate::by_hand::{at, close, fires, five_minutes, remaining, town};

#[test]
fn one_bad_minute_at_three_nines_takes_a_forty_third_of_thirty_days() {
    let mut town = town(0, "30d", Interval::MINUTE);
    let noon = at("2026-11-20T12:00:00Z");
    town.tell(noon.minus(Span::days(30)), noon.minus(Span::minutes(1)), Operational);
    town.tell(noon.minus(Span::minutes(1)), noon, Down);
    let measured = town.look(noon);
    // 30 × 24 × 60 = 43,200 minutes; a thousandth of them is 43.2; 1 − 1 ÷ 43.2 = 0.976852.
    assert_eq!((measured.good, measured.valid), (43_199, 43_200));
    assert!(close(measured.budget.map(|budget| budget.total), 43.2));
    assert!(close(measured.budget.map(|budget| budget.consumed), 1.0));
    assert!(close(remaining(measured), 0.976_851_852));
    // 1 of 43,200 is 0.0231481 thousandths; 1 of 60 is 16.6667; 1 of 5 is 200.
    assert!(close(measured.burn_over(measured.window), 0.023_148_148));
    assert!(close(measured.burn_over(Span::hours(1).into()), 16.666_667));
    assert!(close(measured.burn_over(Span::minutes(5).into()), 200.0));
    // That is more than 14.4, but one minute wakes nobody.
    assert!(measured.tiers.iter().all(|tier| tier.firing_since.is_none()));
    // 16.6667 ÷ 720 h = 0.0231481 of the budget each hour; 0.976852 ÷ 0.0231481 = 42.2 h.
    assert!(close(measured.budget_burned_per_hour(), 0.023_148_148));
    assert!(close(measured.hours_to_exhaustion(), 42.2));
    assert_eq!((measured.status, measured.coverage), (Some(SloStatus::Ok), 1.0));
}

#[test]
fn a_hundred_percent_is_refused() {
    assert!(Objective::new(1.0).is_err());
    let mut written = serde_json::to_value(busy::slo(0, "30d", 0.999)).expect("it can be written");
    written["objective"] = 1.0.into();
    let refused = serde_json::from_value::<Slo>(written).expect_err("no budget");
    assert!(refused.to_string().contains("leaves no error budget"), "{refused}");
}

#[test]
fn two_requests_of_which_one_is_bad_are_no_reason_to_wake_anybody() {
    let mut town = town(2, "30d", Interval::MINUTE);
    let noon = at("2026-11-20T12:00:00Z");
    // Known for long, so that history is full.
    town.push_counts(noon.minus(Span::days(20)), 1, 0);
    town.look(noon.minus(Span::days(1)));
    town.push_counts(Timestamp::from_millis(noon.millis() - 1), 0, 1);
    let measured = town.look(noon);
    // 1 bad of 2 is a half; a half ÷ a thousandth = 500; 1 − 500 = −499.
    assert_eq!((measured.good, measured.valid), (1, 2));
    assert!(close(measured.burn_over(measured.window), 500.0));
    assert!(close(remaining(measured), -499.0));
    assert!(measured.tiers.iter().all(|tier| tier.firing_since.is_none()), "two bad ones are needed");
    assert_eq!((measured.status, measured.hours_to_exhaustion()), (Some(SloStatus::Exhausted), Some(0.0)));
    town.push_counts(noon, 0, 1);
    assert!(fires(town.look(noon.plus(Span::minutes(1))), Span::hours(1)), "now there are two");
}

#[test]
fn a_month_may_have_a_29th_of_february() {
    let mut town = town(0, "month UTC", five_minutes());
    let (february, march) = (at("2024-02-01T00:00:00Z"), at("2024-03-01T00:00:00Z"));
    let bad = at("2024-02-29T23:00:00Z");
    town.tell(february, bad, Operational);
    town.tell(bad, march, Down);
    let measured = town.look(march);
    // 29 × 288 = 8,352 ticks, of which the last 12 are bad; 8.352 may be; 1 − 12 ÷ 8.352 = −0.436782.
    assert_eq!((measured.good, measured.valid, measured.length), (8_340, 8_352, Span::days(29)));
    assert!(close(measured.budget.map(|budget| budget.total), 8.352) && close(remaining(measured), -0.436_781_609));
    // 0.02 × 696 h ÷ 1 h; 0.05 × 696 ÷ 6; 0.10 × 696 ÷ 24; 0.10 × 696 ÷ 72.
    let factors = measured.tiers.iter().map(|tier| tier.factor);
    assert!(factors.zip([13.92, 5.8, 2.9, 0.966_666_667]).all(|(got, want)| close(Some(got), want)));
    // The next month begins with nothing, and is 31 days long.
    town.tell(march, march.plus(Span::minutes(5)), Operational);
    let measured = town.look(march.plus(Span::minutes(5)));
    assert_eq!((measured.good, measured.valid, measured.length), (1, 1, Span::days(31)));
    assert_eq!((remaining(measured), measured.coverage), (Some(1.0), 1.0));
}

#[test]
fn an_slo_without_data_says_so_everywhere() {
    for (kind, window) in (0..6).zip(["30d", "1h", "week Asia/Kolkata", "month UTC", "quarter UTC", "366d"]) {
        let mut town = town(kind, window, Interval::MINUTE);
        let measured = town.look(at("2026-11-20T12:00:00Z"));
        assert_eq!((measured.good, measured.valid, measured.coverage), (0, 0, 0.0));
        assert_eq!((measured.sli(), measured.budget, measured.status, measured.latency), (None, None, None, None));
        assert!(measured.burn.iter().all(|reading| reading.rate.is_none()));
        assert!(measured.tiers.iter().all(|tier| tier.firing_since.is_none() && !tier.quiet));
        assert_eq!((measured.budget_burned_per_hour(), measured.hours_to_exhaustion()), (None, None));
    }
}

#[rstest]
#[case::nothing_is_noted(false)]
#[case::what_was_missed_is_noted(true)]
fn a_tenant_that_pauses_for_a_week_keeps_its_state_and_loses_coverage(#[case] is_noted: bool) {
    let mut town = town(0, "30d", five_minutes());
    let back = at("2026-11-20T12:00:00Z");
    let left = back.minus(Span::days(7));
    town.tell(back.minus(Span::days(30)), left.minus(Span::minutes(60)), Operational);
    let fired = town.live(left.minus(Span::minutes(60)), left, Down).tiers.clone();
    // The second bad tick is enough for all: 2 of 12, 72, 288 and 864 are 167, 28, 6.9 and 2.3 thousandths.
    assert!(fired.iter().all(|tier| tier.firing_since == Some(left.minus(Span::minutes(50)))));
    assert_eq!(fired.iter().map(|tier| tier.quiet).collect::<Vec<_>>(), [false, true, true, true]);
    if is_noted {
        town.tell(left, back, SampleStatus::Unknown);
    }
    let measured = town.look(back);
    assert_eq!(measured.tiers, fired, "nothing is known that could change it");
    // 23 of 30 days are known: 6,624 ticks, of which 12 were bad. 12 of 6,624 is 1.811594 thousandths.
    assert_eq!((measured.good, measured.valid), (6_612, 6_624));
    assert!(close(Some(measured.coverage), 23.0 / 30.0) && close(remaining(measured), -0.811_594_203));
    assert_eq!((measured.burn_over(Span::hours(1).into()), measured.hours_to_exhaustion()), (None, None));
    assert_eq!(measured.status, Some(SloStatus::Exhausted));
    let measured = town.live(back, back.plus(Span::minutes(5)), Operational);
    assert!(measured.tiers.iter().all(|tier| tier.firing_since.is_none()), "a good tick is known: 0 of 1");
}
