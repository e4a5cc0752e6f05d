//! A backtest does what the tick job would have done: the same firings, the same last measurement, over the same hours.

use rstest::rstest;

use plimsoll_domain::accounts::HeldHour;
use plimsoll_domain::rollup::Rollup;
use plimsoll_domain::sample::SampleStatus::{Down, Operational};
use plimsoll_domain::sample::{HourSamples, Sample};
use plimsoll_domain::slo::backtest::{Firing, Hours, Replay};
use plimsoll_domain::slo::{BurnSeverity, Measurement, Scope, Slo, Tier};
use plimsoll_domain::time::{Interval, Span, Tick, Timestamp};

use crate::busy::{slo, tell_in_time};
use crate::town::Town;

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn five_minutes() -> Interval {
    Interval::from_seconds(300).expect("an interval")
}

fn ticks(from: Timestamp, to: Timestamp) -> impl Iterator<Item = Tick> {
    let first = Tick::containing(from, five_minutes());
    let ticks = std::iter::successors(Some(first), |tick| Some(tick.next(five_minutes())));
    ticks.take_while(move |tick| tick.start() < to)
}

/// When which tier began and ceased to fire, read off the measurements.
fn firings(measured: &[Measurement]) -> Vec<Firing> {
    let mut all: Vec<Firing> = Vec::new();
    for measurement in measured {
        for tier in &measurement.tiers {
            let open = all.iter_mut().find(|firing| firing.long == tier.long && firing.to.is_none());
            match (open, tier.firing_since) {
                (Some(open), None) => open.to = Some(measurement.at),
                (None, Some(from)) => {
                    let (long, short, severity, quiet) = (tier.long, tier.short, tier.severity, tier.quiet);
                    all.push(Firing { long, short, severity, from, to: None, quiet });
                }
                _ => {}
            }
        }
    }
    all
}

/// Two tiers that fire when the budget goes `pace` times as fast as it may.
fn with_tiers(slo: Slo, pace: f64) -> Slo {
    let hours = slo.window.shortest().as_hours();
    let tier = |(long, severity)| Tier {
        long: Span::hours(long),
        short: Span::minutes(15),
        budget_share: (pace * long as f64 / hours).min(1.0),
        severity,
    };
    Slo { tiers: [(1, BurnSeverity::Page), (3, BurnSeverity::Ticket)].map(tier).to_vec(), ..slo }
}

#[rstest]
#[case::availability(0, "7d", 0.95, 3.0)]
#[case::latency(1, "month Australia/Lord_Howe", 0.9, 1.2)]
#[case::events(2, "30d", 0.98, 2.0)]
#[case::prometheus(3, "week Asia/Kolkata", 0.98, 2.0)]
#[case::short(5, "3h", 0.98, 2.0)]
fn a_backtest_fires_what_fired(#[case] kind: usize, #[case] window: &str, #[case] objective: f64, #[case] pace: f64) {
    let slo = with_tiers(slo(kind, window, objective), pace);
    let mut town = Town::new(vec![slo.clone()], five_minutes());
    let (begin, from, to) = (at("2026-09-29T10:00:00Z"), at("2026-10-02T20:25:00Z"), at("2026-10-04T02:00:00Z"));
    let mut lived: Vec<Measurement> = Vec::new();
    for tick in ticks(begin, to) {
        tell_in_time(&mut town, tick);
        if tick.start() >= from {
            town.tick(tick);
            lived.extend(town.measured.values().cloned());
        }
    }
    let hours = town.pantry.everything(to);
    let mut replay = Replay::new(&slo, &town.scene(Tick::containing(from, five_minutes())), &hours);
    for (tick, lived) in ticks(from, to).zip(&lived) {
        let untimed = Measurement { latency: None, ..lived.clone() };
        assert_eq!(replay.step(&town.scene(tick)), &untimed);
    }
    let outcome = replay.finish();
    let fired = firings(&lived);
    assert!(fired.len() > 3, "something to compare: {}", fired.len());
    assert_eq!(outcome.firings, fired);
    let left = |measured: &Measurement| Some((measured.at, measured.budget?.remaining_ratio));
    let lowest = lived.iter().filter_map(left).reduce(|low, next| if next.1 < low.1 { next } else { low });
    assert_eq!(outcome.lowest, lowest);
    assert_eq!(outcome.exhausted_at, lived.iter().filter_map(left).find(|(_, left)| *left <= 0.0).map(|(at, _)| at));
}

/// Four hours of `api`: the second of them all bad.
fn four_hours(folded: bool) -> Hours {
    let start = at("2026-01-01T00:00:00Z");
    let mut hours = Hours::new();
    for index in 0..4 {
        let hour = start.hour().plus(index);
        let status = if index == 1 { Down } else { Operational };
        let mut samples = HourSamples::default();
        samples.merge(ticks(hour.start(), hour.end()).map(|tick| Sample {
            tick,
            status,
            latency_ms: None,
            maintenance: false,
        }));
        let held = if folded { HeldHour::Folded(Rollup::of_hour(hour, &samples)) } else { HeldHour::Samples(samples) };
        hours.entry("api".parse().expect("a series")).or_default().insert(hour, held);
    }
    hours
}

#[rstest]
#[case::kept_in_full(false, 6)]
#[case::known_as_a_whole(true, 12)]
fn an_hour_that_no_window_touches_does_not_count(#[case] folded: bool, #[case] valid: u64) {
    let api = Scope::Component("api".parse().expect("a slug"));
    let slo = Slo { scope: api, ..slo(0, "1h", 0.9) };
    let town = Town::new(vec![slo.clone()], five_minutes());
    let hours = four_hours(folded);
    let end = at("2026-01-01T02:30:00Z");
    let scene = town.scene(Tick::containing(end.minus(five_minutes().span()), five_minutes()));
    let mut replay = Replay::new(&slo, &scene, &hours);
    replay.step(&scene);
    let last = replay.finish().last.expect("it was measured");
    // The last half hour lies in the third hour alone, which was good; the second was bad.
    assert_eq!(last.burn_over(Span::minutes(30).into()), Some(0.0));
    // Half of the second hour and half of the third, or, where only the whole is known, both.
    assert_eq!((last.good, last.valid), (valid, 2 * valid));
}
