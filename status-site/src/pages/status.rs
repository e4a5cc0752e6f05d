//! Pages of a snapshot: the overview, incidents, components and the months gone by.

use askama::Template;
use axum::http::StatusCode;
use plimsoll_domain::incident::{Incident, IncidentStatus};
use plimsoll_domain::page::ComponentFigure;
use plimsoll_words::{Moment, markdown};

use super::frame::{Frame, PageParts, Refresh, rendered};
use crate::respond::{Kind, Rendered};
use crate::scene::Scene;
use crate::view::banner::Banner;
use crate::view::component::{ComponentRow, Group};
use crate::view::days::DayRow;
use crate::view::history::{self, HistoryMonth, MonthView};
use crate::view::incident::{About, IncidentCard};
use crate::view::latency::LatencyView;
use crate::view::maintenance::MaintenanceCard;
use crate::view::past::PastDays;
use crate::view::slo::SloSection;

/// What the bars mean: a class, and the key of what it is called. The templates that have a legend name it.
const LEGEND: [(&str, &str); 6] = [
    ("ok", "day-operational"),
    ("slow", "day-degraded-performance"),
    ("part", "day-partial-outage"),
    ("down", "day-major-outage"),
    ("work", "day-under-maintenance"),
    ("none", "day-unknown"),
];

/// As much of a text stands in the description of a page.
const DESCRIPTION: usize = 160;

/// When the page was true, and what is to be said when that is too long ago.
struct AsOf {
    at: Moment,
    /// `4 minutes ago`, and why nothing newer is known.
    stale: Option<(String, String)>,
}

impl AsOf {
    fn of(scene: &Scene<'_>) -> Self {
        let (fresh, words) = (scene.fresh, &scene.words);
        let remark = fresh.remark(words);
        let at = if remark.is_some() { words.moment_near(fresh.as_of, scene.now) } else { words.moment(fresh.as_of) };
        Self { at, stale: remark.map(|remark| (remark, fresh.reason(words))) }
    }
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage<'a> {
    frame: Frame<'a>,
    as_of: AsOf,
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
    as_of: AsOf,
    open: Vec<IncidentCard>,
    past: Vec<PastDays>,
    history: String,
}

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage<'a> {
    frame: Frame<'a>,
    as_of: AsOf,
    card: IncidentCard,
}

#[derive(Template)]
#[template(path = "component.html")]
struct ComponentPage<'a> {
    frame: Frame<'a>,
    as_of: AsOf,
    /// The heading it stands under on the overview.
    group: Option<&'a str>,
    component: ComponentRow,
    /// Since when it is watched.
    created: Option<Moment>,
    /// Newest first.
    days: Vec<DayRow>,
    open: Vec<IncidentCard>,
    maintenances: Vec<MaintenanceCard>,
    latency: Option<LatencyView>,
    slos: Vec<SloSection>,
    past: Vec<PastDays>,
}

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage<'a> {
    frame: Frame<'a>,
    month: MonthView,
}

/// The overview.
pub(crate) fn overview(scene: &Scene<'_>) -> Rendered {
    let banner = Banner::of(scene.snapshot, &scene.words);
    let mut frame = Frame::of(&banner.headline, &PageParts::from(scene), "");
    frame.refresh = Refresh::ScriptOrMeta;
    frame.description = scene
        .words
        .say_with("overview-description", &[("title", scene.title().into()), ("headline", (&banner.headline).into())]);
    let page = OverviewPage {
        frame,
        as_of: AsOf::of(scene),
        banner,
        open: IncidentCard::open(scene, About::Everything),
        maintenances: MaintenanceCard::all(scene),
        groups: Group::all(scene),
        past: PastDays::all(scene, About::Everything),
    };
    rendered(Kind::Page, StatusCode::OK, &page, Some(scene.now))
}

/// Incidents that are open, and those of the past two weeks.
pub(crate) fn incidents(scene: &Scene<'_>) -> Rendered {
    let mut frame = Frame::of(&scene.words.say("incidents-title"), &PageParts::from(scene), "/incidents");
    frame.refresh = Refresh::Script;
    frame.description = scene.words.say_with("incidents-description", &[("title", scene.title().into())]);
    let page = IncidentsPage {
        frame,
        as_of: AsOf::of(scene),
        open: IncidentCard::open(scene, About::Everything),
        past: PastDays::all(scene, About::Everything),
        history: scene.link("/history"),
    };
    rendered(Kind::Page, StatusCode::OK, &page, Some(scene.now))
}

/// One incident, of the snapshot or of times gone by.
pub(crate) fn incident(scene: &Scene<'_>, one: &Incident) -> Rendered {
    let mut frame = Frame::of(&one.title, &PageParts::from(scene), &format!("/incidents/{}", one.id));
    let is_written_up = one.status() == IncidentStatus::Postmortem;
    frame.refresh = if is_written_up { Refresh::Never } else { Refresh::Script };
    let status = scene.words.incident_status(one.status());
    frame.description = format!("{status}: {}", markdown::line(&one.latest().body, DESCRIPTION));
    let page = IncidentPage { frame, as_of: AsOf::of(scene), card: IncidentCard::alone(one, scene) };
    rendered(Kind::Page, StatusCode::OK, &page, Some(scene.now))
}

/// One component of the snapshot.
pub(crate) fn component(scene: &Scene<'_>, one: &ComponentFigure) -> Rendered {
    let words = &scene.words;
    let component = ComponentRow::of(one, scene);
    let headline = format!("{}: {}", one.name, component.status);
    let mut frame = Frame::of(&headline, &PageParts::from(scene), &format!("/components/{}", one.id));
    frame.refresh = Refresh::Script;
    frame.description = words.say_with(
        "component-description",
        &[("name", one.name.as_str().into()), ("title", scene.title().into()), ("status", (&component.status).into())],
    );
    let about = About::Component(&one.id);
    let page = ComponentPage {
        frame,
        as_of: AsOf::of(scene),
        group: one.group.as_deref(),
        component,
        created: one.created_at.map(|at| words.moment(at)),
        days: one.days.iter().rev().map(|day| DayRow::of(day, words)).collect(),
        open: IncidentCard::open(scene, about),
        maintenances: MaintenanceCard::of_component(&one.id, scene),
        latency: LatencyView::of(one, scene),
        slos: SloSection::of_component(&one.id, scene),
        past: PastDays::all(scene, about),
    };
    rendered(Kind::Page, StatusCode::OK, &page, Some(scene.now))
}

/// A month of incidents and maintenance.
pub(crate) fn history(scene: &Scene<'_>, held: &HistoryMonth) -> Rendered {
    let month = MonthView::of(held, scene);
    let headline = scene.words.say_with("history-headline", &[("month", (&month.title).into())]);
    let part = history::path(held.month);
    let mut frame = Frame::of(&headline, &PageParts::from(scene), &part);
    frame.index = frame.index && !month.is_empty();
    frame.description = scene
        .words
        .say_with("history-description", &[("title", scene.title().into()), ("month", (&month.title).into())]);
    rendered(Kind::Page, StatusCode::OK, &HistoryPage { frame, month }, Some(scene.now))
}
