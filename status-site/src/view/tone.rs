//! Tones: classes of the stylesheet. Each has a shape of its own besides its colour, and words always stand beside it.

use plimsoll_domain::incident::{ComponentStatus, Impact};
use plimsoll_domain::slo::SloStatus;

/// The class for the status of a component or of a day.
pub(crate) const fn of_status(status: ComponentStatus) -> &'static str {
    match status {
        ComponentStatus::Operational => "ok",
        ComponentStatus::UnderMaintenance => "work",
        ComponentStatus::Unknown => "none",
        ComponentStatus::DegradedPerformance => "slow",
        ComponentStatus::PartialOutage => "part",
        ComponentStatus::MajorOutage => "down",
    }
}

/// The class for how bad an incident is.
pub(crate) const fn of_impact(impact: Impact) -> &'static str {
    match impact {
        Impact::None => "none",
        Impact::Minor => "slow",
        Impact::Major => "part",
        Impact::Critical => "down",
    }
}

/// The class for how an SLO stands.
pub(crate) const fn of_slo(status: Option<SloStatus>) -> &'static str {
    match status {
        None => "none",
        Some(SloStatus::Ok) => "ok",
        Some(SloStatus::Warning) => "slow",
        Some(SloStatus::Critical) => "part",
        Some(SloStatus::Exhausted) => "down",
    }
}
