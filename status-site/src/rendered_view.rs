//! Everything that is served of one snapshot: the overview made at once, the rest when somebody first asks for it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;
use plimsoll_domain::ids::IncidentId;
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::time::Timestamp;

use crate::respond::Rendered;
use crate::view::freshness::Freshness;
use crate::{json, pages};

/// One tenant's pages, true while [`RenderedView::holds_at`] says so.
#[derive(Debug)]
pub(crate) struct RenderedView {
    told: Told,
    made_at: Timestamp,
    overview: Rendered,
    incidents: OnceLock<Rendered>,
    each_incident: HashMap<IncidentId, OnceLock<Rendered>>,
    /// In the order of the snapshot's components; boxed, as few of them are ever looked at.
    each_component: Box<[OnceLock<Box<Rendered>>]>,
    status_json: Timed,
    incidents_json: Timed,
}

/// What there is to tell.
#[derive(Debug)]
enum Told {
    /// A snapshot and its age.
    Snapshot(Arc<StatusSnapshot>, Freshness),
    /// The tenant (slug, name) exists, and nothing was sampled yet.
    Nothing(String, String),
}

/// JSON tells its age in seconds, so it is made anew, at most once each second in which somebody asks.
type Timed = ArcSwapOption<(i64, Rendered)>;

impl RenderedView {
    /// The pages of `snapshot` as they read at `now`.
    pub(crate) fn of(snapshot: Arc<StatusSnapshot>, now: Timestamp, public_url: &str) -> Self {
        let fresh = Freshness::of(&snapshot, now);
        let overview = pages::overview(&snapshot, &fresh, public_url, now);
        let each = snapshot.incidents.iter().map(|incident| (incident.id.clone(), OnceLock::new())).collect();
        Self::new(Told::Snapshot(snapshot, fresh), now, overview, each)
    }

    /// The pages of a tenant without any snapshot.
    pub(crate) fn nothing_yet(slug: &str, name: &str, now: Timestamp) -> Self {
        let told = Told::Nothing(slug.to_owned(), name.to_owned());
        Self::new(told, now, pages::no_samples(slug, name, now), HashMap::new())
    }

    fn new(
        told: Told,
        made_at: Timestamp,
        overview: Rendered,
        each_incident: HashMap<IncidentId, OnceLock<Rendered>>,
    ) -> Self {
        let components = match &told {
            Told::Snapshot(snapshot, _) => snapshot.components.len(),
            Told::Nothing(..) => 0,
        };
        Self {
            told,
            made_at,
            overview,
            incidents: OnceLock::new(),
            each_incident,
            each_component: (0..components).map(|_| OnceLock::new()).collect(),
            status_json: Timed::empty(),
            incidents_json: Timed::empty(),
        }
    }

    /// What it was made of; `None` when nothing was sampled yet.
    pub(crate) fn snapshot(&self) -> Option<&Arc<StatusSnapshot>> {
        match &self.told {
            Told::Snapshot(snapshot, _) => Some(snapshot),
            Told::Nothing(..) => None,
        }
    }

    /// Whether it reads at `now` as it did when it was made; if not, its age must be told anew.
    pub(crate) fn holds_at(&self, now: Timestamp) -> bool {
        match &self.told {
            Told::Snapshot(_, fresh) => fresh.holds.contains(&now),
            Told::Nothing(..) => true,
        }
    }

    /// The overview.
    pub(crate) const fn overview(&self) -> &Rendered {
        &self.overview
    }

    /// The page of all incidents.
    pub(crate) fn incidents(&self) -> &Rendered {
        match &self.told {
            Told::Nothing(..) => &self.overview,
            Told::Snapshot(snapshot, fresh) => {
                self.incidents.get_or_init(|| pages::incidents(snapshot, fresh, self.made_at))
            }
        }
    }

    /// The page of one incident; `None` when this tenant shows no such incident.
    pub(crate) fn incident(&self, id: &str) -> Option<&Rendered> {
        let Told::Snapshot(snapshot, fresh) = &self.told else { return None };
        let incident = snapshot.incidents.iter().find(|incident| incident.id.as_str() == id)?;
        let page = self.each_incident.get(&incident.id)?;
        Some(page.get_or_init(|| pages::incident(incident, snapshot, fresh, self.made_at)))
    }

    /// The page of one component; `None` when this tenant has no such component.
    pub(crate) fn component(&self, id: &str) -> Option<&Rendered> {
        let Told::Snapshot(snapshot, fresh) = &self.told else { return None };
        let at = snapshot.components.iter().position(|component| component.id.as_str() == id)?;
        let make = || Box::new(pages::component(&snapshot.components[at], snapshot, fresh, self.made_at));
        Some(self.each_component.get(at)?.get_or_init(make))
    }

    /// The status as JSON, with its age at `now`.
    pub(crate) fn status_json(&self, now: Timestamp) -> Arc<(i64, Rendered)> {
        self.timed(&self.status_json, now, json::status, json::status_of_nothing)
    }

    /// The incidents as JSON, with their age at `now`.
    pub(crate) fn incidents_json(&self, now: Timestamp) -> Arc<(i64, Rendered)> {
        self.timed(&self.incidents_json, now, json::incidents, json::incidents_of_nothing)
    }

    fn timed<T: serde::Serialize>(
        &self,
        held: &Timed,
        now: Timestamp,
        told: fn(&StatusSnapshot, json::Age) -> T,
        nothing: fn(&str, &str) -> T,
    ) -> Arc<(i64, Rendered)> {
        if let Some(made) = held.load_full().filter(|made| made.0 == now.seconds()) {
            return made;
        }
        let at = |age: i64| match &self.told {
            Told::Snapshot(snapshot, fresh) => {
                json::text(&told(snapshot, json::Age { seconds: age, stale: fresh.is_stale() }))
            }
            Told::Nothing(slug, name) => json::text(&nothing(slug, name)),
        };
        let age = self.snapshot().map_or(0, |snapshot| now.millis_since(snapshot.as_of).max(0) / 1_000);
        let made = Arc::new((now.seconds(), Rendered::json(at(age), at(0).as_bytes(), self.made_at)));
        held.store(Some(Arc::clone(&made)));
        made
    }
}
