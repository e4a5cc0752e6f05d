//! The one sentence on top, computed from counts: it says how many, and names the one when it is one.

use plimsoll_domain::incident::{ComponentStatus, Impact, Incident};
use plimsoll_domain::page::{ComponentFigure, StatusSnapshot};
use plimsoll_words::Words;

use super::tone;

use ComponentStatus::{DegradedPerformance, MajorOutage, Operational, PartialOutage, UnderMaintenance, Unknown};

/// The sentence on top of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Banner {
    /// The stylesheet's class.
    pub(crate) tone: &'static str,
    /// The sentence.
    pub(crate) headline: String,
    /// The rest of the counts, when there is more to say than the sentence does.
    pub(crate) counts: Vec<String>,
}

impl Banner {
    /// The sentence for `snapshot`.
    pub(crate) fn of(snapshot: &StatusSnapshot, words: &Words) -> Self {
        let (status, headline) = sentence(snapshot, words);
        Self { tone: tone::of_status(status), headline, counts: counts(snapshot, words) }
    }
}

fn sentence(snapshot: &StatusSnapshot, words: &Words) -> (ComponentStatus, String) {
    let components = &snapshot.components;
    for (status, kind) in [(MajorOutage, "down"), (PartialOutage, "partly"), (DegradedPerformance, "degraded")] {
        if let Some(headline) = who_is(components, status, kind, words) {
            return (status, headline);
        }
    }
    let open = open(snapshot);
    if components.is_empty() && open > 0 {
        return (DegradedPerformance, open_incidents(open, words));
    }
    if components.is_empty() {
        return (Unknown, words.say("banner-empty"));
    }
    let unknown = count(components, Unknown);
    if unknown == components.len() {
        return (Unknown, words.say("banner-unknown"));
    }
    // What is wrong with no component in particular is wrong all the same.
    let nameless = snapshot.incidents.iter().filter(|incident| is_nameless(incident)).count();
    if nameless > 0 {
        return (DegradedPerformance, open_incidents(nameless, words));
    }
    if let Some(headline) = who_is(components, UnderMaintenance, "maintenance", words) {
        return (UnderMaintenance, headline);
    }
    (Operational, words.say(if unknown > 0 { "banner-ok-known" } else { "banner-ok" }))
}

/// `API is down`, `2 of 5 components are down`, `All 3 components are down`; `None` when nobody is.
fn who_is(components: &[ComponentFigure], status: ComponentStatus, kind: &str, words: &Words) -> Option<String> {
    let those: Vec<_> = components.iter().filter(|component| component.status == status).collect();
    let total = components.len();
    let said = |form: &str| {
        let name = those.first().map_or("", |one| one.name.as_str());
        let args = [("name", name.into()), ("count", those.len().into()), ("total", total.into())];
        words.say_with(&format!("banner-{kind}-{form}"), &args)
    };
    match those.len() {
        0 => None,
        1 => Some(said("one")),
        all if all == total => Some(said("all")),
        _ => Some(said("some")),
    }
}

fn counts(snapshot: &StatusSnapshot, words: &Words) -> Vec<String> {
    let named = [
        (MajorOutage, "count-down"),
        (PartialOutage, "count-partly"),
        (DegradedPerformance, "count-degraded"),
        (UnderMaintenance, "count-maintenance"),
        (Unknown, "count-unknown"),
        (Operational, "count-ok"),
    ];
    let counts = named.iter().map(|(status, key)| (count(&snapshot.components, *status), key));
    let said = |(count, key): (usize, &&str)| words.say_with(key, &[("count", count.into())]);
    let mut parts: Vec<String> = counts.filter(|(count, _)| *count > 0).map(said).collect();
    if parts.len() < 2 {
        parts.clear();
    }
    let open = open(snapshot);
    if open > 0 && !snapshot.components.is_empty() {
        parts.push(open_incidents(open, words));
    }
    parts
}

fn open_incidents(count: usize, words: &Words) -> String {
    words.say_with("count-open-incidents", &[("count", count.into())])
}

fn count(components: &[ComponentFigure], status: ComponentStatus) -> usize {
    components.iter().filter(|component| component.status == status).count()
}

fn open(snapshot: &StatusSnapshot) -> usize {
    snapshot.incidents.iter().filter(|incident| incident.is_open()).count()
}

fn is_nameless(incident: &Incident) -> bool {
    incident.is_open() && incident.impact >= Impact::Minor && incident.latest().components.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use crate::view::stage;

    /// The sentence in English and in Swedish.
    fn headlines(statuses: &[ComponentStatus]) -> [String; 2] {
        let mut snapshot = samples::quiet();
        let mut one = snapshot.components[0].clone();
        one.name = "API".to_owned();
        snapshot.components =
            statuses.iter().map(|status| ComponentFigure { status: *status, ..one.clone() }).collect();
        snapshot.incidents.clear();
        [stage::english(), stage::swedish()].map(|words| Banner::of(&snapshot, &words).headline)
    }

    #[test]
    fn the_sentence_counts_and_names_the_one() {
        let table: [(&[ComponentStatus], &str, &str); 12] = [
            (&[Operational; 3], "All systems operational", "Alla system fungerar"),
            (&[MajorOutage, Operational], "API is down", "API ligger nere"),
            (&[MajorOutage], "API is down", "API ligger nere"),
            (
                &[MajorOutage, MajorOutage, MajorOutage, Unknown, Operational],
                "3 of 5 components are down",
                "3 av 5 komponenter ligger nere",
            ),
            (&[MajorOutage; 2], "Both components are down", "Båda komponenterna ligger nere"),
            (&[MajorOutage; 3], "All 3 components are down", "Alla 3 komponenter ligger nere"),
            (&[DegradedPerformance, Operational], "API is degraded", "API har nedsatt funktion"),
            (&[PartialOutage, DegradedPerformance], "API is partly down", "API ligger delvis nere"),
            (&[UnderMaintenance, Operational], "API is under maintenance", "Underhåll av API pågår"),
            (&[Unknown; 2], "Nothing is known right now", "Inget är känt just nu"),
            (&[Unknown, Operational], "All known systems operational", "Alla kända system fungerar"),
            (&[], "No components yet", "Inga komponenter än"),
        ];
        for (statuses, english, swedish) in table {
            assert_eq!(headlines(statuses), [english, swedish]);
        }
    }

    #[test]
    fn the_rest_of_the_counts_stands_below() {
        let detail = |words: &Words| Banner::of(&samples::busy(), words).counts.join(" · ");
        assert_eq!(
            detail(&stage::english()),
            "1 down · 1 partly down · 1 degraded · 1 under maintenance · 1 not known · 1 operational · 2 open incidents"
        );
        assert_eq!(
            detail(&stage::swedish()),
            "1 nere · 1 delvis nere · 1 med nedsatt funktion · 1 under underhåll · 1 okänd · 1 som fungerar · 2 pågående \
             incidenter"
        );
        assert!(Banner::of(&samples::quiet(), &stage::english()).counts.is_empty());
    }

    #[test]
    fn an_incident_that_names_no_component_is_no_good_news() {
        let mut snapshot = samples::quiet();
        let mut incident = samples::busy().incidents[0].clone();
        incident.updates.iter_mut().for_each(|update| update.components.clear());
        snapshot.incidents = vec![incident];
        let banner = Banner::of(&snapshot, &stage::english());
        assert_eq!((banner.headline.as_str(), banner.tone), ("1 open incident", "slow"));
    }
}
