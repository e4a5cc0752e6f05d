//! Incidents with their timelines, and the past two weeks by day.

use std::collections::BTreeMap;

use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::incident::{AUTOMATIC, Incident, IncidentUpdate};
use plimsoll_domain::page::{PAST_INCIDENTS, StatusSnapshot};
use plimsoll_domain::time::Day;

use super::words::{self, Moment};

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IncidentCard {
    /// Where its own page is.
    pub(crate) href: String,
    /// Its title.
    pub(crate) title: String,
    /// How bad it is, in words.
    pub(crate) impact: &'static str,
    /// The class of its impact; of a well state once it is over.
    pub(crate) tone: &'static str,
    /// Where it stands.
    pub(crate) status: &'static str,
    /// When it began.
    pub(crate) started: Moment,
    /// When it was over.
    pub(crate) resolved: Option<Moment>,
    /// How long it took, once it is over.
    pub(crate) lasted: Option<String>,
    /// What it touches, with the newest word on each.
    pub(crate) touched: Vec<Touched>,
    /// What was said, newest first.
    pub(crate) updates: Vec<UpdateEntry>,
}

/// One component of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Its name, or its id when it is gone.
    pub(crate) name: String,
    /// The class of its status.
    pub(crate) tone: &'static str,
    /// Its status in words.
    pub(crate) status: &'static str,
}

/// One entry of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UpdateEntry {
    /// Where the incident stood.
    pub(crate) status: &'static str,
    /// When it was said.
    pub(crate) at: Moment,
    /// What was said: plain text.
    pub(crate) body: String,
    /// `automatic` or `operator`: names of keys are nobody's business.
    pub(crate) by: &'static str,
}

/// A line of the past: a day with incidents, or a run of days without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PastDays {
    /// `Sat 21 Nov 2026`, or `8 Nov to 20 Nov 2026`.
    pub(crate) title: String,
    /// Those that began on the day; empty for days without.
    pub(crate) incidents: Vec<IncidentCard>,
}

/// Which incidents are told of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum About<'a> {
    /// All of them.
    Everything,
    /// Those that name this component, in any of their updates.
    Component(&'a ComponentId),
}

impl About<'_> {
    fn includes(self, incident: &Incident) -> bool {
        match self {
            Self::Everything => true,
            Self::Component(id) => incident.updates.iter().any(|update| update.components.contains_key(id)),
        }
    }
}

/// `automatic` or `operator`.
pub(crate) fn author(update: &IncidentUpdate) -> &'static str {
    if update.by == AUTOMATIC { AUTOMATIC } else { "operator" }
}

impl IncidentCard {
    /// The card of `incident`, with names from `snapshot`.
    pub(crate) fn of(incident: &Incident, snapshot: &StatusSnapshot) -> Self {
        let (impact, tone) = words::impact(incident.impact);
        let resolved = incident.resolved_at();
        let minutes = resolved.map(|over| over.millis_since(incident.started_at()) / 60_000);
        Self {
            href: format!("/s/{}/incidents/{}", snapshot.tenant, incident.id),
            title: incident.title.clone(),
            impact,
            tone: if incident.is_open() { tone } else { "ok" },
            status: words::incident_status(incident.status()),
            started: Moment::full(incident.started_at()),
            resolved: resolved.map(Moment::full),
            lasted: minutes.map(words::duration),
            touched: touched(incident, snapshot),
            updates: incident.updates.iter().rev().map(entry).collect(),
        }
    }

    /// Those that are open, newest first.
    pub(crate) fn open(snapshot: &StatusSnapshot, about: About<'_>) -> Vec<Self> {
        let open = snapshot.incidents.iter().filter(|one| one.is_open() && about.includes(one));
        open.map(|one| Self::of(one, snapshot)).collect()
    }
}

