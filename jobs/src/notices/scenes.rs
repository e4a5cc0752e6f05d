//! What every notice of one tenant needs to know of its page. Read once for many: an incident is told to thousands at a time.

use std::sync::Arc;

use dashmap::DashMap;

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{ComponentId, TenantId};
use plimsoll_domain::page::{PageConfig, page_url};
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_store::{Result, Store};

/// For how long what was read is good.
const FRESH: Span = Span::from_seconds(5);
const REMEMBERED: usize = 1_000;

/// A tenant's page, as far as notices speak of it.
#[derive(Clone, Debug)]
pub struct PageScene {
    /// Whose.
    pub tenant: TenantId,
    /// What stands on top of it.
    pub title: String,
    /// Where people find it, without a slash at its end.
    pub url: String,
    /// What the tenant settled about it.
    pub config: PageConfig,
    /// The tenant's components.
    pub components: Vec<Component>,
}

impl PageScene {
    /// What a component is called; `None` for one that the page does not show.
    pub fn name_of<'a>(&'a self, component: &'a ComponentId) -> Option<&'a str> {
        if self.config.arrangement.hidden.contains(component) {
            return None;
        }
        let known = self.components.iter().find(|held| held.id == *component);
        Some(known.map_or(component.as_str(), |held| &held.name))
    }
}

/// The pages that were needed lately.
pub(super) struct Scenes {
    public_url: String,
    known: DashMap<TenantId, (Timestamp, Arc<PageScene>)>,
}

impl Scenes {
    pub(super) fn new(public_url: &str) -> Self {
        Self { public_url: public_url.to_owned(), known: DashMap::new() }
    }

    /// The tenant's page as it was a moment ago; `None` when there is no such tenant.
    pub(super) async fn of(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<Option<Arc<PageScene>>> {
        let is_fresh = |read_at: Timestamp| (0..FRESH.seconds() * 1_000).contains(&now.millis_since(read_at));
        if let Some(known) = self.known.get(tenant).filter(|known| is_fresh(known.0)) {
            return Ok(Some(Arc::clone(&known.1)));
        }
        let Some(held) = store.tenant(tenant).await? else { return Ok(None) };
        let config = store.page_config(tenant).await?.unwrap_or_else(|| PageConfig::of(tenant.clone()));
        let scene = Arc::new(PageScene {
            tenant: tenant.clone(),
            title: config.title(&held.name).to_owned(),
            url: page_url(&config, &self.public_url),
            components: store.components(tenant).await?,
            config,
        });
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(tenant.clone(), (now, Arc::clone(&scene)));
        Ok(Some(scene))
    }
}
