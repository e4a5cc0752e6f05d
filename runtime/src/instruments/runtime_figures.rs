//! What tokio says of itself: how many threads and tasks there are, and how busy they are. Only what its stable interface
//! tells: the rest needs a build of everything with a flag.

use std::time::Duration;

use metrics::{Counter, Gauge, counter, gauge};
use tokio::runtime::Handle;

pub(super) struct RuntimeFigures {
    runtime: Handle,
    workers: Gauge,
    tasks: Gauge,
    queue: Gauge,
    busy: Counter,
}

impl RuntimeFigures {
    /// Of the runtime that this is called in.
    pub(super) fn new() -> Self {
        Self {
            runtime: Handle::current(),
            workers: gauge!("plimsoll_runtime_workers"),
            tasks: gauge!("plimsoll_runtime_tasks"),
            queue: gauge!("plimsoll_runtime_queue_depth"),
            busy: counter!("plimsoll_runtime_busy_seconds_total"),
        }
    }

    /// Looks at it anew.
    pub(super) fn show(&self) {
        let figures = self.runtime.metrics();
        let workers = figures.num_workers();
        let busy: Duration = (0..workers).map(|worker| figures.worker_total_busy_duration(worker)).sum();
        self.workers.set(workers as f64);
        self.tasks.set(figures.num_alive_tasks() as f64);
        self.queue.set(figures.global_queue_depth() as f64);
        self.busy.absolute(busy.as_secs());
    }
}
