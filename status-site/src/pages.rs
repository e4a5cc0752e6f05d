//! The templates, filled with view models.

use askama::Template;
use axum::http::StatusCode;
use plimsoll_domain::incident::Incident;
use plimsoll_domain::page::{ComponentFigure, StatusSnapshot};
use plimsoll_domain::time::Timestamp;

use crate::assets::{MARK_SVG, SITE_CSS};
use crate::respond::{Kind, Rendered};
use crate::view::banner::Banner;
use crate::view::component::{ComponentRow, Group};
use crate::view::freshness::Freshness;
use crate::view::incident::{About, IncidentCard, PastDays};
use crate::view::maintenance::MaintenanceCard;
use crate::view::slo::SloSection;

/// What every page has: the frame around its content.
struct Frame<'a> {
    css: &'static str,
    icon: &'static str,
    /// What stands in the browser's tab.
    title: String,
    /// Whose page it is, when it is somebody's: slug and name.
    tenant: Option<(&'a str, &'a str)>,
    canonical: Option<String>,
    refresh: bool,
}

impl<'a> Frame<'a> {
    fn new(title: String, tenant: Option<(&'a str, &'a str)>) -> Self {
        Self { css: &SITE_CSS.name, icon: &MARK_SVG.name, title, tenant, canonical: None, refresh: false }
    }
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage<'a> {
    frame: Frame<'a>,
    fresh: &'a Freshness,
    banner: Banner,
    open: Vec<IncidentCard>,
    maintenances: Vec<MaintenanceCard>,
    groups: Vec<Group>,
    past: Vec<PastDays>,
}

#[derive(Template)]
#[template(path = "incidents.html")]
struct IncidentsPage<'a> {
    frame: Frame<'a>,
    fresh: &'a Freshness,
    open: Vec<IncidentCard>,
    past: Vec<PastDays>,
}

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage<'a> {
    frame: Frame<'a>,
    fresh: &'a Freshness,
    incident: IncidentCard,
}

#[derive(Template)]
#[template(path = "component.html")]
struct ComponentPage<'a> {
    frame: Frame<'a>,
    fresh: &'a Freshness,
    /// The heading it stands under on the overview.
    group: Option<&'a str>,
    component: ComponentRow,
    open: Vec<IncidentCard>,
    maintenances: Vec<MaintenanceCard>,
    slos: Vec<SloSection>,
    past: Vec<PastDays>,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    frame: Frame<'a>,
    headline: &'a str,
    text: &'a str,
}

/// The overview of `snapshot`; `public_url` is how the outside names this site.
pub(crate) fn overview(snapshot: &StatusSnapshot, fresh: &Freshness, public_url: &str, now: Timestamp) -> Rendered {
    let banner = Banner::of(snapshot);
    let mut frame = Frame::new(format!("{} · {}", banner.headline, snapshot.name), Some(owner(snapshot)));
    frame.canonical = Some(format!("{}/s/{}", public_url.trim_end_matches('/'), snapshot.tenant));
    frame.refresh = true;
    let page = OverviewPage {
        frame,
        fresh,
        banner,
        open: IncidentCard::open(snapshot, About::Everything),
        maintenances: MaintenanceCard::all(snapshot),
        groups: Group::all(snapshot),
        past: PastDays::all(snapshot, About::Everything),
    };
    rendered(Kind::Page, StatusCode::OK, &page, Some(now))
}

/// All incidents of `snapshot`.
pub(crate) fn incidents(snapshot: &StatusSnapshot, fresh: &Freshness, now: Timestamp) -> Rendered {
    let frame = Frame::new(format!("Incidents · {}", snapshot.name), Some(owner(snapshot)));
    let (open, past) = (IncidentCard::open(snapshot, About::Everything), PastDays::all(snapshot, About::Everything));
    let page = IncidentsPage { frame, fresh, open, past };
    rendered(Kind::Page, StatusCode::OK, &page, Some(now))
}

/// One incident of `snapshot`.
pub(crate) fn incident(one: &Incident, snapshot: &StatusSnapshot, fresh: &Freshness, now: Timestamp) -> Rendered {
    let frame = Frame::new(format!("{} · {}", one.title, snapshot.name), Some(owner(snapshot)));
    let page = IncidentPage { frame, fresh, incident: IncidentCard::of(one, snapshot) };
    rendered(Kind::Page, StatusCode::OK, &page, Some(now))
}

/// One component of `snapshot`.
pub(crate) fn component(
    one: &ComponentFigure,
    snapshot: &StatusSnapshot,
    fresh: &Freshness,
    now: Timestamp,
) -> Rendered {
    let component = ComponentRow::of(one, &snapshot.tenant);
    let title = format!("{}: {} · {}", one.name, component.status, snapshot.name);
    let mut frame = Frame::new(title, Some(owner(snapshot)));
    frame.refresh = true;
    let about = About::Component(&one.id);
    let page = ComponentPage {
        frame,
        fresh,
        group: one.group.as_deref(),
        component,
        open: IncidentCard::open(snapshot, about),
        maintenances: MaintenanceCard::of_component(&one.id, snapshot),
        slos: SloSection::of_component(&one.id, snapshot),
        past: PastDays::all(snapshot, about),
    };
    rendered(Kind::Page, StatusCode::OK, &page, Some(now))
}

/// The page of a tenant of whom nothing was ever sampled.
pub(crate) fn no_samples(slug: &str, name: &str, now: Timestamp) -> Rendered {
    let mut frame = Frame::new(format!("No samples yet · {name}"), Some((slug, name)));
    frame.refresh = true;
    let text = "This page is new. The first figures appear within a minute or two of the first sample; it looks again \
                by itself.";
    rendered(Kind::Page, StatusCode::OK, &MessagePage { frame, headline: "No samples yet", text }, Some(now))
}

/// There is no such page.
pub(crate) fn not_found() -> Rendered {
    let frame = Frame::new("Not found".to_owned(), None);
    let text = "Nothing is kept at this address. It may be mistyped, or the incident may be older than what this page \
                shows.";
    let page = MessagePage { frame, headline: "There is no such page", text };
    rendered(Kind::Refusal, StatusCode::NOT_FOUND, &page, None)
}

/// Nothing is known, and what would know does not answer.
pub(crate) fn unavailable() -> Rendered {
    let mut frame = Frame::new("Not available right now".to_owned(), None);
    frame.refresh = true;
    let text = "The place where the figures are kept does not answer, and no earlier figures are at hand. This says \
                nothing about the services themselves. The page looks again by itself.";
    let page = MessagePage { frame, headline: "This page is not available right now", text };
    rendered(Kind::Refusal, StatusCode::SERVICE_UNAVAILABLE, &page, None)
}

fn owner(snapshot: &StatusSnapshot) -> (&str, &str) {
    (snapshot.tenant.as_str(), &snapshot.name)
}

fn rendered(kind: Kind, status: StatusCode, page: &impl Template, at: Option<Timestamp>) -> Rendered {
    let html = page.render().expect("templates write to memory and call nothing that fails");
    Rendered::new(kind, status, html, at)
}
