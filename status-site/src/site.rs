//! What is held of each tenant, and how it is renewed.
//!
//! A request takes what is held. When that was last compared with the store over a second ago, one task compares it
//! again, and nobody waits for it; only a tenant of whom nothing is held yet is waited for, and only once at a time.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::time::{Clock, Timestamp};
use plimsoll_store::PublicReads;
use tokio_util::task::TaskTracker;

use crate::disk;
use crate::held::Held;
use crate::rendered_view::RenderedView;
use crate::tenants::{Listed, Tenants};

const DEADLINE: Duration = Duration::from_secs(2);
/// For how long a reader waits for news of a page that nobody has looked at for a while.
const PATIENCE: Duration = Duration::from_millis(500);
/// Tenants whose pages are held at once; the one that was looked at longest ago makes room.
const MAX_HELD: usize = 1_024;

/// What the site must be told.
#[derive(Clone, Debug)]
pub struct SiteSettings {
    /// Whose page stands at `/`.
    pub default_tenant: TenantId,
    /// How the outside names this site, such as `https://status.example.org`.
    pub public_url: String,
    /// Where the last good snapshots are kept for the next start; `None`: nowhere.
    pub snapshot_dir: Option<PathBuf>,
}

/// The site: everything it holds, and where that comes from.
pub struct Site {
    reads: Arc<dyn PublicReads>,
    clock: Arc<dyn Clock>,
    settings: SiteSettings,
    held: ArcSwap<HashMap<Box<str>, Arc<Held>>>,
    tenants: Tenants,
    tasks: TaskTracker,
    store_is_away: AtomicBool,
}

/// What there is at an address.
pub(crate) enum Found {
    /// These pages.
    View(Arc<RenderedView>),
    /// There is no such tenant.
    Nowhere,
    /// Nothing is held, and the store does not answer.
    Unavailable,
}

impl Site {
    /// A site that holds nothing yet.
    pub fn new(reads: Arc<dyn PublicReads>, clock: Arc<dyn Clock>, settings: SiteSettings) -> Arc<Self> {
        Arc::new(Self {
            reads,
            clock,
            settings,
            held: ArcSwap::default(),
            tenants: Tenants::default(),
            tasks: TaskTracker::new(),
            store_is_away: AtomicBool::new(false),
        })
    }

