//! Everything that is served of one snapshot, in each language and at each place where somebody asks for it: the overview
//! of the usual one made at once, the rest when somebody first asks.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use arc_swap::ArcSwapOption;
use axum::http::StatusCode;
use plimsoll_domain::ids::{ComponentId, IncidentId, TenantId};
use plimsoll_domain::page::{PageConfig, StatusSnapshot};
use plimsoll_domain::time::Timestamp;
use plimsoll_store::PublicPage;
use plimsoll_words::{Locale, Words};

use crate::language::{self, Choice};
use crate::respond::{Kind, Rendered};
use crate::scene::{Place, Scene};
use crate::view::freshness::Freshness;
use crate::{feeds, json, pages, statuspage};

/// One tenant's pages, true while [`RenderedView::holds_at`] says so.
#[derive(Debug)]
pub(crate) struct RenderedView {
    /// What was settled about the page.
    pub(crate) page: Arc<PublicPage>,
    snapshot: Arc<StatusSnapshot>,
    /// Whether anything was sampled yet.
    is_sampled: bool,
    fresh: Freshness,
    made_at: Timestamp,
    locale: Locale,
    public_url: Arc<str>,
    /// By language, place and whether a link chose the language: see [`RenderedView::index`].
    variants: Box<[OnceLock<Arc<Variant>>]>,
    look: Option<(String, Rendered)>,
    status_json: Timed,
    incidents_json: Timed,
}

/// The pages in one language at one place.
#[derive(Debug)]
pub(crate) struct Variant {
    /// Where they stand.
    pub(crate) place: Place,
    /// The language.
    pub(crate) words: Words,
    overview: OnceLock<Rendered>,
    /// Bounded, since only what the snapshot holds is made.
    parts: RwLock<HashMap<Part, Arc<Rendered>>>,
}

/// A part of a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// All incidents.
    Incidents,
    /// One incident.
    Incident(IncidentId),
    /// One component.
    Component(ComponentId),
    /// Incidents, in Atom.
    Atom,
    /// Incidents, in RSS.
    Rss,
    /// Incidents, as a JSON Feed.
    JsonFeed,
    /// How all, or one component, is.
    Badge(Option<ComponentId>),
    /// `summary.json`.
    Summary,
    /// `status.json`.
    Status,
    /// `components.json`.
    Components,
    /// `incidents/unresolved.json`.
    Unresolved,
    /// `scheduled-maintenances/upcoming.json`.
    Upcoming,
    /// `scheduled-maintenances/active.json`.
    Active,
}

/// JSON tells its age in seconds, so it is made anew, at most once each second in which somebody asks.
type Timed = ArcSwapOption<(i64, Rendered)>;

impl RenderedView {
    /// The pages of `snapshot` as they read at `now`; `None`: nothing was sampled yet.
    pub(crate) fn of(
        snapshot: Option<Arc<StatusSnapshot>>,
        page: Arc<PublicPage>,
        now: Timestamp,
        public_url: &Arc<str>,
    ) -> Self {
        let is_sampled = snapshot.is_some();
        let snapshot = snapshot
            .unwrap_or_else(|| Arc::new(StatusSnapshot::unsampled(page.config.tenant.clone(), page.name.clone(), now)));
        let places = 1 + page.config.hosts.len();
        let name_and_css = pages::look_css(&page.config);
        let look = name_and_css.map(|(name, css)| (name, Rendered::new(Kind::Stylesheet, StatusCode::OK, css, None)));
        let made = Self {
            fresh: Freshness::of(&snapshot, now),
            snapshot,
            is_sampled,
            made_at: now,
            locale: locale_of(&page.config),
            public_url: Arc::clone(public_url),
            variants: (0..places * language::count() * 2).map(|_| OnceLock::new()).collect(),
            page,
            look,
            status_json: Timed::empty(),
            incidents_json: Timed::empty(),
        };
        let usual = made.page.config.hosts.iter().find(|host| host.verified_at.is_some());
        let usual = usual.map(|host| host.name.as_str().to_owned());
        let variant = made.variant(usual.as_deref(), Choice { locale: made.locale, by_link: false });
        made.overview(&variant);
        made
    }

    /// The snapshot; `None` when nothing was sampled yet.
    pub(crate) fn snapshot(&self) -> Option<&Arc<StatusSnapshot>> {
        self.is_sampled.then_some(&self.snapshot)
    }

    /// Whether `component` is one that the page shows.
    pub(crate) fn shows(&self, component: &ComponentId) -> bool {
        self.snapshot().is_some_and(|snapshot| snapshot.components.iter().any(|held| held.id == *component))
    }

    /// Whose page it is.
    pub(crate) fn tenant(&self) -> &TenantId {
        &self.page.config.tenant
    }

    /// When it came to say what it says.
    pub(crate) const fn made_at(&self) -> Timestamp {
        self.made_at
    }

    /// The language of whoever asks for none that there is.
    pub(crate) const fn locale(&self) -> Locale {
        self.locale
    }

    /// Whether it reads at `now` as it did when it was made; if not, its age must be told anew.
    pub(crate) fn holds_at(&self, now: Timestamp) -> bool {
        !self.is_sampled || self.fresh.holds.contains(&now)
    }

