//! What the process stands on: the store, and whatever else it needs.

use super::buckets::STORE;
use super::kinds::{Area, Instrument, Label, Measure};

const OPERATION: Label = Label::bound_by("operation", "the methods of the store");
const ADAPTER: Label = Label::one_of("store", &["embedded", "mongodb"]);
const DEPENDENCY: Label = Label::one_of("dependency", &["store", "smtp", "otlp"]);

pub(super) const AREA: Area = Area {
    title: "Store and other dependencies",
    instruments: &[
        Instrument::times(
            "plimsoll_store_operation_duration_seconds",
            &STORE,
            "Time that operations of the store take.",
            &[OPERATION, Label::bound_by("collection", "the collections of the store"), ADAPTER],
        ),
        Instrument::counter(
            "plimsoll_store_errors_total",
            "Operations at which the store failed; a precondition that does not hold is no failure.",
            &[OPERATION, ADAPTER],
        ),
        Instrument::counter(
            "plimsoll_documents_unreadable_total",
            "Documents that were passed over because they cannot be read.",
            &[Label::bound_by("kind", "the kinds of documents in the store")],
        ),
        Instrument::gauge(
            "plimsoll_dependency_up",
            Measure::Count,
            "Whether what the process stands on answered when it was last asked: 1 or 0.",
            &[DEPENDENCY],
        ),
        Instrument::gauge(
            "plimsoll_dependency_latency_seconds",
            Measure::Seconds,
            "How long it took to answer, or how long was waited for it.",
            &[DEPENDENCY],
        ),
    ],
};
