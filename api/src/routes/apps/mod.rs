//! Frontend apps of a tenant: whose envelopes are taken, and what their SDKs are told.

mod body;
mod stats;
mod tunnel;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::frontend::{App, FrontendApps, MAX_APPS};
use plimsoll_domain::ids::{AppId, TenantId};
use plimsoll_store::StoreError;

use self::body::{AppRequest, AppView};
use crate::extract::{Admin, IdempotencyKey, IfMatch, Json, Listed, Page, Paged, PathId, Scoped, Viewer, etag};
use crate::problem::Problem;
use crate::routes::location;
use crate::state::ApiState;

/// Times that a change is made anew when others were faster.
const ATTEMPTS: usize = 5;

/// The routes of frontend apps.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(read, replace, remove))
        .merge(stats::router())
        .merge(tunnel::router())
}

/// Create a frontend app.
///
/// Its `key` is public: the frontend asks for its configuration with it. Sent again with the same `Idempotency-Key`, it
/// answers with the app that is there (200).
#[utoipa::path(
    post, path = "/tenants/{tenant_id}/apps", tag = "apps", security(("key" = [])), request_body = AppRequest,
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("idempotency-key" = Option<String>, Header, description = "Names this request, 1 to 255 characters")
    ),
    responses(
        (status = 201, description = "Created", body = AppView),
        (status = 200, description = "Created before", body = AppView),
        Problem
    )
)]
async fn create(
    scope: Scoped<Admin>,
    IdempotencyKey(key): IdempotencyKey,
    State(state): State<ApiState>,
    Json(request): Json<AppRequest>,
) -> Result<impl IntoResponse, Problem> {
    let derived = key.as_deref().map(|key| AppId::idempotent(&scope.tenant, key));
    let made = || Ok(derived.unwrap_or_else(|| AppId::fresh(&*state.entropy)));
    let id = request.id.as_deref().map_or_else(made, str::parse);
    let asked = request.read(id, &state, None)?;
    let (mut status, mut app) = (StatusCode::CREATED, asked.clone());
    let done = change(&state, &scope.tenant, |apps| match apps.app(&asked.id) {
        Some(held) if key.is_some() && is_same(held, &asked) => {
            (status, app) = (StatusCode::OK, held.clone());
            Ok(None)
        }
        Some(_) => Err(StoreError::Exists { what: format!("app {} of tenant {}", asked.id, scope.tenant) }.into()),
        None if apps.apps.len() >= MAX_APPS => {
            let what = format!("the list of apps of tenant {}", scope.tenant);
            Err(StoreError::Limit { what, limit: MAX_APPS }.into())
        }
        None => Ok(Some(apps.with(asked.clone())?)),
    });
    done.await?;
    let path = format!("/tenants/{}/apps/{}", scope.tenant, app.id);
    Ok((status, location(&path), etag(&tag_of(&app)), axum::Json(AppView::from(app))))
}

/// List the frontend apps.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/apps", tag = "apps", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), Paged),
    responses((status = 200, description = "Apps by id", body = Listed<AppView>), Problem)
)]
async fn list(
    scope: Scoped<Viewer>,
    page: Page,
    State(state): State<ApiState>,
) -> Result<axum::Json<Listed<AppView>>, Problem> {
    let apps = held(&state, &scope.tenant).await?.apps;
    Ok(axum::Json(page.of(apps, |app| app.id.to_string(), AppView::from)))
}

/// Read a frontend app.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/apps/{app_id}", tag = "apps", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("app_id" = String, Path, description = "The app")
    ),
    responses((status = 200, description = "The app; ETag names its state", body = AppView), Problem)
)]
async fn read(
    scope: Scoped<Viewer>,
    PathId(id): PathId<AppId>,
    State(state): State<ApiState>,
) -> Result<impl IntoResponse, Problem> {
    let app = held(&state, &scope.tenant).await?.app(&id).cloned().ok_or_else(unknown)?;
    Ok((etag(&tag_of(&app)), axum::Json(AppView::from(app))))
}

