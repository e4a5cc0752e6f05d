//! Who changed what: the audit log of a tenant, and, for the platform owner, of everybody.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, LINK, VARY};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::audit::{Actor, AuditEntry};
use plimsoll_domain::ids::{AuditId, TenantId};
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::time::Timestamp;
use plimsoll_store::AuditFilter;

use crate::extract::{Listed, Page, Paged, Query, Root, Scoped, Viewer};
use crate::problem::Problem;
use crate::routes::negotiated::Form;
use crate::routes::spreadsheet::{self, text};
use crate::state::ApiState;

const FORMS: [Form; 2] = [Form::Json, Form::Csv];
const COLUMNS: [&str; 12] = [
    "at",
    "tenant",
    "actor",
    "actor_name",
    "actor_role",
    "action",
    "target",
    "status",
    "client_ip",
    "request_id",
    "trace_id",
    "id",
];

/// The routes of the audit log.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(of_tenant)).routes(routes!(of_everybody))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// The first instant, RFC 3339; the oldest there is unless given.
    from: Option<String>,
    /// The first instant after.
    to: Option<String>,
    /// By whom: a key's id, or `root`.
    actor: Option<String>,
    /// An operation by its id in this document, such as `put_tenants_tenant_id_page`.
    action: Option<String>,
    /// `json` or `csv`; as `Accept` asks for unless given, and `json` when it does not.
    format: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PlatformQuery {
    /// Whether only what concerned no tenant is listed.
    #[serde(default)]
    #[param(default = false)]
    platform: bool,
}

/// A request that changed something, or was refused for want of authority.
#[derive(Serialize, ToSchema)]
struct AuditView {
    #[schema(value_type = String)]
    id: AuditId,
    /// When it was carried out, or refused.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Whose data was meant; null: the platform's.
    #[schema(value_type = Option<String>)]
    tenant: Option<TenantId>,
    actor: ActorView,
    /// The operation by its id in this document.
    action: String,
    /// The path that was asked for, without its query; of what was created, its own path.
    target: String,
    /// The HTTP status of the answer.
    status: u16,
    /// From where; null where that is not known, and for a tenant's key where the platform owner asked.
    client_ip: Option<String>,
    request_id: Option<String>,
    trace_id: Option<String>,
}

/// A key as it was then, or the platform owner: then all of it is `root`.
#[derive(Serialize, ToSchema)]
struct ActorView {
    id: String,
    name: String,
    role: &'static str,
}

impl From<&Actor> for ActorView {
    fn from(actor: &Actor) -> Self {
        Self { id: actor.id().to_owned(), name: actor.name().to_owned(), role: actor.role() }
    }
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            actor: (&entry.actor).into(),
            id: entry.id,
            at: entry.at,
            tenant: entry.tenant,
            action: entry.action,
            target: entry.target,
            status: entry.status,
            client_ip: entry.client_ip.map(|ip| ip.to_string()),
            request_id: entry.request_id,
            trace_id: entry.trace_id,
        }
    }
}

/// Read the audit log.
///
/// One entry for each request that changed something by the authority of a key, was refused for want of it (403), or failed
/// (5xx). What machines push leaves none, and of refusals that are alike one a minute leaves one. From where the platform
/// owner asked is told to the platform owner only. As CSV, the next page is named by the header `Link`.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/audit", tag = "audit", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), AuditQuery, Paged),
    responses(
        (status = 200, description = "Entries, newest first", content(
            (Listed<AuditView> = "application/json"), (String = "text/csv")
        )),
        Problem
    )
)]
async fn of_tenant(
    scope: Scoped<Viewer>,
    Query(query): Query<AuditQuery>,
    (page, headers, uri): (Page, HeaderMap, Uri),
    State(state): State<ApiState>,
) -> Result<Response, Problem> {
    let (filter, form) = query.read(&headers)?;
    let mut found = state.store.audit_entries(Some(&scope.tenant), &filter, after(&page)?, page.limit + 1).await?;
    if !scope.is_root() {
        found.iter_mut().filter(|entry| entry.actor == Actor::Root).for_each(|entry| entry.client_ip = None);
    }
    Ok(answer(&page, found, (form, &uri)))
}

