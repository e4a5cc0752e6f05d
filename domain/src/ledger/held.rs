//! One hour as an account holds it: only what its windows ask for, and as small as can be, since every account holds
//! half a dozen of them.

use std::ops::Range;

use crate::ledger::Held;
use crate::rollup::{Counts, Tally};
use crate::sample::{HourSamples, Sample, SampleStatus};
use crate::sketch::{Bucket, Sketch};
use crate::slo::Judge;
use crate::time::{Hour, Span, Timestamp};

const HOUR_MS: i64 = 3_600_000;

/// Samples in a row that are the same apart, and count the same: an hour in which nothing happens is one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// Seconds into the hour of the first.
    first: u16,
    /// Seconds from one to the next.
    step: u16,
    count: u16,
    status: SampleStatus,
    maintenance: bool,
}

impl Run {
    fn of(offset: u16, status: SampleStatus, maintenance: bool) -> Self {
        Self { first: offset, step: 0, count: 1, status, maintenance }
    }

    const fn last(self) -> u16 {
        self.first + self.step * (self.count - 1)
    }

    /// Takes one more sample in, if it goes on as the run does.
    fn extend(&mut self, next: Self) -> bool {
        let gap = next.first - self.last();
        let fits =
            self.status == next.status && self.maintenance == next.maintenance && (self.count == 1 || gap == self.step);
        if fits {
            (self.step, self.count) = (gap, self.count + 1);
        }
        fits
    }

    /// How many of them lie before `offset` seconds into the hour.
    fn before(self, offset: i64) -> u64 {
        let (past, step) = (offset - i64::from(self.first), i64::from(self.step.max(1)));
        if past <= 0 { 0 } else { ((past - 1) / step + 1).min(self.count.into()).unsigned_abs() }
    }

    fn counts(self, from: i64, to: i64) -> Counts {
        let count = self.before(to).saturating_sub(self.before(from));
        let one = Counts::of_verdict(self.status, self.maintenance);
        let many = |tally: Tally| Tally {
            operational: tally.operational * count,
            degraded: tally.degraded * count,
            down: tally.down * count,
            unknown: tally.unknown * count,
        };
        Counts { normal: many(one.normal), maintenance: many(one.maintenance), event_hours: 0 }
    }
}

/// Events of one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct EventCount {
    /// Milliseconds into the hour.
    at: u32,
    good: u32,
    bad: u32,
    maintenance: bool,
}

/// What the samples or events of one hour count as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdicts(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Runs(Box<[Run]>),
    Events(Box<[EventCount]>),
    Whole(Box<Counts>),
}

impl Default for Verdicts {
    fn default() -> Self {
        Self(Form::Runs(Box::default()))
    }
}

impl Verdicts {
    /// What the samples and events of `hour` count as when they are judged by `judge`.
    pub fn of(hour: Hour, held: &HourSamples, judge: Judge) -> Self {
        if held.events().next().is_some() {
            return Self(Form::Events(events(hour, held)));
        }
        let mut runs: Vec<Run> = Vec::new();
        for sample in held.iter() {
            let next = Run::of(offset(hour, sample), judge.class(sample), sample.maintenance);
            if !runs.last_mut().is_some_and(|run| run.extend(next)) {
                runs.push(next);
            }
        }
        Self(Form::Runs(runs.into()))
    }

    /// The newest known verdict of a sample at or after `oldest`.
    pub fn newest_known(&self, hour: Hour, oldest: Timestamp) -> Option<SampleStatus> {
        let Form::Runs(runs) = &self.0 else { return None };
        let fresh = |run: &&Run| hour.start().plus(Span::from_seconds(run.last().into())) >= oldest;
        runs.iter().rev().take_while(fresh).find(|run| run.status.is_known()).map(|run| run.status)
    }

    /// An hour of which only the whole is known: it counts in full in every window that touches it.
    pub fn whole(counts: Counts) -> Self {
        Self(Form::Whole(Box::new(counts)))
    }
}

fn offset(hour: Hour, sample: &Sample) -> u16 {
    u16::try_from(sample.tick.seconds() - hour.start().seconds()).unwrap_or(u16::MAX)
}

fn events(hour: Hour, held: &HourSamples) -> Box<[EventCount]> {
    let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let counts = held.events().map(|events| EventCount {
        at: u32::try_from(events.at.millis_since(hour.start())).unwrap_or(u32::MAX),
        good: small(events.good),
        bad: small(events.bad),
        maintenance: events.maintenance,
    });
    counts.collect()
}

/// Whether a window, in milliseconds into an hour, has any of the hour in it.
const fn touches_hour(window: &Range<i64>) -> bool {
    window.start < HOUR_MS && window.end > 0
}

impl Held for Verdicts {
    type Amount = Counts;

