//! What came of attempts, stored: many at a time, since each write waits for the disk.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use plimsoll_domain::alert::{Alert, AttemptResult, ReceiverName};
use plimsoll_domain::ids::{AlertId, TenantId};
use plimsoll_domain::time::Timestamp;
use plimsoll_store::Result;
use plimsoll_store::alerting::{Room, Rooms};

use super::attempt::CameTo;
use super::engine::Deliverer;

/// Outcomes that are stored by one write.
const AT_ONCE: usize = 128;
const GATHERED_FOR: Duration = Duration::from_millis(10);
const BEFORE_THE_NEXT_TRY: Duration = Duration::from_millis(500);
/// Tries at storing an outcome; then its lease has ended, and whoever comes next sends again.
const TRIES: u32 = 100;

/// What became of one delivery.
pub(super) struct Done {
    pub(super) alert: Arc<Alert>,
    pub(super) number: u32,
    /// Until when it was leased: names the lease.
    pub(super) until: Timestamp,
    pub(super) came_to: CameTo,
}

type Key = (TenantId, AlertId);

/// The newest version that this process has stored of alerts that it still tries something of.
type Known = HashMap<Key, Arc<Alert>>;

/// Stores outcomes until everything that was begun is stored.
pub(super) async fn finish_until_stopped(
    deliverer: Deliverer,
    mut finished: mpsc::UnboundedReceiver<Done>,
) -> std::result::Result<(), String> {
    let (mut known, mut batch) = (Known::new(), Vec::with_capacity(AT_ONCE));
    while !deliverer.0.stopping.is_cancelled() {
        tokio::select! {
            _ = finished.recv_many(&mut batch, AT_ONCE) => {
                gather(&mut finished, &mut batch).await;
                store_all(&deliverer, &mut known, &mut batch).await;
            }
            () = deliverer.0.stopping.cancelled() => {}
        }
    }
    // Whatever ends while the rest is waited for is stored at once: nobody knows how long there is.
    let mut all_tried = std::pin::pin!(deliverer.all_tried());
    loop {
        tokio::select! {
            _ = finished.recv_many(&mut batch, AT_ONCE) => store_all(&deliverer, &mut known, &mut batch).await,
            () = &mut all_tried => break,
        }
    }
    while let Ok(done) = finished.try_recv() {
        batch.push(done);
    }
    store_all(&deliverer, &mut known, &mut batch).await;
    Ok(())
}

/// Waits a moment for more: nobody waits for what is stored here, and each write less is one flush less for those who do.
async fn gather(finished: &mut mpsc::UnboundedReceiver<Done>, batch: &mut Vec<Done>) {
    let more = async { while batch.len() < AT_ONCE && finished.recv_many(batch, AT_ONCE - batch.len()).await > 0 {} };
    // All that came in time is in the batch, whether or not the time is over.
    let _in_time = tokio::time::timeout(GATHERED_FOR, more).await;
}

async fn store_all(deliverer: &Deliverer, known: &mut Known, batch: &mut Vec<Done>) {
    for _ in 0..TRIES {
        match store_once(deliverer, known, batch).await {
            Ok(()) if batch.is_empty() => return,
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(error = %error, waiting = batch.len(), "outcomes of deliveries could not be stored: trying again");
                tokio::time::sleep(BEFORE_THE_NEXT_TRY).await;
            }
        }
    }
    tracing::error!(lost = batch.len(), "outcomes of deliveries could not be stored: they are sent again");
    batch.clear();
}

/// Stores what can be stored; what somebody else has changed in between stays in `batch`, and is read anew.
async fn store_once(deliverer: &Deliverer, known: &mut Known, batch: &mut Vec<Done>) -> Result<()> {
    let mut of_alert: HashMap<Key, Vec<usize>> = HashMap::new();
    for (index, done) in batch.iter().enumerate() {
        of_alert.entry((done.alert.tenant.clone(), done.alert.id.clone())).or_default().push(index);
    }
    let (mut changed, mut indices) = (Vec::with_capacity(of_alert.len()), Vec::with_capacity(of_alert.len()));
    for (key, of) in of_alert {
        let base = known.get(&key).map_or_else(|| Arc::clone(&batch[of[0]].alert), Arc::clone);
        let (alert, rooms) = after(deliverer, &base, of.iter().map(|index| &batch[*index]));
        changed.push(alert);
        indices.push((key, of, rooms));
    }
    let stored = deliverer.0.store.put_alerts(&changed).await?;
    let (mut again, mut unread) = (HashSet::new(), None);
    for ((alert, (key, of, rooms)), stored) in changed.into_iter().zip(indices).zip(stored) {
        if stored {
            note(deliverer, &alert, of.iter().map(|index| &batch[*index]));
            go_on(deliverer, known, key, (alert, rooms));
            continue;
        }
        // Somebody changed it: what is stored now is what the outcome belongs to. One that is gone has none.
        match deliverer.0.store.alert(&key.0, &key.1).await {
            Ok(Some(alert)) => {
                known.insert(key, Arc::new(alert));
                again.extend(of);
            }
            Ok(None) => drop(known.remove(&key)),
            Err(error) => {
                again.extend(of);
                unread = Some(error);
            }
        }
    }
    let mut index = 0;
    batch.retain(|_| {
        index += 1;
        again.contains(&(index - 1))
    });
    unread.map_or(Ok(()), Err)
}

