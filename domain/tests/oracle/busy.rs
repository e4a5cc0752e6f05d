//! A history that is busy in all ways at once, and the same each time: for what is placed by hand on the calendar.

use plimsoll_domain::sample::SampleStatus;
use plimsoll_domain::slo::{Objective, Slo, Window};
use plimsoll_domain::time::{Tick, Timestamp};

use crate::history::kind;
use crate::raw::Pushed;
use crate::town::{COMPONENTS, Town, Verdict};

/// An SLO of one of the six kinds, named after its number.
pub(crate) fn slo(number: usize, window: &str, objective: f64) -> Slo {
    let window: Window = window.parse().expect("a window");
    let name = format!("slo_{number}").parse().expect("a name");
    Slo { window, ..Slo::new(name, kind(number % 6, 300.0), Objective::new(objective).expect("an objective")) }
}

/// A number that looks like chance, the same for the same two (`SplitMix64`).
fn chance(of: i64, salt: i64) -> u64 {
    let mut mixed = of.wrapping_mul(31).wrapping_add(salt).cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn below(limit: i64, of: i64, salt: i64) -> i64 {
    i64::try_from(chance(of, salt) % limit.unsigned_abs()).expect("below the limit")
}

/// Tells what there is to be told at `tick`: samples in runs of twenty minutes, some of them missing, and events at odd
/// milliseconds, some of them late.
pub(crate) fn tell(town: &mut Town, tick: Tick) {
    tell_all(town, tick, 86_400_000);
}

/// Tells the same, but nothing late.
pub(crate) fn tell_in_time(town: &mut Town, tick: Tick) {
    tell_all(town, tick, 60_000);
}

fn tell_all(town: &mut Town, tick: Tick, latest_ms: i64) {
    let second = tick.seconds();
    for component in 0..COMPONENTS.len() {
        let salt = i64::try_from(component).expect("few components");
        let is_told = below(20, second / 5_400, salt) > 0;
        let status = match below(12, second / 1_200, salt) {
            0 => SampleStatus::Down,
            1 => SampleStatus::Unknown,
            2 => SampleStatus::Degraded,
            _ => SampleStatus::Operational,
        };
        let latency_ms = u32::try_from(below(340, second, salt)).ok();
        let maintenance = below(15, second / 7_200, salt) == 0;
        if is_told {
            town.sample(component, tick, Verdict { status, latency_ms, maintenance });
        }
    }
    for number in 0..town.slos.len() {
        let salt = 100 + i64::try_from(number).expect("few SLOs");
        if town.slos[number].kind.has_events() && below(4, second, salt) == 0 {
            let most = if below(10, second, salt) == 0 { latest_ms } else { 60_000 };
            let back = below(most, second, salt + 1);
            let at = Timestamp::from_millis(tick.end(town.interval).millis() - back);
            let parts = town.slos[number].kind.parts();
            town.push(number, at, pushed(second, salt, parts));
        }
    }
}

fn pushed(second: i64, salt: i64, parts: u64) -> Pushed {
    Pushed {
        good: chance(second, salt + 2) % (1_000 * parts),
        bad: chance(second, salt + 3) % (40 * parts),
        maintenance: below(20, second, salt) == 0,
        latencies: (0..below(9, second, salt))
            .map(|number| below(3_400, second, salt + number) as f64 / 10.0)
            .collect(),
    }
}
