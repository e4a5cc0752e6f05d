//! Figures, instants and states in words.
//!
//! Percentages are floored: 99.999 % must never read 100 %.

use plimsoll_domain::incident::{ComponentStatus, Impact, IncidentStatus};
use plimsoll_domain::slo::{SloStatus, Window};
use plimsoll_domain::time::{Day, Timestamp};

/// An instant as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// RFC 3339, for `<time datetime>`.
    pub(crate) iso: String,
    /// For a reader, in UTC.
    pub(crate) text: String,
}

impl Moment {
    /// With its date: `21 Nov 2026, 12:03 UTC`.
    pub(crate) fn full(at: Timestamp) -> Self {
        Self { iso: at.to_string(), text: at.format("%-d %b %Y, %H:%M UTC") }
    }

    /// `12:03 UTC` on the day of `now`, with the date otherwise.
    pub(crate) fn near(at: Timestamp, now: Timestamp) -> Self {
        let pattern = if at.day() == now.day() { "%H:%M UTC" } else { "%-d %b %Y, %H:%M UTC" };
        Self { iso: at.to_string(), text: at.format(pattern) }
    }
}

/// A day for a reader: `Sat 21 Nov 2026`.
pub(crate) fn day(day: Day) -> String {
    day.start().format("%a %-d %b %Y")
}

/// A ratio as a floored percentage with two decimals; only 1 itself is `100 %`.
pub(crate) fn percent(ratio: f64) -> String {
    if ratio >= 1.0 {
        return "100 %".to_owned();
    }
    // The tiny term mends products such as 0.57 × 100 = 56.99…; it cannot lift anything to 100.
    let hundredths = (ratio.max(0.0) * 10_000.0 + 1e-6).floor().min(9_999.0);
    format!("{:.2} %", hundredths / 100.0)
}

/// What is promised: as many decimals as it was promised with.
pub(crate) fn promised(objective: f64) -> String {
    let text = format!("{:.8}", objective * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// What remains of an error budget, in one clause; what is overdrawn is rounded up.
pub(crate) fn remaining(ratio: Option<f64>) -> String {
    // The tiny term mends products such as 0.57 × 1,000 = 569.99…; it cannot make a tenth of nothing.
    let tenths = |ratio: f64| (ratio * 1_000.0 + 1e-6).floor() / 10.0;
    match ratio {
        None => "Not known".to_owned(),
        Some(ratio) if ratio < 0.0 => format!("Used up, overdrawn by {} %", -tenths(ratio)),
        Some(ratio) if ratio <= 0.0 => "Used up".to_owned(),
        Some(ratio) if ratio < 0.001 => "Less than 0.1 % left".to_owned(),
        Some(ratio) => format!("{} % left", tenths(ratio.min(1.0))),
    }
}

/// Over which time something is promised.
pub(crate) fn window(window: Window) -> String {
    match window {
        Window::Rolling(span) => format!("over {}", duration(span.seconds() / 60)),
        Window::Calendar(unit, zone) => format!("over the present {} ({})", unit.as_str(), zone.name()),
    }
}

/// How an SLO stands: words, and the class for them.
pub(crate) const fn slo_status(status: Option<SloStatus>) -> (&'static str, &'static str) {
    match status {
        None => ("Not known", "none"),
        Some(SloStatus::Ok) => ("On track", "ok"),
        Some(SloStatus::Warning) => ("At risk", "slow"),
        Some(SloStatus::Critical) => ("In danger", "part"),
        Some(SloStatus::Exhausted) => ("Error budget used up", "down"),
    }
}

/// How much of something is known: whole per cent, floored.
pub(crate) fn known(coverage: f64) -> String {
    match coverage {
        c if c >= 1.0 => "100 % known".to_owned(),
        c if c <= 0.0 => "nothing known".to_owned(),
        c if c < 0.01 => "under 1 % known".to_owned(),
        c => format!("{:.0} % known", (c * 100.0 + 1e-6).floor().min(99.0)),
    }
}

/// `1 incident`, `2 incidents`.
pub(crate) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// Whole minutes as a length of time: `4 minutes`, `3 hours 5 minutes`, `2 days 3 hours`.
pub(crate) fn duration(minutes: i64) -> String {
    let unit = |number: i64, one: &str| count(usize::try_from(number).unwrap_or(0), one);
    let (big, small) = match minutes {
        m if m < 1 => return "less than a minute".to_owned(),
        m if m < 60 => return unit(m, "minute"),
        m if m < 24 * 60 => (unit(m / 60, "hour"), (m % 60, "minute")),
        m => (unit(m / 1_440, "day"), (m % 1_440 / 60, "hour")),
    };
    if small.0 == 0 { big } else { format!("{big} {}", unit(small.0, small.1)) }
}

/// How a component is now.
pub(crate) const fn status_now(status: ComponentStatus) -> &'static str {
    match status {
        ComponentStatus::MajorOutage => "Down",
        other => status_of_day(other),
    }
}

/// What a day was like.
pub(crate) const fn status_of_day(status: ComponentStatus) -> &'static str {
    match status {
        ComponentStatus::Operational => "Operational",
        ComponentStatus::UnderMaintenance => "Under maintenance",
        ComponentStatus::Unknown => "Not known",
        ComponentStatus::DegradedPerformance => "Degraded",
        ComponentStatus::PartialOutage => "Partial outage",
        ComponentStatus::MajorOutage => "Major outage",
    }
}

