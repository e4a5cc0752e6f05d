//! Components under their groups, each with its daily bars.

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::{ComponentFigure, DayFigure, StatusSnapshot, Uptime};

use super::words;

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
    pub(crate) status: &'static str,
    /// One bar a day, oldest first.
    pub(crate) bars: Vec<Bar>,
    /// The date of the first bar.
    pub(crate) first_day: String,
    /// The date of the last bar: today, as of the snapshot.
    pub(crate) last_day: String,
    /// Over 30 days.
    pub(crate) month: Figure,
    /// Over 90 days.
    pub(crate) quarter: Figure,
}

/// One day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    /// The class of its status.
    pub(crate) tone: &'static str,
    /// The date.
    pub(crate) date: String,
    /// The day in words.
    pub(crate) status: &'static str,
    /// `99.98 % up · 97 % known`, or that nothing is known.
    pub(crate) figures: String,
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
    /// The groups of `snapshot`, in its order.
    pub(crate) fn all(snapshot: &StatusSnapshot) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        for component in &snapshot.components {
            match groups.last_mut().filter(|group| group.name == component.group) {
                Some(group) => group.components.push(ComponentRow::of(component, &snapshot.tenant)),
                None => groups.push(Self {
                    name: component.group.clone(),
                    components: vec![ComponentRow::of(component, &snapshot.tenant)],
                }),
            }
        }
        groups
    }
}

impl ComponentRow {
    /// What is told of `component`, which is one of `tenant`.
    pub(crate) fn of(component: &ComponentFigure, tenant: &TenantId) -> Self {
        let date = |day: Option<&DayFigure>| day.map(|day| day.date.start().format("%-d %b %Y")).unwrap_or_default();
        Self {
            id: component.id.to_string(),
            href: format!("/s/{tenant}/components/{}", component.id),
            name: component.name.clone(),
            description: component.description.clone(),
            tone: words::tone(component.status),
            status: words::status_now(component.status),
            bars: component.days.iter().map(bar).collect(),
            first_day: date(component.days.first()),
            last_day: date(component.days.last()),
            month: figure(component.last_30_days),
            quarter: figure(component.last_90_days),
        }
    }
}

fn bar(day: &DayFigure) -> Bar {
    let figures = match day.uptime {
        Some(ratio) => format!("{} up · {}", words::percent(ratio), words::known(day.coverage)),
        None if day.coverage > 0.0 => format!("Outside uptime · {}", words::known(day.coverage)),
        None => "Nothing known".to_owned(),
    };
    Bar { tone: words::tone(day.status), date: words::day(day.date), status: words::status_of_day(day.status), figures }
}

fn figure(uptime: Uptime) -> Figure {
    Figure { uptime: uptime.ratio.map(words::percent), known: words::known(uptime.coverage) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn components_stand_under_their_groups_in_the_order_of_the_snapshot() {
        let groups = Group::all(&samples::busy());
        let names: Vec<_> = groups.iter().map(|group| (group.name.as_deref(), group.components.len())).collect();
        assert_eq!(names, [(None, 1), (Some("Core"), 3), (Some("Edges"), 2)]);
    }

    #[test]
    fn a_day_of_which_nothing_is_known_is_not_called_up() {
        let snapshot = samples::busy();
        let groups = Group::all(&snapshot);
        let unknown = groups.iter().flat_map(|group| &group.components).flat_map(|component| &component.bars);
        let unknown: Vec<_> = unknown.filter(|bar| bar.tone == "none").collect();
        assert!(!unknown.is_empty());
        assert!(unknown.iter().all(|bar| bar.figures == "Nothing known" && bar.status == "Not known"));
    }

    #[test]
    fn a_bar_carries_its_date_its_status_and_its_figures() {
        let groups = Group::all(&samples::quiet());
        let today = groups[0].components[0].bars.last().expect("90 days");
        assert_eq!(today.date, "Sat 21 Nov 2026");
        assert_eq!((today.status, today.figures.as_str()), ("Operational", "100 % up · 97 % known"));
    }
}
