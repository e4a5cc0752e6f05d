//! What stands at each address below `/api/v2/`.

use std::cmp::Reverse;

use plimsoll_domain::incident::Incident as Told;
use plimsoll_domain::maintenance::{Maintenance as Planned, MaintenanceStatus};
use plimsoll_domain::page::UPCOMING;
use plimsoll_domain::time::{Span, Timestamp};
use serde::Serialize;

use super::component::{Component, all};
use super::incident::Incident;
use super::maintenance::Maintenance;
use super::overall::{Overall, Tally};
use crate::feeds::{announced, one_line};
use crate::json::text;
use crate::scene::Scene;

/// Most incidents or maintenances of one answer.
const MOST: usize = 50;
/// How far back the times of a maintenance that recurs are listed.
const BACK: Span = Span::days(90);

/// Whose page it is; in every answer.
#[derive(Serialize)]
struct Page<'a> {
    id: &'a str,
    name: String,
    url: String,
    time_zone: &'static str,
    updated_at: Timestamp,
}

#[derive(Serialize)]
struct Answer<'a, T: Serialize> {
    page: Page<'a>,
    #[serde(flatten)]
    told: T,
}

#[derive(Serialize)]
struct Status {
    status: Overall,
}

#[derive(Serialize)]
struct Components<'a> {
    components: Vec<Component<'a>>,
}

#[derive(Serialize)]
struct Incidents<'a> {
    incidents: Vec<Incident<'a>>,
}

#[derive(Serialize)]
struct Maintenances<'a> {
    scheduled_maintenances: Vec<Maintenance<'a>>,
}

#[derive(Serialize)]
struct Summary<'a> {
    components: Vec<Component<'a>>,
    incidents: Vec<Incident<'a>>,
    scheduled_maintenances: Vec<Maintenance<'a>>,
    status: Overall,
}

/// `status.json`: how things are, in one word and in one sentence.
pub(crate) fn status(scene: &Scene<'_>) -> String {
    answer(scene, Status { status: overall(scene) })
}

/// `components.json`: the components, each group before its own.
pub(crate) fn components(scene: &Scene<'_>) -> String {
    answer(scene, Components { components: all(scene) })
}

/// `incidents.json`: of these incidents the 50 newest. Drafts, and components that the page does not show, are left out.
pub(crate) fn incidents(scene: &Scene<'_>, newest: &[Told]) -> String {
    let mut shown: Vec<Told> = newest.iter().filter(|incident| !incident.draft).cloned().collect();
    shown.sort_by_key(|incident| (Reverse(incident.started_at()), incident.id.clone()));
    shown.truncate(MOST);
    for update in shown.iter_mut().flat_map(|incident| &mut incident.updates) {
        update.components.retain(|component, _| !scene.page.arrangement.hidden.contains(component));
    }
    answer(scene, Incidents { incidents: shown.iter().map(|incident| Incident::of(incident, scene)).collect() })
}

/// `incidents/unresolved.json`: those that are not over.
pub(crate) fn unresolved(scene: &Scene<'_>) -> String {
    answer(scene, Incidents { incidents: open(scene) })
}

/// `scheduled-maintenances.json`: of these, each as it is kept, the 50 times that begin last.
pub(crate) fn maintenances(scene: &Scene<'_>, kept: &[Planned]) -> String {
    let as_of = scene.snapshot.as_of;
    let span = as_of.minus(BACK)..as_of.plus(UPCOMING);
    let times = |held: Planned| if held.recurrence.is_some() { held.occurrences(&span) } else { vec![held] };
    let shown = kept.iter().filter_map(|held| announced::shown(held, scene.page));
    let mut times: Vec<Planned> = shown.flat_map(times).collect();
    times.sort_by_key(|held| (Reverse(held.starts_at), held.id.clone()));
    times.truncate(MOST);
    listed(scene, times.iter())
}

/// `scheduled-maintenances/upcoming.json`: those that have not begun.
pub(crate) fn upcoming(scene: &Scene<'_>) -> String {
    listed(scene, scene.snapshot.maintenances.iter().filter(|held| !has_begun(held, scene)))
}

/// `scheduled-maintenances/active.json`: those that have begun and are not over.
pub(crate) fn active(scene: &Scene<'_>) -> String {
    listed(scene, scene.snapshot.maintenances.iter().filter(|held| has_begun(held, scene) && is_ahead(held, scene)))
}

/// `summary.json`: everything that is so now or comes next.
pub(crate) fn summary(scene: &Scene<'_>) -> String {
    let ahead = scene.snapshot.maintenances.iter().filter(|held| is_ahead(held, scene));
    let told = Summary {
        components: all(scene),
        incidents: open(scene),
        scheduled_maintenances: ahead.map(|held| Maintenance::of(held, scene)).collect(),
        status: overall(scene),
    };
    answer(scene, told)
}

fn open<'a>(scene: &Scene<'a>) -> Vec<Incident<'a>> {
    let open = scene.snapshot.incidents.iter().filter(|incident| incident.is_open());
    open.map(|incident| Incident::of(incident, scene)).collect()
}

fn listed<'a>(scene: &Scene<'a>, these: impl Iterator<Item = &'a Planned>) -> String {
    answer(scene, Maintenances { scheduled_maintenances: these.map(|held| Maintenance::of(held, scene)).collect() })
}

fn has_begun(held: &Planned, scene: &Scene<'_>) -> bool {
    held.status(scene.snapshot.as_of) != MaintenanceStatus::Scheduled
}

fn is_ahead(held: &Planned, scene: &Scene<'_>) -> bool {
    held.status(scene.snapshot.as_of) != MaintenanceStatus::Completed
}

fn overall(scene: &Scene<'_>) -> Overall {
    Tally::of(scene.snapshot, scene.fresh.is_stale()).overall()
}

fn answer(scene: &Scene<'_>, told: impl Serialize) -> String {
    let page = Page {
        id: scene.snapshot.tenant.as_str(),
        name: one_line(scene.title()),
        url: scene.address(""),
        time_zone: scene.words.zone().name(),
        updated_at: scene.snapshot.as_of,
    };
    text(&Answer { page, told })
}
