//! Envelopes that wait, against a Sentry that comes and goes and a store that fails on demand: all of them arrive, in
//! order, and none waits for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use plimsoll_domain::frontend::{App, Counted, FrontendApps, RateLimits, SampleRates, SpooledEnvelope};
use plimsoll_domain::ids::{AppId, SpoolId, TenantId};
use plimsoll_domain::time::{Clock, Span, Timestamp};
use plimsoll_jobs::relay::{Relay, RelayParts};
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::upstream::Upstream;
use plimsoll_store::faulty::{Faulty, When};
use plimsoll_store::tally::Tally;
use plimsoll_store::{Frontends, Spool, Store};
use plimsoll_tests::frontend::{envelope, number};
use plimsoll_tests::receivers::{Reply, Sentry};
use tokio_util::sync::CancellationToken;

struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

struct World {
    store: Arc<Faulty>,
    clock: Arc<SetClock>,
    sentry: Sentry,
    tally: Arc<Tally>,
    relay: Relay,
    tenant: TenantId,
    app: AppId,
    next: u64,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(Faulty::embedded(folder.path()).await.expect("opens"));
        let shared: Arc<dyn Store> = Arc::<Faulty>::clone(&store);
        let clock = Arc::new(SetClock(AtomicI64::new(1_793_536_200_000)));
        let tally = Arc::new(Tally::new(Arc::clone(&shared), "test".to_owned()));
        let loopback = Egress::new(&["127.0.0.0/8".parse().expect("a network")]);
        let parts = RelayParts {
            store: shared,
            clock: Arc::<SetClock>::clone(&clock),
            upstream: Upstream::new(&loopback),
            tally: Arc::clone(&tally),
            holder: ("alone".to_owned(), Span::from_seconds(90)),
        };
        let (tenant, app) = ("acme".parse().expect("a slug"), "web".parse().expect("a slug"));
        let relay = Relay::new(parts, CancellationToken::new());
        let world =
            Self { store, clock, sentry: Sentry::start().await, tally, relay, tenant, app, next: 0, _folder: folder };
        world.register(1).await;
        world
    }

    /// Makes the app, for project 1 of this Sentry.
    async fn register(&self, version: u64) {
        let app = App {
            id: self.app.clone(),
            key: "pla_x".to_owned(),
            name: "Web".to_owned(),
            dsn: self.sentry.dsn(1).parse().expect("a DSN"),
            environment: None,
            release: None,
            sample_rates: SampleRates::default(),
            allowed_origins: Vec::new(),
            rate_limits: RateLimits::default(),
            tunnel: None,
            created_at: self.clock.now(),
            dsn_since: self.clock.now(),
        };
        let apps =
            FrontendApps { tenant: self.tenant.clone(), version, alias: None, alias_since: None, apps: vec![app] };
        self.store.put_frontend_apps(&apps).await.expect("stores");
    }

    /// Puts the next envelopes aside.
    async fn put_aside(&mut self, many: u64) {
        for _ in 0..many {
            let body = envelope(&self.sentry.dsn(1), self.next, &[("event", serde_json::json!({"message": "x"}))]);
            let envelope = SpooledEnvelope {
                id: SpoolId::of(self.clock.now(), "p", self.next),
                tenant: self.tenant.clone(),
                app: self.app.clone(),
                received_at: self.clock.now(),
                headers: headers(),
                body,
            };
            self.store.spool_envelope(&envelope).await.expect("stores");
            self.next += 1;
        }
    }

    fn pass(&self, span: Span) {
        self.clock.0.fetch_add(span.seconds() * 1_000, Ordering::Relaxed);
    }

    /// Turns until none gets on.
    async fn turn(&mut self) {
        while self.relay.turn().await.expect("the store answers") {}
    }

    async fn waiting(&self) -> usize {
        self.store.spooled_envelopes(&self.tenant, &self.app, None, (1_000, u64::MAX)).await.expect("reads").len()
    }

    /// The numbers of those that Sentry took, in order.
    fn taken(&self) -> Vec<u64> {
        assert_eq!(self.sentry.faults(), Vec::<String>::new());
        self.sentry.of_accepted(number)
    }

    async fn counted(&self, what: Counted) -> u64 {
        let day = self.clock.now().day();
        let counts = self.tally.read(&self.tenant, &self.app, day..day.plus(1)).await.expect("reads");
        counts.get(&day).map_or(0, |counts| counts.of(what))
    }
}

#[tokio::test]
async fn what_waits_is_passed_on_in_the_order_it_came() {
    let mut world = World::new().await;
    world.put_aside(100).await;
    world.turn().await;
    assert_eq!(world.taken(), (0..100).collect::<Vec<_>>());
    assert_eq!((world.waiting().await, world.counted(Counted::SpoolRelayed).await), (0, 100));
    assert_eq!(world.sentry.connections(), 1);
}