/// Read the audit log of everybody.
///
/// Only for the platform owner.
#[utoipa::path(
    get, path = "/audit", tag = "audit", security(("key" = [])), params(PlatformQuery, AuditQuery, Paged),
    responses(
        (status = 200, description = "Entries, newest first", content(
            (Listed<AuditView> = "application/json"), (String = "text/csv")
        )),
        Problem
    )
)]
async fn of_everybody(
    _: Root,
    (only, query): (Query<PlatformQuery>, Query<AuditQuery>),
    (page, headers, uri): (Page, HeaderMap, Uri),
    State(state): State<ApiState>,
) -> Result<Response, Problem> {
    let (filter, form) = query.0.read(&headers)?;
    let (after, most) = (after(&page)?, page.limit + 1);
    let found = if only.0.platform {
        state.store.audit_entries(None, &filter, after, most).await?
    } else {
        state.store.audit_entries_across_tenants(&filter, after, most).await?
    };
    Ok(answer(&page, found, (form, &uri)))
}

impl AuditQuery {
    fn read(self, headers: &HeaderMap) -> Result<(AuditFilter, Form), Invalid> {
        let mut faults = Faults::default();
        let mut instant = |text: Option<String>, pointer, otherwise| {
            let given = text.map(|text| faults.keep(text.parse::<Timestamp>(), pointer));
            given.flatten().unwrap_or(Timestamp::from_millis(otherwise))
        };
        // Not until now: another instance's clock may be ahead.
        let (from, to) = (instant(self.from, "/from", 0), instant(self.to, "/to", i64::MAX));
        faults.require(from < to, "/to", || "expected an instant after from".to_owned());
        let form = self.format.and_then(|word| faults.keep(Form::named(&word, &FORMS), "/format"));
        faults.finish()?;
        let filter = AuditFilter { at: from..to, actor: self.actor, action: self.action };
        Ok((filter, form.unwrap_or_else(|| Form::accepted(headers, &FORMS))))
    }
}

/// Where an entry stands: newest first, then by id.
fn cursor(entry: &AuditEntry) -> String {
    format!("{} {}", entry.at.millis(), entry.id)
}

fn after(page: &Page) -> Result<Option<(Timestamp, AuditId)>, Invalid> {
    let read = |text: &String| {
        let (at, id) = text.split_once(' ')?;
        Some((Timestamp::from_millis(at.parse().ok()?), id.parse().ok()?))
    };
    page.after.as_ref().map(|text| read(text).ok_or_else(Page::wrong_cursor)).transpose()
}

fn answer(page: &Page, found: Vec<AuditEntry>, (form, uri): (Form, &Uri)) -> Response {
    if form != Form::Csv {
        let listed = page.cut(found, cursor, AuditView::from);
        return ([(VARY, "accept"), (CACHE_CONTROL, "no-store")], axum::Json(listed)).into_response();
    }
    let (entries, next) = page.cut(found, cursor, |entry| entry).into_parts();
    let mut response = spreadsheet::answer("audit", spreadsheet::written(&COLUMNS, entries.iter().map(row)));
    if let Some(link) = next.and_then(|next| HeaderValue::try_from(link_to(uri, &next)).ok()) {
        response.headers_mut().insert(LINK, link);
    }
    response
}

/// The same request for the page at `cursor`, as the header `Link` names it (RFC 8288).
fn link_to(uri: &Uri, cursor: &str) -> String {
    let given = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let others = given.filter(|(name, _)| name != "cursor");
    let mut query = form_urlencoded::Serializer::new(String::new());
    let query = query.extend_pairs(others).append_pair("cursor", cursor).finish();
    format!("<{}?{query}>; rel=\"next\"", uri.path())
}

fn row(entry: &AuditEntry) -> [String; COLUMNS.len()] {
    let shown = |text: Option<&str>| text.map(spreadsheet::text).unwrap_or_default();
    [
        entry.at.to_string(),
        shown(entry.tenant.as_ref().map(TenantId::as_str)),
        text(entry.actor.id()),
        text(entry.actor.name()),
        text(entry.actor.role()),
        text(&entry.action),
        text(&entry.target),
        entry.status.to_string(),
        entry.client_ip.map(|ip| ip.to_string()).unwrap_or_default(),
        shown(entry.request_id.as_deref()),
        shown(entry.trace_id.as_deref()),
        text(entry.id.as_str()),
    ]
}
