//! What is held of each tenant, and how it is renewed.
//!
//! A request takes what is held. When that was last compared with the store over a second ago, one task compares it
//! again, and nobody waits for it; only a tenant of whom nothing is held yet is waited for, and only once at a time.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::http::request::Parts;
use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::sealing::Sealer;
use plimsoll_domain::time::{Clock, Timestamp};
use plimsoll_runtime::client_address::TrustedProxies;
use plimsoll_store::subscribing::Subscribing;
use plimsoll_store::{PublicPage, PublicReads};
use plimsoll_words::Locale;
use tokio_util::task::TaskTracker;

use crate::access::Doorman;
use crate::held::Held;
use crate::hosts::OwnHost;
use crate::language::{Choice, Languages};
use crate::past::Past;
use crate::rendered_view::{RenderedView, Variant};
use crate::respond::Rendered;
use crate::shelf::Shelf;
use crate::tenants::{Directory, Listed, Look, Tenants};

pub(crate) const DEADLINE: Duration = Duration::from_secs(2);
/// For how long a reader waits for news of a page that nobody has looked at for a while.
const PATIENCE: Duration = Duration::from_millis(500);
/// Tenants whose pages are held at once; the one that was looked at longest ago makes room.
const MAX_HELD: usize = 1_024;
const REFUSAL_BYTES: usize = 4 * 1_024 * 1_024;

/// What the site must be told.
#[derive(Clone, Debug)]
pub struct SiteSettings {
    /// Whose page stands at `/`.
    pub default_tenant: TenantId,
    /// How the outside names this site, such as `https://status.example.org`.
    pub public_url: String,
    /// Where the last good snapshots are kept for the next start; `None`: nowhere.
    pub snapshot_dir: Option<PathBuf>,
    /// Whose word about the client is taken: private pages may be open to networks, and tries are counted by client.
    pub trusted_proxies: TrustedProxies,
}

/// What the site works with.
#[derive(Clone)]
pub struct SiteParts {
    /// Where what is public is read.
    pub reads: Arc<dyn PublicReads>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Chance, for the secrets of webhooks that people subscribe.
    pub entropy: Arc<dyn Entropy>,
    /// Opens links to private pages, and seals cookies: with the key that the API seals links with.
    pub sealer: Arc<dyn Sealer>,
    /// Takes subscriptions; without it nobody can subscribe by a page.
    pub subscribing: Option<Subscribing>,
}

/// The site: everything it holds, and where that comes from.
pub struct Site {
    pub(crate) parts: SiteParts,
    pub(crate) settings: SiteSettings,
    pub(crate) public_url: Arc<str>,
    pub(crate) held: ArcSwap<HashMap<Box<str>, Arc<Held>>>,
    pub(crate) tenants: Tenants,
    pub(crate) tasks: TaskTracker,
    pub(crate) past: Past,
    pub(crate) languages: Languages,
    /// Pages that say that something is not there, by language and way to log in.
    pub(crate) refusals: Shelf<(Locale, Option<String>), Arc<Rendered>>,
    /// Held by whoever writes files.
    pub(crate) saving: Arc<Mutex<()>>,
    /// What the files were last brought in step with.
    pub(crate) stated: ArcSwap<Directory>,
    /// When the names of hosts were last seen to, in milliseconds.
    pub(crate) hosts_seen_at: AtomicI64,
    pub(crate) store_is_away: AtomicBool,
}

/// What there is at an address, whoever may see it.
pub(crate) enum Found {
    /// These pages.
    View(Arc<RenderedView>),
    /// There is no such tenant.
    Nowhere,
    /// Nothing is held, and the store does not answer; what is known of the page.
    Unavailable(Option<Arc<PublicPage>>),
}

/// Why nobody is shown anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// There is no such page, for them.
    Nowhere,
    /// Nothing is held, and the store does not answer.
    Unavailable,
}

