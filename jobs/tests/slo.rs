//! SLOs from tick to tick: late events, changed promises, what the public sees, what the gauges show.

mod world;

use plimsoll_domain::ids::SloType;
use plimsoll_domain::incident::IncidentStatus;
use plimsoll_domain::probe::ProbeSpec;
use plimsoll_domain::sample::Events;
use plimsoll_domain::sample::SampleStatus::{Down, Operational};
use plimsoll_domain::sketch::Sketch;
use plimsoll_domain::slo::{Measurement, Objective, Promise, SliKind, Slo, SloConfig, Step};
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_store::{Measurements, Samples, SeriesRecord, SloConfigs};

use world::World;

fn jobs() -> SloType {
    "jobs".parse().expect("a name")
}

async fn promise(world: &World, version: u64, slo: Slo) {
    world.store.put_slo_config(&world.tenant, &SloConfig { version, objectives: vec![slo] }).await.expect("stored");
}

async fn measured(world: &World, slo: &SloType) -> Measurement {
    let ever = Timestamp::from_seconds(1 << 33);
    let found = world.store.latest_measurements(&world.tenant, std::slice::from_ref(slo), ever).await;
    found.expect("read").pop().expect("measured")
}

async fn push(world: &World, ago: Span, good: u64, bad: u64) {
    let at = world.tick.start().minus(ago);
    let events = Events { at, good, bad, maintenance: false, latency: Sketch::of([40.0]) };
    let record = SeriesRecord::of_slo(&world.tenant, &jobs(), vec![events]);
    world.store.record_samples(&[record]).await.expect("recorded");
}

#[tokio::test]
async fn late_events_mend_the_figures_of_the_next_tick_and_of_a_new_process() {
    let mut world = World::new().await;
    promise(&world, 1, Slo::new(jobs(), SliKind::Events, Objective::THREE_NINES)).await;
    push(&world, Span::minutes(1), 10, 0).await;
    world.tick().await.expect("runs");
    for (round, ago) in [Span::minutes(90), Span::hours(5), Span::hours(23)].into_iter().enumerate() {
        push(&world, ago, 10, 1).await;
        world.tick().await.expect("runs");
        let late = round as u64 + 1;
        let now = measured(&world, &jobs()).await;
        assert_eq!((now.good, now.valid), (10 + 10 * late, 10 + 11 * late), "{ago} late");
    }
    world.restart();
    world.tick().await.expect("runs");
    let now = measured(&world, &jobs()).await;
    assert_eq!((now.good, now.valid), (40, 43));
    assert_eq!(now.latency, None, "quantiles are of SLOs of latency");
}

#[tokio::test]
async fn another_promise_is_noted_once_and_for_ever() {
    let mut world = World::new().await;
    let slo = Slo::new(jobs(), SliKind::Events, Objective::THREE_NINES);
    promise(&world, 1, slo.clone()).await;
    for _ in 0..2 {
        world.tick().await.expect("runs");
    }
    let window = slo.window;
    promise(&world, 2, Slo { window: Span::days(7).into(), ..slo }).await;
    world.tick().await.expect("runs");
    let noted = measured(&world, &jobs()).await;
    assert_eq!(noted.changed, Some(Promise { objective: Objective::THREE_NINES, window }));
    assert_eq!(noted.step, Step::Day);
    world.restart();
    world.run_again().await.expect("runs");
    assert_eq!(measured(&world, &jobs()).await, noted, "the same tick says the same");
    world.tick().await.expect("runs");
    assert_eq!(measured(&world, &jobs()).await.changed, None);
}

