//! From a signal to a stored alert: read what it is judged by, decide, store it if nothing came in between, and decide anew
//! otherwise. The API, the tick and whatever else has something to say come in here, so that all sources are alike.
//!
//! The decision itself is the domain's, and what is stored is one write for all signals of a call.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_domain::alert::{
    Alert, Applied, Delivery, DeliveryState, Fired, Lease, ReceiverName, Scene, Signal, Silence, Suppression, apply,
    reconsider,
};
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::time::Timestamp;

use crate::{AlertScene, Result, Store, StoreError};

/// Times that a decision is made anew when others were faster.
const TRIES: usize = 20;
/// Alerts that are read and stored at once: others wait for that long.
const AT_ONCE: usize = 500;

/// Whoever can send at once what is about to be stored. Storing it with the lease of its sender saves the write that would
/// give it to somebody.
pub trait Handoff: Send + Sync {
    /// Leave to send to this receiver now; `None` when this process cannot, and somebody finds it in the store.
    fn lease(&self, tenant: &TenantId, receiver: &ReceiverName, now: Timestamp) -> Option<Leave>;
    /// Takes an alert that is stored with such leases, or is just being written to the disk, and the room that was taken for
    /// deliveries of it. It may be handed over more than once: one lease is one try. Called on any thread.
    fn hand_over(&self, alert: Arc<Alert>, rooms: Rooms);
    /// Says that something is stored that nobody was given.
    fn wake(&self);
}

/// Leave to send one delivery to one receiver.
pub struct Leave {
    /// What is stored of it.
    pub lease: Lease,
    /// What it takes at whoever sends.
    pub room: Room,
}

/// Room for one delivery at whoever sends. Dropping it gives it back, so that nothing keeps it that is not sent: whether the
/// store fails, another is faster or the caller goes away.
pub type Room = Box<dyn Send>;

/// The room that was taken for deliveries of one alert, by their numbers.
pub type Rooms = HashMap<u32, Room>;

/// For a process that sends nothing itself.
#[derive(Clone, Copy, Debug)]
pub struct NoHandoff;

impl Handoff for NoHandoff {
    fn lease(&self, _: &TenantId, _: &ReceiverName, _: Timestamp) -> Option<Leave> {
        None
    }

    fn hand_over(&self, _: Arc<Alert>, _: Rooms) {}

    fn wake(&self) {}
}

/// Stores what signals come to.
#[derive(Clone)]
pub struct Alerting {
    store: Arc<dyn Store>,
    handoff: Arc<dyn Handoff>,
}

impl Alerting {
    /// Stores in `store`, and gives what can be sent at once to `handoff`.
    pub fn new(store: Arc<dyn Store>, handoff: Arc<dyn Handoff>) -> Self {
        Self { store, handoff }
    }

    /// What became of each signal, in their order, once all of it is stored. Those of one dedup key are carried out in
    /// their order.
    pub async fn fire(&self, tenant: &TenantId, signals: &[Signal], now: Timestamp) -> Result<Vec<Fired>> {
        let mut fired: Vec<Option<Fired>> = vec![None; signals.len()];
        let mut waiting: Vec<usize> = (0..signals.len()).collect();
        let mut lost = 0;
        while !waiting.is_empty() {
            // Of each key one at a time: the next one is judged by what this one left.
            let mut turn: Vec<usize> = Vec::with_capacity(waiting.len());
            let mut seen = HashSet::with_capacity(waiting.len());
            waiting.retain(|index| {
                let first = turn.len() < AT_ONCE && seen.insert(signals[*index].dedup_key.as_str());
                if first {
                    turn.push(*index);
                }
                !first
            });
            let again = self.carry_out(tenant, signals, (&turn, now), &mut fired).await?;
            if !again.is_empty() {
                lost += 1;
                if lost >= TRIES {
                    let reason = "the alerts of these keys were changed by others each time; try again".to_owned();
                    return Err(StoreError::Unavailable { reason });
                }
                waiting.extend(again);
                waiting.sort_unstable();
            }
        }
        let fired: Vec<Fired> = fired.into_iter().map(|fired| fired.expect("every signal had its turn")).collect();
        signals.iter().zip(&fired).for_each(|(signal, fired)| count(signal, fired));
        Ok(fired)
    }

    /// What would become of `signal`; nothing is stored.
    pub async fn rehearse(&self, tenant: &TenantId, signal: &Signal, now: Timestamp) -> Result<Applied> {
        let held = self.store.alert_scene(tenant, std::slice::from_ref(&signal.dedup_key), now).await?;
        Ok(apply(held.latest.get(&signal.dedup_key), tenant, signal, &scene(&held, now, &|_| None, None)))
    }

    /// Lets the clock change `alert`, which may be old; whether anything changed. What keeps it back is looked at again.
    pub async fn reconsider(&self, alert: &Alert, now: Timestamp) -> Result<bool> {
        let mut held = self.store.alert_scene(&alert.tenant, std::slice::from_ref(&alert.dedup_key), now).await?;
        let Some(mut latest) = held.latest.remove(&alert.dedup_key).filter(|latest| latest.id == alert.id) else {
            return Ok(false);
        };
        if let Some(hold) = &mut latest.hold {
            hold.look_at = hold.look_at.min(now);
        }
        let (leased, trace) = (Leased::default(), plimsoll_traces::traceparent());
        let lease = |receiver: &ReceiverName| leased.keep(receiver, self.handoff.lease(&alert.tenant, receiver, now));
        let Some(next) = reconsider(&latest, &scene(&held, now, &lease, trace.as_deref())) else { return Ok(false) };
        Ok(self.store_and_hand_over(vec![next], &leased).await? == [true])
    }

