//! The process itself: its jobs, what it tells of itself, and what it costs.

use super::super::job_runs::JOBS;
use super::buckets::TICK;
use super::kinds::{Area, Instrument, Kind, Label, Measure};

const JOB: Label = Label::one_of("task", &JOBS);

pub(super) const JOBS_AREA: Area = Area {
    title: "Jobs",
    instruments: &[
        Instrument::times("plimsoll_tick_duration_seconds", &TICK, "Time that a tick takes.", &[]),
        Instrument::times("plimsoll_tick_lag_seconds", &TICK, "How long after its time a tick began to be run.", &[]),
        Instrument::counter("plimsoll_tick_failures_total", "Ticks that did not come to their end.", &[]),
        Instrument::gauge(
            "plimsoll_tick_last_timestamp_seconds",
            Measure::UnixSeconds,
            "The time of the last tick that came to its end.",
            &[],
        ),
        Instrument::gauge("plimsoll_tick_interval_seconds", Measure::Seconds, "From one tick to the next.", &[]),
        Instrument::counter(
            "plimsoll_job_runs_total",
            "Turns of what is done in the background.",
            &[JOB, Label::one_of("result", &["ok", "failed"])],
        ),
        Instrument::gauge(
            "plimsoll_job_last_timestamp_seconds",
            Measure::UnixSeconds,
            "When it last had a turn that did not fail.",
            &[JOB],
        ),
    ],
};

pub(super) const TELEMETRY_AREA: Area = Area {
    title: "Telemetry",
    instruments: &[
        Instrument::counter(
            "plimsoll_log_lines_total",
            "Lines that were logged.",
            &[Label::one_of("level", &["error", "warn", "info", "debug", "trace"])],
        ),
        Instrument::counter(
            "plimsoll_spans_total",
            "Spans, by what became of them.",
            &[Label::one_of("result", &["exported", "failed", "dropped"])],
        ),
        Instrument::counter(
            "plimsoll_own_errors_total",
            "Errors of our own that were to be sent to Sentry, by what became of them.",
            &[Label::one_of("result", &["sent", "failed", "dropped"])],
        ),
        Instrument::counter(
            "plimsoll_profile_pushes_total",
            "Times that profiles were pushed to a Pyroscope, by what became of it.",
            &[Label::one_of("result", &["sent", "failed"])],
        ),
    ],
};

pub(super) const PROGRAM_AREA: Area = Area {
    title: "Program",
    instruments: &[
        Instrument::gauge(
            "plimsoll_build_info",
            Measure::Count,
            "Always 1; says which version runs.",
            &[Label::bound_by("version", "one: that of the program")],
        ),
        Instrument::gauge("plimsoll_runtime_workers", Measure::Count, "Threads that work on tasks.", &[]),
        Instrument::gauge("plimsoll_runtime_tasks", Measure::Count, "Tasks that are alive.", &[]),
        Instrument::gauge(
            "plimsoll_runtime_queue_depth",
            Measure::Count,
            "Tasks that wait for any thread to take them up.",
            &[],
        ),
        Instrument {
            name: "plimsoll_runtime_busy_seconds_total",
            kind: Kind::Counter,
            measure: Measure::Seconds,
            help: "Time that all of these threads together spent on tasks.",
            labels: &[],
        },
        Instrument::gauge(
            "plimsoll_memory_allocated_bytes",
            Measure::Bytes,
            "Memory that the program has asked for.",
            &[],
        ),
        Instrument::gauge(
            "plimsoll_memory_resident_bytes",
            Measure::Bytes,
            "Memory that the allocator holds for it.",
            &[],
        ),
    ],
};

/// What the system says of the process.
pub(super) const SYSTEM_AREA: Area = Area {
    title: "Process",
    instruments: &[
        Instrument {
            name: "process_cpu_seconds_total",
            kind: Kind::Counter,
            measure: Measure::Seconds,
            help: "Processor time, of the user and of the system.",
            labels: &[],
        },
        Instrument::gauge("process_resident_memory_bytes", Measure::Bytes, "Memory that is resident.", &[]),
        Instrument::gauge("process_virtual_memory_bytes", Measure::Bytes, "Memory that is mapped.", &[]),
        Instrument::gauge("process_virtual_memory_max_bytes", Measure::Bytes, "Memory that may be mapped.", &[]),
        Instrument::gauge("process_open_fds", Measure::Count, "Files and connections that are open.", &[]),
        Instrument::gauge("process_max_fds", Measure::Count, "Files and connections that may be open.", &[]),
        Instrument::gauge("process_threads", Measure::Count, "Threads.", &[]),
        Instrument::gauge("process_start_time_seconds", Measure::UnixSeconds, "When the process was started.", &[]),
    ],
};
