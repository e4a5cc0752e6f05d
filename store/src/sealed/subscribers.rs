//! Subscribers: where they are reached is nobody's business, and whoever has the token of one may end its subscription.

use async_trait::async_trait;

use plimsoll_domain::ids::{SubscriberId, TenantId};
use plimsoll_domain::secret::Secret;
use plimsoll_domain::subscriber::Subscriber;

use super::{Holds, Sealed};
use crate::{Result, Subscribers};

impl Holds for Subscriber {
    fn secrets(&mut self) -> Vec<&mut String> {
        let Self { channel, token, .. } = self;
        channel.secrets_mut().into_iter().chain([token]).map(Secret::expose_mut).collect()
    }
}

#[async_trait]
impl Subscribers for Sealed {
    async fn create_subscriber(&self, subscriber: &Subscriber) -> Result<()> {
        self.inner.create_subscriber(&self.seal(&subscriber.tenant, subscriber)).await
    }

    async fn change_subscriber(&self, subscriber: &Subscriber) -> Result<()> {
        self.inner.change_subscriber(&self.seal(&subscriber.tenant, subscriber)).await
    }

    async fn remove_subscriber(&self, tenant: &TenantId, subscriber: &SubscriberId) -> Result<bool> {
        self.inner.remove_subscriber(tenant, subscriber).await
    }

    async fn subscriber(&self, tenant: &TenantId, subscriber: &SubscriberId) -> Result<Option<Subscriber>> {
        self.inner.subscriber(tenant, subscriber).await?.map(|found| self.open(tenant, found)).transpose()
    }

    /// Reads on where some cannot be opened: whoever gets fewer than asked for stops asking.
    async fn subscribers(
        &self,
        tenant: &TenantId,
        after: Option<&SubscriberId>,
        limit: usize,
    ) -> Result<Vec<Subscriber>> {
        let (mut after, mut all) = (after.cloned(), Vec::new());
        while all.len() < limit {
            let wanted = limit - all.len();
            let found = self.inner.subscribers(tenant, after.as_ref(), wanted).await?;
            let is_last = found.len() < wanted;
            after = found.last().map(|last| last.id.clone());
            all.extend(self.open_readable(found, |found| found.tenant.clone())?);
            if is_last {
                break;
            }
        }
        Ok(all)
    }
}
