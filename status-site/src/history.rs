//! What a page tells of the time before its snapshot, put together from what is held of it; from the snapshot alone when
//! the store is silent and nothing is.

use std::ops::Range;
use std::sync::Arc;

use axum::http::StatusCode;
use chrono_tz::Tz;
use plimsoll_domain::ids::IncidentId;
use plimsoll_domain::incident::Incident;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::PageConfig;
use plimsoll_domain::report::Month;
use plimsoll_domain::time::{Span, Timestamp};

use crate::feeds::announced;
use crate::past::{PageKey, Read};
use crate::rendered_view::{RenderedView, Variant};
use crate::respond::{Kind, Rendered};
use crate::scene::Scene;
use crate::site::Site;
use crate::view::history::HistoryMonth;
use crate::view::local;
use crate::{feeds, pages, statuspage};

/// Most incidents of a month.
const MAX_OF_MONTH: usize = 500;
/// As many as the Statuspage API tells of.
const NEWEST: usize = 50;
const BEGINNING: Timestamp = Timestamp::from_seconds(0);

impl Site {
    /// The page of a month; `None`: it has not begun.
    pub(crate) async fn history(
        &self,
        view: &RenderedView,
        variant: &Variant,
        month: Option<Month>,
    ) -> Option<Arc<Rendered>> {
        let zone = view.page.config.time_zone;
        let present = Month::of(local::day(self.now(), zone));
        let month = month.unwrap_or(present);
        if month > present {
            return None;
        }
        let incidents = self.incidents_of(view, Some(month)).await;
        let older = self.has_older(view, month).await;
        let maintenances = self.maintenances(view).await;
        let known = [incidents.as_ref().map(|read| read.at), maintenances.as_ref().map(|read| read.at)];
        let key = key(variant, format!("/history/{month}"));
        let stamp = (view.made_at(), known.into_iter().flatten().max());
        Some(self.past.page(key, stamp, || {
            let scene = view.scene(variant, self.now());
            let partial = incidents.is_none() || maintenances.is_none();
            let of_snapshot = &scene.snapshot.incidents;
            let incidents = incidents.as_ref().map_or(of_snapshot, |read| &read.value);
            let all = maintenances.as_ref().map_or(&scene.snapshot.maintenances, |read| &read.value);
            let held = HistoryMonth {
                month,
                incidents: begun_in(month, zone, incidents, scene.page),
                maintenances: took_place_in(month, zone, all, &scene),
                older: older.then(|| month.previous()),
                newer: (month < present).then(|| month.next()),
                partial,
            };
            pages::history(&scene, &held)
        }))
    }

    /// The page of an incident that the snapshot does not hold. `Ok(None)`: there is none. `Err`: the store is silent.
    pub(crate) async fn older_incident(
        &self,
        view: &RenderedView,
        variant: &Variant,
        id: IncidentId,
    ) -> Result<Option<Arc<Rendered>>, ()> {
        let tenant = view.tenant();
        let read = self.parts.reads.published_incident(tenant, &id);
        let read = self.past.read(&self.past.incidents, (tenant.clone(), id.clone()), || self.now(), read).await;
        let read = read.ok_or(())?;
        let Some(incident) = &read.value else { return Ok(None) };
        let key = key(variant, format!("/incidents/{id}"));
        Ok(Some(self.past.page(key, (view.made_at(), Some(read.at)), || {
            let scene = view.scene(variant, self.now());
            pages::incident(&scene, &shown(incident, scene.page))
        })))
    }

    /// The incidents as the Statuspage API tells them: the 50 newest.
    pub(crate) async fn newest_incidents(&self, view: &RenderedView, variant: &Variant) -> Arc<Rendered> {
        let read = self.incidents_of(view, None).await;
        self.told((view, variant), ("/api/v2/incidents.json", Kind::Json), read.as_deref(), |scene, read| {
            statuspage::incidents(scene, read.unwrap_or(&scene.snapshot.incidents))
        })
    }

    /// All maintenance as the Statuspage API tells it.
    pub(crate) async fn all_maintenances(&self, view: &RenderedView, variant: &Variant) -> Arc<Rendered> {
        let read = self.maintenances(view).await;
        self.told(
            (view, variant),
            ("/api/v2/scheduled-maintenances.json", Kind::Json),
            read.as_deref(),
            |scene, read| statuspage::maintenances(scene, read.unwrap_or(&scene.snapshot.maintenances)),
        )
    }

