//! How long what is stored is kept or believed, where the kind of document alone does not say it.

use plimsoll_domain::audit::{AUDIT_RETENTION, AuditEntry};
use plimsoll_domain::frontend::{AppCounts, COUNTS_RETENTION, SPOOL_RETENTION};
use plimsoll_domain::rollup::HOURLY_RETENTION;
use plimsoll_domain::slo::{Measurement, Step};
use plimsoll_domain::subscriber::{PENDING_FOR, STOPPED_FOR, Subscriber, SubscriberState};
use plimsoll_domain::time::{Day, Span, Timestamp};

/// What lies further ahead than this was written by a clock that is wrong.
pub(crate) const AHEAD: Span = Span::hours(1);
/// How long a notice is kept once it is finished.
pub(crate) const NOTICE_RETENTION: Span = Span::days(30);
const FINE_RETENTION: Span = Span::days(2);
/// How long maintenance is kept once nothing of it follows any more: reports look 13 months back.
pub(crate) const MAINTENANCE_RETENTION: Span = Span::days(14 * 31);
/// An envelope that waits is given up, and counted, by those who pass it on. The store takes it away where nobody does.
const SPOOL_SLACK: Span = Span::hours(1);

/// When a measurement may go; `None`: never. Its step decides, and not whether its instant is round: after a pause the
/// first measurement of an hour is rarely taken at the hour.
pub(crate) fn measurement_expires_at(measurement: &Measurement) -> Option<Timestamp> {
    match measurement.step {
        Step::Day => None,
        Step::Hour => Some(measurement.at.plus(HOURLY_RETENTION)),
        Step::Tick => Some(measurement.at.plus(FINE_RETENTION)),
    }
}

/// When a subscriber may go; `None`: never. One to whom nothing is sent any more has nothing to be known by for long.
pub(crate) const fn subscriber_expires_at(subscriber: &Subscriber) -> Option<Timestamp> {
    match &subscriber.state {
        SubscriberState::Pending { asked_at } => Some(asked_at.plus(PENDING_FOR)),
        SubscriberState::Stopped { at, .. } => Some(at.plus(STOPPED_FOR)),
        SubscriberState::Active { .. } => None,
    }
}

/// When an entry of the audit log may go.
pub(crate) const fn audit_expires_at(entry: &AuditEntry) -> Timestamp {
    entry.at.plus(AUDIT_RETENTION)
}

/// When counts may go.
pub(crate) fn counts_expire_at(counts: &AppCounts) -> Timestamp {
    counts.day.start().plus(COUNTS_RETENTION)
}

/// The first day whose counts may not go yet at `now`.
pub(crate) fn counts_kept_from(now: Timestamp) -> Day {
    now.minus(COUNTS_RETENTION).day().plus(1)
}

/// When an envelope that came at `received_at` may go, though nobody gave it up.
pub(crate) const fn spooled_expires_at(received_at: Timestamp) -> Timestamp {
    received_at.plus(SPOOL_RETENTION).plus(SPOOL_SLACK)
}

/// The last instant at which an envelope came that may go at `now`.
pub(crate) const fn spooled_gone_until(now: Timestamp) -> Timestamp {
    now.minus(SPOOL_RETENTION).minus(SPOOL_SLACK)
}

/// A step as it is stored beside the document: a longer one is the greater number.
pub(crate) const fn step_number(step: Step) -> i32 {
    match step {
        Step::Tick => 0,
        Step::Hour => 1,
        Step::Day => 2,
    }
}