    /// The pages under `host` (`None`: below `/s`) in a language.
    pub(crate) fn variant(&self, host: Option<&str>, choice: Choice) -> Arc<Variant> {
        let make =
            || Arc::new(Variant::new(self.place(host, choice), Words::new(choice.locale, self.page.config.time_zone)));
        let held = self.index(host, choice).and_then(|index| self.variants.get(index));
        held.map_or_else(make, |held| Arc::clone(held.get_or_init(make)))
    }

    /// `None`: a name that was proven after this was made.
    fn index(&self, host: Option<&str>, choice: Choice) -> Option<usize> {
        let place = match host {
            None => 0,
            Some(name) => 1 + self.page.config.hosts.iter().position(|held| held.name.as_str() == name)?,
        };
        Some((place * language::count() + language::index(choice.locale)) * 2 + usize::from(choice.by_link))
    }

    fn place(&self, host: Option<&str>, choice: Choice) -> Place {
        place(self.tenant(), host, &self.public_url, choice.by_link)
    }

    /// What its pages are made of; `now` is when it is said.
    pub(crate) fn scene<'a>(&'a self, variant: &'a Variant, now: Timestamp) -> Scene<'a> {
        Scene {
            snapshot: &self.snapshot,
            page: &self.page.config,
            words: variant.words,
            place: &variant.place,
            fresh: &self.fresh,
            now,
        }
    }

    /// The overview.
    pub(crate) fn overview<'a>(&self, variant: &'a Variant) -> &'a Rendered {
        variant.overview.get_or_init(|| {
            let scene = self.scene(variant, self.made_at);
            if self.is_sampled { pages::overview(&scene) } else { self.no_samples(variant) }
        })
    }

    fn no_samples(&self, variant: &Variant) -> Rendered {
        pages::no_samples(&self.page.config, &self.page.name, variant.words, &variant.place)
    }

    /// A part of it; `None` when this tenant shows no such thing.
    pub(crate) fn part(&self, variant: &Variant, part: Part) -> Option<Arc<Rendered>> {
        let held = variant.parts.read().unwrap_or_else(PoisonError::into_inner).get(&part).cloned();
        if held.is_some() {
            return held;
        }
        let made = Arc::new(self.make(variant, &part)?);
        let mut parts = variant.parts.write().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(parts.entry(part).or_insert(made)))
    }

    fn make(&self, variant: &Variant, part: &Part) -> Option<Rendered> {
        let scene = self.scene(variant, self.made_at);
        let text = |kind, text| Some(Rendered::new(kind, StatusCode::OK, text, Some(self.made_at)));
        match part {
            Part::Incidents if self.is_sampled => Some(pages::incidents(&scene)),
            Part::Incidents => Some(self.no_samples(variant)),
            Part::Incident(id) => {
                let incident = self.snapshot.incidents.iter().find(|incident| incident.id == *id)?;
                Some(pages::incident(&scene, incident))
            }
            Part::Component(id) => {
                let component = self.snapshot.components.iter().find(|component| component.id == *id)?;
                Some(pages::component(&scene, component))
            }
            Part::Atom => text(Kind::Atom, feeds::atom(&scene)),
            Part::Rss => text(Kind::Rss, feeds::rss(&scene)),
            Part::JsonFeed => text(Kind::JsonFeed, feeds::json(&scene)),
            Part::Badge(component) => {
                text(Kind::Badge, feeds::badge(&scene, component.as_ref().map(ComponentId::as_str))?)
            }
            Part::Summary => text(Kind::Json, statuspage::summary(&scene)),
            Part::Status => text(Kind::Json, statuspage::status(&scene)),
            Part::Components => text(Kind::Json, statuspage::components(&scene)),
            Part::Unresolved => text(Kind::Json, statuspage::unresolved(&scene)),
            Part::Upcoming => text(Kind::Json, statuspage::upcoming(&scene)),
            Part::Active => text(Kind::Json, statuspage::active(&scene)),
        }
    }

    /// The tenant's colours under this name; another name is not theirs any more.
    pub(crate) fn look(&self, file: &str) -> Option<&Rendered> {
        self.look.as_ref().filter(|(name, _)| name == file).map(|(_, css)| css)
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
        let at = |age: i64| {
            if self.is_sampled {
                json::text(&told(&self.snapshot, json::Age { seconds: age, stale: self.fresh.is_stale() }))
            } else {
                json::text(&nothing(self.tenant().as_str(), &self.page.name))
            }
        };
        let age = if self.is_sampled { now.millis_since(self.snapshot.as_of).max(0) / 1_000 } else { 0 };
        let made = Arc::new((now.seconds(), Rendered::json(at(age), at(0).as_bytes(), self.made_at)));
        held.store(Some(Arc::clone(&made)));
        made
    }
}

impl Variant {
    fn new(place: Place, words: Words) -> Self {
        Self { place, words, overview: OnceLock::new(), parts: RwLock::default() }
    }
}

/// Where the page of `tenant` stands: under a name of its own, or below `/s`.
pub(crate) fn place(tenant: &TenantId, host: Option<&str>, public_url: &str, keeps_language: bool) -> Place {
    let (base, url) = if let Some(name) = host {
        (String::new(), format!("https://{name}"))
    } else {
        let base = format!("/s/{tenant}");
        let url = format!("{}{base}", public_url.trim_end_matches('/'));
        (base, url)
    };
    Place { base, url, keeps_language, is_copy: false }
}

/// The language of a page for whoever asks for none that there is.
pub(crate) fn locale_of(page: &PageConfig) -> Locale {
    page.locale.as_deref().and_then(Locale::find).unwrap_or(Locale::english())
}
