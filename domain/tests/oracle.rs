//! Budgets and burn rates against an oracle that keeps every raw sample and adds all of them up again, each time: over
//! random histories with gaps, maintenance, late samples and pauses, equal to the last bit.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use plimsoll_domain::ledger::{Ledger, Past, Reach, Verdicts, first_recent_hour};
use plimsoll_domain::rollup::Counts;
use plimsoll_domain::sample::{HourSamples, Sample, SampleStatus};
use plimsoll_domain::slo::burn::{BURN_WINDOWS, DEFAULT_TIERS};
use plimsoll_domain::slo::measurement::Subject;
use plimsoll_domain::slo::{Measurement, Objective, Slo, WindowTotals, measure};
use plimsoll_domain::time::{Hour, Interval, Span, Tick, Timestamp};

const START: i64 = 1_761_955_200;
const STATUSES: [SampleStatus; 4] =
    [SampleStatus::Operational, SampleStatus::Degraded, SampleStatus::Down, SampleStatus::Unknown];

/// Some ticks in a row that went alike.
#[derive(Clone, Debug)]
struct Stretch {
    ticks: usize,
    status: SampleStatus,
    maintenance: bool,
    recorded: bool,
    /// How many ticks pass between two evaluations within it: more than one is a process that was away.
    stride: usize,
    /// Late samples that come in at its end: how many ticks back, and what they say.
    late: Vec<(i64, SampleStatus)>,
}

fn any_stretch() -> impl Strategy<Value = Stretch> {
    let status = prop::sample::select(STATUSES.to_vec());
    let late = prop::collection::vec((1i64..300, prop::sample::select(STATUSES.to_vec())), 0..3);
    (1usize..90, status, prop::bool::weighted(0.2), prop::bool::weighted(0.85), 1usize..40, late).prop_map(
        |(ticks, status, maintenance, recorded, stride, late)| {
            let stride = if stride > 30 { stride } else { 1 };
            Stretch { ticks, status, maintenance, recorded, stride, late }
        },
    )
}

/// Every raw sample, and nothing else.
#[derive(Default)]
struct Oracle(BTreeMap<Tick, Sample>);

impl Oracle {
    fn add(&mut self, sample: Sample) {
        let held = self.0.entry(sample.tick).or_insert(sample);
        if !held.status.is_known() && sample.status.is_known() {
            *held = sample;
        }
    }

    fn counts(&self, reach: Reach, end: Timestamp) -> Counts {
        let window = reach.start(end)..end;
        self.0.values().filter(|sample| window.contains(&sample.tick.start())).map(Counts::of).sum()
    }
}

/// The stored hours, and an account that moves on from tick to tick as the tick job moves it.
struct Account {
    reaches: Vec<Reach>,
    hours: BTreeMap<Hour, HourSamples>,
    unfolded: BTreeSet<Hour>,
    ledger: Option<Ledger>,
    rebuilt: usize,
}

impl Account {
    fn new(reaches: Vec<Reach>) -> Self {
        Self { reaches, hours: BTreeMap::new(), unfolded: BTreeSet::new(), ledger: None, rebuilt: 0 }
    }

    fn add(&mut self, sample: Sample) {
        let hour = sample.tick.hour();
        if self.hours.entry(hour).or_default().merge([sample]).accepted > 0 {
            self.unfolded.insert(hour);
        }
    }

    fn past(&self, end: Timestamp) -> Past {
        let needed = Ledger::past_needed(&self.reaches, end);
        let counts =
            |hour: Hour| self.hours.get(&hour).map(|held| held.counts(hour.start(), hour.end())).unwrap_or_default();
        let day = |first: Hour| (0..24).map(|offset| counts(first.plus(offset))).sum();
        Past {
            hours: needed.hours.into_iter().map(|hour| (hour, counts(hour))).collect(),
            days: needed.days.into_iter().map(|date| (date, day(date.first_hour()))).collect(),
        }
    }

    fn advance(&mut self, end: Timestamp) {
        let closed: Vec<Hour> = self.unfolded.range(..first_recent_hour(end)).copied().collect();
        for hour in closed {
            self.unfolded.remove(&hour);
            match &mut self.ledger {
                Some(ledger) if ledger.is_recent(hour) => ledger.put(hour, Verdicts::of(hour, &self.hours[&hour])),
                _ => self.ledger = None,
            }
        }
        let mut ledger = if let Some(held) = self.ledger.take().filter(|held| held.can_advance(&self.reaches, end)) {
            held
        } else {
            self.rebuilt += 1;
            Ledger::build(&self.reaches, end, &self.past(end))
        };
        for hour in ledger.hours_needed(end) {
            ledger.put(hour, Verdicts::of(hour, self.hours.get(&hour).unwrap_or(&HourSamples::default())));
        }
        assert!(ledger.advance(end), "nothing is changed behind its back");
        self.ledger = Some(ledger);
    }

    fn counts(&self, reach: Reach, end: Timestamp) -> Counts {
        self.ledger.as_ref().and_then(|ledger| ledger.totals(reach, end)).expect("the window is kept")
    }
}

fn reaches() -> Vec<Reach> {
    let spans = BURN_WINDOWS.into_iter().chain([Span::hours(3), Span::days(2), Span::days(7)]);
    spans.map(Reach::Last).chain([Reach::Today]).collect()
}