    /// Waits until whatever is being read or written now is done: at most 2 s and a disk write.
    pub async fn settled(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    /// Whose page stands at `/`.
    pub(crate) fn default_slug(&self) -> &str {
        self.settings.default_tenant.as_str()
    }

    /// The present instant.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The pages at `/s/{slug}`.
    pub(crate) async fn find(self: &Arc<Self>, slug: &str) -> Found {
        let held = self.held.load().get(slug).cloned();
        if let Some(held) = &held
            && let Some(view) = held.view.load_full()
        {
            let now = self.clock.now();
            self.renew(held, now);
            if held.is_forgotten(now) {
                // Nobody has looked for a while: what is held may be old, and what is true is a moment away.
                let _renewed = tokio::time::timeout(PATIENCE, held.asking.lock()).await;
                let view = held.view.load_full().unwrap_or(view);
                return Found::View(held.worded(view, self.clock.now(), &self.settings.public_url));
            }
            return Found::View(held.worded(view, now, &self.settings.public_url));
        }
        self.find_first(slug, held).await
    }

    /// Compares with the store in the background, when that is due and nobody does it already.
    fn renew(self: &Arc<Self>, held: &Arc<Held>, now: Timestamp) {
        if !held.is_due(now) {
            return;
        }
        let Ok(turn) = Arc::clone(&held.asking).try_lock_owned() else { return };
        let (site, held) = (Arc::clone(self), Arc::clone(held));
        self.tasks.spawn(async move {
            site.compare(&held).await;
            drop(turn);
        });
    }

    async fn find_first(self: &Arc<Self>, slug: &str, held: Option<Arc<Held>>) -> Found {
        let Ok(tenant) = slug.parse::<TenantId>() else { return Found::Nowhere };
        let held = match held {
            Some(held) => held,
            None => match self.admit_if_known(&tenant).await {
                Ok(held) => held,
                Err(found) => return found,
            },
        };
        let turn = held.asking.lock().await;
        if held.view.load().is_none() && held.is_due(self.clock.now()) {
            self.compare(&held).await;
            if held.view.load().is_none()
                && let Some(snapshot) = self.kept(&tenant).await
            {
                held.put(snapshot, self.clock.now(), &self.settings.public_url);
            }
        }
        drop(turn);
        match held.view.load_full() {
            Some(view) => Found::View(held.worded(view, self.clock.now(), &self.settings.public_url)),
            None if self.held.load().contains_key(slug) => Found::Unavailable,
            None => Found::Nowhere,
        }
    }

    /// Makes room for a tenant that the store lists, or, while the store is silent, of whom there is a file.
    async fn admit_if_known(&self, tenant: &TenantId) -> Result<Arc<Held>, Found> {
        match self.listed(tenant).await {
            Listed::No => Err(Found::Nowhere),
            Listed::Yes(_) => Ok(self.admit(tenant)),
            Listed::Silent => {
                let snapshot = self.kept(tenant).await.ok_or(Found::Unavailable)?;
                let held = self.admit(tenant);
                held.put(snapshot, self.clock.now(), &self.settings.public_url);
                Ok(held)
            }
        }
    }

    fn admit(&self, tenant: &TenantId) -> Arc<Held> {
        let fresh = Arc::new(Held::new(tenant.clone()));
        self.held.rcu(|all| {
            let mut all = HashMap::clone(all);
            if all.len() >= MAX_HELD && !all.contains_key(tenant.as_str()) {
                let oldest = all.iter().min_by_key(|(_, held)| held.compared_at());
                if let Some(slug) = oldest.map(|(slug, _)| slug.clone()) {
                    all.remove(&slug);
                }
            }
            all.entry(tenant.as_str().into()).or_insert_with(|| Arc::clone(&fresh));
            all
        });
        self.held.load().get(tenant.as_str()).map_or(fresh, Arc::clone)
    }

    fn forget(&self, tenant: &TenantId) {
        self.held.rcu(|all| {
            let mut all = HashMap::clone(all);
            all.remove(tenant.as_str());
            all
        });
    }

    async fn listed(&self, tenant: &TenantId) -> Listed {
        self.tenants.find(tenant, &*self.reads, || self.clock.now(), DEADLINE).await
    }

    /// Asks the store for the tenant's snapshot, and puts it in. On failure what is held stays.
    async fn compare(&self, held: &Held) {
        let answer = tokio::time::timeout(DEADLINE, self.reads.snapshot(&held.tenant)).await;
        held.compared(self.clock.now());
        match answer {
            Ok(Ok(Some(snapshot))) => {
                self.heard();
                let snapshot = Arc::new(snapshot);
                if held.put(Arc::clone(&snapshot), self.clock.now(), &self.settings.public_url) {
                    self.keep(held, snapshot);
                }
            }
            Ok(Ok(None)) => self.put_nothing(held).await,
            Ok(Err(error)) => self.not_heard(&error.to_string()),
            Err(_) => self.not_heard("no answer within 2 s"),
        }
    }

    async fn put_nothing(&self, held: &Held) {
        self.heard();
        match self.listed(&held.tenant).await {
            Listed::No => self.forget(&held.tenant),
            Listed::Silent => {}
            Listed::Yes(name) => held.put_nothing(&name, self.clock.now()),
        }
    }

    /// The snapshot that an earlier run kept on disk.
    async fn kept(&self, tenant: &TenantId) -> Option<Arc<StatusSnapshot>> {
        let (dir, tenant) = (self.settings.snapshot_dir.clone()?, tenant.clone());
        self.tasks.spawn_blocking(move || disk::load(&dir, &tenant)).await.ok().flatten().map(Arc::new)
    }

    fn keep(&self, held: &Held, snapshot: Arc<StatusSnapshot>) {
        let Some(dir) = self.settings.snapshot_dir.clone() else { return };
        let saving = Arc::clone(&held.saving);
        self.tasks.spawn_blocking(move || {
            let _turn = saving.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = disk::save(&dir, &snapshot) {
                tracing::warn!(tenant_id = %snapshot.tenant, %error, "a page's snapshot could not be kept on disk");
            }
        });
    }

    fn heard(&self) {
        if self.store_is_away.swap(false, Ordering::Relaxed) {
            tracing::info!("the status site reads from the store again");
        }
    }

    fn not_heard(&self, reason: &str) {
        if !self.store_is_away.swap(true, Ordering::Relaxed) {
            tracing::warn!(reason, "the status site cannot read from the store; it serves what it knew last");
        }
    }
}
