//! What the site keeps on disk for its next start, and what it goes by then.

use std::sync::{Arc, PoisonError};

use plimsoll_domain::ids::TenantId;
use plimsoll_store::PublicPage;

use crate::disk;
use crate::held::{Held, Newer};
use crate::site::Site;
use crate::tenants::Look;

impl Site {
    /// What an earlier run kept of `tenant`, if it is known who may see it: by what the store lists, or by the file.
    pub(crate) async fn kept(&self, tenant: &TenantId) -> Option<Newer> {
        let (dir, of) = (self.settings.snapshot_dir.clone()?, tenant.clone());
        let kept = self.tasks.spawn_blocking(move || disk::load(&dir, &of)).await.ok().flatten()?;
        let listed = self.tenants.held().page(tenant).cloned();
        let named = |config| Arc::new(PublicPage { name: kept.snapshot.name.clone(), config });
        let page = listed.or_else(|| kept.page.map(named))?;
        Some(Newer { snapshot: Some(Arc::new(kept.snapshot)), page })
    }

    /// Keeps what is held. A file that says that everybody may see what not everybody may see is removed rather than left.
    pub(crate) fn keep(&self, held: &Held) {
        let Some(view) = held.view.load_full() else { return };
        let (Some(dir), Some(snapshot)) = (self.settings.snapshot_dir.clone(), view.snapshot().cloned()) else {
            return;
        };
        let (saving, page) = (Arc::clone(&self.saving), Arc::clone(&view.page));
        self.tasks.spawn_blocking(move || {
            let _turn = saving.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = disk::save(&dir, &snapshot, &page.config) {
                tracing::warn!(tenant_id = %snapshot.tenant, %error, "a page's snapshot could not be kept on disk");
                if page.config.access.private {
                    let _best = disk::forget(&dir, &snapshot.tenant);
                }
            }
        });
    }

    /// Keeps nothing of a tenant that is gone.
    pub(crate) fn keep_nothing_of(&self, tenant: &TenantId) {
        let Some(dir) = self.settings.snapshot_dir.clone() else { return };
        let (saving, tenant) = (Arc::clone(&self.saving), tenant.clone());
        self.tasks.spawn_blocking(move || {
            let _turn = saving.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = disk::forget(&dir, &tenant) {
                tracing::warn!(tenant_id = %tenant, %error, "what is kept of a tenant that is gone could not be removed");
            }
        });
    }

    /// Notes in the files what is settled by now, if that changed: also of pages that nobody looks at, so that the next
    /// start shows none that has become private since.
    pub(crate) fn restate(self: &Arc<Self>) {
        let Some(dir) = self.settings.snapshot_dir.clone() else { return };
        let directory = self.tenants.held();
        if Arc::ptr_eq(&self.stated.load(), &directory) {
            return;
        }
        let before = self.stated.swap(Arc::clone(&directory));
        let site = Arc::clone(self);
        self.tasks.spawn_blocking(move || {
            let _turn = site.saving.lock().unwrap_or_else(PoisonError::into_inner);
            let is_same = |page: &&Arc<PublicPage>| {
                before.page(&page.config.tenant).is_some_and(|before| Arc::ptr_eq(before, page))
            };
            for changed in directory.pages().filter(|page| !is_same(page)) {
                // What is so now, not when this was asked for: of two such tasks either may be the first.
                let now = site.tenants.held();
                let Some(page) = now.page(&changed.config.tenant) else { continue };
                if let Err(error) = disk::restate(&dir, &page.config) {
                    tracing::warn!(tenant_id = %page.config.tenant, %error, "what was settled about a page could not be kept");
                }
            }
        });
    }

    /// Which pages stand under which names, read from the store or, while it is silent, from the files.
    pub(crate) async fn learn_hosts(self: &Arc<Self>) {
        self.listed(Look::AtAll).await;
        if self.tenants.of_host("").is_ok() {
            return;
        }
        let dir = self.settings.snapshot_dir.clone();
        let load = move || dir.map(|dir| disk::load_pages(&dir)).unwrap_or_default();
        if let Ok(kept) = self.tasks.spawn_blocking(load).await {
            self.tenants.assume(&kept);
        }
    }
}
