//! The one sentence on top, computed from counts: it says how many, and names the one when it is one.

use plimsoll_domain::incident::ComponentStatus;
use plimsoll_domain::page::{ComponentFigure, StatusSnapshot};

use super::words;

/// The sentence on top of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Banner {
    /// The stylesheet's class.
    pub(crate) tone: &'static str,
    /// The sentence.
    pub(crate) headline: String,
    /// The rest of the counts, when there is more to say than the sentence does.
    pub(crate) detail: Option<String>,
}

impl Banner {
    /// The sentence for `snapshot`.
    pub(crate) fn of(snapshot: &StatusSnapshot) -> Self {
        let components = &snapshot.components;
        let open = snapshot.incidents.iter().filter(|incident| incident.is_open()).count();
        let (status, headline) = sentence(components, open);
        Self { tone: words::tone(status), headline, detail: detail(components, open) }
    }
}

fn sentence(components: &[ComponentFigure], open: usize) -> (ComponentStatus, String) {
    use ComponentStatus::{DegradedPerformance, MajorOutage, Operational, PartialOutage, UnderMaintenance, Unknown};
    let bad = [(MajorOutage, "down"), (PartialOutage, "partly down"), (DegradedPerformance, "degraded")];
    for (status, word) in bad {
        if let Some(headline) = who_is(components, status, word) {
            return (status, headline);
        }
    }
    let unknown = components.iter().filter(|component| component.status == Unknown).count();
    if components.is_empty() {
        let headline = if open > 0 { words::count(open, "open incident") } else { "No components yet".to_owned() };
        return (if open > 0 { DegradedPerformance } else { Unknown }, headline);
    }
    if unknown == components.len() {
        return (Unknown, "Nothing is known right now".to_owned());
    }
    if let Some(headline) = who_is(components, UnderMaintenance, "under maintenance") {
        return (UnderMaintenance, headline);
    }
    let headline = if unknown > 0 { "All known systems operational" } else { "All systems operational" };
    (Operational, headline.to_owned())
}

/// `API is down`, `2 of 5 components are down`, `All 3 components are down`; `None` when nobody is.
fn who_is(components: &[ComponentFigure], status: ComponentStatus, word: &str) -> Option<String> {
    let those: Vec<_> = components.iter().filter(|component| component.status == status).collect();
    match those.as_slice() {
        [] => None,
        [one] => Some(format!("{} is {word}", one.name)),
        all if all.len() == components.len() => Some(format!("All {} components are {word}", all.len())),
        some => Some(format!("{} of {} components are {word}", some.len(), components.len())),
    }
}

fn detail(components: &[ComponentFigure], open: usize) -> Option<String> {
    use ComponentStatus::{DegradedPerformance, MajorOutage, Operational, PartialOutage, UnderMaintenance, Unknown};
    let named = [
        (MajorOutage, "down"),
        (PartialOutage, "partly down"),
        (DegradedPerformance, "degraded"),
        (UnderMaintenance, "under maintenance"),
        (Unknown, "not known"),
        (Operational, "operational"),
    ];
    let mut parts: Vec<String> = named
        .iter()
        .map(|(status, word)| (components.iter().filter(|component| component.status == *status).count(), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if parts.len() < 2 {
        parts.clear();
    }
    if open > 0 && !components.is_empty() {
        parts.push(words::count(open, "open incident"));
    }
    (!parts.is_empty()).then(|| parts.join(" · "))
}

#[cfg(test)]
mod tests {
    use ComponentStatus::{DegradedPerformance, MajorOutage, Operational, PartialOutage, UnderMaintenance, Unknown};

    use super::*;
    use crate::samples;

    fn headline(statuses: &[ComponentStatus]) -> String {
        let mut snapshot = samples::quiet();
        let mut one = snapshot.components[0].clone();
        one.name = "API".to_owned();
        snapshot.components =
            statuses.iter().map(|status| ComponentFigure { status: *status, ..one.clone() }).collect();
        snapshot.incidents.clear();
        Banner::of(&snapshot).headline
    }

    #[test]
    fn the_sentence_counts_and_names_the_one() {
        assert_eq!(headline(&[Operational; 3]), "All systems operational");
        assert_eq!(headline(&[MajorOutage, Operational]), "API is down");
        assert_eq!(headline(&[MajorOutage]), "API is down");
        assert_eq!(
            headline(&[MajorOutage, MajorOutage, Operational, Unknown, Operational]),
            "2 of 5 components are down"
        );
        assert_eq!(headline(&[MajorOutage; 3]), "All 3 components are down");
        assert_eq!(headline(&[DegradedPerformance, Operational]), "API is degraded");
        assert_eq!(headline(&[PartialOutage, DegradedPerformance]), "API is partly down");
        assert_eq!(headline(&[UnderMaintenance, Operational]), "API is under maintenance");
    }

    #[test]
    fn what_is_not_known_is_never_called_operational() {
        assert_eq!(headline(&[Unknown; 2]), "Nothing is known right now");
        assert_eq!(headline(&[Unknown, Operational]), "All known systems operational");
        assert_eq!(headline(&[]), "No components yet");
    }

    #[test]
    fn the_rest_of_the_counts_stands_below() {
        let snapshot = samples::busy();
        let detail = Banner::of(&snapshot).detail.expect("several states");
        assert_eq!(
            detail,
            "1 down · 1 partly down · 1 degraded · 1 under maintenance · 1 not known · 1 operational · 2 open incidents"
        );
        assert_eq!(Banner::of(&samples::quiet()).detail, None);
    }
}
