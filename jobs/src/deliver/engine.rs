//! The engine: takes what is handed over or lies ready in the store, and has it tried.

use std::sync::Arc;
use std::time::Duration;

use dashmap::{DashMap, DashSet};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use plimsoll_domain::alert::{Alert, DeliveryState, Lease, ReceiverName};
use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::{AlertId, TenantId};
use plimsoll_domain::time::{Clock, Span, Timestamp};
use plimsoll_runtime::instruments::{Job, JobRuns};
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_store::alerting::{Alerting, Handoff, Leave, Room, Rooms};
use plimsoll_store::{Result, Store};
use plimsoll_traces::FutureExt;

use super::attempt;
use super::finish::{Done, finish_until_stopped};
use super::health::Health;
use super::lane::Lane;
use super::reconsider::reconsider_until_stopped;
use super::send::Sender;
use super::waiting::Waiting;

/// How long a process may take to send what it was given: long enough for any attempt, and for a while of waiting for its
/// turn. What has not had it by then is given back.
pub(super) const LEASE: Span = Span::from_seconds(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
const BETWEEN_COUNTS: u32 = 10;
/// Leases of a process that is gone that are looked for at a start, for each receiver.
const RECLAIMED: usize = 5_000;
/// So many alerts of one receiver may be unreadable without keeping the others from it.
const PASSED_OVER: usize = 16;

/// A delivery, and until when somebody has leave to send it: a later leave is another turn.
type Turn = (AlertId, u32, Timestamp);

/// What deliveries need to know.
#[derive(Clone, Debug)]
pub struct DeliverSettings {
    /// Names this process among those that send.
    pub holder: String,
    /// How the outside names this installation, without a slash at its end.
    pub public_url: String,
}

/// Sends what is to be sent. Clones share one engine.
#[derive(Clone)]
pub struct Deliverer(pub(super) Arc<Engine>);

pub(super) struct Engine {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) sender: Arc<dyn Sender>,
    pub(super) settings: DeliverSettings,
    pub(super) health: Health,
    pub(super) stopping: CancellationToken,
    lanes: DashMap<(TenantId, ReceiverName), Arc<Lane>>,
    /// The turns that were taken, while their leases last: one lease is one try, however often its alert is handed over.
    taken: DashSet<Turn>,
    tries: TaskTracker,
    runtime: Handle,
    done: mpsc::UnboundedSender<Done>,
    woken: Arc<Notify>,
    pub(super) changed: Notify,
}

impl Deliverer {
    /// Starts an engine within `life` that sends by `sender` what lies in `store`.
    pub fn start(
        store: &Arc<dyn Store>,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
        sender: Arc<dyn Sender>,
        settings: DeliverSettings,
        life: &Lifecycle,
    ) -> Self {
        let (done, finished) = mpsc::unbounded_channel();
        let engine = Arc::new(Engine {
            store: Arc::clone(store),
            clock,
            entropy,
            sender,
            settings,
            health: Health::default(),
            stopping: life.stopping().clone(),
            lanes: DashMap::new(),
            taken: DashSet::new(),
            tries: TaskTracker::new(),
            runtime: Handle::current(),
            done,
            woken: Arc::default(),
            changed: Notify::new(),
        });
        let deliverer = Self(engine);
        life.spawn::<String>("deliveries", deliverer.clone().look_until_stopped());
        life.spawn::<String>("outcomes of deliveries", finish_until_stopped(deliverer.clone(), finished));
        life.spawn::<String>("alerts kept back", reconsider_until_stopped(deliverer.clone()));
        deliverer
    }

    /// What stores alerts and has this engine send them.
    pub fn alerting(&self) -> Alerting {
        Alerting::new(Arc::clone(&self.0.store), Arc::new(self.clone()))
    }

    /// Says that somebody changed what keeps alerts back, or switched a receiver on.
    pub fn reconsider(&self) {
        self.0.health.read_anew();
        self.0.changed.notify_one();
    }

    /// Leave to send, from `now` on.
    pub(super) fn lease_from(&self, now: Timestamp) -> Lease {
        Lease { holder: self.0.settings.holder.clone(), until: now.plus(LEASE) }
    }

    /// Leave to send to a receiver that has room.
    pub(super) fn lease_if_room(&self, tenant: &TenantId, receiver: &ReceiverName, now: Timestamp) -> Option<Leave> {
        let lane = self.lane(tenant, receiver);
        let seat = if self.0.stopping.is_cancelled() { None } else { lane.reserve(now) };
        let Some(seat) = seat else {
            lane.note_backlog();
            return None;
        };
        Some(Leave { lease: self.lease_from(now), room: Box::new(seat) })
    }

    /// Tries what this process has leave to send of `alert`, each lease once. Of what no room was taken for, it tries what
    /// there is room for: an answer of the store was lost, or an alert is handed over once more. The rest waits until its
    /// lease ends.
    pub(super) fn dispatch(&self, alert: &Arc<Alert>, mut rooms: Rooms) {
        let now = self.0.clock.now();
        for number in alert.leased_to(&self.0.settings.holder, now) {
            let Some((delivery, turn)) = alert.delivery(number).zip(turn(alert, number)) else { continue };
            if self.0.taken.contains(&turn) {
                continue;
            }
            let lane = self.lane(&alert.tenant, &delivery.receiver);
            let room = rooms.remove(&number).or_else(|| Some(Box::new(lane.reserve(now)?)));
            let until = turn.2;
            let Some(room) = room.filter(|_| self.0.taken.insert(turn)) else { continue };
            let context = attempt::trace(alert, delivery);
            let (deliverer, alert) = (self.clone(), Arc::clone(alert));
            let trying = async move {
                let came_to = deliverer.0.attempt(&lane, &alert, (number, until)).await;
                // It listens for as long as anything is tried.
                let _told = deliverer.0.done.send(Done { alert, number, until, came_to });
                drop(room);
            };
            // Whoever hands over may be no thread of the runtime.
            self.0.tries.spawn_on(trying.with_context(context), &self.0.runtime);
        }
    }