impl PastDays {
    /// The past two weeks of `snapshot`, newest first: incidents that are over, by the day they began.
    pub(crate) fn all(snapshot: &StatusSnapshot, about: About<'_>) -> Vec<Self> {
        let mut by_day: BTreeMap<Day, Vec<IncidentCard>> = BTreeMap::new();
        for incident in snapshot.incidents.iter().filter(|one| !one.is_open() && about.includes(one)) {
            by_day.entry(incident.started_at().day()).or_default().push(IncidentCard::of(incident, snapshot));
        }
        let today = snapshot.as_of.day();
        let first = today.plus(1 - PAST_INCIDENTS.seconds() / 86_400);
        let (mut lines, mut quiet_to) = (Vec::new(), today);
        for (day, incidents) in by_day.into_iter().rev() {
            lines.extend(quiet(day.plus(1).max(first), quiet_to));
            quiet_to = day.plus(-1);
            lines.push(Self { title: words::day(day), incidents });
        }
        lines.extend(quiet(first, quiet_to));
        lines
    }
}

fn quiet(from: Day, to: Day) -> Option<PastDays> {
    let title = match to.number() - from.number() {
        ..0 => return None,
        0 => words::day(from),
        _ => format!("{} to {}", from.start().format("%-d %b"), to.start().format("%-d %b %Y")),
    };
    Some(PastDays { title, incidents: Vec::new() })
}

fn touched(incident: &Incident, snapshot: &StatusSnapshot) -> Vec<Touched> {
    let named = |id| snapshot.components.iter().find(|component| component.id == id).map(|found| found.name.clone());
    let all = incident.latest().components.iter();
    all.map(|(id, status)| Touched {
        name: named(id.clone()).unwrap_or_else(|| id.to_string()),
        tone: words::tone(*status),
        status: words::status_now(*status),
    })
    .collect()
}

fn entry(update: &IncidentUpdate) -> UpdateEntry {
    UpdateEntry {
        status: words::incident_status(update.status),
        at: Moment::full(update.at),
        body: update.body.clone(),
        by: author(update),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_name_of_a_key_is_not_told() {
        let snapshot = samples::busy();
        let all =
            format!("{:?}", snapshot.incidents.iter().map(|i| IncidentCard::of(i, &snapshot)).collect::<Vec<_>>());
        assert!(format!("{:?}", snapshot.incidents).contains(samples::KEY_NAME));
        assert!(!all.contains(samples::KEY_NAME) && all.contains("operator") && all.contains("automatic"));
    }

    #[test]
    fn the_timeline_reads_from_the_newest() {
        let snapshot = samples::busy();
        let open = IncidentCard::open(&snapshot, About::Everything);
        assert_eq!(open.len(), 2);
        assert_eq!(open[0].updates.first().map(|update| update.status), Some(open[0].status));
    }

    #[test]
    fn days_without_incidents_are_one_line() {
        let quiet = PastDays::all(&samples::quiet(), About::Everything);
        assert_eq!(quiet, [PastDays { title: "8 Nov to 21 Nov 2026".to_owned(), incidents: Vec::new() }]);
        let busy: Vec<_> = PastDays::all(&samples::busy(), About::Everything)
            .into_iter()
            .map(|line| (line.title, line.incidents.len()))
            .collect();
        let expected = [
            ("19 Nov to 21 Nov 2026", 0),
            ("Wed 18 Nov 2026", 2),
            ("13 Nov to 17 Nov 2026", 0),
            ("Thu 12 Nov 2026", 1),
            ("8 Nov to 11 Nov 2026", 0),
        ];
        assert_eq!(busy, expected.map(|(title, count)| (title.to_owned(), count)));
    }

    #[test]
    fn a_component_is_told_of_what_names_it_and_of_nothing_else() {
        let snapshot = samples::busy();
        let told = |id: &str| {
            let id = id.parse().expect("a slug");
            let open: Vec<_> =
                IncidentCard::open(&snapshot, About::Component(&id)).into_iter().map(|card| card.title).collect();
            let past = PastDays::all(&snapshot, About::Component(&id));
            (open, past.iter().map(|line| line.incidents.len()).sum::<usize>())
        };
        assert_eq!(told("api"), (vec!["API is down".to_owned()], 3));
        assert_eq!(told("web"), (Vec::new(), 0));
    }

    #[test]
    fn a_component_that_is_gone_is_named_by_its_id() {
        let mut snapshot = samples::busy();
        snapshot.components.clear();
        let cards = IncidentCard::open(&snapshot, About::Everything);
        assert!(cards.iter().flat_map(|card| &card.touched).any(|touched| touched.name == "api"));
    }
}