/// The stylesheet's class for a status; each has a shape of its own besides its colour.
pub(crate) const fn tone(status: ComponentStatus) -> &'static str {
    match status {
        ComponentStatus::Operational => "ok",
        ComponentStatus::UnderMaintenance => "work",
        ComponentStatus::Unknown => "none",
        ComponentStatus::DegradedPerformance => "slow",
        ComponentStatus::PartialOutage => "part",
        ComponentStatus::MajorOutage => "down",
    }
}

/// Where an incident stands.
pub(crate) const fn incident_status(status: IncidentStatus) -> &'static str {
    match status {
        IncidentStatus::Investigating => "Investigating",
        IncidentStatus::Identified => "Identified",
        IncidentStatus::Monitoring => "Monitoring",
        IncidentStatus::Resolved => "Resolved",
        IncidentStatus::Postmortem => "Postmortem",
    }
}

/// How bad an incident is: words, and the class for them.
pub(crate) const fn impact(impact: Impact) -> (&'static str, &'static str) {
    match impact {
        Impact::None => ("For information", "none"),
        Impact::Minor => ("Minor impact", "slow"),
        Impact::Major => ("Major impact", "part"),
        Impact::Critical => ("Critical impact", "down"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_floored_and_only_everything_is_a_hundred() {
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.999_999_999_999), "99.99 %");
        assert_eq!(percent(0.999_99), "99.99 %");
        assert_eq!(percent(0.57), "57.00 %");
        assert_eq!(percent(0.0), "0.00 %");
    }

    #[test]
    fn what_is_known_is_floored_too() {
        assert_eq!(known(1.0), "100 % known");
        assert_eq!(known(0.999), "99 % known");
        assert_eq!(known(0.004), "under 1 % known");
        assert_eq!(known(0.0), "nothing known");
    }

    #[test]
    fn a_promise_keeps_its_decimals_and_names_its_time() {
        let said = [0.9, 0.99, 0.999, 0.9995, 0.999_999].map(promised);
        assert_eq!(said, ["90 %", "99 %", "99.9 %", "99.95 %", "99.9999 %"]);
        let over = |text: &str| window(text.parse().expect("a window"));
        assert_eq!(over("30d"), "over 30 days");
        assert_eq!(over("month Europe/Stockholm"), "over the present month (Europe/Stockholm)");
    }

    #[test]
    fn what_remains_is_floored_and_what_is_overdrawn_is_not_made_less() {
        let said = [1.0, 0.57, 0.623, 0.0004, 0.0, -0.0004, -0.4, -498.9].map(|ratio| remaining(Some(ratio)));
        let want = [
            "100 % left",
            "57 % left",
            "62.3 % left",
            "Less than 0.1 % left",
            "Used up",
            "Used up, overdrawn by 0.1 %",
            "Used up, overdrawn by 40 %",
            "Used up, overdrawn by 49890 %",
        ];
        assert_eq!(said, want);
        assert_eq!(remaining(None), "Not known");
    }

    #[test]
    fn a_length_of_time_is_told_in_its_two_largest_units() {
        assert_eq!(duration(0), "less than a minute");
        assert_eq!(duration(1), "1 minute");
        assert_eq!(duration(60), "1 hour");
        assert_eq!(duration(185), "3 hours 5 minutes");
        assert_eq!(duration(1_440 * 2 + 60), "2 days 1 hour");
    }

    #[test]
    fn an_instant_of_another_day_carries_its_date() {
        let at: Timestamp = "2026-11-20T12:03:00Z".parse().expect("valid");
        let next: Timestamp = "2026-11-21T00:03:00Z".parse().expect("valid");
        assert_eq!(Moment::near(at, at).text, "12:03 UTC");
        assert_eq!(Moment::near(at, next).text, "20 Nov 2026, 12:03 UTC");
    }
}
