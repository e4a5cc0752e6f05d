//! What is held of one tenant: its newest pages, and whose turn it is to renew them.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::StatusSnapshot;
use plimsoll_domain::time::Timestamp;

use crate::rendered_view::RenderedView;

const HOLDS_MILLIS: i64 = 1_000;
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
    /// Held by whoever writes the file.
    pub(crate) saving: Arc<Mutex<()>>,
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
            saving: Arc::default(),
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
    pub(crate) fn worded(&self, view: Arc<RenderedView>, now: Timestamp, public_url: &str) -> Arc<RenderedView> {
        if view.holds_at(now) {
            return view;
        }
        let _turn = self.putting.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = self.view.load_full().unwrap_or(view);
        match newest.snapshot() {
            Some(snapshot) if !newest.holds_at(now) => {
                let anew = Arc::new(RenderedView::of(Arc::clone(snapshot), now, public_url));
                self.view.store(Some(Arc::clone(&anew)));
                anew
            }
            _ => newest,
        }
    }

    /// Puts `snapshot` in, unless what is held is the same or newer. Whether it was put in.
    pub(crate) fn put(&self, snapshot: Arc<StatusSnapshot>, now: Timestamp, public_url: &str) -> bool {
        let _turn = self.putting.lock().unwrap_or_else(PoisonError::into_inner);
        let view = self.view.load();
        let known = view.as_ref().and_then(|view| view.snapshot());
        if known.is_some_and(|known| snapshot.as_of < known.as_of || snapshot == *known) {
            return false;
        }
        self.view.store(Some(Arc::new(RenderedView::of(snapshot, now, public_url))));
        true
    }

    /// Puts in that the tenant exists and nothing was sampled yet.
    pub(crate) fn put_nothing(&self, name: &str, now: Timestamp) {
        let _turn = self.putting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.view.load().as_ref().is_none_or(|view| view.snapshot().is_some()) {
            self.view.store(Some(Arc::new(RenderedView::nothing_yet(self.tenant.as_str(), name, now))));
        }
    }
}