fn replay(history: &[Stretch], interval: Interval, mut check: impl FnMut(&Oracle, &Account, Tick)) -> usize {
    let (mut oracle, mut account) = (Oracle::default(), Account::new(reaches()));
    let mut tick = Tick::from_seconds(START);
    for stretch in history {
        for step in 0..stretch.ticks {
            let (status, maintenance) = (stretch.status, stretch.maintenance);
            if stretch.recorded {
                let sample = Sample { tick, status, latency_ms: None, maintenance };
                oracle.add(sample);
                account.add(sample);
            }
            if step % stretch.stride == 0 {
                account.advance(tick.end(interval));
                check(&oracle, &account, tick);
            }
            tick = tick.next(interval);
        }
        for (back, status) in &stretch.late {
            let tick = Tick::from_seconds(tick.seconds() - back * interval.seconds());
            let sample = Sample { tick, status: *status, latency_ms: None, maintenance: false };
            oracle.add(sample);
            account.add(sample);
        }
    }
    account.rebuilt
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    #[test]
    fn a_running_account_equals_adding_everything_up_again(
        history in prop::collection::vec(any_stretch(), 1..40),
        seconds in prop::sample::select(vec![60i64, 90, 300]),
    ) {
        let interval = Interval::from_seconds(seconds).expect("valid");
        replay(&history, interval, |oracle, account, tick| {
            let end = tick.end(interval);
            for reach in reaches() {
                assert_eq!(account.counts(reach, end), oracle.counts(reach, end), "{reach:?} at {}", tick.start());
            }
        });
    }

    #[test]
    fn budget_and_burn_equal_what_the_raw_samples_say(
        history in prop::collection::vec(any_stretch(), 1..30),
        objective in prop::sample::select(vec![0.9, 0.99, 0.999]),
        count_maintenance in any::<bool>(),
    ) {
        let interval = Interval::from_seconds(300).expect("valid");
        let objective = Objective::new(objective).expect("valid");
        let slo = Slo { objective, window: Span::days(7), count_maintenance, ..Slo::default_availability() };
        let mut last: Option<Measurement> = None;
        replay(&history, interval, |oracle, account, tick| {
            let end = tick.end(interval);
            let totals = |span| {
                let mut totals = WindowTotals::default();
                totals.add(account.counts(Reach::Last(span), end));
                totals
            };
            let tenant = "acme".parse().expect("slug");
            let subject = Subject { tenant: &tenant, tick, interval, components: 1 };
            let measured = measure(&slo, &subject, &totals, last.as_ref());
            check_against(oracle, &slo, &measured, last.as_ref(), end);
            last = Some(measured);
        });
    }
}

/// The figures of `measured`, worked out from raw samples by other words than the code under test uses.
fn check_against(oracle: &Oracle, slo: &Slo, measured: &Measurement, last: Option<&Measurement>, end: Timestamp) {
    let raw = |span: Span| {
        let window = end.minus(span)..end;
        let counted = oracle.0.values().filter(|sample| {
            window.contains(&sample.tick.start())
                && sample.status != SampleStatus::Unknown
                && (slo.count_maintenance || !sample.maintenance)
        });
        let (bad, good): (Vec<&Sample>, Vec<&Sample>) = counted.partition(|sample| sample.status == SampleStatus::Down);
        (good.len() as u64, bad.len() as u64)
    };
    let (good, bad) = raw(slo.window);
    assert_eq!((measured.good, measured.valid), (good, good + bad));
    let burn = |span: Span| {
        let (good, bad) = raw(span);
        (good + bad > 0).then(|| bad as f64 / (good + bad) as f64 / (1.0 - slo.objective.ratio()))
    };
    for reading in &measured.burn {
        assert_eq!(reading.rate, burn(reading.window), "{} at {end}", reading.window);
        assert!(reading.rate.is_none_or(f64::is_finite));
    }
    assert_eq!(measured.budget.is_none(), good + bad == 0);
    if let Some(budget) = measured.budget {
        assert!((budget.remaining_ratio - (1.0 - burn(slo.window).expect("there is data"))).abs() < 1e-12);
        assert!((budget.consumed - bad as f64).abs() < f64::EPSILON);
    }
    for (tier, reading) in DEFAULT_TIERS.iter().zip(&measured.tiers) {
        let was = last.and_then(|last| last.tiers.iter().find(|held| held.long == tier.long)?.firing_since);
        let fires = match (burn(tier.long), burn(tier.short)) {
            (Some(long), Some(_)) if was.is_some() => long > tier.factor(slo.window),
            (Some(long), Some(short)) => {
                let recorded = oracle.counts(Reach::Last(tier.long), end).all().total();
                let full = recorded + 2 >= (tier.long.seconds() / 300).unsigned_abs();
                full && raw(tier.long).1 >= 2 && long.min(short) > tier.factor(slo.window)
            }
            _ => was.is_some(),
        };
        assert_eq!(reading.firing_since.is_some(), fires, "{} at {end}", tier.long);
    }
}

#[test]
fn a_calm_week_is_followed_without_building_anew_but_at_midnight() {
    let calm = Stretch {
        ticks: 7 * 24 * 60,
        status: SampleStatus::Operational,
        maintenance: false,
        recorded: true,
        stride: 1,
        late: Vec::new(),
    };
    let rebuilt = replay(&[calm], Interval::MINUTE, |_, _, _| {});
    assert_eq!(rebuilt, 7, "once at the start and at each of six midnights");
}
