//! Incidents that are over, by the day they began: two weeks of them, or a month. Days without are one line together.

use std::collections::BTreeMap;

use plimsoll_domain::incident::Incident;
use plimsoll_domain::page::PAST_INCIDENTS;
use plimsoll_domain::time::Day;
use plimsoll_words::Words;

use super::incident::{About, IncidentCard};
use super::local;
use crate::scene::Scene;

/// A line of the past: a day with incidents, or a run of days without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PastDays {
    /// `Sat 21 Nov 2026`, or `8 Nov to 20 Nov`.
    pub(crate) title: String,
    /// Those that began on the day; empty for days without.
    pub(crate) incidents: Vec<IncidentCard>,
}

impl PastDays {
    /// The past two weeks of the snapshot, newest first: incidents that are over.
    pub(crate) fn all(scene: &Scene<'_>, about: About<'_>) -> Vec<Self> {
        let over = scene.snapshot.incidents.iter().filter(|one| !one.is_open() && about.includes(one));
        let today = local::day(scene.snapshot.as_of, scene.words.zone());
        let first = today.plus(1 - PAST_INCIDENTS.seconds() / 86_400);
        lines(by_day(over, scene), (first, today), &scene.words)
    }

    /// Days on which one of `incidents` began, newest first, and no others.
    pub(crate) fn only<'a>(incidents: impl Iterator<Item = &'a Incident>, scene: &Scene<'_>) -> Vec<Self> {
        let days = by_day(incidents, scene).into_iter().rev();
        days.map(|(day, incidents)| Self { title: scene.words.day(day), incidents }).collect()
    }
}

fn by_day<'a>(incidents: impl Iterator<Item = &'a Incident>, scene: &Scene<'_>) -> BTreeMap<Day, Vec<IncidentCard>> {
    let mut by_day: BTreeMap<Day, Vec<IncidentCard>> = BTreeMap::new();
    for incident in incidents {
        let day = local::day(incident.started_at(), scene.words.zone());
        by_day.entry(day).or_default().push(IncidentCard::of(incident, scene));
    }
    by_day
}

fn lines(by_day: BTreeMap<Day, Vec<IncidentCard>>, (first, today): (Day, Day), words: &Words) -> Vec<PastDays> {
    let (mut lines, mut quiet_to) = (Vec::new(), today);
    for (day, incidents) in by_day.into_iter().rev() {
        lines.extend(quiet(day.plus(1).max(first), quiet_to, words));
        quiet_to = day.plus(-1);
        lines.push(PastDays { title: words.day(day), incidents });
    }
    lines.extend(quiet(first, quiet_to, words));
    lines
}

fn quiet(from: Day, to: Day, words: &Words) -> Option<PastDays> {
    let title = match to.number() - from.number() {
        ..0 => return None,
        0 => words.day(from),
        _ => {
            let (from, to) = (words.short_day(from), words.short_day(to));
            words.say_with("past-range", &[("from", (&from).into()), ("to", (&to).into())])
        }
    };
    Some(PastDays { title, incidents: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use crate::view::stage::Stage;

    fn told(stage: &Stage) -> Vec<(String, usize)> {
        let lines = PastDays::all(&stage.scene(), About::Everything);
        lines.into_iter().map(|line| (line.title, line.incidents.len())).collect()
    }

    #[test]
    fn days_without_incidents_are_one_line() {
        let expected = [("8 Nov to 21 Nov", 0)];
        assert_eq!(told(&Stage::english(samples::quiet())), expected.map(|(title, count)| (title.to_owned(), count)));
        let expected = [
            ("19 Nov to 21 Nov", 0),
            ("Wed 18 Nov 2026", 2),
            ("13 Nov to 17 Nov", 0),
            ("Thu 12 Nov 2026", 1),
            ("8 Nov to 11 Nov", 0),
        ];
        assert_eq!(told(&Stage::english(samples::busy())), expected.map(|(title, count)| (title.to_owned(), count)));
    }

    #[test]
    fn an_incident_stands_on_the_day_that_its_instant_is_told_with() {
        let mut snapshot = samples::quiet();
        let mut late = samples::busy().incidents.remove(3);
        late.updates[0].at = "2026-11-17T23:30:00Z".parse().expect("an instant");
        snapshot.incidents = vec![late];
        let mut stage = Stage::swedish(snapshot);
        let titles = |stage: &Stage| {
            let past = PastDays::all(&stage.scene(), About::Everything);
            let day = past.into_iter().find(|line| !line.incidents.is_empty()).expect("an incident");
            (day.title, day.incidents[0].started.text.clone())
        };
        assert_eq!(titles(&stage), ("tis 17 nov 2026".to_owned(), "17 nov 2026 23:30 UTC".to_owned()));
        stage.zone(chrono_tz::Tz::Europe__Stockholm);
        assert_eq!(titles(&stage), ("ons 18 nov 2026".to_owned(), "18 nov 2026 00:30 CET".to_owned()));
    }

    #[test]
    fn a_component_is_told_of_what_names_it_and_of_nothing_else() {
        let stage = Stage::english(samples::busy());
        let told = |id: &str| {
            let id = id.parse().expect("a slug");
            let open = IncidentCard::open(&stage.scene(), About::Component(&id));
            let past = PastDays::all(&stage.scene(), About::Component(&id));
            let titles: Vec<_> = open.into_iter().map(|card| card.title).collect();
            (titles, past.iter().map(|line| line.incidents.len()).sum::<usize>())
        };
        assert_eq!(told("api"), (vec!["API is down".to_owned()], 3));
        assert_eq!(told("web"), (Vec::new(), 0));
    }
}
