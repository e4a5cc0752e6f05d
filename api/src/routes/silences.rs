//! Silences: what nobody wants to hear of for a while.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::alert::silence::SilenceStatus;
use plimsoll_domain::alert::{Matcher, Silence};
use plimsoll_domain::ids::{SilenceId, TenantId};
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::time::Timestamp;
use plimsoll_store::StoreError;

use crate::extract::{IdempotencyKey, Json, Listed, Operator, Page, Paged, PathId, Query, Scoped, Viewer};
use crate::problem::Problem;
use crate::routes::location;
use crate::state::ApiState;

const ATTEMPTS: usize = 3;

/// The routes of silences.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(read, end))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSilence {
    /// A slug of a-z, 0-9 and -; made when it is not given.
    id: Option<String>,
    /// Such as `severity="info"`, with `=`, `!=`, `=~` or `!~`; 1 to 20. All of them must hold.
    matchers: Vec<String>,
    /// Now unless given.
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    /// After `starts_at`, by at most 366 days. Needed unless `until_resolved` is true.
    #[schema(format = DateTime)]
    ends_at: Option<String>,
    /// Whether it ends once everything that it silences is resolved; not unless said so.
    #[serde(default)]
    until_resolved: bool,
    /// Why, in at most 1,000 characters.
    comment: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Whether those that are over are listed, too.
    #[serde(default)]
    #[param(default = false)]
    all: bool,
}

#[derive(Serialize, ToSchema)]
struct SilenceView {
    #[schema(value_type = String)]
    id: SilenceId,
    #[schema(value_type = Vec<String>)]
    matchers: Vec<Matcher>,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// Null while it waits for what it silences to be resolved.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
    until_resolved: bool,
    comment: String,
    /// The name of a key.
    by: String,
    /// `pending`, `active` or `expired`, by the clock.
    #[schema(value_type = String)]
    status: SilenceStatus,
}

impl SilenceView {
    fn of(silence: Silence, now: Timestamp) -> Self {
        Self {
            status: status_of(&silence, now),
            id: silence.id,
            matchers: silence.matchers,
            starts_at: silence.starts_at,
            ends_at: silence.ends_at,
            until_resolved: silence.until_resolved,
            comment: silence.comment,
            by: silence.by,
        }
    }
}

/// Where a silence stands; one that was ended before its start is over.
fn status_of(silence: &Silence, now: Timestamp) -> SilenceStatus {
    if silence.ends_at.is_some_and(|end| end <= silence.starts_at) {
        return SilenceStatus::Expired;
    }
    silence.status(now)
}

/// Silence alerts.
///
/// What is silenced is recorded all the same, and sent when the silence ends if it is still wrong. Sent again with the same
/// `Idempotency-Key`, it answers with the silence that is there (200).
#[utoipa::path(
    post, path = "/tenants/{tenant_id}/silences", tag = "silences", security(("key" = [])), request_body = NewSilence,
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("idempotency-key" = Option<String>, Header, description = "Names this request, 1 to 255 characters")
    ),
    responses(
        (status = 201, description = "Silenced", body = SilenceView),
        (status = 200, description = "Silenced before", body = SilenceView),
        Problem
    )
)]
async fn create(
    scope: Scoped<Operator>,
    IdempotencyKey(key): IdempotencyKey,
    State(state): State<ApiState>,
    Json(new): Json<NewSilence>,
) -> Result<impl IntoResponse, Problem> {
    let now = state.clock.now();
    let derived = key.as_deref().map(|key| SilenceId::idempotent(&scope.tenant, key));
    let made = derived.unwrap_or_else(|| SilenceId::fresh(&*state.entropy));
    let asked = new.read(&scope.tenant, made, (scope.name(), now))?;
    let (status, silence) = match state.store.put_silence(&asked).await {
        Ok(()) => (StatusCode::CREATED, asked),
        Err(StoreError::Stale { .. }) => (StatusCode::OK, repeated(&state, &asked, (&new, key.is_some())).await?),
        // One that is there already is answered also when no other fits.
        Err(StoreError::Limit { what, limit }) => match repeated(&state, &asked, (&new, key.is_some())).await {
            Ok(held) => (StatusCode::OK, held),
            Err(_) => return Err(StoreError::Limit { what, limit }.into()),
        },
        Err(error) => return Err(error.into()),
    };
    (state.alerts_changed)();
    let path = format!("/tenants/{}/silences/{}", silence.tenant, silence.id);
    Ok((status, location(&path), axum::Json(SilenceView::of(silence, now))))
}