/// Replace a frontend app.
///
/// It keeps its key.
#[utoipa::path(
    put, path = "/tenants/{tenant_id}/apps/{app_id}", tag = "apps", security(("key" = [])), request_body = AppRequest,
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("app_id" = String, Path, description = "The app"),
        ("if-match" = Option<String>, Header, description = "The ETag that was read; 412 when it is no longer true")
    ),
    responses((status = 200, description = "Replaced", body = AppView), Problem)
)]
async fn replace(
    scope: Scoped<Admin>,
    PathId(id): PathId<AppId>,
    if_match: IfMatch,
    State(state): State<ApiState>,
    Json(request): Json<AppRequest>,
) -> Result<impl IntoResponse, Problem> {
    let mut after = None;
    let done = change(&state, &scope.tenant, |apps| {
        let before = apps.app(&id).ok_or_else(unknown)?;
        if_match.require(&tag_of(before))?;
        let is_same = request.id.as_deref().is_none_or(|named| named == id.as_str());
        let named = if is_same { Ok(id.clone()) } else { Err(format!("expected the id in the path, {id}, or none")) };
        let app = request.read(named, &state, Some(before))?;
        after = Some(app.clone());
        Ok(Some(apps.with(app)?))
    });
    done.await?;
    let app = after.expect("a change that was made was asked for");
    Ok((etag(&tag_of(&app)), axum::Json(AppView::from(app))))
}

/// Remove a frontend app.
///
/// Its envelopes are refused from now on, and those that wait are given up. What was counted stays.
#[utoipa::path(
    delete, path = "/tenants/{tenant_id}/apps/{app_id}", tag = "apps", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("app_id" = String, Path, description = "The app")
    ),
    responses((status = 204, description = "Removed"), Problem)
)]
async fn remove(
    scope: Scoped<Admin>,
    PathId(id): PathId<AppId>,
    State(state): State<ApiState>,
) -> Result<StatusCode, Problem> {
    change(&state, &scope.tenant, |apps| apps.without(&id).map(Some).ok_or_else(unknown)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The tenant's apps, or none.
async fn held(state: &ApiState, tenant: &TenantId) -> Result<FrontendApps, Problem> {
    let held = state.store.frontend_apps(tenant).await?;
    Ok(held.unwrap_or_else(|| FrontendApps::none(tenant.clone())))
}

/// Stores what `decide` makes of the tenant's apps, deciding anew when somebody else was faster; `None` changes nothing.
async fn change(
    state: &ApiState,
    tenant: &TenantId,
    mut decide: impl FnMut(&FrontendApps) -> Result<Option<FrontendApps>, Problem> + Send,
) -> Result<(), Problem> {
    for attempt in 1.. {
        let Some(next) = decide(&held(state, tenant).await?)? else { return Ok(()) };
        match state.store.put_frontend_apps(&next).await {
            Err(StoreError::Stale { .. }) if attempt < ATTEMPTS => {}
            done => {
                done?;
                break;
            }
        }
    }
    // It is stored: that this process does not know it yet is no reason to say otherwise.
    if let Err(error) = state.tunnel().apps.refresh().await {
        tracing::warn!(%error, "a change of frontend apps is known in a few seconds");
    }
    Ok(())
}

fn unknown() -> Problem {
    Problem::not_found("app")
}

/// Whether `held` is what `asked` asks for.
fn is_same(held: &App, asked: &App) -> bool {
    *held == App { created_at: held.created_at, dsn_since: held.dsn_since, key: held.key.clone(), ..asked.clone() }
}

/// Names an app's content.
fn tag_of(app: &App) -> String {
    let content = serde_json::to_vec(app).expect("an app serialises");
    blake3::hash(&content).to_hex()[..16].to_owned()
}
