//! From a path to what is held for it.
//!
//! Of a private page nobody learns that it is there: at each of its addresses, whoever is not let in gets the answer that
//! a name gets which nobody has, and it is made by the same lines.

mod by_mail;
mod crossing;
mod forms;
mod login;
mod machine;
mod status;
mod subscribe;
mod subscribers;

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, RETRY_AFTER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use chrono_tz::Tz;
use metrics::Counter;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::Pass;
use plimsoll_words::{Locale, Words};

pub(crate) use status::{__path_incidents_json, __path_status_json};

use crate::access::Entry;
use crate::entering::Entered;
use crate::hosts::OwnHost;
use crate::language::{Languages, parameter};
use crate::rendered_view::{Part, Variant, place};
use crate::scene::Place;
use crate::site::{Missing, Site};
use crate::{assets, pages};

const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("5");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

pub(crate) struct Served {
    site: Arc<Site>,
    views: Views,
    login: login::Gate,
    subscribe: subscribe::Desk,
}

type Site_ = State<Arc<Served>>;

/// Page views, by page.
struct Views {
    overview: Counter,
    incidents: Counter,
    incident: Counter,
    component: Counter,
    history: Counter,
    subscribe: Counter,
    feed: Counter,
    json: Counter,
}

impl Views {
    fn new() -> Self {
        let view = |page: &'static str| metrics::counter!("plimsoll_page_views_total", "page" => page);
        Self {
            overview: view("overview"),
            incidents: view("incidents"),
            incident: view("incident"),
            component: view("component"),
            history: view("history"),
            subscribe: view("subscribe"),
            feed: view("feed"),
            json: view("json"),
        }
    }
}

/// The site's routes. Nothing outside `/`, `/robots.txt`, `/s`, `/assets`, `/public/status` and `/internal/tls/ask` is
/// claimed, and no fallback is set: [`not_found`] is there for whoever wants one.
pub fn router(site: Arc<Site>) -> Router {
    let served = Served { views: Views::new(), login: login::Gate::new(), subscribe: subscribe::Desk::new(), site };
    let served = Arc::new(served);
    let forms = Router::new().merge(login::routes()).merge(subscribe::routes()).merge(by_mail::routes());
    let forms = forms.route_layer(from_fn_with_state(Arc::clone(&served), crossing::guard));
    Router::new()
        .route("/", get(default_overview))
        .route("/s", any(not_found))
        .route("/s/", any(not_found))
        .route("/s/{slug}", get(overview))
        .route("/s/{slug}/", get(without_slash))
        .route("/s/{slug}/incidents", get(incidents))
        .route("/s/{slug}/incidents/{id}", get(incident))
        .route("/s/{slug}/components/{id}", get(component))
        .route("/s/{slug}/history", get(history))
        .route("/s/{slug}/history/{month}", get(history_of))
        .route("/s/{slug}/logo/{file}", get(machine::logo))
        .route("/s/{slug}/{*rest}", any(rest))
        .route("/assets/{file}", get(asset))
        .route("/internal/tls/ask", get(machine::tls_ask))
        .merge(machine::routes())
        .merge(status::routes())
        .merge(by_mail::leaving())
        .merge(forms)
        .with_state(served)
}

/// The page that says that there is no such page: 404, HTML.
pub async fn not_found(request: Request) -> Response {
    let request = request.into_parts().0;
    let choice = Languages::new().choice(&request, Locale::english());
    pages::not_found(Words::new(choice.locale, Tz::UTC), None).answer(&request.headers)
}

async fn default_overview(State(served): Site_, request: Request) -> Response {
    let request = request.into_parts().0;
    show_overview(&served, served.site.default_slug(), &request).await
}

async fn overview(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    let request = request.into_parts().0;
    show_overview(&served, &slug, &request).await
}

