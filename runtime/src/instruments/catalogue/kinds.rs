//! What is said of a metric.

use metrics::Unit;

/// Metrics about one thing.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    /// What they are about.
    pub title: &'static str,
    /// The metrics.
    pub instruments: &'static [Instrument],
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Instrument {
    /// Its name, by which it is asked for.
    pub name: &'static str,
    /// How it moves.
    pub kind: Kind,
    /// What it is measured in.
    pub measure: Measure,
    /// What it means: one sentence.
    pub help: &'static str,
    /// Its labels, besides `le` of a histogram.
    pub labels: &'static [Label],
}

/// How a metric moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// It only grows, and begins anew with the process.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It counts values by these upper bounds.
    Histogram(&'static [f64]),
}

/// What a metric is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Things, by number.
    Count,
    /// Seconds.
    Seconds,
    /// Seconds since 1970.
    UnixSeconds,
    /// Bytes.
    Bytes,
    /// A share, where 1 is all.
    Ratio,
}

/// A label, and what it may be.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// Its values.
    pub values: Values,
}

/// What a label may be.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// One of these, and nothing else.
    OneOf(&'static [&'static str]),
    /// As much as something else bounds, in words.
    BoundBy(&'static str),
}

impl Instrument {
    pub(super) const fn counter(name: &'static str, help: &'static str, labels: &'static [Label]) -> Self {
        Self { name, kind: Kind::Counter, measure: Measure::Count, help, labels }
    }

    pub(super) const fn gauge(
        name: &'static str,
        measure: Measure,
        help: &'static str,
        labels: &'static [Label],
    ) -> Self {
        Self { name, kind: Kind::Gauge, measure, help, labels }
    }

    /// Of seconds.
    pub(super) const fn times(
        name: &'static str,
        bounds: &'static [f64],
        help: &'static str,
        labels: &'static [Label],
    ) -> Self {
        Self { name, kind: Kind::Histogram(bounds), measure: Measure::Seconds, help, labels }
    }
}

impl Kind {
    /// As Prometheus calls it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

impl Measure {
    pub(super) const fn unit(self) -> Unit {
        match self {
            Self::Count | Self::Ratio => Unit::Count,
            Self::Seconds | Self::UnixSeconds => Unit::Seconds,
            Self::Bytes => Unit::Bytes,
        }
    }

    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "number",
            Self::Seconds => "seconds",
            Self::UnixSeconds => "seconds since 1970",
            Self::Bytes => "bytes",
            Self::Ratio => "ratio",
        }
    }
}

impl Label {
    pub(super) const fn one_of(name: &'static str, values: &'static [&'static str]) -> Self {
        Self { name, values: Values::OneOf(values) }
    }

    pub(super) const fn bound_by(name: &'static str, what: &'static str) -> Self {
        Self { name, values: Values::BoundBy(what) }
    }
}

/// Tenants that have series of their own.
pub(super) const TENANT: Label = Label::bound_by("tenant", "at most `PLIMSOLL_METRICS_TENANTS` tenants");
