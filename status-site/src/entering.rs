//! Whom a page is shown to, and what everybody else is answered.
//!
//! How long an answer takes must not tell of a page that is hidden, and so nobody comes to what is held of it before it is
//! known that they may see it. Looking first and then comparing who asks was what was here before: a page that nobody had
//! looked at for a while made its strangers wait for the store.

use std::sync::Arc;

use axum::http::request::Parts;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::PageConfig;
use plimsoll_store::PublicPage;

use crate::access::Entry;
use crate::language::parameter;
use crate::rendered_view::RenderedView;
use crate::site::{Found, Missing, Site};
use crate::tenants::{Listed, Look};

/// Somebody who sees a page.
pub(crate) struct Entered {
    /// The page.
    pub(crate) view: Arc<RenderedView>,
    /// By what they were let in.
    pub(crate) entry: Entry,
}

impl Site {
    /// The pages at `/s/{slug}`, for the sender of this request. Who may see them is decided first, by the list of pages alone:
    /// whoever may not takes the way of those who ask for a name that nobody has, and nothing is read or made for them.
    pub(crate) async fn enter(self: &Arc<Self>, slug: &str, request: &Parts) -> Result<Entered, Missing> {
        let Ok(tenant) = slug.parse::<TenantId>() else { return Err(Missing::Nowhere) };
        let is_in = |page: &PublicPage| self.entry(&page.config, request).is_some();
        if !self.known(&tenant).is_some_and(|page| is_in(&page)) {
            let listed = self.listed(Look::ForNobody).await;
            match (self.known(&tenant), listed) {
                (Some(page), _) if is_in(&page) => {}
                (None, Listed::Silent) => {}
                (Some(_), Listed::Silent) => return Err(Missing::Unavailable),
                _ => return Err(Missing::Nowhere),
            }
        }
        match self.find(slug).await {
            Found::View(view) => match self.entry(&view.page.config, request) {
                Some(entry) => Ok(Entered { view, entry }),
                // It has become private a moment ago, or all that is known of it is a file.
                None => Err(self.as_if_missing().await),
            },
            Found::Unavailable(Some(page)) if !is_in(&page) => Err(self.as_if_missing().await),
            Found::Unavailable(_) => Err(Missing::Unavailable),
            Found::Nowhere => Err(Missing::Nowhere),
        }
    }

    fn entry(&self, page: &PageConfig, request: &Parts) -> Option<Entry> {
        let token = parameter(&request.uri, "access");
        self.doorman().entry(page, request, token.as_deref())
    }

    /// What is known to be settled about the page of `tenant`: by the list, or else by what is held of it.
    fn known(&self, tenant: &TenantId) -> Option<Arc<PublicPage>> {
        let held = || self.held.load().get(tenant.as_str())?.view.load().as_ref().map(|view| Arc::clone(&view.page));
        self.tenants.held().page(tenant).cloned().or_else(held)
    }

    /// What is settled about the page of `tenant`. It takes as long whether or not there is one.
    pub(crate) async fn settled_of(self: &Arc<Self>, tenant: &TenantId) -> Option<Arc<PublicPage>> {
        let listed = self.listed(Look::ForNobody).await;
        match (self.known(tenant), listed) {
            // Then a file may know.
            (None, Listed::Silent) => match self.find(tenant.as_str()).await {
                Found::View(view) => Some(Arc::clone(&view.page)),
                Found::Unavailable(page) => page,
                Found::Nowhere => None,
            },
            (known, _) => known,
        }
    }

    /// What is answered for a name that nobody has: it is looked for as such a name is, so that it takes as long.
    async fn as_if_missing(self: &Arc<Self>) -> Missing {
        match self.listed(Look::ForNobody).await {
            Listed::Silent => Missing::Unavailable,
            Listed::Yes(_) | Listed::No => Missing::Nowhere,
        }
    }
}
