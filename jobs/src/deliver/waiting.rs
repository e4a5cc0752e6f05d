//! The metrics of what waits to be sent.

use metrics::{Gauge, gauge};

use plimsoll_domain::time::Timestamp;
use plimsoll_store::Backlog;

/// The metrics.
pub(super) struct Waiting {
    deliveries: Gauge,
    oldest: Gauge,
}

impl Waiting {
    /// Bound to the recorder that is installed when this is called.
    pub(super) fn new() -> Self {
        Self {
            deliveries: gauge!("plimsoll_alert_deliveries_waiting"),
            oldest: gauge!("plimsoll_alert_delivery_oldest_seconds"),
        }
    }

    /// Shows what waits at `now`.
    pub(super) fn show(&self, backlog: Backlog, now: Timestamp) {
        let age = backlog.oldest.map_or(0, |oldest| now.millis_since(oldest).max(0));
        self.deliveries.set(backlog.waiting as f64);
        self.oldest.set(age as f64 / 1_000.0);
    }
}
