//! All apps in memory, found by what an envelope or a page says. The store is asked every few seconds and when something
//! changes here, not for each envelope; while it is away, what is known goes on.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

use plimsoll_domain::frontend::{Alias, AllowedOrigin, App, Dsn, FrontendApps};
use plimsoll_domain::ids::{AppId, TenantId};
use plimsoll_store::tally::Tally;
use plimsoll_store::{Result, Store, StoreError};

use super::live::LiveApp;

/// An app that nobody knows may be one that another process made: so often is the store asked for such.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Where envelopes come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entrance<'a> {
    /// The path that all share.
    Shared,
    /// A path that a tenant chose.
    Alias(&'a str),
}

/// The apps whose envelopes an entrance takes.
#[derive(Default)]
pub(crate) struct Gate {
    by_dsn: HashMap<String, Arc<LiveApp>>,
    origins: Vec<AllowedOrigin>,
    known: HashSet<String>,
    /// Whether pages of our own origin may come in.
    pub(super) takes_own: bool,
}

#[derive(Default)]
struct Index {
    shared: Gate,
    aliases: HashMap<String, Gate>,
    by_key: HashMap<String, Arc<LiveApp>>,
    by_id: HashMap<(TenantId, AppId), Arc<LiveApp>>,
}

/// All apps.
pub(crate) struct Apps {
    store: Arc<dyn Store>,
    tally: Arc<Tally>,
    index: ArcSwap<Index>,
    asked: Mutex<Option<Instant>>,
    is_loaded: AtomicBool,
}

impl Gate {
    /// The app of this DSN, however it is written.
    pub(super) fn app(&self, dsn: &str) -> Option<Arc<LiveApp>> {
        let found = self.by_dsn.get(dsn);
        found.or_else(|| self.by_dsn.get(dsn.parse::<Dsn>().ok()?.as_str())).cloned()
    }

    /// Whether a page of this origin may send for any of the apps.
    pub(super) fn permits(&self, origin: &str) -> bool {
        plimsoll_domain::frontend::is_allowed(&self.origins, origin)
    }

    fn add(&mut self, live: &Arc<LiveApp>) {
        // Two tenants may have one DSN: on the shared path it is whose that had it first.
        let taken = self
            .by_dsn
            .get(live.app.dsn.as_str())
            .is_some_and(|other| (other.app.dsn_since, &other.tenant) <= (live.app.dsn_since, &live.tenant));
        if !taken {
            self.by_dsn.insert(live.app.dsn.as_str().to_owned(), Arc::clone(live));
        }
        for origin in &live.app.allowed_origins {
            if self.known.insert(origin.as_str().to_owned()) {
                self.origins.push(origin.clone());
            }
        }
        self.takes_own |= live.app.allowed_origins.is_empty();
    }
}

impl Apps {
    pub(super) fn new(store: Arc<dyn Store>, tally: Arc<Tally>) -> Self {
        Self { store, tally, index: ArcSwap::default(), asked: Mutex::default(), is_loaded: AtomicBool::new(false) }
    }

    /// Reads all apps. Those that did not change keep their limits and their health.
    pub(crate) async fn refresh(&self) -> Result<()> {
        let mut asked = self.asked.lock().await;
        self.read(&mut asked).await
    }

    /// The gate of an entrance, for as long as `look` looks; `None`: there is no such entrance.
    pub(super) fn at<T>(&self, entrance: Entrance<'_>, look: impl FnOnce(&Gate) -> T) -> Option<T> {
        let index = self.index.load();
        match entrance {
            Entrance::Shared => Some(look(&index.shared)),
            Entrance::Alias(path) => index.aliases.get(path).map(look),
        }
    }

    /// Whether a tenant chose this path.
    pub(crate) fn is_alias(&self, path: &str) -> bool {
        self.index.load().aliases.contains_key(path)
    }

