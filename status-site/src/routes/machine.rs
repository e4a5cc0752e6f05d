//! What programs read: feeds, the calendar, badges, the Statuspage API, logos, and what crawlers ask for first.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    CACHE_CONTROL, CONTENT_TYPE,
};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use plimsoll_words::Locale;

use super::status::missing_problem;
use super::{NO_STORE, Served, Site_};
use crate::assets::ROBOTS;
use crate::entering::Entered;
use crate::language::parameter;
use crate::rendered_view::{Part, Variant};
use crate::respond::Rendered;
use crate::site::{Missing, Site};

pub(super) fn routes() -> Router<Arc<Served>> {
    let feed = |part: Part| {
        get(move |State(served): Site_, Path(slug): Path<String>, request: Request| async move {
            served.feed(&slug, &request.into_parts().0, part).await
        })
        .options(preflight)
    };
    let told = |part: Part| {
        get(move |State(served): Site_, Path(slug): Path<String>, request: Request| async move {
            served.told(&slug, &request.into_parts().0, part).await
        })
        .options(preflight)
    };
    Router::new()
        .route("/robots.txt", get(robots))
        .route("/s/{slug}/robots.txt", get(robots_of))
        .route("/s/{slug}/feed.atom", feed(Part::Atom))
        .route("/s/{slug}/feed.rss", feed(Part::Rss))
        .route("/s/{slug}/feed.json", feed(Part::JsonFeed))
        .route("/s/{slug}/badge.svg", get(badge).options(preflight))
        .route("/s/{slug}/calendar.ics", get(calendar).options(preflight))
        .route("/s/{slug}/api/v2/summary.json", told(Part::Summary))
        .route("/s/{slug}/api/v2/status.json", told(Part::Status))
        .route("/s/{slug}/api/v2/components.json", told(Part::Components))
        .route("/s/{slug}/api/v2/incidents.json", get(newest_incidents).options(preflight))
        .route("/s/{slug}/api/v2/incidents/unresolved.json", told(Part::Unresolved))
        .route("/s/{slug}/api/v2/scheduled-maintenances.json", get(all_maintenances).options(preflight))
        .route("/s/{slug}/api/v2/scheduled-maintenances/upcoming.json", told(Part::Upcoming))
        .route("/s/{slug}/api/v2/scheduled-maintenances/active.json", told(Part::Active))
}

impl Served {
    async fn feed(&self, slug: &str, request: &Parts, part: Part) -> Response {
        self.views.feed.increment(1);
        match self.read_along(slug, request).await {
            Ok((entered, variant)) => match entered.view.part(&variant, part) {
                Some(feed) => feed.answer_to(entered.entry.audience(), &request.headers),
                None => self.refuse(Missing::Nowhere, Some(slug), request),
            },
            Err(missing) => self.refuse(missing, Some(slug), request),
        }
    }

    /// Lets a program in: a link counts for this one request.
    async fn read_along(&self, slug: &str, request: &Parts) -> Result<(Entered, Arc<Variant>), Missing> {
        let entered = self.site.enter(slug, request).await?;
        let variant = self.site.variant(&entered.view, request);
        Ok((entered, variant))
    }

    /// A part of the Statuspage API, which speaks English to everybody.
    async fn told(&self, slug: &str, request: &Parts, part: Part) -> Response {
        self.views.json.increment(1);
        match self.site.enter(slug, request).await {
            Ok(entered) => {
                let variant = Site::variant_in(&entered.view, request, Locale::english());
                let json = entered.view.part(&variant, part);
                answer(json.as_deref(), &entered, request)
            }
            Err(missing) => missing_problem(missing),
        }
    }
}

async fn badge(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    let request = request.into_parts().0;
    let component = parameter(&request.uri, "component").map(|id| id.parse());
    match component.transpose() {
        Ok(component) => served.feed(&slug, &request, Part::Badge(component)).await,
        Err(_) => served.nothing_at(&slug, &request).await,
    }
}

