//! Long histories: an alert is one document, and stays a small one.

use plimsoll_domain::alert::Severity;
use proptest::prelude::*;

use crate::steps::{Step, Try, step};
use crate::world::World;

fn trigger(severity: Severity) -> Step {
    Step::Trigger { severity, team: "core", refresh: false, expires: None, named: false, marked: false }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, max_shrink_iters: 100, ..ProptestConfig::default() })]

    #[test]
    fn the_document_stays_bounded_and_right_in_long_histories(
        cooldown in prop::sample::select(vec![0i64, 300]),
        steps in prop::collection::vec(step(), 1_000..1_500),
    ) {
        let mut world = World::new(cooldown, Some(600));
        for step in &steps {
            world.step(step);
        }
        world.drain();
        world.assert_right();
    }
}

/// One receiver takes nothing for a day, while the alert flaps: the others hear of it in order, and it is right in the end.
#[test]
fn a_receiver_that_is_away_while_an_alert_flaps_is_right_in_the_end() {
    let mut world = World::new(60, None);
    for round in 0..400_usize {
        world.step(&trigger(Severity::ALL[round % 4]));
        world.step(&Step::Send(0, Try::Unsure { arrived: round % 2 == 0 }));
        world.step(&Step::Send(1, Try::Delivered));
        world.step(&Step::Wait(31));
        world.step(&Step::Look);
        if round % 3 == 0 {
            world.step(&Step::Resolve { marked: false });
        }
    }
    world.drain();
    world.assert_right();
}

/// The same, all in one instant: nothing has had the time to be tried.
#[test]
fn a_resolve_that_waits_is_not_joined_by_more_of_them() {
    let mut world = World::new(300, None);
    for _ in 0..300 {
        world.step(&trigger(Severity::Error));
        world.step(&Step::Resolve { marked: false });
    }
    let waiting =
        world.latest.as_ref().map_or(0, |alert| alert.deliveries.iter().filter(|one| !one.is_finished()).count());
    assert!(waiting <= 4, "{waiting}");
    world.drain();
    world.assert_right();
}
