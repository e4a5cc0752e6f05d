//! The names under which the page is found, each proven by a TXT record.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::invalid::Invalid;
use plimsoll_domain::page::{HostName, MAX_HOSTS, PageConfig, PageHost};
use plimsoll_domain::time::Timestamp;
use plimsoll_runtime::dns::DnsUnavailable;
use plimsoll_store::StoreError;

use super::{change, configured};
use crate::extract::{Admin, IdempotencyKey, Json, Listed, Page, Paged, PathId, Scoped, Viewer};
use crate::problem::Problem;
use crate::routes::location;
use crate::state::ApiState;

/// Records that are named when none of them is the one.
const SHOWN_RECORDS: usize = 10;
const SHOWN_CHARS: usize = 100;

/// The routes of hosts.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(verify)).routes(routes!(remove))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewHost {
    /// Such as `status.example.org`.
    name: String,
}

/// A name under which a page is to be found.
#[derive(Serialize, ToSchema)]
pub(super) struct HostView {
    #[schema(value_type = String)]
    name: HostName,
    /// The name of the TXT record that proves it.
    record_name: String,
    /// What the TXT record must say.
    record_content: String,
    /// When the record was last found; null: not yet, and the page is not found under this name.
    #[schema(value_type = Option<String>, format = DateTime)]
    verified_at: Option<Timestamp>,
}

impl From<&PageHost> for HostView {
    fn from(host: &PageHost) -> Self {
        Self {
            record_name: host.record_name(),
            record_content: host.record_content(),
            name: host.name.clone(),
            verified_at: host.verified_at,
        }
    }
}

/// Add a name to find the page under.
///
/// Set the TXT record that is answered, and have it verified. Sent again with an `Idempotency-Key`, it answers with the name
/// that is there (200).
#[utoipa::path(
    post, path = "/tenants/{tenant_id}/page/hosts", tag = "page", security(("key" = [])), request_body = NewHost,
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("idempotency-key" = Option<String>, Header, description = "Names this request, 1 to 255 characters")
    ),
    responses(
        (status = 201, description = "Added", body = HostView),
        (status = 200, description = "Added before", body = HostView),
        Problem
    )
)]
async fn create(
    scope: Scoped<Admin>,
    IdempotencyKey(key): IdempotencyKey,
    State(state): State<ApiState>,
    Json(new): Json<NewHost>,
) -> Result<impl IntoResponse, Problem> {
    let name: HostName = new.name.parse().map_err(|detail: String| Invalid::at("/name", detail))?;
    let asked = PageHost::new(name, &*state.entropy);
    let mut status = StatusCode::OK;
    let config = change(&state, &scope.tenant, |held| {
        let next = with(held, &asked, key.is_some())?;
        status = if next.is_some() { StatusCode::CREATED } else { StatusCode::OK };
        Ok(next)
    });
    let config = config.await?;
    let host = found(&config, &asked.name)?;
    let path = format!("/tenants/{}/page/hosts/{}", scope.tenant, host.name);
    Ok((status, location(&path), axum::Json(HostView::from(host))))
}

/// `held` with one name more; `None`: it has the name, and it `is_repeated`.
fn with(held: &PageConfig, asked: &PageHost, is_repeated: bool) -> Result<Option<PageConfig>, StoreError> {
    if held.hosts.iter().any(|host| host.name == asked.name) {
        let what = format!("host {} of tenant {}", asked.name, held.tenant);
        return if is_repeated { Ok(None) } else { Err(StoreError::Exists { what }) };
    }
    if held.hosts.len() >= MAX_HOSTS {
        let what = format!("the list of hosts of tenant {}", held.tenant);
        return Err(StoreError::Limit { what, limit: MAX_HOSTS });
    }
    let mut next = held.clone();
    next.hosts.push(asked.clone());
    Ok(Some(next))
}

/// List the names that the page is to be found under.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/page/hosts", tag = "page", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), Paged),
    responses((status = 200, description = "Hosts by name", body = Listed<HostView>), Problem)
)]
async fn list(
    scope: Scoped<Viewer>,
    page: Page,
    State(state): State<ApiState>,
) -> Result<axum::Json<Listed<HostView>>, Problem> {
    let mut hosts = configured(&state, &scope.tenant).await?.hosts;
    hosts.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(axum::Json(page.of(hosts, |host| host.name.to_string(), |host| HostView::from(&host))))
}

/// Verify that a name is the tenant's.
///
/// Looks the TXT record up. Of several tenants that add a name, the page of whoever verified it last is found under it.
#[utoipa::path(
    post, path = "/tenants/{tenant_id}/page/hosts/{host}/verify", tag = "page", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("host" = String, Path, description = "The host's name")
    ),
    responses((status = 200, description = "Verified", body = HostView), Problem)
)]
async fn verify(
    scope: Scoped<Admin>,
    PathId(name): PathId<HostName>,
    State(state): State<ApiState>,
) -> Result<axum::Json<HostView>, Problem> {
    let config = configured(&state, &scope.tenant).await?;
    let host = found(&config, &name)?;
    let records = state.txt_records.txt(&host.record_name()).await.map_err(|error| away(&error))?;
    if !host.is_proven_by(&records) {
        return Err(unproven(host, &records).into());
    }
    let now = state.clock.now();
    let proven = |held: &PageConfig| {
        let mut next = held.clone();
        let at = next.hosts.iter().position(|held| held.name == host.name && held.token == host.token);
        next.hosts[at.ok_or_else(unknown)?].verified_at = Some(now);
        Ok(Some(next))
    };
    let config = change(&state, &scope.tenant, proven).await?;
    Ok(axum::Json(HostView::from(found(&config, &name)?)))
}

/// It may be the tenant's servers that are away, and not ours: so it is no failure of ours, but noted.
fn away(error: &DnsUnavailable) -> Problem {
    tracing::warn!(%error, "the record that proves a host could not be looked up");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "DNS does not answer for this name. Try again.")
}

fn unproven(host: &PageHost, records: &[String]) -> Invalid {
    let shown = |record: &String| format!("{:?}", record.chars().take(SHOWN_CHARS).collect::<String>());
    let there: Vec<_> = records.iter().take(SHOWN_RECORDS).map(shown).collect();
    let there = if there.is_empty() { "no TXT record".to_owned() } else { there.join(", ") };
    Invalid::at(
        "",
        format!("expected the TXT record {} to be {:?}, found {there}", host.record_name(), host.record_content()),
    )
}

/// Remove a name.
///
/// The page is no longer found under it.
#[utoipa::path(
    delete, path = "/tenants/{tenant_id}/page/hosts/{host}", tag = "page", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("host" = String, Path, description = "The host's name")
    ),
    responses((status = 204, description = "Removed"), Problem)
)]
async fn remove(
    scope: Scoped<Admin>,
    PathId(name): PathId<HostName>,
    State(state): State<ApiState>,
) -> Result<StatusCode, Problem> {
    let without = |held: &PageConfig| {
        found(held, &name)?;
        let mut next = held.clone();
        next.hosts.retain(|host| host.name != name);
        Ok(Some(next))
    };
    change(&state, &scope.tenant, without).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn found<'a>(config: &'a PageConfig, name: &HostName) -> Result<&'a PageHost, Problem> {
    config.hosts.iter().find(|host| host.name == *name).ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::not_found("host")
}