async fn calendar(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    served.views.feed.increment(1);
    let request = request.into_parts().0;
    match served.read_along(&slug, &request).await {
        Ok((entered, variant)) => {
            let calendar = served.site.calendar(&entered.view, &variant).await;
            calendar.answer_to(entered.entry.audience(), &request.headers)
        }
        Err(missing) => served.refuse(missing, Some(&slug), &request),
    }
}

async fn newest_incidents(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    served.views.json.increment(1);
    let request = request.into_parts().0;
    match served.site.enter(&slug, &request).await {
        Ok(entered) => {
            let variant = Site::variant_in(&entered.view, &request, Locale::english());
            let json = served.site.newest_incidents(&entered.view, &variant).await;
            answer(Some(&json), &entered, &request)
        }
        Err(missing) => missing_problem(missing),
    }
}

async fn all_maintenances(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    served.views.json.increment(1);
    let request = request.into_parts().0;
    match served.site.enter(&slug, &request).await {
        Ok(entered) => {
            let variant = Site::variant_in(&entered.view, &request, Locale::english());
            let json = served.site.all_maintenances(&entered.view, &variant).await;
            answer(Some(&json), &entered, &request)
        }
        Err(missing) => missing_problem(missing),
    }
}

/// Of the installation's own host: it says nothing of any page.
async fn robots(request: Request) -> Response {
    ROBOTS.answer(request.headers())
}

/// Under a name of the page's own it stands at the root.
async fn robots_of(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    let request = request.into_parts().0;
    match served.site.enter(&slug, &request).await {
        Ok(entered) => ROBOTS.answer_to(entered.entry.audience(), &request.headers),
        Err(missing) => served.refuse(missing, Some(&slug), &request),
    }
}

fn answer(json: Option<&Rendered>, entered: &Entered, request: &Parts) -> Response {
    let json = json.map(|json| json.answer_to(entered.entry.audience(), &request.headers));
    json.unwrap_or_else(|| missing_problem(Missing::Nowhere))
}

/// The tenant's logo. Its name changes with its content.
pub(super) async fn logo(
    State(served): Site_,
    Path((slug, file)): Path<(String, String)>,
    request: Request,
) -> Response {
    let request = request.into_parts().0;
    let entered = match served.site.enter(&slug, &request).await {
        Ok(entered) => entered,
        Err(missing) => return served.refuse(missing, Some(&slug), &request),
    };
    let about = entered.view.page.config.logo.as_ref();
    let is_named = about.is_some_and(|about| file == format!("{}.{}", about.hash, about.kind.extension()));
    let logo = if is_named { served.site.logo(&entered.view).await } else { Ok(None) };
    match logo {
        Ok(Some(logo)) => match &logo.value {
            Some(logo) => logo.answer_to(entered.entry.audience(), &request.headers),
            None => served.refuse(Missing::Nowhere, Some(&slug), &request),
        },
        Ok(None) => served.refuse(Missing::Nowhere, Some(&slug), &request),
        Err(()) => served.refuse(Missing::Unavailable, Some(&slug), &request),
    }
}

/// Tells a browser that pages of others may read this: the same for every name, whether or not it is somebody's.
pub(super) async fn preflight() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, OPTIONS")),
        (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*")),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Whether a certificate may be made for a name: 200 or 404, for a proxy that makes them on demand.
pub(super) async fn tls_ask(State(served): Site_, request: Request) -> Response {
    let request = request.into_parts().0;
    let name = parameter(&request.uri, "domain").unwrap_or_default();
    let (status, words) = if served.site.is_own_name(&name).await {
        (StatusCode::OK, "a page stands under this name\n")
    } else {
        (StatusCode::NOT_FOUND, "no page stands under this name\n")
    };
    let headers = [(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")), (CACHE_CONTROL, NO_STORE)];
    (status, headers, words).into_response()
}
