//! The port's part for pages: what tenants settled about them, and who is told of what happens.

use std::ops::Range;

use async_trait::async_trait;

use plimsoll_domain::ids::{IncidentId, NoticeId, SubscriberId, TenantId};
use plimsoll_domain::incident::{Incident, IncidentTemplates};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::{Access, Logo, PageConfig, StatusSnapshot};
use plimsoll_domain::subscriber::{Notice, Subscriber};
use plimsoll_domain::time::Timestamp;

use crate::Result;

/// What tenants settled about their pages: one document for each, and its logo beside it.
#[async_trait]
pub trait Pages: Send + Sync {
    /// What the tenant settled; `None` when it never settled anything.
    async fn page_config(&self, tenant: &TenantId) -> Result<Option<PageConfig>>;
    /// What every tenant settled that ever settled anything, by tenant; what is unreadable is passed over.
    async fn page_configs_across_tenants(&self) -> Result<Vec<PageConfig>>;
    /// Stores `config` in place of version `config.version - 1` (0: none yet). `Stale` when that is not what is stored.
    async fn put_page_config(&self, config: &PageConfig) -> Result<()>;
    /// Stores a logo in place of the tenant's earlier one.
    async fn put_logo(&self, logo: &Logo) -> Result<()>;
    /// Removes the tenant's logo; whether there was one.
    async fn remove_logo(&self, tenant: &TenantId) -> Result<bool>;
    /// The tenant's incident templates; `None` when it never had any.
    async fn incident_templates(&self, tenant: &TenantId) -> Result<Option<IncidentTemplates>>;
    /// Stores `templates` in place of version `templates.version - 1` (0: none yet). `Stale` when that is not what is
    /// stored.
    async fn put_incident_templates(&self, templates: &IncidentTemplates) -> Result<()>;
}

/// Subscribers. One is known by its tenant and its id.
#[async_trait]
pub trait Subscribers: Send + Sync {
    /// Stores a new subscriber. `Exists` when its id is taken; `Limit` when the tenant has
    /// [`MAX_SUBSCRIBERS`](plimsoll_domain::subscriber::MAX_SUBSCRIBERS) already.
    async fn create_subscriber(&self, subscriber: &Subscriber) -> Result<()>;
    /// Stores `subscriber` in place of its version `subscriber.version - 1`. `Stale` when that is not what is stored.
    async fn change_subscriber(&self, subscriber: &Subscriber) -> Result<()>;
    /// Removes a subscriber with its notices; whether there was one.
    async fn remove_subscriber(&self, tenant: &TenantId, subscriber: &SubscriberId) -> Result<bool>;
    /// The subscriber, if there is one.
    async fn subscriber(&self, tenant: &TenantId, subscriber: &SubscriberId) -> Result<Option<Subscriber>>;
    /// The tenant's subscribers by id, those that come after `after`, at most `limit`; one that is unreadable is passed
    /// over. Fewer than `limit` means that no more come after them.
    async fn subscribers(
        &self,
        tenant: &TenantId,
        after: Option<&SubscriberId>,
        limit: usize,
    ) -> Result<Vec<Subscriber>>;
}

/// What subscribers are told. A notice is known by its tenant and its id.
#[async_trait]
pub trait Notices: Send + Sync {
    /// Stores notices; one whose id is known changes nothing. After an error some may be stored and others not: doing it
    /// again mends it.
    async fn put_notices_if_absent(&self, notices: &[Notice]) -> Result<()>;
    /// Stores `notice` in place of its version `notice.version - 1`. Whether it was: not when another version is stored.
    async fn change_notice(&self, notice: &Notice) -> Result<bool>;
    /// Subscribers of all tenants for whom a notice is ready at `now` as [`Notice::ready`] says, longest ready first, at
    /// most `limit`: of each subject only the first unfinished notice counts, so that those who wait for another try hide
    /// nobody. Whether there still is such a subscriber is not looked at.
    async fn subscribers_to_tell_across_tenants(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(TenantId, SubscriberId)>>;
    /// The unfinished notices of one subscriber, in the order they came to be (instant, place), at most `limit`; one that is
    /// unreadable is passed over.
    async fn unfinished_notices(
        &self,
        tenant: &TenantId,
        subscriber: &SubscriberId,
        limit: usize,
    ) -> Result<Vec<Notice>>;
    /// The tenant's notices, newest first, then by id; those that come after `after`, at most `limit`; of one subscriber
    /// only, if it is given.
    async fn notices(
        &self,
        tenant: &TenantId,
        subscriber: Option<&SubscriberId>,
        after: Option<(Timestamp, NoticeId)>,
        limit: usize,
    ) -> Result<Vec<Notice>>;
}

/// A page there is: whose it is, and what was settled about it.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicPage {
    /// The tenant's name.
    pub name: String,
    /// What it settled, or what is so when nothing was.
    pub config: PageConfig,
}

/// A page whose settings cannot be read: nobody knows who may see it, and so nobody does.
pub(crate) fn closed(tenant: TenantId) -> PageConfig {
    let access = Access { private: true, ..Access::default() };
    PageConfig { access, subscribable: false, ..PageConfig::of(tenant) }
}

/// All that the status site reads: what is public, and what decides to whom.
#[async_trait]
pub trait PublicReads: Send + Sync {
    /// The tenant's snapshot; `None` when there is none yet.
    async fn snapshot(&self, tenant: &TenantId) -> Result<Option<StatusSnapshot>>;
    /// The pages of all tenants, by id. One whose settings are unreadable is private, and open to nobody.
    async fn pages(&self) -> Result<Vec<PublicPage>>;
    /// The tenant's logo, if it has one.
    async fn logo(&self, tenant: &TenantId) -> Result<Option<Logo>>;
    /// The tenant's incidents that began in `span` and are published, newest start first, then by id, at most `limit`.
    async fn past_incidents(&self, tenant: &TenantId, span: Range<Timestamp>, limit: usize) -> Result<Vec<Incident>>;
    /// The tenant's incident of this id, if it has one that is published.
    async fn published_incident(&self, tenant: &TenantId, incident: &IncidentId) -> Result<Option<Incident>>;
    /// The tenant's maintenance, soonest first start first.
    async fn public_maintenances(&self, tenant: &TenantId) -> Result<Vec<Maintenance>>;
}
