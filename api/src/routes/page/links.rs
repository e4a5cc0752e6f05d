//! Links that let their holders see a private page. A link is shown when it is made and never again.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::ids::PageLinkId;
use plimsoll_domain::invalid::{Faults, Invalid, check_text};
use plimsoll_domain::page::{MAX_PAGE_LINKS, PageConfig, PageLink, Pass, PassKind, pass};
use plimsoll_domain::time::Timestamp;
use plimsoll_store::StoreError;

use super::{change, configured};
use crate::extract::{Admin, Json, Listed, Page, Paged, PathId, Scoped, Viewer};
use crate::problem::Problem;
use crate::routes::{by_time, location};
use crate::state::ApiState;

/// The routes of links.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(remove))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPageLink {
    /// What people call it, in at most 80 characters.
    name: String,
    /// When it ends; when it is revoked unless given.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct PageLinkView {
    #[schema(value_type = String)]
    id: PageLinkId,
    name: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
struct MadePageLink {
    #[serde(flatten)]
    view: PageLinkView,
    /// The link itself. It is shown here and never again.
    url: String,
}

impl From<PageLink> for PageLinkView {
    fn from(link: PageLink) -> Self {
        let PageLink { id, name, expires_at, created_at } = link;
        Self { id, name, expires_at, created_at }
    }
}

/// Make a link to the private page.
///
/// Whoever has it sees the page until it ends or is revoked.
#[utoipa::path(
    post, path = "/tenants/{tenant_id}/page/links", tag = "page", security(("key" = [])), request_body = NewPageLink,
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 201, description = "Made", body = MadePageLink), Problem)
)]
async fn create(
    scope: Scoped<Admin>,
    State(state): State<ApiState>,
    Json(new): Json<NewPageLink>,
) -> Result<impl IntoResponse, Problem> {
    let link = new.read(PageLinkId::fresh(&*state.entropy), state.clock.now())?;
    let config = change(&state, &scope.tenant, |held| Ok(Some(with(held, &link)?))).await?;
    let kind = PassKind::Link(link.id.clone());
    let shown = Pass { kind, epoch: config.access.epoch, until: link.expires_at };
    let token = pass::seal(&*state.sealer, &scope.tenant, &shown);
    let url = format!("{}/s/{}?access={token}", state.public_url, scope.tenant);
    let path = format!("/tenants/{}/page/links/{}", scope.tenant, link.id);
    Ok((StatusCode::CREATED, location(&path), axum::Json(MadePageLink { view: link.into(), url })))
}

fn with(held: &PageConfig, link: &PageLink) -> Result<PageConfig, StoreError> {
    if held.access.links.len() >= MAX_PAGE_LINKS {
        let what = format!("the list of links of tenant {}", held.tenant);
        return Err(StoreError::Limit { what, limit: MAX_PAGE_LINKS });
    }
    let mut next = held.clone();
    next.access.links.push(link.clone());
    Ok(next)
}

impl NewPageLink {
    fn read(&self, id: PageLinkId, now: Timestamp) -> Result<PageLink, Invalid> {
        let mut faults = Faults::default();
        check_text(&mut faults, &self.name, 80, "/name");
        let expires_at: Option<Timestamp> =
            self.expires_at.as_deref().and_then(|text| faults.keep(text.parse(), "/expires_at"));
        faults.require(expires_at.is_none_or(|end| end > now), "/expires_at", || {
            "expected an instant in the future".to_owned()
        });
        faults.finish().map(|()| PageLink { id, name: self.name.trim().to_owned(), expires_at, created_at: now })
    }
}

/// List the links to the private page.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/page/links", tag = "page", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), Paged),
    responses((status = 200, description = "Links, the oldest first, without the links themselves", body = Listed<PageLinkView>), Problem)
)]
async fn list(
    scope: Scoped<Viewer>,
    page: Page,
    State(state): State<ApiState>,
) -> Result<axum::Json<Listed<PageLinkView>>, Problem> {
    let mut links = configured(&state, &scope.tenant).await?.access.links;
    let order = |link: &PageLink| by_time(link.created_at, link.id.as_str());
    links.sort_by_key(order);
    Ok(axum::Json(page.of(links, order, PageLinkView::from)))
}

/// Revoke a link to the private page.
#[utoipa::path(
    delete, path = "/tenants/{tenant_id}/page/links/{link_id}", tag = "page", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("link_id" = String, Path, description = "The link")
    ),
    responses((status = 204, description = "Revoked"), Problem)
)]
async fn remove(
    scope: Scoped<Admin>,
    PathId(id): PathId<PageLinkId>,
    State(state): State<ApiState>,
) -> Result<StatusCode, Problem> {
    let without = |held: &PageConfig| {
        let mut next = held.clone();
        next.access.links.retain(|link| link.id != id);
        let is_there = next.access.links.len() < held.access.links.len();
        if is_there { Ok(Some(next)) } else { Err(Problem::not_found("link")) }
    };
    change(&state, &scope.tenant, without).await?;
    Ok(StatusCode::NO_CONTENT)
}
