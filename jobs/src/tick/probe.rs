//! Looks at every component that is probed, and looks again before a failure counts.
//!
//! A failed look is repeated twice within the same tick, so that one lost packet opens nothing and a real failure is
//! still known inside the minute. When nothing answers any more, not even the reference addresses, it is we who are cut
//! off: then nothing is known.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{ComponentId, TenantId};
use plimsoll_domain::probe::{HttpProbe, ProbeOutcome, ProbeSpec, TcpProbe, split_address};
use plimsoll_domain::sample::SampleStatus;
use plimsoll_domain::time::{Clock, Interval, Timestamp};
use plimsoll_runtime::egress::{Egress, EgressError};
use plimsoll_runtime::http_client::{HttpClient, HttpError, Request};

use super::world::{TenantWorld, World};
use crate::JobsSettings;

/// How many components are looked at at the same time.
const AT_ONCE: usize = 256;
/// How many looks a failure takes.
const LOOKS: u32 = 3;
/// How much of a body is read.
const BODY_LIMIT: usize = 64 * 1024;

/// What was found at which component.
pub(crate) type Looks = HashMap<(TenantId, ComponentId), ProbeOutcome>;

/// Looks at components from this machine.
pub struct Prober {
    clock: Arc<dyn Clock>,
    pace: Pace,
    outside: Way,
    own: Way,
    own_tenant: TenantId,
    references: Vec<String>,
}

struct Way {
    client: HttpClient,
    egress: Egress,
}

/// How long one look may take, and how long to wait before the next, so that all fit into the tick.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pace {
    longest_look: Duration,
    pause: Duration,
    all_looks: Duration,
}

impl Pace {
    fn within(interval: Interval) -> Self {
        let interval = Duration::from_secs(interval.seconds().unsigned_abs());
        let pause = (interval / 12).min(Duration::from_secs(5));
        Self {
            all_looks: interval * 5 / 6,
            pause,
            longest_look: (interval * 4 / 5).saturating_sub(pause * (LOOKS - 1)) / LOOKS,
        }
    }
}

impl Prober {
    pub(crate) fn new(settings: &JobsSettings, clock: Arc<dyn Clock>) -> Self {
        let way = |egress: &Egress| Way { client: HttpClient::new(egress), egress: egress.clone() };
        Self {
            clock,
            pace: Pace::within(settings.interval),
            outside: way(&settings.egress),
            own: way(&settings.own_egress),
            own_tenant: settings.own_tenant.clone(),
            references: settings.reference_addresses.clone(),
        }
    }

    /// Looks at all components of `world` that do not push. Those not looked at when the time is over, or `stopping` is
    /// cancelled, are left out. Heartbeats are expected since `resumed_at`: before, they could not have reached us.
    pub(crate) async fn look_at_all(
        &self,
        world: &World,
        resumed_at: Timestamp,
        stopping: &CancellationToken,
    ) -> Looks {
        let mut looks = self.look_at_probed(world, stopping).await;
        looks.extend(heartbeats(world, resumed_at));
        if self.cut_off(&looks).await {
            tracing::warn!("no reference address answers: we are cut off, and know nothing of this tick");
            for outcome in looks.values_mut() {
                *outcome = unknown("we are cut off ourselves");
            }
        }
        looks
    }

    async fn look_at_probed(&self, world: &World, stopping: &CancellationToken) -> Looks {
        let probed = in_turns(world);
        let mut looking = stream::iter(probed.into_iter().map(|component| async move {
            let outcome = self.look_and_confirm(&component).await;
            ((component.tenant, component.id), outcome)
        }))
        .buffer_unordered(AT_ONCE);
        let mut looks = Looks::new();
        let time_is_over = tokio::time::sleep(self.pace.all_looks);
        tokio::pin!(time_is_over);
        loop {
            tokio::select! {
                next = looking.next() => match next {
                    Some((key, outcome)) => looks.insert(key, outcome),
                    None => break,
                },
                () = stopping.cancelled() => break,
                () = &mut time_is_over => {
                    tracing::warn!("not everything could be looked at within this tick: the rest is unknown");
                    break;
                }
            };
        }
        looks
    }

    async fn look_and_confirm(&self, component: &Component) -> ProbeOutcome {
        let mut best = self.look(component).await;
        for _ in 1..LOOKS {
            if matches!(best.status, SampleStatus::Operational | SampleStatus::Unknown) {
                break;
            }
            tokio::time::sleep(self.pace.pause).await;
            let again = self.look(component).await;
            let better = again.status != SampleStatus::Down || best.status == SampleStatus::Down;
            if better {
                best = again;
            }
        }
        best
    }

    async fn look(&self, component: &Component) -> ProbeOutcome {
        let way = if component.tenant == self.own_tenant { &self.own } else { &self.outside };
        match &component.probe {
            ProbeSpec::Http(probe) => self.look_http(way, probe).await,
            ProbeSpec::Tcp(probe) => self.look_tcp(way, probe).await,
            ProbeSpec::Heartbeat(_) | ProbeSpec::Push => unknown("nothing is probed"),
        }
    }

    fn timeout(&self, wanted_ms: u32) -> Duration {
        Duration::from_millis(wanted_ms.into()).min(self.pace.longest_look)
    }

