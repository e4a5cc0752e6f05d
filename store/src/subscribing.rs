//! Subscribing, and leaving again: what the page's form, the API and the links in mails have in common.
//!
//! The status site reads, and nothing else; this is the one thing that the public may change there, and so it stands here, as
//! a few intentions, and not as a store in the hands of the site. Whoever asks learns nothing of who is subscribed: the answer
//! is the same whether the address is new, waits, or has long been confirmed.
//!
//! Nobody is flooded either: how often one address is asked to confirm is counted here, for every tenant together and in
//! memory, so that removing a subscriber, or asking in the name of another page, begins nothing anew.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::{ComponentId, SubscriberId, TenantId};
use plimsoll_domain::invalid::Invalid;
use plimsoll_domain::subscriber::{
    Channel, ChannelKind, EventKind, Notice, NoticeEvent, StopReason, Subscriber, SubscriberState, Subscription,
};
use plimsoll_domain::time::Clock;

use crate::limits::Limits;
use crate::{Result, Store, StoreError};

/// Times that a change is made anew when others were faster.
const TRIES: usize = 5;
/// Confirmations that are sent to one address: so many in so many minutes.
const ASKED: [(i64, i64); 2] = [(3, 60), (10, 24 * 60)];

/// Why somebody was not subscribed.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// What was asked for makes no sense.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The same address was asked to confirm too often, for whichever page: nothing is sent, and nothing was changed.
    #[error("this address was asked to confirm too often: not again for {seconds} s")]
    TooOften {
        /// When it may be asked again.
        seconds: u64,
    },
    /// The store could not keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes and ends subscriptions. Clones share one store, and count together.
#[derive(Clone)]
pub struct Subscribing {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    wake: Arc<dyn Fn() + Send + Sync>,
    recipients: Arc<Recipients>,
}

/// Counts confirmations by whom they are sent to.
struct Recipients {
    limits: Limits<u64>,
    /// Addresses are long, and nobody's business: what is counted is their hash, which nobody can foretell.
    hashes: RandomState,
}

impl Subscribing {
    /// Keeps subscriptions in `store`; `wake` has what waits sent at once.
    pub fn new(
        store: Arc<dyn Store>,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        let recipients = Recipients { limits: Limits::per_minutes(&ASKED), hashes: RandomState::new() };
        Self { store, clock, entropy, wake, recipients: Arc::new(recipients) }
    }

    /// Asks whoever is reached by `wanted` to confirm. What is stored is answered to whoever may see it: not to the public.
    pub async fn ask(
        &self,
        tenant: &TenantId,
        wanted: Subscription,
        by: &str,
    ) -> std::result::Result<Subscriber, AskError> {
        let now = self.clock.now();
        let new = Subscriber::new(tenant.clone(), wanted, by, now, self.entropy.as_ref())?;
        let mut is_counted = false;
        for _ in 0..TRIES {
            let held = self.store.subscriber(tenant, &new.id).await?;
            let (is_new, next) = match held {
                None => (true, new.clone()),
                Some(held) => match held.asked_again(&new, now) {
                    Some(next) => (false, next),
                    None => return self.send_confirmation(held).await,
                },
            };
            if !is_counted {
                self.count(&next.channel)?;
                is_counted = true;
            }
            let stored = if is_new {
                self.store.create_subscriber(&next).await
            } else {
                self.store.change_subscriber(&next).await
            };
            match stored {
                Ok(()) => return self.send_confirmation(next).await,
                Err(StoreError::Exists { .. } | StoreError::Stale { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(busy().into())
    }

    /// Counts a confirmation to whoever is reached by `channel`.
    fn count(&self, channel: &Channel) -> std::result::Result<(), AskError> {
        let key = self.recipients.hashes.hash_one((channel.kind(), channel.key()));
        self.recipients.limits.take(key, self.clock.now()).map_err(|seconds| AskError::TooOften { seconds })
    }

    /// A process that was killed after it had stored the subscriber stores the notice when it is asked again.
    async fn send_confirmation(&self, held: Subscriber) -> std::result::Result<Subscriber, AskError> {
        if let SubscriberState::Pending { asked_at } = held.state {
            let notice = Notice::new(&held, NoticeEvent::Confirmation { asked_at }, (asked_at, 0));
            self.store.put_notices_if_absent(&[notice]).await?;
            (self.wake)();
        }
        Ok(held)
    }

    /// The subscriber of this id, for whoever knows its token.
    pub async fn known(&self, tenant: &TenantId, id: &SubscriberId, token: &str) -> Result<Option<Subscriber>> {
        Ok(self.store.subscriber(tenant, id).await?.filter(|held| held.knows(token)))
    }

    /// Confirms a subscription. The subscriber as it is now, active or not; `None`: no such subscriber, or another token.
    pub async fn confirm(&self, tenant: &TenantId, id: &SubscriberId, token: &str) -> Result<Option<Subscriber>> {
        self.change(tenant, id, token, |held| held.confirmed(self.clock.now())).await
    }

    /// Changes what a subscriber hears of.
    pub async fn rechoose(
        &self,
        tenant: &TenantId,
        (id, token): (&SubscriberId, &str),
        components: &BTreeSet<ComponentId>,
        events: &BTreeSet<EventKind>,
    ) -> Result<Option<Subscriber>> {
        self.change(tenant, id, token, |held| Some(held.rechosen(components.clone(), events.clone()))).await
    }

    /// Ends a subscription, and forgets it. Whether there was one of this token.
    pub async fn leave(&self, tenant: &TenantId, id: &SubscriberId, token: &str) -> Result<bool> {
        match self.known(tenant, id, token).await? {
            Some(held) => self.store.remove_subscriber(tenant, &held.id).await,
            None => Ok(false),
        }
    }

    /// Notes that a mail server found out that `address` takes no mail. Whether anybody is subscribed with it.
    pub async fn bounced(&self, tenant: &TenantId, address: &str, words: &str) -> Result<bool> {
        let channel = Channel::new(ChannelKind::Email, address, self.entropy.as_ref());
        let id = SubscriberId::of_address(tenant, ChannelKind::Email.as_str(), &channel.key());
        for _ in 0..TRIES {
            let Some(held) = self.store.subscriber(tenant, &id).await? else { return Ok(false) };
            let next = held.stopped(StopReason::Bounced, words, self.clock.now());
            match self.store.change_subscriber(&next).await {
                Ok(()) => return Ok(true),
                Err(StoreError::Stale { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(busy())
    }

    async fn change(
        &self,
        tenant: &TenantId,
        id: &SubscriberId,
        token: &str,
        change: impl Fn(&Subscriber) -> Option<Subscriber> + Send + Sync,
    ) -> Result<Option<Subscriber>> {
        for _ in 0..TRIES {
            let Some(held) = self.known(tenant, id, token).await? else { return Ok(None) };
            let Some(next) = change(&held) else { return Ok(Some(held)) };
            match self.store.change_subscriber(&next).await {
                Ok(()) => return Ok(Some(next)),
                Err(StoreError::Stale { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(busy())
    }
}

fn busy() -> StoreError {
    StoreError::Unavailable { reason: "the subscription was changed by others each time; try again".to_owned() }
}