async fn show_overview(served: &Served, slug: &str, request: &Parts) -> Response {
    served.views.overview.increment(1);
    match served.site.enter(slug, request).await {
        Ok(entered) => {
            let variant = served.site.variant(&entered.view, request);
            if let Entry::Link(pass) = &entered.entry {
                return served.let_in(&entered, &variant, pass, request);
            }
            entered.view.overview(&variant).answer_to(entered.entry.audience(), &request.headers)
        }
        Err(missing) => served.refuse(missing, Some(slug), request),
    }
}

async fn without_slash(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    let request = request.into_parts().0;
    match slug.parse::<TenantId>() {
        Ok(slug) => Redirect::permanent(&format!("/s/{slug}")).into_response(),
        Err(_) => served.refuse(Missing::Nowhere, Some(&slug), &request),
    }
}

async fn incidents(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    served.views.incidents.increment(1);
    served.part(&slug, &request.into_parts().0, Part::Incidents).await
}

async fn incident(State(served): Site_, Path((slug, id)): Path<(String, String)>, request: Request) -> Response {
    served.views.incident.increment(1);
    let request = request.into_parts().0;
    let (entered, variant) = match served.welcome(&slug, &request).await {
        Ok(welcomed) => welcomed,
        Err(refused) => return *refused,
    };
    let Ok(id) = id.parse() else { return served.refuse(Missing::Nowhere, Some(&slug), &request) };
    let audience = entered.entry.audience();
    if let Some(page) = entered.view.part(&variant, Part::Incident(Clone::clone(&id))) {
        return page.answer_to(audience, &request.headers);
    }
    match served.site.older_incident(&entered.view, &variant, id).await {
        Ok(Some(page)) => page.answer_to(audience, &request.headers),
        Ok(None) => served.refuse(Missing::Nowhere, Some(&slug), &request),
        Err(()) => served.refuse(Missing::Unavailable, Some(&slug), &request),
    }
}

async fn component(State(served): Site_, Path((slug, id)): Path<(String, String)>, request: Request) -> Response {
    served.views.component.increment(1);
    let request = request.into_parts().0;
    match id.parse() {
        Ok(id) => served.part(&slug, &request, Part::Component(id)).await,
        Err(_) => served.nothing_at(&slug, &request).await,
    }
}

async fn history(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    let request = request.into_parts().0;
    let month = parameter(&request.uri, "month").map(Cow::into_owned);
    show_history(&served, &slug, month.as_deref(), &request).await
}

async fn history_of(State(served): Site_, Path((slug, month)): Path<(String, String)>, request: Request) -> Response {
    show_history(&served, &slug, Some(&month), &request.into_parts().0).await
}

async fn show_history(served: &Served, slug: &str, month: Option<&str>, request: &Parts) -> Response {
    served.views.history.increment(1);
    let (entered, variant) = match served.welcome(slug, request).await {
        Ok(welcomed) => welcomed,
        Err(refused) => return *refused,
    };
    let page = match month.map(str::parse).transpose() {
        Ok(month) => served.site.history(&entered.view, &variant, month).await,
        Err(_) => None,
    };
    match page {
        Some(page) => page.answer_to(entered.entry.audience(), &request.headers),
        None => served.refuse(Missing::Nowhere, Some(slug), request),
    }
}

/// The tenant's colours, or nothing.
async fn rest(State(served): Site_, Path((slug, file)): Path<(String, String)>, request: Request) -> Response {
    let request = request.into_parts().0;
    match served.site.enter(&slug, &request).await {
        Ok(entered) => match entered.view.look(&file) {
            Some(css) => css.answer_to(entered.entry.audience(), &request.headers),
            None => served.refuse(Missing::Nowhere, Some(&slug), &request),
        },
        Err(missing) => served.refuse(missing, Some(&slug), &request),
    }
}

async fn asset(State(served): Site_, Path(file): Path<String>, request: Request) -> Response {
    let request = request.into_parts().0;
    match assets::find(&file) {
        Some(asset) => asset.answer(&request.headers),
        None => served.refuse(Missing::Nowhere, None, &request),
    }
}

