//! Frontend apps: their errors, and the envelopes that carry them.

use super::kinds::{Area, Instrument, Label, Measure};

pub(super) const AREA: Area = Area {
    title: "Frontend apps",
    instruments: &[
        Instrument::counter(
            "plimsoll_frontend_errors_total",
            "Events that frontend apps sent.",
            &[Label::one_of("level", &["fatal", "error", "warning", "info", "debug", "unknown"])],
        ),
        Instrument::counter(
            "plimsoll_envelopes_total",
            "Envelopes, by what became of them; one that was put aside is counted again when that ends.",
            &[Label::one_of(
                "result",
                &[
                    "relayed",
                    "refused",
                    "rate_limited",
                    "too_large",
                    "spooled",
                    "failed",
                    "rejected",
                    "spool_relayed",
                    "spool_refused",
                    "spool_expired",
                ],
            )],
        ),
        Instrument::gauge("plimsoll_spool_envelopes", Measure::Count, "Envelopes that wait for Sentry.", &[]),
        Instrument::gauge("plimsoll_spool_bytes", Measure::Bytes, "Bytes of envelopes that wait for Sentry.", &[]),
        Instrument::gauge(
            "plimsoll_spool_capacity_bytes",
            Measure::Bytes,
            "Bytes of envelopes that may wait for Sentry.",
            &[],
        ),
        Instrument::gauge(
            "plimsoll_spool_oldest_seconds",
            Measure::Seconds,
            "For how long the oldest envelope has waited.",
            &[],
        ),
    ],
};
