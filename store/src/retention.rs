//! How long what is stored is kept or believed, where the kind of document alone does not say it.

use plimsoll_domain::rollup::HOURLY_RETENTION;
use plimsoll_domain::slo::{Measurement, Step};
use plimsoll_domain::time::{Span, Timestamp};

/// What lies further ahead than this was written by a clock that is wrong.
pub(crate) const AHEAD: Span = Span::hours(1);
const FINE_RETENTION: Span = Span::days(2);

/// When a measurement may go; `None`: never. Its step decides, and not whether its instant is round: after a pause the
/// first measurement of an hour is rarely taken at the hour.
pub(crate) fn measurement_expires_at(measurement: &Measurement) -> Option<Timestamp> {
    match measurement.step {
        Step::Day => None,
        Step::Hour => Some(measurement.at.plus(HOURLY_RETENTION)),
        Step::Tick => Some(measurement.at.plus(FINE_RETENTION)),
    }
}

/// A step as it is stored beside the document: a longer one is the greater number.
pub(crate) const fn step_number(step: Step) -> i32 {
    match step {
        Step::Tick => 0,
        Step::Hour => 1,
        Step::Day => 2,
    }
}
