//! How what is held is compared with the store. On failure what is held stays.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use plimsoll_domain::time::Timestamp;

use crate::held::{Held, Newer};
use crate::rendered_view::RenderedView;
use crate::site::{DEADLINE, Site};
use crate::tenants::{Listed, Look};

impl Site {
    /// `view`, with what is known to be settled by now: others may have read it since. Whoever may not see a page any more
    /// does not see it while the store takes its time.
    pub(crate) fn settled_anew(&self, held: &Held, view: Arc<RenderedView>, now: Timestamp) -> Arc<RenderedView> {
        match self.tenants.held().page(&held.tenant) {
            Some(page) if *page != view.page => {
                let newer = Newer { snapshot: None, page: Arc::clone(page) };
                held.put(newer, now, &self.public_url);
                held.view.load_full().unwrap_or(view)
            }
            _ => view,
        }
    }

    /// Compares with the store in the background, when that is due and nobody does it already.
    pub(crate) fn renew(self: &Arc<Self>, held: &Arc<Held>, now: Timestamp) {
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

    /// Asks the store for the tenant's snapshot and for what was settled, and puts them in. On failure what is held stays.
    pub(crate) async fn compare(self: &Arc<Self>, held: &Held) {
        let asked = tokio::time::timeout(DEADLINE, self.parts.reads.snapshot(&held.tenant));
        let (answer, listed) = tokio::join!(asked, self.listed(Look::For(&held.tenant)));
        held.compared(self.now());
        let page = match listed {
            Listed::Yes(page) => page,
            Listed::No => return self.forget(&held.tenant),
            Listed::Silent => match held.view.load().as_ref() {
                Some(view) => Arc::clone(&view.page),
                // Whoever may see it is not known.
                None => return self.not_heard("no answer to which pages there are"),
            },
        };
        let snapshot = match answer {
            Ok(Ok(Some(snapshot))) => {
                self.heard();
                Some(Arc::new(snapshot))
            }
            Ok(Ok(None)) => {
                self.heard();
                return held.put_nothing(page, self.now(), &self.public_url);
            }
            Ok(Err(error)) => self.nothing_heard(&error.to_string()),
            Err(_) => self.nothing_heard("no answer within 2 s"),
        };
        let may_be_put = snapshot.is_some() || held.view.load().is_some();
        if may_be_put && held.put(Newer { snapshot, page }, self.now(), &self.public_url) {
            self.keep(held);
        }
    }

    fn heard(&self) {
        if self.store_is_away.swap(false, Ordering::Relaxed) {
            tracing::info!("the status site reads from the store again");
        }
    }

    fn nothing_heard<T>(&self, reason: &str) -> Option<T> {
        self.not_heard(reason);
        None
    }

    fn not_heard(&self, reason: &str) {
        if !self.store_is_away.swap(true, Ordering::Relaxed) {
            tracing::warn!(reason, "the status site cannot read from the store; it serves what it knew last");
        }
    }
}
