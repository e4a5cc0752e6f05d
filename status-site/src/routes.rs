//! From a path to what is held for it.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use metrics::Counter;
use serde::Deserialize;

use crate::json::{PublicIncidents, PublicProblem, PublicStatus};
use crate::respond::{Kind, Rendered};
use crate::site::{Found, Site};
use crate::{assets, pages};

static NOT_FOUND: LazyLock<Rendered> = LazyLock::new(pages::not_found);
static UNAVAILABLE: LazyLock<Rendered> = LazyLock::new(pages::unavailable);
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("5");

pub(crate) struct Served {
    site: Arc<Site>,
    views: Views,
}

/// Page views, by page.
struct Views {
    overview: Counter,
    incidents: Counter,
    incident: Counter,
    component: Counter,
    json: Counter,
}

/// The site's routes. Nothing outside `/`, `/s`, `/assets` and `/public/status` is claimed, and no fallback is set:
/// [`not_found`] is there for whoever wants one.
pub fn router(site: Arc<Site>) -> Router {
    metrics::describe_counter!("plimsoll_page_views_total", "Views of the status site, by page.");
    let view = |page: &'static str| metrics::counter!("plimsoll_page_views_total", "page" => page);
    let views = Views {
        overview: view("overview"),
        incidents: view("incidents"),
        incident: view("incident"),
        component: view("component"),
        json: view("json"),
    };
    Router::new()
        .route("/", get(default_overview))
        .route("/s", get(not_found))
        .route("/s/", get(not_found))
        .route("/s/{slug}", get(overview))
        .route("/s/{slug}/", get(without_slash))
        .route("/s/{slug}/incidents", get(incidents))
        .route("/s/{slug}/incidents/{id}", get(incident))
        .route("/s/{slug}/components/{id}", get(component))
        .route("/s/{slug}/{*rest}", get(not_found))
        .route("/assets/{file}", get(asset))
        .route("/public/status", get(status_json))
        .route("/public/status/incidents", get(incidents_json))
        .with_state(Arc::new(Served { site, views }))
}

/// The page that says that there is no such page: 404, HTML.
pub async fn not_found(request: Request) -> Response {
    NOT_FOUND.answer(request.headers())
}

async fn default_overview(State(served): State<Arc<Served>>, request: Request) -> Response {
    let found = served.site.find(served.site.default_slug()).await;
    served.views.overview.increment(1);
    page(&found, request.headers(), |view| Some(view.overview()))
}

async fn overview(State(served): State<Arc<Served>>, Path(slug): Path<String>, request: Request) -> Response {
    let found = served.site.find(&slug).await;
    served.views.overview.increment(1);
    page(&found, request.headers(), |view| Some(view.overview()))
}

async fn without_slash(Path(slug): Path<String>, request: Request) -> Response {
    match slug.parse::<plimsoll_domain::ids::TenantId>() {
        Ok(slug) => Redirect::permanent(&format!("/s/{slug}")).into_response(),
        Err(_) => NOT_FOUND.answer(request.headers()),
    }
}

async fn incidents(State(served): State<Arc<Served>>, Path(slug): Path<String>, request: Request) -> Response {
    let found = served.site.find(&slug).await;
    served.views.incidents.increment(1);
    page(&found, request.headers(), |view| Some(view.incidents()))
}

async fn incident(
    State(served): State<Arc<Served>>,
    Path((slug, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    let found = served.site.find(&slug).await;
    served.views.incident.increment(1);
    page(&found, request.headers(), |view| view.incident(&id))
}

async fn component(
    State(served): State<Arc<Served>>,
    Path((slug, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    let found = served.site.find(&slug).await;
    served.views.component.increment(1);
    page(&found, request.headers(), |view| view.component(&id))
}

async fn asset(Path(file): Path<String>, request: Request) -> Response {
    assets::find(&file).unwrap_or(&NOT_FOUND).answer(request.headers())
}

fn page(
    found: &Found,
    request: &HeaderMap,
    pick: impl Fn(&crate::rendered_view::RenderedView) -> Option<&Rendered>,
) -> Response {
    match found {
        Found::View(view) => pick(view).unwrap_or(&NOT_FOUND).answer(request),
        Found::Nowhere => NOT_FOUND.answer(request),
        Found::Unavailable => {
            let mut response = UNAVAILABLE.answer(request);
            response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
            response
        }
    }
}

/// Whose status.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhoseStatus {
    /// The tenant's slug; the tenant of the page at `/` when it is left out.
    tenant: Option<String>,
}

type Whose = Result<Query<WhoseStatus>, QueryRejection>;

/// The status page as JSON: components with 90 days, incidents with their timeline, announced maintenance.
#[utoipa::path(get, path = "/public/status", tag = "public", params(WhoseStatus), responses(
    (status = 200, description = "The last known state", body = PublicStatus),
    (status = 304, description = "Nothing but the age changed"),
    (status = 400, description = "The query cannot be read", body = PublicProblem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such tenant", body = PublicProblem, content_type = "application/problem+json"),
    (status = 503, description = "Nothing is known, and the store does not answer", body = PublicProblem, content_type = "application/problem+json"),
))]
pub(crate) async fn status_json(State(served): State<Arc<Served>>, whose: Whose, request: Request) -> Response {
    match found_for(&served, whose).await {
        Ok(view) => view.status_json(served.site.now()).1.answer(request.headers()),
        Err(problem) => problem,
    }
}

/// Open incidents and those of the past 14 days, each with its timeline.
#[utoipa::path(get, path = "/public/status/incidents", tag = "public", params(WhoseStatus), responses(
    (status = 200, description = "The last known state", body = PublicIncidents),
    (status = 304, description = "Nothing but the age changed"),
    (status = 400, description = "The query cannot be read", body = PublicProblem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such tenant", body = PublicProblem, content_type = "application/problem+json"),
    (status = 503, description = "Nothing is known, and the store does not answer", body = PublicProblem, content_type = "application/problem+json"),
))]
pub(crate) async fn incidents_json(State(served): State<Arc<Served>>, whose: Whose, request: Request) -> Response {
    match found_for(&served, whose).await {
        Ok(view) => view.incidents_json(served.site.now()).1.answer(request.headers()),
        Err(problem) => problem,
    }
}

async fn found_for(served: &Served, whose: Whose) -> Result<Arc<crate::rendered_view::RenderedView>, Response> {
    served.views.json.increment(1);
    let Ok(Query(whose)) = whose else {
        return Err(problem(StatusCode::BAD_REQUEST, "expected at most one tenant, as in ?tenant=acme"));
    };
    let slug = whose.tenant.as_deref().unwrap_or(served.site.default_slug());
    match served.site.find(slug).await {
        Found::View(view) => Ok(view),
        Found::Nowhere => Err(problem(StatusCode::NOT_FOUND, "there is no such tenant")),
        Found::Unavailable => {
            let detail = "nothing is known of this tenant, and the store does not answer";
            let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, detail);
            response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
            Err(response)
        }
    }
}

fn problem(status: StatusCode, detail: &'static str) -> Response {
    let body = PublicProblem::text(status, detail);
    Rendered::new(Kind::Problem, status, body, None).answer(&HeaderMap::new())
}