    /// Stores `alert` in place of the version before it, and has sent what it leaves to be sent. Whether it was stored.
    pub async fn put(&self, alert: Alert) -> Result<bool> {
        let stored = self.store.put_alerts(std::slice::from_ref(&alert)).await? == [true];
        if stored {
            self.handoff.wake();
        }
        Ok(stored)
    }

    /// The indices of those that must be decided anew.
    async fn carry_out(
        &self,
        tenant: &TenantId,
        signals: &[Signal],
        (turn, now): (&[usize], Timestamp),
        fired: &mut [Option<Fired>],
    ) -> Result<Vec<usize>> {
        let keys: Vec<String> = turn.iter().map(|index| signals[*index].dedup_key.clone()).collect();
        let held = self.store.alert_scene(tenant, &keys, now).await?;
        let (leased, trace) = (Leased::default(), plimsoll_traces::traceparent());
        let lease = |receiver: &ReceiverName| leased.keep(receiver, self.handoff.lease(tenant, receiver, now));
        let scene = scene(&held, now, &lease, trace.as_deref());
        let (mut changed, mut of) = (Vec::with_capacity(turn.len()), Vec::with_capacity(turn.len()));
        for index in turn {
            let signal = &signals[*index];
            let latest = held.latest.get(&signal.dedup_key);
            let applied = apply(latest, tenant, signal, &scene);
            fired[*index] = Some(applied.fired);
            match (applied.alert, latest) {
                (Some(alert), _) => {
                    changed.push(alert);
                    of.push(*index);
                }
                // Said again, since it was not answered: what may have been stored with our lease is still to be sent.
                (None, Some(latest)) if !latest.queue().is_empty() => {
                    self.handoff.hand_over(Arc::new(latest.clone()), Rooms::new());
                }
                (None, _) => {}
            }
        }
        if changed.is_empty() {
            return Ok(Vec::new());
        }
        let stored = self.store_and_hand_over(changed, &leased).await?;
        self.note_silences(&held, of.iter().filter_map(|index| fired[*index].as_ref())).await?;
        Ok(of.into_iter().zip(stored).filter(|(_, stored)| !stored).map(|(index, _)| index).collect())
    }

    /// A silence that ends once what it silences is resolved must know that there was something.
    async fn note_silences(&self, held: &AlertScene, fired: impl Iterator<Item = &Fired>) -> Result<()> {
        let silenced = fired.filter(|fired| fired.reason == Some(Suppression::Silence));
        let names: HashSet<&str> = silenced.filter_map(|fired| fired.detail.as_deref()).collect();
        let waits = |silence: &&Silence| silence.until_resolved && !silence.has_matched;
        for silence in held.silences.iter().filter(waits) {
            if names.contains(silence.id.as_str()) {
                let next = Silence { has_matched: true, version: silence.version + 1, ..silence.clone() };
                match self.store.put_silence(&next).await {
                    // Somebody changed it: the next look sees what is open.
                    Ok(()) | Err(StoreError::Stale { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Which of `alerts` were stored. Those are handed over while the disk writes: should it fail, somebody was told of an
    /// alert that was never answered for, and whoever fired it says it again, under the same key.
    async fn store_and_hand_over(&self, alerts: Vec<Alert>, leased: &Leased) -> Result<Vec<bool>> {
        let alerts: Arc<[Alert]> = alerts.into();
        let hand_over = {
            let (handoff, alerts) = (Arc::clone(&self.handoff), Arc::clone(&alerts));
            let rooms: Vec<Rooms> = alerts.iter().map(|alert| leased.rooms(alert)).collect();
            move |stored: &[bool]| {
                for ((alert, rooms), stored) in alerts.iter().zip(rooms).zip(stored) {
                    if *stored && !alert.queue().is_empty() {
                        handoff.hand_over(Arc::new(alert.clone()), rooms);
                    }
                }
            }
        };
        self.store.put_alerts_and_tell(&alerts, Box::new(hand_over)).await
    }
}

/// What leave was given while something was decided.
#[derive(Default)]
struct Leased(Mutex<Vec<(ReceiverName, Leave)>>);

impl Leased {
    fn keep(&self, receiver: &ReceiverName, leave: Option<Leave>) -> Option<Lease> {
        let leave = leave?;
        let stored = leave.lease.clone();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((receiver.clone(), leave));
        Some(stored)
    }

    /// The room of each delivery of `alert` that leave was given for.
    fn rooms(&self, alert: &Alert) -> Rooms {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = |one: &Delivery| {
            let DeliveryState::Leased(lease) = &one.state else { return None };
            let at = given.iter().position(|(to, leave)| *to == one.receiver && leave.lease == *lease)?;
            Some((one.number, given.swap_remove(at).1.room))
        };
        alert.deliveries.iter().filter_map(room).collect()
    }
}

fn count(signal: &Signal, fired: &Fired) {
    metrics::counter!("plimsoll_alerts_fired_total", "action" => signal.action.as_str()).increment(1);
    if let Some(reason) = fired.reason {
        metrics::counter!("plimsoll_alerts_suppressed_total", "reason" => reason.as_str()).increment(1);
    }
}

fn scene<'a>(
    held: &'a AlertScene,
    now: Timestamp,
    lease: &'a (dyn Fn(&ReceiverName) -> Option<Lease> + Sync),
    trace: Option<&'a str>,
) -> Scene<'a> {
    let AlertScene { config, silences, maintenances, .. } = held;
    Scene { config, silences, maintenances, now, lease, trace }
}
