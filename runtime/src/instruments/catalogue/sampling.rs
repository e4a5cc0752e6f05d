//! Components: samples of them, what is wrong with them, and what the page says.

use super::buckets::LOOK;
use super::kinds::{Area, Instrument, Label, Measure, TENANT};

const STATUS: Label = Label::one_of("status", &["operational", "degraded", "down", "unknown"]);

pub(super) const AREA: Area = Area {
    title: "Samples and incidents",
    instruments: &[
        Instrument::gauge("plimsoll_tenants", Measure::Count, "Tenants that this process works for.", &[]),
        Instrument::gauge(
            "plimsoll_components",
            Measure::Count,
            "Components of these tenants, by their newest status.",
            &[STATUS],
        ),
        Instrument::counter("plimsoll_samples_total", "Looks at components, by what was found.", &[STATUS]),
        Instrument::times(
            "plimsoll_sample_latency_seconds",
            &LOOK,
            "Time until a component that was looked at had answered.",
            &[],
        ),
        Instrument::counter(
            "plimsoll_samples_missed_total",
            "Samples of ticks that nobody ran, written down as unknown.",
            &[],
        ),
        Instrument::counter(
            "plimsoll_samples_ingested_total",
            "Samples that were sent to us.",
            &[Label::one_of("result", &["accepted", "duplicate"])],
        ),
        Instrument::gauge(
            "plimsoll_certificate_expiry_timestamp_seconds",
            Measure::UnixSeconds,
            "When the first of the certificates ends that the last tick saw at a tenant's components.",
            &[TENANT],
        ),
        Instrument::gauge("plimsoll_incidents_open", Measure::Count, "Incidents that are not over.", &[]),
        Instrument::counter(
            "plimsoll_incident_transitions_total",
            "Automatic incidents that were opened or moved on, by what they became.",
            &[Label::one_of("status", &["investigating", "identified", "monitoring", "resolved", "postmortem"])],
        ),
        Instrument::counter("plimsoll_incident_failures_total", "Automatic incidents that could not be stored.", &[]),
        Instrument::counter(
            "plimsoll_snapshot_failures_total",
            "Times that pages stayed as they were because what they show could not be stored.",
            &[],
        ),
    ],
};