    /// The app of this DSN at an entrance. One that is not known is looked for in the store, once a second at most.
    pub(super) async fn by_dsn(&self, entrance: Entrance<'_>, dsn: &str) -> Result<Option<Arc<LiveApp>>> {
        let find = || self.at(entrance, |gate| gate.app(dsn)).flatten();
        self.find(find).await
    }

    /// The app of this key.
    pub(crate) async fn by_key(&self, key: &str) -> Result<Option<Arc<LiveApp>>> {
        self.find(|| self.index.load().by_key.get(key).cloned()).await
    }

    /// The app of this id, if it is known here.
    pub(crate) fn by_id(&self, tenant: &TenantId, app: &AppId) -> Option<Arc<LiveApp>> {
        self.index.load().by_id.get(&(tenant.clone(), app.clone())).cloned()
    }

    pub(super) fn forget_quiet_clients(&self) {
        self.index.load().by_id.values().for_each(|live| live.forget_quiet_clients());
    }

    async fn find(&self, find: impl Fn() -> Option<Arc<LiveApp>>) -> Result<Option<Arc<LiveApp>>> {
        if let Some(found) = find() {
            return Ok(Some(found));
        }
        let read = match self.asked.try_lock() {
            Ok(mut asked) if asked.is_none_or(|at| at.elapsed() >= ASK_EVERY) => self.read(&mut asked).await,
            Ok(_) => Ok(()),
            // Somebody is reading: that is as good.
            Err(_) => {
                drop(self.asked.lock().await);
                Ok(())
            }
        };
        let found = find();
        // Without ever having read them, nobody can say that there is none.
        if found.is_none() && !self.is_loaded() {
            read?;
            return Err(StoreError::Unavailable { reason: "frontend apps could not be read yet".to_owned() });
        }
        Ok(found)
    }

    async fn read(&self, asked: &mut Option<Instant>) -> Result<()> {
        *asked = Some(Instant::now());
        let all = self.store.frontend_apps_across_tenants().await?;
        let before = self.index.load();
        self.index.store(Arc::new(self.index_of(&all, &before)));
        self.is_loaded.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn index_of(&self, all: &[FrontendApps], before: &Index) -> Index {
        let mut index = Index::default();
        let owners = alias_owners(all);
        for apps in all {
            let is_owner = apps.alias.as_ref().is_some_and(|alias| owners.get(alias) == Some(&&apps.tenant));
            for app in &apps.apps {
                let Some(live) = self.live(apps, app, before) else { continue };
                index.shared.add(&live);
                if let Some(alias) = apps.alias.as_ref().filter(|_| is_owner) {
                    index.aliases.entry(alias.as_str().to_owned()).or_default().add(&live);
                }
                index.by_key.insert(app.key.clone(), Arc::clone(&live));
                index.by_id.insert((apps.tenant.clone(), app.id.clone()), live);
            }
        }
        index
    }

    /// Whether the apps have been read at all.
    pub(crate) fn is_loaded(&self) -> bool {
        self.is_loaded.load(Ordering::Relaxed)
    }

    fn live(&self, apps: &FrontendApps, app: &App, before: &Index) -> Option<Arc<LiveApp>> {
        let known = before.by_id.get(&(apps.tenant.clone(), app.id.clone()));
        let same = known.filter(|known| known.app == *app && known.alias == apps.alias);
        same.cloned().or_else(|| LiveApp::new(apps, app, self.tally.of(&apps.tenant, &app.id)).map(Arc::new))
    }
}

/// Whose each path is: the tenant's that had it first.
fn alias_owners(all: &[FrontendApps]) -> HashMap<&Alias, &TenantId> {
    let mut chosen: Vec<_> =
        all.iter().filter_map(|apps| Some((apps.alias_since, &apps.tenant, apps.alias.as_ref()?))).collect();
    // The first is written last.
    chosen.sort_by(|one, other| other.0.cmp(&one.0).then(other.1.cmp(one.1)));
    chosen.into_iter().map(|(_, tenant, alias)| (alias, tenant)).collect()
}
