//! Has subscribers told of what is stored and not announced: what was said of incidents, and what the clock made of
//! maintenance.
//!
//! First the notices are stored and then it is noted that they are: a tick that is cut short in between stores them again,
//! under the same ids, and nobody hears of anything twice.

use std::collections::BTreeSet;

use plimsoll_domain::alert::DeliveryState;
use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::incident::Incident;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::PageConfig;
use plimsoll_domain::subscriber::{Notice, NoticeEvent, Subscriber, tell_of};
use plimsoll_domain::time::Timestamp;
use plimsoll_store::{Result, Store, StoreError};

use super::Step;
use super::world::TenantWorld;

/// Subscribers that are read at a time, and notices that are stored at a time.
const AT_ONCE: usize = 500;

/// Something that subscribers are told of.
struct News {
    event: NoticeEvent,
    /// What it touches of what the page shows.
    components: BTreeSet<ComponentId>,
    /// Whether it touches nothing but what the page does not show: of an incident, that is for those alone who want to hear of
    /// everything.
    is_hidden: bool,
    /// When the public could know of it: who has confirmed later does not hear of it.
    at: Timestamp,
    /// Its place among what came to be at the same time.
    place: u32,
}

/// What one tenant has to tell.
#[derive(Default)]
struct Untold<'a> {
    news: Vec<News>,
    incidents: Vec<&'a Incident>,
    maintenances: Vec<&'a Maintenance>,
}

/// Announces what every tenant has to tell, and then reads the incidents again where anything was.
pub(crate) async fn announce(step: &mut Step<'_>, wake: &(dyn Fn() + Send + Sync), now: Timestamp) -> Result<()> {
    let (mut any_said, mut any_marked) = (false, false);
    for tenant in &step.world.tenants {
        let untold = untold(tenant, now);
        if untold.incidents.is_empty() && untold.maintenances.is_empty() {
            continue;
        }
        match announce_of(step.store, tenant, &untold, now).await {
            Ok(said) => any_said |= said,
            // The store as a whole is in trouble: the next tick says it.
            Err(error @ (StoreError::Unavailable { .. } | StoreError::DiskFull)) => return Err(error),
            Err(error) => {
                metrics::counter!("plimsoll_announcement_failures_total").increment(1);
                tracing::error!(tenant_id = %tenant.tenant.id, error = %error, "subscribers could not be told: trying again with the next tick");
            }
        }
        any_marked |= !untold.incidents.is_empty();
    }
    if any_said {
        wake();
    }
    if any_marked { step.world.reload_incidents(step.store).await } else { Ok(()) }
}

/// Whether there was anybody to tell.
async fn announce_of(store: &dyn Store, tenant: &TenantWorld, untold: &Untold<'_>, now: Timestamp) -> Result<bool> {
    let said = !untold.news.is_empty() && put_notices(store, tenant, &untold.news, now).await?;
    for incident in &untold.incidents {
        let next = Incident { announced: incident.updates.len(), version: incident.version + 1, ..(*incident).clone() };
        unless_changed(store.change_incident(&next).await)?;
    }
    for held in &untold.maintenances {
        let next = Maintenance { told_until: Some(now), version: held.version + 1, ..(*held).clone() };
        unless_changed(store.change_maintenance(&next).await)?;
    }
    Ok(said)
}

/// Somebody was faster: the next tick sees what they did, and what was said stays said.
fn unless_changed(done: Result<()>) -> Result<()> {
    match done {
        Err(StoreError::Stale { .. } | StoreError::Exists { .. } | StoreError::Missing { .. }) => Ok(()),
        done => done,
    }
}

fn untold(tenant: &TenantWorld, now: Timestamp) -> Untold<'_> {
    let mut untold = Untold::default();
    for incident in &tenant.incidents {
        let is_told = incident.announced >= incident.updates.len() || incident.draft || incident.backfilled;
        if !is_told {
            untold.news.extend(of_incident(tenant, incident));
            untold.incidents.push(incident);
        }
    }
    for held in tenant.works.due(now) {
        untold.news.extend(of_maintenance(&tenant.page, held, now));
        untold.maintenances.push(held);
    }
    untold
}

