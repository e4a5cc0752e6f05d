//! What the feeds tell: one entry for each incident with its whole timeline, and one for each time of announced maintenance.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use askama::Template;
use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::incident::{ComponentStatus, Incident, IncidentUpdate};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::time::Timestamp;
use plimsoll_words::markdown;

use super::announced;
use super::named::{home, names, one_line, uuid};
use crate::scene::Scene;

const LONGEST_SUMMARY: usize = 300;

/// One entry of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// An URN that stays, wherever the page stands.
    pub(super) id: String,
    /// Where a person reads it.
    pub(super) url: String,
    pub(super) title: String,
    pub(super) published: Timestamp,
    /// When it last changed.
    pub(super) updated: Timestamp,
    /// The newest of it in one line of plain text.
    pub(super) summary: String,
    /// All of it as HTML that may stand in a page, newest first.
    pub(super) html: String,
    /// What it concerns: names of components.
    pub(super) concerns: Vec<String>,
}

/// What a feed says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct About {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) author: String,
    /// When anything in it last changed. A feed in which nothing is says when its day began.
    pub(super) updated: Timestamp,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = "{% for step in steps -%}
<p><strong>{{ step.status }}</strong> · {{ step.when }}</p>
{{ step.body|safe }}
{% if !step.touched.is_empty() -%}
<ul>{% for line in step.touched %}<li>{{ line }}</li>{% endfor %}</ul>
{% endif -%}
{% endfor %}"
)]
struct Timeline {
    steps: Vec<Told>,
}

/// One step of a timeline.
struct Told {
    status: String,
    when: String,
    /// HTML that may stand in a page.
    body: String,
    touched: Vec<String>,
}

/// All entries, what changed last first.
pub(super) fn entries(scene: &Scene<'_>) -> Vec<Entry> {
    let incidents = scene.snapshot.incidents.iter().map(|incident| of_incident(incident, scene));
    let maintenances = scene.snapshot.maintenances.iter().map(|held| of_maintenance(held, scene));
    let mut entries: Vec<_> = incidents.chain(maintenances).collect();
    entries.sort_by_key(|entry| (Reverse(entry.updated), entry.id.clone()));
    entries
}

impl About {
    /// What the feed of these entries says of itself.
    pub(super) fn of(entries: &[Entry], scene: &Scene<'_>) -> Self {
        let name = one_line(scene.title());
        let say = |key: &str| scene.words.say_with(key, &[("name", (&name).into())]);
        let updated = entries.iter().map(|entry| entry.updated).max();
        Self {
            title: say("feed-title"),
            description: say("feed-description"),
            updated: updated.unwrap_or_else(|| scene.snapshot.as_of.day().start()),
            author: name,
        }
    }
}

fn of_incident(incident: &Incident, scene: &Scene<'_>) -> Entry {
    let (latest, began) = (incident.latest(), incident.started_at());
    let steps = incident.updates.iter().rev().map(|update| of_update(update, scene)).collect();
    let status = scene.words.incident_status(latest.status);
    Entry {
        id: urn(&["incident", scene.snapshot.tenant.as_str(), incident.id.as_str(), &began.to_string()]),
        url: scene.address(&format!("/incidents/{}", incident.id)),
        title: one_line(&incident.title),
        published: began,
        updated: incident.updated_at(),
        summary: summary(&status, &latest.body, scene),
        html: html(steps),
        concerns: names(scene.snapshot, incident.touched()),
    }
}

fn of_update(update: &IncidentUpdate, scene: &Scene<'_>) -> Told {
    Told {
        status: scene.words.incident_status(update.status),
        when: scene.words.moment(update.at).text,
        body: markdown::html(&update.body),
        touched: touched(&update.components, scene),
    }
}

/// What an update says of each component: `API: Down`.
fn touched(components: &BTreeMap<ComponentId, ComponentStatus>, scene: &Scene<'_>) -> Vec<String> {
    let line = |(id, status): (&ComponentId, &ComponentStatus)| {
        let name = names(scene.snapshot, [id]).concat();
        let status = scene.words.component_status(*status);
        scene.words.say_with("feed-component", &[("name", (&name).into()), ("status", (&status).into())])
    };
    components.iter().map(line).collect()
}

fn of_maintenance(held: &Maintenance, scene: &Scene<'_>) -> Entry {
    let (words, as_of) = (&scene.words, scene.snapshot.as_of);
    let (title, since) = (one_line(&held.title), announced::in_sight_since(held, as_of));
    let steps = announced::steps(held, as_of);
    let told = |step: &announced::Step| Told {
        status: words.maintenance_status(step.status.as_str()),
        when: words.moment(step.at).text,
        body: announced::said(held, *step, words).map(|said| markdown::html(&said)).unwrap_or_default(),
        touched: Vec::new(),
    };
    let planned = Told {
        status: words.say("feed-planned-for"),
        when: announced::span(held, words),
        body: String::new(),
        touched: names(scene.snapshot, &held.components),
    };
    let newest = steps.first().expect("the first step is always there");
    let status = words.maintenance_status(newest.status.as_str());
    let span = announced::span(held, words);
    Entry {
        id: urn(&["maintenance", held.tenant.as_str(), &announced::occurrence_id(held)]),
        url: home(scene),
        title: words.say_with("feed-maintenance", &[("title", (&title).into())]),
        published: since,
        updated: newest.at.max(since),
        summary: summary(&status, &span, scene),
        html: html([planned].into_iter().chain(steps.iter().map(told)).collect()),
        concerns: names(scene.snapshot, &held.components),
    }
}

fn summary(status: &str, text: &str, scene: &Scene<'_>) -> String {
    let text = markdown::line(text, LONGEST_SUMMARY);
    scene.words.say_with("feed-summary", &[("status", status.into()), ("text", (&text).into())])
}

fn html(steps: Vec<Told>) -> String {
    Timeline { steps }
        .render()
        .expect("the template writes to memory and calls nothing that fails")
        .trim_end()
        .to_owned()
}

fn urn(parts: &[&str]) -> String {
    format!("urn:uuid:{}", uuid(parts))
}