    /// Maintenance as a calendar.
    pub(crate) async fn calendar(&self, view: &RenderedView, variant: &Variant) -> Arc<Rendered> {
        let read = self.maintenances(view).await;
        self.told((view, variant), (feeds::CALENDAR, Kind::Calendar), read.as_deref(), |scene, read| {
            feeds::calendar(scene, read.unwrap_or(&scene.snapshot.maintenances))
        })
    }

    /// The tenant's logo, ready to be sent. `Err`: the store is silent.
    pub(crate) async fn logo(&self, view: &RenderedView) -> Result<Option<Arc<Read<Option<Rendered>>>>, ()> {
        let Some(about) = &view.page.config.logo else { return Ok(None) };
        let tenant = view.tenant();
        let read = async {
            let logo = self.parts.reads.logo(tenant).await?.filter(|logo| logo.about.hash == about.hash);
            Ok(logo.map(|logo| Rendered::picture(logo.about.kind.media_type(), &logo.bytes)))
        };
        let key = (tenant.clone(), about.hash.clone());
        self.past.read(&self.past.logos, key, || self.now(), read).await.ok_or(()).map(Some)
    }

    fn told<T>(
        &self,
        (view, variant): (&RenderedView, &Variant),
        (part, kind): (&str, Kind),
        read: Option<&Read<Vec<T>>>,
        tell: impl FnOnce(&Scene<'_>, Option<&[T]>) -> String,
    ) -> Arc<Rendered> {
        let stamp = (view.made_at(), read.map(|read| read.at));
        self.past.page(key(variant, part.to_owned()), stamp, || {
            let scene = view.scene(variant, self.now());
            let text = tell(&scene, read.map(|read| read.value.as_slice()));
            Rendered::new(kind, StatusCode::OK, text, Some(self.now()))
        })
    }

    async fn incidents_of(&self, view: &RenderedView, month: Option<Month>) -> Option<Arc<Read<Vec<Incident>>>> {
        let tenant = view.tenant();
        let (span, limit) = match month {
            Some(month) => (around(month), MAX_OF_MONTH),
            None => (BEGINNING..self.now().plus(Span::days(1)), NEWEST),
        };
        let read = self.parts.reads.past_incidents(tenant, span, limit);
        self.past.read(&self.past.months, (tenant.clone(), month), || self.now(), read).await
    }

    /// Whether anything is told of a time before `month`; taken for granted while the store is silent.
    async fn has_older(&self, view: &RenderedView, month: Month) -> bool {
        let tenant = view.tenant();
        let until = month.first_day().start().minus(Span::days(1));
        let read = async {
            let one = self.parts.reads.past_incidents(tenant, BEGINNING..until, 1).await?;
            Ok(!one.is_empty())
        };
        let read = self.past.read(&self.past.older, (tenant.clone(), month), || self.now(), read).await;
        read.is_none_or(|read| read.value)
    }

    async fn maintenances(&self, view: &RenderedView) -> Option<Arc<Read<Vec<Maintenance>>>> {
        let tenant = view.tenant();
        let read = self.parts.reads.public_maintenances(tenant);
        self.past.read(&self.past.maintenances, tenant.clone(), || self.now(), read).await
    }
}

fn key(variant: &Variant, part: String) -> PageKey {
    PageKey { place: variant.place.clone(), locale: variant.words.locale(), part }
}

/// The month wherever on earth it is.
fn around(month: Month) -> Range<Timestamp> {
    month.first_day().start().minus(Span::days(1))..month.end_day().start().plus(Span::days(1))
}

/// Those that began in the month of the page's calendar, newest first.
pub(crate) fn begun_in(month: Month, zone: Tz, incidents: &[Incident], page: &PageConfig) -> Vec<Incident> {
    let is_in = |incident: &&Incident| Month::of(local::day(incident.started_at(), zone)) == month && !incident.draft;
    incidents.iter().filter(is_in).map(|incident| shown(incident, page)).collect()
}

/// Each time of maintenance that began in the month, if it has begun.
pub(crate) fn took_place_in(month: Month, zone: Tz, all: &[Maintenance], scene: &Scene<'_>) -> Vec<Maintenance> {
    let shown = all.iter().filter_map(|held| announced::shown(held, scene.page));
    let times = shown.flat_map(|held| held.occurrences(&around(month)));
    let is_in =
        |held: &Maintenance| held.starts_at <= scene.now && Month::of(local::day(held.starts_at, zone)) == month;
    times.filter(is_in).collect()
}

/// `incident` without what the page does not show.
pub(crate) fn shown(incident: &Incident, page: &PageConfig) -> Incident {
    let mut incident = incident.clone();
    for update in &mut incident.updates {
        update.components.retain(|component, _| !page.arrangement.hidden.contains(component));
    }
    incident
}
