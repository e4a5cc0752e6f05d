//! Everything that the page is made of, in one document, for static files.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::page::{BUNDLED_INCIDENTS, BundleParts, PageBundle};
use plimsoll_domain::time::Timestamp;

use super::configured;
use crate::extract::{Scoped, Viewer};
use crate::problem::Problem;
use crate::state::ApiState;

/// The routes of the export.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(read))
}

/// Export the page.
///
/// What `plimsoll export` makes static files from: what is settled about the page, what it last showed, its newest 200
/// incidents, its maintenance and its logo. Nothing of it is secret.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/page/export", tag = "page", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "The page as a bundle of format 1", body = Object), Problem)
)]
async fn read(scope: Scoped<Viewer>, State(state): State<ApiState>) -> Result<axum::Json<PageBundle>, Problem> {
    let (now, tenant) = (state.clock.now(), &scope.tenant);
    let name = state.store.tenant(tenant).await?.ok_or_else(|| Problem::not_found("tenant"))?.name;
    let all = Timestamp::from_millis(0)..now.next_milli();
    let parts = BundleParts {
        name,
        page: configured(&state, tenant).await?,
        snapshot: state.store.snapshot(tenant).await?,
        incidents: state.store.past_incidents(tenant, all, BUNDLED_INCIDENTS).await?,
        maintenances: state.store.maintenances(tenant).await?,
        logo: state.store.logo(tenant).await?,
    };
    Ok(axum::Json(PageBundle::of(parts, now)))
}