    fn within(&self, hour: Hour, from: Timestamp, to: Timestamp) -> Counts {
        let (from, to) = (from.millis_since(hour.start()), to.millis_since(hour.start()));
        let seconds = |millis: i64| (millis + 999).div_euclid(1_000);
        match &self.0 {
            Form::Runs(runs) => runs.iter().map(|run| run.counts(seconds(from), seconds(to))).sum(),
            Form::Events(events) => {
                let inside = events.iter().filter(|events| (from..to).contains(&events.at.into()));
                inside.fold(Counts::default(), |mut counts, events| {
                    let tally = if events.maintenance { &mut counts.maintenance } else { &mut counts.normal };
                    tally.operational += u64::from(events.good);
                    tally.down += u64::from(events.bad);
                    counts.event_hours = 1;
                    counts
                })
            }
            Form::Whole(counts) if touches_hour(&(from..to)) => **counts,
            Form::Whole(_) => Counts::default(),
        }
    }
}

/// How long the good answers of one hour took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    /// Milliseconds into the hour, and what was told then.
    samples: Box<[(u32, Bucket)]>,
    events: Box<[(u32, Sketch)]>,
    whole: Option<Box<Sketch>>,
}

impl Latencies {
    /// How long good samples and all events of `hour` took; those inside maintenance only if they count.
    pub fn of(hour: Hour, held: &HourSamples, count_maintenance: bool) -> Self {
        let counts = |maintenance: bool| count_maintenance || !maintenance;
        let into = |at: Timestamp| u32::try_from(at.millis_since(hour.start())).unwrap_or(u32::MAX);
        let good = held.iter().filter(|sample| sample.status.is_good() && counts(sample.maintenance));
        let timed = good.filter_map(|sample| Some((into(sample.tick.start()), Bucket::of(sample.latency_ms?.into()))));
        let events = held.events().filter(|events| counts(events.maintenance) && events.latency.count() > 0);
        Self {
            samples: timed.collect(),
            events: events.map(|events| (into(events.at), events.latency.clone())).collect(),
            whole: None,
        }
    }

    /// An hour of which only the whole is known: it counts in full in every window that touches it.
    pub fn whole(sketch: Sketch) -> Self {
        Self { whole: Some(Box::new(sketch)), ..Self::default() }
    }
}

impl Held for Latencies {
    type Amount = Sketch;

    fn within(&self, hour: Hour, from: Timestamp, to: Timestamp) -> Sketch {
        let range = from.millis_since(hour.start())..to.millis_since(hour.start());
        let whole = self.whole.as_deref().filter(|_| touches_hour(&range));
        let mut sketch = whole.cloned().unwrap_or_default();
        let samples = self.samples.iter().filter(|(at, _)| range.contains(&i64::from(*at)));
        samples.for_each(|(_, bucket)| sketch.put(*bucket, 1));
        let events = self.events.iter().filter(|(at, _)| range.contains(&i64::from(*at)));
        events.for_each(|(_, latency)| sketch.merge(latency));
        sketch
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Tick;

    const STATUSES: [SampleStatus; 4] =
        [SampleStatus::Operational, SampleStatus::Degraded, SampleStatus::Down, SampleStatus::Unknown];

    proptest! {
        #[test]
        fn runs_count_as_their_samples_do(
            parts in prop::collection::btree_map(0i64..720, (0usize..4, any::<bool>()), 0..300),
            from in -10i64..3_700, to in -10i64..3_700,
        ) {
            let hour = Hour::from_number(490_000);
            let mut held = HourSamples::default();
            held.merge(parts.into_iter().map(|(slot, (status, maintenance))| Sample {
                tick: Tick::from_seconds(hour.start().seconds() + slot * 5),
                status: STATUSES[status],
                latency_ms: None,
                maintenance,
            }));
            let at = |offset: i64| Timestamp::from_millis(hour.start().millis() + offset * 1_000 - 1);
            let verdicts = Verdicts::of(hour, &held, Judge::Verdict);
            prop_assert_eq!(verdicts.within(hour, at(from), at(to)), held.counts(at(from), at(to)));
        }
    }

    #[test]
    fn an_hour_in_which_nothing_happens_is_one_run() {
        let hour = Hour::from_number(490_000);
        let mut held = HourSamples::default();
        held.merge((0..720).map(|slot| Sample {
            tick: Tick::from_seconds(hour.start().seconds() + slot * 5),
            status: SampleStatus::Operational,
            latency_ms: Some(40),
            maintenance: false,
        }));
        let Verdicts(Form::Runs(runs)) = Verdicts::of(hour, &held, Judge::Verdict) else { panic!("not runs") };
        assert_eq!((runs.len(), runs[0].count), (1, 720));
    }
}
