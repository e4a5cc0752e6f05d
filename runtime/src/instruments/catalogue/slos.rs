//! SLOs, as the last tick measured them: a series of what is gone, or is not known, is not shown.

use super::kinds::{Area, Instrument, Label, Measure, TENANT};

const SLO: Label = Label::bound_by("slo_type", "the SLOs of those tenants, at most 5,000 in all");

const fn ratio(name: &'static str, help: &'static str) -> Instrument {
    Instrument::gauge(name, Measure::Ratio, help, &[TENANT, SLO])
}

pub(super) const AREA: Area = Area {
    title: "SLOs",
    instruments: &[
        ratio("plimsoll_slo_objective_ratio", "What is promised."),
        ratio("plimsoll_slo_compliance_ratio", "Good events of all valid ones in the SLO's window."),
        ratio(
            "plimsoll_error_budget_remaining_ratio",
            "What is left of the error budget: 1 when it is untouched, negative when it is overdrawn.",
        ),
        Instrument::gauge(
            "plimsoll_slo_burn_rate",
            Measure::Count,
            "How many times as fast as promised the budget is used up.",
            &[TENANT, SLO, Label::bound_by("window", "the windows of burn rates and those that SLOs are set over")],
        ),
        Instrument::gauge(
            "plimsoll_slo_gauges_left_out",
            Measure::Count,
            "SLOs that have no series here, because there are too many of them or of their tenants.",
            &[],
        ),
        Instrument::counter(
            "plimsoll_prometheus_queries_total",
            "Questions that were put to tenants' Prometheus servers.",
            &[Label::one_of("outcome", &["counted", "nothing", "trouble"])],
        ),
        Instrument::counter(
            "plimsoll_pushes_total",
            "Portions of events that were pushed for an SLO.",
            &[Label::one_of("result", &["accepted", "duplicate"])],
        ),
    ],
};
