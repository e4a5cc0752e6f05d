//! What subscribers were told, and what came of it.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::alert::DeliveryState;
use plimsoll_domain::ids::{IncidentId, MaintenanceId, NoticeId, SubscriberId, TenantId};
use plimsoll_domain::invalid::Invalid;
use plimsoll_domain::maintenance::MaintenanceEvent;
use plimsoll_domain::subscriber::{Notice, NoticeEvent};
use plimsoll_domain::time::Timestamp;

use super::stored;
use crate::extract::{Listed, Page, Paged, PathId, Scoped, Viewer};
use crate::problem::Problem;
use crate::routes::attempt::AttemptView;
use crate::state::ApiState;

/// The routes of notices.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(list_of_one))
}

/// What one subscriber is told once.
#[derive(Serialize, ToSchema)]
struct NoticeView {
    #[schema(value_type = String)]
    id: NoticeId,
    #[schema(value_type = String)]
    subscriber_id: SubscriberId,
    event: NoticeEventView,
    /// `waiting`, `sending`, `delivered` or `dead`.
    state: &'static str,
    /// Why it is not tried any more.
    reason: Option<String>,
    /// Of one that waits.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// How often it was tried.
    tries: u32,
    /// The newest, oldest first.
    attempts: Vec<AttemptView>,
}

/// What a notice tells of.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum NoticeEventView {
    /// That somebody asked for this subscription.
    Confirmation {
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
    },
    /// What was said of an incident.
    Incident {
        #[schema(value_type = String)]
        incident_id: IncidentId,
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
    },
    /// What the clock made of a maintenance.
    Maintenance {
        #[schema(value_type = String)]
        maintenance_id: MaintenanceId,
        /// Of that time it takes place.
        #[schema(value_type = String, format = DateTime)]
        starts_at: Timestamp,
        /// `scheduled`, `reminder`, `started` or `completed`.
        #[schema(value_type = String)]
        event: MaintenanceEvent,
    },
}

/// List what subscribers were told.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/notices", tag = "subscribers", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), Paged),
    responses((status = 200, description = "Notices with their attempts, newest first", body = Listed<NoticeView>), Problem)
)]
async fn list(
    scope: Scoped<Viewer>,
    page: Page,
    State(state): State<ApiState>,
) -> Result<axum::Json<Listed<NoticeView>>, Problem> {
    found(&state, (&scope.tenant, None), &page).await
}

/// List what a subscriber was told.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/subscribers/{subscriber_id}/notices", tag = "subscribers", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("subscriber_id" = String, Path, description = "The subscriber"),
        Paged
    ),
    responses((status = 200, description = "Notices with their attempts, newest first", body = Listed<NoticeView>), Problem)
)]
async fn list_of_one(
    scope: Scoped<Viewer>,
    PathId(id): PathId<SubscriberId>,
    page: Page,
    State(state): State<ApiState>,
) -> Result<axum::Json<Listed<NoticeView>>, Problem> {
    stored(&state, &scope.tenant, &id).await?;
    found(&state, (&scope.tenant, Some(&id)), &page).await
}

async fn found(
    state: &ApiState,
    (tenant, subscriber): (&TenantId, Option<&SubscriberId>),
    page: &Page,
) -> Result<axum::Json<Listed<NoticeView>>, Problem> {
    let after = page.after.as_deref().map(read_cursor).transpose()?;
    let found = state.store.notices(tenant, subscriber, after, page.limit + 1).await?;
    let key = |notice: &Notice| format!("{} {}", notice.created_at.millis(), notice.id);
    Ok(axum::Json(page.cut(found, key, NoticeView::from)))
}

fn read_cursor(text: &str) -> Result<(Timestamp, NoticeId), Invalid> {
    let parts = text.split_once(' ').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    parts.map(|(at, id)| (Timestamp::from_millis(at), id)).ok_or_else(Page::wrong_cursor)
}

impl From<Notice> for NoticeView {
    fn from(notice: Notice) -> Self {
        let state = notice.state_name();
        let (reason, next_attempt_at) = match notice.state {
            DeliveryState::Waiting { ready_at } => (None, Some(ready_at)),
            DeliveryState::Dead { reason, .. } => (Some(reason), None),
            DeliveryState::Leased(_) | DeliveryState::Delivered { .. } | DeliveryState::Collapsed { .. } => {
                (None, None)
            }
        };
        Self {
            id: notice.id,
            subscriber_id: notice.subscriber,
            event: notice.event.into(),
            state,
            reason,
            next_attempt_at,
            created_at: notice.created_at,
            tries: notice.tries,
            attempts: notice.attempts.iter().map(AttemptView::from).collect(),
        }
    }
}

impl From<NoticeEvent> for NoticeEventView {
    fn from(event: NoticeEvent) -> Self {
        match event {
            NoticeEvent::Confirmation { asked_at } => Self::Confirmation { at: asked_at },
            NoticeEvent::Incident { incident, at } => Self::Incident { incident_id: incident, at },
            NoticeEvent::Maintenance { maintenance, starts_at, event, .. } => {
                Self::Maintenance { maintenance_id: maintenance, starts_at, event }
            }
        }
    }
}
