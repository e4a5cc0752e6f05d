//! Cases worked out by hand. The arithmetic stands beside each.

use rstest::rstest;

use plimsoll_domain::sample::SampleStatus::{self, Down, Operational};
use plimsoll_domain::slo::{BurnSeverity, Measurement, Objective, Scope, Slo, SloStatus, Tier};
use plimsoll_domain::time::{Interval, Span, Tick, Timestamp};

use crate::busy;
use crate::raw::Pushed;
use crate::town::{Town, Verdict};

/// A town with one SLO, of the component `api` alone, at 99.9 %.
fn town(kind: usize, window: &str, interval: Interval) -> Town {
    let scope = Scope::Component("api".parse().expect("a slug"));
    Town::new(vec![Slo { scope, ..busy::slo(kind, window, 0.999) }], interval)
}

fn five_minutes() -> Interval {
    Interval::from_seconds(300).expect("an interval")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn close(got: Option<f64>, want: f64) -> bool {
    got.is_some_and(|got| (got - want).abs() < 1e-6 * want.abs().max(1.0))
}

fn remaining(measured: &Measurement) -> Option<f64> {
    measured.budget.map(|budget| budget.remaining_ratio)
}

fn fires(measured: &Measurement, long: Span) -> bool {
    measured.tiers.iter().any(|tier| tier.long == long && tier.firing_since.is_some())
}

impl Town {
    /// Tells `api` to be so at each tick of `from..to`, without looking.
    fn tell(&mut self, from: Timestamp, to: Timestamp, status: SampleStatus) {
        let mut tick = Tick::containing(from, self.interval);
        while tick.start() < to {
            self.sample(0, tick, Verdict { status, latency_ms: None, maintenance: false });
            tick = tick.next(self.interval);
        }
    }

    /// Tells so at each tick, and looks each time.
    fn live(&mut self, from: Timestamp, to: Timestamp, status: SampleStatus) -> &Measurement {
        let mut tick = Tick::containing(from, self.interval);
        while tick.start() < to {
            self.sample(0, tick, Verdict { status, latency_ms: None, maintenance: false });
            self.tick(tick);
            tick = tick.next(self.interval);
        }
        self.only()
    }

    /// Looks at the tick that ends at `end`.
    fn look(&mut self, end: Timestamp) -> &Measurement {
        self.tick(Tick::containing(end.minus(self.interval.span()), self.interval));
        self.only()
    }

    fn push_counts(&mut self, at: Timestamp, good: u64, bad: u64) {
        self.push(0, at, Pushed { good, bad, maintenance: false, latencies: Vec::new() });
    }

    fn only(&self) -> &Measurement {
        self.measured.values().next().expect("it was looked at")
    }
}

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

fn own(long: Span, short: Span, budget_share: f64, severity: BurnSeverity) -> Tier {
    Tier { long, short, budget_share, severity }
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
