//! Histories by chance, each measurement held against what is raw.

use proptest::prelude::*;
use proptest::sample::select;

use plimsoll_domain::time::{Interval, Span, Timestamp};

use crate::history::{any_slos, any_stretch};
use crate::play::{Care, play};

/// Instants before something happens to a calendar: clocks are put on or back, a year ends, a February has 29 days.
const MOMENTS: [&str; 11] = [
    "2026-03-29T00:00:00Z",
    "2026-10-25T00:00:00Z",
    "2026-03-08T06:00:00Z",
    "2026-11-01T05:00:00Z",
    "2026-04-04T15:00:00Z",
    "2026-10-03T15:30:00Z",
    "2025-12-31T23:00:00Z",
    "2024-02-28T23:00:00Z",
    "2024-02-29T18:30:00Z",
    "2023-10-01T03:00:00Z",
    "2024-10-31T21:00:00Z",
];

/// Some hours before such a moment, to the second.
fn any_start() -> impl Strategy<Value = Timestamp> {
    (select(MOMENTS.to_vec()), 0i64..100_000).prop_map(|(moment, before)| {
        let moment: Timestamp = moment.parse().expect("an instant");
        moment.minus(Span::from_seconds(before))
    })
}

fn any_interval() -> impl Strategy<Value = Interval> {
    select(vec![60i64, 77, 300, 300]).prop_map(|seconds| Interval::from_seconds(seconds).expect("an interval"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_figure_equals_what_the_raw_samples_and_events_say(
        start in any_start(),
        interval in any_interval(),
        slos in any_slos(),
        history in prop::collection::vec(any_stretch(), 1..24),
    ) {
        play(slos, interval, start, &history, Care { measured_each: 7, afresh: false });
    }

    #[test]
    fn accounts_that_were_moved_on_equal_accounts_made_afresh(
        start in any_start(),
        interval in any_interval(),
        slos in any_slos(),
        history in prop::collection::vec(any_stretch(), 1..12),
    ) {
        play(slos, interval, start, &history, Care { measured_each: 3, afresh: true });
    }
}
