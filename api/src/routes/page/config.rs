//! What a tenant settles about its page.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::entropy::Entropy;

use super::body::{PageRequest, PageView};
use super::{change, configured, tag_of};
use crate::extract::{Admin, IfMatch, Json, Scoped, Viewer, etag};
use crate::problem::Problem;
use crate::routes::components_of;
use crate::state::ApiState;

const SALT_BYTES: usize = 16;
const EPOCH_BYTES: usize = size_of::<u64>();

/// The routes of what is settled about the page.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(read, replace))
}

/// Read what is settled about the page.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/page", tag = "page", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "The page's settings; ETag names the version", body = PageView), Problem)
)]
async fn read(scope: Scoped<Viewer>, State(state): State<ApiState>) -> Result<impl IntoResponse, Problem> {
    let config = configured(&state, &scope.tenant).await?;
    Ok((etag(&tag_of(&config)), axum::Json(PageView::of(&config))))
}

/// Settle what the page is like.
///
/// All of it is replaced but its logo, its hosts and its links, and, without `access`, who may see it. A change of who may
/// see it asks whoever knew the password for it again.
#[utoipa::path(
    put, path = "/tenants/{tenant_id}/page", tag = "page", security(("key" = [])), request_body = PageRequest,
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("if-match" = Option<String>, Header, description = "The ETag that was read; 412 when it is no longer true")
    ),
    responses((status = 200, description = "Settled", body = PageView), Problem)
)]
async fn replace(
    scope: Scoped<Admin>,
    if_match: IfMatch,
    State(state): State<ApiState>,
    Json(request): Json<PageRequest>,
) -> Result<impl IntoResponse, Problem> {
    let known = components_of(&state, &scope.tenant).await?;
    if_match.require(&tag_of(&configured(&state, &scope.tenant).await?))?;
    let hash = match request.password() {
        Some(password) => Some(hashed(password.to_owned(), &state.entropy).await?),
        None => None,
    };
    let epoch = first_epoch(&*state.entropy);
    let done = change(&state, &scope.tenant, |held| {
        if_match.require(&tag_of(held))?;
        Ok(Some(request.read(held, &known, (hash.as_deref(), epoch))?))
    });
    let config = done.await?;
    Ok((etag(&tag_of(&config)), axum::Json(PageView::of(&config))))
}

/// Where epochs begin: elsewhere for each page, so that what let somebody in to a page that is gone lets nobody in to another
/// one under its name. It is stored as a number with a sign, and leaves room to count on.
fn first_epoch(entropy: &dyn Entropy) -> u64 {
    let mut bytes = [0; EPOCH_BYTES];
    bytes.copy_from_slice(&entropy.bytes()[..EPOCH_BYTES]);
    (u64::from_be_bytes(bytes) & (u64::MAX >> 2)).max(1)
}

/// The Argon2id hash of a password, made where it keeps no request waiting.
async fn hashed(password: String, entropy: &Arc<dyn Entropy>) -> Result<String, Problem> {
    let salt = entropy.bytes();
    let made = tokio::task::spawn_blocking(move || {
        let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt[..SALT_BYTES]);
        hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
    });
    let made = made.await.map_err(|error| error.to_string()).and_then(|made| made);
    made.map_err(|cause| {
        Problem::failure(StatusCode::INTERNAL_SERVER_ERROR, "The password could not be hashed.", cause)
    })
}
