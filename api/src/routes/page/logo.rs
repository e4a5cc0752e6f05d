//! The logo on top of the page.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::invalid::Invalid;
use plimsoll_domain::page::{Logo, LogoKind, LogoRef, MAX_LOGO_BYTES, PageConfig};

use super::picture::Picture;
use super::{ATTEMPTS, change, configured, tag_of};
use crate::extract::{Admin, RawBytes, Scoped, etag};
use crate::problem::Problem;
use crate::state::ApiState;

/// The routes of the logo.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(replace, remove))
}

/// What a logo is.
#[derive(Serialize, ToSchema)]
pub(super) struct LogoView {
    /// `png`, `jpeg`, `webp` or `svg`.
    #[schema(value_type = String)]
    kind: LogoKind,
    /// In pixels; of an SVG, as it is drawn unless it is scaled.
    width: u32,
    height: u32,
    /// Of its bytes as they are kept.
    hash: String,
}

impl From<&LogoRef> for LogoView {
    fn from(about: &LogoRef) -> Self {
        Self { kind: about.kind, width: about.width, height: about.height, hash: about.hash.clone() }
    }
}

/// Replace the logo.
///
/// A PNG, a JPEG, a WebP or an SVG of at most 256 KiB, at most 4,096 pixels a side; what it is is read off its bytes. From an
/// SVG is taken what could run something or lead elsewhere; one that needs other files is refused.
#[utoipa::path(
    put, path = "/tenants/{tenant_id}/page/logo", tag = "page", security(("key" = [])),
    request_body(content = String, content_type = "application/octet-stream", description = "The picture's bytes"),
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "Replaced; ETag names the version of the page's settings", body = LogoView), Problem)
)]
async fn replace(
    scope: Scoped<Admin>,
    State(state): State<ApiState>,
    RawBytes(bytes): RawBytes<MAX_LOGO_BYTES>,
) -> Result<impl IntoResponse, Problem> {
    let Picture { kind, width, height, bytes } = Picture::read(&bytes).map_err(|detail| Invalid::at("", detail))?;
    let about = LogoRef { kind, hash: LogoRef::hash_of(&bytes), width, height };
    let logo = Logo { tenant: scope.tenant.clone(), about: about.clone(), bytes };
    // First, so that no page ever names a logo that is not there.
    state.store.put_logo(&logo).await?;
    let config = name_what_is_kept(&state, &scope.tenant).await?;
    Ok((etag(&tag_of(&config)), axum::Json(LogoView::from(&about))))
}

/// Remove the logo.
#[utoipa::path(
    delete, path = "/tenants/{tenant_id}/page/logo", tag = "page", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 204, description = "Removed"), Problem)
)]
async fn remove(scope: Scoped<Admin>, State(state): State<ApiState>) -> Result<StatusCode, Problem> {
    let was_named = configured(&state, &scope.tenant).await?.logo.is_some();
    let without = |held: &PageConfig| Ok(held.logo.is_some().then(|| PageConfig { logo: None, ..held.clone() }));
    change(&state, &scope.tenant, without).await?;
    let was_kept = state.store.remove_logo(&scope.tenant).await?;
    name_what_is_kept(&state, &scope.tenant).await?;
    if was_named || was_kept { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("logo")) }
}

/// Has the page name the logo that is kept, until it is the one that is kept still: of two who replace it at once, whoever is
/// last to look finds the bytes that were kept last.
async fn name_what_is_kept(state: &ApiState, tenant: &TenantId) -> Result<PageConfig, Problem> {
    let kept = async || Ok::<_, Problem>(state.store.logo(tenant).await?.map(|logo| logo.about));
    let mut about = kept().await?;
    for attempt in 1.. {
        let named =
            |held: &PageConfig| Ok((held.logo != about).then(|| PageConfig { logo: about.clone(), ..held.clone() }));
        let config = change(state, tenant, named).await?;
        let after = kept().await?;
        if after == about || attempt == ATTEMPTS {
            return Ok(config);
        }
        about = after;
    }
    unreachable!("the last attempt answers")
}