impl Site {
    /// A site that holds nothing yet.
    pub fn new(parts: SiteParts, settings: SiteSettings) -> Arc<Self> {
        Arc::new(Self {
            public_url: settings.public_url.as_str().into(),
            parts,
            settings,
            held: ArcSwap::default(),
            tenants: Tenants::default(),
            tasks: TaskTracker::new(),
            past: Past::new(),
            languages: Languages::new(),
            refusals: Shelf::new(REFUSAL_BYTES),
            saving: Arc::default(),
            stated: ArcSwap::default(),
            hosts_seen_at: AtomicI64::new(i64::MIN / 2),
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
        self.parts.clock.now()
    }

    /// Tells who asks.
    pub(crate) fn doorman(&self) -> Doorman<'_> {
        Doorman { sealer: &*self.parts.sealer, proxies: &self.settings.trusted_proxies, now: self.now() }
    }

    /// The pages of `view` in what the sender of this request reads.
    pub(crate) fn variant(&self, view: &RenderedView, request: &Parts) -> Arc<Variant> {
        let host = request.extensions.get::<OwnHost>().map(|host| &*host.0);
        view.variant(host, self.languages.choice(request, view.locale()))
    }

    /// The same in a certain language.
    pub(crate) fn variant_in(view: &RenderedView, request: &Parts, locale: Locale) -> Arc<Variant> {
        let host = request.extensions.get::<OwnHost>().map(|host| &*host.0);
        view.variant(host, Choice { locale, by_link: false })
    }

    /// The pages at `/s/{slug}`, whoever may see them.
    pub(crate) async fn find(self: &Arc<Self>, slug: &str) -> Found {
        let held = self.held.load().get(slug).cloned();
        if let Some(held) = &held
            && let Some(view) = held.view.load_full()
        {
            let now = self.now();
            let view = if held.is_due(now) { self.settled_anew(held, view, now) } else { view };
            self.renew(held, now);
            if held.is_forgotten(now) {
                // Nobody has looked for a while: what is held may be old, and what is true is a moment away.
                let _renewed = tokio::time::timeout(PATIENCE, held.asking.lock()).await;
                let view = held.view.load_full().unwrap_or(view);
                return Found::View(held.worded(view, self.now(), &self.public_url));
            }
            return Found::View(held.worded(view, now, &self.public_url));
        }
        self.find_first(slug, held).await
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
        if held.view.load().is_none() && held.is_due(self.now()) {
            self.compare(&held).await;
            if held.view.load().is_none()
                && let Some(kept) = self.kept(&tenant).await
            {
                held.put(kept, self.now(), &self.public_url);
            }
        }
        drop(turn);
        match held.view.load_full() {
            Some(view) => Found::View(held.worded(view, self.now(), &self.public_url)),
            None if self.held.load().contains_key(slug) => {
                Found::Unavailable(self.tenants.held().page(&tenant).cloned())
            }
            None => Found::Nowhere,
        }
    }

    /// Makes room for a tenant that the store lists, or, while the store is silent, of whom there is a file.
    async fn admit_if_known(self: &Arc<Self>, tenant: &TenantId) -> Result<Arc<Held>, Found> {
        match self.listed(Look::For(tenant)).await {
            Listed::No => Err(Found::Nowhere),
            Listed::Yes(_) => Ok(self.admit(tenant)),
            Listed::Silent => {
                let kept = self.kept(tenant).await.ok_or(Found::Unavailable(None))?;
                let held = self.admit(tenant);
                held.put(kept, self.now(), &self.public_url);
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

    /// Holds and keeps nothing of a tenant that is gone.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        self.held.rcu(|all| {
            let mut all = HashMap::clone(all);
            all.remove(tenant.as_str());
            all
        });
        self.keep_nothing_of(tenant);
    }

    /// Whether there is what is looked for.
    pub(crate) async fn listed(self: &Arc<Self>, look: Look<'_>) -> Listed {
        let listed = self.tenants.find(look, &*self.parts.reads, || self.now(), DEADLINE).await;
        self.restate();
        listed
    }
}