#[tokio::test]
async fn a_sentry_that_is_away_is_asked_again_later_and_later() {
    let mut world = World::new().await;
    world.put_aside(3).await;
    world.sentry.stop();
    for rest in [1, 2, 4] {
        world.turn().await;
        world.pass(Span::from_seconds(rest - 1));
        world.turn().await;
        world.pass(Span::from_seconds(1));
    }
    assert_eq!(world.waiting().await, 3);
    world.sentry.start_again().await;
    world.turn().await;
    assert_eq!((world.taken(), world.waiting().await), (vec![0, 1, 2], 0));
}

#[tokio::test]
async fn a_limit_of_sentrys_is_heeded() {
    let mut world = World::new().await;
    world.put_aside(3).await;
    let limit = Reply::Limited(30, "30::key".to_owned());
    world.sentry.answer_with([Reply::Accept, limit]);
    world.turn().await;
    world.pass(Span::from_seconds(29));
    world.turn().await;
    assert_eq!((world.taken(), world.sentry.came().len()), (vec![0], 2));
    world.pass(Span::from_seconds(1));
    world.turn().await;
    assert_eq!(world.taken(), [0, 1, 2]);
}

#[tokio::test]
async fn one_that_sentry_chokes_on_steps_aside_and_is_given_up_after_a_day() {
    let mut world = World::new().await;
    world.put_aside(3).await;
    world.sentry.answer_by(|came| if number(came) == 1 { Reply::Status(500) } else { Reply::Accept });
    for _ in 0..5 {
        world.turn().await;
        world.pass(Span::from_seconds(60));
    }
    assert_eq!((world.taken(), world.waiting().await), (vec![0, 2], 1));
    // What comes after it goes past it.
    world.put_aside(1).await;
    world.turn().await;
    assert_eq!((world.taken(), world.waiting().await), (vec![0, 2, 3], 1));
    world.pass(Span::hours(24));
    world.turn().await;
    assert_eq!((world.waiting().await, world.counted(Counted::SpoolExpired).await), (0, 1));
}

#[tokio::test]
async fn several_in_a_row_that_sentry_chokes_on_step_aside_together() {
    let mut world = World::new().await;
    world.put_aside(6).await;
    world.sentry.answer_by(|came| if (1..=3).contains(&number(came)) { Reply::Status(500) } else { Reply::Accept });
    for _ in 0..5 {
        world.turn().await;
        world.pass(Span::from_seconds(60));
    }
    assert_eq!((world.taken(), world.waiting().await), (vec![0, 4, 5], 3));
}

#[tokio::test]
async fn a_few_that_are_all_answered_badly_are_not_tried_without_a_rest() {
    let mut world = World::new().await;
    world.put_aside(2).await;
    world.sentry.answer_always(Reply::Status(503));
    for _ in 0..10 {
        world.turn().await;
        world.pass(Span::from_seconds(60));
    }
    let before = world.sentry.came().len();
    for _ in 0..10 {
        world.turn().await;
    }
    assert!(world.sentry.came().len() - before <= 2, "it was asked again and again");
}

#[tokio::test]
async fn in_a_bad_hour_the_order_stays_and_nothing_is_given_up() {
    let mut world = World::new().await;
    world.put_aside(3).await;
    for status in [502, 404, 401, 503, 503, 502, 500, 503] {
        world.sentry.answer_always(Reply::Status(status));
        world.turn().await;
        world.pass(Span::from_seconds(60));
    }
    assert_eq!(world.waiting().await, 3);
    world.sentry.answer_always(Reply::Accept);
    world.turn().await;
    assert_eq!((world.taken(), world.waiting().await), (vec![0, 1, 2], 0));
}

#[tokio::test]
async fn what_sentry_refuses_is_not_sent_again() {
    let mut world = World::new().await;
    world.put_aside(2).await;
    world.sentry.answer_with([Reply::Status(413)]);
    world.turn().await;
    assert_eq!((world.taken(), world.waiting().await), (vec![1], 0));
    assert_eq!(world.counted(Counted::SpoolRefused).await, 1);
}

#[tokio::test]
async fn a_store_that_fails_loses_nothing() {
    let mut world = World::new().await;
    world.put_aside(2).await;
    world.store.fail_method("remove_spooled", When::Before);
    world.turn().await;
    world.pass(Span::from_seconds(60));
    world.turn().await;
    assert_eq!(world.waiting().await, 2);
    world.store.heal();
    world.pass(Span::from_seconds(60));
    world.turn().await;
    // What Sentry has is not sent again because the store could not be told.
    assert_eq!((world.taken(), world.waiting().await), (vec![0, 1], 0));
}

#[tokio::test]
async fn nothing_waits_for_an_app_that_is_gone() {
    let mut world = World::new().await;
    world.put_aside(2).await;
    let none =
        FrontendApps { tenant: world.tenant.clone(), version: 2, alias: None, alias_since: None, apps: Vec::new() };
    world.store.put_frontend_apps(&none).await.expect("stores");
    world.turn().await;
    assert_eq!((world.taken(), world.waiting().await), (vec![], 0));
}

/// As the tunnel keeps them.
fn headers() -> Vec<(String, String)> {
    let headers = [("content-type", "application/x-sentry-envelope"), ("x-forwarded-for", "192.0.2.7")];
    headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}
