//! The rules under random histories.

use proptest::prelude::*;

use crate::steps::step;
use crate::world::World;

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, max_shrink_iters: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn no_alert_is_lost_and_none_is_left_open_whatever_happens(
        cooldown in prop::sample::select(vec![0i64, 60, 300]),
        repeats in any::<bool>(),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut world = World::new(cooldown, repeats.then_some(600));
        for step in &steps {
            world.step(step);
        }
        world.drain();
        world.assert_right();
    }
}
