//! Components under their groups, each with its daily bars.

use plimsoll_domain::incident::ComponentStatus;
use plimsoll_domain::page::{ComponentFigure, DayFigure, Uptime};
use plimsoll_words::{Moment, Words};

use super::days::{Bar, Days};
use super::tone;
use crate::scene::Scene;

/// Components under one heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// The heading; `None` for those without a group.
    pub(crate) name: Option<String>,
    /// Those under it.
    pub(crate) components: Vec<ComponentRow>,
}

/// One component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ComponentRow {
    /// Its id: also the anchor on the page.
    pub(crate) id: String,
    /// Where its own page is.
    pub(crate) href: String,
    /// Its name.
    pub(crate) name: String,
    /// A sentence about it.
    pub(crate) description: Option<String>,
    /// The class of its status.
    pub(crate) tone: &'static str,
    /// Its status in words.
    pub(crate) status: String,
    /// Since when it is not well.
    pub(crate) since: Option<Moment>,
    /// One bar a day, oldest first.
    pub(crate) bars: Vec<Bar>,
    /// What its bars are called together.
    pub(crate) bars_label: String,
    /// The date of the first bar.
    pub(crate) first_day: String,
    /// The date of the last bar: today, as of the snapshot.
    pub(crate) last_day: String,
    /// Over 30 days.
    pub(crate) month: Figure,
    /// Over 90 days.
    pub(crate) quarter: Figure,
}

/// Uptime over some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    /// `99.98 %`; `None` when nothing is known.
    pub(crate) uptime: Option<String>,
    /// `97 % known`.
    pub(crate) known: String,
}

impl Group {
    /// The groups of the snapshot, in its order.
    pub(crate) fn all(scene: &Scene<'_>) -> Vec<Self> {
        let mut days = Days::new(scene.words);
        let mut groups: Vec<Self> = Vec::new();
        for component in &scene.snapshot.components {
            let row = ComponentRow::with(component, scene, &mut days);
            match groups.last_mut().filter(|group| group.name == component.group) {
                Some(group) => group.components.push(row),
                None => groups.push(Self { name: component.group.clone(), components: vec![row] }),
            }
        }
        groups
    }
}

impl ComponentRow {
    /// What is told of `component`.
    pub(crate) fn of(component: &ComponentFigure, scene: &Scene<'_>) -> Self {
        Self::with(component, scene, &mut Days::new(scene.words))
    }

    fn with(component: &ComponentFigure, scene: &Scene<'_>, days: &mut Days) -> Self {
        let words = &scene.words;
        let date = |day: Option<&DayFigure>| day.map(|day| words.short_day(day.date)).unwrap_or_default();
        let is_well = component.status == ComponentStatus::Operational;
        Self {
            id: component.id.to_string(),
            href: scene.link(&format!("/components/{}", component.id)),
            name: component.name.clone(),
            description: component.description.clone(),
            tone: tone::of_status(component.status),
            status: words.component_status(component.status),
            since: component.since.filter(|_| !is_well).map(|since| words.moment_near(since, scene.snapshot.as_of)),
            bars: component.days.iter().map(|day| days.bar(day)).collect(),
            bars_label: words.say_with("days-of", &[("name", component.name.as_str().into())]),
            first_day: date(component.days.first()),
            last_day: date(component.days.last()),
            month: Figure::of(component.last_30_days, words),
            quarter: Figure::of(component.last_90_days, words),
        }
    }
}

impl Figure {
    fn of(uptime: Uptime, words: &Words) -> Self {
        Self { uptime: uptime.ratio.map(|ratio| words.percent(ratio)), known: words.known(uptime.coverage) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use crate::view::stage::Stage;

    #[test]
    fn components_stand_under_their_groups_in_the_order_of_the_snapshot() {
        let stage = Stage::english(samples::busy());
        let groups = Group::all(&stage.scene());
        let names: Vec<_> = groups.iter().map(|group| (group.name.as_deref(), group.components.len())).collect();
        assert_eq!(names, [(None, 1), (Some("Core"), 3), (Some("Edges"), 2)]);
    }

    #[test]
    fn a_day_of_which_nothing_is_known_is_not_called_up() {
        let stage = Stage::english(samples::busy());
        let groups = Group::all(&stage.scene());
        let bars = groups.iter().flat_map(|group| &group.components).flat_map(|component| &component.bars);
        let unknown: Vec<_> = bars.filter(|bar| bar.tone == "none").collect();
        assert!(!unknown.is_empty() && unknown.iter().all(|bar| bar.label.ends_with(": Not known")));
    }

    #[test]
    fn a_bar_carries_its_date_its_status_and_its_figures() {
        let label = |stage: &Stage| {
            let row = ComponentRow::of(&stage.snapshot.components[0], &stage.scene());
            row.bars.last().expect("90 days").label.replace('\u{a0}', " ")
        };
        assert_eq!(label(&Stage::english(samples::quiet())), "Sat 21 Nov 2026: Operational, 100 % up, 97 % known");
        assert_eq!(label(&Stage::swedish(samples::quiet())), "lör 21 nov 2026: Fungerade, 100 % uppe, 97 % känt");
    }

    #[test]
    fn what_is_not_well_says_since_when() {
        let stage = Stage::english(samples::busy());
        let rows: Vec<_> = Group::all(&stage.scene()).into_iter().flat_map(|group| group.components).collect();
        let since = |id: &str| rows.iter().find(|row| row.id == id).and_then(|row| row.since.clone());
        assert_eq!(since("api").map(|since| since.text).as_deref(), Some("11:52 UTC"));
        assert_eq!(since("web"), None);
    }
}