impl Served {
    /// Lets a reader in: who showed a link gets a cookie for it, and is sent on to the address without it.
    async fn welcome(&self, slug: &str, request: &Parts) -> Result<(Entered, Arc<Variant>), Box<Response>> {
        match self.site.enter(slug, request).await {
            Ok(entered) => {
                let variant = self.site.variant(&entered.view, request);
                match &entered.entry {
                    Entry::Link(pass) => Err(Box::new(self.let_in(&entered, &variant, pass, request))),
                    Entry::Plain(_) => Ok((entered, variant)),
                }
            }
            Err(missing) => Err(Box::new(self.refuse(missing, Some(slug), request))),
        }
    }

    async fn part(&self, slug: &str, request: &Parts, part: Part) -> Response {
        let (entered, variant) = match self.welcome(slug, request).await {
            Ok(welcomed) => welcomed,
            Err(refused) => return *refused,
        };
        match entered.view.part(&variant, part) {
            Some(page) => page.answer_to(entered.entry.audience(), &request.headers),
            None => self.refuse(Missing::Nowhere, Some(slug), request),
        }
    }

    /// What is answered where nothing can be, whatever there is at `slug`.
    async fn nothing_at(&self, slug: &str, request: &Parts) -> Response {
        let missing = self.site.enter(slug, request).await.err().unwrap_or(Missing::Nowhere);
        self.refuse(missing, Some(slug), request)
    }

    fn let_in(&self, entered: &Entered, variant: &Variant, pass: &Pass, request: &Parts) -> Response {
        let cookie = self.site.doorman().cookie(&entered.view.page.config, &variant.place, Some(pass));
        see_other(&without_link(request, &variant.place, entered.view.tenant()), Some(cookie))
    }

    /// There is no such page, or it cannot be shown now; in the reader's language, which says nothing of the page's.
    fn refuse(&self, missing: Missing, slug: Option<&str>, request: &Parts) -> Response {
        let locale = self.site.languages.choice(request, Locale::english()).locale;
        let words = Words::new(locale, Tz::UTC);
        match missing {
            Missing::Nowhere => {
                let login = self.standing(slug, request).map(|place| format!("{}/login", place.base));
                let key = (locale, login.clone());
                let page = self.site.refusals.get(&key).unwrap_or_else(|| {
                    let page = Arc::new(pages::not_found(words, login.as_deref()));
                    self.site.refusals.put(key, Arc::clone(&page), page.weight());
                    page
                });
                page.answer(&request.headers)
            }
            Missing::Unavailable => {
                let mut response = pages::unavailable(words).answer(&request.headers);
                response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
                response
            }
        }
    }

    /// Where the page of this name would stand, whether or not there is one; `None`: nobody can have such a name.
    fn standing(&self, slug: Option<&str>, request: &Parts) -> Option<Place> {
        let tenant: TenantId = slug?.parse().ok()?;
        let host = request.extensions.get::<OwnHost>().map(|host| &*host.0);
        let by_link = self.site.languages.choice(request, Locale::english()).by_link;
        Some(place(&tenant, host, &self.site.settings.public_url, by_link))
    }
}

/// The address of the request as the outside knows it, without the link in it.
fn without_link(request: &Parts, place: &Place, tenant: &TenantId) -> String {
    let part = request.uri.path().strip_prefix(&format!("/s/{tenant}")).unwrap_or_default();
    let pairs = url::form_urlencoded::parse(request.uri.query().unwrap_or_default().as_bytes());
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.filter(|(name, _)| name != "access"));
    let path = if part.is_empty() && place.base.is_empty() { "/" } else { part };
    match query.finish() {
        query if query.is_empty() => format!("{}{path}", place.base),
        query => format!("{}{path}?{query}", place.base),
    }
}

/// Sends on to `address`, which nobody keeps.
fn see_other(address: &str, cookie: Option<HeaderValue>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(LOCATION, HeaderValue::from_str(address).unwrap_or(HeaderValue::from_static("/")));
    headers.insert(CACHE_CONTROL, NO_STORE);
    if let Some(cookie) = cookie {
        headers.insert(SET_COOKIE, cookie);
    }
    response
}