#[tokio::test]
async fn the_public_sees_the_burn_down_of_a_public_slo_and_of_no_other() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Push).await;
    let slo = Slo { window: Span::hours(1).into(), ..Slo::default_availability() };
    promise(&world, 1, slo.clone()).await;
    world.push(&api, Operational).await;
    world.tick().await.expect("runs");
    assert_eq!(world.page().await.slos, []);

    promise(&world, 2, Slo { public: true, ..slo }).await;
    for status in [Operational, Down, Operational] {
        world.push(&api, status).await;
        world.tick().await.expect("runs");
    }
    let shown = world.page().await.slos.remove(0);
    assert_eq!((shown.components, shown.sli), (vec![api], Some(0.75)));
    let remaining: Vec<_> = shown.series.iter().map(|point| point.remaining_ratio).collect();
    assert_eq!(remaining, [Some(1.0), Some(1.0), Some(-332.333), Some(-249.0)]);
    world.restart();
    world.run_again().await.expect("runs");
    assert_eq!(world.page().await.slos[0].series, shown.series, "it is read back");
}

#[tokio::test]
async fn a_public_budget_that_burns_opens_an_incident_that_ends_when_it_is_public_no_more() {
    let mut world = World::new().await;
    let slo = Slo::new(jobs(), SliKind::Events, Objective::THREE_NINES);
    promise(&world, 1, slo.clone()).await;
    for _ in 0..130 {
        push(&world, Span::minutes(0), 1, 9).await;
        world.tick().await.expect("runs");
    }
    assert!(world.incidents().await.is_empty(), "it is not public");
    promise(&world, 2, Slo { public: true, ..slo.clone() }).await;
    push(&world, Span::minutes(0), 1, 9).await;
    world.tick().await.expect("runs");
    world.run_again().await.expect("runs");
    let incident = world.incidents().await.remove(0);
    assert_eq!((incident.title.as_str(), incident.is_open()), ("Raised error rate: jobs", true));
    for _ in 0..10 {
        world.tick().await.expect("runs");
    }
    assert_eq!(world.incidents().await, [incident], "nothing is known of the last minutes: it stays as it is");
    let alerts = plimsoll_store::AlertFilter::all(Timestamp::from_seconds(0)..Timestamp::from_seconds(1 << 33));
    let told =
        plimsoll_store::Alerts::alerts(world.store.as_ref(), &world.tenant, &alerts, None, 10).await.expect("reads");
    assert!(told.iter().all(|alert| alert.content.source != "incident"), "the tiers tell of themselves");
    promise(&world, 3, slo).await;
    world.tick().await.expect("runs");
    assert!(world.incidents().await.iter().all(|incident| !incident.is_open()));
}

#[tokio::test]
async fn a_budget_that_burns_opens_nothing_beside_what_a_person_tells_of_its_component() {
    let mut world = World::new().await;
    let api = world.add("api", ProbeSpec::Push).await;
    promise(&world, 1, Slo { public: true, ..Slo::default_availability() }).await;
    world.say("by-hand", IncidentStatus::Identified, &[&api]).await;
    for _ in 0..130 {
        world.push(&api, Down).await;
        world.tick().await.expect("runs");
    }
    assert!(measured(&world, &Slo::default_availability().slo_type).await.tiers[0].firing_since.is_some());
    let titles: Vec<_> = world.incidents().await.into_iter().map(|incident| incident.title).collect();
    assert_eq!(titles, ["Slow"]);
}

#[tokio::test]
async fn gauges_show_what_is_known_and_go_with_their_slo() {
    let mut world = World::new().await;
    promise(&world, 1, Slo::new(jobs(), SliKind::Events, Objective::THREE_NINES)).await;
    world.tick().await.expect("runs");
    let promised = "plimsoll_slo_objective_ratio{tenant=\"acme\",slo_type=\"jobs\"} 0.999\n";
    assert!(world.gauges().contains(promised), "{}", world.gauges());
    let known = world.gauges().replace(promised, "");
    assert!(!known.contains("slo_type=\"jobs\""), "nothing else is known yet");
    push(&world, Span::minutes(1), 1, 1).await;
    world.tick().await.expect("runs");
    assert!(world.gauges().contains("plimsoll_slo_compliance_ratio{tenant=\"acme\",slo_type=\"jobs\"} 0.5"));
    promise(&world, 2, Slo::default_availability()).await;
    world.tick().await.expect("runs");
    assert!(!world.gauges().contains("slo_type=\"jobs\""));
}