/// `base` with these outcomes, and with the lease of what may be sent next: the room that is taken for that.
fn after<'a>(deliverer: &Deliverer, base: &Alert, outcomes: impl Iterator<Item = &'a Done>) -> (Alert, Rooms) {
    let engine = &deliverer.0;
    let now = engine.clock.now();
    let (mut next, mut rooms) = (base.next(now), Rooms::new());
    for done in outcomes.filter(|done| deliverer.has_lease(base, done)) {
        match &done.came_to {
            CameTo::Untried(ready_at) => next.give_back(done.number, *ready_at),
            CameTo::Tried(outcome, attempt) => {
                let chance = f64::from(engine.entropy.bytes()[0]) / 255.0;
                next.finish(done.number, outcome, attempt.clone(), (now, chance));
                let Some(receiver) = next.delivery(done.number).map(|delivery| delivery.receiver.clone()) else {
                    continue;
                };
                rooms.extend(lease_next(deliverer, &mut next, &receiver, now));
            }
        }
    }
    (next, rooms)
}

/// Leases what follows for `receiver`, if anything does and there is room for it.
fn lease_next(
    deliverer: &Deliverer,
    alert: &mut Alert,
    receiver: &ReceiverName,
    now: Timestamp,
) -> Option<(u32, Room)> {
    let is_ready = alert.queue().iter().any(|head| head.receiver == receiver && head.ready_at <= now);
    let leave = is_ready.then(|| deliverer.lease_if_room(&alert.tenant, receiver, now)).flatten()?;
    alert.lease(receiver, &leave.lease, now).map(|number| (number, leave.room))
}

/// Sends what follows what was finished, and remembers the alert for as long as anything of it is tried.
fn go_on(deliverer: &Deliverer, known: &mut Known, key: Key, (alert, rooms): (Alert, Rooms)) {
    let engine = &deliverer.0;
    let alert = Arc::new(alert);
    let is_tried = !alert.leased_to(&engine.settings.holder, engine.clock.now()).is_empty();
    deliverer.dispatch(&alert, rooms);
    if is_tried { drop(known.insert(key, alert)) } else { drop(known.remove(&key)) }
}

fn note<'a>(deliverer: &Deliverer, alert: &Alert, outcomes: impl Iterator<Item = &'a Done>) {
    for done in outcomes {
        let CameTo::Tried(outcome, attempt) = &done.came_to else { continue };
        let Some(delivery) = alert.delivery(done.number) else { continue };
        let Some(opening) = alert.opening(&delivery.receiver) else { continue };
        let kind = opening.receiver.target.kind();
        metrics::counter!("plimsoll_alert_attempts_total", "kind" => kind, "outcome" => attempt.result.as_str())
            .increment(1);
        match delivery.state_name() {
            "delivered" => {
                metrics::counter!("plimsoll_alerts_delivered_total", "kind" => kind).increment(1);
                let took = alert.updated_at.millis_since(delivery.created_at).max(0);
                metrics::histogram!("plimsoll_alert_delivery_seconds", "kind" => kind).record(took as f64 / 1_000.0);
            }
            "dead" => {
                metrics::counter!("plimsoll_alerts_dead_total", "kind" => kind).increment(1);
                tracing::error!(
                    tenant_id = %alert.tenant,
                    alert_id = %alert.id,
                    receiver = %delivery.receiver,
                    kind,
                    status = attempt.status,
                    words = attempt.words.as_str(),
                    "a delivery is dead: nobody is told of this alert here unless it is replayed"
                );
            }
            _ => {}
        }
        let failed = attempt.result != AttemptResult::Delivered;
        deliverer.0.health.note(alert, &opening.receiver, outcome, failed.then_some(attempt.words.as_str()));
    }
}
