//! Whoever is asked to subscribe is not asked too often, whoever asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::subscriber::{Channel, ChannelKind, Subscriber, Subscription};
use plimsoll_domain::time::{Clock, Span, Timestamp};
use plimsoll_store::Store;
use plimsoll_store::embedded::{EmbeddedStore, Limits};
use plimsoll_store::subscribing::{AskError, Subscribing};

struct Same;

impl Entropy for Same {
    fn bytes(&self) -> [u8; 32] {
        [7; 32]
    }
}

struct StandingClock(AtomicI64);

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

struct World {
    store: Arc<dyn Store>,
    clock: Arc<StandingClock>,
    subscribing: Subscribing,
    woken: Arc<AtomicU64>,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = EmbeddedStore::open(folder.path(), Limits::default()).await.expect("opens");
        let store: Arc<dyn Store> = Arc::new(store);
        let clock = Arc::new(StandingClock(AtomicI64::new(1_700_000_000_000)));
        let woken = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&woken);
        let wake = Arc::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let time_and_chance = (Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(Same) as Arc<dyn Entropy>);
        let subscribing = Subscribing::new(Arc::clone(&store), time_and_chance, wake);
        Self { store, clock, subscribing, woken, _folder: folder }
    }

    async fn ask(&self, tenant: &TenantId, address: &str) -> Result<Subscriber, AskError> {
        let channel = Channel::new(ChannelKind::Email, address, &Same);
        let wanted = Subscription { channel, components: [].into(), events: [].into(), locale: None };
        self.subscribing.clone().ask(tenant, wanted, "public").await
    }

    fn pass(&self, span: Span) {
        self.clock.0.fetch_add(span.seconds() * 1_000, Ordering::Relaxed);
    }
}

fn tenant(number: usize) -> TenantId {
    format!("acme-{number}").parse().expect("a slug")
}

#[tokio::test]
async fn one_address_is_sent_three_links_at_once_and_not_more_for_any_page() {
    let world = World::new().await;
    for number in 0..3 {
        world.ask(&tenant(number), "Ops@example.org").await.expect("is asked");
    }
    let refused = world.ask(&tenant(3), "ops@EXAMPLE.org").await;
    assert!(matches!(refused, Err(AskError::TooOften { seconds: 1_200 })), "{refused:?}");
    assert_eq!(world.store.subscribers(&tenant(3), None, 9).await.expect("reads"), [], "nothing is stored");
    assert_eq!(world.store.notices(&tenant(3), None, None, 9).await.expect("reads"), [], "nor sent");
    assert_eq!(world.woken.load(Ordering::Relaxed), 3);
    world.ask(&tenant(3), "dev@example.org").await.expect("somebody else is asked");
    let known = world.ask(&tenant(0), "ops@example.org").await.expect("asked a moment ago: nothing is sent");
    assert_eq!(known.version, 1);
}

#[tokio::test]
async fn whoever_was_removed_is_not_asked_as_if_for_the_first_time() {
    let world = World::new().await;
    let mut sent = 0;
    for _ in 0..3 * 24 * 6 {
        if let Ok(asked) = world.ask(&tenant(0), "ops@example.org").await {
            sent += 1;
            assert!(world.store.remove_subscriber(&tenant(0), &asked.id).await.expect("removes"));
        }
        world.pass(Span::minutes(10));
    }
    assert!((30..=40).contains(&sent), "ten at once and then ten a day, for three days: {sent}");
}
