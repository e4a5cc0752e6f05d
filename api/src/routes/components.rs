//! Components: what is sampled and how.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::component::{Component, MAX_COMPONENTS};
use plimsoll_domain::ids::{ComponentId, TenantId};
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::probe::ProbeSpec;
use plimsoll_domain::time::Timestamp;
use plimsoll_store::StoreError;

use crate::extract::{Admin, IdempotencyKey, IfMatch, Json, Listed, Page, Paged, PathId, Scoped, Viewer, etag};
use crate::problem::Problem;
use crate::routes::location;
use crate::routes::probe::{self, ProbeBody};
use crate::state::ApiState;

/// The routes of components.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(read, replace, remove))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ComponentRequest {
    /// A slug of a-z, 0-9 and -; made when it is not given. In a PUT, that of the path.
    id: Option<String>,
    /// As the public reads it.
    name: String,
    /// The heading it stands under on the page.
    group: Option<String>,
    /// A sentence under its name.
    description: Option<String>,
    /// How its health is learnt.
    #[schema(value_type = ProbeBody)]
    probe: Value,
}

#[derive(Serialize, ToSchema)]
struct ComponentView {
    #[schema(value_type = String)]
    id: ComponentId,
    name: String,
    group: Option<String>,
    description: Option<String>,
    probe: ProbeBody,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Component> for ComponentView {
    fn from(component: Component) -> Self {
        Self {
            id: component.id,
            name: component.name,
            group: component.group,
            description: component.description,
            probe: component.probe.into(),
            created_at: component.created_at,
        }
    }
}

/// Create a component.
///
/// Sent again with the same `Idempotency-Key`, it answers with the component that is there (200).
#[utoipa::path(
    post, path = "/tenants/{tenant_id}/components", tag = "components", security(("key" = [])),
    request_body = ComponentRequest,
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("idempotency-key" = Option<String>, Header, description = "Names this request, 1 to 255 characters")
    ),
    responses(
        (status = 201, description = "Created", body = ComponentView),
        (status = 200, description = "Created before", body = ComponentView),
        Problem
    )
)]
async fn create(
    scope: Scoped<Admin>,
    IdempotencyKey(key): IdempotencyKey,
    State(state): State<ApiState>,
    Json(request): Json<ComponentRequest>,
) -> Result<impl IntoResponse, Problem> {
    let is_named = request.id.is_some();
    let derived = key.as_deref().map(|key| ComponentId::idempotent(&scope.tenant, key));
    let made = || Ok(derived.unwrap_or_else(|| ComponentId::fresh(&*state.entropy)));
    let id = request.id.as_deref().map_or_else(made, str::parse);
    let asked = request.read(scope.tenant, id, state.clock.now(), None)?;
    let done = store_new(&state, &asked).await;
    let held = match &done {
        Err(StoreError::Exists { .. }) if key.is_some() => state.store.component(&asked.tenant, &asked.id).await?,
        _ => None,
    };
    let (status, component) = match held.filter(|held| !is_named || is_same(held, &asked)) {
        Some(held) => (StatusCode::OK, held),
        None => done.map(|()| (StatusCode::CREATED, asked))?,
    };
    (state.changed)();
    let path = format!("/tenants/{}/components/{}", component.tenant, component.id);
    let tag = etag(&tag_of(&component, &state));
    Ok((status, location(&path), tag, axum::Json(ComponentView::from(component))))
}

/// List the components.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/components", tag = "components", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), Paged),
    responses((status = 200, description = "Components by id", body = Listed<ComponentView>), Problem)
)]
async fn list(
    scope: Scoped<Viewer>,
    page: Page,
    State(state): State<ApiState>,
) -> Result<axum::Json<Listed<ComponentView>>, Problem> {
    let components = state.store.components(&scope.tenant).await?;
    Ok(axum::Json(page.of(components, |component| component.id.to_string(), ComponentView::from)))
}

/// Read a component.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/components/{component_id}", tag = "components", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("component_id" = String, Path, description = "The component")
    ),
    responses((status = 200, description = "The component; ETag names its state", body = ComponentView), Problem)
)]
async fn read(
    scope: Scoped<Viewer>,
    PathId(id): PathId<ComponentId>,
    State(state): State<ApiState>,
) -> Result<impl IntoResponse, Problem> {
    let component = stored(&state, &scope.tenant, &id).await?;
    Ok((etag(&tag_of(&component, &state)), axum::Json(ComponentView::from(component))))
}

