//! Subscribers of the world's tenant, and what is to be told to them.

use std::collections::BTreeSet;

use plimsoll_domain::ids::{ComponentId, SubscriberId, TenantId};
use plimsoll_domain::incident::{Beginning, ComponentStatus, Impact, Incident, IncidentStatus, IncidentUpdate};
use plimsoll_domain::subscriber::{Channel, ChannelKind, EventKind, Notice, NoticeEvent, Subscriber, Subscription};
use plimsoll_domain::tenant::{ApiKey, Role, Tenant};
use plimsoll_domain::time::Timestamp;
use plimsoll_runtime::system_entropy::SystemEntropy;
use plimsoll_store::{Incidents, Notices, Subscribers, Tenants};

use super::{Counting, World};

impl World {
    /// Somebody who has confirmed at this instant that they want to be told by mail; of everything, unless of `components`.
    pub(crate) async fn subscribe(&self, name: &str, components: &[&ComponentId], since: Timestamp) -> SubscriberId {
        let channel = Channel::new(ChannelKind::Email, &format!("{name}@example.org"), &Counting);
        self.subscribe_by(channel, components, since).await
    }

    /// The same by another channel.
    pub(crate) async fn subscribe_by(
        &self,
        channel: Channel,
        components: &[&ComponentId],
        since: Timestamp,
    ) -> SubscriberId {
        let components = components.iter().map(|id| (*id).clone()).collect();
        let wanted = Subscription { channel, components, events: BTreeSet::<EventKind>::new(), locale: None };
        let asked = Subscriber::new(self.tenant.clone(), wanted, "public", since, &Counting).expect("valid");
        self.store.create_subscriber(&asked.confirmed(since).expect("pending")).await.expect("stored");
        asked.id
    }

    /// Somebody who asks another tenant, which there is from now on, to be told, and the confirmation that they are to get.
    pub(crate) async fn ask_another_tenant(&self, tenant: &str, channel: Channel) -> Subscriber {
        let (now, tenant): (_, TenantId) = (self.clock_now(), tenant.parse().expect("slug"));
        let (key, _) = ApiKey::generate("admin", Role::Admin, now, &SystemEntropy).expect("valid");
        let other = Tenant::new(tenant.clone(), "Other", key, now).expect("valid");
        self.store.create_tenant(&other).await.expect("stored");
        let wanted = Subscription { channel, components: BTreeSet::new(), events: BTreeSet::new(), locale: None };
        let asked = Subscriber::new(tenant, wanted, "public", now, &Counting).expect("valid");
        self.store.create_subscriber(&asked).await.expect("stored");
        let event = NoticeEvent::Confirmation { asked_at: now };
        self.store.put_notices_if_absent(&[Notice::new(&asked, event, (now, 0))]).await.expect("stored");
        asked
    }

    /// A person says something of the incident of this id, which begins with it, at the present tick.
    pub(crate) async fn say(&self, incident: &str, status: IncidentStatus, components: &[&ComponentId]) -> Incident {
        let told = components.iter().map(|id| ((*id).clone(), ComponentStatus::PartialOutage)).collect();
        let (at, by) = (self.clock_now(), "ann".to_owned());
        let update =
            IncidentUpdate { status, body: format!("It is **{}**.", status.as_str()), at, by, components: told };
        let id = incident.parse().expect("slug");
        let held = self.store.incident_across_tenants(&id).await.expect("reads");
        if let Some(held) = held {
            let next = held.edited(update).expect("valid");
            self.store.change_incident(&next).await.expect("stored");
            next
        } else {
            let begins =
                Beginning { title: "Slow".to_owned(), impact: Impact::Minor, draft: false, updates: vec![update] };
            let new = Incident::manual(self.tenant.clone(), id, begins, at).expect("valid");
            self.store.open_incident_if_absent(&new).await.expect("stored");
            new
        }
    }

    /// What one subscriber is to be told and has not been, in order.
    pub(crate) async fn unfinished(&self, subscriber: &SubscriberId) -> Vec<Notice> {
        self.store.unfinished_notices(&self.tenant, subscriber, 1_000).await.expect("reads")
    }

    /// All that was ever to be told.
    pub(crate) async fn notices(&self) -> Vec<Notice> {
        self.store.notices(&self.tenant, None, None, 10_000).await.expect("reads")
    }

    /// The same, as how many there are of each subject.
    pub(crate) async fn subjects_of(&self, subscriber: &SubscriberId) -> Vec<String> {
        let unfinished = self.unfinished(subscriber).await;
        let said = |notice: &Notice| match &notice.event {
            NoticeEvent::Maintenance { event, .. } => format!("{} {}", notice.event.subject(), event.as_str()),
            event => event.subject(),
        };
        unfinished.iter().map(said).collect()
    }
}
