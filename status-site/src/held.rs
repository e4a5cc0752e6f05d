//! What is held of one tenant: its newest pages, and whose turn it is to renew them.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::time::Timestamp;
use plimsoll_store::PublicPage;

use crate::rendered_view::RenderedView;

const HOLDS_MILLIS: i64 = 500;
const FORGOTTEN_MILLIS: i64 = 3_000;
const NEVER: i64 = i64::MIN / 2;

/// What is held of one tenant.
pub(crate) struct Held {
    /// Whose.
    pub(crate) tenant: TenantId,
    /// The newest; `None` until something is known.
    pub(crate) view: ArcSwapOption<RenderedView>,
    /// When it was last compared with the store, in milliseconds.
    compared_at: AtomicI64,
    /// Held by whoever asks the store.
    pub(crate) asking: Arc<tokio::sync::Mutex<()>>,
    /// Held by whoever puts a view in, so that an older one never replaces a newer.
    putting: Mutex<()>,
}

/// What was read of a tenant.
pub(crate) struct Newer {
    /// What is known; `None`: nothing new.
    pub(crate) snapshot: Option<Arc<StatusSnapshot>>,
    /// What was settled.
    pub(crate) page: Arc<PublicPage>,
}

impl Held {
    /// Nothing yet.
    pub(crate) fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            view: ArcSwapOption::empty(),
            compared_at: AtomicI64::new(NEVER),
            asking: Arc::default(),
            putting: Mutex::default(),
        }
    }

    /// Whether it is time to compare with the store again. A clock that was set back makes it time, too.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        (now.millis() - self.compared_at()).abs() >= HOLDS_MILLIS
    }

    /// Whether nobody has asked for it for so long that the next one should wait for news.
    pub(crate) fn is_forgotten(&self, now: Timestamp) -> bool {
        (now.millis() - self.compared_at()).abs() >= FORGOTTEN_MILLIS
    }

    /// When it was last compared with the store, in milliseconds.
    pub(crate) fn compared_at(&self) -> i64 {
        self.compared_at.load(Ordering::Relaxed)
    }

    /// Notes that it was compared with the store.
    pub(crate) fn compared(&self, now: Timestamp) {
        self.compared_at.store(now.millis(), Ordering::Relaxed);
    }

    /// `view`, made anew when its age reads differently by now.
    pub(crate) fn worded(&self, view: Arc<RenderedView>, now: Timestamp, public_url: &Arc<str>) -> Arc<RenderedView> {
        if view.holds_at(now) {
            return view;
        }
        let _turn = self.putting.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = self.view.load_full().unwrap_or(view);
        if newest.holds_at(now) {
            return newest;
        }
        let anew = RenderedView::of(newest.snapshot().cloned(), Arc::clone(&newest.page), now, public_url);
        let anew = Arc::new(anew);
        self.view.store(Some(Arc::clone(&anew)));
        anew
    }

    /// Puts a snapshot in, and what was settled about the page. What is older than what is held, or `None`, does not replace
    /// a snapshot. Whether anything changed.
    pub(crate) fn put(&self, newer: Newer, now: Timestamp, public_url: &Arc<str>) -> bool {
        let _turn = self.putting.lock().unwrap_or_else(PoisonError::into_inner);
        let view = self.view.load();
        let held = view.as_ref().and_then(|view| view.snapshot());
        let is_news =
            |snapshot: &StatusSnapshot| held.is_none_or(|held| held.as_of <= snapshot.as_of && **held != *snapshot);
        let news = newer.snapshot.filter(|snapshot| is_news(snapshot));
        let is_settled_anew = view.as_ref().is_none_or(|view| view.page != newer.page);
        if news.is_none() && !is_settled_anew {
            return false;
        }
        let snapshot = news.or_else(|| held.cloned());
        self.view.store(Some(Arc::new(RenderedView::of(snapshot, newer.page, now, public_url))));
        true
    }

    /// Puts in that the tenant exists and nothing was sampled yet.
    pub(crate) fn put_nothing(&self, page: Arc<PublicPage>, now: Timestamp, public_url: &Arc<str>) {
        let _turn = self.putting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.view.load().as_ref().is_none_or(|view| view.snapshot().is_some() || view.page != page) {
            self.view.store(Some(Arc::new(RenderedView::of(None, page, now, public_url))));
        }
    }
}
