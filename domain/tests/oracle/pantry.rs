//! What a store would hold: hours of samples with a mark on those that changed, rollups by hour and by day, each for as
//! long as it is kept.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_domain::accounts::{HeldHour, SeriesPast};
use plimsoll_domain::ids::Series;
use plimsoll_domain::ledger::{Cover, is_only_folded};
use plimsoll_domain::rollup::{HOURLY_RETENTION, Rollup};
use plimsoll_domain::sample::{HourSamples, Portion, by_hour};
use plimsoll_domain::slo::backtest::Hours;
use plimsoll_domain::time::{Day, Hour, Timestamp};

/// An hour that changed since it was folded.
pub(crate) type Changed = (Series, Hour, HourSamples);

#[derive(Debug, Default)]
pub(crate) struct Pantry {
    hours: BTreeMap<(Series, Hour), HourSamples>,
    unfolded: BTreeSet<(Series, Hour)>,
    hourly: BTreeMap<(Series, Hour), Rollup>,
    daily: BTreeMap<(Series, Day), Rollup>,
}

impl Pantry {
    pub(crate) fn record(&mut self, series: &Series, portion: &Portion) {
        for (hour, portion) in by_hour(&portion.samples, &portion.events) {
            let key = (series.clone(), hour);
            if self.hours.entry(key.clone()).or_default().merge_portion(&portion).accepted > 0 {
                self.unfolded.insert(key);
            }
        }
    }

    /// Folds hours before this one that changed, and their days, and says which they were.
    pub(crate) fn fold(&mut self, before: Hour) -> Vec<Changed> {
        let changed: Vec<_> = self.unfolded.iter().filter(|(_, hour)| *hour < before).cloned().collect();
        for (series, hour) in &changed {
            let key = (series.clone(), *hour);
            self.unfolded.remove(&key);
            let rollup = Rollup::of_hour(*hour, &self.hours[&key]);
            self.hourly.insert(key, rollup);
            self.renew_day(series, hour.day());
        }
        let read = |(series, hour): (Series, Hour)| {
            let samples = self.hours[&(series.clone(), hour)].clone();
            (series, hour, samples)
        };
        changed.into_iter().map(read).collect()
    }

    fn renew_day(&mut self, series: &Series, day: Day) {
        let mut whole = Rollup::default();
        for hour in (0..24).map(|offset| day.first_hour().plus(offset)) {
            if let Some(rollup) = self.hourly.get(&(series.clone(), hour)) {
                whole.merge(rollup);
            }
        }
        self.daily.insert((series.clone(), day), whole);
    }

    /// Whether nothing before this hour is still to be folded.
    pub(crate) fn is_folded_before(&self, before: Hour) -> bool {
        self.unfolded.iter().all(|(_, hour)| *hour >= before)
    }

    /// Lets go of what is too old to be kept.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        self.hours.retain(|(_, hour), _| !is_only_folded(*hour, now));
        self.hourly.retain(|(_, hour), _| hour.end() > now.minus(HOURLY_RETENTION));
    }

    /// One hour as it can be read at `now`.
    pub(crate) fn held(&self, series: &Series, hour: Hour, now: Timestamp) -> Option<HeldHour> {
        let key = (series.clone(), hour);
        if is_only_folded(hour, now) {
            return self.hourly.get(&key).cloned().map(HeldHour::Folded);
        }
        self.hours.get(&key).cloned().map(HeldHour::Samples)
    }

    /// What is kept of the past that is needed.
    pub(crate) fn past(&self, series: &Series, needed: &Cover) -> SeriesPast {
        let hour = |hour: &Hour| Some((*hour, self.hourly.get(&(series.clone(), *hour))?.clone()));
        let day = |day: &Day| Some((*day, self.daily.get(&(series.clone(), *day))?.clone()));
        SeriesPast {
            hours: needed.hours.iter().filter_map(hour).collect(),
            days: needed.days.iter().filter_map(day).collect(),
        }
    }

    /// Everything that is kept by the hour, as it can be read at `now`.
    pub(crate) fn everything(&self, now: Timestamp) -> Hours {
        let mut all = Hours::new();
        for (series, hour) in self.hours.keys().chain(self.hourly.keys()) {
            if let Some(held) = self.held(series, *hour, now) {
                all.entry(series.clone()).or_default().insert(*hour, held);
            }
        }
        all
    }
}
