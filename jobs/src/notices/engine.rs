//! The engine: finds the subscribers for whom something is ready, and has each of them told by one worker at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use metrics::{Gauge, gauge};
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use plimsoll_domain::alert::{DeliveryState, Lease};
use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::subscriber::Notice;
use plimsoll_domain::time::{Clock, Span, Timestamp};
use plimsoll_runtime::instruments::{Job, JobRuns};
use plimsoll_runtime::lifecycle::Lifecycle;
use plimsoll_store::{Result, Store};

use super::gates::Gates;
use super::line::Line;
use super::scenes::Scenes;
use super::send::Sender;
use super::tell;
use super::turns::{Key, Turns};

/// How long a process may take for one try, from the moment it has its turn.
const LEASE: Span = Span::from_seconds(60);
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// Subscribers whose notices are read at the same moment.
const READ_AT_ONCE: usize = 32;
/// Subscribers that are taken from the store at a time.
const TAKEN: usize = 500;
/// How many times as far is looked with each step behind those who have no turn yet, how far at most, and the pause for each
/// subscriber that was read by that: it must cost little.
const FURTHER: usize = 4;
const FARTHEST: usize = 200_000;
const PAUSE_FOR_EACH: Duration = Duration::from_micros(50);
/// Subscribers whose leases of a process that is gone are looked for at a start.
const RECLAIMED: usize = 5_000;

/// What notices need to know.
#[derive(Clone, Debug)]
pub struct NoticeSettings {
    /// Names this process among those that send.
    pub holder: String,
    /// How the outside names this installation, without a slash at its end.
    pub public_url: String,
}

/// Tells subscribers what is to be told. Clones share one engine.
#[derive(Clone)]
pub struct Announcer(pub(super) Arc<Engine>);

pub(super) struct Engine {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) sender: Arc<dyn Sender>,
    pub(super) settings: NoticeSettings,
    pub(super) stopping: CancellationToken,
    pub(super) gates: Gates,
    pub(super) line: Arc<Line>,
    pub(super) scenes: Scenes,
    /// Leave to read what is to be told. Nobody has one while they send, or wait to.
    pub(super) reading: Semaphore,
    turns: Turns,
    /// Whether more lies in the store than was taken.
    is_more: AtomicBool,
    workers: TaskTracker,
    woken: Notify,
    waiting: Gauge,
}

impl Announcer {
    /// Starts an engine within `life` that sends by `sender` what lies in `store`.
    pub fn start(
        store: &Arc<dyn Store>,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
        sender: Arc<dyn Sender>,
        settings: NoticeSettings,
        life: &Lifecycle,
    ) -> Self {
        let announcer = Self(Arc::new(Engine {
            store: Arc::clone(store),
            clock,
            entropy,
            sender,
            scenes: Scenes::new(&settings.public_url),
            settings,
            stopping: life.stopping().clone(),
            gates: Gates::default(),
            line: Line::new(),
            reading: Semaphore::new(READ_AT_ONCE),
            turns: Turns::default(),
            is_more: AtomicBool::new(false),
            workers: TaskTracker::new(),
            woken: Notify::new(),
            waiting: gauge!("plimsoll_notice_subscribers_waiting"),
        }));
        life.spawn::<String>("notices", announcer.clone().look_until_stopped());
        announcer
    }

    /// Says that something is stored that is to be sent.
    pub fn wake(&self) {
        self.0.woken.notify_one();
    }

    /// The same for whoever need not know what is woken.
    pub fn waker(&self) -> Arc<dyn Fn() + Send + Sync> {
        let announcer = self.clone();
        Arc::new(move || announcer.wake())
    }

    async fn look_until_stopped(self) -> std::result::Result<(), String> {
        let engine = &self.0;
        if engine.store.kind() == "embedded"
            && let Err(error) = self.reclaim().await
        {
            tracing::warn!(error = %error, "notices of the process before could not be taken back: their leases end by themselves");
        }
        let (mut goes_far_from, runs) = (Instant::now(), JobRuns::of(Job::Notices));
        while !engine.stopping.is_cancelled() {
            let looked = self.look(goes_far_from <= Instant::now()).await;
            match runs.note(looked, engine.clock.now()) {
                Ok(read) => goes_far_from = goes_far_from.max(Instant::now() + PAUSE_FOR_EACH * read),
                Err(error) => {
                    tracing::warn!(error = %error, "what subscribers are to be told could not be read: looking again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(BETWEEN_LOOKS) => {}
                () = engine.woken.notified() => {}
                () = engine.stopping.cancelled() => {}
            }
        }
        engine.workers.close();
        engine.workers.wait().await;
        Ok(())
    }

    /// Takes up whoever is to be told something, as far as there is room. Those of a tenant that has its share must not hide
    /// the others: it is looked behind them, if it `goes_far`. How many were read for that.
    async fn look(&self, goes_far: bool) -> Result<u32> {
        let engine = &self.0;
        // Those whose turn it is are found again until their notice is leased.
        let (mut most, mut read) = (engine.turns.count() + TAKEN, 0);
        loop {
            let found = engine.store.subscribers_to_tell_across_tenants(engine.clock.now(), most).await?;
            engine.waiting.set(found.len() as f64);
            let is_more = found.len() >= most;
            engine.is_more.store(is_more, Ordering::Release);
            for key in found {
                if engine.turns.take(&key) {
                    let turn = Turn { engine: Arc::clone(engine), key };
                    engine.workers.spawn(async move { tell::tell(&turn.engine, &turn.key).await });
                }
            }
            if !(is_more && goes_far) || most >= FARTHEST {
                return Ok(read);
            }
            most = most.saturating_mul(FURTHER).min(FARTHEST);
            read += u32::try_from(most).unwrap_or(u32::MAX);
        }
    }

    /// On the embedded store nobody else sends: whatever is leased was leased by a process that is gone.
    async fn reclaim(&self) -> Result<()> {
        let engine = &self.0;
        let now = engine.clock.now();
        let leased_by_others = |notice: &Notice| matches!(&notice.state, DeliveryState::Leased(lease) if lease.holder != engine.settings.holder);
        let found = engine.store.subscribers_to_tell_across_tenants(now.plus(LEASE), RECLAIMED).await?;
        for (tenant, subscriber) in found {
            let notices = engine.store.unfinished_notices(&tenant, &subscriber, tell::MOST_UNFINISHED).await?;
            for notice in notices.iter().filter(|notice| leased_by_others(notice)) {
                engine.store.change_notice(&notice.released(now)).await?;
            }
        }
        Ok(())
    }
}

impl Engine {
    /// Leave to send, from `now` on.
    pub(super) fn lease_from(&self, now: Timestamp) -> Lease {
        Lease { holder: self.settings.holder.clone(), until: now.plus(LEASE) }
    }

    /// 0 to 1.
    pub(super) fn chance(&self) -> f64 {
        f64::from(self.entropy.bytes()[0]) / 255.0
    }
}

/// A subscriber's turn. While there is one, nobody else in this process tells them anything.
struct Turn {
    engine: Arc<Engine>,
    key: Key,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let (left, over) = self.engine.turns.end(&self.key);
        if self.engine.is_more.load(Ordering::Acquire) && (left <= TAKEN / 2 || over >= TAKEN / 2) {
            self.engine.woken.notify_one();
        }
    }
}