/// The silence that a request which is sent again speaks of; 409 when something else has its id.
async fn repeated(state: &ApiState, asked: &Silence, (new, has_key): (&NewSilence, bool)) -> Result<Silence, Problem> {
    let held = state.store.silence(&asked.tenant, &asked.id).await?;
    let is_same = |held: &Silence| {
        let start = new.starts_at.is_none() || held.starts_at == asked.starts_at;
        let end = new.ends_at.is_none() || held.ends_at == asked.ends_at;
        let rest = |silence: &Silence| (silence.matchers.clone(), silence.comment.clone(), silence.until_resolved);
        start && end && rest(held) == rest(asked)
    };
    let held = held.filter(|held| has_key && (new.id.is_none() || is_same(held)));
    let what = || format!("silence {} of tenant {}", asked.id, asked.tenant);
    held.ok_or_else(|| StoreError::Exists { what: what() }.into())
}

impl NewSilence {
    /// The silence that is asked for; its id is `made` unless it is given.
    fn read(&self, tenant: &TenantId, made: SilenceId, (by, now): (&str, Timestamp)) -> Result<Silence, Invalid> {
        let mut faults = Faults::default();
        let given = self.id.as_deref().and_then(|id| faults.keep(id.parse(), "/id"));
        let mut instant = |text: &Option<String>, pointer| {
            text.as_deref().map(|text| faults.keep(text.parse::<Timestamp>(), pointer))
        };
        let starts_at = instant(&self.starts_at, "/starts_at").unwrap_or(Some(now));
        let ends_at = instant(&self.ends_at, "/ends_at");
        let mut matchers = Vec::with_capacity(self.matchers.len());
        for (index, text) in self.matchers.iter().enumerate() {
            matchers.extend(faults.keep(text.parse(), &format!("/matchers/{index}")));
        }
        // Stand-ins where a fault is noted already, so that the rest is looked over too.
        let is_read = matchers.len() == self.matchers.len() && starts_at.is_some() && ends_at != Some(None);
        let silence = Silence {
            tenant: tenant.clone(),
            id: given.unwrap_or(made),
            matchers,
            starts_at: starts_at.unwrap_or(now),
            ends_at: ends_at.flatten(),
            until_resolved: self.until_resolved,
            has_matched: false,
            comment: self.comment.trim().to_owned(),
            by: by.to_owned(),
            version: 1,
        };
        if is_read {
            faults.absorb(silence.validate(), "");
        }
        faults.finish().map(|()| silence)
    }
}

/// List silences.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/silences", tag = "silences", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), ListQuery, Paged),
    responses((status = 200, description = "Newest start first", body = Listed<SilenceView>), Problem)
)]
async fn list(
    scope: Scoped<Viewer>,
    Query(query): Query<ListQuery>,
    page: Page,
    State(state): State<ApiState>,
) -> Result<axum::Json<Listed<SilenceView>>, Problem> {
    let now = state.clock.now();
    let since = if query.all { Timestamp::from_millis(0) } else { now };
    let mut held = state.store.silences(&scope.tenant, since).await?;
    held.retain(|silence| query.all || status_of(silence, now) != SilenceStatus::Expired);
    let order =
        |silence: &Silence| format!("{:020} {}", i64::MAX.saturating_sub(silence.starts_at.millis()), silence.id);
    held.sort_by_key(order);
    Ok(axum::Json(page.of(held, order, |silence| SilenceView::of(silence, now))))
}

/// Read a silence.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/silences/{silence_id}", tag = "silences", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("silence_id" = String, Path, description = "The silence")
    ),
    responses((status = 200, description = "The silence", body = SilenceView), Problem)
)]
async fn read(
    scope: Scoped<Viewer>,
    PathId(id): PathId<SilenceId>,
    State(state): State<ApiState>,
) -> Result<axum::Json<SilenceView>, Problem> {
    let held = state.store.silence(&scope.tenant, &id).await?.ok_or_else(|| Problem::not_found("silence"))?;
    Ok(axum::Json(SilenceView::of(held, state.clock.now())))
}

/// End a silence now.
///
/// What it kept back and is still wrong is sent. It stays listed, with `all`, for 30 days.
#[utoipa::path(
    delete, path = "/tenants/{tenant_id}/silences/{silence_id}", tag = "silences", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("silence_id" = String, Path, description = "The silence")
    ),
    responses((status = 204, description = "Ended"), Problem)
)]
async fn end(
    scope: Scoped<Operator>,
    PathId(id): PathId<SilenceId>,
    State(state): State<ApiState>,
) -> Result<StatusCode, Problem> {
    let now = state.clock.now();
    for attempt in 1.. {
        let held = state.store.silence(&scope.tenant, &id).await?.ok_or_else(|| Problem::not_found("silence"))?;
        if status_of(&held, now) == SilenceStatus::Expired {
            break;
        }
        match state.store.put_silence(&held.ended(now)).await {
            Err(StoreError::Stale { .. }) if attempt < ATTEMPTS => {}
            done => {
                done?;
                break;
            }
        }
    }
    (state.alerts_changed)();
    Ok(StatusCode::NO_CONTENT)
}