/// Replace a component.
#[utoipa::path(
    put, path = "/tenants/{tenant_id}/components/{component_id}", tag = "components", security(("key" = [])),
    request_body = ComponentRequest,
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("component_id" = String, Path, description = "The component"),
        ("if-match" = Option<String>, Header, description = "The ETag that was read; 412 when it is no longer true")
    ),
    responses((status = 200, description = "Replaced", body = ComponentView), Problem)
)]
async fn replace(
    scope: Scoped<Admin>,
    PathId(id): PathId<ComponentId>,
    if_match: IfMatch,
    State(state): State<ApiState>,
    Json(request): Json<ComponentRequest>,
) -> Result<impl IntoResponse, Problem> {
    let before = stored(&state, &scope.tenant, &id).await?;
    if_match.require(&tag_of(&before, &state))?;
    let same = request.id.as_deref().is_none_or(|named| named == id.as_str());
    let id = if same { Ok(id) } else { Err(format!("expected the id in the path, {id}, or none")) };
    let after = request.read(scope.tenant, id, state.clock.now(), Some(&before))?;
    state.store.replace_component(&after).await?;
    (state.changed)();
    Ok((etag(&tag_of(&after, &state)), axum::Json(ComponentView::from(after))))
}

/// Remove a component.
///
/// Its samples stay until they expire.
#[utoipa::path(
    delete, path = "/tenants/{tenant_id}/components/{component_id}", tag = "components", security(("key" = [])),
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("component_id" = String, Path, description = "The component")
    ),
    responses((status = 204, description = "Removed"), Problem)
)]
async fn remove(
    scope: Scoped<Admin>,
    PathId(id): PathId<ComponentId>,
    State(state): State<ApiState>,
) -> Result<StatusCode, Problem> {
    let removed = state.store.remove_component(&scope.tenant, &id).await?;
    (state.changed)();
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("component")) }
}

impl ComponentRequest {
    /// The component that is asked for, in the place of `before`. Where a header carries the mask of the one before, that
    /// one is kept.
    fn read(
        self,
        tenant: TenantId,
        id: Result<ComponentId, String>,
        now: Timestamp,
        before: Option<&Component>,
    ) -> Result<Component, Invalid> {
        let mut faults = Faults::default();
        let id = faults.keep(id, "/id");
        let probe = faults.absorb(probe::read(self.probe), "/probe").map(|mut probe| {
            if let Some(before) = before {
                faults.absorb(probe::keep_secrets(&mut probe, &before.probe), "/probe");
            }
            probe
        });
        let unnamed = "a".parse().expect("a slug");
        let probe = probe.unwrap_or(ProbeSpec::Push);
        let is_looked_at_anew = |before: &Component| before.probe.kind() != probe.kind();
        let component = Component {
            tenant,
            id: id.unwrap_or(unnamed),
            name: self.name.trim().to_owned(),
            group: self.group.map(|group| group.trim().to_owned()),
            description: self.description,
            created_at: before.map_or(now, |before| before.created_at),
            probe_since: before
                .and_then(|before| if is_looked_at_anew(before) { Some(now) } else { before.probe_since }),
            probe,
        };
        faults.absorb(component.validate(), "");
        faults.finish().map(|()| component)
    }
}

/// Stores a component, unless its tenant has as many as it may have.
async fn store_new(state: &ApiState, new: &Component) -> Result<(), StoreError> {
    let held = state.store.components(&new.tenant).await?;
    if held.len() >= MAX_COMPONENTS && held.iter().all(|held| held.id != new.id) {
        let what = format!("the list of components of tenant {}", new.tenant);
        return Err(StoreError::Limit { what, limit: MAX_COMPONENTS });
    }
    state.store.create_component(new).await
}

/// Whether `held` is what `asked` asks for.
fn is_same(held: &Component, asked: &Component) -> bool {
    *held == Component { created_at: held.created_at, probe_since: held.probe_since, ..asked.clone() }
}

async fn stored(state: &ApiState, tenant: &TenantId, id: &ComponentId) -> Result<Component, Problem> {
    state.store.component(tenant, id).await?.ok_or_else(|| Problem::not_found("component"))
}

/// Names a component's content. Keyed, since the content holds secrets that a plain hash would let a reader guess at.
fn tag_of(component: &Component, state: &ApiState) -> String {
    let content = serde_json::to_vec(component).expect("a component serialises");
    let key = blake3::derive_key("plimsoll component etag", state.root_key_hash.as_bytes());
    blake3::keyed_hash(&key, &content).to_hex()[..16].to_owned()
}
