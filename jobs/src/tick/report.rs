//! What one tick did, for at most one line of log.

use plimsoll_domain::sample::SampleStatus;
use plimsoll_domain::time::{Tick, Timestamp};

use super::probe::Looks;
use super::world::World;

/// What one tick did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickReport {
    /// Which tick.
    pub tick: Tick,
    /// Tenants this instance worked for.
    pub tenants: usize,
    /// Their components.
    pub components: usize,
    /// Components looked at.
    pub looked_at: usize,
    /// Of those, found down.
    pub down: usize,
    /// Samples of ticks that nobody ran, written down as `unknown`.
    pub missed: u64,
    /// Incidents opened, changed or closed.
    pub transitions: usize,
    /// From the start of the work to its end, in ms.
    pub duration_ms: i64,
    started: Timestamp,
}

impl TickReport {
    pub(crate) fn begin(tick: Tick, started: Timestamp, world: &World) -> Self {
        Self {
            tick,
            tenants: world.tenants.len(),
            components: world.components().count(),
            looked_at: 0,
            down: 0,
            missed: 0,
            transitions: 0,
            duration_ms: 0,
            started,
        }
    }

    pub(crate) fn note_looks(&mut self, looks: &Looks) {
        self.looked_at = looks.len();
        self.down = looks.values().filter(|outcome| outcome.status == SampleStatus::Down).count();
    }

    pub(crate) fn end(&mut self, now: Timestamp) {
        self.duration_ms = now.millis_since(self.started);
    }

    /// One line: at `info` when something happened, at `debug` otherwise.
    pub fn announce(&self) {
        let Self { tenants, components, looked_at, down, missed, transitions, duration_ms, .. } = self;
        let tick = self.tick.start();
        if *missed > 0 || *transitions > 0 {
            tracing::info!(%tick, tenants, components, looked_at, down, missed, transitions, duration_ms, "tick");
        } else {
            tracing::debug!(%tick, tenants, components, looked_at, down, missed, transitions, duration_ms, "tick");
        }
    }
}
