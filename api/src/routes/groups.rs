//! The groups that components stand in on the page. A group is a name that components share, and exists as long as one does.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::page::Arrangement;

use crate::extract::{Scoped, Viewer};
use crate::problem::Problem;
use crate::routes::page;
use crate::state::ApiState;

/// The routes of groups.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Serialize, ToSchema)]
struct Groups {
    /// In the order of the page.
    groups: Vec<GroupView>,
}

#[derive(Serialize, ToSchema)]
struct GroupView {
    /// Null: of those that stand in no group, which come first.
    name: Option<String>,
    /// In the order of the page; never empty.
    components: Vec<MemberView>,
}

#[derive(Serialize, ToSchema)]
struct MemberView {
    #[schema(value_type = String)]
    id: ComponentId,
    name: String,
    /// Whether the page does not show it.
    hidden: bool,
}

/// List the groups with their components.
///
/// In the order of the page, which `PUT /tenants/{tenant_id}/page` settles.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/groups", tag = "components", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "Groups with their components", body = Groups), Problem)
)]
async fn list(scope: Scoped<Viewer>, State(state): State<ApiState>) -> Result<axum::Json<Groups>, Problem> {
    let arrangement = page::configured(&state, &scope.tenant).await?.arrangement;
    let components = state.store.components(&scope.tenant).await?;
    Ok(axum::Json(Groups { groups: grouped(components, &arrangement) }))
}

fn grouped(mut components: Vec<Component>, arrangement: &Arrangement) -> Vec<GroupView> {
    components.sort_by(|one, other| arrangement.place(one).cmp(&arrangement.place(other)));
    let mut groups: Vec<GroupView> = Vec::new();
    for Component { id, name, group, .. } in components {
        let member = MemberView { hidden: arrangement.hidden.contains(&id), id, name };
        match groups.last_mut().filter(|last| last.name == group) {
            Some(last) => last.components.push(member),
            None => groups.push(GroupView { name: group, components: vec![member] }),
        }
    }
    groups
}
