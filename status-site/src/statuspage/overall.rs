//! How everything is, in the API's words: a table of rules, of which the first that holds is said.
//!
//! The order is that of Statuspage. What it does not know is a component of which nobody knows how it is. `none` would be a
//! lie there, so such a component stands between maintenance and a fault that is known: the indicator is `minor`, and the
//! description, which is free text, says that it is not known.

use plimsoll_domain::incident::{ComponentStatus, Impact};
use plimsoll_domain::page::StatusSnapshot;
use serde::Serialize;

/// How everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Overall {
    /// `none`, `minor`, `major`, `critical` or `maintenance`.
    pub(super) indicator: &'static str,
    /// A few words in English, as readers compare them.
    pub(super) description: &'static str,
}

/// What the sentence is decided on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// How many components there are.
    pub(super) all: usize,
    /// How many of them are down.
    pub(super) major: usize,
    /// Down for some.
    pub(super) partial: usize,
    /// Slow, or broken in part.
    pub(super) degraded: usize,
    /// Not known.
    pub(super) unknown: usize,
    /// Worked on.
    pub(super) maintained: usize,
    /// The worst open incident that names no component: those that name some are told by them.
    pub(super) incident: Option<Impact>,
    /// Whether something newer is overdue, or nothing was sampled yet, so that nothing is known for now.
    pub(super) stale: bool,
}

type Rule = (fn(&Tally) -> bool, &'static str, &'static str);

const RULES: [Rule; 11] = [
    (|of| of.is_all(of.major) || of.incident == Some(Impact::Critical), "critical", "Major System Outage"),
    (|of| of.major > 0 || of.incident == Some(Impact::Major), "major", "Partial System Outage"),
    (|of| of.is_all(of.partial), "major", "Partial System Outage"),
    (|of| of.partial > 0, "minor", "Minor Service Outage"),
    (|of| of.all > 1 && of.is_all(of.degraded), "minor", "Degraded System Service"),
    (|of| of.degraded > 0 || of.incident == Some(Impact::Minor), "minor", "Partially Degraded Service"),
    (|of| of.stale || of.is_all(of.unknown), "minor", "System Status Not Known"),
    (|of| of.unknown > 0, "minor", "Some Statuses Not Known"),
    (|of| of.is_all(of.maintained), "maintenance", "System Under Maintenance"),
    (|of| of.maintained > 0, "maintenance", "Service Under Maintenance"),
    (|_| true, "none", "All Systems Operational"),
];

impl Tally {
    /// What a snapshot holds.
    pub(super) fn of(snapshot: &StatusSnapshot, stale: bool) -> Self {
        let count = |status| snapshot.components.iter().filter(|component| component.status == status).count();
        let open = snapshot.incidents.iter().filter(|incident| incident.is_open());
        let is_new = snapshot.components.is_empty() && snapshot.overall == ComponentStatus::Unknown;
        let nameless = open.filter(|incident| incident.latest().components.is_empty());
        Self {
            all: snapshot.components.len(),
            major: count(ComponentStatus::MajorOutage),
            partial: count(ComponentStatus::PartialOutage),
            degraded: count(ComponentStatus::DegradedPerformance),
            unknown: count(ComponentStatus::Unknown),
            maintained: count(ComponentStatus::UnderMaintenance),
            incident: nameless.map(|incident| incident.impact).max(),
            stale: stale || is_new,
        }
    }

    /// The first of the rules that holds.
    pub(super) fn overall(&self) -> Overall {
        let rule = RULES.iter().find(|(holds, ..)| holds(self)).expect("the last rule always holds");
        Overall { indicator: rule.1, description: rule.2 }
    }

    const fn is_all(&self, count: usize) -> bool {
        count > 0 && count == self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(tally: Tally) -> (&'static str, &'static str) {
        let overall = tally.overall();
        (overall.indicator, overall.description)
    }

    #[test]
    fn the_worst_is_said_and_how_far_it_reaches() {
        let of = |all, major, partial, degraded| said(Tally { all, major, partial, degraded, ..Tally::default() });
        let cases = [
            (of(0, 0, 0, 0), "none", "All Systems Operational"),
            (of(3, 0, 0, 0), "none", "All Systems Operational"),
            (of(3, 3, 0, 0), "critical", "Major System Outage"),
            (of(1, 1, 0, 0), "critical", "Major System Outage"),
            (of(3, 1, 2, 0), "major", "Partial System Outage"),
            (of(3, 0, 3, 0), "major", "Partial System Outage"),
            (of(1, 0, 1, 0), "major", "Partial System Outage"),
            (of(3, 0, 1, 2), "minor", "Minor Service Outage"),
            (of(3, 0, 0, 3), "minor", "Degraded System Service"),
            (of(3, 0, 0, 1), "minor", "Partially Degraded Service"),
            (of(1, 0, 0, 1), "minor", "Partially Degraded Service"),
        ];
        for (got, indicator, description) in cases {
            assert_eq!(got, (indicator, description));
        }
    }

    #[test]
    fn what_is_not_known_never_reads_operational() {
        let of = |unknown, maintained, degraded, stale| {
            said(Tally { all: 3, unknown, maintained, degraded, stale, ..Tally::default() })
        };
        assert_eq!(of(3, 0, 0, false), ("minor", "System Status Not Known"));
        assert_eq!(of(1, 0, 0, false), ("minor", "Some Statuses Not Known"));
        assert_eq!(of(1, 2, 0, false), ("minor", "Some Statuses Not Known"));
        assert_eq!(of(0, 0, 0, true), ("minor", "System Status Not Known"));
        assert_eq!(of(0, 3, 0, true), ("minor", "System Status Not Known"));
        assert_eq!(of(1, 0, 1, true), ("minor", "Partially Degraded Service"));
        assert_eq!(said(Tally { stale: true, ..Tally::default() }), ("minor", "System Status Not Known"));
        for unknown in 1..=3 {
            for maintained in 0..=3 - unknown {
                assert_ne!(of(unknown, maintained, 0, false).0, "none");
            }
        }
    }

    #[test]
    fn maintenance_is_said_when_nothing_is_wrong() {
        let of = |all, maintained, degraded| said(Tally { all, degraded, maintained, ..Tally::default() });
        assert_eq!(of(3, 1, 0), ("maintenance", "Service Under Maintenance"));
        assert_eq!(of(3, 3, 0), ("maintenance", "System Under Maintenance"));
        assert_eq!(of(3, 1, 1), ("minor", "Partially Degraded Service"));
    }

    #[test]
    fn an_incident_that_names_no_component_is_said_by_its_impact() {
        let of = |impact| said(Tally { all: 3, incident: Some(impact), ..Tally::default() });
        assert_eq!(of(Impact::None), ("none", "All Systems Operational"));
        assert_eq!(of(Impact::Minor), ("minor", "Partially Degraded Service"));
        assert_eq!(of(Impact::Major), ("major", "Partial System Outage"));
        assert_eq!(of(Impact::Critical), ("critical", "Major System Outage"));
    }
}
