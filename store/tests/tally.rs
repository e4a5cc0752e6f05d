//! What is counted of frontend apps is stored as sums, whatever fails in between, and sessions become events.

use std::sync::Arc;

use plimsoll_domain::frontend::{Counted, Counts};
use plimsoll_domain::ids::{AppId, HourKey, Series, SloType, TenantId};
use plimsoll_domain::slo::{Objective, SliKind, Slo, SloConfig};
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_store::faulty::{Faulty, When};
use plimsoll_store::tally::Tally;
use plimsoll_store::{Samples, SloConfigs, Store};

struct World {
    store: Arc<Faulty>,
    tenant: TenantId,
    app: AppId,
    slo: SloType,
    _folder: tempfile::TempDir,
}

/// Half past noon, some day.
const NOW: Timestamp = Timestamp::from_seconds(1_793_536_200);

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let id = "an id";
        Self {
            store: Arc::new(Faulty::embedded(folder.path()).await.expect("opens")),
            tenant: "acme".parse().expect(id),
            app: "web".parse().expect(id),
            slo: "crash-free".parse().expect(id),
            _folder: folder,
        }
    }

    fn tally(&self, source: &str) -> Tally {
        Tally::new(Arc::<Faulty>::clone(&self.store) as Arc<dyn Store>, source.to_owned())
    }

    /// How many errors this tally knows of on the day of `at`.
    async fn errors(&self, tally: &Tally, at: Timestamp) -> u64 {
        let days = tally.read(&self.tenant, &self.app, at.day()..at.day().plus(1)).await.expect("reads");
        days.get(&at.day()).map_or(0, |counts| counts.of(Counted::EventsError))
    }

    async fn promise(&self) {
        let slo = Slo::new(self.slo.clone(), SliKind::CrashFreeSessions, Objective::THREE_NINES);
        let config = SloConfig { version: 1, objectives: vec![slo] };
        self.store.put_slo_config(&self.tenant, &config).await.expect("stores");
    }

    /// (good, bad) that are recorded, portion by portion.
    async fn sessions(&self) -> Vec<(u64, u64)> {
        let key = HourKey { tenant: self.tenant.clone(), series: Series::from(&self.slo), hour: NOW.hour() };
        let hours = self.store.sample_hours(std::slice::from_ref(&key)).await.expect("reads");
        hours.get(&key).map(|hour| hour.events().map(|events| (events.good, events.bad)).collect()).unwrap_or_default()
    }
}

fn errors(many: u64) -> Counts {
    let mut counts = Counts::default();
    counts.count(Counted::EventsError, many);
    counts
}

fn sessions(started: u64, crashed: u64) -> Counts {
    let mut counts = Counts::default();
    counts.count(Counted::SessionsStarted, started);
    counts.count(Counted::SessionsCrashed, crashed);
    counts
}

#[tokio::test]
async fn what_processes_count_side_by_side_is_added_up() {
    let world = World::new().await;
    let (one, other) = (world.tally("one"), world.tally("other"));
    one.of(&world.tenant, &world.app).add(&errors(2), NOW);
    other.of(&world.tenant, &world.app).add(&errors(5), NOW);
    assert_eq!((world.errors(&one, NOW).await, world.errors(&other, NOW).await), (2, 5));
    for tally in [&one, &other, &one, &other] {
        tally.flush(NOW).await.expect("stores");
    }
    assert_eq!((world.errors(&one, NOW).await, world.errors(&other, NOW).await), (7, 7));
    // A process that comes after them has a name of its own.
    let third = world.tally("third");
    third.of(&world.tenant, &world.app).add(&errors(1), NOW);
    assert_eq!(world.errors(&third, NOW).await, 8);
}

#[tokio::test]
async fn a_store_that_fails_makes_nothing_count_twice_or_not_at_all() {
    let world = World::new().await;
    let tally = world.tally("one");
    let app = tally.of(&world.tenant, &world.app);
    for when in [When::Before, When::After] {
        app.add(&errors(1), NOW);
        world.store.fail_method("put_app_counts", when);
        tally.flush(NOW).await.expect_err("fails");
        world.store.heal();
    }
    app.add(&errors(1), NOW);
    tally.flush(NOW).await.expect("stores");
    tally.flush(NOW).await.expect("stores");
    assert_eq!(world.errors(&world.tally("reader"), NOW).await, 3);
}

#[tokio::test]
async fn a_day_that_is_over_can_still_be_added_to() {
    let world = World::new().await;
    let tally = world.tally("one");
    let app = tally.of(&world.tenant, &world.app);
    app.add(&errors(4), NOW);
    let tomorrow = NOW.plus(Span::days(1));
    tally.flush(tomorrow).await.expect("stores");
    // One that came before midnight and was answered after it.
    app.add(&errors(1), NOW);
    tally.flush(tomorrow).await.expect("stores");
    assert_eq!((world.errors(&tally, NOW).await, world.errors(&tally, tomorrow).await), (5, 0));
}

#[tokio::test]
async fn sessions_are_events_of_the_slos_of_their_kind() {
    let world = World::new().await;
    world.promise().await;
    let tally = world.tally("one");
    let app = tally.of(&world.tenant, &world.app);
    app.add(&sessions(10, 1), NOW);
    tally.flush(NOW).await.expect("stores");
    // Nothing new is no portion; one that crashed after it began is made up for by the next that begin.
    tally.flush(NOW.plus(Span::from_seconds(10))).await.expect("stores");
    app.add(&sessions(0, 2), NOW);
    tally.flush(NOW.plus(Span::from_seconds(20))).await.expect("stores");
    app.add(&sessions(5, 0), NOW);
    tally.flush(NOW.plus(Span::from_seconds(30))).await.expect("stores");
    assert_eq!(world.sessions().await, [(9, 1), (0, 2), (3, 0)]);
}

#[tokio::test]
async fn sessions_wait_for_a_store_that_is_away_and_are_recorded_once() {
    let world = World::new().await;
    world.promise().await;
    let tally = world.tally("one");
    let app = tally.of(&world.tenant, &world.app);
    for (second, when) in [(0, When::Before), (10, When::After)] {
        app.add(&sessions(3, 0), NOW);
        world.store.fail_method("record_samples", when);
        tally.flush(NOW.plus(Span::from_seconds(second))).await.expect_err("fails");
        world.store.heal();
    }
    tally.flush(NOW.plus(Span::from_seconds(20))).await.expect("stores");
    assert_eq!(world.sessions().await, [(3, 0), (3, 0)]);
}

#[tokio::test]
async fn a_tenant_without_such_a_promise_records_none() {
    let world = World::new().await;
    let tally = world.tally("one");
    tally.of(&world.tenant, &world.app).add(&sessions(3, 0), NOW);
    tally.flush(NOW).await.expect("stores");
    assert_eq!(world.sessions().await, []);
}
