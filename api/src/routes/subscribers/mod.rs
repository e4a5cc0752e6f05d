//! Who is told of what happens, by mail, webhook or Slack.
//!
//! Nobody is subscribed by somebody else: whoever is named here is asked first. Addresses are shown masked, also to those who
//! may see the list.

mod body;
mod bounces;
mod notices;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::ids::{SubscriberId, TenantId};
use plimsoll_domain::invalid::Invalid;
use plimsoll_domain::subscriber::Subscriber;
use plimsoll_store::subscribing::AskError;

use self::body::{NewSubscriber, SubscriberView};
use crate::extract::{Admin, Json, Listed, Page, Paged, PathId, Scoped, Viewer};
use crate::problem::Problem;
use crate::routes::{components_of, location};
use crate::state::ApiState;

/// The routes of subscribers.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(read, remove)).merge(notices::router())
}

/// The route that bounces of mails come in by.
pub(super) fn intake() -> OpenApiRouter<ApiState> {
    bounces::router()
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Invalid(invalid) => invalid.into(),
            AskError::TooOften { seconds } => Self::too_often("This address was asked to confirm too often.", seconds),
            AskError::Store(error) => error.into(),
        }
    }
}

/// Ask somebody to subscribe.
///
/// They hear of nothing until they confirm it by the link they are sent. Asking again for the same address is answered with
/// the subscriber that is there, and sends the link again after ten minutes. One address is sent at most three links at once, ten
/// a day; then this is answered with 429.
#[utoipa::path(
    post, path = "/tenants/{tenant_id}/subscribers", tag = "subscribers", security(("key" = [])),
    request_body = NewSubscriber,
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 202, description = "Asked; pending unless it was confirmed before", body = SubscriberView), Problem)
)]
async fn create(
    scope: Scoped<Admin>,
    State(state): State<ApiState>,
    Json(new): Json<NewSubscriber>,
) -> Result<impl IntoResponse, Problem> {
    let known = components_of(&state, &scope.tenant).await?;
    let wanted = new.read(&known, &*state.entropy)?;
    let subscriber = state.subscribing.ask(&scope.tenant, wanted, scope.name()).await?;
    let path = format!("/tenants/{}/subscribers/{}", scope.tenant, subscriber.id);
    Ok((StatusCode::ACCEPTED, location(&path), axum::Json(SubscriberView::from(subscriber))))
}

/// List the subscribers.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/subscribers", tag = "subscribers", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), Paged),
    responses((status = 200, description = "Subscribers by id", body = Listed<SubscriberView>), Problem)
)]
async fn list(
    scope: Scoped<Viewer>,
    page: Page,
    State(state): State<ApiState>,
) -> Result<axum::Json<Listed<SubscriberView>>, Problem> {
    let after = page.after.as_deref().map(read_cursor).transpose()?;
    let found = state.store.subscribers(&scope.tenant, after.as_ref(), page.limit + 1).await?;
    Ok(axum::Json(page.cut(found, |subscriber| subscriber.id.to_string(), SubscriberView::from)))
}

fn read_cursor(text: &str) -> Result<SubscriberId, Invalid> {
    text.parse().map_err(|_| Page::wrong_cursor())
}

/// Read a subscriber.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/subscribers/{subscriber_id}", tag = "subscribers", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("subscriber_id" = String, Path, description = "The subscriber")
    ),
    responses((status = 200, description = "The subscriber", body = SubscriberView), Problem)
)]
async fn read(
    scope: Scoped<Viewer>,
    PathId(id): PathId<SubscriberId>,
    State(state): State<ApiState>,
) -> Result<axum::Json<SubscriberView>, Problem> {
    Ok(axum::Json(stored(&state, &scope.tenant, &id).await?.into()))
}

/// Remove a subscriber.
///
/// Nothing is kept of them, and what waits for them is not sent.
#[utoipa::path(
    delete, path = "/tenants/{tenant_id}/subscribers/{subscriber_id}", tag = "subscribers", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("subscriber_id" = String, Path, description = "The subscriber")
    ),
    responses((status = 204, description = "Removed"), Problem)
)]
async fn remove(
    scope: Scoped<Admin>,
    PathId(id): PathId<SubscriberId>,
    State(state): State<ApiState>,
) -> Result<StatusCode, Problem> {
    let removed = state.store.remove_subscriber(&scope.tenant, &id).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(unknown()) }
}

async fn stored(state: &ApiState, tenant: &TenantId, id: &SubscriberId) -> Result<Subscriber, Problem> {
    state.store.subscriber(tenant, id).await?.ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::not_found("subscriber")
}
