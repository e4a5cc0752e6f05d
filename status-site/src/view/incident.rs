//! Incidents with their timelines.

use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::incident::{AUTOMATIC, ComponentStatus, Incident, IncidentStatus, IncidentUpdate};
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_words::{Moment, Words};

use super::{text, tone};
use crate::scene::Scene;

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IncidentCard {
    /// Its id: also the anchor on the page.
    pub(crate) id: String,
    /// Where its own page is.
    pub(crate) href: String,
    /// Its title.
    pub(crate) title: String,
    /// How bad it is, in words.
    pub(crate) impact: String,
    /// The class of its impact; of a well state once it is over.
    pub(crate) tone: &'static str,
    /// Where it stands.
    pub(crate) status: String,
    /// Whether it is not over.
    pub(crate) is_open: bool,
    /// When it began.
    pub(crate) started: Moment,
    /// When it was over.
    pub(crate) resolved: Option<Moment>,
    /// How long it took, once it is over.
    pub(crate) lasted: Option<String>,
    /// What it touches, with the newest word on each.
    pub(crate) touched: Vec<Touched>,
    /// What was said, newest first, without postmortems.
    pub(crate) updates: Vec<UpdateEntry>,
    /// What was written down afterwards, oldest first.
    pub(crate) postmortems: Vec<UpdateEntry>,
}

/// One component of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Its name, or its id when it is gone.
    pub(crate) name: String,
    /// The class of its status.
    pub(crate) tone: &'static str,
    /// Its status in words, before; `None` when nothing was said of it before.
    pub(crate) before: Option<String>,
    /// Its status in words.
    pub(crate) status: String,
}

/// One entry of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UpdateEntry {
    /// Where the incident stood.
    pub(crate) status: String,
    /// When it was said.
    pub(crate) at: Moment,
    /// What was said, as HTML that is clean.
    pub(crate) body: String,
    /// `automatic` or `operator`, in words: names of keys are nobody's business.
    pub(crate) by: String,
    /// Components of which something new was said.
    pub(crate) changes: Vec<Touched>,
}

/// Level of the headings in what people write, in a list of incidents.
const IN_A_LIST: u8 = 4;
/// The same on a page of its own.
const ALONE: u8 = 3;

/// Which incidents are told of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum About<'a> {
    /// All of them.
    Everything,
    /// Those that name this component, in any of their updates.
    Component(&'a ComponentId),
}

