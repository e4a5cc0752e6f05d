//! Components and their groups.

use std::borrow::Cow;

use plimsoll_domain::incident::ComponentStatus;
use plimsoll_domain::page::ComponentFigure;
use plimsoll_domain::time::Timestamp;
use serde::Serialize;

use crate::feeds::one_line;
use crate::scene::Scene;

/// What is said of a component of which nobody knows how it is, since no status says it.
const NOT_KNOWN: &str = "Its status is not known: there are no current samples.";

/// A component, or a group of some.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Component<'a> {
    id: Cow<'a, str>,
    name: String,
    status: &'static str,
    created_at: Timestamp,
    updated_at: Timestamp,
    position: usize,
    description: Option<Cow<'a, str>>,
    showcase: bool,
    start_date: Option<&'static str>,
    group_id: Option<String>,
    page_id: &'a str,
    group: bool,
    only_show_if_degraded: bool,
    /// Of a group: its components.
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<Vec<&'a str>>,
}

/// The components in the order of the page, each group before its own. Positions count from 1, within a group anew.
pub(super) fn all<'a>(scene: &Scene<'a>) -> Vec<Component<'a>> {
    let figures = &scene.snapshot.components;
    let (mut all, mut position) = (Vec::with_capacity(figures.len()), 0);
    for members in figures.chunk_by(|one, next| one.group.is_some() && one.group == next.group) {
        position += 1;
        if let Some(name) = &members[0].group {
            all.push(group(name, members, position, scene));
            all.extend(members.iter().zip(1..).map(|(figure, within)| component(figure, within, scene)));
        } else {
            all.extend(members.iter().map(|figure| component(figure, position, scene)));
        }
    }
    all
}

/// Those of the components that `is_meant` picks, as [`all`] has them, without groups.
pub(super) fn those<'a>(scene: &Scene<'a>, is_meant: impl Fn(&str) -> bool) -> Vec<Component<'a>> {
    all(scene).into_iter().filter(|component| !component.group && is_meant(&component.id)).collect()
}

/// A status in the API's words. It has none for what is not known: that is told as degraded, the mildest that is not well.
pub(super) const fn status(of: ComponentStatus) -> &'static str {
    match of {
        ComponentStatus::Unknown => ComponentStatus::DegradedPerformance.as_str(),
        known => known.as_str(),
    }
}

/// What a group is called by: it has nothing but its name.
fn group_id(name: &str) -> String {
    format!("group-{}", &blake3::hash(name.as_bytes()).to_hex()[..12])
}

fn component<'a>(of: &'a ComponentFigure, position: usize, scene: &Scene<'a>) -> Component<'a> {
    let (created_at, updated_at) = times(of, scene);
    Component {
        id: of.id.as_str().into(),
        name: one_line(&of.name),
        status: status(of.status),
        created_at,
        updated_at,
        position,
        description: description(of),
        showcase: false,
        start_date: None,
        group_id: of.group.as_deref().map(group_id),
        page_id: scene.snapshot.tenant.as_str(),
        group: false,
        only_show_if_degraded: false,
        components: None,
    }
}

fn group<'a>(name: &str, members: &'a [ComponentFigure], position: usize, scene: &Scene<'a>) -> Component<'a> {
    let worst = members.iter().map(|figure| figure.status).max().expect("a group has components");
    let times = members.iter().map(|figure| times(figure, scene));
    let (created, updated): (Vec<_>, Vec<_>) = times.unzip();
    Component {
        id: group_id(name).into(),
        name: one_line(name),
        status: status(worst),
        created_at: created.into_iter().min().expect("as above"),
        updated_at: updated.into_iter().max().expect("as above"),
        position,
        description: (worst == ComponentStatus::Unknown).then(|| NOT_KNOWN.into()),
        showcase: false,
        start_date: None,
        group_id: None,
        page_id: scene.snapshot.tenant.as_str(),
        group: true,
        only_show_if_degraded: false,
        components: Some(members.iter().map(|figure| figure.id.as_str()).collect()),
    }
}

/// When it was set up and when its status changed, as far as is known.
fn times(of: &ComponentFigure, scene: &Scene<'_>) -> (Timestamp, Timestamp) {
    let first_day = of.days.first().map(|day| day.date.start());
    let created = of.created_at.or(first_day).unwrap_or(scene.snapshot.as_of);
    (created, of.since.unwrap_or(scene.snapshot.as_of).max(created))
}

fn description(of: &ComponentFigure) -> Option<Cow<'_, str>> {
    match (&of.description, of.status) {
        (None, ComponentStatus::Unknown) => Some(NOT_KNOWN.into()),
        (Some(text), ComponentStatus::Unknown) => Some(format!("{text} {NOT_KNOWN}").into()),
        (text, _) => text.as_deref().map(Cow::from),
    }
}
