//! What whoever fires takes of whoever sends: room for each delivery, which is given back unless it is sent.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use futures_util::poll;
use plimsoll_domain::alert::{
    Alert, AlertConfig, Content, Lease, Receiver, ReceiverName, Router, Severity, Signal, SignalAction, Target,
};
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_store::alerting::{Alerting, Handoff, Leave, Rooms};
use plimsoll_store::faulty::{Faulty, When};
use plimsoll_store::{AlertConfigs, Store};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

struct Seat(Arc<AtomicUsize>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Somebody who could send: counts the room that is taken, and keeps that of what is handed over.
#[derive(Default)]
struct Desk {
    taken: Arc<AtomicUsize>,
    handed_over: Mutex<Vec<(Arc<Alert>, Rooms)>>,
}

impl Handoff for Desk {
    fn lease(&self, _: &TenantId, _: &ReceiverName, now: Timestamp) -> Option<Leave> {
        self.taken.fetch_add(1, Ordering::SeqCst);
        let lease = Lease { holder: "desk".to_owned(), until: now.plus(Span::from_seconds(60)) };
        Some(Leave { lease, room: Box::new(Seat(Arc::clone(&self.taken))) })
    }

    fn hand_over(&self, alert: Arc<Alert>, rooms: Rooms) {
        self.handed_over.lock().expect("not poisoned").push((alert, rooms));
    }

    fn wake(&self) {}
}

impl Desk {
    /// The room that is taken, and that which was handed over.
    fn rooms(&self) -> (usize, usize) {
        let handed_over = self.handed_over.lock().expect("not poisoned");
        (self.taken.load(Ordering::SeqCst), handed_over.iter().map(|(_, rooms)| rooms.len()).sum())
    }

    /// The numbers of deliveries that were handed over with room, in their order.
    fn numbers(&self) -> Vec<Vec<u32>> {
        let sorted = |rooms: &Rooms| {
            let mut numbers: Vec<u32> = rooms.keys().copied().collect();
            numbers.sort_unstable();
            numbers
        };
        self.handed_over.lock().expect("not poisoned").iter().map(|(_, rooms)| sorted(rooms)).collect()
    }
}

struct World {
    store: Arc<Faulty>,
    desk: Arc<Desk>,
    tenant: TenantId,
    _folder: tempfile::TempDir,
}

impl World {
    /// A tenant whose alerts go to two mailboxes.
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(Faulty::embedded(folder.path()).await.expect("opens"));
        let tenant: TenantId = "acme".parse().expect("a slug");
        let receiver = |name: &str| Receiver {
            name: name.parse().expect("a name"),
            target: Target::Email { to: vec![format!("{name}@example.com")] },
        };
        let receivers = vec![receiver("first"), receiver("second")];
        let default_receivers = receivers.iter().map(|receiver| receiver.name.clone()).collect();
        let router = Router { default_receivers, ..Router::default() };
        let config = AlertConfig { version: 1, receivers, router, ..AlertConfig::default() };
        store.put_alert_config(&tenant, &config).await.expect("stores");
        Self { store, desk: Arc::default(), tenant, _folder: folder }
    }

    fn alerting(&self) -> Alerting {
        Alerting::new(Arc::clone(&self.store) as Arc<dyn Store>, Arc::clone(&self.desk) as Arc<dyn Handoff>)
    }

    async fn fire(&self, signals: &[Signal]) -> plimsoll_store::Result<()> {
        self.alerting().fire(&self.tenant, signals, NOW).await.map(drop)
    }

    /// Waits until as much room is taken as was handed over.
    async fn settled(&self) -> usize {
        let settling = async {
            loop {
                let (taken, handed_over) = self.desk.rooms();
                if taken == handed_over {
                    return taken;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let settled = tokio::time::timeout(Duration::from_secs(10), settling).await;
        settled.unwrap_or_else(|_| panic!("room that nobody has: (taken, handed over) = {:?}", self.desk.rooms()))
    }
}

fn signal(action: SignalAction, key: &str) -> Signal {
    let content = Content::of("The database is down", Severity::Critical, "ci");
    Signal::new(action, key, Some(content), "ann")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_handed_over_with_its_room_and_a_resolve_waits_behind_it() {
    let world = World::new().await;
    let triggers = ["db", "disk"].map(|key| signal(SignalAction::Trigger, key));
    world.fire(&triggers).await.expect("stored");
    assert_eq!((world.desk.rooms(), world.desk.numbers()), ((4, 4), vec![vec![1, 2], vec![1, 2]]));
    world.fire(&[signal(SignalAction::Resolve, "db")]).await.expect("stored");
    assert_eq!(world.desk.rooms(), (4, 4), "nobody may send that yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_keeps_no_room() {
    let world = World::new().await;
    world.store.fail_method("put_alerts_and_tell", When::Before);
    world.fire(&[signal(SignalAction::Trigger, "db")]).await.expect_err("fails");
    assert_eq!(world.settled().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_again_is_handed_over_again_and_takes_no_room() {
    let world = World::new().await;
    for _ in 0..2 {
        world.fire(&[signal(SignalAction::Trigger, "db")]).await.expect("stored");
    }
    assert_eq!((world.desk.rooms(), world.desk.numbers()), ((2, 2), vec![vec![1, 2], vec![]]));
}

/// A client that hangs up, or a limit of time: the work stops at whatever it waits for.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_goes_away_keeps_no_room_wherever_that_is() {
    let world = World::new().await;
    let mut finished = 0;
    for polls in 1..=12 {
        let signals = [signal(SignalAction::Trigger, &format!("db-{polls}"))];
        let mut firing = pin!(world.fire(&signals));
        for _ in 0..polls {
            if let Poll::Ready(fired) = poll!(firing.as_mut()) {
                fired.expect("stored");
                finished += 1;
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert!((1..12).contains(&finished), "some went away, some did not: {finished}");
    assert!(world.settled().await >= 2 * finished);
}
