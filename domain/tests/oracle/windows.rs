//! Where windows start, in every time zone there is.

use chrono_tz::TZ_VARIANTS;
use proptest::prelude::*;
use proptest::sample::select;

use plimsoll_domain::slo::Window;
use plimsoll_domain::time::Timestamp;

use crate::calendar;

/// 2015 and 2040, in seconds: before, a few zones moved by more for once.
const RECENT_YEARS: std::ops::Range<i64> = 1_420_070_400..2_208_988_800;
/// 1990 and 2040, in seconds.
const YEARS: std::ops::Range<i64> = 631_152_000..2_208_988_800;

fn check(window: &str, end: i64) -> Result<(), TestCaseError> {
    let window: Window = window.parse().expect("a window");
    let end_at = Timestamp::from_millis(end);
    prop_assert_eq!(window.start(end_at).millis(), calendar::start(window, end), "{} at {}", window, end_at);
    prop_assert_eq!(window.length(end_at).seconds() * 1_000, calendar::length(window, end), "{} at {}", window, end_at);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_calendar_window_starts_with_its_first_local_date(
        zone in select(TZ_VARIANTS.to_vec()),
        unit in select(vec!["week", "month", "quarter"]),
        second in YEARS,
    ) {
        check(&format!("{unit} {}", zone.name()), second * 1_000)?;
    }

    #[test]
    fn so_it_does_when_its_first_instant_is_near(
        zone in select(TZ_VARIANTS.to_vec()),
        unit in select(vec!["week", "month", "quarter"]),
        second in YEARS,
        near in -8i64..8,
    ) {
        let window: Window = format!("{unit} {}", zone.name()).parse().expect("a window");
        let start = calendar::start(window, second * 1_000);
        check(&window.to_string(), start + near * 900_000 + 1_000)?;
    }
}

#[test]
fn no_period_is_shorter_than_the_shortest() {
    for zone in TZ_VARIANTS {
        for (unit, days) in [("week", 7), ("month", 20), ("quarter", 60)] {
            let window: Window = format!("{unit} {}", zone.name()).parse().expect("a window");
            for second in RECENT_YEARS.step_by(days * 86_400) {
                let end = Timestamp::from_seconds(second);
                assert!(window.shortest() <= window.length(end), "{window} at {end}");
            }
        }
    }
}
