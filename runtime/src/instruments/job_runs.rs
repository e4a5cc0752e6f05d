//! Turns of what is done in the background: whether they come, and whether they fail.

use metrics::{Counter, Gauge, counter, gauge};

use plimsoll_domain::time::Timestamp;

/// What is done in the background, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Ticks.
    Tick,
    /// Taking alerts that lie ready.
    Deliver,
    /// Looking again at alerts that are kept back.
    Reconsider,
    /// Taking up subscribers who are to be told something.
    Notices,
    /// Relaying envelopes that wait.
    Relay,
    /// Clearing away what has outlived its time.
    Retention,
    /// Storing what was counted of frontend apps.
    Counts,
    /// Asking what the process stands on.
    Dependencies,
}

impl Job {
    /// Every job.
    pub const ALL: [Self; 8] = [
        Self::Tick,
        Self::Deliver,
        Self::Reconsider,
        Self::Notices,
        Self::Relay,
        Self::Retention,
        Self::Counts,
        Self::Dependencies,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tick => "tick",
            Self::Deliver => "deliver",
            Self::Reconsider => "reconsider",
            Self::Notices => "notices",
            Self::Relay => "relay",
            Self::Retention => "retention",
            Self::Counts => "counts",
            Self::Dependencies => "dependencies",
        }
    }
}

/// Their names.
pub(super) const JOBS: [&str; Job::ALL.len()] = {
    let mut names = [""; Job::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = Job::ALL[at].as_str();
        at += 1;
    }
    names
};

/// Counts the turns of one job.
#[derive(Clone)]
pub struct JobRuns {
    ok: Counter,
    failed: Counter,
    last: Gauge,
}

impl JobRuns {
    /// None so far. Bound to the recorder that is installed when this is called.
    pub fn of(job: Job) -> Self {
        // Not by the label `job`, which is what a scraper calls the scrape.
        let job = job.as_str();
        Self {
            ok: counter!("plimsoll_job_runs_total", "task" => job, "result" => "ok"),
            failed: counter!("plimsoll_job_runs_total", "task" => job, "result" => "failed"),
            last: gauge!("plimsoll_job_last_timestamp_seconds", "task" => job),
        }
    }

    /// Counts a turn that ended at `now`, and gives back what it came to.
    pub fn note<T, E>(&self, turn: Result<T, E>, now: Timestamp) -> Result<T, E> {
        if turn.is_ok() {
            self.went_well(now);
        } else {
            self.failed.increment(1);
        }
        turn
    }

    /// Counts a turn that ended at `now`, of a job that cannot fail.
    pub fn went_well(&self, now: Timestamp) {
        self.ok.increment(1);
        self.last.set(now.millis() as f64 / 1e3);
    }
}