fn of_incident<'a>(tenant: &'a TenantWorld, incident: &'a Incident) -> impl Iterator<Item = News> + 'a {
    let mut touched = incident.touched();
    if touched.is_empty() {
        touched.extend(scope_of(tenant, incident));
    }
    let new = incident.updates.iter().zip(0..).skip(incident.announced);
    new.map(move |(update, place)| {
        let event = NoticeEvent::Incident { incident: incident.id.clone(), at: update.at };
        news(&tenant.page, event, touched.iter().copied(), (incident.told_at(update), place))
    })
}

/// What an SLO speaks of is touched where its budget burns.
fn scope_of<'a>(tenant: &'a TenantWorld, incident: &Incident) -> Vec<&'a ComponentId> {
    let opener = incident.automation.as_ref().and_then(|automation| automation.opener.slo());
    let slo = tenant.slos.objectives.iter().find(|slo| Some(&slo.slo_type) == opener.as_ref());
    let scope = slo.into_iter().flat_map(|slo| slo.components(&tenant.components));
    scope.map(|component| &component.id).collect()
}

/// Of what the page shows nothing of, nobody is told anything: unlike an incident, such maintenance stands nowhere on it.
fn of_maintenance<'a>(page: &'a PageConfig, held: &'a Maintenance, now: Timestamp) -> impl Iterator<Item = News> + 'a {
    let all = held.untold(now).into_iter().zip(0..).map(move |((event, time), place)| {
        let (maintenance, announced_at) = (held.id.clone(), held.announced_at);
        let event = NoticeEvent::Maintenance { maintenance, starts_at: time.starts_at, event, announced_at };
        news(page, event, held.components.iter(), (now, place))
    });
    all.filter(|news| !news.is_hidden)
}

fn news<'a>(
    page: &PageConfig,
    event: NoticeEvent,
    touched: impl Iterator<Item = &'a ComponentId>,
    (at, place): (Timestamp, u32),
) -> News {
    let (hidden, components): (BTreeSet<_>, BTreeSet<_>) =
        touched.cloned().partition(|component| page.arrangement.hidden.contains(component));
    let is_hidden = components.is_empty() && !hidden.is_empty();
    News { event, components, is_hidden, at, place }
}

/// Stores a notice of everything for everybody who wants to hear of it. Whether there is anybody.
async fn put_notices(store: &dyn Store, tenant: &TenantWorld, news: &[News], now: Timestamp) -> Result<bool> {
    let (mut after, mut any) = (None, false);
    loop {
        let subscribers = store.subscribers(&tenant.tenant.id, after.as_ref(), AT_ONCE).await?;
        let notices: Vec<_> = news.iter().flat_map(|one| notices_of(one, &subscribers, now)).collect();
        any |= !notices.is_empty();
        for part in notices.chunks(AT_ONCE) {
            store.put_notices_if_absent(part).await?;
        }
        // One that is unreadable is passed over, so that there may be fewer than were asked for: only none is the end.
        match subscribers.last() {
            Some(last) => after = Some(last.id.clone()),
            None => return Ok(any),
        }
    }
}

/// They are sent from now on: of what was said long ago, such as a draft that is published, nobody has tried to tell yet.
fn notices_of(news: &News, subscribers: &[Subscriber], now: Timestamp) -> Vec<Notice> {
    let mut notices = tell_of(&news.event, news.components.iter(), subscribers, (news.at, news.place));
    if news.is_hidden {
        let chooses = |notice: &Notice| {
            let of = subscribers.iter().find(|subscriber| subscriber.id == notice.subscriber);
            of.is_some_and(|subscriber| !subscriber.components.is_empty())
        };
        notices.retain(|notice| !chooses(notice));
    }
    for notice in &mut notices {
        (notice.created_at, notice.state) = (now, DeliveryState::Waiting { ready_at: now });
    }
    notices
}
