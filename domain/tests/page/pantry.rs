//! Values that the tests are made of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU8, Ordering};

use plimsoll_domain::component::Component;
use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::{ComponentId, TenantId};
use plimsoll_domain::incident::{Beginning, ComponentStatus, Impact, Incident, IncidentStatus, IncidentUpdate};
use plimsoll_domain::probe::ProbeSpec;
use plimsoll_domain::subscriber::{Channel, ChannelKind, EventKind, Subscriber, Subscription};
use plimsoll_domain::time::{Span, Timestamp};

/// Bytes that are another each time.
#[derive(Default)]
pub(crate) struct Counting(AtomicU8);

impl Entropy for Counting {
    fn bytes(&self) -> [u8; 32] {
        [self.0.fetch_add(1, Ordering::Relaxed); 32]
    }
}

pub(crate) fn tenant() -> TenantId {
    "acme".parse().expect("a slug")
}

pub(crate) fn id(text: &str) -> ComponentId {
    text.parse().expect("a slug")
}

/// So many minutes after an instant that all tests have in common.
pub(crate) fn at(minutes: i64) -> Timestamp {
    Timestamp::from_seconds(1_795_000_000).plus(Span::minutes(minutes))
}

pub(crate) fn component(name: &str, group: Option<&str>) -> Component {
    Component {
        tenant: tenant(),
        id: id(&name.to_lowercase()),
        name: name.to_owned(),
        group: group.map(str::to_owned),
        description: None,
        probe: ProbeSpec::Push,
        created_at: at(-1_000_000),
        probe_since: None,
    }
}

pub(crate) fn update(status: IncidentStatus, minutes: i64, components: &[&str]) -> IncidentUpdate {
    let told = components.iter().map(|component| (id(component), ComponentStatus::MajorOutage));
    let components: BTreeMap<_, _> = told.collect();
    IncidentUpdate { status, body: format!("At {minutes}."), at: at(minutes), by: "alice".to_owned(), components }
}

pub(crate) fn incident(name: &str, draft: bool, updates: Vec<IncidentUpdate>) -> Incident {
    let begins = Beginning { title: name.to_owned(), impact: Impact::Major, draft, updates };
    Incident::manual(tenant(), name.parse().expect("a slug"), begins, at(1_000_000)).expect("valid")
}

pub(crate) fn wanted(address: &str, components: &[&str], events: &[EventKind]) -> Subscription {
    Subscription {
        channel: Channel::new(ChannelKind::Email, address, &Counting::default()),
        components: components.iter().map(|component| id(component)).collect(),
        events: events.iter().copied().collect::<BTreeSet<_>>(),
        locale: None,
    }
}

/// Somebody who confirmed at `at(0)`.
pub(crate) fn subscriber(address: &str, components: &[&str], events: &[EventKind]) -> Subscriber {
    let wanted = wanted(address, components, events);
    let asked = Subscriber::new(tenant(), wanted, "public", at(0), &Counting::default()).expect("valid");
    asked.confirmed(at(0)).expect("it waits to be confirmed")
}