    /// Whether `alert` still has the delivery leased as it was when it was tried: otherwise somebody else has it.
    pub(super) fn has_lease(&self, alert: &Alert, done: &Done) -> bool {
        let state = alert.delivery(done.number).map(|delivery| &delivery.state);
        matches!(state, Some(DeliveryState::Leased(lease)) if lease.until == done.until && lease.holder == self.0.settings.holder)
    }

    /// Waits until nothing is tried any more.
    pub(super) async fn all_tried(&self) {
        self.0.tries.close();
        self.0.tries.wait().await;
    }

    fn lane(&self, tenant: &TenantId, receiver: &ReceiverName) -> Arc<Lane> {
        let key = (tenant.clone(), receiver.clone());
        if let Some(lane) = self.0.lanes.get(&key) {
            return Arc::clone(&lane);
        }
        Arc::clone(&self.0.lanes.entry(key).or_insert_with(|| Arc::new(Lane::new(Arc::clone(&self.0.woken)))))
    }

    async fn look_until_stopped(self) -> std::result::Result<(), String> {
        if self.0.store.kind() == "embedded" {
            self.reclaim().await;
        }
        let (mut looks, runs, waiting) = (0_u32, JobRuns::of(Job::Deliver), Waiting::new());
        while !self.0.stopping.is_cancelled() {
            if let Err(error) = runs.note(self.look().await, self.0.clock.now()) {
                tracing::warn!(error = %error, "what is to be sent could not be read: looking again");
            }
            if looks.is_multiple_of(BETWEEN_COUNTS) {
                let now = self.0.clock.now();
                self.0.taken.retain(|(_, _, until)| *until > now);
                if let Ok(backlog) = self.0.store.backlog_across_tenants().await {
                    waiting.show(backlog, now);
                }
            }
            looks = looks.wrapping_add(1);
            tokio::select! {
                () = tokio::time::sleep(BETWEEN_LOOKS) => {}
                () = self.0.woken.notified() => {}
                () = self.0.stopping.cancelled() => {}
            }
        }
        Ok(())
    }

    /// Takes what lies ready in the store, as far as there is room.
    async fn look(&self) -> Result<()> {
        for (tenant, receiver) in self.0.store.ready_receivers_across_tenants(self.0.clock.now()).await? {
            let (lane, now) = (self.lane(&tenant, &receiver), self.0.clock.now());
            let room = lane.room(now);
            if room == 0 {
                lane.note_backlog();
                continue;
            }
            let found = self.0.store.ready_alerts(&tenant, &receiver, now, room + PASSED_OVER).await?;
            let mut taken = Vec::with_capacity(found.len());
            for alert in found {
                let Some(leave) = self.lease_if_room(&tenant, &receiver, now) else { break };
                let mut next = alert.next(now);
                taken.extend(next.lease(&receiver, &leave.lease, now).map(|number| (next, number, leave.room)));
            }
            self.take(taken).await?;
        }
        Ok(())
    }

    /// Stores the leases that were given for these deliveries, and has those tried that are stored.
    async fn take(&self, taken: Vec<(Alert, u32, Room)>) -> Result<()> {
        let (alerts, rooms): (Vec<_>, Vec<_>) =
            taken.into_iter().map(|(alert, number, room)| (alert, Rooms::from([(number, room)]))).unzip();
        let stored = self.0.store.put_alerts(&alerts).await?;
        for ((alert, rooms), stored) in alerts.into_iter().zip(rooms).zip(stored) {
            if stored {
                self.dispatch(&Arc::new(alert), rooms);
            }
        }
        Ok(())
    }

    /// On the embedded store nobody else sends: whatever is leased was leased by a process that is gone.
    async fn reclaim(&self) {
        let reclaiming = async {
            let now = self.0.clock.now();
            let later = now.plus(LEASE);
            for (tenant, receiver) in self.0.store.ready_receivers_across_tenants(later).await? {
                let found = self.0.store.ready_alerts(&tenant, &receiver, later, RECLAIMED).await?;
                let is_ours = |alert: &Alert| !alert.leased_to(&self.0.settings.holder, now).is_empty();
                let free = |alert: &Alert| {
                    let mut next = alert.next(now);
                    (!is_ours(alert) && next.release_leases(now)).then_some(next)
                };
                self.0.store.put_alerts(&found.iter().filter_map(free).collect::<Vec<_>>()).await?;
            }
            Result::<()>::Ok(())
        };
        if let Err(error) = reclaiming.await {
            tracing::warn!(error = %error, "leases of the process before could not be taken back: they end by themselves");
        }
    }
}

fn turn(alert: &Alert, number: u32) -> Option<Turn> {
    match &alert.delivery(number)?.state {
        DeliveryState::Leased(lease) => Some((alert.id.clone(), number, lease.until)),
        _ => None,
    }
}

impl Handoff for Deliverer {
    fn lease(&self, tenant: &TenantId, receiver: &ReceiverName, now: Timestamp) -> Option<Leave> {
        self.lease_if_room(tenant, receiver, now)
    }

    fn hand_over(&self, alert: Arc<Alert>, rooms: Rooms) {
        self.dispatch(&alert, rooms);
    }

    fn wake(&self) {
        self.0.woken.notify_one();
    }
}
