//! Samples folded per hour and per day: counts by verdict, inside and outside maintenance, and a latency sketch.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

use crate::sample::{HourSamples, Sample, SampleStatus};
use crate::sketch::Sketch;
use crate::time::{Hour, Span};

/// How long hourly rollups are kept: 13 months. Daily ones are kept for ever.
pub const HOURLY_RETENTION: Span = Span::days(396);

/// How many samples had which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Samples that were `operational`.
    pub operational: u64,
    /// Samples that were `degraded`.
    pub degraded: u64,
    /// Samples that were `down`.
    pub down: u64,
    /// Samples that were `unknown`.
    pub unknown: u64,
}

impl Tally {
    /// Operational and degraded: good.
    pub const fn good(&self) -> u64 {
        self.operational + self.degraded
    }

    /// All but `unknown`.
    pub const fn known(&self) -> u64 {
        self.good() + self.down
    }

    /// All of them.
    pub const fn total(&self) -> u64 {
        self.known() + self.unknown
    }

    const fn slot(&mut self, status: SampleStatus) -> &mut u64 {
        match status {
            SampleStatus::Operational => &mut self.operational,
            SampleStatus::Degraded => &mut self.degraded,
            SampleStatus::Down => &mut self.down,
            SampleStatus::Unknown => &mut self.unknown,
        }
    }
}

/// Counts of samples or events, those inside announced maintenance apart, since an SLO may leave them out. A good event
/// counts as `operational`, a bad one as `down`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Outside maintenance.
    pub normal: Tally,
    /// Inside maintenance.
    pub maintenance: Tally,
    /// Hours in which there were events: how much of a window is known of a series without ticks.
    pub event_hours: u64,
}

impl Counts {
    /// The count of a single sample.
    pub fn of(sample: &Sample) -> Self {
        Self::of_verdict(sample.status, sample.maintenance)
    }

    /// One sample with this verdict.
    pub fn of_verdict(status: SampleStatus, maintenance: bool) -> Self {
        let mut counts = Self::default();
        let tally = if maintenance { &mut counts.maintenance } else { &mut counts.normal };
        *tally.slot(status) = 1;
        counts
    }

    /// Inside and outside maintenance together.
    pub fn all(&self) -> Tally {
        self.normal + self.maintenance
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            operational: self.operational + other.operational,
            degraded: self.degraded + other.degraded,
            down: self.down + other.down,
            unknown: self.unknown + other.unknown,
        }
    }
}

impl Tally {
    fn checked_sub(self, other: Self) -> Option<Self> {
        Some(Self {
            operational: self.operational.checked_sub(other.operational)?,
            degraded: self.degraded.checked_sub(other.degraded)?,
            down: self.down.checked_sub(other.down)?,
            unknown: self.unknown.checked_sub(other.unknown)?,
        })
    }
}

impl Counts {
    /// These less `other`; `None` when there are not as many to take away.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        let (normal, maintenance) =
            (self.normal.checked_sub(other.normal)?, self.maintenance.checked_sub(other.maintenance)?);
        let event_hours = self.event_hours.checked_sub(other.event_hours)?;
        Some(Self { normal, maintenance, event_hours })
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            normal: self.normal + other.normal,
            maintenance: self.maintenance + other.maintenance,
            event_hours: self.event_hours + other.event_hours,
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), Add::add)
    }
}

/// Samples and events folded together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rollup {
    /// How many of each verdict.
    pub counts: Counts,
    /// How long good answers took, outside maintenance.
    pub latency: Sketch,
    /// How long good answers took, inside maintenance.
    pub maintenance_latency: Sketch,
}

impl Rollup {
    /// Folds an hour.
    pub fn of_hour(hour: Hour, held: &HourSamples) -> Self {
        let (start, end) = (hour.start(), hour.end());
        Self {
            counts: held.counts(start, end),
            latency: held.latencies(start, end, |maintenance| !maintenance),
            maintenance_latency: held.latencies(start, end, |maintenance| maintenance),
        }
    }

    /// Adds all that `other` holds.
    pub fn merge(&mut self, other: &Self) {
        self.counts += other.counts;
        self.latency.merge(&other.latency);
        self.maintenance_latency.merge(&other.maintenance_latency);
    }
}
