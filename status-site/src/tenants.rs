//! Which pages there are and who may see them, asked of the store at most once a second for those that are listed.
//!
//! The list as a whole is held, not a memory of names that were not found: it is bounded by the tenants there are, so
//! nobody fills the memory or keeps the store busy with names out of the air. A name that is not listed may be one that
//! was made a moment ago: it is asked for once more, within a budget for all such names together.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::{PageConfig, page_of_host};
use plimsoll_domain::time::Timestamp;
use plimsoll_store::{PublicPage, PublicReads};
use tokio::sync::Mutex;

const HOLDS_MILLIS: i64 = 1_000;
/// How often in a second the list is read again for names that are not in it.
pub(crate) const SECOND_LOOKS: u32 = 20;

/// Whether there is such a tenant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Listed {
    /// There is; its name, and what it settled.
    Yes(Arc<PublicPage>),
    /// There is not.
    No,
    /// The store does not say.
    Silent,
}

/// For what the list is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Look<'a> {
    /// For this tenant.
    For(&'a TenantId),
    /// For a name that is not listed, whatever it is: so the answer for a page that is hidden takes as long as for one that
    /// is not there.
    ForNobody,
    /// To know it.
    AtAll,
}

/// All pages as they were last read.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    pages: HashMap<TenantId, Arc<PublicPage>>,
    hosts: HashMap<Box<str>, TenantId>,
    /// Whether anything was ever read, here or from the disk.
    is_known: bool,
}

/// The list of tenants as it was last read.
#[derive(Debug, Default)]
pub(crate) struct Tenants {
    held: ArcSwap<Directory>,
    list: Mutex<List>,
    /// How many times reading it was begun.
    begun: AtomicU64,
}

#[derive(Debug, Default)]
struct List {
    /// Which reading this is.
    reading: u64,
    asked_at: Option<Timestamp>,
    answered: bool,
    /// When the second began in which second looks are counted, and how many there were.
    looked: Option<(Timestamp, u32)>,
}

impl Tenants {
    /// What is held, however old it is.
    pub(crate) fn held(&self) -> Arc<Directory> {
        self.held.load_full()
    }

    /// The tenant whose page is found under `host` (in lower case, without a port); `Err`: nothing was ever read.
    pub(crate) fn of_host(&self, host: &str) -> Result<Option<TenantId>, ()> {
        let held = self.held.load();
        if held.is_known { Ok(held.hosts.get(host).cloned()) } else { Err(()) }
    }

    /// Whether a tenant exists; reads the list again when it is over a second old, or when the tenant is not in it and
    /// there is budget left. One reader at a time asks the store, for all who came before it began.
    pub(crate) async fn find(
        &self,
        look: Look<'_>,
        reads: &dyn PublicReads,
        now: impl Fn() -> Timestamp,
        deadline: Duration,
    ) -> Listed {
        let begun_before = self.begun.load(Ordering::Acquire);
        let mut list = self.list.lock().await;
        let is_due = !list.asked_at.is_some_and(|asked| is_same_second(asked, now()));
        let is_not_there = match look {
            Look::For(tenant) => !self.held.load().pages.contains_key(tenant),
            Look::ForNobody => true,
            Look::AtAll => false,
        };
        let is_missed = list.answered && list.reading <= begun_before && is_not_there;
        if is_due || (is_missed && list.may_look_again(now())) {
            list.reading = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
            let answer = tokio::time::timeout(deadline, reads.pages()).await;
            list.asked_at = Some(now());
            list.answered = false;
            if let Ok(Ok(pages)) = answer {
                self.take_in(pages);
                list.answered = true;
            }
        }
        let found = match look {
            Look::For(tenant) => self.held.load().pages.get(tenant).cloned(),
            Look::ForNobody | Look::AtAll => None,
        };
        match found {
            Some(page) => Listed::Yes(page),
            None if list.answered => Listed::No,
            None => Listed::Silent,
        }
    }

    /// Goes by what an earlier run kept, until the store says something: only for the names of hosts.
    pub(crate) fn assume(&self, kept: &[PageConfig]) {
        self.held.rcu(|held| {
            if held.is_known {
                return Arc::clone(held);
            }
            Arc::new(Directory { pages: HashMap::new(), hosts: hosts(kept.iter()), is_known: true })
        });
    }

    /// Replaces what is held, unless it is the same.
    fn take_in(&self, pages: Vec<PublicPage>) {
        let held = self.held.load();
        let is_same = |page: &PublicPage| held.pages.get(&page.config.tenant).is_some_and(|held| **held == *page);
        if held.is_known && held.pages.len() == pages.len() && pages.iter().all(is_same) {
            return;
        }
        let hosts = hosts(pages.iter().map(|page| &page.config));
        // What has not changed stays the same value, so that what has is found by looking.
        let kept = |page: PublicPage| match held.pages.get(&page.config.tenant) {
            Some(held) if **held == page => Arc::clone(held),
            _ => Arc::new(page),
        };
        let pages = pages.into_iter().map(|page| (page.config.tenant.clone(), kept(page))).collect();
        self.held.store(Arc::new(Directory { pages, hosts, is_known: true }));
    }
}

impl Directory {
    /// The page of `tenant`.
    pub(crate) fn page(&self, tenant: &TenantId) -> Option<&Arc<PublicPage>> {
        self.pages.get(tenant)
    }

    /// All of them.
    pub(crate) fn pages(&self) -> impl Iterator<Item = &Arc<PublicPage>> {
        self.pages.values()
    }
}

/// Whose page is found under each name that somebody has proven.
fn hosts<'a>(pages: impl Iterator<Item = &'a PageConfig>) -> HashMap<Box<str>, TenantId> {
    let mut by_name: HashMap<&str, Vec<&PageConfig>> = HashMap::new();
    for page in pages {
        for host in &page.hosts {
            by_name.entry(host.name.as_str()).or_default().push(page);
        }
    }
    let owned = by_name.into_iter().filter_map(|(name, pages)| {
        let page = page_of_host(name, pages.into_iter())?;
        Some((name.into(), page.tenant.clone()))
    });
    owned.collect()
}

impl List {
    /// Takes one second look out of the budget of this second, if one is left.
    fn may_look_again(&mut self, now: Timestamp) -> bool {
        let (since, count) = self.looked.filter(|(since, _)| is_same_second(*since, now)).unwrap_or((now, 0));
        self.looked = Some((since, count + 1));
        count < SECOND_LOOKS
    }
}

/// Whether both lie within a second. A clock that was set back ends it, too.
fn is_same_second(since: Timestamp, now: Timestamp) -> bool {
    now.millis_since(since).abs() < HOLDS_MILLIS
}