impl About<'_> {
    /// Whether `incident` is one of them.
    pub(crate) fn includes(self, incident: &Incident) -> bool {
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

/// The name of a component; its id when it is gone.
pub(crate) fn name_of(id: &ComponentId, snapshot: &StatusSnapshot) -> String {
    let found = snapshot.components.iter().find(|component| &component.id == id);
    found.map_or_else(|| id.to_string(), |component| component.name.clone())
}

impl IncidentCard {
    /// The card of `incident` among others, with names from the snapshot.
    pub(crate) fn of(incident: &Incident, scene: &Scene<'_>) -> Self {
        Self::with(incident, scene, IN_A_LIST)
    }

    /// What is told of `incident` on a page of its own.
    pub(crate) fn alone(incident: &Incident, scene: &Scene<'_>) -> Self {
        Self::with(incident, scene, ALONE)
    }

    fn with(incident: &Incident, scene: &Scene<'_>, level: u8) -> Self {
        let words = &scene.words;
        let resolved = incident.resolved_at();
        let minutes = resolved.map(|over| over.millis_since(incident.started_at()) / 60_000);
        let (postmortems, told): (Vec<_>, Vec<_>) = (0..incident.updates.len())
            .partition(|index| incident.updates[*index].status == IncidentStatus::Postmortem);
        Self {
            id: incident.id.to_string(),
            href: scene.link(&format!("/incidents/{}", incident.id)),
            title: incident.title.clone(),
            impact: words.impact(incident.impact),
            tone: if incident.is_open() { tone::of_impact(incident.impact) } else { "ok" },
            status: words.incident_status(incident.status()),
            is_open: incident.is_open(),
            started: words.moment(incident.started_at()),
            resolved: resolved.map(|over| words.moment(over)),
            lasted: minutes.map(|minutes| words.duration(minutes)),
            touched: touched(incident, scene),
            updates: told.into_iter().rev().map(|index| entry((incident, index), scene, level)).collect(),
            postmortems: postmortems.into_iter().map(|index| entry((incident, index), scene, level)).collect(),
        }
    }

    /// Those that are open, newest first.
    pub(crate) fn open(scene: &Scene<'_>, about: About<'_>) -> Vec<Self> {
        let open = scene.snapshot.incidents.iter().filter(|one| one.is_open() && about.includes(one));
        open.map(|one| Self::of(one, scene)).collect()
    }
}

fn touched(incident: &Incident, scene: &Scene<'_>) -> Vec<Touched> {
    let all = incident.latest().components.iter();
    all.map(|(id, status)| Touched::of(id, None, *status, scene)).collect()
}

impl Touched {
    fn of(id: &ComponentId, before: Option<ComponentStatus>, status: ComponentStatus, scene: &Scene<'_>) -> Self {
        let say = |words: &Words, status| words.component_status(status);
        Self {
            name: name_of(id, scene.snapshot),
            tone: tone::of_status(status),
            before: before.map(|before| say(&scene.words, before)),
            status: say(&scene.words, status),
        }
    }
}

fn entry((incident, index): (&Incident, usize), scene: &Scene<'_>, level: u8) -> UpdateEntry {
    let (words, update) = (&scene.words, &incident.updates[index]);
    let before = |id| incident.updates[..index].iter().rev().find_map(|update| update.components.get(id)).copied();
    let changed = update.components.iter().filter(|(id, status)| before(id) != Some(**status));
    UpdateEntry {
        status: words.incident_status(update.status),
        at: words.moment(update.at),
        body: text::html(&update.body, level),
        by: words.say(&format!("by-{}", author(update))),
        changes: changed.map(|(id, status)| Touched::of(id, before(id), *status, scene)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use crate::view::stage::Stage;

    #[test]
    fn the_name_of_a_key_is_not_told() {
        let stage = Stage::english(samples::rich());
        let cards = stage.snapshot.incidents.iter().map(|incident| IncidentCard::of(incident, &stage.scene()));
        let all = format!("{:?}", cards.collect::<Vec<_>>());
        assert!(format!("{:?}", stage.snapshot.incidents).contains(samples::KEY_NAME));
        assert!(!all.contains(samples::KEY_NAME) && all.contains("operator") && all.contains("automatic"));
    }

    #[test]
    fn the_timeline_reads_from_the_newest() {
        let stage = Stage::english(samples::rich());
        let open = IncidentCard::open(&stage.scene(), About::Everything);
        assert_eq!(open.len(), 2);
        assert_eq!(open[0].updates.first().map(|update| &update.status), Some(&open[0].status));
    }

    #[test]
    fn an_entry_tells_what_changed_of_which_component_and_from_what() {
        let stage = Stage::english(samples::rich());
        let incident = stage.snapshot.incidents.iter().find(|one| one.id.as_str() == "inc-3").expect("a sample");
        let card = IncidentCard::of(incident, &stage.scene());
        let changes = card.updates.iter().map(|update| {
            let told = |one: &Touched| (one.name.clone(), one.before.clone(), one.status.clone());
            update.changes.iter().map(told).collect::<Vec<_>>()
        });
        let api = |before: Option<&str>, now: &str| vec![("API".to_owned(), before.map(str::to_owned), now.to_owned())];
        let want = [vec![], api(Some("Degraded"), "Operational"), api(None, "Degraded")];
        assert_eq!(changes.collect::<Vec<_>>(), want);
    }

    #[test]
    fn a_postmortem_stands_apart_from_the_timeline() {
        let stage = Stage::english(samples::rich());
        let incident = stage.snapshot.incidents.iter().find(|one| one.id.as_str() == "inc-4").expect("a sample");
        let card = IncidentCard::of(incident, &stage.scene());
        assert_eq!((card.postmortems.len(), card.updates.len()), (1, 2));
        assert!(card.postmortems[0].body.contains("<strong>"), "{}", card.postmortems[0].body);
        assert_eq!(card.lasted.as_deref(), Some("2 hours 13 minutes"));
    }

    #[test]
    fn a_component_that_is_gone_is_named_by_its_id() {
        let mut snapshot = samples::busy();
        snapshot.components.clear();
        let stage = Stage::english(snapshot);
        let cards = IncidentCard::open(&stage.scene(), About::Everything);
        assert!(cards.iter().flat_map(|card| &card.touched).any(|touched| touched.name == "api"));
    }
}