    async fn look_http(&self, way: &Way, probe: &HttpProbe) -> ProbeOutcome {
        let Some(request) = request_of(probe, self.timeout(probe.timeout_ms)) else {
            return unknown("the stored probe cannot be sent");
        };
        let began = self.clock.now();
        match way.client.send(request).await {
            Ok(answer) => {
                let judged = probe.judge(answer.status.as_u16(), &answer.body, self.millis_since(began));
                ProbeOutcome { certificate_expires_at: answer.certificate_expires_at, ..judged }
            }
            Err(HttpError::Egress(error)) => not_reached(&error),
            Err(error) => ProbeOutcome::down(None, error.to_string()),
        }
    }

    async fn look_tcp(&self, way: &Way, probe: &TcpProbe) -> ProbeOutcome {
        let began = self.clock.now();
        let timeout = self.timeout(probe.timeout_ms);
        match tokio::time::timeout(timeout, connect(&way.egress, &probe.address)).await {
            Ok(Ok(())) => ProbeOutcome::answered(self.millis_since(began), probe.degraded_above_ms),
            Ok(Err(outcome)) => outcome,
            Err(_) => ProbeOutcome::down(None, format!("no connection within {} ms", timeout.as_millis())),
        }
    }

    fn millis_since(&self, began: Timestamp) -> u32 {
        u32::try_from(self.clock.now().millis_since(began).max(0)).unwrap_or(u32::MAX)
    }

    async fn cut_off(&self, looks: &Looks) -> bool {
        if self.references.is_empty() || !looks.values().any(|outcome| outcome.status == SampleStatus::Down) {
            return false;
        }
        let egress = Egress::new(&["0.0.0.0/0", "::/0"].map(|net| net.parse().expect("a valid network")));
        let answers = self.references.iter().map(|address| {
            let connecting = tokio::time::timeout(self.pace.pause, connect(&egress, address));
            async move { matches!(connecting.await, Ok(Ok(()))) }
        });
        !futures_util::future::join_all(answers).await.contains(&true)
    }
}

/// What the reports of components with a heartbeat come to.
fn heartbeats(world: &World, resumed_at: Timestamp) -> impl Iterator<Item = ((TenantId, ComponentId), ProbeOutcome)> {
    world.components().filter_map(move |(_, component)| {
        let ProbeSpec::Heartbeat(probe) = &component.probe else { return None };
        let key = (component.tenant.clone(), component.id.clone());
        let since = component.probed_since().max(resumed_at);
        let status = probe.judge(world.heartbeats.get(&key).copied(), since, world.now);
        let overdue = (status == SampleStatus::Down).then(|| format!("silent for over {} s", probe.every_seconds));
        Some((key, ProbeOutcome { status, latency_ms: None, reason: overdue, certificate_expires_at: None }))
    })
}

/// The components that are probed, one of each tenant in turn: a tenant with many that do not answer takes its own time
/// first, and not that of the others.
fn in_turns(world: &World) -> Vec<Component> {
    let probed = |tenant: &TenantWorld| {
        tenant.components.iter().filter(|component| is_probed(component)).cloned().enumerate().collect::<Vec<_>>()
    };
    let mut turns: Vec<(usize, Component)> = world.tenants.iter().flat_map(probed).collect();
    turns.sort_by_key(|(turn, _)| *turn);
    turns.into_iter().map(|(_, component)| component).collect()
}

fn is_probed(component: &Component) -> bool {
    matches!(component.probe, ProbeSpec::Http(_) | ProbeSpec::Tcp(_))
}

fn unknown(reason: &str) -> ProbeOutcome {
    let reason = Some(reason.to_owned());
    ProbeOutcome { status: SampleStatus::Unknown, latency_ms: None, reason, certificate_expires_at: None }
}

/// A name without an address is a failure of the service; an address that we refuse says nothing about it.
fn not_reached(error: &EgressError) -> ProbeOutcome {
    match error {
        EgressError::Refused { .. } => unknown(&error.to_string()),
        EgressError::Unresolved { .. } => ProbeOutcome::down(None, error.to_string()),
    }
}

fn request_of(probe: &HttpProbe, timeout: Duration) -> Option<Request> {
    let mut headers = HeaderMap::new();
    for (name, value) in &probe.headers {
        headers.append(name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?);
    }
    Some(Request {
        method: Method::from_bytes(probe.method.as_bytes()).ok()?,
        url: probe.url.parse().ok()?,
        headers,
        body: Vec::new().into(),
        follow_redirects: probe.follow_redirects,
        timeout,
        body_limit: if probe.reads_body() { BODY_LIMIT } else { 0 },
    })
}

async fn connect(egress: &Egress, address: &str) -> Result<(), ProbeOutcome> {
    let (host, port) = split_address(address).map_err(|reason| unknown(&reason))?;
    let addresses = egress.resolve(&host, port).await.map_err(|error| not_reached(&error))?;
    match TcpStream::connect(addresses.as_slice()).await {
        Ok(_) => Ok(()),
        Err(error) => Err(ProbeOutcome::down(None, error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_looks_fit_into_any_tick() {
        for seconds in [5, 10, 60, 300] {
            let interval = Interval::from_seconds(seconds).expect("valid");
            let pace = Pace::within(interval);
            let worst = pace.longest_look * LOOKS + pace.pause * (LOOKS - 1);
            assert!(worst <= Duration::from_secs(seconds.unsigned_abs()) * 4 / 5, "{seconds}: {pace:?}");
        }
        let minute = Pace::within(Interval::MINUTE);
        assert_eq!(minute.pause, Duration::from_secs(5));
        assert!(minute.longest_look >= Duration::from_secs(10), "the default timeout fits: {minute:?}");
    }
}
