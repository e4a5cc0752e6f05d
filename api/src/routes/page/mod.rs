//! The page of a tenant: how it looks, who may see it, under which names it is found, and all of it in one document.

mod body;
mod config;
mod export;
mod hosts;
mod links;
mod logo;
mod picture;

pub(super) use self::body::locale;

use utoipa_axum::router::OpenApiRouter;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::PageConfig;
use plimsoll_store::StoreError;

use crate::problem::Problem;
use crate::state::ApiState;

/// Times that a change is made anew when others were faster.
const ATTEMPTS: usize = 5;

/// The routes of the page.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(config::router())
        .merge(logo::router())
        .merge(hosts::router())
        .merge(links::router())
        .merge(export::router())
}

/// What the tenant settled about its page, or what is so when nothing was.
pub(super) async fn configured(state: &ApiState, tenant: &TenantId) -> Result<PageConfig, Problem> {
    Ok(state.store.page_config(tenant).await?.unwrap_or_else(|| PageConfig::of(tenant.clone())))
}

/// Stores what `decide` makes of the tenant's page, deciding anew when somebody else was faster; `None` changes nothing.
async fn change(
    state: &ApiState,
    tenant: &TenantId,
    mut decide: impl FnMut(&PageConfig) -> Result<Option<PageConfig>, Problem> + Send,
) -> Result<PageConfig, Problem> {
    for attempt in 1.. {
        let held = configured(state, tenant).await?;
        let Some(next) = decide(&held)? else { return Ok(held) };
        let next = PageConfig { version: held.version + 1, ..next };
        match state.store.put_page_config(&next).await {
            Err(StoreError::Stale { .. }) if attempt < ATTEMPTS => {}
            done => {
                done?;
                (state.changed)();
                return Ok(next);
            }
        }
    }
    unreachable!("the last attempt answers")
}

fn tag_of(config: &PageConfig) -> String {
    format!("v{}", config.version)
}
